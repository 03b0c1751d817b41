/**
 * Cost against work: a topic is read from its beginning to its end, and again, until topics of every size have kept the
 * process busy for about as long. A single pass over few messages is over before there is anything to time.
 */
import { Consumer, type KafkaStream, type Message } from 'rdkafka-rx';
import type { TrialResult, TrialSpec } from '../trial';
import { Meter } from './meter';
import { beginnings, consumerConfig } from './reader';

/** A fetch that waits at the end of a partition is in the way of the next pass. */
const FETCH_WAIT = { 'fetch.wait.max.ms': 5 };

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const consumer = new Consumer({ ...consumerConfig(spec), ...FETCH_WAIT }, {}, { stream: { commit: 'none' } });
  const meter = new Meter({ ...spec, messages: spec.messages * spec.passes });
  const failed = new Promise<never>((_, reject) => {
    const again = async () => {
      await consumer.unassign();
      await consumer.assign(beginnings(spec));
    };
    let left = spec.messages;
    const onRead = (count: number, more: boolean) => {
      left -= count;
      if (left > 0 || !more) return;
      left = spec.messages;
      again().catch(reject);
    };
    const read = (stream: KafkaStream<Buffer | null, Buffer | null>) => {
      if (spec.mode === 'batches$') {
        stream.batches$.subscribe({
          next: (batch) =>
            onRead(
              batch.size,
              meter.run(batch.size, batch.firstOffset, (i) => (batch.at(i) as Message).value),
            ),
          error: reject,
        });
      } else {
        stream.messages$.subscribe({
          next: (message) =>
            onRead(
              1,
              meter.message(message.offset, () => message.value),
            ),
          error: reject,
        });
      }
    };
    consumer.assign(beginnings(spec)).then(read, reject);
  });
  const result = await Promise.race([meter.done, failed]);
  await consumer.close();
  return result;
}
