/** Writes messages through this client's producer, waiting for every delivery report. */
import { Producer } from 'rdkafka-rx';
import { stamp } from '../digest';
import type { TrialResult, TrialSpec } from '../trials';
import { Meter, payloads, Window } from './meter';

const BATCH = 1000;

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const producer = new Producer({ 'bootstrap.servers': spec.brokers, ...spec.config });
  const values = payloads(spec.size, Math.min(spec.cycle, spec.messages), stamp);
  const { topic, messages } = spec;
  // As many messages are on the way at a time as librdkafka's own queue holds.
  const queue = spec.config['queue.buffering.max.messages'] as number;
  const batch = Math.min(BATCH, Math.max(1, Math.floor(queue / 10)));
  // The handshake is not part of the measurement, as it is not in the other subjects.
  await producer.metadata(topic);

  const meter = new Meter(spec, false);
  const window = new Window(Math.floor(queue / batch));
  for (let from = 0; from < messages; from += batch) {
    const to = Math.min(from + batch, messages);
    if (spec.mode === 'sendBatch') {
      const records = [];
      for (let i = from; i < to; i++) records.push({ value: values[i % values.length] as Buffer });
      await window.add(producer.sendBatch({ topic, records }).then(() => meter.written(to - from)));
    } else {
      const sent = [];
      for (let i = from; i < to; i++) sent.push(producer.send({ topic, value: values[i % values.length] as Buffer }));
      await window.add(Promise.all(sent).then(() => meter.written(to - from)));
    }
  }
  await window.drain();
  const result = await meter.done;
  await producer.close();
  return result;
}
