import { type DeliveryReport, int64, json, type Message, type ProducerRecord, utf8 } from 'rdkafka-rx';
import { CODECS } from '../support/codecs';
import { Bench, gather, next, rejection, texts } from './harness';

const bench = Bench.use({ brokers: 1 });

async function roundTrip(record: Omit<ProducerRecord, 'topic'>): Promise<Message> {
  const topic = await bench.topic();
  await bench.producer().send({ topic, ...record });
  const [[message] = []] = await bench.contents(topic);
  return message as Message;
}

describe('the report of a sent record', () => {
  it('has topic, partition, offset, timestamp and persistence', async () => {
    const topic = await bench.topic(2);
    const producer = bench.producer();
    const reports: DeliveryReport[] = [];
    for (const value of ['a', 'b']) reports.push(await producer.send({ topic, partition: 1, value }));
    // The embedded cluster answers with a time of its own; the one that was given is read back below.
    const timestamp = expect.any(Number);
    const common = { topic, partition: 1, timestamp, persistence: 'persisted', error: null };
    expect(reports).toEqual([
      { ...common, offset: 0 },
      { ...common, offset: 1 },
    ]);
  });

  it('has no offset with acks 0, and says that nobody knows', async () => {
    const topic = await bench.topic();
    const { offset, persistence } = await bench.producer({ acks: 0 }).send({ topic, value: 'x' });
    expect(offset).toBe(-1);
    expect(persistence).not.toBe('persisted');
  });

  it('of a batch has columns in the order of the records', async () => {
    const topic = await bench.topic(3);
    const records = [2, 0, 1, 0, 2].map((partition) => ({ partition, value: String(partition) }));
    const report = await bench.producer().sendBatch({ topic, records });
    expect(report.size).toBe(5);
    expect(report.failed).toBe(0);
    expect([...report.partitions]).toEqual([2, 0, 1, 0, 2]);
    expect([...report.offsets]).toEqual([0, 0, 0, 1, 1]);
    expect(report.errorAt(3)).toBeNull();
  });

  it('of a batch over several topics has each its own', async () => {
    const [one, two] = [await bench.topic(), await bench.topic()];
    const report = await bench.producer().sendBatch([
      { topic: one, value: 'a' },
      { topic: two, value: 'b' },
      { topic: one, value: 'c' },
    ]);
    expect([...report.offsets]).toEqual([0, 0, 1]);
    expect(texts((await bench.contents(one))[0] ?? [])).toEqual(['a', 'c']);
    expect(texts((await bench.contents(two))[0] ?? [])).toEqual(['b']);
  });

  it('of an empty batch comes at once', async () => {
    const report = await bench.producer().sendBatch({ topic: 'any', records: [] });
    expect([report.size, report.failed, report.offsets.length]).toEqual([0, 0, 0]);
  });
});

