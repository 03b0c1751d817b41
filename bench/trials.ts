/** The table of everything the bench can measure. A trial is one row at one size, in a process of its own. */
import type { Touch } from './digest';

export type Suite = 'consume' | 'produce' | 'latency' | 'clients';
export const SUITES: readonly Suite[] = ['consume', 'produce', 'latency', 'clients'];

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
  /** What a reader of the report should know. */
  note?: string;
}

const SLOW = 0.1;

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
  /** Growth of resident memory from a quarter of the work to its end. */
  rssGrowthMb?: number;
  versions?: Record<string, string>;
}

/**
 * librdkafka settings of every subject, C or JavaScript. The default of one second for fetch.queue.backoff.ms makes a
 * reader that is faster than the broker stand still at times; all get the same better value.
 */
export const CONSUMER_CONFIG = { 'fetch.queue.backoff.ms': 10, 'queued.min.messages': 100_000 } as const;
export const PRODUCER_CONFIG = { 'linger.ms': 5, acks: 'all' } as const;
