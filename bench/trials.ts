/** The table of everything the bench can measure. A trial is one row at one size, in a process of its own. */
import type { Touch } from './digest';

export type Suite = 'consume' | 'produce' | 'latency' | 'clients' | 'streams';
export const SUITES: readonly Suite[] = ['consume', 'produce', 'latency', 'clients', 'streams'];

/** One way of doing a suite's work. */
export interface Subject {
  suite: Suite;
  name: string;
  /** A C program of bench/baseline, or a module of bench/subjects and what it is to do. */
  run: { program: 'consume' | 'produce' | 'latency'; args?: string[] } | { module: string; mode: string };
  /** Package under bench/ that it needs; left out unless asked for with --peers. */
  peer?: string;
  /** Part of the work that it gets: slow subjects would keep everybody waiting, and a rate needs no more. */
  share?: number;
  /**
   * What it reads, where the command line does not decide. `keys`: how many different ones; default: null keys.
   * `batchBytes`: of the batches in the log, at most.
   */
  topic?: { partitions?: number; messages?: number; size?: number; keys?: number; batchBytes?: number };
  /** What it does, when it is not reading a filled topic: so many times, on an empty one. */
  rounds?: number;
  /** Of the topic's partitions only those below this are counted. */
  counted?: number;
  /** The embedded cluster cannot show it. */
  real?: boolean;
  /** What a reader of the report should know. */
  note?: string;
}

const SLOW = 0.1;
/** Handlers that take a millisecond read fewer messages; the slower the way, the fewer. */
const PARTITION_ORDER = { partitions: 4, messages: 12_000, keys: 10_000 };
const KEY_ORDER = { partitions: 4, messages: 160_000, keys: 10_000 };
/** More than the credit of the one partition that stalls, so that it does. */
const STALL = { topic: { partitions: 16, messages: 3_200_000 }, counted: 15, real: true };
/**
 * A kilobyte a message: librdkafka's own bytes for each message are no part of any limit. And a fetch returns a batch as
 * a whole: with large ones no limit below their size holds.
 */
const MANY_PARTITIONS = { partitions: 1000, messages: 200_000, size: 1000, batchBytes: 16_384 };

export const SUBJECTS: readonly Subject[] = [
  {
    suite: 'consume',
    name: 'c-batch-queue',
    run: { program: 'consume' },
    note: 'C, rd_kafka_consume_batch_queue on the consumer queue: the limit',
  },
  {
    suite: 'consume',
    name: 'c-partition-queues',
    run: { program: 'consume', args: ['--partition-queues'] },
    note: 'C, one queue per partition, assigned: how the addon reads',
  },
  { suite: 'consume', name: 'batches$', run: { module: 'consume', mode: 'batches$' }, note: 'each batch acknowledged' },
  {
    suite: 'consume',
    name: 'batches$-none',
    run: { module: 'consume', mode: 'batches$-none' },
    note: "commit: 'none', as the C programs",
  },
  { suite: 'consume', name: 'take', run: { module: 'consume', mode: 'take' }, note: 'pull: await take() in a loop' },
  { suite: 'consume', name: 'for-await', run: { module: 'consume', mode: 'for-await' }, note: 'for await of batches' },
  {
    suite: 'consume',
    name: 'messages$',
    run: { module: 'consume', mode: 'messages$' },
    note: 'each message acknowledged',
  },
  {
    suite: 'consume',
    name: 'messages$-none',
    run: { module: 'consume', mode: 'messages$-none' },
    note: "commit: 'none'",
  },
  {
    suite: 'consume',
    name: 'node-rdkafka',
    run: { module: 'node-rdkafka', mode: 'consume' },
    peer: 'node-rdkafka',
    share: SLOW,
    note: 'consume(n, callback), n = 1000',
  },
  {
    suite: 'consume',
    name: 'node-rdkafka-flowing',
    run: { module: 'node-rdkafka', mode: 'flowing' },
    peer: 'node-rdkafka',
    share: SLOW,
    note: "consume() and on('data')",
  },
  {
    suite: 'produce',
    name: 'c',
    run: { program: 'produce' },
    note: 'C, rd_kafka_produce in a loop, what rdkafka_performance -P does',
  },
  { suite: 'produce', name: 'sendBatch', run: { module: 'produce', mode: 'sendBatch' }, note: 'batches of 1,000' },
  { suite: 'produce', name: 'send', run: { module: 'produce', mode: 'send' }, note: 'a promise for each message' },
  {
    suite: 'produce',
    name: 'node-rdkafka',
    run: { module: 'node-rdkafka', mode: 'high-level' },
    peer: 'node-rdkafka',
    share: SLOW,
    note: 'HighLevelProducer, a callback for each message',
  },
  {
    suite: 'produce',
    name: 'node-rdkafka-raw',
    run: { module: 'node-rdkafka', mode: 'raw' },
    peer: 'node-rdkafka',
    share: SLOW,
    note: "Producer with 'delivery-report' events",
  },
  { suite: 'latency', name: 'c', run: { program: 'latency' }, note: 'C, both clients in one process' },
  { suite: 'latency', name: 'messages$', run: { module: 'latency', mode: 'messages$' } },
  {
    suite: 'clients',
    name: 'open-close',
    run: { module: 'clients', mode: 'open-close' },
    note: 'clients opened and closed one after another: handles left, memory kept',
  },
  {
    suite: 'streams',
    name: 'take-none',
    run: { module: 'consume', mode: 'take-none' },
    note: "the bare pull loop, commit: 'none'",
  },
  {
    suite: 'streams',
    name: 'runBatch',
    run: { module: 'consume', mode: 'runBatch' },
    note: 'acknowledged when the handler returns',
  },
  { suite: 'streams', name: 'batches$', run: { module: 'consume', mode: 'batches$' }, note: 'each batch acknowledged' },
  {
    suite: 'streams',
    name: 'messages$',
    run: { module: 'consume', mode: 'messages$' },
    note: 'each message acknowledged',
  },
  { suite: 'streams', name: 'run', run: { module: 'consume', mode: 'run' }, note: 'a synchronous handler' },
  {
    suite: 'streams',
    name: 'run-1ms',
    run: { module: 'consume', mode: 'run-1ms' },
    topic: PARTITION_ORDER,
    note: 'a handler of 1 ms, order partition, 4 partitions',
  },
  {
    suite: 'streams',
    name: 'run-1ms-key-64',
    run: { module: 'consume', mode: 'run-1ms-key-64' },
    topic: KEY_ORDER,
    note: "the same, order 'key', concurrency 64",
  },
  {
    suite: 'streams',
    name: 'healthy',
    run: { module: 'stalled', mode: 'healthy' },
    ...STALL,
    note: '16 partitions, all acknowledged; 15 of them counted',
  },
  {
    suite: 'streams',
    name: 'stalled',
    run: { module: 'stalled', mode: 'stalled' },
    ...STALL,
    note: 'the 16th is never acknowledged; the same 15 counted',
  },
  {
    suite: 'streams',
    name: 'rebalance-classic',
    run: { module: 'rebalance', mode: 'classic' },
    topic: { partitions: 8 },
    rounds: 10,
    real: true,
    note: 'a second member joins: longest gap of each partition that stays (ms)',
  },
  {
    suite: 'streams',
    name: 'rebalance-consumer',
    run: { module: 'rebalance', mode: 'consumer' },
    topic: { partitions: 8 },
    rounds: 10,
    real: true,
    note: 'the same with group.protocol=consumer',
  },
  {
    suite: 'streams',
    name: 'memory',
    run: { module: 'memory', mode: '' },
    topic: MANY_PARTITIONS,
    real: true,
    note: '1,000 partitions, all buffers full, then read',
  },
];

