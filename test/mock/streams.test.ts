/** Streams of one consumer, every way to read one, and reads that end by themselves. */
import { ArgumentError, type KafkaStream, StateError, StreamBusyError, utf8 } from 'rdkafka-rx';
import { firstValueFrom, type Observable, take, toArray } from 'rxjs';
import { CALM_COMMITS, OWN_ANSWERS, since } from '../support/since';
import { Bench, next, numbered, quick, rejection, texts, thrown, unique } from './harness';
import {
  arrived,
  byPartition,
  deferred,
  event,
  filled,
  outlivesNothing,
  place,
  stored,
  surfaces,
  upTo,
} from './streams-kit';

outlivesNothing();
const bench = Bench.use();

describe('several streams of one consumer', () => {
  since(...OWN_ANSWERS)('each gets its own topics, in one group', async () => {
    const one = await filled(bench, 3, 2);
    const two = await filled(bench, 4);
    const consumer = bench.consumer({ 'group.id': one.group, ...quick }, { value: utf8 });
    const streams = [one.topic, two.topic].map((topic) => consumer.stream(topic, { until: 'eof' }));
    const read = await Promise.all(streams.map((stream) => firstValueFrom(stream.messages$.pipe(toArray()))));
    expect(read[0]?.map(place).sort()).toEqual(
      [...upTo(3).map((o) => `${one.topic}/0@${o}`), ...upTo(2).map((o) => `${one.topic}/1@${o}`)].sort(),
    );
    expect(read[1]?.map(place)).toEqual(upTo(4).map((offset) => `${two.topic}/0@${offset}`));
  });

  since(...OWN_ANSWERS)('one that is stalled does not hold up the other', async () => {
    const slow = await filled(bench, 5);
    const fast = await filled(bench, 200);
    const consumer = bench.consumer({ 'group.id': slow.group, ...quick }, {}, { credit: { laneMessages: 4 } });
    const never = consumer.stream(slow.topic);
    const held: unknown[] = [];
    never.messages$.subscribe((message) => held.push(message));
    const stream = consumer.stream(fast.topic, { until: 'eof' });
    const { processed } = await stream.run(() => {});
    expect(processed).toBe(200);
    expect(held.length).toBeLessThanOrEqual(5);
    expect(await stored(bench, slow.group, slow.topic)).toEqual([null]);
  });

  it.each([
    ['the same name', 'orders', 'orders'],
    ['a pattern over the name', 'orders', '^ord.*'],
    ['a name under the pattern', /^ord/, 'orders'],
    ['one of a list', ['x', 'orders'], 'orders'],
    ['the same pattern', '^a', /^a/],
  ])('with %s are refused, and the first goes on', async (_, first, second) => {
    const consumer = bench.consumer();
    const stream = consumer.stream(first);
    const error = thrown(() => consumer.stream(second));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toMatch(/is already read by stream\(.*\): a topic belongs to one stream/);
    const others = consumer.subscription();
    await stream.stop();
    expect(consumer.subscription()).not.toEqual(others);
    expect(() => consumer.stream(second)).not.toThrow();
  });

  it('a topic is free again when its stream has stopped, and nothing is read twice', async () => {
    const { topic, group } = await filled(bench, 6);
    const consumer = bench.consumer({ 'group.id': group, ...quick }, { value: utf8 });
    const first = consumer.stream(topic);
    const begun = await firstValueFrom(first.messages$.pipe(take(2), toArray()));
    for (const message of begun) message.ack();
    expect(await first.stop()).toMatchObject({ committed: [{ topic, partition: 0, offset: 2 }] });
    const second = consumer.stream(topic, { until: 'eof' });
    expect(texts(await firstValueFrom(second.messages$.pipe(toArray())))).toEqual(numbered(4, 2));
  });

  it('a stopped stream ends for every reader', async () => {
    const consumer = bench.consumer();
    const stream = consumer.stream(await bench.topic());
    await stream.stop();
    expect(await stream.take()).toBeNull();
    expect(await firstValueFrom(stream.messages$.pipe(toArray()))).toEqual([]);
    expect(await stream.run(() => {})).toMatchObject({ processed: 0, drained: true });
    for await (const batch of stream) throw new Error(`got ${batch.size}`);
  });
});

