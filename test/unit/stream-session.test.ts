import { KafkaError } from '../../lib/core/errors';
import type { MessageBatch } from '../../lib/message/batch';
import type { Message } from '../../lib/message/message';
import { harness, settled } from '../support/fake-lanes';

const offsets = (batch: Iterable<Message<unknown, unknown>> | null) =>
  [...(batch ?? [])].map((message) => message.offset);
const at = { topic: 't', partition: 0 };

const one = (options = {}, streamOptions = {}) => {
  const world = harness(options);
  const stream = world.session.stream('t', streamOptions);
  world.assign(1, { 1: 't/0' });
  return { ...world, stream };
};

describe('commits', () => {
  test('one at a time; what is acknowledged meanwhile goes with the next', async () => {
    const { stream, session, source, chunk } = one();
    source.manual = true;
    chunk(1, 0, 4);
    const batch = (await stream.take()) as MessageBatch;
    batch.at(0)?.ack();
    const first = session.commit();
    batch.ack();
    const second = session.commit();
    await settled();
    expect(source.commits.map(({ offsets: [one] }) => one?.offset)).toEqual([1]);
    source.commits[0]?.answer();
    await first;
    expect(source.commits.map(({ offsets: [one] }) => one?.offset)).toEqual([1, 4]);
    source.commits[1]?.answer();
    await second;
  });

  test('a failed one is made again from the then current state, after a pause', async () => {
    const { stream, session, source, clock, events, chunk } = one({ commit: { ms: 50 } });
    source.manual = true;
    chunk(1, 0, 4);
    const batch = (await stream.take()) as MessageBatch;
    batch.at(0)?.ack();
    await clock.advance(50);
    source.commits[0]?.answer([
      {
        ...at,
        offset: 1,
        error: {
          code: 7,
          name: 'ERR_REQUEST_TIMED_OUT',
          message: 'late',
          fatal: false,
          retriable: true,
          abortable: false,
        },
      },
    ]);
    batch.ack();
    await clock.advance(74);
    expect(source.commits).toHaveLength(1);
    await clock.advance(1);
    expect(source.commits[1]?.offsets[0]?.offset).toBe(4);
    expect(events.find(({ type }) => type === 'commit')).toMatchObject({
      willRetry: true,
      error: { code: 'ERR_KAFKA_REQUEST_TIMED_OUT' },
    });
    source.commits[1]?.answer();
    await session.commit();
  });

  test('one that the user asked for is not followed by a lower one', async () => {
    const { stream, session, source, clock, chunk } = one({ commit: { ms: 50, count: 1 } });
    source.manual = true;
    chunk(1, 0, 8);
    const batch = (await stream.take()) as MessageBatch;
    const asked = session.commit([{ ...at, offset: 6 }]);
    batch.at(0)?.ack();
    await clock.advance(100);
    source.commits[0]?.answer();
    await asked;
    batch.at(6)?.ack();
    await clock.advance(100);
    source.commits[1]?.answer();
    expect(source.commits.map(({ offsets: [one] }) => one?.offset)).toEqual([6, 7]);
  });

  test('a fenced member commits nothing more', async () => {
    const { stream, source, clock, chunk } = one({ commit: { ms: 50 } });
    source.manual = true;
    chunk(1, 0, 4);
    const batch = (await stream.take()) as MessageBatch;
    batch.at(0)?.ack();
    await clock.advance(50);
    source.commits[0]?.answer([
      {
        ...at,
        offset: 1,
        error: {
          code: 82,
          name: 'ERR_FENCED_INSTANCE_ID',
          message: 'gone',
          fatal: false,
          retriable: false,
          abortable: false,
        },
      },
    ]);
    batch.ack();
    await clock.advance(60_000);
    expect(source.commits).toHaveLength(1);
  });

  test('a commit that crossed a rebalance is made again', async () => {
    const { stream, source, clock, chunk } = one({ commit: { ms: 50 } });
    source.manual = true;
    chunk(1, 0, 4);
    const batch = (await stream.take()) as MessageBatch;
    batch.at(0)?.ack();
    await clock.advance(50);
    source.commits[0]?.answer([
      {
        ...at,
        offset: 1,
        error: {
          code: 22,
          name: 'ERR_ILLEGAL_GENERATION',
          message: 'gone',
          fatal: false,
          retriable: false,
          abortable: false,
        },
      },
    ]);
    batch.ack();
    await clock.advance(60_000);
    expect(source.commits).toHaveLength(2);
  });

  test('by count, without waiting for the time', async () => {
    const { stream, source, chunk } = one({ commit: { count: 3 } });
    chunk(1, 0, 2);
    chunk(1, 2, 2);
    ((await stream.take()) as MessageBatch).ack();
    await settled();
    expect(source.commits).toHaveLength(0);
    ((await stream.take()) as MessageBatch).ack();
    await settled();
    expect(source.committed.get('t/0')).toBe(4);
  });

  test('the position behind the last message is committed at the end of the partition', async () => {
    const { stream, source, deliver, chunk } = one();
    chunk(1, 0, 2);
    ((await stream.take()) as MessageBatch).ack();
    deliver({ type: 'eof', lane: 1, offset: 5 });
    await settled();
    expect(source.committed.get('t/0')).toBe(5);
  });

  test('ends that are reached one soon after the other are committed together', async () => {
    const { stream, source, clock, deliver, chunk } = one();
    const reach = async (offset: number) => {
      chunk(1, offset, 1);
      ((await stream.take()) as MessageBatch).ack();
      deliver({ type: 'eof', lane: 1, offset: offset + 1 });
      await settled();
    };
    await reach(0);
    expect(source.commits).toHaveLength(1);
    for (let offset = 1; offset < 20; offset++) await reach(offset);
    expect(source.commits).toHaveLength(1);
    await clock.advance(99);
    expect(source.commits).toHaveLength(1);
    await clock.advance(1);
    expect(source.commits).toHaveLength(2);
    expect(source.committed.get('t/0')).toBe(20);
  });

  test('explicit: resolves on the answer, and settles what is below', async () => {
    const { stream, session, source, chunk } = one();
    chunk(1, 0, 6);
    const batch = (await stream.take()) as MessageBatch;
    const [outcome] = await session.commit([{ ...at, offset: 4, metadata: 'note' }]);
    expect(outcome).toEqual({ ...at, offset: 4, error: null });
    expect(source.commits[0]?.offsets[0]).toMatchObject({ metadata: 'note' });
    expect(batch.at(3)?.ack()).toEqual({ stale: true, why: 'duplicate' });
    await settled();
    expect(source.creditedMessages).toBe(4);
    expect(source.commits).toHaveLength(1);
    batch.ack();
    await session.commit();
    expect(source.committed.get('t/0')).toBe(6);
  });

  test("mode 'delivery' settles what was handed out, 'none' never commits", async () => {
    for (const commit of ['delivery', 'none'] as const) {
      const { stream, session, source, chunk } = one({}, { commit });
      chunk(1, 0, 3);
      await stream.take();
      await session.commit();
      expect(source.creditedMessages).toBe(3);
      expect(source.committed.get('t/0')).toBe(commit === 'delivery' ? 3 : undefined);
    }
  });
});

