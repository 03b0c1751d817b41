/** Memory with a thousand partitions: all buffers are let fill up while nobody reads, then everything is read. */
import { setTimeout as delay } from 'node:timers/promises';
import { Consumer, type Message } from 'rdkafka-rx';
import type { TrialResult, TrialSpec } from '../trial';
import { Meter } from './meter';
import { beginnings, consumerConfig } from './reader';

const TOTAL_BYTES = 32 << 20;
/** For each partition, and as much again for the fetch that may be on its way when the queue is nearly full. */
const PARTITION_KB = 32;
/** Full means: less than this is added within {@link STEADY_MS}. */
const STEADY_MB = 2;
const STEADY_MS = 3000;
const TIMEOUT_MS = 120_000;

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const rss = () => process.memoryUsage.rss() / 2 ** 20;
  const before = rss();
  const consumer = new Consumer(
    {
      ...consumerConfig(spec),
      'queued.max.messages.kbytes': PARTITION_KB,
      'max.partition.fetch.bytes': PARTITION_KB * 1024,
      'fetch.max.bytes': PARTITION_KB * 1024 * 64,
    },
    {},
    { credit: { totalBytes: TOTAL_BYTES } },
  );
  await consumer.assign(beginnings(spec));
  const deadline = Date.now() + TIMEOUT_MS;
  let full = rss();
  for (let grown = Number.POSITIVE_INFINITY; grown > STEADY_MB; ) {
    await delay(STEADY_MS);
    if (Date.now() > deadline)
      throw new Error(`memory still grows after ${TIMEOUT_MS / 1000} s: ${Math.round(rss())} MB`);
    grown = rss() - full;
    full = Math.max(full, rss());
  }

  const meter = new Meter(spec);
  const failed = new Promise<never>((_, reject) => {
    consumer.batches$.subscribe({
      next: (batch) => {
        meter.run(batch.size, batch.firstOffset, (i) => (batch.at(i) as Message).value);
        batch.ack();
      },
      error: reject,
    });
  });
  const result = await Promise.race([meter.done, failed]);
  await consumer.close();
  const boundMb = TOTAL_BYTES / 2 ** 20 + (2 * PARTITION_KB * spec.partitions) / 1024;
  return { ...result, rssGrowthMb: full - before, boundMb };
}
