import type { NativeError } from '../core/errors';
import type { CommitOutcome, OffsetToCommit, TopicPartition, TopicPartitionOffset } from '../core/partition';
import type { Delivery } from './events';

/** Configuration as `rd_kafka_conf_set()` takes it. */
export type Settings = readonly (readonly [key: string, value: string])[];

/** A partition with librdkafka's answer for it. */
export interface PartitionResult extends TopicPartitionOffset {
  readonly leaderEpoch: number;
  readonly metadata: string | null;
  readonly error: NativeError | null;
}

/** What every client has. */
export interface NativeClient {
  /** librdkafka's name of it: `rdkafka#consumer-1`. */
  readonly name: string;
  /** Leaves, flushes and destroys on the client's thread; at most about `timeoutMs`, whatever the brokers do. */
  close(timeoutMs: number): Promise<void>;
  metadata(topic: string | null, timeoutMs: number): Promise<ClusterMetadata>;
  /** `rd_kafka_oauthbearer_set_token()`; null when accepted. */
  setToken(token: string, lifetimeMs: number, principal: string, extensions: Settings): NativeError | null;
  setTokenFailure(message: string): void;
}

export interface NativeConsumerOptions {
  /** Credit: high-water marks per lane and for all lanes. */
  readonly laneMessages: number;
  readonly laneBytes: number;
  readonly totalBytes: number;
  /** How long a revoke waits for `release()`, in ms. */
  readonly revokeDrainMs: number;
  /** An assign waits for `answerAssign()`. */
  readonly holdAssign: boolean;
  readonly key: boolean;
  readonly value: boolean;
  readonly timestamp: boolean;
  readonly headers: boolean;
  readonly scanKeys: boolean;
  readonly scanValues: boolean;
}

export interface NativeConsumer extends NativeClient {
  /** No topics: unsubscribe. */
  subscribe(topics: readonly string[]): Promise<void>;
  /** No partitions: unassign. */
  assign(partitions: readonly TopicPartitionOffset[]): Promise<void>;
  incrementalAssign(partitions: readonly TopicPartitionOffset[]): Promise<void>;
  incrementalUnassign(partitions: readonly TopicPartition[]): Promise<void>;
  /** Answered when it took effect, or cannot; librdkafka waits for no broker here. */
  seek(partitions: readonly TopicPartitionOffset[]): Promise<PartitionResult[]>;
  /** No offsets: commits what was stored. */
  commit(
    offsets: readonly (OffsetToCommit & { readonly lane?: number })[],
  ): Promise<(PartitionResult & CommitOutcome)[]>;
  storeOffsets(offsets: readonly OffsetToCommit[]): NativeError | null;
  committed(partitions: readonly TopicPartition[], timeoutMs: number): Promise<PartitionResult[]>;
  position(partitions: readonly TopicPartition[]): PartitionResult[];
  /** `offset` is the timestamp in ms; the answer's offset is the first one at or after it, -1 when there is none. */
  offsetsForTimes(partitions: readonly TopicPartitionOffset[], timeoutMs: number): Promise<PartitionResult[]>;
  watermarks(topic: string, partition: number, timeoutMs: number): Promise<{ low: number; high: number }>;
  cachedWatermarks(topic: string, partition: number): { low: number; high: number } | null;
  groupMetadata(): Promise<{ memberId: string; opaque: Buffer }>;
  credit(lane: number, messages: number, bytes: number): void;
  pause(lane: number, paused: boolean): void;
  release(id: number): void;
  /** Deliver a `poll` event for every turn of the poll loop that took something. */
  reportPolls(wanted: boolean): void;
  answerAssign(id: number, partitions: readonly TopicPartitionOffset[]): void;
  keepAlive(alive: boolean): void;
}

/** A report column pack (see native/wire/format.h) or an event. */
export type ProducerDelivery = ArrayBuffer | Exclude<Delivery, ArrayBuffer>;

