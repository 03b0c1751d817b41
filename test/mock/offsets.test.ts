import { type CommitEvent, ConsumeError, type Consumer, StateError, utf8 } from 'rdkafka-rx';
import { firstValueFrom, take, toArray } from 'rxjs';
import { Bench, gather, next, numbered, quick, rejection, texts, thrown, unique } from './harness';

const bench = Bench.use();

/** A member of a new group that has its partition. */
async function joined(count: number, config: Record<string, unknown> = {}) {
  const topic = await bench.topic();
  await bench.fill(topic, count);
  const group = unique('group');
  const consumer = bench.consumer({ 'group.id': group, ...quick, ...config }, { value: utf8 });
  const assigned = next(consumer.rebalances$, ({ type }) => type === 'assigned');
  await consumer.subscribe(topic);
  await assigned;
  return { topic, group, consumer, at: { topic, partition: 0 } };
}

/** What the group has committed, asked by somebody else. */
async function stored(group: string, topic: string) {
  const asker = bench.consumer({ 'group.id': group });
  const [found] = await asker.committed([{ topic, partition: 0 }]);
  await asker.close();
  return found;
}

describe('commit', () => {
  it('of offsets, with metadata, resolves when the broker has it', async () => {
    const { topic, group, consumer, at } = await joined(0);
    await consumer.commit({ ...at, offset: 3, metadata: 'so far — ok' });
    expect(await stored(group, topic)).toEqual({ ...at, offset: 3, metadata: 'so far — ok' });
    await consumer.commit([{ ...at, offset: 1 }]);
    expect(await stored(group, topic)).toMatchObject({ offset: 1 });
  });

  it('of a message commits up to and including it', async () => {
    const { topic, group, consumer } = await joined(5);
    const messages = await firstValueFrom(consumer.messages$.pipe(take(3), toArray()));
    await consumer.commit(messages[2] as (typeof messages)[0]);
    expect(await stored(group, topic)).toMatchObject({ offset: 3 });
  });

  it('of a batch commits its end', async () => {
    const { topic, group, consumer } = await joined(5);
    const batch = await consumer.take();
    await consumer.commit(batch as NonNullable<typeof batch>);
    expect(await stored(group, topic)).toMatchObject({ offset: (batch?.lastOffset as number) + 1 });
  });

  it('without an argument commits what is acknowledged, never beyond what is not', async () => {
    const { topic, group, consumer } = await joined(10);
    const messages = await firstValueFrom(consumer.messages$.pipe(take(10), toArray()));
    for (const i of [0, 1, 2, 4, 5, 9]) messages[i]?.ack();
    await consumer.commit();
    expect(await stored(group, topic)).toMatchObject({ offset: 3 });
    messages[3]?.ack();
    await consumer.commit();
    expect(await stored(group, topic)).toMatchObject({ offset: 6 });
  });

  it('with nothing to commit resolves', async () => {
    const { consumer } = await joined(0);
    await consumer.commit();
    await consumer.commit([]);
  });

  it.each(['GROUP_AUTHORIZATION_FAILED', 'OFFSET_METADATA_TOO_LARGE', 'INVALID_COMMIT_OFFSET_SIZE'] as const)(
    'rejects with the refusal %s, and the next one succeeds',
    async (name) => {
      const { topic, group, consumer, at } = await joined(0);
      await bench.cluster.pushErrors('OffsetCommit', [name]);
      const error = await rejection(consumer.commit({ ...at, offset: 1 }));
      expect(error.code).toBe(`ERR_KAFKA_${name}`);
      expect(error.message).toMatch(/^Cannot commit/);
      expect(await stored(group, topic)).toMatchObject({ offset: null });
      await consumer.commit({ ...at, offset: 2 });
      expect(await stored(group, topic)).toMatchObject({ offset: 2 });
    },
  );

  it('of acknowledged offsets is tried again after a passing refusal', async () => {
    const { topic, group, consumer } = await joined(4);
    await gather(consumer, 4);
    await bench.cluster.pushErrors('OffsetCommit', ['COORDINATOR_LOAD_IN_PROGRESS', 'REQUEST_TIMED_OUT']);
    await consumer.commit();
    expect(await stored(group, topic)).toMatchObject({ offset: 4 });
  });

  it('of an unknown member is a typed error that says what happened', async () => {
    const { consumer, at } = await joined(0);
    await bench.cluster.pushErrors('OffsetCommit', ['UNKNOWN_MEMBER_ID']);
    const error = await rejection(consumer.commit({ ...at, offset: 1 }));
    expect(error).toMatchObject({ code: 'ERR_KAFKA_UNKNOWN_MEMBER_ID' });
    expect(error.message).toMatch(/read again from the last commit/);
    expect(error instanceof ConsumeError ? error.partition : 0).toBe(0);
  });

  it('happens by itself when what was read is acknowledged and the partition is at its end', async () => {
    const { topic, group, consumer } = await joined(10);
    const committed = next(
      consumer.commits$,
      ({ offsets, error }: CommitEvent) => error === null && offsets.some(({ offset }) => offset === 10),
    );
    consumer.messages$.subscribe((message) => message.ack());
    expect(await committed).toMatchObject({ willRetry: false, offsets: [{ topic, partition: 0, offset: 10 }] });
    expect(await stored(group, topic)).toMatchObject({ offset: 10 });
  });

  it('is in order: a later one never ends up behind an earlier one', async () => {
    const { topic, group, consumer, at } = await joined(0);
    await Promise.all(Array.from({ length: 50 }, (_, i) => consumer.commit({ ...at, offset: i + 1 })));
    expect(await stored(group, topic)).toMatchObject({ offset: 50 });
  });

  it('survives: the next member goes on where the last one was', async () => {
    const { topic, group, consumer } = await joined(10);
    const messages = await firstValueFrom(consumer.messages$.pipe(take(6), toArray()));
    for (const message of messages) message.ack();
    await consumer.close();
    const second = bench.consumer({ 'group.id': group, ...quick }, { value: utf8 });
    await second.subscribe(topic);
    expect(texts(await gather(second, 4))).toEqual(numbered(4, 6));
  });

  it('what was not acknowledged comes again', async () => {
    const { topic, group, consumer } = await joined(10);
    await firstValueFrom(consumer.messages$.pipe(take(10), toArray()));
    await consumer.close({ timeoutMs: 100 });
    const second = bench.consumer({ 'group.id': group, ...quick }, { value: utf8 });
    await second.subscribe(topic);
    expect(texts(await gather(second, 10))).toEqual(numbered(10));
  });

  it("mode 'delivery' commits without an acknowledgement, 'none' never", async () => {
    for (const [commit, expected] of [
      ['delivery', 10],
      ['none', null],
    ] as const) {
      const topic = await bench.topic();
      await bench.fill(topic, 10);
      const group = unique('group');
      const consumer = bench.consumer({ 'group.id': group, ...quick }, {}, { stream: { commit } });
      await consumer.subscribe(topic);
      await firstValueFrom(consumer.messages$.pipe(take(10), toArray()));
      await consumer.close();
      expect(await stored(group, topic)).toMatchObject({ offset: expected });
    }
  });
});

