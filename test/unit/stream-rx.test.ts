import { concatMap, map, mergeMap, type Observable, Subject, take, toArray } from 'rxjs';
import { batchUntil, commitEvery, keepIf, mapProcess, produceTo } from '../../lib/consume/operators';
import type { AckResult } from '../../lib/message/ack';
import type { MessageBatch } from '../../lib/message/batch';
import type { Message } from '../../lib/message/message';
import { utf8 } from '../../lib/serde/builtins';
import { harness, settled } from '../support/fake-lanes';

const one = (options = {}) => {
  const world = harness();
  const stream = world.session.stream('t', { value: utf8, ...options });
  world.assign(1, { 1: 't/0' });
  return { ...world, stream };
};

type Item$ = Observable<MessageBatch<unknown, unknown> | Message<unknown, unknown>>;
const observe = (stream: { messages$: unknown; batches$: unknown }, name: 'messages$' | 'batches$') =>
  stream[name] as Item$;

/** Counts what was acknowledged. */
class Item {
  acked = 0;
  constructor(readonly id: number) {}
  ack(): AckResult {
    this.acked++;
    return { stale: false };
  }
}

describe.each(['messages$', 'batches$'] as const)('%s', (name) => {
  test.each([1, 2, 3, 4, 5, 6])('unsubscribing at message or batch %i loses and acknowledges nothing', async (stop) => {
    const { stream, session, source, assign, chunk } = one();
    assign(2, { 2: 't/1' });
    const seen: string[] = [];
    const record = (item: unknown) => {
      for (const { partition, offset } of [...((name === 'batches$' ? item : [item]) as Iterable<Message>)])
        seen.push(`${partition}@${offset}`);
    };
    observe(stream, name).pipe(take(stop)).subscribe({ next: record });
    for (let n = 0; n < 4; n++) {
      chunk(1, n * 2, 2);
      chunk(2, n * 2, 2);
    }
    await settled();
    seen.length = 0;
    observe(stream, name).subscribe(record);
    await settled();
    const all = [0, 1].flatMap((partition) => Array.from({ length: 8 }, (_, offset) => `${partition}@${offset}`));
    expect([...seen].sort()).toEqual(all);
    await session.commit();
    expect(source.commits).toHaveLength(0);
    expect(source.creditedMessages).toBe(0);
  });

  test('an idle subscription ends at once', async () => {
    const { stream, clock } = one({ batch: { count: 10, ms: 50 } });
    const subscription = observe(stream, name).subscribe();
    await settled();
    subscription.unsubscribe();
    expect(clock.pending).toBe(0);
    await expect(Promise.race([stream.take(), settled()])).resolves.toBeUndefined();
  });

  test('a throw in next: the stream goes on, and nothing from the message on is committed', async () => {
    const { stream, session, source, chunk } = one();
    const thrown: unknown[] = [];
    // RxJS 7 rethrows it from a timer; here the timer is looked into.
    const timers = jest.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void) => {
      try {
        run();
      } catch (error) {
        thrown.push(error);
      }
    }) as never);
    let count = 0;
    observe(stream, name).subscribe((item) => {
      if (++count === 2) throw new Error('in next');
      item.ack();
    });
    chunk(1, 0, 1);
    chunk(1, 1, 1);
    chunk(1, 2, 1);
    await settled();
    timers.mockRestore();
    expect(thrown).toEqual([new Error('in next')]);
    expect(count).toBe(3);
    await session.commit();
    expect(source.committed.get('t/0')).toBe(1);
  });

  test('completes when the consumer is closed, fails when it fails', async () => {
    for (const error of [null, new Error('fatal')]) {
      const { stream, session } = one();
      const ends: unknown[] = [];
      observe(stream, name).subscribe({ error: (cause) => ends.push(cause), complete: () => ends.push(null) });
      await settled();
      session.end(error);
      session.end(null);
      expect(ends).toEqual([error]);
    }
  });
});

test('asynchronous work in concatMap is bounded by the credit: nothing more comes before the ack', async () => {
  const { stream, source, chunk } = one();
  const releases: (() => void)[] = [];
  stream.batches$
    .pipe(
      concatMap(async (batch) => {
        await new Promise<void>((resolve) => releases.push(resolve));
        batch.ack();
      }),
    )
    .subscribe();
  chunk(1, 0, 4);
  await settled();
  expect(source.creditedMessages).toBe(0);
  releases[0]?.();
  await settled();
  expect(source.creditedMessages).toBe(4);
});

