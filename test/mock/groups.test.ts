import { type Consumer, type RebalanceEvent, type TopicPartition, utf8 } from 'rdkafka-rx';
import { SHORT_SESSION_MS } from '../../examples/support/short-session';
import { CALM_COMMITS, holdsSince, sinceConsumerProtocol } from '../support/since';
import { Bench, gather, next, numbered, quick, texts, unique } from './harness';

const bench = Bench.use();

function record(consumer: Consumer<never, never> | Consumer): RebalanceEvent[] {
  const events: RebalanceEvent[] = [];
  consumer.rebalances$.subscribe((event) => events.push(event));
  return events;
}

/** Resolves when the members have these many partitions, in any order. */
async function balanced(members: readonly Consumer[], sizes: readonly number[]): Promise<void> {
  const now = () => JSON.stringify(members.map((member) => member.assignment().length).sort());
  const wanted = JSON.stringify([...sizes].sort());
  while (now() !== wanted) {
    await Promise.race(members.map((member) => next(member.rebalances$)));
  }
}

describe('subscribe', () => {
  it('to names', async () => {
    const topics = [await bench.topic(2), await bench.topic(1)];
    const consumer = bench.consumer();
    const assigned = next(consumer.rebalances$, ({ type }) => type === 'assigned');
    await consumer.subscribe(topics);
    expect((await assigned).partitions).toHaveLength(3);
    expect(consumer.subscription()).toEqual(topics);
    expect(consumer.assignment()).toHaveLength(3);
  });

  it.each([
    ['a string that begins with ^', (prefix: string) => `^${prefix}-.*`],
    ['a RegExp', (prefix: string) => new RegExp(`^${prefix}-`)],
    ['a RegExp without an anchor', (prefix: string) => new RegExp(`${prefix}-`)],
    ['a RegExp with what POSIX does not know', (prefix: string) => new RegExp(`^(?:${prefix}|none)\\-\\w+?$`)],
  ])('to a pattern: %s', async (_, pattern) => {
    const prefix = unique('pattern');
    for (const end of ['a', 'b']) await bench.topic(1, `${prefix}-${end}`);
    await bench.topic(1, `other-${prefix}`);
    const consumer = bench.consumer({}, { value: utf8 });
    await consumer.subscribe(pattern(prefix));
    await bench.fill(`${prefix}-a`, 1);
    await bench.fill(`${prefix}-b`, 1, { from: 1 });
    expect(texts(await gather(consumer, 2)).sort()).toEqual(['v0', 'v1']);
    expect(consumer.assignment().map(({ topic }) => topic)).toEqual([`${prefix}-a`, `${prefix}-b`]);
  });

  it('to what is no topic, or cannot be matched, is refused and changes nothing', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 1);
    const consumer = bench.consumer({}, { value: utf8 });
    for (const wrong of [null, '', 7, { topics: [topic] }, [undefined], /^a$/i, /^(?!b)/]) {
      const refused = { name: 'ArgumentError', code: 'ERR_KAFKA_CLIENT_ARGUMENT' };
      await expect(consumer.subscribe(wrong as never)).rejects.toMatchObject(refused);
      expect(() => consumer.stream(wrong as never)).toThrow(expect.objectContaining(refused));
      expect(() => consumer.stream([wrong] as never)).toThrow(expect.objectContaining(refused));
    }
    expect(consumer.subscription()).toEqual([]);
    await consumer.subscribe(topic);
    expect(texts(await gather(consumer, 1))).toEqual(['v0']);
  });

  it('to a pattern takes in topics made later', async () => {
    const prefix = unique('later');
    await bench.topic(1, `${prefix}-a`);
    const consumer = bench.consumer({ 'topic.metadata.refresh.interval.ms': 50, ...quick }, { value: utf8 });
    const assigned = next(consumer.rebalances$, ({ type }) => type === 'assigned');
    await consumer.subscribe(`^${prefix}-.*`);
    await assigned;
    const more = next(
      consumer.rebalances$,
      ({ type, partitions }) => type === 'assigned' && partitions.some(({ topic }) => topic === `${prefix}-b`),
    );
    await bench.topic(1, `${prefix}-b`);
    await bench.fill(`${prefix}-b`, 2);
    await more;
    expect(texts(await gather(consumer, 2))).toEqual(numbered(2));
  });

  it('again replaces the topics', async () => {
    const [one, two] = [await bench.topic(), await bench.topic()];
    await bench.fill(one, 1);
    await bench.fill(two, 1, { from: 1 });
    const consumer = bench.consumer(quick, { value: utf8 });
    await consumer.subscribe(one);
    expect(texts(await gather(consumer, 1))).toEqual(['v0']);
    await consumer.subscribe(two);
    expect(texts(await gather(consumer, 1))).toEqual(['v1']);
    expect(consumer.subscription()).toEqual([two]);
    expect(consumer.assignment()).toEqual([{ topic: two, partition: 0 }]);
  });

  it('to a topic of no stream, beside streams with topics of their own', async () => {
    const [own, streamed] = [await bench.topic(), await bench.topic()];
    await bench.fill(own, 2);
    await bench.fill(streamed, 2, { from: 10 });
    const consumer = bench.consumer(quick, { value: utf8 });
    const stream = consumer.stream(streamed);
    await consumer.subscribe(own);
    expect([...consumer.subscription()].sort()).toEqual([own, streamed].sort());
    const first = await stream.take();
    expect(first?.topic).toBe(streamed);
    first?.ack();
    expect(texts(await gather(consumer, 2))).toEqual(numbered(2));
  });
});

