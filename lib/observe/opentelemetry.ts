/**
 * `rdkafka-rx/opentelemetry`: traces through Kafka with `@opentelemetry/api`, an optional peer dependency.
 *
 * Names follow the semantic conventions for messaging of OpenTelemetry 1.45.
 *
 * @packageDocumentation
 */
import { diag, type Span, type TracerProvider } from '@opentelemetry/api';
import { ArgumentError } from '../core/errors';
import type { DeliveryReport } from '../produce/report';
import { channels, type RunMessage, type SendBatchMessage, type SendMessage } from './channels';
import type { ClientView } from './client-view';
import { fail, isTraced, NAME, type TraceRelation, Tracing, VERSION } from './tracing';

export type { TraceRelation } from './tracing';

export interface TracingOptions {
  /**
   * `parent` (default): the span of a handler is a child of the span that sent the message, in one trace. `link`: it belongs to the
   * trace of its caller, or starts a new one, and links to the sending span. Batches always link.
   */
  readonly relation?: TraceRelation;
}

/** Options of {@link tracedHandler}. */
export interface TracedHandlerOptions extends TracingOptions {
  /** The consumer that reads; spans carry its `client.id` and `group.id`. */
  readonly consumer?: ClientView;
  /** Default: the global provider. */
  readonly tracerProvider?: TracerProvider;
}

/** Options of {@link KafkaInstrumentation}. */
export interface KafkaInstrumentationConfig extends TracingOptions {
  /** Default true: tracing starts with the constructor. */
  readonly enabled?: boolean;
}

function relationOf(options: TracingOptions): TraceRelation {
  const { relation = 'parent' } = options;
  if (relation === 'parent' || relation === 'link') return relation;
  throw new ArgumentError(`relation must be parent or link, not ${String(relation)}`);
}

/**
 * Wraps a handler in a span of kind CONSUMER that relates to the span that sent the message. For handlers outside of `run` and
 * `runBatch`, such as in a loop or an RxJS operator; {@link KafkaInstrumentation} traces the others.
 *
 * @param handler - a function whose first argument is a message or a batch
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
 * Traces every client of the process. `send` and `sendBatch` start a span of kind PRODUCER and put its context into the record
 * headers (with the global propagator: W3C `traceparent`, `tracestate` and `baggage`). Each call of a handler of `run` or
 * `runBatch` runs in a span of kind CONSUMER. Compatible with OpenTelemetry's own instrumentations.
 *
 * Create it first: a run that is already under way is not traced.
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
    if (isTraced(run.handler)) return;
    run.handler = this.#tracing.handler(run.handler, run.client);
  };

  get #tracing(): Tracing {
    return new Tracing(this.#provider, relationOf(this.#config));
  }

  #failed(call: object): void {
    const span = this.#spans.get(call);
    if (span !== undefined) fail(span, (call as { error?: unknown }).error);
  }

  /** An exception of a channel subscriber would end the process. `send` itself reports an invalid record. */
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

  /** Stops tracing new calls. Handlers of runs under way stay traced. */
  disable(): void {
    if (!this.#enabled) return;
    this.#enabled = false;
    channels.send.unsubscribe(this.#onSend as never);
    channels.sendBatch.unsubscribe(this.#onSendBatch as never);
    channels.run.unsubscribe(this.#onRun);
  }

  /** The provider of all further spans. Default: the global provider. */
  setTracerProvider(provider: TracerProvider): void {
    this.#provider = provider;
  }

  /** Does nothing: metrics come from `rdkafka-rx/prometheus`. */
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
