import { HandlerError } from '../../lib/consume/run/failure';
import type { Message } from '../../lib/message/message';
import { json } from '../../lib/serde/builtins';
import { encodeChunk } from '../support/chunk-encoder';
import { harness, settled } from '../support/fake-lanes';

/** Handlers that finish when the test says so. */
class Gate {
  readonly started: string[] = [];
  private readonly open = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();

  handle = (message: Message<unknown, unknown>): Promise<void> => {
    const name = `${message.partition}@${message.offset}`;
    this.started.push(name);
    return new Promise((resolve, reject) => this.open.set(name, { resolve, reject }));
  };
  async finish(...names: string[]): Promise<void> {
    for (const name of names) this.open.get(name)?.resolve();
    await settled();
  }
  async fail(name: string): Promise<void> {
    this.open.get(name)?.reject(new Error('no'));
    await settled();
  }
}

const two = (options = {}) => {
  const world = harness(options);
  const stream = world.session.stream('t');
  world.assign(1, { 1: 't/0', 2: 't/1' });
  return { ...world, stream };
};

test('order partition: one after the other, partitions at the same time', async () => {
  const { stream, source, session, chunk } = two();
  const gate = new Gate();
  const controller = new AbortController();
  const running = stream.run(gate.handle, { signal: controller.signal });
  chunk(1, 0, 3);
  chunk(2, 0, 2);
  await settled();
  expect(gate.started).toEqual(['0@0', '1@0']);
  await gate.finish('0@0');
  expect(gate.started).toEqual(['0@0', '1@0', '0@1']);
  await gate.finish('1@0', '0@1');
  await gate.finish('1@1');
  controller.abort();
  await settled();
  await gate.finish('0@2');
  await expect(running).resolves.toMatchObject({
    drained: true,
    abandoned: [],
    processed: 5,
    committed: [
      { partition: 0, offset: 3 },
      { partition: 1, offset: 2 },
    ],
  });
  expect(source.committed.get('t/0')).toBe(3);
  await session.commit();
});

test('order key: equal keys wait for each other, others do not', async () => {
  const { stream, chunk } = two();
  const gate = new Gate();
  void stream.run(gate.handle, { order: 'key', concurrency: 8 });
  // Keys repeat every three offsets.
  chunk(1, 0, 7);
  await settled();
  expect(gate.started).toEqual(['0@0', '0@1', '0@2']);
  await gate.finish('0@1');
  expect(gate.started.slice(3)).toEqual(['0@4']);
  await gate.finish('0@0');
  expect(gate.started.slice(4)).toEqual(['0@3']);
});

test('order none: up to concurrency at once; the watermark waits for the first', async () => {
  const { stream, session, source, chunk } = two();
  const gate = new Gate();
  void stream.run(gate.handle, { order: 'none', concurrency: 3 });
  chunk(1, 0, 6);
  await settled();
  expect(gate.started).toHaveLength(3);
  await gate.finish('0@1', '0@2', '0@3', '0@4', '0@5');
  await gate.finish('0@3', '0@4');
  await gate.finish('0@5');
  await session.commit();
  expect(source.committed.has('t/0')).toBe(false);
  await gate.finish('0@0');
  await session.commit();
  expect(source.committed.get('t/0')).toBe(6);
});

test('a handler that throws ends the run with its position; the others drain; nothing from it on is committed', async () => {
  const { stream, source, chunk } = two();
  const gate = new Gate();
  const running = stream.run(gate.handle);
  const caught = running.catch((error: unknown) => error);
  chunk(1, 0, 3);
  chunk(2, 0, 3);
  await settled();
  await gate.finish('0@0');
  await gate.fail('0@1');
  expect(gate.started).toEqual(['0@0', '1@0', '0@1']);
  await gate.finish('1@0');
  const error = await caught;
  expect(error).toBeInstanceOf(HandlerError);
  expect(error).toMatchObject({ topic: 't', partition: 0, offset: 1, attempt: 1, cause: new Error('no') });
  expect(source.committed.get('t/0')).toBe(1);
  expect(source.committed.get('t/1')).toBe(1);
  // The stream can be read again, from the message that failed.
  expect([...((await stream.take()) ?? [])].map((message) => message.offset)).toEqual([1, 2]);
});

