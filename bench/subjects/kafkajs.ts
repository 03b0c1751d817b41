/** kafkajs: eachBatch and eachMessage with all partitions at once and large fetches, and sends of many messages. */
import { stamp } from '../digest';
import type { TrialResult, TrialSpec } from '../trial';
import { Meter, payloads } from './meter';
import { batchOf, peer, runEach, sendAll, versionOf } from './peer';

interface Client {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  subscribe(topic: { topic: string; fromBeginning: boolean }): Promise<void>;
  run(options: object): Promise<void>;
  send(record: object): Promise<unknown>;
}
interface Library {
  Kafka: new (config: object) => { consumer(config: object): Client; producer(config: object): Client };
  logLevel: { ERROR: number };
  CompressionTypes: Record<string, number>;
}

const kafka = peer<Library>('kafkajs');
const versions = { kafkajs: versionOf('kafkajs') };

const BATCH = 1000;
/** Sends at a time: kafkajs makes one request of each. */
const OPEN = 5;

export async function run(spec: TrialSpec): Promise<TrialResult> {
  process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1';
  const client = new kafka.Kafka({ brokers: spec.brokers.split(','), logLevel: kafka.logLevel.ERROR });
  const result = await (spec.suite === 'produce' ? write(client, spec) : read(client, spec));
  return { ...result, versions };
}

async function read(client: InstanceType<Library['Kafka']>, spec: TrialSpec): Promise<TrialResult> {
  const consumer = client.consumer({ groupId: spec.group, maxBytesPerPartition: 2 << 20, maxBytes: 32 << 20 });
  const meter = new Meter(spec);
  await consumer.connect();
  await consumer.subscribe({ topic: spec.topic, fromBeginning: true });
  await runEach(consumer, meter, spec);
  const result = await meter.done;
  await consumer.disconnect();
  return result;
}

async function write(client: InstanceType<Library['Kafka']>, spec: TrialSpec): Promise<TrialResult> {
  const producer = client.producer({ allowAutoTopicCreation: false });
  const compression = kafka.CompressionTypes[spec.compression === 'gzip' ? 'GZIP' : 'None'];
  await producer.connect();
  const values = payloads(spec.size, Math.min(spec.cycle, spec.messages), stamp);
  const meter = new Meter(spec, false);
  const batch = batchOf(spec.size, BATCH);
  await sendAll(spec.messages, batch, OPEN, async (from, to) => {
    const messages = [];
    for (let i = from; i < to; i++) messages.push({ value: values[i % values.length] as Buffer });
    await producer.send({ topic: spec.topic, acks: -1, compression, messages });
    meter.written(to - from);
  });
  const result = await meter.done;
  await producer.disconnect();
  return result;
}