export interface NativeProducer extends NativeClient {
  /** Names get the ids 0, 1, 2, … in the order of these calls. */
  topic(name: string): void;
  /** The first `length` bytes are records (see native/wire/format.h). Copied before it returns. */
  produce(records: Uint8Array, length: number): void;
  flush(timeoutMs: number): Promise<void>;
  purge(inFlight: boolean): Promise<void>;
  keepAlive(alive: boolean): void;
}

export interface NativeTopicSpec {
  readonly name: string;
  readonly partitions?: number;
  readonly replication?: number;
  readonly config?: Settings;
}

export interface NativeTopicResult {
  readonly topic: string;
  readonly error: NativeError | null;
}

export interface NativeAdmin extends NativeClient {
  createTopics(topics: readonly NativeTopicSpec[], timeoutMs: number): Promise<NativeTopicResult[]>;
  deleteTopics(topics: readonly NativeTopicSpec[], timeoutMs: number): Promise<NativeTopicResult[]>;
  createPartitions(topics: readonly NativeTopicSpec[], timeoutMs: number): Promise<NativeTopicResult[]>;
}

export interface NativeMockCluster {
  bootstrapServers(): string;
  createTopic(name: string, partitions: number, replicas: number): Promise<void>;
  setTopicError(name: string, code: number): Promise<void>;
  /** `broker` -1: the cluster's stack, whichever broker answers next; round-trip times count with a broker only. */
  pushErrors(
    apiKey: number,
    errors: readonly (readonly [code: number, rttMs: number])[],
    broker: number,
  ): Promise<void>;
  clearErrors(apiKey: number): Promise<void>;
  setBroker(broker: number, what: 'up' | 'down' | 'rtt' | 'rack', value?: number | string): Promise<void>;
  setLeader(topic: string, partition: number, broker: number): Promise<void>;
  setFollower(topic: string, partition: number, broker: number): Promise<void>;
  setCoordinator(type: 'group' | 'transaction', key: string, broker: number): Promise<void>;
  setApiVersion(apiKey: number, low: number, high: number): Promise<void>;
  setRebalanceDelay(ms: number): Promise<void>;
  close(timeoutMs: number): Promise<void>;
}

/** What the brokers say about themselves and about topics (`rd_kafka_metadata()`). */
export interface ClusterMetadata {
  readonly brokers: readonly { readonly id: number; readonly host: string; readonly port: number }[];
  readonly topics: readonly TopicMetadata[];
}

export interface TopicMetadata {
  readonly name: string;
  readonly error: NativeError | null;
  readonly partitions: readonly {
    readonly id: number;
    /** Broker id of the leader, -1 while there is none. */
    readonly leader: number;
    readonly replicas: readonly number[];
    readonly inSyncReplicas: readonly number[];
    readonly error: NativeError | null;
  }[];
}

type Deliver<D> = (items: readonly D[]) => void;

export interface NativeAddon {
  /** Version of the linked librdkafka, such as `2.15.1`. */
  readonly version: string;
  readonly versionNumber: number;
  /** This version is known to lose messages or to hang. */
  readonly refused: boolean;
  /** librdkafka handles open in this process, over all threads. */
  liveHandles(): number;
  errorCodes(): { code: number; name: string; description: string }[];
  /** What it was built with: `gzip,snappy,ssl,…`. */
  builtinFeatures(): string;
  readonly Consumer: new (
    settings: Settings,
    options: NativeConsumerOptions,
    deliver: Deliver<Delivery>,
  ) => NativeConsumer;
  readonly Producer: new (settings: Settings, options: object, deliver: Deliver<ProducerDelivery>) => NativeProducer;
  readonly Admin: new (settings: Settings, options: object, deliver: Deliver<Delivery>) => NativeAdmin;
  readonly MockCluster: new (settings: Settings, brokers: number, deliver: Deliver<Delivery>) => NativeMockCluster;
}
