/** Traces through Kafka, with OpenTelemetry's own SDK. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { type Instrumentation, registerInstrumentations } from '@opentelemetry/instrumentation';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { json, type Message, type MessageBatch, utf8 } from 'rdkafka-rx';
import { KafkaInstrumentation, tracedHandler } from 'rdkafka-rx/opentelemetry';
import { concatMap, firstValueFrom } from 'rxjs';
import { Bench, rejection, thrown } from './harness';

const bench = Bench.use();
const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { version: string };
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
let instrumentation: KafkaInstrumentation;

beforeAll(() => {
  // The global propagator is then the one of W3C, for trace context and baggage.
  provider.register();
});
beforeEach(() => {
  instrumentation = new KafkaInstrumentation();
});
afterEach(() => {
  instrumentation.disable();
  exporter.reset();
});
afterAll(() => provider.shutdown());

const spans = (kind?: SpanKind) =>
  exporter.getFinishedSpans().filter((span) => kind === undefined || span.kind === kind);
const idOf = (span: ReadableSpan | Span | undefined) => span?.spanContext().spanId;
const linksOf = (span: ReadableSpan | undefined) => span?.links.map((link) => link.context.spanId);
const within = <T>(name: string, run: (span: Span) => Promise<T>): Promise<T> =>
  trace.getTracer('test').startActiveSpan(name, async (span) => {
    try {
      return await run(span);
    } finally {
      span.end();
    }
  });

/** All messages of the topic, each handled by `handler`. @returns the group that did it */
async function handleAll(topic: string, handler: (message: Message<string, { n: number }>) => unknown) {
  const consumer = bench.consumer({ 'client.id': 'reader' }, { key: utf8, value: json<{ n: number }>() });
  await consumer.stream(topic, { until: 'eof' }).run(handler);
  return consumer.groupId;
}

it('a trace goes from the sender through the headers to the handler, and on from there', async () => {
  const topic = await bench.topic();
  const producer = bench.producer({ 'client.id': 'writer' }, { key: utf8, value: json<{ n: number }>() });
  await within('order', async (order) => {
    const baggage = propagation.createBaggage({ tenant: { value: 'acme' } });
    await context.with(propagation.setBaggage(context.active(), baggage), () =>
      producer.send({ topic, key: 'k', value: { n: 1 }, headers: { own: 'header' } }),
    );
    void order;
  });
  const seen: unknown[] = [];
  const group = await handleAll(topic, async (message) => {
    seen.push(message.headers.get('own')?.toString(), propagation.getActiveBaggage()?.getEntry('tenant')?.value);
    await Promise.resolve();
    await within('save', async () => {});
  });

  const named = Object.fromEntries(spans().map((span) => [span.name, span]));
  const { order, save, [`send ${topic}`]: send, [`process ${topic}`]: process } = named;
  expect(seen).toEqual(['header', 'acme']);
  expect(new Set([order, send, process, save].map((span) => span?.spanContext().traceId)).size).toBe(1);
  expect(send?.parentSpanContext?.spanId).toBe(idOf(order));
  expect(process?.parentSpanContext).toMatchObject({ spanId: idOf(send), isRemote: true });
  expect(save?.parentSpanContext?.spanId).toBe(idOf(process));
  expect(send).toMatchObject({
    kind: SpanKind.PRODUCER,
    instrumentationScope: { name: 'rdkafka-rx', version },
    status: { code: SpanStatusCode.UNSET },
    attributes: {
      'messaging.system.name': 'kafka',
      'messaging.system': 'kafka',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.client.id': 'writer',
      'messaging.destination.name': topic,
      'messaging.destination.partition.id': '0',
      'kafka.message.key': 'k',
      'kafka.offset': 0,
    },
  });
  expect(process?.kind).toBe(SpanKind.CONSUMER);
  expect(process?.attributes).toEqual({
    'messaging.system.name': 'kafka',
    'messaging.system': 'kafka',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.client.id': 'reader',
    'messaging.consumer.group.name': group,
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': '0',
    'kafka.message.key': 'k',
    'kafka.offset': 0,
  });
  expect(linksOf(process)).toEqual([idOf(send)]);
});

