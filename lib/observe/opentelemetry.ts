/**
 * `rdkafka-rx/opentelemetry`: traces through Kafka with `@opentelemetry/api`, which has to be installed beside this package.
 *
 * Names follow the semantic conventions for messaging of OpenTelemetry 1.45.
 *
 * @packageDocumentation
 */
import {
  type Attributes,
  type Context,
  context,
  diag,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { ArgumentError, KafkaError } from '../core/errors';
import type { MessageBatch } from '../message/batch';
import type { Message } from '../message/message';
import type { HeaderValue, RecordHeaders } from '../produce/record-pack';
import type { DeliveryReport } from '../produce/report';
import { channels, type RunMessage, type SendBatchMessage, type SendMessage } from './channels';
import type { ClientView } from './client-view';

/** How the span of a message's handler belongs to the span that sent the message. */
export type TraceRelation = 'parent' | 'link';

export interface TracingOptions {
  /**
   * `parent` (default): the span that handles a message is a child of the one that sent it, in one trace. `link`: it is in the
   * trace of where it is called, or in one of its own, and linked. Batches are always linked.
   */
  readonly relation?: TraceRelation;
}

/** Options of {@link tracedHandler}. */
export interface TracedHandlerOptions extends TracingOptions {
  /** Who reads: spans have its `client.id` and `group.id`. */
  readonly consumer?: ClientView;
  /** Default: the global one. */
  readonly tracerProvider?: TracerProvider;
}

/** Options of {@link KafkaInstrumentation}. */
export interface KafkaInstrumentationConfig extends TracingOptions {
  /** Default true: tracing begins with the constructor. */
  readonly enabled?: boolean;
}

const NAME = 'rdkafka-rx';
const VERSION = '0.1.0';
const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.45.0';

/** As many links as a span of OpenTelemetry's SDK keeps. */
const MAX_LINKS = 128;

/** Handlers with spans of their own. */
const tracedHandlers = new WeakSet<object>();

type Pairs = readonly (readonly [name: string, value: HeaderValue])[];

/** Reads headers: the last of a name counts. */
const getter: TextMapGetter<Pairs> = {
  get(headers, name) {
    const value = headers.findLast((header) => header[0] === name)?.[1];
    return value instanceof Uint8Array ? Buffer.from(value).toString() : (value ?? undefined);
  },
  keys: (headers) => headers.map(([name]) => name),
};

type Unit = Message<unknown, unknown> | MessageBatch<unknown, unknown>;

const isBatch = (unit: Unit): unit is MessageBatch<unknown, unknown> => Symbol.iterator in unit;

/** Attributes of every span: what system, what is done, by whom. `system` is the older name, which many look for. */
function baseAttributes(operation: 'send' | 'process', client: ClientView | undefined): Attributes {
  const group = client?.groupId;
  return {
    'messaging.system.name': 'kafka',
    'messaging.system': 'kafka',
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    ...(client !== undefined && { 'messaging.client.id': client.clientId }),
    ...(group != null && { 'messaging.consumer.group.name': group }),
  };
}

/** Keys that are bytes or objects have no text that everybody would agree on. */
function keyAttribute(key: unknown): Attributes {
  return typeof key === 'string' || typeof key === 'number' ? { 'kafka.message.key': String(key) } : {};
}

function fail(span: Span, error: unknown): void {
  const known = error instanceof Error ? error : new Error(String(error));
  span.recordException(known);
  span.setAttribute('error.type', known instanceof KafkaError ? known.code : known.name);
  span.setStatus({ code: SpanStatusCode.ERROR, message: known.message });
}

/** Makes spans for one tracer. */
class Tracing {
  constructor(
    private readonly provider: TracerProvider | undefined,
    private readonly relation: TraceRelation,
  ) {}

  /** Asked for anew: the global provider may be set later. */
  get tracer(): Tracer {
    return (this.provider ?? trace).getTracer(NAME, VERSION, { schemaUrl: SCHEMA_URL });
  }

  // --- sending

  /** A span for one record, whose context goes into the record's headers. */
  send(call: SendMessage): Span {
    const { client, record } = call;
    const { topic, key, value } = record;
    const headers = pairsOf(record.headers);
    const created = contextOf(headers);
    const span = this.tracer.startSpan(`send ${topic}`, {
      kind: SpanKind.PRODUCER,
      attributes: {
        ...baseAttributes('send', client),
        'messaging.destination.name': topic,
        ...keyAttribute(key),
        ...(value === null && { 'kafka.message.tombstone': true }),
      },
      links: linksOf([created]),
    });
    call.record = { ...record, headers: created === undefined ? [...headers, ...carrierOf(span)] : headers };
    return span;
  }

  /** A span for all records of a batch, whose context goes into their headers. */
  sendBatch(call: SendBatchMessage): Span {
    const { client, batch } = call;
    const [topic, records] = 'records' in batch ? [batch.topic, batch.records] : [topicOf(batch), batch];
    const headers = records.map((record) => pairsOf(record.headers));
    const created = headers.map(contextOf);
    const span = this.tracer.startSpan(topic === undefined ? 'send' : `send ${topic}`, {
      kind: SpanKind.PRODUCER,
      attributes: {
        ...baseAttributes('send', client),
        ...(topic !== undefined && { 'messaging.destination.name': topic }),
        'messaging.batch.message_count': records.length,
      },
      links: linksOf(created),
    });
    const carrier = carrierOf(span);
    const copies = records.map((record, i) => {
      const own = headers[i] as Pairs;
      return { ...record, headers: created[i] === undefined ? [...own, ...carrier] : own };
    });
    call.batch = ('records' in batch ? { ...batch, records: copies } : copies) as typeof batch;
    return span;
  }

  // --- handling

  handler<H extends (unit: never, ...rest: never[]) => unknown>(handler: H, client: ClientView | undefined): H {
    const call = handler as unknown as (unit: Unit, ...rest: unknown[]) => unknown;
    const traced = (unit: Unit, ...rest: unknown[]): unknown => {
      const [span, within] = isBatch(unit) ? this.processBatch(unit, client) : this.process(unit, client);
      return context.with(within, () => ended(span, () => call(unit, ...rest)));
    };
    tracedHandlers.add(traced);
    return traced as unknown as H;
  }

  private process(message: Message<unknown, unknown>, client: ClientView | undefined): [Span, Context] {
    const { topic, partition } = message;
    const { entries } = message.headers;
    const created = contextOf(entries);
    const ambient = ambientContext();
    const around = trace.getSpan(ambient);
    // With what else the headers carry, such as baggage.
    let within = propagation.extract(ambient, entries, getter);
    if (this.relation === 'link') {
      within = around === undefined ? trace.deleteSpan(within) : trace.setSpan(within, around);
    }
    const links = linksOf([created, this.relation === 'parent' && created ? around?.spanContext() : undefined]);
    const attributes = {
      ...baseAttributes('process', client),
      'messaging.destination.name': topic,
      'messaging.destination.partition.id': String(partition),
      'kafka.offset': Number(message.offsetBig),
      ...keyAttribute(keyOf(message)),
    };
    const span = this.tracer.startSpan(`process ${topic}`, { kind: SpanKind.CONSUMER, attributes, links }, within);
    return [span, trace.setSpan(within, span)];
  }

  private processBatch(batch: MessageBatch<unknown, unknown>, client: ClientView | undefined): [Span, Context] {
    const ends = batch.ends();
    const topic = topicOf(ends);
    const [only] = ends.length === 1 ? ends : [];
    const within = ambientContext();
    const attributes = {
      ...baseAttributes('process', client),
      ...(topic !== undefined && { 'messaging.destination.name': topic }),
      ...(only !== undefined && { 'messaging.destination.partition.id': String(only.partition) }),
      'messaging.batch.message_count': batch.size,
    };
    const links = linksOf(creationContexts(batch));
    const name = topic === undefined ? 'process' : `process ${topic}`;
    const span = this.tracer.startSpan(name, { kind: SpanKind.CONSUMER, attributes, links }, within);
    return [span, trace.setSpan(within, span)];
  }
}

/** The topic of all of them, when it is one. */
function topicOf(all: readonly { readonly topic: string }[]): string | undefined {
  const topic = all[0]?.topic;
  return all.every((one) => one.topic === topic) ? topic : undefined;
}

/**
 * The context of the caller. What the addon calls has the context in which its client was made: a span that has ended
 * since is nobody's parent.
 */
function ambientContext(): Context {
  const active = context.active();
  const span = trace.getSpan(active) as { ended?: boolean } | undefined;
  return span?.ended === true ? trace.deleteSpan(active) : active;
}

/** A key that cannot be decoded is the handler's business. */
function keyOf(message: Message<unknown, unknown>): unknown {
  try {
    return message.key;
  } catch {
    return undefined;
  }
}

function* creationContexts(batch: MessageBatch<unknown, unknown>): Generator<SpanContext | undefined> {
  for (const { headers } of batch) yield contextOf(headers.entries);
}

/** A link for each span, once, however many messages it sent. */
function linksOf(created: Iterable<SpanContext | undefined>): Link[] {
  const links = new Map<string, Link>();
  for (const one of created) {
    if (one !== undefined) links.set(`${one.traceId}-${one.spanId}`, { context: one });
    if (links.size === MAX_LINKS) break;
  }
  return [...links.values()];
}

/** Headers as pairs, as they are: what is wrong with them is for `send` to say. */
function pairsOf(headers: RecordHeaders = []): Pairs {
  if (Symbol.iterator in headers) return [...(headers as Iterable<Pairs[number]>)];
  return Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, one as HeaderValue] as const),
  );
}