describe.each(surfaces)('%s', (_, read) => {
  it('gives everything in order, ends at the end, and what is acknowledged is committed', async () => {
    const { topic, group } = await filled(bench, 40, 7, 0);
    const consumer = bench.consumer({ 'group.id': group }, { value: utf8 });
    const stream = consumer.stream(topic, { until: 'eof' });
    const found = await read(stream);
    expect(byPartition(found)).toEqual({ 0: upTo(40), 1: upTo(7) });
    expect(texts(found.filter(({ partition }) => partition === 1))).toEqual(numbered(7));
    await consumer.commit();
    expect(await stored(bench, group, topic, 3)).toEqual([40, 7, 0]);
  });
});

describe('one reader at a time', () => {
  type Stream = KafkaStream<Buffer | null, string>;
  const holders: [string, (stream: Stream) => unknown][] = [
    ['messages$', (stream) => stream.messages$.subscribe()],
    ['batches$', (stream) => stream.batches$.subscribe()],
    ['partitions$', (stream) => stream.partitions$.subscribe()],
    ['for await', (stream) => stream[Symbol.asyncIterator]().next()],
    ['for await', (stream) => stream.messages().next()],
    ['run()', (stream) => stream.run(() => {})],
    ['runBatch()', (stream) => stream.runBatch(() => {})],
    ['for await', (stream) => stream.readable().read()],
    ['take()', (stream) => stream.take()],
  ];

  it.each(holders)('%s keeps the others away', async (name, hold) => {
    const { topic } = await filled(bench, 0);
    const stream = bench.consumer({}, { value: utf8 }).stream(topic);
    hold(stream);
    const refused = {
      messages$: firstValueFrom(stream.messages$),
      batches$: firstValueFrom(stream.batches$),
      partitions$: firstValueFrom(stream.partitions$),
      iterator: stream[Symbol.asyncIterator]().next(),
      messages: stream.messages().next(),
      run: stream.run(() => {}),
      runBatch: stream.runBatch(() => {}),
      readable: stream.readable().take(1).toArray(),
      ...(name !== 'take()' && { take: stream.take() }),
    };
    for (const [surface, promise] of Object.entries(refused)) {
      const error = await rejection(promise);
      expect([surface, error.name]).toEqual([surface, 'StreamBusyError']);
      expect((error as StreamBusyError).holder).toBe(name);
      expect(error.message).toMatch(/a stream has one reader at a time/);
    }
  });

  it('the first goes on undisturbed', async () => {
    const { topic } = await filled(bench, 3);
    const consumer = bench.consumer({}, { value: utf8 });
    const stream = consumer.stream(topic, { until: 'eof' });
    const first = firstValueFrom(stream.messages$.pipe(toArray()));
    expect(await rejection(firstValueFrom(stream.messages$))).toBeInstanceOf(StreamBusyError);
    expect(await rejection(stream.run(() => {}))).toBeInstanceOf(StreamBusyError);
    expect(texts(await first)).toEqual(numbered(3));
  });
});

