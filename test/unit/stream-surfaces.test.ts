import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { filter, map, take } from 'rxjs';
import { StreamBusyError } from '../../lib/consume/stream/feed';
import type { MessageBatch } from '../../lib/message/batch';
import type { Message } from '../../lib/message/message';
import { json, utf8 } from '../../lib/serde/builtins';
import { encodeChunk } from '../support/chunk-encoder';
import { harness, settled } from '../support/fake-lanes';

const offsets = (batch: Iterable<Message<unknown, unknown>> | null) =>
  [...(batch ?? [])].map((message) => message.offset);

describe('take', () => {
  test('gives what arrived, in order, and null at the end', async () => {
    const { session, assign, chunk } = harness();
    const stream = session.stream('t');
    assign(1, { 1: 't/0' });
    const first = stream.take();
    chunk(1, 10, 3);
    chunk(1, 13, 2);
    expect(offsets(await first)).toEqual([10, 11, 12]);
    expect(offsets(await stream.take())).toEqual([13, 14]);
    const last = stream.take();
    session.end(null);
    expect(await last).toBeNull();
    expect(await stream.take()).toBeNull();
  });

  test('an aborted take leaves the stream as it was', async () => {
    const { session, assign, chunk } = harness();
    const stream = session.stream('t');
    assign(1, { 1: 't/0' });
    const controller = new AbortController();
    const taken = stream.take({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(taken).rejects.toMatchObject({ code: 'ABORT_ERR' });
    chunk(1, 0, 2);
    expect(offsets(await stream.take())).toEqual([0, 1]);
  });

  test('credit comes back as messages are acknowledged, and the watermark is committed', async () => {
    const { session, source, assign, chunk } = harness();
    const stream = session.stream('t');
    assign(1, { 1: 't/0' });
    chunk(1, 0, 4);
    const batch = (await stream.take()) as MessageBatch;
    batch.at(2)?.ack();
    await settled();
    expect(source.creditedMessages).toBe(0);
    expect(batch.ackThrough(batch.at(1) as Message)).toEqual({ stale: false });
    await session.commit();
    expect(source.creditedMessages).toBe(3);
    expect(source.committed.get('t/0')).toBe(3);
    expect(batch.ack()).toEqual({ stale: false });
    expect(batch.ack()).toEqual({ stale: true, why: 'duplicate' });
    await session.commit();
    expect(source.committed.get('t/0')).toBe(4);
    expect(source.creditedMessages).toBe(4);
  });
});

describe('for await', () => {
  test('breaking acknowledges nothing; the next loop resumes at the first message not done', async () => {
    const { session, source, assign, chunk } = harness();
    const stream = session.stream('t');
    assign(1, { 1: 't/0' });
    chunk(1, 0, 3);
    chunk(1, 3, 3);
    for await (const batch of stream) {
      batch.at(1)?.ack();
      break;
    }
    await session.commit();
    expect(source.commits).toHaveLength(0);
    const seen: number[] = [];
    for await (const batch of stream) {
      seen.push(...offsets(batch));
      batch.ack();
      if (seen.length === 5) break;
    }
    expect(seen).toEqual([0, 2, 3, 4, 5]);
    await session.commit();
    expect(source.committed.get('t/0')).toBe(6);
  });

  test('return() ends a parked next() at once', async () => {
    const { session, assign } = harness();
    const stream = session.stream('t');
    assign(1, { 1: 't/0' });
    const iterator = stream[Symbol.asyncIterator]();
    const parked = iterator.next();
    await iterator.return?.();
    expect(await parked).toEqual({ done: true, value: undefined });
  });

  test('messages one by one: what was not pulled was not delivered', async () => {
    const { session, source, assign, chunk } = harness();
    const stream = session.stream('t');
    assign(1, { 1: 't/0' });
    chunk(1, 0, 5);
    for await (const message of stream.messages()) {
      message.ack();
      if (message.offset === 2) break;
    }
    await session.commit();
    expect(source.committed.get('t/0')).toBe(3);
    expect(offsets(await stream.take())).toEqual([3, 4]);
  });

  test('the error that ends the consumer is thrown, once', async () => {
    const { session, assign } = harness();
    const stream = session.stream('t');
    assign(1, { 1: 't/0' });
    const iterator = stream[Symbol.asyncIterator]();
    const parked = iterator.next();
    const cause = new Error('fatal');
    session.end(cause);
    await expect(parked).rejects.toBe(cause);
  });
});

describe('messages$', () => {
  test('delivers decoded messages and stops at once on unsubscribe', async () => {
    const { session, source, assign, chunk } = harness();
    const stream = session.stream('t', { key: utf8, value: json<number>() });
    assign(1, { 1: 't/0', 2: 't/1' });
    const seen: number[] = [];
    const subscription = stream.messages$.subscribe((message) => {
      seen.push(message.value);
      message.ack();
      if (message.value === 3) subscription.unsubscribe();
    });
    chunk(1, 0, 10);
    await settled();
    expect(seen).toEqual([0, 1, 2, 3]);
    await session.commit();
    expect(source.committed.get('t/0')).toBe(4);
    stream.messages$
      .pipe(
        map((message) => message.value),
        filter((value) => value > 7),
      )
      .subscribe((value) => seen.push(value));
    await settled();
    expect(seen).toEqual([0, 1, 2, 3, 8, 9]);
  });

  test('a second subscriber is refused, with the name of the first', async () => {
    const { session, assign } = harness();
    const stream = session.stream('t');
    assign(1, { 1: 't/0' });
    const first = stream.messages$.subscribe();
    const errors: unknown[] = [];
    stream.batches$.subscribe({ error: (error) => errors.push(error) });
    expect(errors).toEqual([expect.any(StreamBusyError)]);
    expect((errors[0] as StreamBusyError).holder).toBe('messages$');
    await expect(stream.take()).rejects.toThrow(/messages\$/);
    first.unsubscribe();
    stream.batches$.subscribe().unsubscribe();
  });

  test('a message that cannot be decoded ends the stream after those before it, and is not committed', async () => {
    const { session, source, assign, deliver } = harness();
    const stream = session.stream('t', { value: json<number>() });
    assign(1, { 1: 't/0' });
    const seen: number[] = [];
    const errors: unknown[] = [];
    stream.messages$.subscribe({
      next: (message) => {
        seen.push(message.value);
        message.ack();
      },
      error: (error) => errors.push(error),
    });
    deliver(
      encodeChunk(
        1,
        ['1', '2', '{', '4'].map((value, i) => ({ offset: 7 + i, value })),
      ),
    );
    await settled();
    expect(seen).toEqual([1, 2]);
    expect(errors).toEqual([expect.objectContaining({ topic: 't', partition: 0, offset: 9, part: 'value' })]);
    await session.commit();
    expect(source.committed.get('t/0')).toBe(9);
  });

  test('the next reader meets the message that cannot be decoded, and may read its bytes', async () => {
    const { session, assign, deliver } = harness();
    const stream = session.stream('t', { value: json<number>() });
    assign(1, { 1: 't/0' });
    deliver(
      encodeChunk(
        1,
        ['{', '2'].map((value, offset) => ({ offset, value })),
      ),
    );
    const errors: string[] = [];
    for (let n = 0; n < 2; n++) {
      stream.messages$.subscribe({ error: (error: Error) => errors.push(error.name) });
      await settled();
    }
    expect(errors).toEqual(['DecodeError', 'DecodeError']);
    const batch = await stream.take();
    expect(batch?.at(0)?.rawValue?.toString()).toBe('{');
    expect(batch?.at(1)?.value).toBe(2);
  });

  test('onDecodeError: skip goes on past it', async () => {
    const { session, source, events, assign, deliver } = harness();
    const stream = session.stream('t', { value: json<number>(), onDecodeError: 'skip' });
    assign(1, { 1: 't/0' });
    const seen: number[] = [];
    stream.messages$.subscribe((message) => {
      seen.push(message.value);
      message.ack();
    });
    deliver(
      encodeChunk(
        1,
        ['1', '{', '[', '4', '}'].map((value, i) => ({ offset: i, value })),
      ),
    );
    await settled();
    expect(seen).toEqual([1, 4]);
    await session.commit();
    expect(source.committed.get('t/0')).toBe(5);
    expect(events.filter(({ type }) => type === 'skipped')).toHaveLength(3);
  });
});

test('a stop after an unsubscribe does not wait for what was left', async () => {
  const { session, clock, assign, chunk } = harness();
  const stream = session.stream('t');
  assign(1, { 1: 't/0' });
  chunk(1, 0, 3);
  const subscription = stream.messages$.subscribe();
  await settled();
  subscription.unsubscribe();
  expect(await session.stop()).toMatchObject({ drained: true, waitedMs: 0 });
  expect(clock.time).toBe(0);
});

test("commit: 'delivery' settles exactly what was handed out before the unsubscribe", async () => {
  const { session, source, assign, chunk } = harness();
  const stream = session.stream('t', { commit: 'delivery' });
  assign(1, { 1: 't/0' });
  chunk(1, 0, 9);
  stream.messages$.pipe(take(4)).subscribe();
  await settled();
  await session.commit();
  expect(source.committed.get('t/0')).toBe(4);
  expect(offsets(await stream.take())).toEqual([4, 5, 6, 7, 8]);
});

test('a batch that is garbage collected without an acknowledgement is reported', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const { session, events, assign, chunk } = harness({ leakDetection: true });
  const stream = session.stream('t');
  assign(1, { 1: 't/0' });
  chunk(1, 0, 3);
  await (async () => {
    (await stream.take())?.at(0)?.ack();
  })();
  for (let n = 0; n < 20 && !events.some(({ type }) => type === 'leaked-batch'); n++) {
    await settled();
    gc();
  }
  expect(events.find(({ type }) => type === 'leaked-batch')).toMatchObject({
    topic: 't',
    partition: 0,
    offset: 1,
    messages: 2,
  });
});

describe('batches$', () => {
  test('closes by count, and by time for the rest', async () => {
    const { session, clock, assign, chunk } = harness();
    const stream = session.stream('t', { batch: { count: 4, ms: 100 } });
    assign(1, { 1: 't/0' });
    const seen: [number[], string][] = [];
    stream.batches$.subscribe((batch) => seen.push([offsets(batch), batch.reason]));
    chunk(1, 0, 3);
    chunk(1, 3, 3);
    await clock.advance(99);
    expect(seen).toEqual([[[0, 1, 2, 3], 'count']]);
    await clock.advance(1);
    expect(seen[1]).toEqual([[4, 5], 'time']);
  });

  test('the end of the partition closes the open batch and follows it on eof$', async () => {
    const { session, assign, deliver, chunk } = harness();
    const stream = session.stream('t', { batch: { count: 100, ms: 1000 } });
    const log: unknown[] = [];
    stream.eof$.subscribe(({ offset }) => log.push(`eof ${offset}`));
    stream.batches$.subscribe((batch) => log.push([batch.size, batch.reason, batch.eof]));
    assign(1, { 1: 't/0' });
    chunk(1, 0, 3);
    deliver({ type: 'eof', lane: 1, offset: 5 });
    await settled();
    expect(log).toEqual([[3, 'eof', 5], 'eof 5']);
  });
});

test('until eof ends when every partition reached its end, and delivers nothing later', async () => {
  const { session, assign, deliver, chunk } = harness();
  const stream = session.stream('t', { until: 'eof' });
  assign(1, { 1: 't/0', 2: 't/1', 3: 't/2' });
  chunk(1, 0, 2);
  deliver({ type: 'eof', lane: 1, offset: 2 });
  deliver({ type: 'eof', lane: 3, offset: 0 });
  chunk(1, 2, 2);
  const seen: string[] = [];
  let complete = false;
  stream.messages$.subscribe({
    next: ({ partition, offset }) => seen.push(`${partition}@${offset}`),
    complete: () => {
      complete = true;
    },
  });
  await settled();
  expect(seen).toEqual(['0@0', '0@1']);
  expect(complete).toBe(false);
  chunk(2, 5, 1);
  deliver({ type: 'eof', lane: 2, offset: 7 });
  await settled();
  expect(seen).toEqual(['0@0', '0@1', '1@5']);
  expect(complete).toBe(true);
});

describe('revoke', () => {
  test('lets go at once when nothing is being processed', async () => {
    const { session, source, assign, revoke, chunk } = harness();
    session.stream('t');
    assign(1, { 1: 't/0' });
    chunk(1, 0, 5);
    revoke(2, [1]);
    expect(source.released).toEqual([2]);
    expect(source.commits).toHaveLength(0);
  });

  test('waits for what was delivered, commits it, then lets go', async () => {
    const { session, source, events, assign, revoke, deliver, chunk } = harness();
    const stream = session.stream('t');
    assign(1, { 1: 't/0' });
    chunk(1, 0, 3);
    chunk(1, 3, 3);
    const batch = (await stream.take()) as MessageBatch;
    revoke(2, [1]);
    await settled();
    expect(source.released).toEqual([]);
    batch.ack();
    await settled();
    expect(source.committed.get('t/0')).toBe(3);
    expect(source.released).toEqual([2]);
    deliver({ type: 'revoked', id: 2, lanes: [1], lost: false, timedOut: false });
    expect(events.find(({ type }) => type === 'revoked')).toMatchObject({ drained: true, abandoned: [] });
    expect(batch.ack()).toEqual({ stale: true, why: 'revoked' });
    expect(batch.signal.aborted).toBe(true);
  });

  test('gives up at the deadline and says what was abandoned', async () => {
    const { session, source, clock, events, assign, revoke, deliver, chunk } = harness();
    const stream = session.stream('t');
    assign(1, { 1: 't/0' });
    chunk(1, 0, 3);
    const batch = (await stream.take()) as MessageBatch;
    batch.at(0)?.ack();
    revoke(2, [1], 4000);
    await clock.advance(3000);
    expect(source.committed.get('t/0')).toBe(1);
    expect(source.released).toEqual([2]);
    deliver({ type: 'revoked', id: 2, lanes: [1], lost: false, timedOut: false });
    expect(events.find(({ type }) => type === 'revoked')).toMatchObject({
      drained: false,
      abandoned: [{ topic: 't', partition: 0, offsets: [1, 2] }],
      waitedMs: 3000,
    });
  });

  test('lost: nothing is waited for or committed', async () => {
    const { session, source, events, assign, deliver, chunk } = harness();
    const stream = session.stream('t');
    assign(1, { 1: 't/0' });
    chunk(1, 0, 3);
    const batch = (await stream.take()) as MessageBatch;
    deliver({ type: 'revoked', id: 2, lanes: [1], lost: true, timedOut: false });
    expect(batch.ack()).toEqual({ stale: true, why: 'lost' });
    await settled();
    expect(source.commits).toHaveLength(0);
    expect(source.released).toEqual([]);
    expect(events.find(({ type }) => type === 'lost')).toMatchObject({ abandoned: [{ offsets: [0, 1, 2] }] });
  });
});

test('overlapping topics are refused', () => {
  const { session } = harness();
  session.stream(['a', 'b']);
  expect(() => session.stream('b')).toThrow(/topic b is already read by stream\(a, b\)/);
  expect(() => session.stream(/^a.*/)).toThrow(/already read/);
  session.stream('c');
  expect(session.topics()).toEqual(['a', 'b', 'c']);
});

test('a batch larger than the credit is refused', () => {
  const { session } = harness();
  expect(() => session.stream('t', { batch: { count: 10_000 } })).toThrow(/raise the credit 'laneMessages' to 20000/);
});
