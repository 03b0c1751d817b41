/** What a client does when brokers fail: requests refused, brokers gone, slow, leaders and coordinators elsewhere. */
import { type CommitEvent, type Consumer, type ErrorName, utf8 } from 'rdkafka-rx';
import type { ApiName } from 'rdkafka-rx/testing';
import { Bench, gather, missed, next, numbered, quick, rejection, texts, unique } from './harness';

const bench = Bench.use({ brokers: 3 });

/** Comes back quickly, as the embedded cluster does. */
const patient = { 'reconnect.backoff.ms': 10, 'reconnect.backoff.max.ms': 100, 'retry.backoff.ms': 10 };
const members = { ...patient, ...quick, 'coordinator.query.interval.ms': 1000 };

async function leaderOf(topic: string, partition = 0): Promise<number> {
  const { topics } = await bench.producer().metadata(topic);
  return topics[0]?.partitions[partition]?.leader as number;
}

const other = (broker: number) => (broker % 3) + 1;

/** Reads the partition from its beginning, and one message to be sure that it flows. */
async function flowing(topic: string, config: Record<string, unknown> = {}): Promise<Consumer<Buffer | null, string>> {
  const consumer = bench.reader({ ...patient, 'fetch.wait.max.ms': 20, ...config }, { value: utf8 });
  await consumer.assign([{ topic, partition: 0, offset: 'beginning' }]);
  expect(texts(await gather(consumer, 1))).toEqual(['v0']);
  return consumer;
}

describe('a producer', () => {
  it.each([
    [['NOT_LEADER_FOR_PARTITION']],
    [['_TRANSPORT', '_TRANSPORT']],
    [['REQUEST_TIMED_OUT']],
    [['NOT_ENOUGH_REPLICAS']],
    [['NOT_ENOUGH_REPLICAS_AFTER_APPEND']],
    [['LEADER_NOT_AVAILABLE']],
    [['KAFKA_STORAGE_ERROR', 'KAFKA_STORAGE_ERROR', 'KAFKA_STORAGE_ERROR']],
  ] as [ErrorName[]][])('tries again after %j, and delivers in order', async (errors) => {
    const topic = await bench.topic();
    // One request: the embedded cluster does not look at sequence numbers, so it would append a later one at once.
    const producer = bench.producer({ ...patient, 'enable.idempotence': true, 'linger.ms': 20 });
    await producer.send({ topic, value: 'v0' });
    await bench.cluster.pushErrors('Produce', errors);
    const reports = await Promise.all(numbered(20, 1).map((value) => producer.send({ topic, value })));
    expect(reports.map(({ offset }) => offset)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(texts((await bench.contents(topic))[0] ?? [])).toEqual(numbered(21));
  });

  it('follows the leader wherever it goes', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ ...patient, 'enable.idempotence': true, 'linger.ms': 0 });
    for (let i = 0; i < 20; i++) {
      await bench.cluster.setLeader(topic, 0, (i % 3) + 1);
      expect((await producer.send({ topic, value: `v${i}` })).offset).toBe(i);
    }
    expect(texts((await bench.contents(topic))[0] ?? [])).toEqual(numbered(20));
  });

  it('delivers what was sent while its broker was down once that is up', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ ...patient, 'linger.ms': 0 });
    await producer.send({ topic, value: 'v0' });
    const leader = await leaderOf(topic);
    const down = missed(bench.cluster, producer, leader);
    // Before anything is sent: what the broker has taken and not answered would be sent, and be there, twice.
    await bench.cluster.brokerDown(leader);
    const sent = Promise.all(numbered(100, 1).map((value) => producer.send({ topic, value })));
    await down;
    await bench.cluster.brokerUp(leader);
    await sent;
    expect(texts((await bench.contents(topic))[0] ?? []).sort()).toEqual(numbered(101).sort());
  });

  it('rejects every send in time when all brokers stay down', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ ...patient, 'message.timeout.ms': 1000, 'linger.ms': 0 });
    for (const broker of [1, 2, 3]) await bench.cluster.brokerDown(broker);
    // All of them have the time of one: one after another they would take longer than the test may.
    const values = numbered(100);
    const codes = await Promise.all(values.map((value) => rejection(producer.send({ topic, value }))));
    for (const broker of [1, 2, 3]) await bench.cluster.brokerUp(broker);
    expect(new Set(codes.map(({ code }) => code))).toEqual(new Set(['ERR_KAFKA__MSG_TIMED_OUT']));
  });

  it('says possibly persisted when the answer did not come', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({
      ...patient,
      'linger.ms': 0,
      'message.timeout.ms': 3_000,
    });
    await producer.send({ topic, value: 'v0' });
    const leader = await leaderOf(topic);
    await bench.cluster.setRoundTripTime(leader, 60_000);
    const error = await rejection(producer.send({ topic, value: 'v1' }));
    await bench.cluster.setRoundTripTime(leader, 0);
    expect(error).toMatchObject({ code: 'ERR_KAFKA__MSG_TIMED_OUT', status: 'possibly-persisted' });
  });

  it('keeps many requests on their way to a slow broker', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ ...patient, 'linger.ms': 0, 'batch.num.messages': 1 });
    await producer.send({ topic, value: 'v0' });
    const leader = await leaderOf(topic);
    await bench.cluster.setRoundTripTime(leader, 1_000);
    const began = performance.now();
    // One after another they would take a hundred seconds, which is longer than the test may take.
    await Promise.all(numbered(100, 1).map((value) => producer.send({ topic, value })));
    const took = performance.now() - began;
    await bench.cluster.setRoundTripTime(leader, 0);
    expect(took).toBeGreaterThan(990);
  });
});