/** The span that sent, or is to be known as having sent, what has these headers. */
function contextOf(headers: Pairs): SpanContext | undefined {
  return headers.length === 0 ? undefined : trace.getSpanContext(propagation.extract(ROOT_CONTEXT, headers, getter));
}

/** The span's context as headers. */
function carrierOf(span: Span): Pairs {
  const carrier: Record<string, string> = {};
  propagation.inject(trace.setSpan(context.active(), span), carrier);
  return Object.entries(carrier);
}

/** Ends the span with what the handler gives back, or when that settles. */
function ended<R>(span: Span, call: () => R): R {
  let result: R;
  try {
    result = call();
  } catch (error) {
    fail(span, error);
    span.end();
    throw error;
  }
  if (typeof (result as PromiseLike<unknown> | null | undefined)?.then !== 'function') {
    span.end();
    return result;
  }
  return (result as unknown as Promise<unknown>).then(
    (value) => {
      span.end();
      return value;
    },
    (error: unknown) => {
      fail(span, error);
      span.end();
      throw error;
    },
  ) as R;
}

function relationOf(options: TracingOptions): TraceRelation {
  const { relation = 'parent' } = options;
  if (relation === 'parent' || relation === 'link') return relation;
  throw new ArgumentError(`relation must be parent or link, not ${String(relation)}`);
}

