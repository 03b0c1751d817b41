import { inspect } from 'node:util';
import { type ClientConfig, configErrorFromNative } from '../config/config';
import { checkSecurity } from '../config/security';
import { ClosedError, isNativeError, KafkaError, type NativeError } from '../core/errors';
import type { EventHub } from '../core/event-hub';
import { observeEvents } from '../core/observe-events';
import type { Statistics } from '../generated/statistics';
import { native } from '../native/addon';
import type { ClusterMetadata, NativeClient } from '../native/interface';
import { closeChannel, openChannel } from './channels';
import { type CommonEvent, EventRelay } from './events';
import { type ClientOptions, type RequestOptions, timeoutOf } from './options';
import { TokenProvider } from './token';

/** How long `close()` may take, in ms, when the caller says nothing. */
export const DEFAULT_CLOSE_MS = 10_000;

/** The error librdkafka has for a closing client. */
const DESTROY = -197;

/**
 * What consumer, producer and admin share: configuration, state, errors and the end.
 *
 * The states are open → closing → closed. After `close()` was called, what would need the brokers rejects with (or throws)
 * {@link ClosedError}. Reading comes to its end instead: `take()` gives null, `for await` and observables end, `stop()` resolves.
 * `assignment()`, `paused()`, `subscription()`, `flow()` and `closed` still answer.
 */
export abstract class Client<N extends NativeClient, E extends { readonly type: string } = CommonEvent> {
  /** Everything this client reports, without RxJS: `events.on(listener)` gives back a function that ends it. */
  abstract readonly events: EventHub<E>;

  /** Version of the librdkafka in use, such as `2.15.1`. */
  static readonly librdkafkaVersion: string = native.version;

  /** The configured `client.id`. */
  readonly clientId: string;

  readonly #config: ClientConfig;
  readonly #relay: EventRelay;
  #native: N | undefined;
  #closing: Promise<void> | undefined;

  protected constructor(
    readonly kind: 'consumer' | 'producer' | 'admin',
    config: ClientConfig,
    options: ClientOptions,
  ) {
    this.#config = config;
    this.clientId = String(config.get('client.id'));
    const client = this;
    const host = {
      get name() {
        return client.name;
      },
      get closed() {
        return client.closed;
      },
      get events() {
        return client.events as unknown as EventHub<never>;
      },
      get target() {
        return client.#native;
      },
      redact: config.redact,
      addSecret: (value: string) => config.addSecret(value),
      toError: (error: unknown, doing?: string) => client.toError(error, doing),
    };
    this.#relay = new EventRelay(host, new TokenProvider(host, options.oauthBearerToken));
  }

