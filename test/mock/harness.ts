/**
 * What the tests on the embedded cluster share: one cluster a file, a topic a test, clients that are closed whatever
 * the test came to, and the check that nothing native is left.
 */
import { randomUUID } from 'node:crypto';
import {
  Admin,
  type AdminConfig,
  type ClientOptions,
  Consumer,
  type ConsumerConfig,
  type ConsumerOptions,
  type Deserializers,
  type Message,
  Producer,
  type ProducerConfig,
  type Serializers,
} from 'rdkafka-rx';
import { MockCluster, type MockClusterOptions } from 'rdkafka-rx/testing';
import { filter, firstValueFrom, type Observable } from 'rxjs';
import { SHORT_SESSION_MS } from '../../examples/support/short-session';
import { expectHandles } from '../support/handles';

/**
 * Settings of members whose group rebalances while it has members: the embedded cluster waits for them a second less
 * than their session timeout (a real one until they are all there). Long enough for a machine that stands still for a while.
 */
export const quick = { 'session.timeout.ms': Math.max(3000, SHORT_SESSION_MS), 'heartbeat.interval.ms': 100 };

type Optional<C> = Partial<C> & { readonly [key: string]: unknown };

/** A cluster for this file, and clients of it that end with the test. */
export class Bench {
  cluster!: MockCluster;
  private readonly clients: { close(options?: { timeoutMs?: number }): Promise<void> }[] = [];

  /** Call at the top of a test file. */
  static use(options: MockClusterOptions = {}): Bench {
    jest.setTimeout(60_000);
    const bench = new Bench();
    beforeAll(async () => {
      bench.cluster = await MockCluster.start(options);
    });
    afterEach(() => bench.closeClients());
    afterAll(async () => {
      await bench.cluster.stop();
      await expectHandles(0);
    });
    return bench;
  }

  async closeClients(): Promise<void> {
    // What a test left unacknowledged is not waited for.
    await Promise.all(this.clients.splice(0).map((client) => client.close({ timeoutMs: 500 })));
  }

  /** Also closes it with the test. */
  keep<C extends { close(options?: { timeoutMs?: number }): Promise<void> }>(client: C): C {
    this.clients.push(client);
    return client;
  }

  async topic(partitions = 1, name = unique('topic')): Promise<string> {
    await this.cluster.createTopic(name, { partitions });
    return name;
  }

  producer<K = Uint8Array | string | null, V = Uint8Array | string | null>(
    config: Optional<ProducerConfig> = {},
    serializers?: Serializers<K, V>,
    options?: ClientOptions,
  ): Producer<K, V> {
    const servers = { 'bootstrap.servers': this.cluster.bootstrapServers };
    return this.keep(new Producer<K, V>({ ...servers, ...config } as ProducerConfig, serializers, options));
  }

  /** With a group of its own, from the beginning. */
  consumer<K = Buffer | null, V = Buffer | null>(
    config: Optional<ConsumerConfig> = {},
    deserializers?: Deserializers<K, V>,
    options?: ConsumerOptions,
  ): Consumer<K, V> {
    const defaults = {
      'bootstrap.servers': this.cluster.bootstrapServers,
      'group.id': unique('group'),
      'auto.offset.reset': 'earliest',
    };
    return this.keep(new Consumer<K, V>({ ...defaults, ...config } as ConsumerConfig, deserializers, options));
  }

  /** Without a group. */
  reader<K = Buffer | null, V = Buffer | null>(
    config: Optional<ConsumerConfig> = {},
    deserializers?: Deserializers<K, V>,
    options?: ConsumerOptions,
  ): Consumer<K, V> {
    return this.consumer<K, V>({ 'group.id': undefined, ...config }, deserializers, options);
  }

  admin(config: Optional<AdminConfig> = {}, options?: ClientOptions): Admin {
    const servers = { 'bootstrap.servers': this.cluster.bootstrapServers };
    return this.keep(new Admin({ ...servers, ...config } as AdminConfig, options));
  }