describe('partitions$', () => {
  test('one stream per partition; it completes on revoke, the others go on', async () => {
    const { stream, assign, revoke, deliver, chunk, session } = one();
    const log: string[] = [];
    stream.partitions$
      .pipe(
        mergeMap((partition) => {
          partition.batches$.subscribe({
            next: (batch) => {
              log.push(`${partition.partition}: ${batch.values()}`);
              batch.ack();
            },
            complete: () => log.push(`${partition.partition} ends, aborted ${partition.signal.aborted}`),
          });
          return [];
        }),
      )
      .subscribe({ complete: () => log.push('all end') });
    await settled();
    assign(2, { 2: 't/1' });
    await settled();
    chunk(1, 0, 2);
    chunk(2, 5, 1);
    revoke(3, [1]);
    deliver({ type: 'revoked', id: 3, lanes: [1], lost: false, timedOut: false });
    chunk(2, 6, 1);
    session.end(null);
    expect(log).toEqual(['0: 0,1', '1: 5', '0 ends, aborted true', '1: 6', '1 ends, aborted true', 'all end']);
  });

  test('a partition has one reader, and when nobody wants partitions the stream has them back', async () => {
    const { stream, chunk } = one();
    const errors: Error[] = [];
    const subscription = stream.partitions$.subscribe((partition) => {
      partition.messages$.subscribe();
      partition.batches$.subscribe({ error: (error) => errors.push(error) });
    });
    await settled();
    chunk(1, 0, 3);
    expect(errors[0]?.message).toMatch(/t\/0 is already read by messages\$/);
    await expect(stream.take()).rejects.toThrow(/partitions\$/);
    subscription.unsubscribe();
    expect((await stream.take())?.values()).toEqual(['0', '1', '2']);
  });
});

test('readable: batches, one ahead; destroying it gives back what was not acknowledged', async () => {
  const { stream, chunk } = one();
  const readable = stream.readable();
  chunk(1, 0, 2);
  chunk(1, 2, 2);
  const seen: string[][] = [];
  for await (const batch of readable) {
    seen.push(batch.values());
    batch.ack();
    break;
  }
  expect(seen).toEqual([['0', '1']]);
  await settled();
  expect((await stream.take())?.values()).toEqual(['2', '3']);
});

describe('keepIf', () => {
  test('acknowledges what it drops', () => {
    const items = [1, 2, 3, 4].map((id) => new Item(id));
    const source = new Subject<Item>();
    const kept: number[] = [];
    source.pipe(keepIf((item) => item.id % 2 === 0)).subscribe((item) => kept.push(item.id));
    for (const item of items) source.next(item);
    expect(kept).toEqual([2, 4]);
    expect(items.map((item) => item.acked)).toEqual([1, 0, 1, 0]);
  });

  test('a predicate that throws ends the stream, and its message is not acknowledged', () => {
    const item = new Item(1);
    const source = new Subject<Item>();
    const errors: unknown[] = [];
    source
      .pipe(
        keepIf(() => {
          throw new Error('no');
        }),
      )
      .subscribe({ error: (error) => errors.push(error) });
    source.next(item);
    expect(errors).toEqual([new Error('no')]);
    expect([item.acked, source.observed]).toEqual([0, false]);
  });
});

describe('mapProcess', () => {
  const run = async (order: 'partition' | 'key' | 'none', concurrency: number) => {
    const { stream, chunk } = one();
    const started: number[] = [];
    const finish = new Map<number, () => void>();
    const out: number[] = [];
    const signals: AbortSignal[] = [];
    const subscription = stream.messages$
      .pipe(
        mapProcess(
          (message, { signal }) => {
            started.push(message.offset);
            signals.push(signal);
            return new Promise<number>((resolve) => finish.set(message.offset, () => resolve(message.offset)));
          },
          { order, concurrency },
        ),
      )
      .subscribe((leased) => {
        out.push(leased.value);
        leased.ack();
      });
    chunk(1, 0, 6);
    await settled();
    return { started, finish, out, subscription, signals, stream };
  };

  test('runs a bounded number at a time', async () => {
    const { started, finish, out } = await run('none', 2);
    expect(started).toEqual([0, 1]);
    finish.get(1)?.();
    await settled();
    expect([started, out]).toEqual([[0, 1, 2], [1]]);
  });

  test('keeps the order of a partition, or of a key', async () => {
    expect((await run('partition', 4)).started).toEqual([0]);
    const { started, finish } = await run('key', 4);
    expect(started).toEqual([0, 1, 2]);
    finish.get(0)?.();
    await settled();
    expect(started).toEqual([0, 1, 2, 3]);
  });

  test('unsubscribing aborts what runs and begins with nothing more', async () => {
    const { started, finish, subscription, signals, out } = await run('none', 2);
    subscription.unsubscribe();
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    finish.get(0)?.();
    await settled();
    expect([started, out]).toEqual([[0, 1], []]);
  });

  test('an error ends the stream; its message is not committed', async () => {
    const { stream, session, source, chunk } = one();
    const errors: unknown[] = [];
    stream.messages$
      .pipe(
        mapProcess(
          async ({ offset }) => {
            if (offset === 1) throw new Error('no');
          },
          { order: 'partition' },
        ),
      )
      .subscribe({ next: (leased) => leased.ack(), error: (error) => errors.push(error) });
    chunk(1, 0, 3);
    await settled();
    expect(errors).toEqual([new Error('no')]);
    await session.commit();
    expect(source.committed.get('t/0')).toBe(1);
  });

  test('completes after what is still running', async () => {
    const source = new Subject<Message<never, never>>();
    const results: unknown[] = [];
    source
      .pipe(
        mapProcess(async () => 'r', { order: 'none' }),
        map(({ value }) => value),
        toArray(),
      )
      .subscribe((all) => results.push(all));
    source.next({} as never);
    source.complete();
    expect(results).toEqual([]);
    await settled();
    expect(results).toEqual([['r']]);
  });
});

