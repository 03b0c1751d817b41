/** The table of everything the bench can measure. A trial is one row at one size, in a process of its own. */
import { MODE_RATIOS, modes } from './tables/modes';
import { RIVAL_RATIOS, rivals } from './tables/rivals';
import { STREAM_RATIOS, STREAMS } from './tables/streams';
import type { Subject, Suite } from './trial';

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
  {
    suite: 'consume',
    name: 'c-batch-queue-copy',
    run: { program: 'consume', args: ['--copy'] },
    note: 'C, as c-batch-queue, and every key and payload is copied into memory of its own: what it costs to keep them',
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
  ...rivals('consume'),
  ...modes(),
  {
    suite: 'produce',
    name: 'c',
    run: { program: 'produce' },
    note: 'C, rd_kafka_produce in a loop, what rdkafka_performance -P does',
  },
  { suite: 'produce', name: 'sendBatch', run: { module: 'produce', mode: 'sendBatch' }, note: 'batches of 1,000' },
  {
    suite: 'produce',
    name: 'send',
    run: { module: 'produce', mode: 'send' },
    note: 'a promise for each message, 10,000 on the way',
  },
  ...rivals('produce'),
  { suite: 'latency', name: 'c', run: { program: 'latency' }, note: 'C, both clients in one process, one at a time' },
  { suite: 'latency', name: 'messages$', run: { module: 'latency', mode: 'messages$' }, note: 'one at a time' },
  ...[10, 50].flatMap((percent): Subject[] => [
    {
      suite: 'latency',
      name: `c@${percent}%`,
      run: { program: 'latency' },
      load: percent / 100,
      note: `C at ${percent} % of what this client sends and receives at most`,
    },
    {
      suite: 'latency',
      name: `messages$@${percent}%`,
      run: { module: 'load', mode: 'messages$' },
      load: percent / 100,
      note: 'at the same rate',
    },
  ]),
  ...(
    [
      ['10k', 1e4, 200],
      ['100k', 1e5, 20],
      ['1M', 1e6, 3],
      ['10M', 1e7, 1],
    ] as const
  ).flatMap(([name, messages, passes]): Subject[] =>
    ['batches$', 'messages$'].map((mode) => ({
      suite: 'scale',
      name: `${mode}@${name}`,
      run: { module: 'passes', mode },
      ...{ topic: { messages }, passes },
      note: `does a message cost the same, however many there are? Read ${passes === 1 ? 'once' : `${passes} times over, assigned anew for each`}`,
    })),
  ),
  ...[1, 2].map(
    (workers): Subject => ({
      suite: 'scale',
      name: `workers-${workers}`,
      run: { module: 'workers', mode: '' },
      workers,
      note: `batches$ in ${workers} worker thread${workers > 1 ? 's, each with half of the partitions' : ''}`,
    }),
  ),
  {
    suite: 'clients',
    name: 'open-close',
    run: { module: 'clients', mode: 'open-close' },
    note: 'clients opened and closed one after another: handles left, memory kept',
  },
  ...STREAMS,
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
    ['batches$', 'take'],
    ['messages$', 'take'],
    ['batches$', 'c-batch-queue-copy'],
    ['messages$', 'c-batch-queue-copy'],
    ['messages$', 'node-rdkafka-flowing'],
    ...RIVAL_RATIOS.consume,
  ],
  modes: MODE_RATIOS,
  produce: [
    ...SUBJECTS.filter((s) => s.suite === 'produce' && s.name !== 'c').map((s) => [s.name, 'c'] as const),
    ...RIVAL_RATIOS.produce,
  ],
  latency: [
    ['messages$', 'c'],
    ['messages$@10%', 'c@10%'],
    ['messages$@50%', 'c@50%'],
  ],
  scale: [
    ['batches$@10M', 'batches$@100k'],
    ['batches$@10M', 'batches$@1M'],
    ['messages$@10M', 'messages$@100k'],
    ['messages$@10M', 'messages$@1M'],
    ['workers-2', 'workers-1'],
  ],
  clients: [],
  streams: STREAM_RATIOS,
};

/**
 * What some ratios are to be at least, by `suite.numerator/denominator`; those of latencies: at most. Peers are
 * compared at 100 bytes, where a client's own work shows most; a goal holds there and at 1,000 bytes only by name.
 */
export const GOALS: Readonly<Record<string, number>> = {
  'consume.100.batches$/c-batch-queue': 0.95,
  'consume.1000.batches$/c-batch-queue': 0.95,
  'consume.batches$/take': 0.97,
  'consume.messages$/take': 0.95,
  'consume.100.batches$/node-rdkafka': 12,
  'consume.100.batches$/node-rdkafka-flowing': 12,
  'consume.100.batches$/kafka-javascript': 12,
  'consume.100.batches$/kafka-javascript-eachBatch': 12,
  'consume.100.batches$/kafka-javascript-eachMessage': 12,
  'consume.100.batches$/platformatic': 12,
  'consume.100.batches$/kafkajs-eachBatch': 5,
  'consume.100.batches$/kafkajs-eachMessage': 5,
  'consume.100.batches$/python': 2.5,
  'consume.100.batches$/java-perf': 1.3,
  'consume.100.batches$/rdkafka_performance': 1.5,
  'produce.100.sendBatch/c': 0.85,
  'produce.100.send/c': 0.4,
  'produce.100.send/node-rdkafka': 4,
  'produce.100.send/node-rdkafka-raw': 4,
  'produce.100.send/kafka-javascript': 4,
  'produce.100.send/kafka-javascript-raw': 4,
  'produce.100.send/kafkajs': 4,
  'produce.100.send/platformatic': 4,
  'latency.messages$@10%/c@10%': 1.2,
  'streams.runBatch/take-none': 0.95,
  'streams.batches$/take-none': 0.95,
  'streams.messages$/take-none': 0.9,
  'streams.run/take-none': 0.6,
  'streams.run-1ms-key-64/run-1ms': 12,
  'streams.stalled/healthy': 0.95,
};
