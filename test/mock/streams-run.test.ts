/** Managed runs: what becomes of failures, order and concurrency, and the ways a run ends. */
import {
  ConsumeError,
  DecodeError,
  type Deserializer,
  type FailurePolicy,
  HandlerError,
  json,
  type Message,
  utf8,
} from 'rdkafka-rx';
import { firstValueFrom, toArray } from 'rxjs';
import { NEVER } from '../support/never';
import { Bench, numbered, quick, rejection, texts, unique } from './harness';
import { arrived, deferred, event, filled, outlivesNothing, recorded, stored, upTo } from './streams-kit';

outlivesNothing();
const bench = Bench.use();
type Text = Message<Buffer | null, string>;

/** A member of a group of its own, and a stream over a topic with these messages. */
async function reading(...counts: number[]) {
  const { topic, group } = await filled(bench, ...counts);
  const consumer = bench.consumer({ 'group.id': group }, { value: utf8 });
  return { topic, group, consumer, stream: consumer.stream(topic, { until: 'eof' }) };
}

const tick = () => new Promise(setImmediate);

describe('a handler that fails', () => {
  it('ends the run with where and why; nothing from the message on is committed; other partitions finish', async () => {
    const { topic, group, consumer, stream } = await reading(10, 5);
    const cause = new Error('no such account');
    const seen: string[] = [];
    const other = deferred();
    const run = stream.run(async ({ partition, offset }: Text) => {
      seen.push(`${partition}@${offset}`);
      // The other partition is in the middle of a message when this one fails.
      if (partition === 1 && offset === 2) await other.promise;
      if (partition !== 0 || offset < 4) return;
      while (!seen.includes('1@2')) await tick();
      setImmediate(() => other.resolve());
      throw cause;
    });
    const error = await rejection(run);
    expect(error).toBeInstanceOf(HandlerError);
    expect(error).toBeInstanceOf(ConsumeError);
    expect(error).toMatchObject({ name: 'HandlerError', topic, partition: 0, offset: 4, attempt: 1, cause });
    expect(error.code).toBe('ERR_KAFKA_CLIENT_HANDLER');
    expect(error.message).toBe(`Handling ${topic}/0 @4 failed: no such account`);
    expect(seen.filter((at) => at.startsWith('0@'))).toEqual(upTo(5).map((offset) => `0@${offset}`));
    expect(seen).not.toContain('1@3');
    await consumer.close();
    expect(await stored(bench, group, topic, 2)).toEqual([4, 3]);
  });

  it('of a batch: nothing of the batch is committed', async () => {
    const { topic, group } = await filled(bench, 9);
    const consumer = bench.consumer({ 'group.id': group });
    const stream = consumer.stream(topic, { batch: { count: 3 } });
    const error = await rejection(
      stream.runBatch((batch) => {
        if (batch.firstOffset === 3) throw new Error('no');
      }),
    );
    expect(error).toMatchObject({ name: 'HandlerError', topic, partition: 0, offset: 3, attempt: 1 });
    await consumer.close();
    expect(await stored(bench, group, topic)).toEqual([3]);
  });

  it('and can be run again: it begins with the message that failed', async () => {
    const { topic, group, consumer, stream } = await reading(6);
    await rejection(stream.run(({ offset }: Text) => (offset === 2 ? Promise.reject(new Error('once')) : undefined)));
    const seen: number[] = [];
    const summary = await stream.run(({ offset }: Text) => void seen.push(offset));
    expect(seen).toEqual([2, 3, 4, 5]);
    expect(summary).toMatchObject({ processed: 4, drained: true });
    await consumer.close();
    expect(await stored(bench, group, topic)).toEqual([6]);
  });

  it('is tried again in its place, after growing pauses', async () => {
    const { stream } = await reading(4);
    const calls: { offset: number; attempt: number; at: number }[] = [];
    const summary = await stream.run(
      async ({ offset }: Text, { attempt }) => {
        calls.push({ offset, attempt, at: performance.now() });
        await tick();
        if (offset === 1 && attempt < 4) throw new Error('not yet');
      },
      { failure: { attempts: 4, backoffMs: 40 } },
    );
    expect(calls.map(({ offset, attempt }) => [offset, attempt])).toEqual([
      [0, 1],
      [1, 1],
      [1, 2],
      [1, 3],
      [1, 4],
      [2, 1],
      [3, 1],
    ]);
    const waited = [2, 3, 4].map((n) => (calls[n]?.at as number) - (calls[n - 1]?.at as number));
    // Half of it is jitter, and timers may be a millisecond early.
    for (const [n, least] of [19, 39, 79].entries()) expect(waited[n]).toBeGreaterThanOrEqual(least);
    expect(summary).toMatchObject({ processed: 4, retries: 3, skipped: 0, deadLettered: 0 });
  });

  it('to the last attempt ends the run', async () => {
    const { topic, group, consumer, stream } = await reading(4);
    const handler = jest.fn(({ offset }: Text) => {
      if (offset === 2) throw new Error('never');
    });
    const error = await rejection(stream.run(handler, { failure: { attempts: 3, backoffMs: 1 } }));
    expect(error).toMatchObject({ offset: 2, attempt: 3, cause: new Error('never') });
    expect(handler).toHaveBeenCalledTimes(5);
    await consumer.close();
    expect(await stored(bench, group, topic)).toEqual([2]);
  });

  it('is skipped', async () => {
    const { topic, group, consumer, stream } = await reading(6);
    const skipped = recorded(consumer, 'skipped');
    const bad = new Error('bad');
    const failing = async ({ offset }: Text) => {
      if (offset % 3 === 0) throw bad;
    };
    expect(await stream.run(failing, { failure: 'skip' })).toMatchObject({ processed: 4, skipped: 2, drained: true });
    expect(skipped).toEqual([0, 3].map((offset) => ({ type: 'skipped', topic, partition: 0, offset, error: bad })));
    await consumer.close();
    expect(await stored(bench, group, topic)).toEqual([6]);
  });

  it('is decided on by a function, also asynchronously', async () => {
    const { topic, consumer, stream } = await reading(6);
    const asked: [number, number, string][] = [];
    const failure: FailurePolicy<Buffer | null, string> = async ({ error, attempt, message }) => {
      await tick();
      asked.push([message.offset, attempt, (error as Error).message]);
      if (message.offset === 1) return attempt < 3 ? { retryAfterMs: 1 } : 'skip';
      return 'stop';
    };
    const run = stream.run(
      ({ offset }: Text) => {
        if (offset === 1 || offset === 4) throw new Error(`e${offset}`);
      },
      { failure },
    );
    expect(await rejection(run)).toMatchObject({ topic, offset: 4, attempt: 1 });
    expect(asked).toEqual([
      [1, 1, 'e1'],
      [1, 2, 'e1'],
      [1, 3, 'e1'],
      [4, 1, 'e4'],
    ]);
    await consumer.close();
  });

  it('and a function that fails to decide ends the run with its error', async () => {
    const { topic, stream } = await reading(2);
    const cause = new Error('undecided');
    const run = stream.run(() => Promise.reject(new Error('x')), { failure: () => Promise.reject(cause) });
    const error = await rejection(run);
    expect(error).toMatchObject({ name: 'HandlerError', topic, offset: 0 });
    expect((error.cause as AggregateError).errors).toEqual([new Error('x'), cause]);
  });
});

