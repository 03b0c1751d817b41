import {
  Admin,
  Consumer,
  type ConsumerConfig,
  type DrainOutcome,
  type Message,
  Producer,
  type TopicPartition,
  utf8,
} from 'rdkafka-rx';
import { MockCluster } from 'rdkafka-rx/testing';
import { expectHandles } from '../support/handles';
import { NEVER } from '../support/never';

jest.setTimeout(60_000);

let cluster: MockCluster;
beforeAll(async () => {
  cluster = await MockCluster.start({ topics: { t: 4 } });
});
afterEach(() => expectHandles(1));
afterAll(async () => {
  await cluster.stop();
  await expectHandles(0);
});

const servers = () => ({ 'bootstrap.servers': cluster.bootstrapServers });
let groups = 0;
const group = (): ConsumerConfig => ({
  ...servers(),
  'group.id': `g${process.pid}-${++groups}`,
  'auto.offset.reset': 'earliest',
  'heartbeat.interval.ms': 100,
});
const at = { topic: 't', partition: 0 };
const closed = { name: 'ClosedError', code: 'ERR_KAFKA_CLIENT_CLOSED' };

describe('close', () => {
  it.each([
    ['consumer', () => new Consumer(group())],
    ['producer', () => new Producer(servers())],
    ['admin', () => new Admin(servers())],
  ])('of a %s, twice and at once, is one close', async (_, make) => {
    const client = make();
    expect(client.closed).toBe(false);
    const one = client.close();
    expect(client.closed).toBe(true);
    expect(client.close()).toBe(one);
    await one;
    await client.close();
    await client[Symbol.asyncDispose]();
  });

  it('during connecting, to a broker that is not there', async () => {
    for (const make of [Consumer, Producer, Admin]) {
      const client = new make({ 'bootstrap.servers': '127.0.0.1:1' });
      const asked = expect(client.metadata(null, { timeoutMs: 300 })).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_KAFKA_(CLIENT_CLOSED|_TRANSPORT|_TIMED_OUT)$/),
      });
      await client.close();
      await asked;
    }
  });

  it('during joining', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const consumer = new Consumer(group());
      const subscribed = consumer.subscribe('t').catch((error) => expect(error).toMatchObject(closed));
      for (let i = 0; i < turns * 10; i++) await new Promise(setImmediate);
      await consumer.close({ timeoutMs: 5000 });
      await subscribed;
    }
  });

  it('during commits: each settles, and what was resolved is kept', async () => {
    const config = group();
    const consumer = new Consumer(config);
    await consumer.subscribe('t');
    const commits = Array.from({ length: 20 }, (_, i) =>
      consumer.commit({ ...at, offset: i + 1 }).then(
        () => i + 1,
        () => 0,
      ),
    );
    await consumer.close();
    const highest = Math.max(...(await Promise.all(commits)));
    const asker = new Consumer(config);
    const [found] = await asker.committed([at]);
    await asker.close();
    expect(found?.offset ?? 0).toBeGreaterThanOrEqual(highest);
  });

  it('from inside of a callback', async () => {
    const producer = new Producer(servers());
    await producer.sendBatch({ topic: 't', records: Array.from({ length: 100 }, () => ({ value: 'x' })) });
    let closing: Promise<void> | undefined;
    producer.deliveries$.subscribe(() => {
      closing = producer.close();
    });
    await producer.send({ topic: 't', value: 'x' });
    await closing;

    const consumer = new Consumer(group());
    const seen: unknown[] = [];
    const stream = await consumer.subscribe('t');
    await new Promise<void>((complete) =>
      stream.messages$.subscribe({
        next: (message) => {
          seen.push(message);
          message.ack();
          void consumer.close();
        },
        complete,
      }),
    );
    await consumer.close();
    expect(seen).toHaveLength(1);
  });

  it('from inside of rebalance hooks', async () => {
    let consumer!: Consumer;
    const assigned = new Promise<void>((resolve) => {
      consumer = new Consumer(
        group(),
        {},
        {
          rebalance: {
            onAssigned: () => {
              void consumer.close();
              resolve();
              return undefined;
            },
          },
        },
      );
    });
    await consumer.subscribe('t');
    await assigned;
    await consumer.close();
  });

  it('while an assignment hook never answers', async () => {
    let asked: () => void = () => {};
    const hook = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const onAssigned = () => {
      asked();
      return new Promise<undefined>(() => {});
    };
    const consumer = new Consumer(group(), {}, { rebalance: { onAssigned, drainMs: NEVER } });
    await consumer.subscribe('t');
    await hook;
    // Nothing but its own time can end it: neither the hook nor `drainMs`.
    await consumer.close({ timeoutMs: 2000 });
  });

  it('ends a parked take, a for await and the streams', async () => {
    const consumer = new Consumer({ ...group(), 'auto.offset.reset': 'latest' });
    await consumer.subscribe('t');
    const taken = consumer.take();
    const events = new Promise<void>((complete) => consumer.events$.subscribe({ complete }));
    await consumer.close();
    expect(await taken).toBeNull();
    await events;
    const rest: unknown[] = [];
    for await (const batch of consumer) rest.push(batch);
    expect(rest).toEqual([]);
    await new Promise<void>((complete) => consumer.events$.subscribe({ complete }));
  });

  it('waits for what is being processed and commits it, at most its time', async () => {
    const config = group();
    const consumer = new Consumer(config, { value: utf8 });
    await consumer.subscribe('t');
    const batch = await consumer.take();
    const closing = consumer.close();
    await consumer.metadata().catch((error) => expect(error).toMatchObject(closed));
    batch?.ack();
    await closing;
    const asker = new Consumer(config);
    const [found] = await asker.committed([{ topic: 't', partition: batch?.partition as number }]);
    expect(found?.offset).toBe((batch?.lastOffset as number) + 1);
    await asker.close();
  });
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe('close tells what happens to the partitions', () => {
  const topic = 'revoked';
  const lone = { topic, partition: 0 };
  beforeAll(async () => {
    await cluster.createTopic(topic);
    const producer = new Producer(servers());
    await producer.sendBatch({ topic, records: Array.from({ length: 3 }, (_, i) => ({ value: `${i}` })) });
    await producer.close();
  });

  const committed = async (config: ConsumerConfig) => {
    const asker = new Consumer(config);
    const [found] = await asker.committed([lone]);
    await asker.close();
    return found?.offset;
  };

  it('onRevoked is called while the member is still in its group: what it acknowledges is committed', async () => {
    const config = group();
    const seen: unknown[] = [];
    const kept: Message[] = [];
    const { promise: all, resolve } = deferred();
    const onRevoked = async (partitions: readonly TopicPartition[], outcome: DrainOutcome) => {
      seen.push(['hook', partitions, outcome.drained, outcome.abandoned]);
      await new Promise(setImmediate);
      for (const message of kept) message.ack();
    };
    const consumer = new Consumer(config, {}, { rebalance: { onRevoked } });
    consumer.rebalances$.subscribe((event) => {
      seen.push(
        event.type === 'revoked' ? [event.type, event.id, event.partitions, event.drained] : [event.type, event.id],
      );
    });
    consumer.stream(topic).messages$.subscribe((message) => {
      if (kept.push(message) === 3) resolve();
    });
    await all;
    await consumer.close({ timeoutMs: 2000 });
    expect(seen).toEqual([
      ['assigned', 1],
      ['revoking', 0],
      ['hook', [lone], false, [{ ...lone, offsets: [0, 1, 2] }]],
      ['revoked', 0, [lone], true],
    ]);
    expect(await committed(config)).toBe(3);
  });

  it('with a run that is done: everything is drained and committed', async () => {
    const config = group();
    const seen: unknown[] = [];
    const { promise: all, resolve } = deferred();
    const onRevoked = (partitions: readonly TopicPartition[], { drained }: DrainOutcome) => {
      seen.push([partitions, drained]);
    };
    const consumer = new Consumer(config, {}, { rebalance: { onRevoked } });
    const run = consumer.stream(topic).run(({ offset }) => {
      if (offset === 2) resolve();
    });
    await all;
    await consumer.close();
    expect(await run).toMatchObject({ processed: 3, drained: true });
    expect(seen).toEqual([[[lone], true]]);
    expect(await committed(config)).toBe(3);
  });

  it('a handler that never ends, and a hook that never answers, are not waited for longer than timeoutMs', async () => {
    const config = group();
    const seen: unknown[] = [];
    const { promise: begun, resolve } = deferred();
    const onRevoked = (_: unknown, { drained, abandoned }: DrainOutcome) => {
      seen.push([drained, abandoned]);
      return new Promise<void>(() => {});
    };
    const consumer = new Consumer(config, {}, { rebalance: { onRevoked, drainMs: NEVER } });
    consumer.rebalances$.subscribe((event) => {
      if (event.type === 'revoked') seen.push([event.drained, event.abandoned]);
    });
    const run = consumer.stream(topic).run(({ offset }) => {
      if (offset === 0) return undefined;
      resolve();
      return new Promise<void>(() => {});
    });
    await begun;
    // Nothing but its own time can end it: neither the handler, the hook nor `drainMs`.
    await consumer.close({ timeoutMs: 1500 });
    expect(await run).toMatchObject({ drained: false });
    const left = [false, [{ ...lone, offsets: [1] }]];
    expect(seen).toEqual([left, left]);
    expect(await committed(config)).toBe(1);
  });

  it('partitions that the user assigned are not revoked by anybody', async () => {
    const hook = jest.fn();
    const consumer = new Consumer(group(), {}, { rebalance: { onRevoked: hook } });
    await consumer.assign([{ ...lone, offset: 'beginning' }]);
    await consumer.take();
    await consumer.close({ timeoutMs: 500 });
    expect(hook).not.toHaveBeenCalled();
  });
});