describe('what is sent is what is read', () => {
  it.each([
    ['null key, empty value', null, '', null, ''],
    ['empty key, null value', '', null, '', null],
    ['no key', undefined, 'v', null, 'v'],
    ['text beyond ASCII', 'clé', 'Füße 漢字 😀', 'clé', 'Füße 漢字 😀'],
    ['NUL characters', 'a\0b', '\0', 'a\0b', '\0'],
  ])('%s', async (_, key, value, readKey, readValue) => {
    const message = await roundTrip({ key, value });
    expect(message.key?.toString() ?? null).toBe(readKey);
    expect(message.value?.toString() ?? null).toBe(readValue);
  });

  it('every byte', async () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const { key, value } = await roundTrip({ key: all, value: all.subarray(7) });
    expect(key).toEqual(Buffer.from(all));
    expect(value).toEqual(Buffer.from(all).subarray(7));
  });

  it('headers: binary, repeated, null, empty, in order', async () => {
    const headers: [string, string | Uint8Array | null][] = [
      ['b', Buffer.from([0, 255, 0])],
      ['a', 'text é'],
      ['b', null],
      ['', ''],
      ['é', 'name beyond ASCII'],
      ['b', 'last'],
    ];
    const message = await roundTrip({ value: 'v', headers });
    expect(message.headers.entries).toEqual(
      headers.map(([name, value]) => [name, value === null ? null : Buffer.from(value as string)]),
    );
    expect(message.headers.get('b')?.toString()).toBe('last');
    expect(message.headers.getAll('b')).toEqual([Buffer.from([0, 255, 0]), null, Buffer.from('last')]);
    expect(message.headers.get('none')).toBeUndefined();
  });

  it('headers as an object, whose arrays repeat their name', async () => {
    const message = await roundTrip({ value: null, headers: { one: '1', two: ['a', null], none: [] } });
    const pairs = message.headers.entries.map(([name, value]) => [name, value?.toString() ?? null]);
    expect(pairs).toEqual([
      ['one', '1'],
      ['two', 'a'],
      ['two', null],
    ]);
  });

  it('no headers', async () => {
    expect((await roundTrip({ value: 'v' })).headers.size).toBe(0);
    expect((await roundTrip({ value: 'v', headers: {} })).headers.size).toBe(0);
  });

  it('keys, values and headers, also where the outgoing buffer has to grow', async () => {
    const topic = await bench.topic();
    const records = Array.from({ length: 3_000 }, (_, i) => ({
      key: `key ${i}`,
      value: `value ${i} ${'x'.repeat(i % 90)}`,
      headers: [[`name ${i}`, 'h'.repeat(i % 300)]] as [string, string][],
    }));
    await bench.producer().sendBatch({ topic, records });
    const [found = []] = await bench.contents(topic);
    const plain = found.map(({ key, value, headers }) => ({
      key: String(key),
      value: String(value),
      headers: headers.entries.map(([name, data]) => [name, String(data)]),
    }));
    expect(plain).toEqual(records);
  });

  it('timestamps: given as number, as Date, and by default now', async () => {
    const topic = await bench.topic();
    const producer = bench.producer();
    const before = Date.now();
    await producer.send({ topic, value: '0', timestamp: 1 });
    await producer.send({ topic, value: '1', timestamp: new Date('2001-02-03T04:05:06.789Z') });
    await producer.send({ topic, value: '2' });
    const [found = []] = await bench.contents(topic);
    expect(found.map(({ timestampType }) => timestampType)).toEqual(['create', 'create', 'create']);
    const [one, two, now] = found.map(({ timestamp }) => timestamp);
    expect([one, two]).toEqual([1, Date.parse('2001-02-03T04:05:06.789Z')]);
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  it('values larger than a chunk, next to small ones', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'message.max.bytes': 5_000_000 });
    const values = [10, 900_000, 0, 300_000, 1, 2_000_000].map((size, i) => Buffer.alloc(size, i + 1));
    await producer.sendBatch({ topic, records: values.map((value) => ({ value })) });
    const [found = []] = await bench.contents(topic);
    expect(found.map(({ value }, i) => value?.equals(values[i] as Buffer))).toEqual(values.map(() => true));
  });

  it('the caller may reuse its buffer right after send', async () => {
    const topic = await bench.topic();
    const producer = bench.producer();
    const buffer = Buffer.from('first');
    const sent = producer.send({ topic, value: buffer });
    buffer.fill('x');
    await sent;
    expect(texts((await bench.contents(topic))[0] ?? [])).toEqual(['first']);
  });

  it.each(CODECS)('with compression %s', async (codec) => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'compression.type': codec, 'linger.ms': 20 });
    const values = Array.from({ length: 500 }, (_, i) => `${i}:${'compressible '.repeat(20)}`);
    await producer.sendBatch({ topic, records: values.map((value) => ({ value })) });
    expect(texts((await bench.contents(topic))[0] ?? [])).toEqual(values);
  });
});