describe('dead letters', () => {
  it('keep key, value and headers, and say where they come from and why', async () => {
    const topic = await bench.topic();
    const letters = await bench.topic();
    const group = unique('group');
    const producer = bench.producer();
    const headers = { trace: 'abc', 'dlq.error': 'from before' };
    await producer.send({ topic, key: 'k', value: 'poison', headers, timestamp: 1_700_000_000_000 });
    await producer.send({ topic, key: null, value: 'fine' });
    await producer.send({ topic, key: null, value: 'poison' });
    const consumer = bench.consumer({ 'group.id': group }, { value: utf8 });
    const told = recorded(consumer, 'dead-letter');
    const summary = await consumer.stream(topic, { until: 'eof' }).run(
      ({ value }: Text) => {
        if (value === 'poison') throw new TypeError('not edible');
      },
      { failure: { attempts: 2, backoffMs: 1, exhausted: { deadLetter: { producer, topic: letters } } } },
    );
    expect(summary).toMatchObject({ processed: 1, deadLettered: 2, retries: 2, drained: true });
    expect(told.map(({ offset }) => offset)).toEqual([0, 2]);
    const [[first, second] = []] = await bench.contents(letters);
    expect([first?.key?.toString(), first?.value?.toString()]).toEqual(['k', 'poison']);
    expect(first?.headers.entries.map(([name, value]) => [name, String(value)])).toEqual([
      ['trace', 'abc'],
      ['dlq.error', 'from before'],
      ['dlq.source.topic', topic],
      ['dlq.source.partition', '0'],
      ['dlq.source.offset', '0'],
      ['dlq.source.timestamp', '1700000000000'],
      ['dlq.error', 'TypeError: not edible'],
      ['dlq.attempts', '2'],
    ]);
    expect([second?.key, String(second?.headers.get('dlq.source.offset'))]).toEqual([null, '2']);
    await consumer.close();
    expect(await stored(bench, group, topic)).toEqual([3]);
  });

  it('are reported before their message counts as done', async () => {
    const { topic, group, consumer, stream } = await reading(3);
    const sent = deferred();
    const report = deferred();
    const producer = {
      send: () => {
        sent.resolve();
        return report.promise;
      },
    };
    const run = stream.run(
      ({ offset }: Text) => {
        if (offset === 1) throw new Error('x');
      },
      { failure: { exhausted: { deadLetter: { producer, topic: 'letters' } } }, order: 'none' },
    );
    await sent.promise;
    await consumer.commit();
    expect(await stored(bench, group, topic)).toEqual([1]);
    report.resolve();
    expect(await run).toMatchObject({ processed: 2, deadLettered: 1 });
    await consumer.commit();
    expect(await stored(bench, group, topic)).toEqual([3]);
  });

  it('that are refused end the run, and the message is not done', async () => {
    const { topic, group, consumer, stream } = await reading(3);
    const letters = await bench.topic();
    const producer = bench.producer();
    await bench.cluster.pushErrors('Produce', ['INVALID_RECORD']);
    const failing = ({ offset }: Text) => {
      if (offset === 1) throw new Error('x');
    };
    const failure = { exhausted: { deadLetter: { producer, topic: () => letters } } };
    const error = await rejection(stream.run(failing, { failure }));
    expect(error).toMatchObject({ name: 'HandlerError', topic, offset: 1 });
    expect((error.cause as AggregateError).errors[1].code).toBe('ERR_KAFKA_INVALID_RECORD');
    await consumer.close();
    expect(await stored(bench, group, topic)).toEqual([1]);
    expect(await bench.contents(letters)).toEqual([[]]);
  });
});