/**
 * A handler that runs in a span of kind CONSUMER, which belongs to the span that sent the message. For what reads messages
 * without `run` and `runBatch`, whose handlers {@link KafkaInstrumentation} traces: a loop, an RxJS operator.
 *
 * @param handler - gets a message or a batch first.
 * @example
 * ```ts
 * consumer.messages$.pipe(concatMap(tracedHandler(async (message) => save(message.value), { consumer })))
 * ```
 * @throws ArgumentError
 */
export function tracedHandler<H extends (unit: never, ...rest: never[]) => unknown>(
  handler: H,
  options: TracedHandlerOptions = {},
): H {
  if (typeof handler !== 'function') {
    throw new ArgumentError(`tracedHandler() takes a function, not ${typeof handler}`);
  }
  return new Tracing(options.tracerProvider, relationOf(options)).handler(handler, options.consumer);
}

/**
 * Traces every client of the process: `send` and `sendBatch` get a span of kind PRODUCER, whose context goes into the
 * headers of what is sent (by the global propagator: W3C `traceparent`, `tracestate` and `baggage`), and each call of a
 * handler of `run` and `runBatch` gets one of kind CONSUMER. Has the shape of OpenTelemetry's own instrumentations.
 *
 * Runs that began before are not traced: make it first.
 *
 * @example
 * ```ts
 * new NodeSDK({ instrumentations: [new KafkaInstrumentation()] }).start();
 * ```
 */