  /**
   * `count` records `v0`, `v1`, … into one partition, and into one batch, because the embedded cluster answers a fetch with
   * one: so they are received together. A topic that a producer does not know yet gives the first record a batch of its
   * own now and then, and so does a producer whose thread has to wait for a processor longer than it lingers.
   */
  async fill(topic: string, count: number, options: { partition?: number; from?: number } = {}): Promise<void> {
    const { partition = 0, from = 0 } = options;
    const producer = this.producer({ 'linger.ms': 25 });
    const records = Array.from({ length: count }, (_, i) => ({ partition, value: `v${from + i}` }));
    await producer.metadata(topic);
    await producer.sendBatch({ topic, records });
  }

  /** Everything that is in the topic now, by partition, read by somebody else. */
  async contents(topic: string, partitions = 1): Promise<Message[][]> {
    const reader = this.reader();
    const found: Message[][] = Array.from({ length: partitions }, () => []);
    const ends = await Promise.all(found.map((_, partition) => reader.watermarks({ topic, partition })));
    const wanted = ends.reduce((sum, { low, high }) => sum + high - low, 0);
    await reader.assign(found.map((_, partition) => ({ topic, partition, offset: 'beginning' })));
    for (const message of await gather(reader, wanted)) found[message.partition]?.push(message);
    await reader.close();
    return found;
  }
}

/** Settings of a client that has to say its password. */
export const withPassword = (password: string) =>
  ({
    'security.protocol': 'sasl_plaintext',
    'sasl.mechanisms': 'PLAIN',
    'sasl.username': 'user-name',
    'sasl.password': password,
  }) as const;

export const unique = (what: string): string => `${what}-${randomUUID().slice(0, 8)}`;

/** Takes and acknowledges until `count` messages are there. */
export async function gather<K, V>(consumer: Consumer<K, V>, count: number): Promise<Message<K, V>[]> {
  const messages: Message<K, V>[] = [];
  while (messages.length < count) {
    const batch = await consumer.take();
    if (batch === null) throw new Error(`the consumer ended after ${messages.length} of ${count} messages`);
    messages.push(...batch);
    batch.ack();
  }
  return messages;
}

/** The first value that `wanted` accepts. Subscribes now. */
export function next<T>(source: Observable<T>, wanted: (value: T) => boolean = () => true): Promise<T> {
  return firstValueFrom(source.pipe(filter(wanted)));
}

/**
 * Takes the broker down and resolves when the client knows: by its connection, or by the cluster, which does not name the
 * broker any more. librdkafka says nothing about a broker of the second kind.
 */
export async function missed(
  cluster: MockCluster,
  client: Pick<Admin, 'metadata'> & { readonly errors$: unknown },
  broker: number,
): Promise<void> {
  const told = firstValueFrom(
    (client.errors$ as Observable<{ code: string }>).pipe(filter(({ code }) => code === 'ERR_KAFKA__TRANSPORT')),
  );
  await cluster.brokerDown(broker);
  const named = async () => (await client.metadata()).brokers.some(({ id }) => id === broker);
  const unnamed = async () => {
    while (await named());
  };
  await Promise.race([told, unnamed().catch(() => told)]);
}

/** Resolves when no broker answers the client any more. librdkafka 2.8.0 does not always say of itself that all are down. */
export async function alone(client: Pick<Admin, 'metadata'>): Promise<void> {
  const answered = () =>
    client.metadata(null, { timeoutMs: 1000 }).then(
      () => true,
      () => false,
    );
  while (await answered());
}

export const texts = (messages: Iterable<{ value: unknown }>): string[] =>
  [...messages].map(({ value }) => String(value));

/** `v0`, `v1`, … as `fill` writes them. */
export const numbered = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `v${from + i}`);

/** What a promise rejects with; fails the test when it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    (value) => {
      throw new Error(`resolved with ${JSON.stringify(value)}, a rejection was expected`);
    },
    (error: Error & { code?: string }) => error,
  );
}

/** What a call throws; fails the test when it returns. */
export function thrown(call: () => unknown): Error & { code?: string } {
  try {
    call();
  } catch (error) {
    return error as Error & { code?: string };
  }
  throw new Error('returned, an exception was expected');
}