it('attributes have the names of the conventions', async () => {
  const topic = await bench.topic();
  const producer = bench.producer({}, { key: utf8, value: json<{ n: number }>() });
  await producer.send({ topic, key: 'k', value: null });
  await producer.sendBatch({ topic, records: [{ value: { n: 1 } }] });
  await rejection(producer.send({ topic, value: { n: 2 }, partition: 9 }));
  const known = new Set<unknown>(Object.values(conventions));
  const used = spans().flatMap(({ attributes }) => Object.keys(attributes));
  expect(used).toEqual(
    expect.arrayContaining(['kafka.message.tombstone', 'messaging.batch.message_count', 'error.type']),
  );
  expect(used.filter((name) => !known.has(name))).toEqual([]);
});

it('a batch: one span to send it, one link for each span that sent to the handler of a batch', async () => {
  const topic = await bench.topic();
  const producer = bench.producer();
  await producer.sendBatch({ topic, records: [{ value: '0' }, { value: '1' }, { value: '2' }] });
  await producer.sendBatch([{ topic, value: '3' }]);
  const consumer = bench.consumer();
  const sizes: number[] = [];
  const batch = { count: 4, ms: 10_000 };
  await consumer.stream(topic, { until: 'eof', batch }).runBatch(async ({ size }) => {
    sizes.push(size);
  });
  expect(sizes).toEqual([4]);
  const sent = spans(SpanKind.PRODUCER);
  expect(sent.map(({ name, attributes }) => [name, attributes['messaging.batch.message_count']])).toEqual([
    [`send ${topic}`, 3],
    [`send ${topic}`, 1],
  ]);
  const [process, ...others] = spans(SpanKind.CONSUMER);
  expect(others).toEqual([]);
  expect(process?.parentSpanContext).toBeUndefined();
  expect(process?.attributes).toMatchObject({
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': '0',
    'messaging.batch.message_count': 4,
  });
  expect(linksOf(process)).toEqual(sent.map(idOf));
});

it('records for several topics have one span, without a name of one', async () => {
  const [a, b] = [await bench.topic(), await bench.topic()];
  await bench.producer().sendBatch([
    { topic: a, value: 'x' },
    { topic: b, value: 'y', headers: new Map([['own', 'header']]) },
  ]);
  const [send] = spans(SpanKind.PRODUCER);
  expect([send?.name, send?.attributes['messaging.destination.name']]).toEqual(['send', undefined]);
  const [[received]] = (await bench.contents(b)) as [[Message]];
  expect(received.headers.get('own')?.toString()).toBe('header');
  expect(received.headers.get('traceparent')?.toString()).toContain(idOf(send));
});

it('a context that is in the headers already stays, and is linked', async () => {
  const topic = await bench.topic();
  const producer = bench.producer();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  // Headers that can be read once only.
  function* headers(): Generator<[string, string | Buffer]> {
    yield ['traceparent', Buffer.from(traceparent)];
    yield ['own', 'header'];
  }
  await producer.send({ topic, value: 'x', headers: headers() });
  await producer.sendBatch({ topic, records: [{ value: 'y', headers: { traceparent } }, { value: 'z' }] });
  const [one, many] = spans(SpanKind.PRODUCER);
  expect([one, many].map(linksOf)).toEqual([['b7ad6b7169203331'], ['b7ad6b7169203331']]);
  const [messages] = (await bench.contents(topic)) as [Message[]];
  expect(messages.map(({ headers }) => headers.getAll('traceparent').map(String))).toEqual([
    [traceparent],
    [traceparent],
    [expect.stringContaining(idOf(many) as string)],
  ]);
  expect(messages[0]?.headers.get('own')?.toString()).toBe('header');
});