describe('a consumer', () => {
  it.each([
    'NOT_LEADER_FOR_PARTITION',
    '_TRANSPORT',
    'KAFKA_STORAGE_ERROR',
    'UNKNOWN_LEADER_EPOCH',
    'FENCED_LEADER_EPOCH',
    'BROKER_NOT_AVAILABLE',
  ] as ErrorName[])('reads on after %s to a fetch, with nothing twice and nothing skipped', async (error) => {
    const topic = await bench.topic();
    await bench.fill(topic, 1);
    const consumer = await flowing(topic);
    await bench.cluster.pushErrors('Fetch', [error, error]);
    await bench.fill(topic, 100, { from: 1 });
    expect(texts(await gather(consumer, 100))).toEqual(numbered(100, 1));
    await bench.cluster.clearErrors('Fetch');
  });

  it('follows the leader wherever it goes', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 1);
    const consumer = await flowing(topic);
    for (let i = 1; i < 10; i++) {
      await bench.cluster.setLeader(topic, 0, (i % 3) + 1);
      await bench.fill(topic, 1, { from: i });
      expect(texts(await gather(consumer, 1))).toEqual([`v${i}`]);
    }
  });

  it('reads on when its broker comes back', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 1);
    const leader = await leaderOf(topic);
    const consumer = await flowing(topic);
    await missed(bench.cluster, consumer, leader);
    await bench.cluster.brokerUp(leader);
    await bench.fill(topic, 5, { from: 1 });
    expect(texts(await gather(consumer, 5))).toEqual(numbered(5, 1));
  });

  it.each([
    ['earliest', numbered(3)],
    ['latest', numbered(1, 3)],
  ] as const)(
    'with an offset that is not in the log goes where auto.offset.reset says: %s',
    async (reset, expected) => {
      const topic = await bench.topic();
      await bench.fill(topic, 3);
      const consumer = bench.reader({ ...patient, 'auto.offset.reset': reset }, { value: utf8 });
      const end = next(consumer.eof$, ({ offset }) => offset === 3);
      await consumer.assign([{ topic, partition: 0, offset: 1_000 }]);
      const taken = gather(consumer, expected.length);
      await end;
      if (reset === 'latest') await bench.fill(topic, 1, { from: 3 });
      expect(texts(await taken)).toEqual(expected);
    },
  );

  it('reads from a follower where it is told to', async () => {
    const topic = unique('followed');
    await bench.cluster.createTopic(topic, { partitions: 1, replicas: 3 });
    const leader = await leaderOf(topic);
    await bench.cluster.setRack(other(leader), 'near');
    await bench.cluster.setFollower(topic, 0, other(leader));
    await bench.fill(topic, 10);
    const consumer = bench.reader({ ...patient, 'client.rack': 'near' }, { value: utf8 });
    await consumer.assign([{ topic, partition: 0, offset: 'beginning' }]);
    expect(texts(await gather(consumer, 10))).toEqual(numbered(10));
  });
});