describe('leaving', () => {
  it('an idle observable ends at once: the next reader may begin in the same turn', async () => {
    const { topic } = await filled(bench, 0);
    const consumer = bench.consumer({}, { value: utf8 });
    const stream = consumer.stream(topic);
    for (const idle of [stream.messages$, stream.batches$, stream.partitions$] as Observable<unknown>[]) {
      const ended = deferred();
      const subscription = idle.subscribe();
      subscription.add(() => ended.resolve());
      subscription.unsubscribe();
      await ended.promise;
    }
    const assigned = event(consumer, 'assigned');
    const subscription = stream.messages$.subscribe();
    await assigned;
    subscription.unsubscribe();
    const found = firstValueFrom(stream.messages$);
    await bench.fill(topic, 1);
    expect((await found).value).toBe('v0');
  });

  it.each([
    ['for await', (stream: KafkaStream<unknown, unknown>) => stream[Symbol.asyncIterator]()],
    ['messages()', (stream: KafkaStream<unknown, unknown>) => stream.messages()],
  ])('a parked %s is ended by return()', async (_, iterate) => {
    const stream = bench.consumer().stream(await bench.topic());
    const iterator = iterate(stream);
    const parked = iterator.next();
    await iterator.return?.();
    expect(await parked).toEqual({ done: true, value: undefined });
    const next = stream.take({ signal: AbortSignal.abort() });
    expect((await rejection(next)).name).toBe('AbortError');
  });

  it('gives back what is not acknowledged: the next reader gets exactly that', async () => {
    const { topic } = await filled(bench, 10);
    const stream = bench.consumer({}, { value: utf8 }).stream(topic, { until: 'eof' });
    const first = await firstValueFrom(stream.messages$.pipe(take(5), toArray()));
    for (const at of [0, 1, 3]) first[at]?.ack();
    const rest = await firstValueFrom(stream.messages$.pipe(toArray()));
    expect(rest.map(({ offset }) => offset)).toEqual([2, 4, 5, 6, 7, 8, 9]);
  });

  it('a readable that is destroyed stops, and loses nothing', async () => {
    const { topic } = await filled(bench, 10);
    const stream = bench.consumer({}, { value: utf8 }).stream(topic, { until: 'eof', batch: { count: 3, ms: 9000 } });
    for await (const batch of stream.readable()) {
      batch.ack();
      break;
    }
    const rest = await firstValueFrom(stream.messages$.pipe(toArray()));
    expect(rest.map(({ offset }) => offset)).toEqual(upTo(7, 3));
  });
});

describe('partitions$', () => {
  since(...CALM_COMMITS)('completes the stream of a partition that moves, the others go on', async () => {
    const { topic, group } = await filled(bench, 1, 1);
    const config = { 'group.id': group, 'partition.assignment.strategy': 'cooperative-sticky', ...quick } as const;
    const one = bench.consumer(config, { value: utf8 });
    const seen: string[] = [];
    const completed: string[] = [];
    const completion = deferred();
    const first = deferred();
    one.stream(topic).partitions$.subscribe((partition) => {
      partition.messages$.subscribe({
        next: (message) => {
          seen.push(place(message));
          message.ack();
          if (seen.length === 2) first.resolve();
        },
        complete: () => {
          completed.push(`${partition.partition} ${partition.signal.reason}`);
          completion.resolve();
        },
      });
    });
    await first.promise;
    // The embedded cluster refuses commits while its members join.
    await one.commit();
    const two = bench.consumer(config, { value: utf8 });
    const joined = next(two.rebalances$, ({ type, partitions }) => type === 'assigned' && partitions.length > 0);
    const stream = two.stream(topic);
    await Promise.all([completion.promise, joined]);
    expect(completed).toEqual([expect.stringMatching(/^[01] revoked$/)]);
    const moved = Number.parseInt(completed[0] as string, 10);
    const kept = 1 - moved;
    const eof = event(one, 'eof', ({ partition, offset }) => partition === kept && offset === 3);
    for (const partition of [0, 1]) await bench.fill(topic, 2, { partition, from: 1 });
    const other = await firstValueFrom(stream.messages$.pipe(take(2), toArray()));
    expect(other.map(place)).toEqual([1, 2].map((offset) => `${topic}/${moved}@${offset}`));
    await eof;
    expect(seen.filter((at) => at.startsWith(`${topic}/${kept}@`))).toEqual(
      upTo(3).map((offset) => `${topic}/${kept}@${offset}`),
    );
    expect(seen).toHaveLength(4);
    expect(completed).toHaveLength(1);
  });
});

