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

/** Default time limit of `close()`, in ms. */
export const DEFAULT_CLOSE_MS = 10_000;

/** librdkafka's error for a client that is closing (`RD_KAFKA_RESP_ERR__DESTROY`). */
const DESTROY = -197;

/**
 * The common part of consumer, producer and admin client: configuration, state, events, closing.
 *
 * A client is open, closing or closed. Once `close()` is called, methods that need the brokers reject with (or throw)
 * {@link ClosedError}. Reading ends without an error: `take()` resolves with null, `for await` and observables end, `stop()`
 * resolves. `assignment()`, `paused()`, `subscription()`, `flow()` and `closed` still work.
 */
export abstract class Client<N extends NativeClient, E extends { readonly type: string } = CommonEvent> {
  /** Everything this client reports, without RxJS: `events.on(listener)` returns a function that removes the listener. */
  abstract readonly events: EventHub<E>;

  /** Version of the linked librdkafka, such as `2.15.1`. */
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

  /** Creates the native client. @throws ConfigError naming the setting that librdkafka rejects */
  protected open(make: (settings: [string, string][]) => N): N {
    try {
      checkSecurity(this.#config, native.builtinFeatures());
      this.#native = make(this.#config.entries());
    } catch (error) {
      throw isNativeError(error) ? configErrorFromNative(error, this.#config, native.version) : error;
    }
    return this.#native;
  }

  /** librdkafka's name for this client, unique in the process: `rdkafka#consumer-1`. */
  get name(): string {
    return this.#native?.name ?? '';
  }

  /** The last call of every constructor. */
  protected announce(): void {
    if (openChannel.hasSubscribers) openChannel.publish({ client: this });
  }

  /** @throws ClosedError */
  protected get native(): N {
    this.assertOpen();
    return this.#native as N;
  }

  /** @throws ClosedError */
  protected assertOpen(): void {
    if (this.#native === undefined || this.#closing !== undefined) throw new ClosedError(this.kind);
  }

  protected get config(): ClientConfig {
    return this.#config;
  }

  /**
   * Everything this client reports, discriminated by `type`. Multicast, without back-pressure and without replay; completes on
   * `close()`.
   */
  get events$() {
    return observeEvents(this.events, (event) => event, true);
  }

  /** Errors outside of any call, such as an unreachable broker. The client keeps working unless the error is `fatal`. */
  get errors$() {
    return observeEvents(this.events, (event) => pick(event, 'error')?.error, true);
  }

  /** librdkafka's statistics (STATISTICS.md), parsed, every `statistics.interval.ms` (default 0: never). */
  get statistics$() {
    return observeEvents(this.events, (event) => {
      const stats = pick(event, 'stats');
      return stats && (JSON.parse(stats.json) as Statistics);
    });
  }

  /** librdkafka's log lines, with secrets redacted. The configuration key `debug` enables more of them. */
  get logs$() {
    return observeEvents(this.events, (event) => pick(event, 'log'));
  }

  /** True once `close()` is called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** The typed error for a native one; any other error as it is. */
  protected toError(error: unknown, doing?: string): Error {
    if (!isNativeError(error)) return error instanceof Error ? error : new Error(String(error));
    if (error.code === DESTROY) return new ClosedError(this.kind);
    return KafkaError.fromNative(error, {
      redact: this.#config.redact,
      consumer: this.kind === 'consumer',
      ...(doing !== undefined && { doing }),
    });
  }

  /** Runs a native request. Its error is typed and has the stack of the caller. */
  protected async request<T>(doing: string, run: (client: N) => Promise<T>): Promise<T> {
    const client = this.native;
    const here = new Error();
    try {
      return await run(client);
    } catch (cause) {
      const error = this.toError(cause, doing);
      // A native error has no stack.
      if (error instanceof KafkaError && here.stack) {
        error.stack = `${error.name}: ${error.message}\n${here.stack.split('\n').slice(2).join('\n')}`;
      }
      throw error;
    }
  }

  /**
   * Brokers, topics and partitions of the cluster (`rd_kafka_metadata()`).
   *
   * @param topic - a single topic. Default: all topics.
   * @throws KafkaError when no broker answers in time; ClosedError
   */
  async metadata(topic?: string | null, options: RequestOptions = {}): Promise<ClusterMetadata> {
    return this.request('Cannot get metadata', (client) => client.metadata(topic ?? null, timeoutOf(options)));
  }

  /**
   * Forwards an event of the native side, see {@link EventRelay}.
   *
   * @returns the typed error of an error event that is not a repeat
   */
  protected forward(event: { readonly type?: string }): KafkaError | undefined {
    return this.#relay.forward(event);
  }

  /** Emits a native error as an `error` event; `doing` names the failed operation. */
  protected emitError(error: NativeError, doing: string): KafkaError {
    return this.#relay.error(error, doing);
  }

  /** Called once by `close()`: finishes pending work while the native client is still open. */
  protected abstract drain(timeoutMs: number): Promise<void>;
  /** The last calls on the native client, before it closes. */
  protected beforeClose(_client: N): void {}
  /** Called once after the native client has closed, or failed to. */
  protected abstract ended(): void;

  /**
   * Closes the client: finishes pending work, leaves the group, frees everything. Always settles. Idempotent: every call
   * returns the same promise. A closed client never keeps the process up.
   *
   * @param options.timeoutMs - approximate upper limit in ms, default 10,000. Work that is still pending then is dropped, and its
   * promises reject.
   * @throws ArgumentError for an invalid `timeoutMs`; the client stays open
   */
  close(options: RequestOptions = {}): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    let timeoutMs: number;
    try {
      timeoutMs = timeoutOf(options, DEFAULT_CLOSE_MS);
    } catch (error) {
      // Nothing is closed yet, so close() can be called again.
      return Promise.reject(error);
    }
    const client = this.#native;
    // Set before drain() runs, so that no new work is accepted during it.
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

  /** Closes the client: `await using client = new …`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Prints the state and the configuration, without secrets. */
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