describe('a member of a group', () => {
  async function member(topic: string, group: string, config: Record<string, unknown> = {}) {
    const consumer = bench.consumer({ ...members, 'group.id': group, ...config }, { value: utf8 });
    await consumer.subscribe(topic);
    return consumer;
  }

  it.each([
    ['JoinGroup', 'COORDINATOR_LOAD_IN_PROGRESS'],
    ['JoinGroup', 'UNKNOWN_MEMBER_ID'],
    ['JoinGroup', 'NOT_COORDINATOR'],
    ['SyncGroup', 'REBALANCE_IN_PROGRESS'],
    ['SyncGroup', 'NOT_COORDINATOR'],
    ['FindCoordinator', 'COORDINATOR_NOT_AVAILABLE'],
    ['OffsetFetch', 'COORDINATOR_LOAD_IN_PROGRESS'],
    ['ListOffsets', 'LEADER_NOT_AVAILABLE'],
  ] as [ApiName, ErrorName][])('joins and reads in spite of %s: %s', async (api, error) => {
    const topic = await bench.topic();
    await bench.fill(topic, 3);
    await bench.cluster.pushErrors(api, [error]);
    const consumer = await member(topic, unique('group'));
    expect(texts(await gather(consumer, 3))).toEqual(numbered(3));
    await consumer.commit();
    expect(await consumer.committed()).toMatchObject([{ offset: 3 }]);
    await bench.cluster.clearErrors(api);
  });

  it.each([
    ['range', 'NOT_COORDINATOR'],
    ['cooperative-sticky', 'NOT_COORDINATOR'],
    ['cooperative-sticky', 'COORDINATOR_NOT_AVAILABLE'],
  ] as const)('%s: asks again for committed offsets that could not be fetched: %s', async (strategy, error) => {
    const topic = await bench.topic();
    const group = unique('group');
    await bench.fill(topic, 3);
    const config = { ...members, 'group.id': group, 'partition.assignment.strategy': strategy };
    const before = bench.consumer(config, { value: utf8 });
    await before.commit([{ topic, partition: 0, offset: 1 }]);
    await before.close();
    await bench.cluster.pushErrors('OffsetFetch', [error]);
    const consumer = bench.consumer(config, { value: utf8 });
    const told = next(consumer.errors$, ({ message }) => message.startsWith('Cannot read'));
    await consumer.subscribe(topic);
    expect(await told).toMatchObject({ code: `ERR_KAFKA_${error}`, message: expect.stringContaining(topic) });
    expect(texts(await gather(consumer, 2))).toEqual(numbered(2, 1));
  });

  it.each(['range', 'cooperative-sticky'] as const)(
    '%s: asking again disturbs no partition that is read already, wherever it began',
    async (strategy) => {
      const topic = await bench.topic(2);
      const group = unique('group');
      for (const partition of [0, 1]) await bench.fill(topic, 4, { partition, from: partition * 10 });
      const consumer = bench.consumer(
        { ...members, 'group.id': group, 'partition.assignment.strategy': strategy },
        { value: utf8 },
        // The other one's committed offset has to be fetched.
        { rebalance: { onAssigned: () => [{ topic, partition: 0, offset: 1 }] }, commits: { count: 1 } },
      );
      await bench.cluster.pushErrors('OffsetFetch', ['NOT_COORDINATOR']);
      const events: string[] = [];
      consumer.rebalances$.subscribe(({ type }) => events.push(type));
      const commits: number[] = [];
      consumer.commits$.subscribe(({ offsets }: CommitEvent) => {
        for (const { partition, offset } of offsets) if (partition === 0) commits.push(offset);
      });
      await consumer.subscribe(topic);
      expect(texts(await gather(consumer, 3))).toEqual(numbered(3, 1));
      await consumer.commit();
      expect(texts(await gather(consumer, 4))).toEqual(numbered(4, 10));
      await bench.fill(topic, 2, { from: 4 });
      expect(texts(await gather(consumer, 2))).toEqual(numbered(2, 4));
      await consumer.commit();
      expect(events).toEqual(['assigned']);
      expect(commits).toEqual([...commits].sort((a, b) => a - b));
      expect(await consumer.committed()).toMatchObject([{ offset: 6 }, { offset: 4 }]);
    },
  );

  it('commits on while its coordinator moves; no commit goes backwards', async () => {
    const topic = await bench.topic();
    const group = unique('group');
    await bench.cluster.setCoordinator('group', group, 1);
    await bench.fill(topic, 1);
    // Looking for the coordinator takes a second: the membership has to outlive that.
    const consumer = await member(topic, group, { 'session.timeout.ms': 10_000 });
    const commits: number[] = [];
    consumer.commits$.subscribe(({ error, offsets }: CommitEvent) => {
      if (error === null) commits.push(...offsets.map(({ offset }) => offset));
    });
    await gather(consumer, 1);
    await consumer.commit();
    for (let i = 1; i < 6; i++) {
      await bench.cluster.setCoordinator('group', group, (i % 3) + 1);
      await bench.fill(topic, 1, { from: i });
      expect(texts(await gather(consumer, 1))).toEqual([`v${i}`]);
      await consumer.commit();
    }
    expect(commits).toEqual([...commits].sort((a, b) => a - b));
    expect(commits.at(-1)).toBe(6);
  });

  it('that is fenced is told so with a fatal error, and every reader ends with it', async () => {
    const topic = await bench.topic();
    const consumer = bench.consumer({ ...members, 'group.instance.id': 'mine' });
    const fatal = next(consumer.errors$, (error) => error.fatal);
    const assigned = next(consumer.rebalances$, ({ type }) => type === 'assigned');
    await consumer.subscribe(topic);
    const taken = rejection(consumer.take());
    await assigned;
    await bench.cluster.pushErrors('Heartbeat', ['FENCED_INSTANCE_ID']);
    expect(await fatal).toMatchObject({ code: 'ERR_KAFKA_FENCED_INSTANCE_ID' });
    expect((await fatal).message).toMatch(/Another consumer uses the same 'group.instance.id'/);
    expect(await taken).toMatchObject({ code: 'ERR_KAFKA_FENCED_INSTANCE_ID', fatal: true });
    await consumer.close();
  });

  it('that may not read the group is told so', async () => {
    const topic = await bench.topic();
    const consumer = bench.consumer(members);
    await bench.cluster.pushErrors('JoinGroup', ['GROUP_AUTHORIZATION_FAILED']);
    const told = next(consumer.errors$, ({ code }) => code === 'ERR_KAFKA_GROUP_AUTHORIZATION_FAILED');
    await consumer.subscribe(topic);
    expect((await told).message).toMatch(/ACL/);
  });
});
