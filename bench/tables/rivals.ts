/** Rows of the other clients, each in its fastest documented ways. */
import type { Subject } from '../trials';

/** They read and write fewer messages: a rate needs no more. */
const SLOW = 0.1;
const SLOW_WRITER = 0.2;
const CKJS = '@confluentinc/kafka-javascript';
const PLATFORMATIC = '@platformatic/kafka';

type Row = Omit<Subject, 'suite'>;

const CONSUME: Row[] = [
  {
    name: 'rdkafka_performance',
    run: { outside: 'performance' },
    ...{ peer: 'rdkafka_performance', countOnly: true },
    note: "librdkafka's own example, -G: one rd_kafka_consumer_poll a message; no warm-up, count only",
  },
  {
    name: 'node-rdkafka',
    run: { module: 'node-rdkafka', mode: 'consume' },
    peer: 'node-rdkafka',
    share: SLOW,
    note: 'consume(n, callback), n = 1000',
  },
  {
    name: 'node-rdkafka-flowing',
    run: { module: 'node-rdkafka', mode: 'flowing' },
    peer: 'node-rdkafka',
    share: SLOW,
    note: "consume() and on('data')",
  },
  {
    name: 'kafka-javascript',
    run: { module: 'kafka-javascript', mode: 'consume' },
    peer: CKJS,
    share: SLOW,
    note: 'callback API, consume(n, callback), n = 1000',
  },
  {
    name: 'kafka-javascript-eachBatch',
    run: { module: 'kafka-javascript', mode: 'eachBatch' },
    peer: CKJS,
    share: SLOW,
    note: 'js.consumer.max.batch.size 10000, all partitions at once',
  },
  {
    name: 'kafka-javascript-eachMessage',
    run: { module: 'kafka-javascript', mode: 'eachMessage' },
    peer: CKJS,
    share: SLOW,
    note: 'all partitions at once',
  },
  {
    name: 'kafkajs-eachBatch',
    run: { module: 'kafkajs', mode: 'eachBatch' },
    peer: 'kafkajs',
    share: SLOW * 2,
    note: 'all partitions at once, maxBytesPerPartition 2 MB, maxBytes 32 MB',
  },
  {
    name: 'kafkajs-eachMessage',
    run: { module: 'kafkajs', mode: 'eachMessage' },
    peer: 'kafkajs',
    share: SLOW * 2,
    note: 'all partitions at once, maxBytesPerPartition 2 MB, maxBytes 32 MB',
  },
  {
    name: 'platformatic',
    run: { module: 'platformatic', mode: 'data', node: '24' },
    peer: PLATFORMATIC,
    share: SLOW * 2,
    note: "on('data'), highWaterMark 10000, maxBytesPerPartition 2 MB, on Node 24",
  },
  {
    name: 'python',
    run: { outside: 'python' },
    peer: 'confluent-kafka-python',
    share: SLOW * 4,
    note: 'consume(10000), which is rd_kafka_consume_batch_queue',
  },
  {
    name: 'java-perf',
    run: { outside: 'java' },
    ...{ peer: 'kafka-clients', countOnly: true },
    note: 'kafka-consumer-perf-test: fetching time without the group; no warm-up, count only',
  },
  { name: 'franz-go', run: { outside: 'go' }, peer: 'franz-go', note: 'PollFetches' },
];

const PRODUCE: Row[] = [
  {
    name: 'rdkafka_performance',
    run: { outside: 'performance' },
    ...{ peer: 'rdkafka_performance', countOnly: true },
    note: "librdkafka's own example, -P: every payload the same memory; no warm-up, count only",
  },
  {
    name: 'node-rdkafka',
    run: { module: 'node-rdkafka', mode: 'high-level' },
    peer: 'node-rdkafka',
    share: SLOW_WRITER,
    note: 'HighLevelProducer, a callback for each message',
  },
  {
    name: 'node-rdkafka-raw',
    run: { module: 'node-rdkafka', mode: 'raw' },
    peer: 'node-rdkafka',
    share: SLOW_WRITER,
    note: "Producer with 'delivery-report' events",
  },
  {
    name: 'kafka-javascript',
    run: { module: 'kafka-javascript', mode: 'send' },
    peer: CKJS,
    share: SLOW_WRITER,
    note: 'send() of 1,000 messages, not awaited one by one',
  },
  {
    name: 'kafka-javascript-raw',
    run: { module: 'kafka-javascript', mode: 'raw' },
    peer: CKJS,
    share: SLOW_WRITER,
    note: "callback API, Producer with 'delivery-report' events, polled in the background",
  },
  {
    name: 'kafkajs',
    run: { module: 'kafkajs', mode: 'send' },
    peer: 'kafkajs',
    share: SLOW_WRITER,
    note: 'send() of 1,000 messages, several at a time',
  },
  {
    name: 'platformatic',
    run: { module: 'platformatic', mode: 'send', node: '24' },
    peer: PLATFORMATIC,
    share: SLOW_WRITER,
    note: 'send() of 1,000 messages, several at a time, on Node 24',
  },
  {
    name: 'python',
    run: { outside: 'python' },
    peer: 'confluent-kafka-python',
    share: SLOW_WRITER * 2,
    note: 'produce() with a delivery callback, poll(0)',
  },
  {
    name: 'java-perf',
    run: { outside: 'java' },
    ...{ peer: 'kafka-clients', countOnly: true },
    note: 'kafka-producer-perf-test, batch.size 256 KiB; no warm-up, count only',
  },
  { name: 'franz-go', run: { outside: 'go' }, peer: 'franz-go', note: 'Produce with a promise for each record' },
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
