/** Writes messages through this client's producer, waiting for every delivery report. */
import { Producer } from 'rdkafka-rx';
import { stamp } from '../digest';
import type { TrialResult, TrialSpec } from '../trials';
import { Meter, payloads, Window } from './meter';

const BATCH = 1000;
/** Batches on the way at a time: as many messages as librdkafka's own queue holds by default. */
const OPEN = 100;

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const producer = new Producer({ 'bootstrap.servers': spec.brokers, ...spec.config });
  const values = payloads(spec.size, Math.min(spec.cycle, spec.messages), stamp);
  const { topic, messages } = spec;
  // The handshake is not part of the measurement, as it is not in the other subjects.
  await producer.metadata(topic);

  const meter = new Meter(spec);
  const window = new Window(OPEN);
  meter.start();
  for (let from = 0; from < messages; from += BATCH) {
    const to = Math.min(from + BATCH, messages);
    if (spec.mode === 'sendBatch') {
      const records = [];
      for (let i = from; i < to; i++) records.push({ value: values[i % values.length] as Buffer });
      await window.add(producer.sendBatch({ topic, records }));
    } else {
      const sent = [];
      for (let i = from; i < to; i++) sent.push(producer.send({ topic, value: values[i % values.length] as Buffer }));
      await window.add(Promise.all(sent));
    }
  }
  await window.drain();
  const result = meter.written(messages);
  await producer.close();
  return result;
}
