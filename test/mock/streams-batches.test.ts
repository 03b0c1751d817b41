/** Why batches close, when messages count as done, and what is committed then. */
import { ArgumentError, type BatchOptions, type BatchReason, type MessageBatch, StateError, utf8 } from 'rdkafka-rx';
import { firstValueFrom, take, toArray } from 'rxjs';
import { Bench, next, numbered, quick, rejection, texts, thrown } from './harness';
import { arrived, event, filled, outlivesNothing, recorded, stored, upTo } from './streams-kit';

outlivesNothing();
const bench = Bench.use();
const LONG = 20_000;

describe('a batch closes', () => {
  /** Sizes and reasons of all batches of a bounded read. */
  async function batches(batch: BatchOptions, ...counts: number[]): Promise<[number, BatchReason][]> {
    const { topic, group } = await filled(bench, ...counts);
    const consumer = bench.consumer({ 'group.id': group }, { value: utf8 });
    const found: MessageBatch<Buffer | null, string>[] = [];
    for await (const one of consumer.stream(topic, { until: 'eof', batch })) {
      found.push(one);
      one.ack();
    }
    const offsets = upTo(counts.length).map((partition) =>
      found.flatMap((one) => [...one]).flatMap((message) => (message.partition === partition ? [message.offset] : [])),
    );
    expect(offsets).toEqual(counts.map((count) => upTo(count)));
    await consumer.commit();
    expect(await stored(bench, group, topic, counts.length)).toEqual(counts);
    return found.map(({ size, reason }) => [size, reason]);
  }

  it('by count; the tail comes with the end of the partition', async () => {
    expect(await batches({ count: 4, ms: LONG }, 10)).toEqual([
      [4, 'count'],
      [4, 'count'],
      [2, 'eof'],
    ]);
  });

  it('by bytes; a larger message is a batch of its own', async () => {
    // v0 … v9 have two bytes, v10 and v11 three.
    expect(await batches({ bytes: 5, ms: LONG }, 12)).toEqual([
      ...new Array(4).fill([2, 'bytes']),
      [2, 'bytes'],
      [1, 'bytes'],
      [1, 'eof'],
    ]);
    expect(await batches({ bytes: 1, ms: LONG }, 3)).toEqual([
      [1, 'bytes'],
      [1, 'bytes'],
      [1, 'eof'],
    ]);
  });

  it('at the end of the partition, and says where that is', async () => {
    const { topic } = await filled(bench, 3);
    const stream = bench.consumer().stream(topic, { batch: { count: 100, ms: LONG } });
    expect(await stream.take()).toMatchObject({ size: 3, reason: 'eof', eof: 3 });
    const second = stream.take();
    await bench.fill(topic, 2, { from: 3 });
    expect(await second).toMatchObject({ size: 2, reason: 'eof', eof: 5 });
  });

  it('by time, measured from its oldest message', async () => {
    const { topic } = await filled(bench, 3);
    const consumer = bench.consumer();
    const stream = consumer.stream(topic, { batch: { count: 100, ms: 150, onEof: false } });
    const began = performance.now();
    const batch = await stream.take();
    expect(batch).toMatchObject({ size: 3, reason: 'time' });
    // The messages came after this, and the timer may be a millisecond early.
    expect(performance.now() - began).toBeGreaterThanOrEqual(149);
  });

  it.each(['revoke', 'stop'] as const)('on %s, and is committed before it is over', async (reason) => {
    const { topic, group } = await filled(bench, 3);
    const batch = { count: 100, ms: LONG, onEof: false };
    const consumer = bench.consumer({ 'group.id': group }, {}, { stream: { batch } });
    const came = arrived(consumer, 3);
    await consumer.subscribe(topic);
    const open = consumer.take();
    await came;
    const revoked = event(consumer, 'revoked');
    const over = reason === 'revoke' ? consumer.unsubscribe().then(() => revoked) : consumer.stop();
    const closed = await open;
    expect(closed).toMatchObject({ size: 3, reason });
    expect(closed?.ack()).toEqual({ stale: false });
    expect(await over).toMatchObject({ drained: true, abandoned: [] });
    expect(await stored(bench, group, topic)).toEqual([3]);
  });

  it('over several partitions: counted together, and at the end when all are at theirs', async () => {
    const sizes = await batches({ count: 8, ms: LONG, scope: 'stream' }, 9, 0, 6, 6);
    expect(sizes.reduce((sum, [size]) => sum + size, 0)).toBe(21);
    expect(sizes.slice(0, 2)).toEqual(new Array(2).fill([8, 'count']));
    expect(sizes.slice(2)).toEqual([[5, 'eof']]);
  });

  it('over several partitions, mixed, acknowledged with one call', async () => {
    const { topic, group } = await filled(bench, 2, 2);
    const consumer = bench.consumer({ 'group.id': group });
    const stream = consumer.stream(topic, { batch: { count: 4, ms: LONG, scope: 'stream' } });
    const batch = await stream.take();
    expect(batch).toMatchObject({ size: 4, mixed: true, reason: 'count' });
    expect(
      batch
        ?.ends()
        .map(({ partition, offset }) => [partition, offset])
        .sort(),
    ).toEqual([
      [0, 2],
      [1, 2],
    ]);
    batch?.ack();
    await consumer.commit();
    expect(await stored(bench, group, topic, 2)).toEqual([2, 2]);
  });

  it.each([
    ['count', { count: 51 }, /a batch of 51 messages can never be full.*raise the credit 'laneMessages' to 102/],
    ['bytes', { bytes: 5001 }, /a batch of 5001 bytes can never be full.*raise the credit 'laneBytes' to 10002/],
  ] as const)('never, when it is larger than the credit: refused (%s)', async (_, batch, sentence) => {
    const consumer = bench.consumer({}, {}, { credit: { laneMessages: 100, laneBytes: 10_000 } });
    const error = thrown(() => consumer.stream('t', { batch }));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toMatch(sentence);
    expect(consumer.subscription()).toEqual([]);
  });

  it('when it is as large as half of the credit', async () => {
    const { topic } = await filled(bench, 120);
    const consumer = bench.consumer({}, {}, { credit: { laneMessages: 100 } });
    const found: [number, string][] = [];
    for await (const batch of consumer.stream(topic, { until: 'eof', batch: { count: 50, ms: LONG } })) {
      found.push([batch.size, batch.reason]);
      batch.ack();
    }
    expect(found).toEqual([
      [50, 'count'],
      [50, 'count'],
      [20, 'eof'],
    ]);
  });
});

