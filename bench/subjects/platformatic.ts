/** @platformatic/kafka: its stream of messages in flowing mode, and sends of many messages. */
import { stamp } from '../digest';
import type { TrialResult, TrialSpec } from '../trial';
import { Meter, payloads } from './meter';
import { batchOf, peer, sendAll, versionOf } from './peer';

interface MessagesStream extends NodeJS.EventEmitter {
  close(): Promise<void>;
}
interface Library {
  Consumer: new (
    config: object,
  ) => {
    consume(options: object): Promise<MessagesStream>;
    close(force?: boolean): Promise<void>;
  };
  Producer: new (config: object) => { send(options: object): Promise<unknown>; close(): Promise<void> };
}

const NAME = '@platformatic/kafka';
const BATCH = 1000;
/** Sends at a time: each is a request. */
const OPEN = 5;

export async function run(spec: TrialSpec): Promise<TrialResult> {
  // An ES module, which this Node loads with require().
  const kafka = peer<Library>(NAME);
  const result = await (spec.suite === 'produce' ? write(kafka, spec) : read(kafka, spec));
  return { ...result, versions: { [NAME]: versionOf(NAME), node: process.versions.node } };
}

async function read(kafka: Library, spec: TrialSpec): Promise<TrialResult> {
  const consumer = new kafka.Consumer({
    clientId: 'bench',
    groupId: spec.group,
    bootstrapBrokers: spec.brokers.split(','),
  });
  const meter = new Meter(spec);
  const stream = await consumer.consume({
    topics: [spec.topic],
    mode: 'earliest',
    autocommit: 1000,
    highWaterMark: 10_000,
    maxBytesPerPartition: 1 << 20,
    maxWaitTime: 100,
  });
  const failed = new Promise<never>((_, reject) => {
    stream.on('error', reject);
    stream.on('data', ({ offset, value }: { offset: bigint; value: Buffer | null }) => {
      meter.message(Number(offset), () => value);
    });
  });
  const result = await Promise.race([meter.done, failed]);
  await stream.close();
  await consumer.close(true);
  return result;
}

async function write(kafka: Library, spec: TrialSpec): Promise<TrialResult> {
  const producer = new kafka.Producer({
    clientId: 'bench',
    bootstrapBrokers: spec.brokers.split(','),
    acks: -1,
    compression: spec.compression,
    autocreateTopics: false,
  });
  const values = payloads(spec.size, Math.min(spec.cycle, spec.messages), stamp);
  const meter = new Meter(spec, false);
  const { topic } = spec;
  const batch = batchOf(spec.size, BATCH);
  await sendAll(spec.messages, batch, OPEN, async (from, to) => {
    const messages = [];
    for (let i = from; i < to; i++) messages.push({ topic, value: values[i % values.length] as Buffer });
    await producer.send({ messages });
    meter.written(to - from);
  });
  const result = await meter.done;
  await producer.close();
  return result;
}