describe('what cannot be decoded', () => {
  const bad = '{"a":';
  const asynchronous: Deserializer<unknown> = {
    async: true,
    deserialize: async (data) => {
      await tick();
      return JSON.parse(String(data));
    },
  };

  describe.each([
    ['at once', json()],
    ['asynchronously', asynchronous],
  ])('%s', (_, value) => {
    async function poisoned() {
      const topic = await bench.topic();
      const group = unique('group');
      const producer = bench.producer();
      for (const text of ['1', bad, '3']) await producer.send({ topic, value: text });
      const consumer = bench.consumer({ 'group.id': group, ...quick });
      const seen: unknown[] = [];
      const handler = (message: Message<Buffer | null, unknown>) => void seen.push(message.value);
      return {
        topic,
        group,
        consumer,
        producer,
        seen,
        handler,
        stream: consumer.stream(topic, { until: 'eof', value }),
      };
    }

    it('ends the run before it', async () => {
      const { topic, group, consumer, stream, seen, handler } = await poisoned();
      const error = await rejection(stream.run(handler));
      expect(error).toBeInstanceOf(DecodeError);
      expect(error).toMatchObject({ topic, partition: 0, offset: 1, part: 'value', raw: Buffer.from(bad) });
      expect(seen).toEqual([1]);
      await consumer.close();
      expect(await stored(bench, group, topic)).toEqual([1]);
    });

    it('is skipped', async () => {
      const { topic, group, consumer, stream, seen, handler } = await poisoned();
      expect(await stream.run(handler, { failure: 'skip' })).toMatchObject({ processed: 2, skipped: 1 });
      expect(seen).toEqual([1, 3]);
      await consumer.close();
      expect(await stored(bench, group, topic)).toEqual([3]);
    });

    it('becomes a dead letter with its bytes, without another attempt', async () => {
      const { topic, stream, producer, seen, handler } = await poisoned();
      const letters = await bench.topic();
      const failure = { attempts: 5, exhausted: { deadLetter: { producer, topic: letters } } };
      expect(await stream.run(handler, { failure })).toMatchObject({ processed: 2, deadLettered: 1, retries: 0 });
      expect(seen).toEqual([1, 3]);
      const [[letter] = []] = await bench.contents(letters);
      expect(letter?.value?.toString()).toBe(bad);
      expect(String(letter?.headers.get('dlq.source.offset'))).toBe('1');
      expect(String(letter?.headers.get('dlq.error'))).toMatch(
        new RegExp(`^DecodeError: Cannot decode the value of ${topic}`),
      );
    });

    it('ends messages$ with its error, unless that is told to pass over it', async () => {
      const { topic, consumer, stream, seen } = await poisoned();
      const error = await rejection(stream.messages$.forEach((message) => void seen.push(message.value)));
      expect(error).toMatchObject({ name: 'DecodeError', offset: 1 });
      expect(seen).toEqual([1]);
      await stream.stop();
      const skipping = consumer.stream(topic, { until: 'eof', value, onDecodeError: 'skip', commit: 'delivery' });
      const skipped = event(consumer, 'skipped');
      const found = await firstValueFrom(skipping.messages$.pipe(toArray()));
      expect(found.map((message) => message.value)).toEqual([1, 3]);
      expect(await skipped).toMatchObject({ topic, partition: 0, offset: 1 });
    });
  });
});

