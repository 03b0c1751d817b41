/**
 * `rdkafka-rx/testing`: a Kafka cluster inside this process, for tests and first steps. It needs no installation, and any
 * Kafka client can connect to it over TCP on loopback.
 *
 * @packageDocumentation
 */
import { isObject, milliseconds, mustBe, objectWith } from './core/check';

import { ArgumentError, ClosedError, ConfigError, KafkaError, type NativeError } from './core/errors';
import { checkTopicName } from './core/partition';
import { type ErrorName, errorCodes } from './generated/errors';
import { native } from './native/addon';
import { requireSupport } from './native/capabilities';
import type { NativeMockCluster } from './native/interface';

/** Kafka's requests and their API keys. */
export const apiKeys = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  LeaveGroup: 13,
  SyncGroup: 14,
  ApiVersions: 18,
  CreateTopics: 19,
  InitProducerId: 22,
  OffsetForLeaderEpoch: 23,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  TxnOffsetCommit: 28,
  ConsumerGroupHeartbeat: 68,
} as const;
export type ApiName = keyof typeof apiKeys;

/** A request by name or number. */
export type Api = ApiName | number;

/** librdkafka's name of an error (`_TRANSPORT` drops the connection), or its number. */
export type ErrorCode = ErrorName | number;

export interface MockClusterOptions {
  /** Number of brokers, from 1. Default 1. */
  brokers?: number;
  /** Topics to create: names, each with one partition, or an object from names to numbers of partitions. */
  topics?: readonly string[] | Readonly<Record<string, number>>;
  /**
   * How long a group waits for more members before its first assignment, in ms. Default 0, for fast tests (Kafka's default:
   * 3000). Needs librdkafka 2.11; with an older one the first assignment takes three seconds.
   */
  rebalanceDelayMs?: number;
}

export interface ErrorInjection {
  /** Number of the broker, from 1. Default: the broker that answers next. */
  broker?: number;
  /** Delay of the answer, in ms. Needs `broker`. */
  rttMs?: number;
}

