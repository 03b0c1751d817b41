/** Rows of the other clients, each in its fastest documented ways. */
import type { Setup, Subject } from '../trial';

/** They read and write fewer messages: a rate needs no more. */
const SLOW = 0.1;
const SLOW_WRITER = 0.2;
const CKJS = '@confluentinc/kafka-javascript';
const PLATFORMATIC = '@platformatic/kafka';

/** lz4, snappy and zstd are plugins of others. */
const KAFKAJS_CODECS = ['none', 'gzip'] as const;

type Row = Omit<Subject, 'suite'> & { setup: Setup };

/** What those over librdkafka are set to beside what is said here. */
const COMMON = 'the librdkafka settings that all have in common';
const set = (settings: string, source: string): { setup: Setup } => ({ setup: { settings, source } });

const CONSUME: Row[] = [
  {
    name: 'rdkafka_performance',
    run: { outside: 'performance' },
    ...{ peer: 'rdkafka_performance', countOnly: true },
    ...set(`-G -q -X enable.auto.commit=true, ${COMMON}`, 'rdkafka_performance -h'),
    note: "librdkafka's own example, -G: one rd_kafka_consumer_poll a message; no warm-up, count only",
  },
  {
    name: 'node-rdkafka',
    run: { module: 'node-rdkafka', mode: 'consume' },
    peer: 'node-rdkafka',
    share: SLOW,
    ...set(`consume(1000), enable.auto.commit=true, ${COMMON}`, 'README.md, non-flowing mode'),
    note: 'consume(n, callback), n = 1000',
  },
  {
    name: 'node-rdkafka-flowing',
    run: { module: 'node-rdkafka', mode: 'flowing' },
    peer: 'node-rdkafka',
    share: SLOW,
    ...set(`enable.auto.commit=true, ${COMMON}`, 'bench/consumer-raw-rdkafka.js'),
    note: "consume() and on('data')",
  },
  {
    name: 'kafka-javascript',
    run: { module: 'kafka-javascript', mode: 'consume' },
    peer: CKJS,
    share: SLOW,
    ...set(`consume(1000), enable.auto.commit=true, ${COMMON}`, 'README of node-rdkafka, whose interface it is'),
    note: 'callback API, consume(n, callback), n = 1000',
  },
  {
    name: 'kafka-javascript-eachBatch',
    run: { module: 'kafka-javascript', mode: 'eachBatch' },
    peer: CKJS,
    share: SLOW,
    ...set(
      `js.consumer.max.batch.size=10000, partitionsConsumedConcurrently = partitions, eachBatchAutoResolve, ${COMMON}`,
      'MIGRATION.md; batches of 32, 1,000 and without a limit, a cache of 100 ms and one partition at a time took as much processor time',
    ),
    note: 'batches of up to 10,000, all partitions at once',
  },
  {
    name: 'kafka-javascript-eachMessage',
    run: { module: 'kafka-javascript', mode: 'eachMessage' },
    peer: CKJS,
    share: SLOW,
    ...set(
      `partitionsConsumedConcurrently = partitions, ${COMMON}`,
      'MIGRATION.md; examples/performance/performance-primitives.js',
    ),
    note: 'all partitions at once',
  },
  {
    name: 'kafkajs-eachBatch',
    run: { module: 'kafkajs', mode: 'eachBatch' },
    peer: 'kafkajs',
    codecs: KAFKAJS_CODECS,
    share: SLOW * 2,
    ...set(
      'maxBytesPerPartition 2 MB, maxBytes 32 MB, partitionsConsumedConcurrently = partitions, eachBatchAutoResolve',
      'docs/Consuming.md',
    ),
    note: 'all partitions at once, maxBytesPerPartition 2 MB, maxBytes 32 MB',
  },
  {
    name: 'kafkajs-eachMessage',
    run: { module: 'kafkajs', mode: 'eachMessage' },
    peer: 'kafkajs',
    codecs: KAFKAJS_CODECS,
    share: SLOW * 2,
    ...set(
      'maxBytesPerPartition 2 MB, maxBytes 32 MB, partitionsConsumedConcurrently = partitions',
      'docs/Consuming.md',
    ),
    note: 'all partitions at once, maxBytesPerPartition 2 MB, maxBytes 32 MB',
  },
  {
    name: 'platformatic',
    run: { module: 'platformatic', mode: 'data', node: '24' },
    peer: PLATFORMATIC,
    share: SLOW * 2,
    ...set(
      'highWaterMark 10000, maxBytesPerPartition 1 MB, maxWaitTime 100, autocommit every second, no deserializers, native CRC (@node-rs/crc32)',
      'docs/consumer.md; benchmarks/consumer.ts, but not its fetches of 2 KB',
    ),
    note: "on('data'), on Node 24",
  },
  {
    name: 'python',
    run: { outside: 'python' },
    peer: 'confluent-kafka-python',
    share: SLOW * 4,
    ...set(`consume(10000, 0), ${COMMON}`, 'documentation of Consumer.consume'),
    note: 'consume(10000), which is rd_kafka_consume_batch_queue',
  },
  {
    name: 'java-perf',
    run: { outside: 'java' },
    ...{ peer: 'kafka-clients', countOnly: true },
    ...set(
      '--fetch-size 8 MB, -Xms512m -Xmx512m -XX:+UseG1GC, else as the tool has it',
      'kafka-consumer-perf-test --help',
    ),
    note: 'kafka-consumer-perf-test: fetching time without the group; no warm-up, count only',
  },
  {
    name: 'franz-go',
    run: { outside: 'go' },
    peer: 'franz-go',
    ...set('FetchMaxPartitionBytes 8 MB, ConsumerGroup, EachPartition', 'documentation of kgo; examples/bench/main.go'),
    note: 'PollFetches',
  },
];

