import { type Consumer, type Message, type MessageBatch, StateError, StreamBusyError, utf8 } from 'rdkafka-rx';
import { firstValueFrom, take, toArray } from 'rxjs';
import { Bench, gather, next, numbered, rejection, texts, thrown } from './harness';
import { upTo } from './streams-kit';

const bench = Bench.use();

async function assigned(count: number, options: { offset?: number } = {}) {
  const topic = await bench.topic();
  await bench.fill(topic, count);
  const consumer = bench.consumer({}, { value: utf8 });
  const at = { topic, partition: 0 };
  await consumer.assign([{ ...at, offset: options.offset ?? 'beginning' }]);
  return { topic, consumer, at };
}

describe('surfaces', () => {
  it('take() gives batches in order until everything is there', async () => {
    const { consumer } = await assigned(10_000);
    const messages = await gather(consumer, 10_000);
    expect(texts(messages)).toEqual(numbered(10_000));
    expect(messages.map(({ offset }) => offset)).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
  });

  it('take() waits for what is produced later', async () => {
    const { topic, consumer } = await assigned(0);
    const taken = consumer.take();
    await bench.fill(topic, 3);
    expect(texts((await taken) as MessageBatch<unknown, string>)[0]).toBe('v0');
  });

  it('take() with a signal rejects, and loses nothing', async () => {
    const { topic, consumer } = await assigned(0);
    const controller = new AbortController();
    const taken = rejection(consumer.take({ signal: controller.signal }));
    controller.abort();
    expect((await taken).code).toBe('ABORT_ERR');
    await bench.fill(topic, 3);
    expect(texts(await gather(consumer, 3))).toEqual(numbered(3));
  });

  it('take() answers null when the consumer closes', async () => {
    const { consumer } = await assigned(0);
    const taken = consumer.take();
    await consumer.close();
    expect(await taken).toBeNull();
    expect(await consumer.take()).toBeNull();
  });

  it('batches$ emits batches that carry their columns', async () => {
    const { topic, consumer } = await assigned(100);
    const batch = await firstValueFrom(consumer.batches$);
    expect([batch.topic, batch.partition, batch.firstOffset]).toEqual([topic, 0, 0]);
    expect(batch.values()).toEqual(numbered(batch.size));
    expect([...batch.offsets]).toEqual(Array.from({ length: batch.size }, (_, i) => i));
    expect(batch.timestamps.every((time) => time > 0)).toBe(true);
    expect(batch.at(-1)?.offset).toBe(batch.lastOffset);
  });

  it('messages$ emits every message in order', async () => {
    const { consumer } = await assigned(5_000);
    const messages = await firstValueFrom(consumer.messages$.pipe(take(5_000), toArray()));
    expect(texts(messages)).toEqual(numbered(5_000));
  });

  it('messages$ completes when the consumer closes', async () => {
    const { consumer } = await assigned(10);
    const seen: string[] = [];
    const completed = new Promise<void>((complete, error) =>
      consumer.messages$.subscribe({
        next: (message) => {
          seen.push(message.value);
          message.ack();
          if (seen.length === 10) void consumer.close();
        },
        complete,
        error,
      }),
    );
    await completed;
    expect(seen).toEqual(numbered(10));
  });

  it('for await goes on where a break left off acknowledging', async () => {
    const { consumer } = await assigned(3_000);
    let seen: string[] = [];
    for await (const batch of consumer) {
      seen = seen.concat(batch.values());
      batch.ack();
      break;
    }
    for await (const batch of consumer) {
      seen = seen.concat(batch.values());
      batch.ack();
      if (seen.length >= 3_000) break;
    }
    expect(seen).toEqual(numbered(3_000));
  });

  it('one reader at a time: the second is told so, and the first goes on', async () => {
    const { topic, consumer } = await assigned(0);
    const first = firstValueFrom(consumer.batches$);
    const error = await rejection(firstValueFrom(consumer.messages$));
    expect(error).toBeInstanceOf(StreamBusyError);
    expect(error.message).toMatch(/batches\$/);
    await bench.fill(topic, 1);
    expect((await first).values()).toEqual(['v0']);
  });

  it('eof$ comes after the last message, with the offset that is written next', async () => {
    const { topic, consumer } = await assigned(50);
    const order: string[] = [];
    const ended = next(consumer.eof$).then((eof) => {
      order.push('eof');
      return eof;
    });
    const reading = firstValueFrom(consumer.messages$.pipe(take(50), toArray())).then(() => order.push('messages'));
    expect(await ended).toMatchObject({ topic, partition: 0, offset: 50 });
    await reading;
    expect(order).toEqual(['messages', 'eof']);
  });

  it('eof$ comes again after more messages', async () => {
    const { topic, consumer } = await assigned(2);
    const ends: number[] = [];
    consumer.eof$.subscribe(({ offset }) => ends.push(offset));
    const again = next(consumer.eof$, ({ offset }) => offset === 3);
    consumer.messages$.subscribe((message) => message.ack());
    await next(consumer.eof$);
    await bench.fill(topic, 1);
    await again;
    expect(ends).toEqual([2, 3]);
  });

  it('fields that are not wanted read as null and none', async () => {
    const topic = await bench.topic();
    await bench.producer().send({ topic, key: 'k', value: 'v', headers: { h: 'x' } });
    const consumer = bench.reader({}, {}, { fields: ['key'] });
    await consumer.assign([{ topic, partition: 0, offset: 'beginning' }]);
    const [message] = await gather(consumer, 1);
    expect([message?.key?.toString(), message?.value, message?.headers.size, message?.timestamp]).toEqual([
      'k',
      null,
      0,
      -1,
    ]);
  });

  it('detached messages survive their batch', async () => {
    const { consumer } = await assigned(3);
    const [, second] = await gather(consumer, 3);
    const copy = second?.detach();
    expect([copy?.value, copy?.offset, copy?.rawValue?.toString()]).toEqual(['v1', 1, 'v1']);
  });
});

