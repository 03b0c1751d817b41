/** Trace context in the headers of records and messages, and in the process. The global propagator reads and writes it. */
import {
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api';
import type { HeaderValue, RecordHeaders } from '../produce/record-pack';

/** As many links as a span of OpenTelemetry's SDK keeps. */
const MAX_LINKS = 128;

export type Pairs = readonly (readonly [name: string, value: HeaderValue])[];

/** Reads headers: the last one of a name counts. */
export const getter: TextMapGetter<Pairs> = {
  get(headers, name) {
    const value = headers.findLast((header) => header[0] === name)?.[1];
    return value instanceof Uint8Array ? Buffer.from(value).toString() : (value ?? undefined);
  },
  keys: (headers) => headers.map(([name]) => name),
};

/** Headers as pairs, unchecked: `send` reports invalid ones. */
export function pairsOf(headers: RecordHeaders = []): Pairs {
  if (Symbol.iterator in headers) return [...(headers as Iterable<Pairs[number]>)];
  return Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, one as HeaderValue] as const),
  );
}

/** The span context in the headers: that of the span that sent the message, or of the one that the caller names. */
export function contextOf(headers: Pairs): SpanContext | undefined {
  return headers.length === 0 ? undefined : trace.getSpanContext(propagation.extract(ROOT_CONTEXT, headers, getter));
}

/** The span's context as headers. */
export function carrierOf(span: Span): Pairs {
  const carrier: Record<string, string> = {};
  propagation.inject(trace.setSpan(context.active(), span), carrier);
  return Object.entries(carrier);
}

/**
 * The context of the caller. A call from the addon runs in the context in which its client was created: drops the span of
 * that context if it has ended.
 */
export function ambientContext(): Context {
  const active = context.active();
  const span = trace.getSpan(active) as { ended?: boolean } | undefined;
  return span?.ended === true ? trace.deleteSpan(active) : active;
}

/** One link per span, however many messages it sent. */
export function linksOf(created: Iterable<SpanContext | undefined>): Link[] {
  const links = new Map<string, Link>();
  for (const one of created) {
    if (one !== undefined) links.set(`${one.traceId}-${one.spanId}`, { context: one });
    if (links.size === MAX_LINKS) break;
  }
  return [...links.values()];
}
