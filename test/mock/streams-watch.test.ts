/** What a stream says when it does not move, and the hooks of a rebalance. */
import { type ConsumerOptions, StateError, type TopicPartition, utf8 } from 'rdkafka-rx';
import { firstValueFrom, take, toArray } from 'rxjs';
import { NEVER } from '../support/never';
import { sinceConsumerProtocol } from '../support/since';
import { Bench, next, numbered, quick, rejection, texts, unique } from './harness';
import { deferred, event, filled, outlivesNothing, recorded, stored, upTo } from './streams-kit';

outlivesNothing();
const bench = Bench.use();

describe('a stream whose messages are not acknowledged', () => {
  it('stops at its credit, says so, warns once, and goes on with the acknowledgements', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      const { topic } = await filled(bench, 30, 30);
      const options: ConsumerOptions = { credit: { laneMessages: 10 }, gatedMs: 100 };
      const consumer = bench.consumer({}, { value: utf8 }, options);
      const gated = recorded(consumer, 'gated');
      const both = next(consumer.events$, () => gated.length === 2);
      const got: { ack(): unknown }[] = [];
      const complete = deferred();
      consumer.stream(topic, { until: 'eof' }).messages$.subscribe({
        next: (message) => {
          got.push(message);
          if (got.length > 60) throw new Error('twice');
          if (open) message.ack();
        },
        complete: complete.resolve,
      });
      let open = false;
      await both;
      expect(got.length).toBeGreaterThanOrEqual(10);
      expect(got.length).toBeLessThan(60);
      for (const one of gated) {
        expect(one).toMatchObject({ topic, offset: 0, partition: expect.any(Number) });
        expect(one.unacked).toBeGreaterThanOrEqual(5);
      }
      expect(gated.map(({ partition }) => partition).sort()).toEqual([0, 1]);
      expect(warned).toHaveBeenCalledTimes(1);
      expect(warned.mock.calls[0]?.[0]).toMatch(
        /messages were delivered and none was acknowledged.*Call message.ack\(\)/,
      );
      open = true;
      for (const message of got.slice()) message.ack();
      await complete.promise;
      expect(got).toHaveLength(60);
      expect(warned).toHaveBeenCalledTimes(1);
    } finally {
      warned.mockRestore();
    }
  });

  it.each(['delivery', 'none'] as const)("is not held up with commit '%s'", async (commit) => {
    const { topic } = await filled(bench, 60);
    const consumer = bench.consumer({}, {}, { credit: { laneMessages: 10 }, gatedMs: 50 });
    const gated = recorded(consumer, 'gated');
    const stream = consumer.stream(topic, { until: 'eof', commit });
    expect(await firstValueFrom(stream.messages$.pipe(toArray()))).toHaveLength(60);
    expect(gated).toEqual([]);
  });
});

describe('a handler that never settles', () => {
  it('is reported as stalled, once; the other partitions go on and the member stays', async () => {
    const { topic, group } = await filled(bench, 3, 3);
    const consumer = bench.consumer({ 'group.id': group }, {}, { maxProcessingMs: 200 });
    const stalled = recorded(consumer, 'stalled');
    const lost = recorded(consumer, 'lost');
    const first = event(consumer, 'stalled');
    const release = deferred();
    const run = consumer
      .stream(topic, { until: 'eof' })
      .run(({ partition, offset }) => (partition === 0 && offset === 1 ? release.promise : undefined));
    expect(await first).toMatchObject({ topic, partition: 0, offset: 1, ageMs: expect.any(Number) });
    expect((await first).ageMs).toBeGreaterThanOrEqual(200);
    await consumer.commit();
    expect(await stored(bench, group, topic, 2)).toEqual([1, 3]);
    release.resolve();
    expect(await run).toMatchObject({ processed: 6, drained: true });
    expect(stalled).toHaveLength(1);
    expect(lost).toEqual([]);
  });

  it("ends its stream with onStall 'failStream', and no other", async () => {
    const stuck = await filled(bench, 2);
    const fine = await filled(bench, 2);
    const options: ConsumerOptions = { maxProcessingMs: 100, onStall: 'failStream' };
    const consumer = bench.consumer(quick, { value: utf8 }, options);
    const other = consumer.stream(fine.topic).take();
    const error = await rejection(consumer.stream(stuck.topic).run(() => new Promise(() => {})));
    expect(error).toBeInstanceOf(StateError);
    expect(error.message).toMatch(new RegExp(`${stuck.topic}/0 @0 was delivered \\d+ ms ago and is not acknowledged`));
    expect(texts((await other) ?? [])).toEqual(numbered(2));
  });

  it("ends the consumer's streams with onStall 'failConsumer'", async () => {
    const stuck = await filled(bench, 2);
    const options: ConsumerOptions = { maxProcessingMs: 100, onStall: 'failConsumer' };
    const consumer = bench.consumer(quick, {}, options);
    const idle = rejection(firstValueFrom(consumer.stream(await bench.topic()).messages$));
    const run = rejection(consumer.stream(stuck.topic).run(() => new Promise(() => {})));
    expect((await run).message).toMatch(/is not acknowledged/);
    expect(await idle).toBe(await run);
  });
});

