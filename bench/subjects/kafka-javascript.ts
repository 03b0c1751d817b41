/** @confluentinc/kafka-javascript: its KafkaJS-like interface and its callbacks, with the same librdkafka settings. */
import { once } from 'node:events';
import { stamp } from '../digest';
import type { TrialResult, TrialSpec } from '../trial';
import { Meter, payloads } from './meter';
import { type Consumed, peer, readInTurns, runEach, sendAll, versionOf } from './peer';

interface RawClient extends NodeJS.EventEmitter {
  connect(): void;
  disconnect(callback?: () => void): void;
  setPollInBackground(on: boolean): void;
  subscribe(topics: string[]): void;
  consume(count: number, callback: Consumed): void;
  produce(topic: string, partition: null, value: Buffer, key: null, timestamp: null): void;
}
interface Client {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  subscribe(topic: { topic: string }): Promise<void>;
  run(options: object): Promise<void>;
  send(record: { topic: string; messages: { value: Buffer }[] }): Promise<unknown>;
}
interface Library {
  KafkaJS: { Kafka: new (config: object) => { consumer(config: object): Client; producer(config: object): Client } };
  KafkaConsumer: new (config: object, topicConfig: object) => RawClient;
  Producer: new (config: object) => RawClient;
  librdkafkaVersion: string;
}

const NAME = '@confluentinc/kafka-javascript';
const kafka = peer<Library>(NAME);
const versions = { [NAME]: versionOf(NAME), librdkafka: kafka.librdkafkaVersion };

const READ = 1000;
const BATCH = 1000;

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const ways: Record<string, () => Promise<TrialResult>> = {
    consume: () => readRaw(spec),
    eachBatch: () => read(spec),
    eachMessage: () => read(spec),
    send: () => write(spec),
    raw: () => writeRaw(spec),
  };
  const result = await (ways[spec.mode] as () => Promise<TrialResult>)();
  return { ...result, versions };
}

async function readRaw(spec: TrialSpec): Promise<TrialResult> {
  const consumer = new kafka.KafkaConsumer(
    { 'bootstrap.servers': spec.brokers, 'group.id': spec.group, 'enable.auto.commit': true, ...spec.config },
    { 'auto.offset.reset': 'earliest' },
  );
  const meter = new Meter(spec);
  consumer.connect();
  await once(consumer, 'ready');
  consumer.subscribe([spec.topic]);
  const failed = readInTurns(consumer, meter, READ);
  const result = await Promise.race([meter.done, failed]);
  await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
  return result;
}

async function read(spec: TrialSpec): Promise<TrialResult> {
  const consumer = new kafka.KafkaJS.Kafka({ 'bootstrap.servers': spec.brokers }).consumer({
    'group.id': spec.group,
    'auto.offset.reset': 'earliest',
    'enable.auto.commit': true,
    ...(spec.mode === 'eachBatch' && { 'js.consumer.max.batch.size': 10_000 }),
    ...spec.config,
  });
  const meter = new Meter(spec);
  await consumer.connect();
  await consumer.subscribe({ topic: spec.topic });
  await runEach(consumer, meter, spec);
  const result = await meter.done;
  await consumer.disconnect();
  return result;
}

async function write(spec: TrialSpec): Promise<TrialResult> {
  const { topic } = spec;
  const producer = new kafka.KafkaJS.Kafka({ 'bootstrap.servers': spec.brokers }).producer(spec.config);
  await producer.connect();
  const values = payloads(spec.size, Math.min(spec.cycle, spec.messages), stamp);
  const meter = new Meter(spec, false);
  const queue = spec.config['queue.buffering.max.messages'] as number;
  const batch = Math.min(BATCH, Math.max(1, Math.floor(queue / 10)));
  await sendAll(spec.messages, batch, Math.floor(queue / batch), async (from, to) => {
    const messages = [];
    for (let i = from; i < to; i++) messages.push({ value: values[i % values.length] as Buffer });
    await producer.send({ topic, messages });
    meter.written(to - from);
  });
  const result = await meter.done;
  await producer.disconnect();
  return result;
}

async function writeRaw(spec: TrialSpec): Promise<TrialResult> {
  const producer = new kafka.Producer({ 'bootstrap.servers': spec.brokers, dr_cb: true, ...spec.config });
  producer.connect();
  await once(producer, 'ready');
  producer.setPollInBackground(true);
  const values = payloads(spec.size, Math.min(spec.cycle, spec.messages), stamp);
  const meter = new Meter(spec, false);
  await new Promise<void>((resolve, reject) => {
    producer.on('delivery-report', (error: unknown) => {
      if (error) reject(error);
      else if (!meter.written(1)) resolve();
    });
    let i = 0;
    const produce = () => {
      const end = Math.min(i + BATCH, spec.messages);
      for (; i < end; i++) {
        try {
          producer.produce(spec.topic, null, values[i % values.length] as Buffer, null, null);
        } catch (error) {
          if ((error as { code?: number }).code !== -184) return reject(error); // -184: the queue is full
          setTimeout(produce, 1);
          return;
        }
      }
      if (i < spec.messages) setImmediate(produce);
    };
    produce();
  });
  const result = await meter.done;
  await new Promise<void>((resolve) => producer.disconnect(() => resolve()));
  return result;
}