export class KafkaInstrumentation {
  readonly instrumentationName: string = NAME;
  readonly instrumentationVersion: string = VERSION;
  #config: KafkaInstrumentationConfig;
  #provider: TracerProvider | undefined;
  #enabled = false;
  readonly #spans = new WeakMap<object, Span>();

  /** @throws ArgumentError */
  constructor(config: KafkaInstrumentationConfig = {}) {
    relationOf(config);
    this.#config = { enabled: true, ...config };
    if (this.#config.enabled) this.enable();
  }

  readonly #onSend = {
    start: (call: SendMessage) => this.#safely(() => this.#spans.set(call, this.#tracing.send(call))),
    error: (call: object) => this.#failed(call),
    asyncEnd: (call: object) => {
      const { result } = call as { result?: DeliveryReport };
      if (result !== undefined) {
        const { partition, offset } = result;
        this.#spans.get(call)?.setAttributes({
          'messaging.destination.partition.id': String(partition),
          ...(offset >= 0 && { 'kafka.offset': offset }),
        });
      }
      this.#spans.get(call)?.end();
    },
  };

  readonly #onSendBatch = {
    start: (call: SendBatchMessage) => this.#safely(() => this.#spans.set(call, this.#tracing.sendBatch(call))),
    error: (call: object) => this.#failed(call),
    asyncEnd: (call: object) => this.#spans.get(call)?.end(),
  };

  readonly #onRun = (message: unknown) => {
    const run = message as RunMessage;
    if (tracedHandlers.has(run.handler)) return;
    run.handler = this.#tracing.handler(run.handler, run.client);
  };

  get #tracing(): Tracing {
    return new Tracing(this.#provider, relationOf(this.#config));
  }

  #failed(call: object): void {
    const span = this.#spans.get(call);
    if (span !== undefined) fail(span, (call as { error?: unknown }).error);
  }

  /** What a subscriber throws would end the process: a record that is none is for `send` to refuse. */
  #safely(start: () => unknown): void {
    try {
      start();
    } catch (error) {
      diag.warn(`${NAME}: not traced`, error);
    }
  }

  enable(): void {
    if (this.#enabled) return;
    this.#enabled = true;
    channels.send.subscribe(this.#onSend as never);
    channels.sendBatch.subscribe(this.#onSendBatch as never);
    channels.run.subscribe(this.#onRun);
  }

  /** New calls are not traced any more; handlers that run already are. */
  disable(): void {
    if (!this.#enabled) return;
    this.#enabled = false;
    channels.send.unsubscribe(this.#onSend as never);
    channels.sendBatch.unsubscribe(this.#onSendBatch as never);
    channels.run.unsubscribe(this.#onRun);
  }

  /** Whose spans these are. Default: the global provider. */
  setTracerProvider(provider: TracerProvider): void {
    this.#provider = provider;
  }

  /** Metrics are those of `rdkafka-rx/prometheus`. */
  setMeterProvider(_provider: unknown): void {}

  getConfig(): KafkaInstrumentationConfig {
    return this.#config;
  }

  /** @throws ArgumentError */
  setConfig(config: KafkaInstrumentationConfig): void {
    relationOf(config);
    this.#config = { enabled: true, ...config };
  }
}