describe('onAssigned', () => {
  it('says where to begin, later, and the group waits for it', async () => {
    const { topic } = await filled(bench, 10, 10);
    const asked = deferred<readonly TopicPartition[]>();
    const answer = deferred();
    const onAssigned = async (partitions: readonly TopicPartition[]) => {
      asked.resolve(partitions);
      await answer.promise;
      return [{ topic, partition: 1, offset: 8 }];
    };
    const consumer = bench.consumer({}, { value: utf8 }, { rebalance: { onAssigned } });
    const stream = consumer.stream(topic, { until: 'eof' });
    const found = firstValueFrom(stream.messages$.pipe(toArray()));
    expect(await asked.promise).toEqual(upTo(2).map((partition) => ({ topic, partition })));
    expect(consumer.assignment()).toEqual([]);
    answer.resolve();
    const offsets = (await found).map(({ partition, offset }) => `${partition}@${offset}`).sort();
    expect(offsets).toEqual([...upTo(10).map((offset) => `0@${offset}`), '1@8', '1@9']);
  });

  it('that fails ends the consumer: reading from elsewhere could skip messages', async () => {
    const { topic } = await filled(bench, 2);
    const cause = new Error('the store is down');
    const consumer = bench.consumer({}, {}, { rebalance: { onAssigned: () => Promise.reject(cause) } });
    expect(await rejection(consumer.stream(topic).take())).toBe(cause);
    // Nothing is left that would have to be waited for.
    await consumer.close({ timeoutMs: NEVER });
  });
});

describe('onRevoked', () => {
  it('comes after the work and before the last commit, and is waited for', async () => {
    const { topic, group } = await filled(bench, 4);
    const called = deferred<readonly TopicPartition[]>();
    const go = deferred();
    const onRevoked = async (partitions: readonly TopicPartition[]) => {
      called.resolve(partitions);
      await go.promise;
    };
    const rebalance = { onRevoked };
    const commits = { ms: 1e6, onEof: false };
    const consumer = bench.consumer({ 'group.id': group }, {}, { rebalance, commits });
    await consumer.subscribe(topic);
    const batch = await consumer.take();
    const revoked = event(consumer, 'revoked');
    await consumer.unsubscribe();
    batch?.ack();
    expect(await called.promise).toEqual([{ topic, partition: 0 }]);
    expect(await stored(bench, group, topic)).toEqual([null]);
    go.resolve();
    expect(await revoked).toMatchObject({ drained: true });
    expect(await stored(bench, group, topic)).toEqual([batch?.size]);
  });

  it('comes for all that onAssigned was told of, also when the consumer closes meanwhile', async () => {
    const topic = await bench.topic(2);
    const asked = deferred();
    const answer = deferred();
    const onRevoked = jest.fn();
    const onAssigned = async () => {
      asked.resolve();
      await answer.promise;
      return undefined;
    };
    const consumer = bench.consumer({}, {}, { rebalance: { onAssigned, onRevoked } });
    await consumer.subscribe(topic);
    await asked.promise;
    const closed = consumer.close();
    await new Promise(setImmediate);
    answer.resolve();
    await closed;
    const told = onRevoked.mock.calls.map(([partitions]) => partitions);
    expect(told).toEqual([upTo(2).map((partition) => ({ topic, partition }))]);
  });

  it('that fails is reported, and what is done is committed all the same', async () => {
    const { topic, group } = await filled(bench, 4);
    const rebalance = { onRevoked: () => Promise.reject(new Error('no')) };
    const consumer = bench.consumer({ 'group.id': group }, {}, { rebalance });
    const failed = next(consumer.errors$);
    await consumer.subscribe(topic);
    const batch = await consumer.take();
    batch?.ack();
    const revoked = event(consumer, 'revoked');
    await consumer.unsubscribe();
    expect((await failed).message).toMatch(/a rebalance hook failed: no/);
    expect(await revoked).toMatchObject({ drained: true });
    expect(await stored(bench, group, topic)).toEqual([batch?.size]);
  });

  it('is not called for partitions that are lost: onLost is, and nothing is committed', async () => {
    const { topic, group } = await filled(bench, 4);
    const onRevoked = jest.fn();
    const onLost = jest.fn();
    const commits = { ms: 1e6, onEof: false };
    const rebalance = { onRevoked, onLost };
    const consumer = bench.consumer({ 'group.id': group, ...quick }, { value: utf8 }, { rebalance, commits });
    const stream = consumer.stream(topic);
    const messages = await firstValueFrom(stream.messages$.pipe(take(4), toArray()));
    messages[0]?.ack();
    const lost = event(consumer, 'lost');
    await bench.cluster.pushErrors('Heartbeat', ['UNKNOWN_MEMBER_ID']);
    await lost;
    expect(onLost.mock.calls).toEqual([[[{ topic, partition: 0 }]]]);
    expect(onRevoked).not.toHaveBeenCalled();
    expect(messages[1]?.ack()).toEqual({ stale: true, why: 'lost' });
    expect(await stored(bench, group, topic)).toEqual([null]);
    const again = await firstValueFrom(stream.messages$.pipe(take(4), toArray()));
    expect(texts(again)).toEqual(numbered(4));
  });
});

