/** Reads 16 partitions and times 15 of them, while the last is read too, or is never acknowledged. */
import { Consumer, type Message, type MessageBatch } from 'rdkafka-rx';
import type { TrialResult, TrialSpec } from '../trial';
import { Meter } from './meter';
import { consumerConfig } from './reader';

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const consumer = new Consumer(consumerConfig(spec));
  const meter = new Meter({ ...spec, messages: (spec.messages / spec.partitions) * spec.counted });
  const kept: MessageBatch[] = [];
  let stalled = 0;
  const failed = new Promise<never>((_, reject) => {
    consumer.stream(spec.topic).batches$.subscribe({
      next: (batch) => {
        if (batch.partition < spec.counted) {
          meter.run(batch.size, batch.firstOffset, (i) => (batch.at(i) as Message).value);
          batch.ack();
        } else if (spec.mode === 'stalled') {
          kept.push(batch);
          stalled += batch.size;
        } else {
          batch.ack();
        }
      },
      error: reject,
    });
  });
  const result = await Promise.race([meter.done, failed]);
  // What was read to the end did not stall.
  if (spec.mode === 'stalled' && stalled >= spec.messages / spec.partitions) {
    throw new Error(`partition ${spec.counted} never ran out of credit: all ${stalled} messages were delivered`);
  }
  for (const batch of kept) batch.ack(); // or closing would wait for them
  await consumer.close();
  return result;
}
