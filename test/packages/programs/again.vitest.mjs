import * as rx from 'rdkafka-rx';
import * as testing from 'rdkafka-rx/testing';
import { expect, test } from 'vitest';
import smoke from './smoke.cjs';

test('produces and consumes in a worker thread', async () => {
  const { isMainThread } = await import('node:worker_threads');
  expect(isMainThread).toBe(false);
  // Other files of the same process may have clients open.
  await smoke(rx, { ...testing, liveHandles: () => 0 });
});