it('unsubscribe leaves: what was read is committed, nothing more comes, subscribing again goes on', async () => {
  const topic = await bench.topic();
  await bench.fill(topic, 4);
  const consumer = bench.consumer(quick, { value: utf8 });
  await consumer.subscribe(topic);
  expect(texts(await gather(consumer, 4))).toEqual(numbered(4));
  const revoked = next(consumer.rebalances$, ({ type }) => type === 'revoked');
  await consumer.unsubscribe();
  expect(await revoked).toMatchObject({ partitions: [{ topic, partition: 0 }], drained: true, abandoned: [] });
  expect(consumer.subscription()).toEqual([]);
  expect(consumer.assignment()).toEqual([]);
  await bench.fill(topic, 2, { from: 4 });
  await consumer.subscribe(topic);
  expect(texts(await gather(consumer, 2))).toEqual(numbered(2, 4));
});

const key = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`;

describe.each(['range', 'roundrobin', 'cooperative-sticky'] as const)('two members with %s', (strategy) => {
  it('share the partitions; when one leaves, the other has them all; nothing is lost or skipped', async () => {
    const topic = await bench.topic(4);
    const group = unique('group');
    // A member that does not rejoin in time is thrown out: five seconds are enough also on a busy machine.
    const config = {
      'group.id': group,
      'partition.assignment.strategy': strategy,
      ...quick,
      'session.timeout.ms': Math.max(6000, SHORT_SESSION_MS),
    };
    const one = bench.consumer(config);
    const two = bench.consumer(config);
    const seen = new Map<string, number[]>();
    const collect = (member: Consumer) =>
      member.messages$.subscribe((message) => {
        seen.set(key(message), [...(seen.get(key(message)) ?? []), message.offset]);
        message.ack();
      });
    const events = [record(one), record(two)];

    await one.subscribe(topic);
    collect(one);
    await balanced([one], [4]);
    for (const partition of [0, 1, 2, 3]) await bench.fill(topic, 50, { partition });
    await two.subscribe(topic);
    collect(two);
    await balanced([one, two], [2, 2]);
    expect([...one.assignment(), ...two.assignment()].map(key).sort()).toEqual(
      [0, 1, 2, 3].map((partition) => `${topic}/${partition}`),
    );
    for (const partition of [0, 1, 2, 3]) await bench.fill(topic, 50, { partition, from: 50 });
    await two.close();
    await balanced([one], [4]);

    const ends = Promise.all(
      [0, 1, 2, 3].map((partition) => next(one.eof$, (eof) => eof.partition === partition && eof.offset === 150)),
    );
    for (const partition of [0, 1, 2, 3]) await bench.fill(topic, 50, { partition, from: 100 });
    await ends;
    for (const partition of [0, 1, 2, 3]) {
      const offsets = seen.get(`${topic}/${partition}`) ?? [];
      expect([...new Set(offsets)].sort((a, b) => a - b)).toEqual(Array.from({ length: 150 }, (_, i) => i));
    }

    const revoked = (events[0] ?? []).filter(({ type }) => type === 'revoked');
    const taken = revoked.map(({ partitions }) => partitions.length);
    // An eager group gives everything back before it shares anew; a cooperative one only what moves.
    if (strategy === 'cooperative-sticky') expect(taken.every((count) => count <= 2)).toBe(true);
    else expect(taken).toContain(4);
    if (strategy !== 'cooperative-sticky' || holdsSince(...CALM_COMMITS)) {
      for (const event of [...(events[0] ?? []), ...(events[1] ?? [])]) expect(event.type).not.toBe('lost');
    }
  }, 90_000);
});

describe("group.protocol 'consumer'", () => {
  sinceConsumerProtocol()('two members share the partitions, and commits hold', async () => {
    const topic = await bench.topic(2);
    const group = unique('group');
    const config = { 'group.id': group, 'group.protocol': 'consumer' } as const;
    for (const partition of [0, 1]) await bench.fill(topic, 5, { partition, from: partition * 10 });
    const one = bench.consumer(config, { value: utf8 });
    await one.subscribe(topic);
    expect(texts(await gather(one, 10)).sort()).toEqual([...numbered(5), ...numbered(5, 10)].sort());
    await one.commit();
    expect((await one.committed()).map(({ offset }) => offset)).toEqual([5, 5]);
    const { memberId } = await one.groupMetadata();
    expect(memberId).not.toBe('');
    await one.close();
    const two = bench.consumer(config, { value: utf8 });
    await two.subscribe(topic);
    await bench.fill(topic, 1, { from: 99 });
    expect(texts(await gather(two, 1))).toEqual(['v99']);
  });
});

describe('rebalance hooks', () => {
  it('onAssigned decides where to read, also asynchronously', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 10);
    const onAssigned = jest.fn(async (partitions: readonly TopicPartition[]) =>
      partitions.map((at) => ({ ...at, offset: 7 })),
    );
    const consumer = bench.consumer({}, { value: utf8 }, { rebalance: { onAssigned } });
    await consumer.subscribe(topic);
    expect(texts(await gather(consumer, 3))).toEqual(numbered(3, 7));
    expect(onAssigned.mock.calls).toMatchObject([[[{ topic, partition: 0 }]]]);
  });

  it('a revocation waits for what is being processed, and commits it', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 3);
    const group = unique('group');
    const consumer = bench.consumer({ 'group.id': group }, { value: utf8 });
    await consumer.subscribe(topic);
    const batch = await consumer.take();
    const revoking = next(consumer.rebalances$, ({ type }) => type === 'revoking');
    const revoked = next(consumer.rebalances$, ({ type }) => type === 'revoked');
    await consumer.unsubscribe();
    expect(await revoking).toMatchObject({ unacked: batch?.size });
    batch?.ack();
    expect(await revoked).toMatchObject({ drained: true, abandoned: [] });
    expect(await consumer.committed([{ topic, partition: 0 }])).toMatchObject([{ offset: batch?.size }]);
  });

  it('past its deadline it says what was left undone', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 3);
    const consumer = bench.consumer({}, { value: utf8 }, { rebalance: { drainMs: 50 } });
    await consumer.subscribe(topic);
    const batch = await consumer.take();
    const revoked = next(consumer.rebalances$, ({ type }) => type === 'revoked');
    await consumer.unsubscribe();
    expect(await revoked).toMatchObject({
      drained: false,
      abandoned: [{ topic, partition: 0, offsets: [...(batch?.offsets ?? [])] }],
    });
    expect(batch?.ack()).toEqual({ stale: true, why: 'revoked' });
    expect(batch?.signal.aborted).toBe(true);
  });
});

it('a member that lost its partitions is told lost, and reads them again', async () => {
  const topic = await bench.topic();
  await bench.fill(topic, 3);
  const consumer = bench.consumer(quick, { value: utf8 });
  const lost = next(consumer.rebalances$, ({ type }) => type === 'lost');
  await consumer.subscribe(topic);
  const batch = await consumer.take();
  await bench.cluster.pushErrors('Heartbeat', ['UNKNOWN_MEMBER_ID']);
  expect(await lost).toMatchObject({ partitions: [{ topic, partition: 0 }] });
  expect(batch?.ack()).toEqual({ stale: true, why: 'lost' });
  expect(texts(await gather(consumer, 3))).toEqual(numbered(3));
});