describe('assign', () => {
  it.each([
    ['an offset', 3, numbered(2, 3)],
    ['a bigint', 4n, numbered(1, 4)],
    ['the beginning', 'beginning', numbered(5)],
  ] as const)('from %s', async (_, offset, expected) => {
    const topic = await bench.topic();
    await bench.fill(topic, 5);
    const consumer = bench.reader({}, { value: utf8 });
    await consumer.assign([{ topic, partition: 0, offset }]);
    expect(texts(await gather(consumer, expected.length))).toEqual(expected);
  });

  it('from the end: only what comes later', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 5);
    const consumer = bench.reader({}, { value: utf8 });
    const atEnd = next(consumer.eof$);
    await consumer.assign([{ topic, partition: 0, offset: 'end' }]);
    const first = consumer.take();
    await atEnd;
    await bench.fill(topic, 1, { from: 5 });
    expect((await first)?.values()).toEqual(['v5']);
  });

  it('without an offset: what auto.offset.reset says', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 2);
    const consumer = bench.reader({ 'auto.offset.reset': 'earliest' }, { value: utf8 });
    await consumer.assign([{ topic, partition: 0 }]);
    expect(texts(await gather(consumer, 2))).toEqual(numbered(2));
  });

  it('from the stored offset of the group', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 5);
    const group = { 'group.id': `g-${topic}` };
    const before = bench.consumer(group);
    await before.commit({ topic, partition: 0, offset: 2 });
    await before.close();
    const consumer = bench.consumer(group, { value: utf8 });
    await consumer.assign([{ topic, partition: 0, offset: 'stored' }]);
    expect(texts(await gather(consumer, 3))).toEqual(numbered(3, 2));
  });

  it('replaces what was assigned', async () => {
    const topic = await bench.topic(2);
    await bench.fill(topic, 2, { partition: 0 });
    await bench.fill(topic, 2, { partition: 1, from: 10 });
    const consumer = bench.reader({}, { value: utf8 });
    await consumer.assign([{ topic, partition: 0, offset: 'beginning' }]);
    expect(texts(await gather(consumer, 2))).toEqual(['v0', 'v1']);
    await consumer.assign([{ topic, partition: 1, offset: 'beginning' }]);
    expect(consumer.assignment()).toEqual([{ topic, partition: 1 }]);
    expect(texts(await gather(consumer, 2))).toEqual(['v10', 'v11']);
  });

  it('again and again without waiting: the last one counts', async () => {
    // The second time that a partition was taken away before its first stop was answered, librdkafka ended the process.
    const topic = await bench.topic(8);
    const all = upTo(8).map((partition) => ({ topic, partition, offset: 'beginning' as const }));
    for (const { partition } of all) await bench.fill(topic, 1, { partition });
    const consumer = bench.reader({ 'fetch.wait.max.ms': 10 });
    for (let round = 0; round < 50; round++) {
      await consumer.assign(all);
      await consumer.take();
      await Promise.all(upTo(6).map((turn) => consumer.assign(turn % 2 ? all : all.slice(0, 4))));
    }
    await consumer.assign(all);
    expect((await gather(consumer, 8)).map(({ partition }) => partition).sort()).toEqual(upTo(8));
  });

  it('incrementally: adds and takes away without disturbing the others', async () => {
    const topic = await bench.topic(3);
    for (const partition of [0, 1, 2]) await bench.fill(topic, 2, { partition, from: partition * 10 });
    const consumer = bench.reader({}, { value: utf8 });
    const at = (partition: number) => ({ topic, partition, offset: 'beginning' as const });
    await consumer.incrementalAssign([at(0), at(1)]);
    expect(texts(await gather(consumer, 4)).sort()).toEqual(['v0', 'v1', 'v10', 'v11']);
    await consumer.incrementalAssign([at(2)]);
    expect(texts(await gather(consumer, 2))).toEqual(['v20', 'v21']);
    await consumer.incrementalUnassign([{ topic, partition: 1 }]);
    expect(consumer.assignment()).toEqual([
      { topic, partition: 0 },
      { topic, partition: 2 },
    ]);
    await bench.fill(topic, 1, { partition: 1, from: 99 });
    await bench.fill(topic, 1, { partition: 0, from: 2 });
    expect(texts(await gather(consumer, 1))).toEqual(['v2']);
  });

  it('incrementally at the end of another partition: what comes there next is read', async () => {
    const topic = await bench.topic(2);
    await bench.fill(topic, 2);
    const consumer = bench.reader({}, { value: utf8 });
    const ends = [2, 0].map((offset, partition) =>
      next(consumer.eof$, (end) => end.partition === partition && end.offset === offset),
    );
    await consumer.assign([{ topic, partition: 0, offset: 'beginning' }]);
    expect(texts(await gather(consumer, 2))).toEqual(numbered(2));
    await ends[0];
    // librdkafka pauses and resumes every partition for this. It used to go on one past the end.
    await consumer.incrementalAssign([{ topic, partition: 1, offset: 'beginning' }]);
    await ends[1];
    expect(consumer.position({ topic, partition: 0 })).toBe(2);
    await bench.fill(topic, 3, { from: 2 });
    expect(texts(await gather(consumer, 2))).toEqual(expect.arrayContaining(numbered(2, 2)));
  });

  it('unassign stops reading, and subscribe is possible then', async () => {
    const { topic, consumer } = await assigned(1);
    await gather(consumer, 1);
    await consumer.unassign();
    expect(consumer.assignment()).toEqual([]);
    await consumer.subscribe(topic);
    expect(texts(await gather(consumer, 1))).toEqual(['v0']);
  });

  it('and subscribe exclude each other', async () => {
    const { topic, consumer, at } = await assigned(1);
    expect(await rejection(consumer.subscribe(topic))).toBeInstanceOf(StateError);
    expect(thrown(() => consumer.stream(topic))).toBeInstanceOf(StateError);
    expect(texts(await gather(consumer, 1))).toEqual(['v0']);
    const other = bench.consumer();
    await other.subscribe(topic);
    for (const error of [await rejection(other.assign([at])), await rejection(other.incrementalAssign([at]))]) {
      expect(error).toBeInstanceOf(StateError);
      expect(error.code).toBe('ERR_KAFKA_CLIENT_STATE');
    }
  });
});