/** Ratios the report gives, as [numerator, denominator] within a suite; only pairs that were measured appear. */
export const RATIOS: Record<Suite, readonly (readonly [string, string])[]> = {
  consume: [
    ...SUBJECTS.filter((s) => s.suite === 'consume' && s.name !== 'c-batch-queue').map(
      (s) => [s.name, 'c-batch-queue'] as const,
    ),
    ['messages$', 'batches$'],
    ['messages$-none', 'batches$-none'],
    ['for-await', 'batches$'],
    ['batches$', 'node-rdkafka'],
    ['messages$', 'node-rdkafka-flowing'],
  ],
  produce: [
    ...SUBJECTS.filter((s) => s.suite === 'produce' && s.name !== 'c').map((s) => [s.name, 'c'] as const),
    ['send', 'node-rdkafka'],
    ['sendBatch', 'node-rdkafka-raw'],
  ],
  latency: [['messages$', 'c']],
  clients: [],
  streams: [
    ['runBatch', 'take-none'],
    ['batches$', 'take-none'],
    ['messages$', 'take-none'],
    ['run', 'take-none'],
    ['run-1ms-key-64', 'run-1ms'],
    ['stalled', 'healthy'],
  ],
};

/** What some ratios are to be at least, by `suite.numerator/denominator`. */
export const GOALS: Readonly<Record<string, number>> = {
  'streams.runBatch/take-none': 0.95,
  'streams.batches$/take-none': 0.95,
  'streams.messages$/take-none': 0.9,
  'streams.run/take-none': 0.6,
  'streams.run-1ms-key-64/run-1ms': 12,
  'streams.stalled/healthy': 0.95,
};

/** What one child process is told: JSON in its first argument. */
export interface TrialSpec {
  suite: Suite;
  mode: string;
  brokers: string;
  topic: string;
  group: string;
  partitions: number;
  messages: number;
  size: number;
  touch: Touch;
  /** Only partitions below this are counted. */
  counted: number;
  /** Produce: sequence numbers repeat after this many messages. */
  cycle: number;
  /** librdkafka settings, the same for every subject built on it. */
  config: Record<string, string | number | boolean>;
}

/** What it prints: one line of JSON. Figures that a suite has no use for are absent. */
export interface TrialResult {
  messages?: number;
  bytes?: number;
  digest?: number;
  /** Read: first to last message. Written: first call to last delivery report. */
  seconds?: number;
  /** Of the whole process, start and stop included. */
  cpuSeconds?: number;
  rssMb?: number;
  /** Event-loop utilisation between first and last message, 0 to 1. */
  elu?: number;
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
export const PRODUCER_CONFIG = { 'linger.ms': 5, acks: 'all', 'enable.metrics.push': false } as const;
