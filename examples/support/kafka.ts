/** Where the commands find Kafka: the one that was named, or a cluster inside this process with something to read. */
import { randomUUID } from 'node:crypto';
import { setInterval } from 'node:timers/promises';
import {
  Admin,
  type ClusterMetadata,
  type ConsumerConfig,
  type Deserializer,
  KafkaError,
  Producer,
  utf8,
} from 'rdkafka-rx';
import { MockCluster } from 'rdkafka-rx/testing';
import { brokers, Failure, integer, text } from './command';
import { SHORT_SESSION_MS } from './short-session';

/** Options of every demo. */
export const kafkaOptions = {
  brokers,
  topic: text('NAME', 'the topic', 'rdkafka-rx-demo'),
  interval: integer('milliseconds between two messages that are produced', { min: 1, max: 3_600_000 }, 1000),
};

export interface KafkaOptions {
  readonly brokers: string | null;
  readonly topic: string;
  readonly interval: number;
}

/** How long a broker may take to answer the first question, in ms. */
const REACH_MS = 5000;
/** So that messages of different partitions are seen to mix. */
const PARTITIONS = 2;

/** Asks the brokers whether they are there. @throws Failure when none answers within five seconds. */
export async function reach(servers: string): Promise<ClusterMetadata> {
  await using admin = new Admin({ 'bootstrap.servers': servers });
  admin.events.on(() => {}); // what is wrong is said below, in one sentence
  try {
    return await admin.metadata(null, { timeoutMs: REACH_MS });
  } catch (cause) {
    if (!(cause instanceof KafkaError)) throw cause;
    throw new Failure(
      `No broker answers at ${servers}: check the address, that Kafka runs there, and that its advertised.listeners can be reached from here.`,
      { cause },
    );
  }
}

/** For whatever is in the topic: this is for looking at. */
export const readable: Deserializer<string> = {
  deserialize: (data) => (data === null ? 'null' : data.toString()),
  fromAscii: (ascii) => ascii,
};

/** A message every `interval` ms, the first one at once, until `signal` is aborted. */
export async function everyInterval(interval: number, signal: AbortSignal, produce: () => Promise<void>) {
  try {
    await produce();
    for await (const _ of setInterval(interval, undefined, { signal })) await produce();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function settings(servers: string): ConsumerConfig {
  return { 'bootstrap.servers': servers, 'auto.offset.reset': 'earliest', 'fetch.wait.max.ms': 5 };
}

/** A Kafka to read from, until it is disposed of. */
export interface Kafka extends AsyncDisposable {
  /** The settings of the talk's consumers: from the beginning, and with little waiting on either side. */
  readonly config: ConsumerConfig;
  /** Number of partitions of the topic. */
  readonly partitions: number;
}

/**
 * The Kafka a consumer demo reads from. Without brokers: a cluster inside this process, and a producer that writes a
 * GUID every `interval` ms to it.
 *
 * @throws Failure when no broker answers, or the topic does not exist.
 */
export async function kafkaToRead({ brokers, topic, interval }: KafkaOptions): Promise<Kafka> {
  if (brokers === null) return embedded(topic, interval);
  // All topics: a broker may create the one it is asked about.
  const { topics } = await reach(brokers);
  const partitions = topics.find(({ name }) => name === topic)?.partitions.length ?? 0;
  if (partitions === 0) {
    throw new Failure(`There is no topic '${topic}' at ${brokers}: create it, or name another with --topic.`);
  }
  return { config: settings(brokers), partitions, async [Symbol.asyncDispose]() {} };
}

async function embedded(topic: string, interval: number): Promise<Kafka> {
  const cluster = await startCluster(topic);
  const producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers }, { value: utf8 });
  const stop = new AbortController();
  const producing = everyInterval(interval, stop.signal, async () => {
    await producer.send({ topic, value: randomUUID() });
  });
  // Looked at when the demo ends; until then it must not count as unhandled.
  producing.catch(() => {});
  return {
    config: {
      ...settings(cluster.bootstrapServers),
      'session.timeout.ms': SHORT_SESSION_MS,
      'heartbeat.interval.ms': 300,
    },
    partitions: PARTITIONS,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await producing;
      await producer.close();
      await cluster.stop();
    },
  };
}

/** A cluster inside this process with one topic. */
export async function startCluster(topic: string, partitions = PARTITIONS): Promise<MockCluster> {
  const cluster = await MockCluster.start({ topics: { [topic]: partitions } });
  console.error(`A cluster inside this process, at ${cluster.bootstrapServers}, topic ${topic}. Ctrl-C ends it.`);
  return cluster;
}