describe('commit mode', () => {
  it.each([
    ['ack', false, null],
    ['ack', true, 10],
    ['delivery', false, 10],
    ['none', false, null],
    ['none', true, null],
  ] as const)("'%s', acknowledged: %s", async (commit, ack, expected) => {
    const { topic, group } = await filled(bench, 10);
    const consumer = bench.consumer({ 'group.id': group });
    const stream = consumer.stream(topic, { commit });
    const messages = await firstValueFrom(stream.messages$.pipe(take(10), toArray()));
    if (ack) for (const message of messages) message.ack();
    await consumer.commit();
    expect(await stored(bench, group, topic)).toEqual([expected]);
    const { committed } = await stream.stop();
    expect(committed.filter(({ offset }) => offset > 0)).toEqual(
      expected === null ? [] : [{ topic, partition: 0, offset: expected }],
    );
    expect(await stored(bench, group, topic)).toEqual([expected]);
  });
});

describe('acknowledging', () => {
  /** Ten messages, and a way to ask what is committed. */
  async function ten() {
    const { topic, group } = await filled(bench, 10);
    const consumer = bench.consumer({ 'group.id': group, ...quick }, { value: utf8 });
    const stream = consumer.stream(topic);
    const messages = await firstValueFrom(stream.messages$.pipe(take(10), toArray()));
    const ack = (...which: number[]) => which.map((at) => messages[at]?.ack());
    const done = async () => {
      await consumer.commit();
      return (await stored(bench, group, topic))[0];
    };
    return { topic, group, consumer, stream, messages, ack, done };
  }

  it('in any order: committed is the first that is not done', async () => {
    const { ack, done } = await ten();
    ack(9, 8, 7, 5, 4, 3, 2, 1);
    expect(await done()).toBeNull();
    ack(0);
    expect(await done()).toBe(6);
    ack(6);
    expect(await done()).toBe(10);
  });

  it('of a part of a batch', async () => {
    const { topic, group } = await filled(bench, 10);
    const consumer = bench.consumer({ 'group.id': group });
    const batch = await consumer.stream(topic, { batch: { count: 10, ms: LONG } }).take();
    batch?.ackThrough(batch.at(6) as NonNullable<ReturnType<typeof batch.at>>);
    await consumer.commit();
    expect(await stored(bench, group, topic)).toEqual([7]);
  });

  it('twice changes nothing, and is reported once', async () => {
    const { topic, consumer, ack, done } = await ten();
    const stale = recorded(consumer, 'stale-ack');
    ack(0, 1, 2);
    expect(ack(1, 1, 2)).toEqual(new Array(3).fill({ stale: true, why: 'duplicate' }));
    expect(stale).toEqual([{ type: 'stale-ack', topic, partition: 0, why: 'duplicate' }]);
    expect(await done()).toBe(3);
    expect(ack(0)).toEqual([{ stale: true, why: 'duplicate' }]);
    expect(await done()).toBe(3);
  });

  it('after the partition was revoked changes nothing', async () => {
    const { topic, group, consumer, stream, messages, ack } = await ten();
    ack(0, 1);
    const stale = recorded(consumer, 'stale-ack');
    const revoked = event(consumer, 'revoked');
    // Its reader has left: nobody waits for what it has not done.
    await stream.stop();
    expect(await revoked).toMatchObject({ drained: true });
    expect(ack(2, 3)).toEqual(new Array(2).fill({ stale: true, why: 'revoked' }));
    expect(stale).toEqual([{ type: 'stale-ack', topic, partition: 0, why: 'revoked' }]);
    expect(messages[2]?.value).toBe('v2');
    expect(await stored(bench, group, topic)).toEqual([2]);
    const again = consumer.stream(topic);
    expect(texts(await firstValueFrom(again.messages$.pipe(take(8), toArray())))).toEqual(numbered(8, 2));
  });

  it('of what a seek has left behind changes nothing', async () => {
    const { topic, consumer, stream, ack, done } = await ten();
    await consumer.seek({ topic, partition: 0, offset: 5 });
    expect(ack(0, 9)).toEqual(new Array(2).fill({ stale: true, why: 'rewound' }));
    const again = await firstValueFrom(stream.messages$.pipe(take(5), toArray()));
    expect(texts(again)).toEqual(numbered(5, 5));
    again[0]?.ack();
    expect(await done()).toBe(6);
  });

  it('when the consumer is closed changes nothing', async () => {
    const { consumer, ack } = await ten();
    await consumer.close({ timeoutMs: 500 });
    expect(ack(0)[0]).toMatchObject({ stale: true });
  });
});

