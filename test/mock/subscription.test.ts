import { StateError, utf8 } from 'rdkafka-rx';
import { Bench, gather, next, numbered, quick, texts, unique } from './harness';

const bench = Bench.use();

const NOTHING = { name: 'StateError', message: expect.stringContaining('call subscribe() or assign() first') };

describe('reading without a subscription', () => {
  it('fails at once, on every surface', async () => {
    const consumer = bench.consumer();
    await expect(consumer.take()).rejects.toMatchObject(NOTHING);
    await expect(consumer[Symbol.asyncIterator]().next()).rejects.toMatchObject(NOTHING);
    await expect(consumer.messages().next()).rejects.toMatchObject(NOTHING);
    await expect(consumer.run(() => {})).rejects.toMatchObject(NOTHING);
    await expect(consumer.runBatch(() => {})).rejects.toMatchObject(NOTHING);
    for (const stream of [consumer.batches$, consumer.messages$, consumer.partitions$]) {
      await expect(next<unknown>(stream)).rejects.toBeInstanceOf(StateError);
    }
    await expect(async () => {
      for await (const _ of consumer.readable()) return;
    }).rejects.toMatchObject(NOTHING);
  });

  it('fails for the consumer itself when only its other streams read', async () => {
    const consumer = bench.consumer();
    const stream = consumer.stream(await bench.topic());
    await expect(consumer.take()).rejects.toMatchObject(NOTHING);
    await stream.stop();
    const range = await bench.reader().readRange(await bench.topic());
    await range.stop();
  });

  it('fails after unsubscribe() and unassign(), and reads again after the next subscription', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 3);
    const consumer = bench.consumer({}, { value: utf8 });
    const stream = await consumer.subscribe(topic);
    (await stream.take())?.ack();
    const revoked = next(consumer.rebalances$, ({ type }) => type === 'revoked');
    await consumer.unsubscribe();
    await revoked;
    await expect(stream.take()).rejects.toMatchObject(NOTHING);
    expect(await consumer.assign([{ topic, partition: 0, offset: 'beginning' }])).toBe(stream);
    expect(texts(await gather(consumer, 3))).toEqual(numbered(3));
    const unassigned = next(consumer.rebalances$, ({ type }) => type === 'revoked');
    await consumer.unassign();
    await unassigned;
    await expect(stream.take()).rejects.toMatchObject(NOTHING);
  });
});

it.each(['range' as const, 'cooperative-sticky' as const])(
  'subscribe() gives the same stream while it lives, and reads again after stop(): %s',
  async (strategy) => {
    const topic = await bench.topic();
    await bench.fill(topic, 2);
    const consumer = bench.consumer({ 'partition.assignment.strategy': strategy, ...quick }, { value: utf8 });
    const stream = await consumer.subscribe(topic);
    expect(await consumer.subscribe(topic)).toBe(stream);
    expect(texts(await gather(consumer, 2))).toEqual(numbered(2));
    await consumer.stop();
    expect(await stream.take()).toBeNull();
    await bench.fill(topic, 2, { from: 2 });
    const again = await consumer.subscribe(topic);
    expect(again).not.toBe(stream);
    expect(texts((await again.take()) ?? []).at(-1)).toBe('v3');
  },
);

it('a topic that begins to match a pattern is read from its beginning, also with a reset to the end', async () => {
  const prefix = unique('later');
  await bench.topic(1, `${prefix}-a`);
  await bench.fill(`${prefix}-a`, 2);
  const latest = { 'auto.offset.reset': 'latest', 'topic.metadata.refresh.interval.ms': 50, ...quick } as const;
  const consumer = bench.consumer(latest, { value: utf8 });
  const assigned = next(consumer.rebalances$, ({ type }) => type === 'assigned');
  await consumer.subscribe(`^${prefix}-.*`);
  await assigned;
  // Nothing of what was there before; everything of what was written before the group knew the topic.
  const atEnd = next(consumer.eof$);
  await atEnd;
  await bench.topic(1, `${prefix}-b`);
  await bench.fill(`${prefix}-b`, 3, { from: 2 });
  expect(texts(await gather(consumer, 3))).toEqual(['v2', 'v3', 'v4']);
});

it('a call for a partition that the group has not assigned yet says when it will be', async () => {
  const topic = await bench.topic();
  const consumer = bench.consumer();
  const at = { topic, partition: 0 };
  await expect(consumer.seek({ ...at, offset: 0 })).rejects.toThrow(/is not assigned to this consumer$/);
  void consumer.subscribe(topic);
  const hint = expect.objectContaining({
    name: 'StateError',
    message: expect.stringContaining('rebalance.onAssigned'),
  });
  await expect(consumer.seek({ ...at, offset: 0 })).rejects.toEqual(hint);
  for (const call of [() => consumer.pause([at]), () => consumer.resume([at]), () => consumer.position(at)]) {
    expect(call).toThrow(hint);
  }
});
