/**
 * Loads the addon and declares its shape. The only file that names a `.node`, and it has no other logic.
 *
 * Every method that returns a promise is answered by the client's own thread and rejects with a {@link NativeError},
 * a plain object; the others return at once.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { oldestLibrdkafka } from './capabilities';
import { LoadError, type NativeError } from './errors';
import { packageName, thisPlatform } from './platform';
import type {
  CommitOutcome,
  Delivery,
  OffsetToCommit,
  TopicPartition,
  TopicPartitionOffset,
} from './stream/lane-source';

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
  commit(offsets: readonly OffsetToCommit[]): Promise<(PartitionResult & CommitOutcome)[]>;
  storeOffsets(offsets: readonly OffsetToCommit[]): NativeError | null;
  committed(partitions: readonly TopicPartition[], timeoutMs: number): Promise<PartitionResult[]>;
  position(partitions: readonly TopicPartition[]): PartitionResult[];
  /** `offset` is the timestamp in ms; the answer's offset is the first one at or after it, -1 when there is none. */
  offsetsForTimes(partitions: readonly TopicPartitionOffset[], timeoutMs: number): Promise<PartitionResult[]>;
  watermarks(topic: string, partition: number, timeoutMs: number): Promise<{ low: number; high: number }>;
  cachedWatermarks(topic: string, partition: number): { low: number; high: number } | null;
  groupMetadata(): Promise<{ memberId: string; opaque: Buffer }>;
  credit(lane: number, messages: number, bytes: number): void;
  hold(lane: number, held: boolean): void;
  release(id: number): void;
  /** Deliver a `poll` event for every turn of the poll loop that took something. */
  reportPolls(wanted: boolean): void;
  answerAssign(id: number, partitions: readonly TopicPartitionOffset[]): void;
  keepAlive(alive: boolean): void;
}

/** A report column pack (see native/batch.h) or an event. */
export type ProducerDelivery = ArrayBuffer | Exclude<Delivery, ArrayBuffer>;

export interface NativeProducer extends NativeClient {
  /** Names get the ids 0, 1, 2, … in the order of these calls. */
  topic(name: string): void;
  /** The first `length` bytes are records (see native/batch.h). Copied before it returns. */
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

/** The version of Node-API that the addon is compiled for: a runtime with an older one crashes on it. */
const NODE_API = 9;

function load(): NativeAddon {
  const { napi, node } = process.versions;
  if (Number(napi) < NODE_API) {
    throw new LoadError(
      `rdkafka-rx needs Node 20.3 or newer (Node-API ${NODE_API}); this is ${node} (Node-API ${napi})`,
    );
  }
  // What is named, a build of one's own (this checkout's, or `rdkafka-rx-build`), then the package of this platform. Only "there is
  // none" goes on to the next: a binary that is there and does not load says why.
  const named = process.env.RDKAFKA_RX_ADDON;
  if (named) {
    const path = resolve(named);
    if (!existsSync(path)) throw new LoadError(`RDKAFKA_RX_ADDON names ${path}, which is not there`);
    return open(path);
  }
  const local = join(__dirname, '..', 'build', 'Release', 'rdkafka_rx.node');
  if (existsSync(local)) return open(local);
  const prebuilt = packageName(thisPlatform());
  try {
    return open(prebuilt);
  } catch (error) {
    const cause = error instanceof LoadError ? (error.cause as NodeJS.ErrnoException) : undefined;
    if (cause?.code !== 'MODULE_NOT_FOUND') throw error;
    throw new LoadError(
      `There is no rdkafka-rx addon for this platform: install its optional package ${prebuilt} (a package manager ` +
        'leaves it out with --omit=optional, or with a lock file made on another platform), build one with ' +
        '`npx rdkafka-rx-build`, or name a built one in RDKAFKA_RX_ADDON',
      { cause },
    );
  }
}

/** What to do about an addon that does not load, by what the system's loader says of it. */
const ways: readonly (readonly [sign: RegExp, way: string])[] = [
  [/GLIBC/, '; this system is older than the one it was built for: build one here with `npx rdkafka-rx-build`'],
  [
    /\brd_kafka_/,
    `; the librdkafka that it finds is too old: install ${oldestLibrdkafka} or newer, older ones lose messages`,
  ],
];

function open(name: string): NativeAddon {
  try {
    return require(name) as NativeAddon;
  } catch (cause) {
    const { message } = cause as Error;
    const way = ways.find(([sign]) => sign.test(message))?.[1] ?? '';
    throw new LoadError(`The rdkafka-rx addon ${name} does not load: ${message}${way}`, { cause });
  }
}

/** The addon of this process. @throws LoadError when it is missing or too old. */
export const native: NativeAddon = load();

if (native.refused) {
  throw new LoadError(
    `librdkafka ${native.version} is linked, which loses messages or hangs: use ${oldestLibrdkafka} or newer, except 2.10.0`,
  );
}