test('retry in place, with growing pauses, then skip', async () => {
  const { stream, session, source, clock, events, chunk } = two();
  const calls: [number, number, number][] = [];
  void stream.run(
    (message, { attempt }) => {
      calls.push([message.offset, attempt, clock.now()]);
      if (message.offset === 1) throw new Error('no');
    },
    { failure: { attempts: 3, backoffMs: 100, exhausted: 'skip' } },
  );
  chunk(1, 0, 3);
  await clock.advance(1000);
  // Jitter is at its middle with the test's clock: 75 and 150 ms.
  expect(calls).toEqual([
    [0, 1, 0],
    [1, 1, 0],
    [1, 2, 75],
    [1, 3, 225],
    [2, 1, 225],
  ]);
  expect(events.find(({ type }) => type === 'skipped')).toMatchObject({ offset: 1, error: new Error('no') });
  await session.commit();
  expect(source.committed.get('t/0')).toBe(3);
});

test('dead letter: with provenance, and the report comes before the acknowledgement', async () => {
  const { stream, session, source, deliver } = two();
  const sent: { topic: string; headers: [string, unknown][] }[] = [];
  let report = () => {};
  const producer = {
    send: (record: (typeof sent)[number]) => {
      sent.push(record);
      return new Promise<void>((resolve) => {
        report = resolve;
      });
    },
  };
  void stream.run(
    (message) => {
      if (message.offset === 7) throw new TypeError('bad');
    },
    { failure: { exhausted: { deadLetter: { producer, topic: (message) => `${message.topic}.dlq` } } } },
  );
  deliver(
    encodeChunk(1, [
      { offset: 7, key: 'k', value: 'v', headers: [['trace', 'x']] },
      { offset: 8, value: 'w' },
    ]),
  );
  await settled();
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject({ topic: 't.dlq', key: Buffer.from('k'), value: Buffer.from('v') });
  expect(Object.fromEntries(sent[0]?.headers ?? [])).toMatchObject({
    trace: Buffer.from('x'),
    'dlq.source.topic': 't',
    'dlq.source.partition': '0',
    'dlq.source.offset': '7',
    'dlq.error': 'TypeError: bad',
    'dlq.attempts': '1',
  });
  await session.commit();
  expect(source.committed.has('t/0')).toBe(false);
  report();
  await settled();
  await session.commit();
  expect(source.committed.get('t/0')).toBe(9);
});

test('a dead letter that cannot be sent ends the run', async () => {
  const { stream, chunk } = two();
  const failure = {
    exhausted: { deadLetter: { topic: 'd', producer: { send: () => Promise.reject(new Error('down')) } } },
  };
  const running = stream.run(() => Promise.reject(new Error('no')), { failure });
  chunk(1, 4, 1);
  const error = await running.catch((error) => error);
  expect(error).toMatchObject({ name: 'HandlerError', offset: 4 });
  expect(error.message).toBe('Handling t/0 @4 failed: no; and its dead letter could not be sent: down');
  expect(error.cause.errors).toEqual([new Error('no'), new Error('down')]);
});

test('a failure policy that fails ends the run, and hides nothing', async () => {
  const { stream, chunk } = two();
  const failure = () => Promise.reject(new Error('undecided'));
  const running = stream.run(() => Promise.reject(new Error('no')), { failure });
  chunk(1, 4, 1);
  const error = await running.catch((error) => error);
  expect(error.message).toBe('Handling t/0 @4 failed: no; and the failure policy failed: undecided');
  expect(error.cause.errors).toEqual([new Error('no'), new Error('undecided')]);
});