describe('committed', () => {
  it('is by default for what is assigned; null where nothing is committed', async () => {
    const { consumer, at } = await joined(0);
    expect(await consumer.committed()).toEqual([{ ...at, offset: null, metadata: null }]);
    await consumer.commit({ ...at, offset: 7 });
    expect(await consumer.committed()).toEqual([{ ...at, offset: 7, metadata: null }]);
    expect(await bench.consumer().committed()).toEqual([]);
  });
});

describe('storeOffset', () => {
  it("is committed by librdkafka's own auto-commit", async () => {
    const { topic, group, consumer, at } = await joined(5, {
      'enable.auto.commit': true,
      'auto.commit.interval.ms': 20,
    });
    await firstValueFrom(consumer.messages$.pipe(take(5), toArray()));
    const committed = next(consumer.events$, (event) => event.type === 'auto-commit');
    consumer.storeOffset({ ...at, offset: 4, metadata: 'kept' });
    expect(await committed).toMatchObject({ error: null, partitions: [{ topic, partition: 0, offset: 4 }] });
    expect(await stored(group, topic)).toMatchObject({ offset: 4, metadata: 'kept' });
  });

  it('a commit of our own is not reported as an automatic one', async () => {
    const { consumer, at } = await joined(0, { 'enable.auto.commit': true, 'auto.commit.interval.ms': 20 });
    const reported: unknown[] = [];
    consumer.events$.subscribe((event) => {
      if (event.type === 'auto-commit') reported.push(event.partitions);
    });
    await consumer.commit({ ...at, offset: 1 });
    const committed = next(consumer.events$, (event) => event.type === 'auto-commit');
    consumer.storeOffset({ ...at, offset: 2 });
    await committed;
    expect(reported).toMatchObject([[{ offset: 2 }]]);
  });

  it('is refused for a partition that is not assigned', async () => {
    const { topic, consumer } = await joined(0);
    const error = thrown(() => consumer.storeOffset({ topic, partition: 9, offset: 1 }));
    expect(error).toBeInstanceOf(StateError);
  });
});

it('groupMetadata names the group and this member', async () => {
  const { group, consumer } = await joined(0);
  const { groupId, memberId, opaque } = await consumer.groupMetadata();
  expect(groupId).toBe(group);
  expect(memberId).not.toBe('');
  for (const part of [group, memberId]) expect(opaque.includes(part)).toBe(true);
});

it('without a group the calls that need one say so, and reading works', async () => {
  const topic = await bench.topic();
  await bench.fill(topic, 1);
  const reader: Consumer<Buffer | null, string> = bench.reader({}, { value: utf8 });
  for (const call of [
    reader.commit({ topic, partition: 0, offset: 1 }),
    reader.committed(),
    reader.subscribe(topic),
    reader.groupMetadata(),
  ]) {
    const error = await rejection(call);
    expect(error).toMatchObject({ name: 'ConfigError', code: 'ERR_KAFKA_CLIENT_CONFIG', key: 'group.id' });
    expect(error.message).toMatch(/set 'group.id', or use assign\(\)/);
  }
  await reader.assign([{ topic, partition: 0, offset: 'beginning' }]);
  expect(texts(await gather(reader, 1))).toEqual(['v0']);
});
