/** A million messages of every shape through a real Kafka, compared by digest, partition by partition. */
import { createHash, type Hash } from 'node:crypto';
import { Consumer, type MessageBatch, Producer, type ProducerRecord } from 'rdkafka-rx';
import { CODECS } from '../support/codecs';
import { expectHandles } from '../support/handles';
import { type Kafka, startKafka } from '../support/kafka';

jest.setTimeout(300_000);

const PARTITIONS = 6;
const MESSAGES = 1_000_000;
const LARGEST = 5 * 1024 * 1024;

let kafka: Kafka;
beforeAll(async () => {
  kafka = await startKafka();
});
afterAll(() => expectHandles(0));

/** Bytes that no codec makes smaller, and the same in every run. */
const pool = (() => {
  const bytes = Buffer.alloc(2 * LARGEST);
  let state = 0x9e3779b9;
  for (let i = 0; i < bytes.length; i += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeInt32LE(state | 0, i);
  }
  return bytes;
})();

const slice = (i: number, length: number) => pool.subarray((i * 7919) % LARGEST, ((i * 7919) % LARGEST) + length);

type Data = Uint8Array | null;

/** Record `i`: null, empty, small, up to 20 KB, and now and then up to 5 MB. */
function record(i: number): ProducerRecord & { key: Data; value: Data; headers: [string, Data][] } {
  const key = i % 11 === 0 ? null : i % 13 === 0 ? Buffer.alloc(0) : slice(i, 1 + (i % 24));
  let value: Data = slice(i + 1, i % 120);
  if (i % 17 === 0) value = null;
  else if (i % 19 === 0) value = Buffer.alloc(0);
  else if (i % 62_501 === 1) value = slice(i, i % 62_501 === 1 && i < 70_000 ? LARGEST : 1 + ((i * 31) % LARGEST));
  else if (i % 1_009 === 0) value = slice(i, i % 20_000);
  const headers: [string, Data][] = [];
  if (i % 10 === 0) headers.push(['trace', slice(i, 16)], ['null', null]);
  if (i % 70 === 0) headers.push(['trace', Buffer.alloc(0)], ['größe', slice(i, 3)]);
  return { topic: '', partition: i % PARTITIONS, key, value, headers, timestamp: 1_600_000_000_000 + i };
}

const lengths = Buffer.alloc(20);

function digest(
  hash: Hash,
  offset: number,
  {
    key,
    value,
    headers,
    timestamp,
  }: { key: Data; value: Data; headers: Iterable<readonly [string, Data]>; timestamp: unknown },
): void {
  lengths.writeUInt32LE(offset, 0);
  lengths.writeInt32LE(key?.length ?? -1, 4);
  lengths.writeInt32LE(value?.length ?? -1, 8);
  lengths.writeDoubleLE(timestamp as number, 12);
  hash.update(lengths);
  if (key) hash.update(key);
  if (value) hash.update(value);
  for (const [name, data] of headers) {
    hash.update(`${name}=${data?.length ?? -1};`);
    if (data) hash.update(data);
  }
}

const hashes = () => Array.from({ length: PARTITIONS }, () => createHash('sha1'));

it('reads what was written: keys, headers, nulls, empties, 0 B to 5 MB, every codec', async () => {
  const topic = `round-trip-${process.pid}`;
  // The timestamps are years old: without a limit on their age they stay.
  const config = { 'max.message.bytes': '6000000', 'retention.ms': '-1' };
  await kafka.createTopic(topic, { partitions: PARTITIONS, config });
  const written = hashes();
  const counts = new Array<number>(PARTITIONS).fill(0);
  let at = 0;
  for (const codec of CODECS) {
    await using producer = new Producer({
      'bootstrap.servers': kafka.brokers,
      'compression.type': codec,
      'enable.idempotence': true,
      'message.max.bytes': 6_000_000,
      'linger.ms': 5,
    });
    const end = at + MESSAGES / CODECS.length;
    const sent: Promise<unknown>[] = [];
    while (at < end) {
      await producer.ready();
      const records = [];
      for (const stop = Math.min(end, at + 2_000); at < stop; at++) {
        const one = record(at);
        records.push(one);
        const partition = at % PARTITIONS;
        digest(written[partition] as Hash, (counts[partition] as number)++, one as never);
      }
      sent.push(producer.sendBatch({ topic, records }));
    }
    for (const report of await Promise.all(sent)) expect((report as { failed: number }).failed).toBe(0);
  }

  await using consumer = new Consumer({ 'bootstrap.servers': kafka.brokers });
  const read = hashes();
  const next = new Array<number>(PARTITIONS).fill(0);
  await consumer.assign(next.map((_, partition) => ({ topic, partition, offset: 'beginning' })));
  let left = MESSAGES;
  while (left > 0) {
    const batch = (await consumer.take()) as MessageBatch;
    const { partition } = batch;
    for (const message of batch) {
      // In order, and not one of them missing or twice.
      const expected = (next[partition] as number)++;
      if (message.offset !== expected) throw new Error(`${partition}: offset ${message.offset} instead of ${expected}`);
      digest(read[partition] as Hash, expected, message);
    }
    left -= batch.size;
    batch.ack();
  }
  expect(next).toEqual(counts);
  expect(read.map((hash) => hash.digest('hex'))).toEqual(written.map((hash) => hash.digest('hex')));
  await kafka.deleteTopic(topic);
});