test('what cannot be decoded takes the same way, with its bytes', async () => {
  const { session, source, assign, deliver } = harness();
  const stream = session.stream('t', { value: json<number>() });
  assign(1, { 1: 't/0' });
  const seen: number[] = [];
  const refused: unknown[] = [];
  void stream.run((message) => seen.push(message.value), {
    failure: ({ error, message }) => {
      refused.push([(error as Error).name, message.rawValue?.toString()]);
      return 'skip';
    },
  });
  deliver(
    encodeChunk(
      1,
      ['1', '{', '3'].map((value, offset) => ({ offset, value })),
    ),
  );
  await settled();
  expect(seen).toEqual([1, 3]);
  expect(refused).toEqual([['DecodeError', '{']]);
  await session.commit();
  expect(source.committed.get('t/0')).toBe(3);
});

test('runBatch acknowledges a batch when its handler is done, one at a time per partition', async () => {
  const world = harness();
  const stream = world.session.stream('t', { batch: { count: 2, ms: 50 } });
  world.assign(1, { 1: 't/0' });
  const sizes: number[] = [];
  let finish = () => {};
  const controller = new AbortController();
  const running = stream.runBatch(
    (batch) => {
      sizes.push(batch.size);
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    },
    { signal: controller.signal },
  );
  world.chunk(1, 0, 5);
  await settled();
  expect(sizes).toEqual([2]);
  finish();
  await settled();
  expect(sizes).toEqual([2, 2]);
  finish();
  await settled();
  // The rest is handed out because the run stops, and waited for.
  controller.abort();
  await settled();
  expect(sizes).toEqual([2, 2, 1]);
  finish();
  await expect(running).resolves.toMatchObject({ processed: 5, drained: true });
  expect(world.source.committed.get('t/0')).toBe(5);
});

test('a handler that never settles is given up after drainMs, and reported', async () => {
  const { stream, clock, chunk } = two();
  const controller = new AbortController();
  const running = stream.run(() => new Promise(() => {}), { signal: controller.signal, drainMs: 500 });
  chunk(1, 0, 2);
  await settled();
  controller.abort();
  await clock.advance(3000);
  await expect(running).resolves.toMatchObject({ drained: false, abandoned: [{ partition: 0, offsets: [0] }] });
});

test('until eof: run resolves when everything was handled and committed', async () => {
  const world = harness();
  const stream = world.session.stream('t', { until: 'eof' });
  const gate = new Gate();
  const running = stream.run(gate.handle);
  world.assign(1, { 1: 't/0' });
  world.chunk(1, 0, 2);
  world.deliver({ type: 'eof', lane: 1, offset: 3 });
  await settled();
  await gate.finish('0@0');
  await gate.finish('0@1');
  await expect(running).resolves.toMatchObject({ processed: 2, drained: true });
  expect(world.source.committed.get('t/0')).toBe(3);
});

test('a fatal error rejects the run with the cause, once', async () => {
  const { stream, session } = two();
  const running = stream.run(() => {});
  const cause = new Error('fatal');
  await settled();
  session.end(cause);
  await expect(running).rejects.toBe(cause);
});

test('after a seek nothing of before is begun with, and what comes then is waited for', async () => {
  const { stream, session, source, deliver } = two();
  const gate = new Gate();
  void stream.run(gate.handle, { order: 'key', concurrency: 8 });
  const same = (offsets: number[]) =>
    deliver(
      encodeChunk(
        1,
        offsets.map((offset) => ({ offset, key: 'k', value: 'v' })),
      ),
    );
  same([0, 1, 2]);
  await settled();
  const sought = session.seek({ topic: 't', partition: 0 }, 1000, async () => {});
  deliver({ type: 'rewound', lane: 1, offset: 7 });
  await sought;
  await gate.finish('0@0');
  same([7]);
  await settled();
  expect(gate.started).toEqual(['0@0', '0@7']);
  deliver({ type: 'revoking', id: 5, lanes: [1], deadlineMs: 30_000 });
  await settled();
  expect(source.released).toEqual([]);
  await gate.finish('0@7');
  expect(source.released).toEqual([5]);
  expect(source.committed.get('t/0')).toBe(8);
});
