/** What a trial is: the row that describes it, what its process gets and what it prints, and the settings of all. */
import type { Capability } from '../lib/native/capabilities';
import type { Touch } from './digest';

export type Suite = 'consume' | 'modes' | 'produce' | 'latency' | 'scale' | 'clients' | 'streams';
export const SUITES: readonly Suite[] = ['consume', 'modes', 'produce', 'latency', 'scale', 'clients', 'streams'];

/** One way of doing a suite's work. */
export interface Subject {
  suite: Suite;
  name: string;
  /**
   * A C program of bench/baseline, or a module of bench/subjects and what it is to do (`node`: the major version of
   * Node.js that it needs), or a program that is not ours in any way.
   */
  run:
    | { program: 'consume' | 'produce' | 'latency'; args?: string[] }
    | { module: string; mode: string; node?: string }
    | { outside: Outside };
  /** The other client that it needs, one of bench/peers.ts; left out unless asked for with --peers. */
  peer?: string;
  /** It reads or writes in its own way, and cannot be asked what: the number of messages is all that is checked. */
  countOnly?: boolean;
  /** Messages of a batch. */
  batch?: number;
  /** Offsets are committed after each message or batch, and the commit is waited for. Default: now and then. */
  commits?: 'message' | 'batch';
  /** It reads so many messages of the topic and stops: slow, and a rate needs no more. */
  most?: number;
  /** Part of the greatest rate at which messages are sent. */
  load?: number;
  /** Threads that share the work. */
  workers?: number;
  /** Compressions that it knows without plugins. Default: all. */
  codecs?: readonly Compression[];
  /** Part of the work that it gets: slow subjects would keep everybody waiting, and a rate needs no more. */
  share?: number;
  /**
   * What it reads, where the command line does not decide. `keys`: how many different ones; default: null keys.
   * `batchBytes`: of the batches in the log, at most.
   */
  topic?: { partitions?: number; messages?: number; size?: number; keys?: number; batchBytes?: number };
  /** What it does, when it is not reading a filled topic: so many times, on an empty one. */
  rounds?: number;
  /** It reads its topic so many times. Default: once. */
  passes?: number;
  /** Of the topic's partitions only those below this are counted. */
  counted?: number;
  /** The embedded cluster cannot show it. */
  real?: boolean;
  /** What not every librdkafka has; left out where it is too old. */
  needs?: Capability;
  /** What a reader of the report should know. */
  note?: string;
  /** Of another client. */
  setup?: Setup;
}

/** How another client is set up, beyond what all have in common, and whose advice that is. */
export interface Setup {
  settings: string;
  source: string;
}

/** Programs that no module of bench/subjects can stand for; see bench/outside.ts. */
export type Outside = 'performance' | 'python' | 'java' | 'go';

/** What a trial's process gets: JSON in its first argument. */
export interface TrialSpec {
  suite: Suite;
  mode: string;
  brokers: string;
  topic: string;
  group: string;
  partitions: number;
  messages: number;
  /** The topic holds more: reading stops after `messages`, wherever that is. */
  partial: boolean;
  /** The clock starts when so many of them were read or written: the process, its memory and its code are warm then. */
  warmup: number;
  size: number;
  touch: Touch;
  /** Only partitions below this are counted. */
  counted: number;
  /** The topic is read so many times; `messages` are those of one of them. */
  passes: number;
  /** Produce: sequence numbers repeat after this many messages. */
  cycle: number;
  /** Messages of a batch; 0: what arrives together. */
  batch: number;
  /** After what a commit is waited for; `some`: nothing, offsets are committed now and then. */
  commits: 'message' | 'batch' | 'some';
  /** Messages a second to send; 0: as fast as they come back. */
  rate: number;
  workers: number;
  compression: Compression;
  /** librdkafka settings, the same for every subject built on it. */
  config: Record<string, string | number | boolean>;
}

/** What it prints: one line of JSON. Figures that a suite has no use for are absent. */
export interface TrialResult {
  messages?: number;
  bytes?: number;
  digest?: number;
  /** Messages read of each partition, from its beginning; of use when not all were to be read. */
  counts?: number[];
  /** From the end of the warm-up to the last message read or the last delivery report. */
  seconds?: number;
  /** Messages read or written in that time. */
  timed?: number;
  /** CPU seconds of all threads of the process in that time; absent where a program cannot tell. */
  timedCpuSeconds?: number;
  /** Of the whole process, start and stop included. */
  cpuSeconds?: number;
  /** Most resident memory, over the whole life of the process. */
  rssMb?: number;
  /** Event-loop utilisation in the time measured, 0 to 1. */
  elu?: number;
  /** How late the event loop was, 99th percentile, in milliseconds. */
  loopP99?: number;
  /** Milliseconds that V8 spent collecting garbage on the main thread in that time, and how often. */
  gcMs?: number;
  gcCount?: number;
  /** Times that the group shared its partitions anew. */
  rebalances?: number;
  /** Messages a second that were sent, and that were to be sent. */
  sentPerSecond?: number;
  rate?: number;
  /** Milliseconds. */
  p50?: number;
  p99?: number;
  p999?: number;
  max?: number;
  /** Native handles alive at the end. */
  handles?: number;
  /** Growth of resident memory: from a quarter of the work to its end; with full buffers, from before the assignment. */
  rssGrowthMb?: number;
  /** What the configuration lets the buffers hold. */
  boundMb?: number;
  /** The 99th percentile of the same thing when nothing happens, in milliseconds. */
  calmP99?: number;
  versions?: Record<string, string>;
}

export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/**
 * librdkafka settings of every subject, C or JavaScript: what this library sets by default, so that clients are
 * compared and not settings. librdkafka's own default of one second for fetch.queue.backoff.ms, for one, makes a reader
 * that is faster than the broker stand still at times.
 */
export const CONSUMER_CONFIG = {
  'check.crcs': true,
  'queued.min.messages': 100_000,
  'queued.max.messages.kbytes': 16_384,
  'fetch.queue.backoff.ms': 20,
  'enable.metrics.push': false,
} as const;
/** Settings of the C programs alone: what this library always sets for itself. */
export const PROGRAM_CONFIG = { 'enable.partition.eof': true, 'enable.auto.offset.store': false } as const;
/**
 * How often members of the rebalance trials ask what they are assigned: the defaults, 3 s and with the new protocol the
 * broker's 5 s, would only make them longer.
 */
export const HEARTBEAT_MS = 500;
/**
 * The shortest lingering that costs none of them anything: with 1, 2 and 5 ms C and those that keep 100,000 messages on the way are
 * equally fast, and what keeps fewer waits less.
 */
export const PRODUCER_CONFIG = { 'linger.ms': 1, acks: 'all', 'enable.metrics.push': false } as const;
