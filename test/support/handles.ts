/** That every client is gone, not only closed. */
import { Client } from 'rdkafka-rx';
import { liveHandles } from 'rdkafka-rx/testing';
import { isAtLeast } from '../../lib/capabilities';

/**
 * Fails when there are other handles than these. Before librdkafka 2.10 two of a client's threads may sleep a second each through
 * its end, which `close()` does not wait for: until then only they may be late.
 */
export async function expectHandles(count: number): Promise<void> {
  const late = !isAtLeast(Client.librdkafkaVersion, '2.10.1');
  for (const end = performance.now() + 5_000; late && liveHandles() > count && performance.now() < end; ) {
    await new Promise(setImmediate);
  }
  expect(liveHandles()).toBe(count);
}