describe('order', () => {
  /** Handles messages with keys `a` to `d` in turn, each for a few turns of the loop. */
  async function handled(order: 'partition' | 'key' | 'none', concurrency: number) {
    const topic = await bench.topic(2);
    const group = unique('group');
    const producer = bench.producer();
    for (const partition of [0, 1]) {
      const records = upTo(100).map((n) => ({ partition, key: 'abcd'[n % 4] as string, value: `${n}` }));
      await producer.sendBatch({ topic, records });
    }
    const consumer = bench.consumer({ 'group.id': group }, { key: utf8, value: utf8 });
    // Both partitions are there before anything is done.
    const came = arrived(consumer, 200);
    const active = new Map<string, number>();
    const overlaps = { partition: 0, key: 0 };
    const begun = new Map<string, number[]>();
    let running = 0;
    let most = 0;
    const summary = await consumer.stream<string | null, string>(topic, { until: 'eof' }).run(
      async ({ partition, key, offset }) => {
        const domains = [`${partition}`, `${partition}${key}`];
        for (const [n, domain] of domains.entries()) {
          if ((active.get(domain) ?? 0) > 0) overlaps[n === 0 ? 'partition' : 'key']++;
          active.set(domain, (active.get(domain) ?? 0) + 1);
          begun.set(domain, [...(begun.get(domain) ?? []), offset]);
        }
        most = Math.max(most, ++running);
        await came;
        for (let turns = (offset * 7) % 5; turns >= 0; turns--) await tick();
        running--;
        for (const domain of domains) active.set(domain, (active.get(domain) as number) - 1);
      },
      { order, concurrency },
    );
    expect(summary).toMatchObject({ processed: 200, drained: true });
    expect(await stored(bench, group, topic, 2)).toEqual([100, 100]);
    const sorted = (domain: string) =>
      (begun.get(domain) ?? []).every((offset, n, all) => n === 0 || offset > (all[n - 1] as number));
    const keys = [...begun.keys()].filter((domain) => domain.length === 2);
    expect(keys).toHaveLength(8);
    return { overlaps, most, inOrder: { partition: ['0', '1'].every(sorted), key: keys.every(sorted) } };
  }

  it("'partition': one after the other, partitions at the same time", async () => {
    const { overlaps, most, inOrder } = await handled('partition', 16);
    expect(overlaps).toEqual({ partition: 0, key: 0 });
    expect(inOrder).toEqual({ partition: true, key: true });
    expect(most).toBe(2);
  });

  it("'key': equal keys one after the other, others at the same time", async () => {
    const { overlaps, most, inOrder } = await handled('key', 16);
    expect(overlaps.key).toBe(0);
    expect(overlaps.partition).toBeGreaterThan(0);
    expect(inOrder.key).toBe(true);
    expect(most).toBeGreaterThan(2);
    expect(most).toBeLessThanOrEqual(8);
  });

  it.each(['key', 'none'] as const)("'%s' keeps to the concurrency", async (order) => {
    const { most } = await handled(order, 3);
    expect(most).toBe(3);
  });

  it("'none': anything at the same time", async () => {
    const { overlaps, most } = await handled('none', 16);
    expect(overlaps.key).toBeGreaterThan(0);
    expect(most).toBe(16);
  });
});

