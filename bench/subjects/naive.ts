/**
 * Batch consumers that begin anew for every batch: the naive one subscribes, collects, commits and unsubscribes, so that
 * the group is formed again each time; the other one assigns its partitions by hand and keeps the offsets itself.
 */
import { Consumer, type MessageBatch } from 'rdkafka-rx';
import type { TrialResult, TrialSpec } from '../trial';
import { Meter } from './meter';
import { consumerConfig } from './reader';

/** A batch that does not fill up, and no end that is reached: this long. */
const COLLECT_MS = 5000;

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const consumer = new Consumer(
    consumerConfig(spec),
    {},
    { stream: { batch: { count: spec.batch, scope: 'stream', ms: COLLECT_MS } } },
  );
  const meter = new Meter(spec);
  let rebalances = 0;
  consumer.rebalances$.subscribe((event) => {
    if (event.type === 'assigned') rebalances++;
  });

  const take = async (): Promise<MessageBatch> => {
    const batch = await consumer.take();
    if (batch === null) throw new Error(`the stream ended after ${meter.read} messages`);
    return batch;
  };
  let more = true;
  const process = (batch: MessageBatch): void => {
    for (const { partition, offset, value } of batch) more = meter.message(offset, () => value, partition) && more;
    batch.ack();
  };

  if (spec.mode === 'naive') {
    while (more) {
      await consumer.subscribe(spec.topic);
      const batch = await take();
      process(batch);
      await consumer.commit();
      await consumer.unsubscribe();
    }
  } else {
    const next = Array.from({ length: spec.partitions }, () => 0);
    while (more) {
      await consumer.assign(next.map((offset, partition) => ({ topic: spec.topic, partition, offset })));
      const batch = await take();
      process(batch);
      for (const { partition, offset } of batch) next[partition] = offset + 1;
      await consumer.commit();
      await consumer.unassign();
    }
  }
  const result = await meter.done;
  await consumer.close();
  return { ...result, rebalances };
}
