/** That every client is gone, not only closed. */
import { liveHandles } from 'rdkafka-rx/testing';

/**
 * Fails when there are other handles than these. `close()` waits for the end of a handle a second and a half at most: on a machine that
 * stands still meanwhile, and before librdkafka 2.10, where two threads may sleep a second each through it, it comes a little later.
 */
export async function expectHandles(count: number): Promise<void> {
  for (const end = performance.now() + 50_000; liveHandles() > count && performance.now() < end; ) {
    await new Promise(setImmediate);
  }
  expect(liveHandles()).toBe(count);
}