describe('which partition', () => {
  it('is the one that was named', async () => {
    const topic = await bench.topic(4);
    const { partition } = await bench.producer().send({ topic, key: 'k', partition: 3, value: 'v' });
    expect(partition).toBe(3);
  });

  it('is the same for the same key, and follows the hash that Java uses', async () => {
    const topic = await bench.topic(8);
    const producer = bench.producer();
    const records = Array.from({ length: 400 }, (_, i) => ({ key: `key-${i % 40}`, value: String(i) }));
    const { partitions } = await producer.sendBatch({ topic, records });
    const byKey = new Map<string, Set<number>>();
    records.forEach(({ key }, i) => {
      byKey.set(key, (byKey.get(key) ?? new Set()).add(partitions[i] as number));
    });
    expect([...byKey.values()].every((seen) => seen.size === 1)).toBe(true);
    expect(new Set(partitions).size).toBeGreaterThan(4);
    expect([...partitions]).toEqual(records.map(({ key }) => murmur2(key) % 8));
  });

  it('is what another partitioner chooses', async () => {
    const topic = await bench.topic(8);
    const records = Array.from({ length: 100 }, (_, i) => ({ key: `key-${i}`, value: String(i) }));
    const java = await bench.producer().sendBatch({ topic, records });
    const other = await bench.producer({ partitioner: 'fnv1a' }).sendBatch({ topic, records });
    expect([...other.partitions]).not.toEqual([...java.partitions]);
  });

  const keyless = (count: number) => Array.from({ length: count }, (_, i) => ({ value: String(i) }));

  it('is one for all records without a key, until it is another one’s turn', async () => {
    const topic = await bench.topic(8);
    const stays = bench.producer({ 'sticky.partitioning.linger.ms': 600_000 });
    await stays.send({ topic, value: 'until then no partition has a leader' });
    const first = await stays.sendBatch({ topic, records: keyless(1000) });
    const then = await stays.sendBatch({ topic, records: keyless(1000) });
    expect(new Set([...first.partitions, ...then.partitions]).size).toBe(1);
    const { partition } = await stays.send({ topic, value: 'alone' });
    expect(partition).toBe(first.partitions[0]);
    // In the order in which they were sent, though they were handed over in several runs.
    const { offsets } = first;
    expect([...offsets]).toEqual(Array.from({ length: 1000 }, (_, i) => (offsets[0] as number) + i));

    const moves = bench.producer({ 'sticky.partitioning.linger.ms': 1 });
    const seen = new Set<number>();
    while (seen.size < 8)
      for (const at of (await moves.sendBatch({ topic, records: keyless(10) })).partitions) seen.add(at);
  });

  it('is that of the topic: each has its own', async () => {
    const [one, other] = [await bench.topic(64), await bench.topic(64)];
    const producer = bench.producer({ 'sticky.partitioning.linger.ms': 600_000 });
    for (const topic of [one, other]) await producer.send({ topic, value: 'until then no partition has a leader' });
    const records = Array.from({ length: 200 }, (_, i) => ({ topic: i % 2 ? one : other, value: String(i) }));
    const { partitions } = await producer.sendBatch(records);
    expect(new Set(partitions.filter((_, i) => i % 2)).size).toBe(1);
    expect(new Set(partitions.filter((_, i) => !(i % 2))).size).toBe(1);
  });

  it.each([
    ['without stickiness', { 'sticky.partitioning.linger.ms': 0 } as const],
    ['without lingering', { 'linger.ms': 0 } as const],
  ])('is any for each record without a key, %s', async (_, config) => {
    const topic = await bench.topic(4);
    const producer = bench.producer(config);
    await producer.metadata(topic);
    const { partitions } = await producer.sendBatch({ topic, records: keyless(400) });
    expect(new Set(partitions).size).toBe(4);
  });

  it('is the hash of no key, where the partitioner is asked to hash it', async () => {
    const topic = await bench.topic(4);
    const producer = bench.producer({ partitioner: 'murmur2', 'sticky.partitioning.linger.ms': 1 });
    const { partitions } = await producer.sendBatch({ topic, records: keyless(1000) });
    expect(new Set(partitions).size).toBe(1);
  });

  it('keeps keys in their partitions when some records have none', async () => {
    const topic = await bench.topic(8);
    const producer = bench.producer({ 'sticky.partitioning.linger.ms': 600_000 });
    await producer.send({ topic, value: 'until then no partition has a leader' });
    const records = Array.from({ length: 300 }, (_, i) => ({ key: i % 3 ? `key-${i}` : null, value: String(i) }));
    const { partitions } = await producer.sendBatch({ topic, records });
    const wanted = records.map(({ key }) => (key === null ? partitions[0] : murmur2(key) % 8));
    expect([...partitions]).toEqual(wanted);
  });
});

/** Java's default: `toPositive(murmur2(key))`. */
function murmur2(key: string): number {
  const data = Buffer.from(key);
  const m = 0x5bd1e995;
  let h = 0x9747b28c ^ data.length;
  let i = 0;
  for (; i + 4 <= data.length; i += 4) {
    let k = Math.imul(data.readInt32LE(i), m);
    k = Math.imul(k ^ (k >>> 24), m);
    h = Math.imul(h, m) ^ k;
  }
  for (let left = data.length - i, byte = left - 1; byte >= 0; byte--) h ^= (data[i + byte] as number) << (8 * byte);
  if (i < data.length) h = Math.imul(h, m);
  h ^= h >>> 13;
  h = Math.imul(h, m);
  return (h ^ (h >>> 15)) & 0x7fffffff;
}