describe('use after close', () => {
  const call = async (run: () => unknown) => {
    try {
      return await run();
    } catch (error) {
      return error;
    }
  };

  it.each<[string, (consumer: Consumer) => unknown]>([
    ['subscribe', (c) => c.subscribe('t')],
    ['unsubscribe', (c) => c.unsubscribe()],
    ['stream', (c) => c.stream('t')],
    ['assign', (c) => c.assign([at])],
    ['unassign', (c) => c.unassign()],
    ['incrementalAssign', (c) => c.incrementalAssign([at])],
    ['incrementalUnassign', (c) => c.incrementalUnassign([at])],
    ['seek', (c) => c.seek({ ...at, offset: 0 })],
    ['pause', (c) => c.pause([at])],
    ['resume', (c) => c.resume([at])],
    ['position', (c) => c.position(at)],
    ['commit', (c) => c.commit()],
    ['commit of offsets', (c) => c.commit({ ...at, offset: 1 })],
    ['commit', (c) => c.commit()],
    ['storeOffset', (c) => c.storeOffset({ ...at, offset: 1 })],
    ['committed', (c) => c.committed([at])],
    ['offsetsForTimes', (c) => c.offsetsForTimes([{ ...at, timestamp: 0 }])],
    ['watermarks', (c) => c.watermarks(at)],
    ['cachedWatermarks', (c) => c.cachedWatermarks(at)],
    ['groupMetadata', (c) => c.groupMetadata()],
    ['metadata', (c) => c.metadata()],
  ])('consumer.%s says so', async (_, use) => {
    const consumer = new Consumer(group());
    await consumer.close();
    expect(await call(() => use(consumer))).toMatchObject(closed);
  });

  it('consumer: what only looks answers with nothing', async () => {
    const consumer = new Consumer(group());
    await consumer.subscribe('t');
    const batch = await consumer.take();
    await consumer.close({ timeoutMs: 100 });
    expect(consumer.assignment()).toEqual([]);
    expect(consumer.paused()).toEqual([]);
    expect(await consumer.take()).toBeNull();
    expect(batch?.ack().stale).toBe(true);
    expect(batch?.at(0)?.rawValue?.toString()).toBe('x');
    expect(await consumer.stop()).toMatchObject({ drained: false });
    expect(JSON.stringify(consumer)).toContain('"closed":true');
  });

  it.each<[string, (producer: Producer) => unknown]>([
    ['send', (p) => p.send({ topic: 't', value: 'x' })],
    ['sendBatch', (p) => p.sendBatch({ topic: 't', records: [] })],
    ['ready', (p) => p.ready()],
    ['flush', (p) => p.flush()],
    ['purge', (p) => p.purge()],
    ['metadata', (p) => p.metadata()],
  ])('producer.%s says so', async (_, use) => {
    const producer = new Producer(servers());
    await producer.close();
    expect(await call(() => use(producer))).toMatchObject(closed);
  });

  it.each<[string, (admin: Admin) => unknown]>([
    ['createTopics', (a) => a.createTopics([{ topic: 'x' }])],
    ['deleteTopics', (a) => a.deleteTopics(['x'])],
    ['createPartitions', (a) => a.createPartitions('x', 2)],
    ['metadata', (a) => a.metadata()],
  ])('admin.%s says so', async (_, use) => {
    const admin = new Admin(servers());
    await admin.close();
    expect(await call(() => use(admin))).toMatchObject(closed);
  });
});