describe("until: 'eof'", () => {
  it('waits for every partition, the empty ones too', async () => {
    const { topic } = await filled(bench, 5, 0, 900, 0, 1);
    const stream = bench.consumer({}, { value: utf8 }).stream(topic, { until: 'eof' });
    expect(byPartition(await firstValueFrom(stream.messages$.pipe(toArray())))).toEqual({
      0: upTo(5),
      2: upTo(900),
      4: [0],
    });
  });

  it('with nothing anywhere ends without a message', async () => {
    const { topic } = await filled(bench, 0, 0, 0);
    const stream = bench.consumer().stream(topic, { until: 'eof' });
    expect(await stream.take()).toBeNull();
  });

  it('begins where the group is', async () => {
    const { topic, group } = await filled(bench, 6, 4);
    const at = { topic, partition: 0 };
    const before = bench.consumer({ 'group.id': group });
    await before.commit([
      { ...at, offset: 6 },
      { ...at, partition: 1, offset: 3 },
    ]);
    const stream = bench.consumer({ 'group.id': group }, { value: utf8 }).stream(topic, { until: 'eof' });
    expect((await firstValueFrom(stream.messages$.pipe(toArray()))).map(place)).toEqual([`${topic}/1@3`]);
  });

  it('delivers nothing that came after the end was seen', async () => {
    const { topic } = await filled(bench, 3, 3);
    const consumer = bench.consumer({}, { value: utf8 });
    const stream = consumer.stream(topic, { until: 'eof', batch: { count: 1 } });
    const found: { partition: number; offset: number }[] = [];
    const first = event(consumer, 'eof');
    // When it is over it gives up its topics.
    const over = event(consumer, 'revoked');
    let ended = false;
    void first.then(() => {
      ended = true;
    });
    const more = async () => {
      const batch = await stream.take();
      if (batch !== null) found.push(...batch);
      batch?.ack();
      return batch !== null;
    };
    while (!ended) await more();
    const { partition } = await first;
    const came = arrived(consumer, 1);
    await bench.fill(topic, 5, { partition, from: 100 });
    // Either it has arrived and must be held back, or the stream was over before.
    await Promise.race([came, over]);
    while (await more());
    expect(byPartition(found)).toEqual({ 0: upTo(3), 1: upTo(3) });
  });

  it('on a topic that does not exist says so', async () => {
    const topic = unique('unborn');
    const consumer = bench.consumer();
    for (const [end, read] of Object.entries({
      take: () => consumer.stream(`${topic}-1`, { until: 'eof' }).take(),
      messages$: () => firstValueFrom(consumer.stream(`${topic}-2`, { until: 'eof' }).messages$),
      run: () => consumer.stream(`${topic}-3`, { until: 'eof' }).run(() => {}),
    })) {
      const error = await rejection(read());
      expect([end, error]).toEqual([end, expect.any(StateError)]);
      expect(error.message).toMatch(new RegExp(`${topic}-. was|stream\\(${topic}-.\\).*does not exist`));
      expect((error.cause as { code: string }).code).toMatch(/UNKNOWN_TOPIC/);
    }
  });

  since(...OWN_ANSWERS)('says so again when it is asked again, and reads the topic when it is there', async () => {
    const topic = unique('unborn');
    const consumer = bench.consumer(quick, { value: utf8 });
    for (const _ of [1, 2]) {
      const error = await rejection(consumer.stream(topic, { until: 'eof' }).take());
      expect(error.message).toMatch(/does not exist/);
    }
    await bench.topic(1, topic);
    await bench.fill(topic, 2);
    expect(texts((await consumer.stream(topic, { until: 'eof' }).take()) ?? [])).toEqual(numbered(2));
  });

  describe.each([
    ['range', it],
    ['cooperative-sticky', since(...CALM_COMMITS)],
  ] as const)('with %s', (strategy, test) => {
    test('goes on after a rebalance', async () => {
      const { topic, group } = await filled(bench, 20, 20);
      const config = { 'group.id': group, 'partition.assignment.strategy': strategy, ...quick };
      const one = bench.consumer(config, { value: utf8 });
      const stream = one.stream(topic, { until: 'eof', batch: { count: 1 } });
      const found = { one: new Set<string>(), two: new Set<string>() };
      const more = async () => {
        const batch = await stream.take();
        for (const message of batch ?? []) found.one.add(place(message));
        batch?.ack();
        return batch !== null;
      };
      for (let n = 0; n < 3; n++) await more();
      const two = bench.consumer(config, { value: utf8 });
      // Seen when both have one at the same time: the group may take another round, in which nobody has any for a moment.
      let kept: ReturnType<typeof one.assignment> = [];
      const isShared = () => {
        if (one.assignment().length === 1 && two.assignment().length === 1) kept = one.assignment();
        return kept.length === 1;
      };
      const both = Promise.race([event(one, 'assigned', isShared), event(two, 'assigned', isShared)]);
      two.stream(topic).messages$.subscribe((message) => {
        found.two.add(place(message));
        message.ack();
      });
      const ends = event(two, 'eof', ({ offset }) => offset === 20);
      await both;
      expect(kept).toHaveLength(1);
      // Past the end there was when the read began.
      await bench.fill(topic, 1, { partition: kept[0]?.partition as number });
      while (await more());
      await ends;
      const all = [0, 1].flatMap((partition) => upTo(20).map((offset) => place({ topic, partition, offset })));
      expect(all.filter((at) => !found.one.has(at) && !found.two.has(at))).toEqual([]);
      expect(
        upTo(21).map((offset) =>
          found.one.has(place({ ...(kept[0] as { topic: string; partition: number }), offset })),
        ),
      ).toEqual([...new Array(20).fill(true), false]);
    });
  });

  it('gives up its topics when everything is acknowledged', async () => {
    const { topic, group } = await filled(bench, 3);
    const consumer = bench.consumer({ 'group.id': group, ...quick }, { value: utf8 });
    const messages = await firstValueFrom(consumer.stream(topic, { until: 'eof' }).messages$.pipe(toArray()));
    messages[0]?.ack();
    messages[1]?.ack();
    await consumer.commit();
    expect(consumer.subscription()).toEqual([topic]);
    expect(await stored(bench, group, topic)).toEqual([2]);
    const revoked = event(consumer, 'revoked');
    messages[2]?.ack();
    expect(await revoked).toMatchObject({ partitions: [{ topic, partition: 0 }], drained: true });
    expect(consumer.subscription()).toEqual([]);
    expect(await stored(bench, group, topic)).toEqual([3]);
    await bench.fill(topic, 1, { from: 3 });
    expect(texts((await consumer.stream(topic, { until: 'eof' }).take()) ?? [])).toEqual(['v3']);
  });
});

