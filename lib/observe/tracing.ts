/** The spans of sends and handlers. Names follow the semantic conventions for messaging of OpenTelemetry 1.45. */
import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { KafkaError } from '../core/errors';
import type { MessageBatch } from '../message/batch';
import type { Message } from '../message/message';
import type { SendBatchMessage, SendMessage } from './channels';
import type { ClientView } from './client-view';
import { ambientContext, carrierOf, contextOf, getter, linksOf, type Pairs, pairsOf } from './trace-context';

/** How the span of a handler relates to the span that sent the message. */
export type TraceRelation = 'parent' | 'link';

export const NAME = 'rdkafka-rx';
export const VERSION = '0.1.0';
const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.45.0';

/** Handlers that {@link Tracing} already traces. */
const tracedHandlers = new WeakSet<object>();

export const isTraced = (handler: object): boolean => tracedHandlers.has(handler);

type Unit = Message<unknown, unknown> | MessageBatch<unknown, unknown>;

const isBatch = (unit: Unit): unit is MessageBatch<unknown, unknown> => Symbol.iterator in unit;

/** The attributes of every span. `messaging.system` is the older name, which many backends still look for. */
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

/** Bytes and objects have no canonical text form. */
function keyAttribute(key: unknown): Attributes {
  return typeof key === 'string' || typeof key === 'number' ? { 'kafka.message.key': String(key) } : {};
}

/** Marks the span as failed. */
export function fail(span: Span, error: unknown): void {
  const known = error instanceof Error ? error : new Error(String(error));
  span.recordException(known);
  span.setAttribute('error.type', known instanceof KafkaError ? known.code : known.name);
  span.setStatus({ code: SpanStatusCode.ERROR, message: known.message });
}

/** Creates the spans of one tracer. */
export class Tracing {
  constructor(
    private readonly provider: TracerProvider | undefined,
    private readonly relation: TraceRelation,
  ) {}

  /** Not cached: the global provider may be set later. */
  get tracer(): Tracer {
    return (this.provider ?? trace).getTracer(NAME, VERSION, { schemaUrl: SCHEMA_URL });
  }

  /** Starts a span for one record and puts its context into the record's headers. */
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

  /** Starts one span for all records of a batch and puts its context into their headers. */
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

  /** The handler, called within a span. */
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
    // The headers may carry more than the span, such as baggage.
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

/** The topic, if all have the same one. */
function topicOf(all: readonly { readonly topic: string }[]): string | undefined {
  const topic = all[0]?.topic;
  return all.every((one) => one.topic === topic) ? topic : undefined;
}

/** The handler deals with a key that cannot be decoded. */
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

/** Calls a handler and ends the span when its result settles. */
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