describe('serializers', () => {
  it('get topic, field and headers', async () => {
    const topic = await bench.topic();
    const seen: unknown[] = [];
    const spy = {
      serialize(data: string, context: { topic: string; field: string; headers?: unknown }) {
        seen.push([data, context.topic, context.field, context.headers]);
        return data;
      },
    };
    const producer = bench.producer({}, { key: spy, value: spy });
    await producer.send({ topic, key: 'k', value: 'v', headers: { h: 'x' } });
    const headers = [['h', Buffer.from('x')]];
    expect(seen).toEqual([
      ['k', topic, 'key', headers],
      ['v', topic, 'value', headers],
    ]);
  });

  it('of the built-in types write what they read', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({}, { key: int64, value: json<{ a: number }>() });
    await producer.send({ topic, key: -(2n ** 63n), value: { a: 1.5 } });
    const consumer = bench.reader({}, { key: int64, value: json<{ a: number }>() });
    await consumer.assign([{ topic, partition: 0, offset: 'beginning' }]);
    const [message] = await gather(consumer, 1);
    expect([message?.key, message?.value]).toEqual([-(2n ** 63n), { a: 1.5 }]);
  });

  it('that answer later keep the order of the sends', async () => {
    const topic = await bench.topic();
    const waiting: (() => void)[] = [];
    const value = {
      async: true as const,
      serialize: (data: string) => new Promise<string>((resolve) => waiting.push(() => resolve(data))),
    };
    const producer = bench.producer({}, { value });
    const sent = ['a', 'b', 'c'].map((text) => producer.send({ topic, value: text }));
    const batch = producer.sendBatch({ topic, records: [{ value: 'd' }, { value: 'e' }] });
    await turns(() => waiting.length === 5);
    for (const answer of waiting.reverse()) answer();
    expect((await Promise.all(sent)).map(({ offset }) => offset)).toEqual([0, 1, 2]);
    expect([...(await batch).offsets]).toEqual([3, 4]);
    expect(texts((await bench.contents(topic))[0] ?? [])).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('that fail reject that send alone', async () => {
    const topic = await bench.topic();
    const value = {
      async: true as const,
      serialize: async (data: string) => {
        if (data === 'bad') throw new Error('no schema');
        return data;
      },
    };
    const producer = bench.producer({}, { value });
    const [good, bad, after] = await Promise.allSettled(
      ['good', 'bad', 'after'].map((text) => producer.send({ topic, value: text })),
    );
    expect(good).toMatchObject({ value: { offset: 0 } });
    expect(bad).toMatchObject({ reason: { code: 'ERR_KAFKA_CLIENT_ENCODE', status: 'not-persisted' } });
    expect(after).toMatchObject({ value: { offset: 1 } });
  });

  it('that fail in a batch send nothing of it', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({}, { value: utf8 });
    const error = await rejection(producer.sendBatch({ topic, records: [{ value: 'a' }, { value: 7 as never }] }));
    expect(error).toMatchObject({ name: 'ProduceError', code: 'ERR_KAFKA_CLIENT_ENCODE' });
    const { offset } = await producer.send({ topic, value: 'b' });
    expect(offset).toBe(0);
  });
});

/** Turns of the event loop until `done`. */
async function turns(done: () => boolean): Promise<void> {
  while (!done()) await new Promise(setImmediate);
}

it('deliveries$ tells every report, also of batches and failures', async () => {
  const topic = await bench.topic();
  const producer = bench.producer();
  const reports: DeliveryReport[] = [];
  const seen = next(producer.deliveries$, (report) => {
    reports.push(report);
    return reports.length === 4;
  });
  const failed = rejection(producer.send({ topic, partition: 9, value: 'nowhere' }));
  await producer.send({ topic, value: 'a' });
  await producer.sendBatch({ topic, records: [{ value: 'b' }, { value: 'c' }] });
  await failed;
  await seen;
  expect(reports.filter(({ error }) => error === null).map(({ offset }) => offset)).toEqual([0, 1, 2]);
  const bad = reports.find(({ error }) => error !== null);
  expect(bad).toMatchObject({ topic, offset: -1, persistence: 'not-persisted' });
  expect(bad?.error?.code).toBe('ERR_KAFKA__UNKNOWN_PARTITION');
});

it('deliveries$ and events$ complete with the producer', async () => {
  const producer = bench.producer();
  const ended = Promise.all(
    [producer.deliveries$, producer.events$, producer.errors$].map(
      (source) => new Promise<void>((complete) => (source as typeof producer.events$).subscribe({ complete })),
    ),
  );
  await producer.close();
  await ended;
});