describe('seek', () => {
  test('what is on its way from before is dropped, and its credit given back', async () => {
    const { stream, session, source, deliver, chunk } = one();
    chunk(1, 0, 4);
    chunk(1, 4, 4);
    const batch = (await stream.take()) as MessageBatch;
    const commands: number[] = [];
    await session.seek(at, 1000, async (lane) => void commands.push(lane));
    const next = stream.take();
    chunk(1, 8, 2);
    deliver({ type: 'rewound', lane: 1, offset: 2 });
    chunk(1, 2, 2);
    expect(commands).toEqual([1]);
    expect(offsets(await next)).toEqual([2, 3]);
    expect(source.creditedMessages).toBe(10);
    expect(batch.ack()).toEqual({ stale: true, why: 'rewound' });
    expect(session.position(at)).toBe(4);
  });

  test('one that fails changes nothing', async () => {
    const { stream, session, chunk } = one();
    chunk(1, 0, 2);
    await expect(session.seek(at, 1000, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(offsets(await stream.take())).toEqual([0, 1]);
    await expect(session.seek({ topic: 't', partition: 9 }, 1000, async () => {})).rejects.toThrow(
      't/9 is not assigned',
    );
  });

  test.each(['takes effect', 'fails'])('one that is not answered in time, and %s later', async (later) => {
    const { stream, session, clock, deliver, chunk } = one();
    let fail!: (error: Error) => void;
    chunk(1, 0, 2);
    const asked = session.seek(at, 100, () => new Promise((_, reject) => (fail = reject)));
    const told = expect(asked).rejects.toMatchObject({ code: 'ERR_KAFKA__TIMED_OUT', retriable: true });
    await clock.advance(100);
    await told;
    const next = stream.take();
    chunk(1, 2, 2);
    if (later === 'takes effect') {
      deliver({ type: 'rewound', lane: 1, offset: 7 });
      chunk(1, 7, 1);
      expect(offsets(await next)).toEqual([7]);
    } else {
      fail(new Error('no'));
      expect(offsets(await next)).toEqual([0, 1]);
    }
  });
});

test('a paused partition delivers nothing, also not what is buffered', async () => {
  const { stream, session, source, chunk } = one();
  chunk(1, 0, 2);
  session.pause([at]);
  const taken = stream.take();
  chunk(1, 2, 1);
  await settled();
  expect(session.paused()).toEqual([at]);
  session.resume([at]);
  expect(offsets(await taken)).toEqual([0, 1]);
  expect(source.pauses).toEqual([
    { lane: 1, paused: true },
    { lane: 1, paused: false },
  ]);
});

describe('hooks', () => {
  test('onAssigned says where to start', async () => {
    const { source, deliver } = harness({ rebalance: { onAssigned: async () => [{ ...at, offset: 77 }] } });
    deliver({ type: 'assigning', id: 4, partitions: [at, { topic: 't', partition: 1 }] });
    await settled();
    expect(source.answered).toEqual([
      {
        id: 4,
        partitions: [
          { ...at, offset: 77 },
          { topic: 't', partition: 1, offset: -1001 },
        ],
      },
    ]);
  });

  test('onRevoked is waited for before the last commit', async () => {
    let done = () => {};
    const { source, assign, revoke, session } = harness({
      rebalance: { onRevoked: () => new Promise<void>((resolve) => (done = resolve)) },
    });
    session.stream('t');
    assign(1, { 1: 't/0' });
    revoke(2, [1]);
    await settled();
    expect(source.released).toEqual([]);
    done();
    await settled();
    expect(source.released).toEqual([2]);
  });
});

describe('lanes that do not move', () => {
  test('gated, with one warning, when nothing is acknowledged', async () => {
    const warnings: string[] = [];
    const { stream, clock, events, chunk } = one({
      credit: { laneMessages: 4, laneBytes: 1e6, totalBytes: 1e6 },
      warn: (text: string) => warnings.push(text),
    });
    chunk(1, 0, 4);
    await stream.take();
    await clock.advance(20_000);
    expect(events.filter(({ type }) => type === 'gated')).toEqual([
      { type: 'gated', topic: 't', partition: 0, offset: 0, unacked: 4 },
    ]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/4 messages were delivered and none was acknowledged.*batch\.ack\(\)/);
  });

  test('stalled, once and with a warning, when a message is not done for too long', async () => {
    const warnings: string[] = [];
    const { stream, clock, events, chunk } = one({
      maxProcessingMs: 5000,
      warn: (text: string) => warnings.push(text),
    });
    chunk(1, 0, 2);
    const batch = (await stream.take()) as MessageBatch;
    batch.at(0)?.ack();
    await clock.advance(20_000);
    expect(events.filter(({ type }) => type === 'stalled')).toMatchObject([{ partition: 0, offset: 1 }]);
    batch.ack();
    await clock.advance(20_000);
    expect(events.filter(({ type }) => type === 'stalled')).toHaveLength(1);
    expect(warnings).toEqual([
      expect.stringMatching(/^t\/0 @1 was delivered \d+ ms ago and is not acknowledged: no commit passes it/),
    ]);
    expect(clock.pending).toBe(0);
  });

  test('onStall: failStream ends the stream with an error that says where', async () => {
    const { stream, clock, chunk } = one({ maxProcessingMs: 5000, onStall: 'failStream' });
    chunk(1, 0, 2);
    await stream.take();
    const next = stream.take().catch((error: Error) => error.message);
    await clock.advance(10_000);
    expect(await next).toMatch(/t\/0 @0 was delivered \d+ ms ago and is not acknowledged/);
  });
});

test('stop: hands out the open batch, waits, commits, and ends the readers', async () => {
  const { stream, session, source, chunk } = one({}, { batch: { count: 10, ms: 1000 } });
  chunk(1, 0, 3);
  const open = stream.take();
  const stopping = session.stop();
  const batch = (await open) as MessageBatch;
  expect([batch.size, batch.reason]).toEqual([3, 'stop']);
  const last = stream.take();
  batch.ack();
  expect(await stopping).toMatchObject({ drained: true, abandoned: [], committed: [{ partition: 0, offset: 3 }] });
  expect(await last).toBeNull();
  expect(source.committed.get('t/0')).toBe(3);
});

test('the open batch is handed out when the partition is revoked', async () => {
  const { stream, source, revoke, chunk } = one({}, { batch: { count: 10, ms: 1000 } });
  chunk(1, 0, 3);
  const open = stream.take();
  revoke(2, [1]);
  const batch = (await open) as MessageBatch;
  expect([batch.size, batch.reason]).toEqual([3, 'revoke']);
  batch.ack();
  await settled();
  expect(source.released).toEqual([2]);
  expect(source.committed.get('t/0')).toBe(3);
});

test("until: 'eof' on a topic that does not exist says so", async () => {
  const { session } = harness();
  const stream = session.stream('nope', { until: 'eof' });
  const taken = stream.take();
  session.sourceError(new KafkaError('ERR_KAFKA_UNKNOWN_TOPIC_OR_PART', 'unknown'), null);
  await expect(taken).rejects.toThrow(/stream\(nope\) cannot be read until its end, because it does not exist/);
});

test('batches over several partitions: count over all, one timer, eof when all are at theirs', async () => {
  const world = harness();
  const stream = world.session.stream('t', { batch: { count: 5, ms: 100, scope: 'stream' } });
  world.assign(1, { 1: 't/0', 2: 't/1' });
  const seen: [number, string, boolean][] = [];
  stream.batches$.subscribe((batch) => {
    seen.push([batch.size, batch.reason, batch.mixed]);
    batch.ack();
  });
  world.chunk(1, 0, 3);
  world.chunk(2, 0, 3);
  await world.clock.advance(100);
  expect(seen).toEqual([
    [5, 'count', true],
    [1, 'time', false],
  ]);
  world.chunk(1, 3, 1);
  world.deliver({ type: 'eof', lane: 1, offset: 4 });
  world.chunk(2, 3, 1);
  expect(seen).toHaveLength(2);
  world.deliver({ type: 'eof', lane: 2, offset: 4 });
  await settled();
  expect(seen[2]).toEqual([2, 'eof', true]);
  expect(world.source.creditedMessages).toBe(8);
});

test('batches by bytes', async () => {
  const { stream, chunk } = one({}, { batch: { bytes: 10, ms: 1000 } });
  const sizes: [number, string][] = [];
  stream.batches$.subscribe((batch) => sizes.push([batch.size, batch.reason]));
  // Three bytes a message: key k0, value of one digit.
  chunk(1, 0, 8);
  await settled();
  expect(sizes).toEqual([
    [3, 'bytes'],
    [3, 'bytes'],
  ]);
});