const positive = mustBe('a positive integer', (value) => Number.isInteger(value) && (value as number) > 0);
const clusterOptions = objectWith<MockClusterOptions>('the options of a mock cluster', {
  brokers: mustBe(
    'an integer from 1 to 100',
    (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 100,
  ),
  topics: mustBe('an array of names, or an object of names and numbers of partitions', isObjectOrArray),
  rebalanceDelayMs: milliseconds,
});
const topicOptions = objectWith<{ partitions?: number; replicas?: number }>('the options of createTopic()', {
  partitions: positive,
  replicas: positive,
});
const injectionOptions = objectWith<ErrorInjection>('the options of pushErrors()', {
  broker: positive,
  rttMs: milliseconds,
});

/** Keeps clusters alive until they are stopped: a program may keep the address only. */
const running = new Set<MockCluster>();

/**
 * librdkafka's mock cluster: topics, groups, commits, transactions and faults, in memory. A partition keeps at most 5 MB or
 * 100,000 messages and drops older ones. After the first assignment of a group, each rebalance waits for the members for their
 * `session.timeout.ms` less one second. Set a low timeout if members come and go: 1,500, or 3,500 with librdkafka before 2.11,
 * whose first assignment takes three seconds. {@link MockCluster.createTopic} is the only administration.
 *
 * @example
 * ```ts
 * await using cluster = await MockCluster.start({ topics: { orders: 4 } });
 * const producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
 * ```
 */
export class MockCluster {
  /** `host:port,…` for any Kafka client. */
  readonly bootstrapServers: string;
  readonly #native: NativeMockCluster;
  #stopping: Promise<void> | undefined;

  private constructor(brokers: number) {
    this.#native = new native.MockCluster([], brokers, () => {});
    this.bootstrapServers = this.#native.bootstrapServers();
    if (this.bootstrapServers === '') throw new ConfigError('The mock cluster could not open its ports on loopback');
  }

  /** @throws ArgumentError */
  static async start(options: MockClusterOptions = {}): Promise<MockCluster> {
    clusterOptions(options, '');
    const { brokers = 1, topics = [], rebalanceDelayMs = 0 } = options;
    const cluster = new MockCluster(brokers);
    running.add(cluster);
    await cluster.#native.setRebalanceDelay(rebalanceDelayMs).catch((error: NativeError) => {
      if (options.rebalanceDelayMs !== undefined) throw KafkaError.fromNative(error, { doing: 'Cannot set the delay' });
    });
    const wanted = Array.isArray(topics) ? topics.map((topic) => [topic, 1] as const) : Object.entries(topics);
    for (const [topic, partitions] of wanted) await cluster.createTopic(topic, { partitions });
    return cluster;
  }

  async #run(doing: string, call: (cluster: NativeMockCluster) => Promise<void>): Promise<void> {
    if (this.#stopping !== undefined) throw new ClosedError('mock cluster');
    try {
      await call(this.#native);
    } catch (error) {
      throw error instanceof KafkaError ? error : KafkaError.fromNative(error as NativeError, { doing });
    }
  }

  /** @throws KafkaError `ERR_KAFKA_TOPIC_ALREADY_EXISTS`; ArgumentError */
  async createTopic(topic: string, options: { partitions?: number; replicas?: number } = {}): Promise<void> {
    checkTopicName(topic, "a topic's name");
    topicOptions(options, '');
    const { partitions = 1, replicas = 1 } = options;
    return this.#run(`Cannot create ${topic}`, (cluster) => cluster.createTopic(topic, partitions, replicas));
  }

  /**
   * Answers every request about the topic with this error, until it is set to null.
   *
   * @throws UnsupportedError before librdkafka 2.10.1, except for `UNKNOWN_TOPIC_OR_PART` and null
   */
  setTopicError(topic: string, error: ErrorCode | null): Promise<void> {
    return this.#run('Cannot set the error', (cluster) => {
      const code = error === null ? 0 : codeOf(error);
      if (code !== 0 && code !== errorCodes.UNKNOWN_TOPIC_OR_PART) {
        requireSupport('setTopicError() with another error than UNKNOWN_TOPIC_OR_PART', native.version);
      }
      return cluster.setTopicError(topic, code);
    });
  }

  /** Answers the next requests of this kind with these errors, one each; null stands for success. */
  async pushErrors(api: Api, errors: readonly (ErrorCode | null)[], injection: ErrorInjection = {}): Promise<void> {
    injectionOptions(injection, '');
    const { broker = -1, rttMs = 0 } = injection;
    return this.#run('Cannot push errors', (cluster) => {
      const stack = errors.map((error) => [error === null ? 0 : codeOf(error), rttMs] as const);
      return cluster.pushErrors(keyOf(api), stack, broker);
    });
  }

  /** Clears the errors pushed for this request, except those for a single broker. */
  clearErrors(api: Api): Promise<void> {
    return this.#run('Cannot clear errors', (cluster) => cluster.clearErrors(keyOf(api)));
  }

  /** Closes the broker's connections and rejects new ones. Brokers are numbered from 1. */
  brokerDown(broker: number): Promise<void> {
    return this.#run(`Cannot stop broker ${broker}`, (cluster) => cluster.setBroker(broker, 'down'));
  }

  brokerUp(broker: number): Promise<void> {
    return this.#run(`Cannot start broker ${broker}`, (cluster) => cluster.setBroker(broker, 'up'));
  }

  /** Delays every answer of this broker, in ms. */
  setRoundTripTime(broker: number, ms: number): Promise<void> {
    return this.#run('Cannot set the round-trip time', (cluster) => cluster.setBroker(broker, 'rtt', ms));
  }

  setRack(broker: number, rack: string): Promise<void> {
    return this.#run('Cannot set the rack', (cluster) => cluster.setBroker(broker, 'rack', rack));
  }

  /**
   * Moves the leader. A partition must have one: a fetch from a partition without a leader ends the process (librdkafka 2.15).
   *
   * @throws ArgumentError when `broker` is not a broker number
   */
  setLeader(topic: string, partition: number, broker: number): Promise<void> {
    if (!Number.isInteger(broker) || broker < 1) {
      return Promise.reject(new ArgumentError(`the leader must be a broker number, from 1, not ${String(broker)}`));
    }
    return this.#run('Cannot move the leader', (cluster) => cluster.setLeader(topic, partition, broker));
  }

  /** Sets the follower that consumers fetch from. */
  setFollower(topic: string, partition: number, broker: number): Promise<void> {
    return this.#run('Cannot set the follower', (cluster) => cluster.setFollower(topic, partition, broker));
  }

  /** Moves the coordinator of a group or a transactional id. */
  setCoordinator(type: 'group' | 'transaction', id: string, broker: number): Promise<void> {
    return this.#run('Cannot move the coordinator', (cluster) => cluster.setCoordinator(type, id, broker));
  }

  /** Sets the versions of a request that the brokers announce; -1, -1 removes the request. */
  setApiVersion(api: Api, lowest: number, highest: number): Promise<void> {
    return this.#run('Cannot set the version', (cluster) => cluster.setApiVersion(keyOf(api), lowest, highest));
  }

  /** Stops all brokers. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#native.close(1000).finally(() => running.delete(this));
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** The number of open librdkafka handles in this process, over all threads: 0 once every client is closed. */
export function liveHandles(): number {
  return native.liveHandles();
}

function isObjectOrArray(value: unknown): boolean {
  return isObject(value) || Array.isArray(value);
}

function codeOf(error: ErrorCode): number {
  const code = typeof error === 'number' ? error : Object.hasOwn(errorCodes, error) ? errorCodes[error] : undefined;
  if (typeof code === 'number') return code;
  throw new ArgumentError(`"${error}" is not an error name of librdkafka, such as "_TRANSPORT"`);
}

function keyOf(api: Api): number {
  const key = typeof api === 'number' ? api : Object.hasOwn(apiKeys, api) ? apiKeys[api] : undefined;
  if (typeof key === 'number') return key;
  throw new ArgumentError(`"${api}" is not a request; use one of ${Object.keys(apiKeys).join(', ')}, or an API key`);
}