describe('static membership', () => {
  sinceConsumerProtocol()('a member that comes back has its partitions again, and nobody else notices', async () => {
    const topic = await bench.topic(2);
    const config = { 'group.id': unique('group'), 'group.protocol': 'consumer' } as const;
    const join = async (name: string) => {
      const consumer = bench.consumer({ ...config, 'group.instance.id': name }, { value: utf8 });
      const assigned = event(consumer, 'assigned', ({ partitions }) => partitions.length > 0);
      const stream = consumer.stream(topic);
      await assigned;
      return { consumer, stream };
    };
    const one = await join('one');
    const moved = event(one.consumer, 'revoked');
    const two = await join('two');
    await moved;
    const before = two.consumer.assignment();
    expect(before).toHaveLength(1);
    const [{ partition }] = before as [TopicPartition];
    await bench.fill(topic, 3, { partition });
    const read = await firstValueFrom(two.stream.messages$.pipe(take(3), toArray()));
    for (const message of read.slice(0, 2)) message.ack();
    const noticed = [recorded(one.consumer, 'assigned'), recorded(one.consumer, 'revoked')];
    await two.consumer.close();
    const back = await join('two');
    expect(back.consumer.assignment()).toEqual(before);
    const rest = await firstValueFrom(back.stream.messages$.pipe(take(1), toArray()));
    expect(texts(rest)).toEqual(['v2']);
    expect(noticed).toEqual([[], []]);
    expect(one.consumer.assignment()).toEqual([{ topic, partition: 1 - partition }]);
  });

  it('a member whose name somebody else took over ends with the error, and commits nothing more', async () => {
    const { topic, group } = await filled(bench, 4);
    const config = { 'group.id': group, 'group.instance.id': 'same', 'heartbeat.interval.ms': 100 };
    const consumer = bench.consumer(config, {}, { commits: { ms: 1e6, onEof: false } });
    const stream = consumer.stream(topic);
    const messages = await firstValueFrom(stream.messages$.pipe(take(4), toArray()));
    messages[0]?.ack();
    const ended = rejection(firstValueFrom(stream.messages$.pipe(toArray())));
    await bench.cluster.pushErrors('Heartbeat', ['FENCED_INSTANCE_ID']);
    expect(await ended).toMatchObject({ code: 'ERR_KAFKA_FENCED_INSTANCE_ID', fatal: true });
    expect(messages[1]?.ack()).toMatchObject({ stale: true });
    await consumer.close({ timeoutMs: 500 });
    expect(await stored(bench, group, topic)).toEqual([null]);
  });
});