const PRODUCE: Row[] = [
  {
    name: 'rdkafka_performance',
    run: { outside: 'performance' },
    ...{ peer: 'rdkafka_performance', countOnly: true },
    ...set(`-P -q, ${COMMON}`, 'rdkafka_performance -h'),
    note: "librdkafka's own example, -P: every payload the same memory; no warm-up, count only",
  },
  {
    name: 'node-rdkafka',
    run: { module: 'node-rdkafka', mode: 'high-level' },
    peer: 'node-rdkafka',
    share: SLOW_WRITER,
    ...set(`dr_cb, setPollInterval(10), ${COMMON}`, 'README.md, HighLevelProducer'),
    note: 'HighLevelProducer, a callback for each message',
  },
  {
    name: 'node-rdkafka-raw',
    run: { module: 'node-rdkafka', mode: 'raw' },
    peer: 'node-rdkafka',
    share: SLOW_WRITER,
    ...set(
      `dr_cb, setPollInterval(10), 1,000 messages a turn of the event loop, ${COMMON}`,
      'bench/producer-raw-rdkafka.js',
    ),
    note: "Producer with 'delivery-report' events",
  },
  {
    name: 'kafka-javascript',
    run: { module: 'kafka-javascript', mode: 'send' },
    peer: CKJS,
    share: SLOW_WRITER,
    ...set(
      `1,000 messages a send, as many sends at a time as the queue holds, ${COMMON}`,
      'examples/performance/performance-primitives.js, with sends of 100',
    ),
    note: 'send() of 1,000 messages, not awaited one by one',
  },
  {
    name: 'kafka-javascript-raw',
    run: { module: 'kafka-javascript', mode: 'raw' },
    peer: CKJS,
    share: SLOW_WRITER,
    ...set(
      `dr_cb, setPollInBackground(true), 1,000 messages a turn of the event loop, ${COMMON}`,
      'bench/producer-raw-rdkafka.js',
    ),
    note: "callback API, Producer with 'delivery-report' events, polled in the background",
  },
  {
    name: 'kafkajs',
    run: { module: 'kafkajs', mode: 'send' },
    peer: 'kafkajs',
    codecs: KAFKAJS_CODECS,
    share: SLOW_WRITER,
    ...set('acks -1, 1,000 messages a send, 5 sends at a time', 'docs/Producing.md'),
    note: 'send() of 1,000 messages, several at a time',
  },
  {
    name: 'platformatic',
    run: { module: 'platformatic', mode: 'send', node: '24' },
    peer: PLATFORMATIC,
    share: SLOW_WRITER,
    ...set(
      'acks -1, 1,000 messages a send, 5 sends at a time, no serializers, native CRC (@node-rs/crc32)',
      'docs/producer.md; benchmarks/producer-batch.ts, with sends of 100',
    ),
    note: 'send() of 1,000 messages, several at a time, on Node 24',
  },
  {
    name: 'python',
    run: { outside: 'python' },
    peer: 'confluent-kafka-python',
    share: SLOW_WRITER * 2,
    ...set(`on_delivery for each message, poll(0) every 1,000, ${COMMON}`, 'documentation of Producer.produce'),
    note: 'produce() with a delivery callback, poll(0)',
  },
  {
    name: 'java-perf',
    run: { outside: 'java' },
    ...{ peer: 'kafka-clients', countOnly: true },
    ...set(
      'acks=all, linger.ms=5, batch.size 256 KB, -Xms512m -Xmx512m -XX:+UseG1GC',
      'kafka-producer-perf-test --help',
    ),
    note: 'kafka-producer-perf-test, batch.size 256 KiB; no warm-up, count only',
  },
  {
    name: 'franz-go',
    run: { outside: 'go' },
    peer: 'franz-go',
    ...set('RequiredAcks(AllISRAcks), ProducerLinger 5 ms', 'documentation of kgo; examples/bench/main.go'),
    note: 'Produce with a promise for each record',
  },
];

/** The embedded cluster knows what librdkafka asks of it, and no more. */
const OVER_LIBRDKAFKA = ['rdkafka_performance', 'node-rdkafka', CKJS, 'confluent-kafka-python'];

export function rivals(suite: 'consume' | 'produce'): Subject[] {
  return (suite === 'consume' ? CONSUME : PRODUCE).map((row) => ({
    suite,
    ...row,
    ...(!OVER_LIBRDKAFKA.includes(row.peer as string) && { real: true }),
  }));
}

/** This client over each of the others, and C over them: what is possible on the machine. */
export const RIVAL_RATIOS = {
  consume: ['batches$', 'c-batch-queue'].flatMap((mine) => CONSUME.map(({ name }) => [mine, name] as const)),
  produce: ['send', 'sendBatch', 'c'].flatMap((mine) => PRODUCE.map(({ name }) => [mine, name] as const)),
};
