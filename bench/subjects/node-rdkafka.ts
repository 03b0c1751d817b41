/** node-rdkafka in its documented ways, with the same librdkafka settings as everybody. */
import { once } from 'node:events';
import { stamp } from '../digest';
import type { TrialResult, TrialSpec } from '../trial';
import { Meter, payloads } from './meter';
import { type Consumed, peer, type ReadMessage, readInTurns, versionOf } from './peer';

interface Client extends NodeJS.EventEmitter {
  connect(): void;
  disconnect(callback?: () => void): void;
  setPollInterval(ms: number): void;
  subscribe(topics: string[]): void;
  consume(count?: number, callback?: Consumed): void;
  poll(): void;
  produce(
    topic: string,
    partition: null,
    value: Buffer,
    key: null,
    timestamp: null,
    callback?: (e: unknown) => void,
  ): void;
}
interface Library {
  KafkaConsumer: new (config: object, topicConfig: object) => Client;
  Producer: new (config: object) => Client;
  HighLevelProducer: new (config: object) => Client;
  librdkafkaVersion: string;
}

const kafka = peer<Library>('node-rdkafka');
const versions = { 'node-rdkafka': versionOf('node-rdkafka'), librdkafka: kafka.librdkafkaVersion };

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const result = await (spec.suite === 'consume' ? read(spec) : write(spec));
  return { ...result, versions };
}

async function read(spec: TrialSpec): Promise<TrialResult> {
  const consumer = new kafka.KafkaConsumer(
    { 'metadata.broker.list': spec.brokers, 'group.id': spec.group, 'enable.auto.commit': true, ...spec.config },
    { 'auto.offset.reset': 'earliest' },
  );
  const meter = new Meter(spec);
  consumer.connect();
  await once(consumer, 'ready');
  consumer.subscribe([spec.topic]);
  const failed = spec.mode === 'consume' ? readInTurns(consumer, meter, 1000) : flow(consumer, meter);
  const result = await Promise.race([meter.done, failed]);
  await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
  return result;
}

/** Rejects when the client reports an error. */
function flow(consumer: Client, meter: Meter): Promise<never> {
  return new Promise((_, reject) => {
    consumer.on('data', ({ offset, value }: ReadMessage) => meter.message(offset, () => value));
    consumer.on('event.error', reject);
    consumer.consume();
  });
}

async function write(spec: TrialSpec): Promise<TrialResult> {
  const config = { 'metadata.broker.list': spec.brokers, dr_cb: true, ...spec.config };
  const highLevel = spec.mode === 'high-level';
  const producer = highLevel ? new kafka.HighLevelProducer(config) : new kafka.Producer(config);
  producer.connect();
  await once(producer, 'ready');
  producer.setPollInterval(10);
  const values = payloads(spec.size, Math.min(spec.cycle, spec.messages), stamp);

  const meter = new Meter(spec, false);
  await new Promise<void>((resolve, reject) => {
    // HighLevelProducer polls by itself, and tells of a full queue as of a failed delivery.
    const open = spec.config['queue.buffering.max.messages'] as number;
    let [i, delivered] = [0, 0];
    const onDelivery = (error: unknown) => {
      if (error) reject(error);
      else {
        delivered++;
        if (!meter.written(1)) resolve();
      }
    };
    if (!highLevel) producer.on('delivery-report', onDelivery);
    const produce = () => {
      // A thousand at a time, then the event loop gets its turn: reports are delivered there.
      const end = Math.min(i + 1000, delivered + open, spec.messages);
      for (; i < end; i++) {
        try {
          const value = values[i % values.length] as Buffer;
          producer.produce(spec.topic, null, value, null, null, highLevel ? onDelivery : undefined);
        } catch (error) {
          if ((error as { code?: number }).code !== -184) return reject(error); // -184: the queue is full
          producer.poll();
          setTimeout(produce, 1);
          return;
        }
      }
      // Polling is a matter of the loop: when all that may be is on the way, its timers get their turn.
      if (i < spec.messages) end === delivered + open ? setTimeout(produce, 1) : setImmediate(produce);
    };
    produce();
  });
  const result = await meter.done;
  await new Promise<void>((resolve) => producer.disconnect(() => resolve()));
  return result;
}
