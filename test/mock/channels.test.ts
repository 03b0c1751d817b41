/** Channels of diagnostics_channel: what is published, and what a subscriber can change. */
import { channel, tracingChannel } from 'node:diagnostics_channel';
import { type ClientMessage, type CommitMessage, channels, type RunMessage, type SendMessage } from 'rdkafka-rx';
import { Bench, rejection, texts } from './harness';

const bench = Bench.use();

it('tell of clients that open and close', async () => {
  const seen: string[] = [];
  const opened = (message: unknown) => {
    const { client } = message as ClientMessage;
    // It can be used at once.
    client.events.on(() => {});
    seen.push(`open ${client.name} ${client.kind}`);
  };
  const closed = (message: unknown) => seen.push(`close ${(message as ClientMessage).client.name}`);
  // By name, as somebody does who does not have this package.
  channel('rdkafka-rx:open').subscribe(opened);
  channel('rdkafka-rx:close').subscribe(closed);
  const clients = [bench.producer(), bench.consumer(), bench.admin()];
  for (const client of clients) await client.close();
  channel('rdkafka-rx:open').unsubscribe(opened);
  channel('rdkafka-rx:close').unsubscribe(closed);
  await bench.admin().close();
  const names = clients.map(({ name }) => name);
  expect(new Set(names).size).toBe(3);
  expect(seen).toEqual([
    `open ${names[0]} producer`,
    `open ${names[1]} consumer`,
    `open ${names[2]} admin`,
    ...names.map((name) => `close ${name}`),
  ]);
});

it('trace sends, and let a subscriber change the record', async () => {
  const topic = await bench.topic();
  const producer = bench.producer();
  const seen: unknown[] = [];
  const handlers = {
    start: (call: object) => {
      const send = call as SendMessage;
      seen.push(['start', send.client.name, send.record.value]);
      send.record = { ...send.record, value: `${send.record.value}!` };
    },
    error: (call: object) => seen.push(['error', (call as { error: { code: string } }).error.code]),
    asyncEnd: (call: object) => seen.push(['end', (call as { result?: { offset: number } }).result?.offset]),
  };
  const tracing = tracingChannel('rdkafka-rx:send');
  tracing.subscribe(handlers as never);
  await producer.send({ topic, value: 'a' });
  await rejection(producer.send({ topic, value: 'b', partition: 3 }));
  tracing.unsubscribe(handlers as never);
  await producer.send({ topic, value: 'c' });
  expect(seen).toEqual([
    ['start', producer.name, 'a'],
    ['end', 0],
    ['start', producer.name, 'b'],
    ['error', 'ERR_KAFKA__UNKNOWN_PARTITION'],
    ['end', undefined],
  ]);
  const [contents] = await bench.contents(topic);
  expect(texts(contents ?? [])).toEqual(['a!', 'c']);
});

it('trace batches and commits', async () => {
  const topic = await bench.topic();
  const seen: unknown[] = [];
  const sent = { asyncEnd: (call: object) => seen.push((call as { result: { size: number } }).result.size) };
  const committed = {
    start: (call: object) => {
      const { client, offsets } = call as CommitMessage;
      seen.push([client.name, offsets.map(({ offset }) => offset)]);
    },
    asyncEnd: (call: object) => seen.push((call as { result: unknown[] }).result.length),
  };
  channels.sendBatch.subscribe(sent as never);
  channels.commit.subscribe(committed as never);
  await bench.producer().sendBatch({ topic, records: [{ value: 'a' }, { value: 'b' }] });
  const consumer = bench.consumer({}, {}, { commits: { onEof: false } });
  await consumer.subscribe(topic);
  const batch = await consumer.take();
  batch?.ack();
  await consumer.commit();
  channels.sendBatch.unsubscribe(sent as never);
  channels.commit.unsubscribe(committed as never);
  expect(seen).toEqual([2, [consumer.name, [batch?.size]], 1]);
});

it('let a subscriber take the place of a handler', async () => {
  const topic = await bench.topic();
  await bench.fill(topic, 3);
  const consumer = bench.consumer();
  const seen: unknown[] = [];
  const subscriber = (message: unknown) => {
    const run = message as RunMessage;
    const handler = run.handler as (...args: unknown[]) => unknown;
    seen.push([run.client?.name, run.stream]);
    run.handler = ((...args: unknown[]) => {
      seen.push('before');
      return handler(...args);
    }) as typeof run.handler;
  };
  channels.run.subscribe(subscriber);
  const batch = { count: 3, ms: 10_000 };
  const summary = await consumer.stream(topic, { until: 'eof', batch }).runBatch(({ size }) => {
    seen.push(size);
  });
  channels.run.unsubscribe(subscriber);
  expect(seen).toEqual([[consumer.name, `stream(${topic})`], 'before', 3]);
  expect(summary.processed).toBe(3);
});
