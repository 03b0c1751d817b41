/** Writes messages through this client's producer, waiting for every delivery report. */
import { Producer } from 'rdkafka-rx';
import { stamp } from '../digest';
import type { TrialResult, TrialSpec } from '../trial';
import { Meter, payloads, Window } from './meter';

const BATCH = 1000;
/** Messages with a promise each that are on the way at a time; more would only be collected for longer. */
const OPEN = 10_000;

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const { topic, messages } = spec;
  // As many messages are on the way at a time as librdkafka's own queue holds.
  const most = spec.config['queue.buffering.max.messages'] as number;
  const queue = spec.mode === 'send' ? Math.min(most, OPEN) : most;
  const config = { 'bootstrap.servers': spec.brokers, ...spec.config, 'queue.buffering.max.messages': queue };
  const producer = new Producer(config);
  const values = payloads(spec.size, Math.min(spec.cycle, messages), stamp);
  const batch = Math.min(BATCH, Math.max(1, Math.floor(queue / 10)));
  // The handshake is not part of the measurement, as it is not in the other subjects.
  await producer.metadata(topic);

  const meter = new Meter(spec, false);
  const send = spec.mode === 'sendBatch' ? sendBatches : sendEach;
  await send(producer, meter, batch, { topic, messages, queue, payload: (i) => values[i % values.length] as Buffer });
  const result = await meter.done;
  await producer.close();
  return result;
}

interface Work {
  topic: string;
  messages: number;
  queue: number;
  payload(i: number): Buffer;
}

async function sendBatches(producer: Producer, meter: Meter, batch: number, work: Work): Promise<void> {
  const { topic, messages, queue, payload } = work;
  const window = new Window(Math.floor(queue / batch));
  for (let from = 0; from < messages; from += batch) {
    const to = Math.min(from + batch, messages);
    const records = [];
    for (let i = from; i < to; i++) records.push({ value: payload(i) });
    await window.add(producer.sendBatch({ topic, records }).then(() => meter.written(to - from)));
  }
  await window.drain();
}

function sendEach(producer: Producer, meter: Meter, batch: number, work: Work): Promise<void> {
  const { topic, messages, payload } = work;
  return new Promise((resolve, reject) => {
    const delivered = () => {
      if (!meter.written(1)) resolve();
    };
    const sendAll = async () => {
      for (let i = 0; i < messages; i++) {
        if (i % batch === 0) await producer.ready();
        producer.send({ topic, value: payload(i) }).then(delivered, reject);
      }
    };
    sendAll().catch(reject);
  });
}