describe('what is committed', () => {
  it('is the position when a partition is at its end, also when nothing of it was read', async () => {
    const { topic, group } = await filled(bench, 7, 0);
    const config = { 'group.id': group, 'auto.offset.reset': 'latest', ...quick } as const;
    const consumer = bench.consumer(config, { value: utf8 });
    const positions = new Map<number, number>();
    consumer.commits$.subscribe(({ offsets, error }) => {
      if (error === null) for (const { partition, offset } of offsets) positions.set(partition, offset);
    });
    const both = next(consumer.commits$, () => positions.size === 2);
    const stream = consumer.stream(topic);
    const idle = stream.messages$.subscribe();
    await both;
    expect(await stored(bench, group, topic, 2)).toEqual([7, 0]);
    idle.unsubscribe();
    await consumer.close();
    // Written while nobody was there, and not skipped though the next one begins at the latest.
    for (const partition of [0, 1]) await bench.fill(topic, 1, { partition });
    const second = bench.consumer(config).stream(topic, { until: 'eof' });
    const found = await firstValueFrom(second.messages$.pipe(toArray()));
    expect(found.map(({ partition, offset }) => [partition, offset]).sort()).toEqual([
      [0, 7],
      [1, 0],
    ]);
  });

  it('follows the count without waiting for the time', async () => {
    const { topic, group } = await filled(bench, 100);
    const commits = { count: 10, ms: 1e6, onEof: false };
    const consumer = bench.consumer({ 'group.id': group }, {}, { commits });
    const committed = event(consumer, 'commit', ({ error }) => error === null);
    const stream = consumer.stream(topic);
    const messages = await firstValueFrom(stream.messages$.pipe(take(100), toArray()));
    for (const message of messages.slice(0, 25)) message.ack();
    expect((await committed).offsets).toEqual([{ topic, partition: 0, offset: 25, error: null }]);
    expect(await stored(bench, group, topic)).toEqual([25]);
  });

  it('follows the time', async () => {
    const { topic, group } = await filled(bench, 10);
    const consumer = bench.consumer({ 'group.id': group }, {}, { commits: { ms: 20, onEof: false } });
    const committed = event(consumer, 'commit', ({ error }) => error === null);
    const messages = await firstValueFrom(consumer.stream(topic).messages$.pipe(take(10), toArray()));
    messages[0]?.ack();
    expect((await committed).offsets).toEqual([{ topic, partition: 0, offset: 1, error: null }]);
  });

  it('is not said to be, when the partition was lost first', async () => {
    const { topic, group } = await filled(bench, 5);
    const consumer = bench.consumer(
      { 'group.id': group, 'heartbeat.interval.ms': 100 },
      {},
      { commits: { ms: 1e6, onEof: false } },
    );
    const messages = await firstValueFrom(consumer.stream(topic).messages$.pipe(take(5), toArray()));
    for (const message of messages) message.ack();
    await bench.cluster.pushErrors('OffsetCommit', new Array(50).fill('COORDINATOR_LOAD_IN_PROGRESS'));
    const failed = event(consumer, 'commit');
    const committed = rejection(consumer.commit());
    expect(await failed).toMatchObject({ willRetry: true });
    await bench.cluster.pushErrors('Heartbeat', ['UNKNOWN_MEMBER_ID']);
    const error = await committed;
    expect(error).toBeInstanceOf(StateError);
    expect(error.message).toMatch(new RegExp(`${topic}/0 was lost before offset 5 was committed`));
    // Before the errors are taken back: a request that is on its way would be accepted after that.
    expect(await stored(bench, group, topic)).toEqual([null]);
    await bench.cluster.clearErrors('OffsetCommit');
  });

  // The last one: errors of one broker take the place of those of the cluster, for good.
  it('is what commit() was called for, though an older request is refused meanwhile', async () => {
    const { topic, group } = await filled(bench, 10);
    const consumer = bench.consumer({ 'group.id': group }, {}, { commits: { count: 3, ms: 1e6, onEof: false } });
    const refused = event(consumer, 'commit', ({ error }) => error !== null);
    await bench.cluster.pushErrors('OffsetCommit', ['INVALID_COMMIT_OFFSET_SIZE'], { broker: 1, rttMs: 200 });
    const messages = await firstValueFrom(consumer.stream(topic).messages$.pipe(take(10), toArray()));
    for (const message of messages.slice(0, 3)) message.ack();
    // The turn in which the three are accounted for is over, and their commit is on its way.
    await new Promise(setImmediate);
    messages[3]?.ack();
    await consumer.commit();
    expect((await refused).offsets).toMatchObject([
      { offset: 3, error: { code: 'ERR_KAFKA_INVALID_COMMIT_OFFSET_SIZE' } },
    ]);
    expect(await stored(bench, group, topic)).toEqual([4]);
  });
});