it('failures: of a record, of a handler, of each attempt', async () => {
  const topic = await bench.topic();
  const producer = bench.producer({}, { value: json<{ n: number }>() });
  await rejection(producer.send({ topic, value: { n: 0 }, partition: 5 }));
  await rejection(producer.sendBatch({ topic, records: [{ value: { n: 0 }, partition: 5 }] }));
  for (const { status, attributes, events } of spans(SpanKind.PRODUCER)) {
    expect(status).toMatchObject({ code: SpanStatusCode.ERROR, message: expect.stringContaining('partition') });
    expect(attributes['error.type']).toBe('ERR_KAFKA__UNKNOWN_PARTITION');
    expect(events).toMatchObject([{ name: 'exception' }]);
  }
  expect(spans(SpanKind.PRODUCER)).toHaveLength(2);
  await producer.send({ topic, value: { n: 1 } });
  await producer.send({ topic, value: { n: 2 } });

  const consumer = bench.consumer({}, { value: json<{ n: number }>() });
  const failure = { attempts: 2, backoffMs: 1, exhausted: 'skip' } as const;
  const summary = await consumer.stream(topic, { until: 'eof' }).run(
    ({ value }) => {
      // One fails at once, the other with a promise.
      if (value.n === 1) throw new TypeError('one');
      return Promise.reject(new RangeError('two'));
    },
    { failure },
  );
  expect(summary).toMatchObject({ skipped: 2, retries: 2 });
  const handled = spans(SpanKind.CONSUMER).map(({ attributes, status }) => {
    return [attributes['kafka.offset'], attributes['error.type'], status.message];
  });
  expect(handled).toEqual([
    [0, 'TypeError', 'one'],
    [0, 'TypeError', 'one'],
    [1, 'RangeError', 'two'],
    [1, 'RangeError', 'two'],
  ]);
});

it('what is no record is refused as ever, and nothing is thrown elsewhere', async () => {
  const producer = bench.producer();
  for (const wrong of [undefined, null, {}, { topic: 't', value: 'x', headers: 5 }]) {
    const { name } = await rejection(producer.send(wrong as never));
    expect(name).toMatch(/^(ArgumentError|ProduceError|TypeError)$/);
    expect((await rejection(producer.sendBatch(wrong as never))).name).toMatch(/Error$/);
  }
});

it('a span that has ended, in which the consumer was made, has no part in what it reads', async () => {
  const topic = await bench.topic();
  await bench.producer({}, { value: json() }).send({ topic, value: { n: 1 } });
  instrumentation.disable();
  await bench.producer().send({ topic, value: '{}' });
  instrumentation.enable();
  const consumer = await within('startup', async () => bench.consumer());
  await consumer.stream(topic, { until: 'eof' }).run(() => {});
  const [[send], [child, root]] = [spans(SpanKind.PRODUCER), spans(SpanKind.CONSUMER)];
  expect(child?.parentSpanContext?.spanId).toBe(idOf(send));
  expect(linksOf(child)).toEqual([idOf(send)]);
  expect([root?.parentSpanContext, root?.links]).toEqual([undefined, []]);
});

describe('relation: link', () => {
  it('a handler has a trace of its own, linked to the sender', async () => {
    instrumentation.setConfig({ relation: 'link' });
    const topic = await bench.topic();
    await bench.producer({}, { value: json() }).send({ topic, value: { n: 1 } });
    await handleAll(topic, () => {});
    const [[send], [process]] = [spans(SpanKind.PRODUCER), spans(SpanKind.CONSUMER)];
    expect(process?.parentSpanContext).toBeUndefined();
    expect(linksOf(process)).toEqual([idOf(send)]);
  });

  it('or is part of the one in which it is called', async () => {
    const topic = await bench.topic();
    await bench.producer().send({ topic, value: 'x' });
    const consumer = bench.consumer();
    await consumer.subscribe(topic);
    const batch = await consumer.take();
    const handle = tracedHandler((_: Message) => {}, { relation: 'link', consumer });
    await within('request', async () => handle((batch as MessageBatch).at(0) as Message));
    const request = spans(SpanKind.INTERNAL)[0];
    const process = spans(SpanKind.CONSUMER)[0];
    expect(process?.parentSpanContext?.spanId).toBe(idOf(request));
    expect(process?.attributes['messaging.consumer.group.name']).toBe(consumer.groupId);
  });
});