describe('the end of a run', () => {
  it('by its signal: what is begun is finished and committed, the rest is for the next run', async () => {
    const { topic, group } = await filled(bench, 20);
    const consumer = bench.consumer({ 'group.id': group }, { value: utf8 });
    const stream = consumer.stream(topic);
    const controller = new AbortController();
    const finish = deferred();
    const seen: number[] = [];
    const run = stream.run(
      async ({ offset }: Text) => {
        seen.push(offset);
        if (offset !== 7) return;
        controller.abort();
        await finish.promise;
      },
      { signal: controller.signal },
    );
    let over = false;
    void run.then(() => {
      over = true;
    });
    while (!seen.includes(7)) await tick();
    expect(await stored(bench, group, topic)).not.toEqual([8]);
    expect(over).toBe(false);
    finish.resolve();
    expect(await run).toMatchObject({
      processed: 8,
      drained: true,
      abandoned: [],
      committed: [{ topic, partition: 0, offset: 8 }],
    });
    expect(await stored(bench, group, topic)).toEqual([8]);
    const rest = new AbortController();
    await stream.run(
      ({ offset }: Text) => {
        seen.push(offset);
        if (offset === 19) rest.abort();
      },
      { signal: rest.signal },
    );
    expect(seen).toEqual(upTo(20));
  });

  it('by a signal that is aborted already: nothing is begun', async () => {
    const { stream } = await reading(3);
    const handler = jest.fn();
    expect(await stream.run(handler, { signal: AbortSignal.abort() })).toMatchObject({ processed: 0, drained: true });
    expect(handler).not.toHaveBeenCalled();
  });

  it.each([
    ['its signal', 'forever'],
    ['its signal', 'eof'],
    ['stream.stop()', 'forever'],
    ['stream.stop()', 'eof'],
    ['consumer.stop()', 'forever'],
    ['consumer.stop()', 'eof'],
  ] as const)(
    'by %s with a handler that never settles: it is abandoned after drainMs (until %s)',
    async (how, until) => {
      const { topic, group } = await filled(bench, 3);
      const consumer = bench.consumer({ 'group.id': group }, { value: utf8 });
      const stream = consumer.stream(topic, { until });
      const stuck = deferred();
      const controller = new AbortController();
      const { signal } = controller;
      const run = stream.run(({ offset }: Text) => (offset < 2 ? undefined : new Promise(() => stuck.resolve())), {
        signal,
        drainMs: 50,
      });
      await stuck.promise;
      if (how === 'its signal') controller.abort();
      if (how === 'stream.stop()') void stream.stop({ drainMs: 50 });
      if (how === 'consumer.stop()') void consumer.stop({ drainMs: 50 });
      const summary = await run;
      expect(summary).toMatchObject({
        processed: 2,
        drained: false,
        abandoned: [{ topic, partition: 0, offsets: [2] }],
        committed: [{ topic, partition: 0, offset: 2 }],
      });
      expect(summary.waitedMs).toBeGreaterThanOrEqual(49);
      expect(await stored(bench, group, topic)).toEqual([2]);
      // What was abandoned is not waited for again.
      await consumer.close({ timeoutMs: NEVER });
      expect(await stored(bench, group, topic)).toEqual([2]);
    },
  );

  it('by a stop of the stream, of the consumer, or of the option signal', async () => {
    for (const how of ['stream', 'consumer', 'signal', 'close'] as const) {
      const { topic, group } = await filled(bench, 3);
      const controller = new AbortController();
      const consumer = bench.consumer({ 'group.id': group }, { value: utf8 });
      const stream = consumer.stream(topic, { signal: controller.signal });
      const seen: Text[] = [];
      const all = deferred();
      const run = stream.run((message) => {
        if (seen.push(message) === 3) all.resolve();
      });
      await all.promise;
      if (how === 'stream') await stream.stop();
      if (how === 'consumer') await consumer.stop();
      if (how === 'signal') controller.abort();
      if (how === 'close') await consumer.close();
      expect([how, await run]).toEqual([how, expect.objectContaining({ processed: 3, drained: true, abandoned: [] })]);
      expect(texts(seen)).toEqual(numbered(3));
      expect(await stored(bench, group, topic)).toEqual([3]);
    }
  });

  it('of a scope: await using stops the stream', async () => {
    const { topic, group } = await filled(bench, 3);
    const consumer = bench.consumer({ 'group.id': group }, { value: utf8 });
    let size: number | undefined;
    {
      await using stream = consumer.stream(topic);
      const batch = await stream.take();
      size = batch?.size;
      batch?.ack();
    }
    expect(consumer.subscription()).toEqual([]);
    expect(await stored(bench, group, topic)).toEqual([size]);
  });
});