describe('produceTo', () => {
  test('passes values on in order, when all their records are delivered', async () => {
    const source = new Subject<number>();
    const reports: (() => void)[] = [];
    const sent: unknown[] = [];
    const send = (record: unknown) => {
      sent.push(record);
      return new Promise<void>((resolve) => reports.push(resolve));
    };
    const out: unknown[] = [];
    source
      .pipe(produceTo({ send }, (n) => (n === 2 ? ['2a', '2b'] : `${n}`)))
      .subscribe({ next: (n) => out.push(n), complete: () => out.push('end') });
    for (const n of [1, 2, 3]) source.next(n);
    source.complete();
    expect(sent).toEqual(['1', '2a', '2b', '3']);
    for (const at of [3, 1]) reports[at]?.();
    await settled();
    expect(out).toEqual([]);
    reports[0]?.();
    await settled();
    expect(out).toEqual([1]);
    reports[2]?.();
    await settled();
    expect(out).toEqual([1, 2, 3, 'end']);
  });

  test('a record that is not delivered, or cannot be made, ends the stream', async () => {
    for (const toRecord of [
      () => 'x',
      () => {
        throw new Error('down');
      },
    ]) {
      const source = new Subject<number>();
      const errors: unknown[] = [];
      source
        .pipe(produceTo({ send: () => Promise.reject(new Error('down')) }, toRecord))
        .subscribe({ error: (error) => errors.push(error) });
      source.next(1);
      await settled();
      expect(errors).toEqual([new Error('down')]);
      expect(source.observed).toBe(false);
    }
  });
});

describe('commitEvery', () => {
  test('acknowledges, commits after so many, and gives receipts when the broker has answered', async () => {
    const items = [1, 2, 3].map((id) => new Item(id));
    const source = new Subject<Item>();
    const answers: (() => void)[] = [];
    const log: unknown[] = [];
    const commit = () => new Promise<void>((resolve) => answers.push(resolve));
    source
      .pipe(commitEvery({ commit }, { count: 2, ms: 10_000 }))
      .subscribe({ next: (receipt) => log.push(receipt), complete: () => log.push('end') });
    for (const item of items) source.next(item);
    await settled();
    expect([items.map(({ acked }) => acked), answers.length, log]).toEqual([[1, 1, 1], 1, []]);
    answers[0]?.();
    await settled();
    expect(log).toEqual([{ count: 2 }]);
    source.complete();
    await settled();
    answers[1]?.();
    await settled();
    expect(log).toEqual([{ count: 2 }, { count: 1 }, 'end']);
  });

  test('a refused commit ends the stream; unsubscribing clears its timer', async () => {
    const source = new Subject<Item>();
    const errors: unknown[] = [];
    source
      .pipe(commitEvery({ commit: () => Promise.reject(new Error('refused')) }, { count: 1 }))
      .subscribe({ error: (error) => errors.push(error) });
    source.next(new Item(1));
    await settled();
    expect(errors).toEqual([new Error('refused')]);
    jest.useFakeTimers();
    const subscription = new Subject<Item>();
    const running = subscription.pipe(commitEvery({ commit: async () => {} })).subscribe();
    subscription.next(new Item(2));
    expect(jest.getTimerCount()).toBe(1);
    running.unsubscribe();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });
});

describe('batchUntil', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  test('by count, by time, and the rest at the end; never empty', () => {
    const source = new Subject<number>();
    const out: unknown[] = [];
    source
      .pipe(batchUntil({ count: 3, ms: 100 }))
      .subscribe({ next: (batch) => out.push(batch), complete: () => out.push('end') });
    for (const n of [1, 2, 3, 4]) source.next(n);
    jest.advanceTimersByTime(99);
    expect(out).toEqual([[1, 2, 3]]);
    jest.advanceTimersByTime(1000);
    expect(out).toEqual([[1, 2, 3], [4]]);
    source.next(5);
    source.complete();
    expect(out).toEqual([[1, 2, 3], [4], [5], 'end']);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('unsubscribing drops the open batch and its timer', () => {
    const source = new Subject<number>();
    const subscription = source.pipe(batchUntil({ count: 3, ms: 100 })).subscribe();
    source.next(1);
    subscription.unsubscribe();
    expect([jest.getTimerCount(), source.observed]).toEqual([0, false]);
  });
});