describe('tracedHandler', () => {
  it('traces what is read without run(), and gives back what the handler does', async () => {
    instrumentation.disable();
    const topic = await bench.topic();
    const producer = bench.producer();
    await within('order', async () => producer.send({ topic, value: 'x' }));
    const consumer = bench.consumer();
    await consumer.subscribe(topic);
    const handle = tracedHandler(async (message: Message, more: number = 1) => Number(message.offset) + more);
    const result = firstValueFrom(consumer.messages$.pipe(concatMap((message) => handle(message, 41))));
    expect(await result).toBe(41);
    // Nobody sent it in a span: sending was not traced.
    expect(spans().map(({ name, parentSpanContext }) => [name, parentSpanContext])).toEqual([
      ['order', undefined],
      [`process ${topic}`, undefined],
    ]);
  });

  it('is not traced twice by run()', async () => {
    const topic = await bench.topic();
    await bench.producer({}, { value: json() }).send({ topic, value: { n: 1 } });
    await handleAll(
      topic,
      tracedHandler(() => {}),
    );
    expect(spans(SpanKind.CONSUMER)).toHaveLength(1);
  });

  it('links the span around it when its parent is the sender', async () => {
    const topic = await bench.topic();
    await bench.producer().send({ topic, value: 'x' });
    const consumer = bench.consumer();
    await consumer.subscribe(topic);
    const message = (await consumer.take())?.at(0) as Message;
    const around = await within('request', async (span) => {
      tracedHandler((_: Message) => {})(message);
      return span;
    });
    const [[send], [process]] = [spans(SpanKind.PRODUCER), spans(SpanKind.CONSUMER)];
    expect(process?.parentSpanContext?.spanId).toBe(idOf(send));
    expect(linksOf(process)).toEqual([idOf(send), idOf(around)]);
  });

  it('refuses what is no function, and another relation', () => {
    expect(thrown(() => tracedHandler(5 as never))).toMatchObject({
      name: 'ArgumentError',
      message: 'tracedHandler() takes a function, not number',
    });
    const relation = 'child' as never;
    for (const wrong of [() => tracedHandler(() => {}, { relation }), () => new KafkaInstrumentation({ relation })]) {
      expect(thrown(wrong)).toMatchObject({
        name: 'ArgumentError',
        message: 'relation must be parent or link, not child',
      });
    }
  });
});

describe('KafkaInstrumentation', () => {
  it('is registered like any other, with a provider of its own', async () => {
    const own = new InMemorySpanExporter();
    const tracerProvider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(own)] });
    const mine: Instrumentation = new KafkaInstrumentation({ enabled: false });
    instrumentation.disable();
    const topic = await bench.topic();
    const producer = bench.producer();
    await producer.send({ topic, value: 'before' });
    const unregister = registerInstrumentations({ instrumentations: [mine], tracerProvider });
    await producer.send({ topic, value: 'traced' });
    unregister();
    await producer.send({ topic, value: 'after' });
    expect(spans()).toEqual([]);
    expect(own.getFinishedSpans().map(({ name }) => name)).toEqual([`send ${topic}`]);
    expect([mine.instrumentationName, mine.instrumentationVersion]).toEqual(['rdkafka-rx', version]);
  });

  it('adds no header and no span when it is disabled', async () => {
    instrumentation.disable();
    const topic = await bench.topic();
    await bench.producer().send({ topic, value: 'x' });
    const [[message]] = (await bench.contents(topic)) as [[Message]];
    expect(message.headers.size).toBe(0);
    expect(spans()).toEqual([]);
  });
});