  /** Makes the native client. @throws ConfigError with what librdkafka refuses. */
  protected open(make: (settings: [string, string][]) => N): N {
    try {
      checkSecurity(this.#config, native.builtinFeatures());
      this.#native = make(this.#config.entries());
    } catch (error) {
      throw isNativeError(error) ? configErrorFromNative(error, this.#config, native.version) : error;
    }
    return this.#native;
  }

  /** librdkafka's name of this client, unlike that of every other in the process: `rdkafka#consumer-1`. */
  get name(): string {
    return this.#native?.name ?? '';
  }

  /** Called last by every constructor. */
  protected announce(): void {
    if (openChannel.hasSubscribers) openChannel.publish({ client: this });
  }

  /** @throws ClosedError */
  protected get native(): N {
    if (this.#native === undefined || this.#closing !== undefined) throw new ClosedError(this.kind);
    return this.#native;
  }

  /** @throws ClosedError */
  protected assertOpen(): void {
    if (this.#native === undefined || this.#closing !== undefined) throw new ClosedError(this.kind);
  }

  protected get config(): ClientConfig {
    return this.#config;
  }

  /**
   * Everything this client reports, told apart by `type`. Multicast, never holds anything up, completes on `close()`;
   * what happened before the subscription is not repeated.
   */
  get events$() {
    return observeEvents(this.events, (event) => event, true);
  }

  /** Errors that end nothing by themselves, such as a broker that cannot be reached; `fatal` ones end the client. */
  get errors$() {
    return observeEvents(this.events, (event) => pick(event, 'error')?.error, true);
  }

  /** librdkafka's statistics every `statistics.interval.ms` (default 0: never), parsed and typed (STATISTICS.md). */
  get statistics$() {
    return observeEvents(this.events, (event) => {
      const stats = pick(event, 'stats');
      return stats && (JSON.parse(stats.json) as Statistics);
    });
  }

  /** librdkafka's log lines; more of them with the configuration `debug`. Secrets are taken out. */
  get logs$() {
    return observeEvents(this.events, (event) => pick(event, 'log'));
  }

  /** True from the call of `close()` on. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Makes the typed error for a native one; anything else is passed on. */
  protected toError(error: unknown, doing?: string): Error {
    if (!isNativeError(error)) return error instanceof Error ? error : new Error(String(error));
    if (error.code === DESTROY) return new ClosedError(this.kind);
    return KafkaError.fromNative(error, {
      redact: this.#config.redact,
      consumer: this.kind === 'consumer',
      ...(doing !== undefined && { doing }),
    });
  }

  /** Runs a native request and gives its error a stack and a meaning. */
  protected async request<T>(doing: string, run: (client: N) => Promise<T>): Promise<T> {
    const client = this.native;
    const here = new Error();
    try {
      return await run(client);
    } catch (cause) {
      const error = this.toError(cause, doing);
      // The native side has no stack to show; the caller's is what helps.
      if (error instanceof KafkaError && here.stack) {
        error.stack = `${error.name}: ${error.message}\n${here.stack.split('\n').slice(2).join('\n')}`;
      }
      throw error;
    }
  }

  /**
   * Brokers, topics and partitions as the cluster knows them (`rd_kafka_metadata()`).
   *
   * @param topic - one topic; all when left out.
   * @throws KafkaError when no broker answers in time.
   */
  async metadata(topic?: string | null, options: RequestOptions = {}): Promise<ClusterMetadata> {
    return this.request('Cannot get metadata', (client) => client.metadata(topic ?? null, timeoutOf(options)));
  }

  /**
   * Forwards an event of the native side: errors typed and without repeats, logs without secrets, token requests answered.
   *
   * @returns the typed error of an error event, unless it repeats an earlier one
   */
  protected forward(event: { readonly type?: string }): KafkaError | undefined {
    return this.#relay.forward(event);
  }

  /** Emits a native error as an `error` event, with what failed in front of its text. */
  protected emitError(error: NativeError, doing: string): KafkaError {
    return this.#relay.error(error, doing);
  }

  /** Called once by `close()`, before the native client goes. */
  protected abstract drain(timeoutMs: number): Promise<void>;
  /** The last word to the native client. */
  protected beforeClose(_client: N): void {}
  /** Called once when the native client is gone, or could not be closed. */
  protected abstract ended(): void;

  /**
   * Ends the client: finishes what it owes, leaves the group, frees everything. Always settles, and is idempotent:
   * every call gives the same promise. Afterwards nothing of the client keeps the process up.
   *
   * @param options.timeoutMs - at most about this long, in ms; default 10,000. What is not done by then is dropped, and
   * every promise that waits for it rejects.
   * @throws ArgumentError for a `timeoutMs` that is none: the client stays open then.
   */
  close(options: RequestOptions = {}): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    let timeoutMs: number;
    try {
      timeoutMs = timeoutOf(options, DEFAULT_CLOSE_MS);
    } catch (error) {
      // Nothing was closed: it can be called again.
      return Promise.reject(error);
    }
    const client = this.#native;
    // Set before drain() runs, so that nothing new is accepted meanwhile.
    const closing = (async () => {
      try {
        const started = performance.now();
        await this.drain(timeoutMs);
        const left = Math.max(0, timeoutMs - (performance.now() - started));
        if (client !== undefined) this.beforeClose(client);
        await client?.close(Math.ceil(left));
      } catch (error) {
        throw this.toError(error, `Cannot close the ${this.kind}`);
      } finally {
        this.ended();
        if (closeChannel.hasSubscribers) closeChannel.publish({ client: this });
      }
    })();
    this.#closing = closing;
    return closing;
  }

  /** `await using client = new …` closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Shows the state and the configuration, without secrets. */
  [inspect.custom](): unknown {
    return { [this.kind]: this.closed ? 'closed' : 'open', config: this.#config };
  }

  /** As {@link Client[inspect.custom]}. */
  toJSON(): unknown {
    return { kind: this.kind, closed: this.closed, config: this.#config };
  }
}

function pick<T extends CommonEvent['type']>(event: { readonly type: string }, type: T) {
  return event.type === type ? (event as Extract<CommonEvent, { type: T }>) : undefined;
}