describe('seek', () => {
  it('goes on at the offset, and nothing of before is delivered any more', async () => {
    const { consumer, at } = await assigned(20_000);
    const seen: number[] = [];
    let sought = false;
    // Prefetched and buffered messages of before are in the way on purpose.
    while (!sought || seen.at(-1) !== 19_999) {
      const batch = (await consumer.take()) as MessageBatch<unknown, string>;
      if (sought) seen.push(...batch.offsets);
      batch.ack();
      if (sought) continue;
      await consumer.seek({ ...at, offset: 100 });
      sought = true;
    }
    expect(seen).toEqual(Array.from({ length: 19_900 }, (_, i) => i + 100));
  });

  it('drops what a parked reader would have got', async () => {
    const { consumer, at } = await assigned(1_000);
    const offsets: number[] = [];
    const done = new Promise<void>((resolve) => {
      consumer.messages$.subscribe((message) => {
        message.ack();
        offsets.push(message.offset);
        if (message.offset === 10) void consumer.seek({ ...at, offset: 990 });
        if (message.offset === 999) resolve();
      });
    });
    await done;
    expect(offsets).toEqual([...upTo(11), ...upTo(10, 990)]);
  });

  it('to the beginning and to the end', async () => {
    const { topic, consumer, at } = await assigned(10);
    await gather(consumer, 10);
    await consumer.seek({ ...at, offset: 'beginning' });
    expect(texts(await gather(consumer, 10))).toEqual(numbered(10));
    await bench.fill(topic, 5, { from: 10 });
    const atEnd = next(consumer.eof$, ({ offset }) => offset === 15);
    await consumer.seek({ ...at, offset: 'end' });
    const taken = consumer.take();
    await atEnd;
    await bench.fill(topic, 1, { from: 15 });
    expect((await taken)?.values()).toEqual(['v15']);
  });

  it('takes effect in order also when nobody waits: what was handed out before it is of before', async () => {
    const { consumer, at } = await assigned(10);
    const before: Message<unknown, string>[] = [];
    while (before.length < 10) before.push(...((await consumer.take()) as MessageBatch<unknown, string>));
    await Promise.allSettled([consumer.seek({ ...at, offset: 5 }, { timeoutMs: 0 })]);
    expect(texts(await gather(consumer, 5))).toEqual(numbered(5, 5));
    expect(before.map((message) => message.ack())).toEqual(Array(10).fill({ stale: true, why: 'rewound' }));
  });

  it('to what is committed is refused, and disturbs nothing', async () => {
    const { consumer, at } = await assigned(10);
    const first = (await consumer.take()) as MessageBatch<unknown, string>;
    first.ack();
    const error = await rejection(consumer.seek({ ...at, offset: 'stored' as 'end' }));
    expect(error).toMatchObject({ name: 'ArgumentError' });
    expect(texts([...first, ...(await gather(consumer, 10 - first.size))])).toEqual(numbered(10));
    await bench.fill(at.topic, 2, { from: 10 });
    expect(texts(await gather(consumer, 2))).toEqual(numbered(2, 10));
  });

  it('is refused for a partition that is not assigned', async () => {
    const { topic, consumer } = await assigned(1);
    const error = await rejection(consumer.seek({ topic, partition: 1, offset: 0 }));
    expect(error).toMatchObject({ name: 'StateError', code: 'ERR_KAFKA_CLIENT_STATE' });
    expect(texts(await gather(consumer, 1))).toEqual(['v0']);
  });
});