describe('readRange', () => {
  it.each([
    ['all there is', {}, 0, 10],
    ['from an offset', { from: { offset: 4 } }, 4, 10],
    ['to an offset', { to: { offset: 4 } }, 0, 4],
    ['between offsets', { from: { offset: 3 }, to: { offset: 8 } }, 3, 8],
    ['beyond the end', { from: { offset: 7 }, to: { offset: 99 } }, 7, 10],
    ['of nothing', { from: 'end' }, 10, 10],
    // The embedded cluster knows no times: a time it does not find is the end.
    ['from a time after the last message', { from: { timestamp: Date.now() + 1e6 } }, 10, 10],
    ['to a time after the last message', { to: { timestamp: new Date(Date.now() + 1e6) } }, 0, 10],
  ] as const)('%s', async (_, range, from, to) => {
    const { topic, group } = await filled(bench, 10, 10, 0);
    const consumer = bench.consumer({ 'group.id': group }, { value: utf8 });
    const stream = await consumer.readRange(topic, range);
    const late = bench.fill(topic, 3, { from: 10 });
    const found = await firstValueFrom(stream.messages$.pipe(toArray()));
    const wanted = upTo(to - from, from);
    expect(byPartition(found)).toEqual(wanted.length > 0 ? { 0: wanted, 1: wanted } : {});
    await late;
    expect(await stored(bench, group, topic, 2)).toEqual([null, null]);
  });

  it('needs a consumer that reads nothing else, and may be repeated', async () => {
    const { topic } = await filled(bench, 2);
    const consumer = bench.consumer({}, { value: utf8 });
    for (const _ of [1, 2]) {
      const stream = await consumer.readRange(topic);
      expect(await rejection(consumer.readRange(topic))).toBeInstanceOf(StateError);
      expect(texts(await firstValueFrom(stream.messages$.pipe(toArray())))).toEqual(numbered(2));
      await consumer.unassign();
    }
    const missing = await rejection(consumer.readRange(unique('unborn')));
    expect(missing.code).toBe('ERR_KAFKA_UNKNOWN_TOPIC_OR_PART');
    consumer.stream(topic);
    expect(await rejection(consumer.readRange(topic))).toBeInstanceOf(StateError);
  });
});