describe('pause and resume', () => {
  it('hold one partition while the other goes on', async () => {
    const topic = await bench.topic(2);
    const consumer = bench.reader({}, { value: utf8 });
    await consumer.assign([0, 1].map((partition) => ({ topic, partition, offset: 'beginning' })));
    const held = { topic, partition: 0 };
    consumer.pause([held]);
    expect(consumer.paused()).toEqual([held]);
    await bench.fill(topic, 3, { partition: 0 });
    await bench.fill(topic, 3, { partition: 1, from: 10 });
    expect(texts(await gather(consumer, 3))).toEqual(numbered(3, 10));
    await bench.fill(topic, 1, { partition: 1, from: 13 });
    expect(texts(await gather(consumer, 1))).toEqual(['v13']);
    consumer.resume([held]);
    expect(consumer.paused()).toEqual([]);
    expect(texts(await gather(consumer, 3))).toEqual(numbered(3));
  });

  it('from inside of a handler: the next message is not delivered before resume', async () => {
    const { consumer } = await assigned(100);
    const seen: number[] = [];
    const third = new Promise<void>((resolve) => {
      consumer.messages$.subscribe((message) => {
        message.ack();
        seen.push(message.offset);
        if (message.offset === 2) {
          consumer.pause();
          resolve();
        }
      });
    });
    await third;
    await consumer.watermarks(consumer.assignment()[0] as { topic: string; partition: number });
    expect(seen).toEqual([0, 1, 2]);
    const all = next(consumer.eof$);
    consumer.resume();
    await all;
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('are refused for a partition that is not assigned', async () => {
    const { topic, consumer } = await assigned(1);
    for (const call of [consumer.pause, consumer.resume]) {
      expect(thrown(() => call.call(consumer as Consumer<never, never>, [{ topic, partition: 7 }]))).toBeInstanceOf(
        StateError,
      );
    }
  });
});

describe('position', () => {
  it('is the next offset to be delivered', async () => {
    const { consumer, at } = await assigned(10, { offset: 4 });
    expect(consumer.position(at)).toBe(4);
    await gather(consumer, 6);
    expect(consumer.position(at)).toBe(10);
    await consumer.seek({ ...at, offset: 2 });
    expect(consumer.position(at)).toBe(2);
  });

  it('is refused for a partition that is not assigned', async () => {
    const { topic, consumer } = await assigned(1);
    expect(thrown(() => consumer.position({ topic, partition: 3 }))).toBeInstanceOf(StateError);
  });
});

describe('watermarks', () => {
  it('queried and cached', async () => {
    const { topic, consumer, at } = await assigned(7);
    expect(await consumer.watermarks(at)).toEqual({ low: 0, high: 7 });
    expect(consumer.cachedWatermarks({ topic: 'never-heard-of', partition: 0 })).toBeNull();
    await gather(consumer, 7);
    expect(consumer.cachedWatermarks(at)).toEqual({ low: 0, high: 7 });
    await bench.fill(topic, 1);
    expect(await consumer.watermarks(at)).toEqual({ low: 0, high: 8 });
  });
});

describe('offsetsForTimes', () => {
  it('says null when there is none', async () => {
    const topic = await bench.topic();
    const consumer = bench.consumer();
    // The embedded cluster keeps no index of times: what is found is asked of a real Kafka.
    const at = { topic, partition: 0 };
    expect(await consumer.offsetsForTimes([{ ...at, timestamp: new Date() }])).toEqual([{ ...at, offset: null }]);
    expect(await consumer.offsetsForTimes([])).toEqual([]);
  });
});

describe('metadata', () => {
  it('of one topic and of all', async () => {
    const topic = await bench.topic(3);
    const consumer = bench.consumer();
    const { brokers, topics } = await consumer.metadata(topic);
    expect(brokers).toEqual([{ id: 1, host: '127.0.0.1', port: expect.any(Number) }]);
    expect(topics.map(({ name, partitions }) => [name, partitions.map(({ id, leader }) => [id, leader])])).toEqual([
      [
        topic,
        [
          [0, 1],
          [1, 1],
          [2, 1],
        ],
      ],
    ]);
    expect((await consumer.metadata()).topics.map(({ name }) => name)).toContain(topic);
  });
});
