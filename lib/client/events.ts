import type { KafkaError, NativeError } from '../core/errors';
import type { EventHub } from '../core/event-hub';
import type { ClientEvent } from '../native/events';
import type { TokenProvider } from './token';

/** An error outside of any call. The client keeps working unless the error is `fatal`. */
export interface ErrorEvent {
  readonly type: 'error';
  readonly error: KafkaError;
}

/** The events of every client. */
export type CommonEvent = ErrorEvent | Extract<ClientEvent, { type: 'stats' | 'log' | 'throttle' | 'oauth-refresh' }>;

const ALL_BROKERS_DOWN = -187;
/** librdkafka reports it with every attempt to connect, up to twenty times a second; it is forwarded at most this often. */
const ALL_BROKERS_DOWN_EVERY_MS = 10_000;

/** The client, as its relay needs it. */
export interface RelayHost {
  readonly name: string;
  readonly closed: boolean;
  readonly events: EventHub<never>;
  redact(text: string): string;
  toError(error: NativeError, doing?: string): Error;
}

/**
 * Forwards the events of the native side, for all three kinds of client: types errors and drops repeats, redacts logs, answers
 * token requests, and warns about errors without a listener.
 */
export class EventRelay {
  private downAt = Number.NEGATIVE_INFINITY;
  private warned = false;
  /** The last transport error: explains "all brokers down". */
  private lastTransportError: Error | undefined;

  constructor(
    private readonly host: RelayHost,
    private readonly tokens: TokenProvider,
  ) {}

  /** @returns the typed error of an error event that is not a repeat */
  forward(event: { readonly type?: string }): KafkaError | undefined {
    const common = event as Extract<ClientEvent, { type: 'error' | 'stats' | 'log' | 'throttle' | 'oauth-refresh' }>;
    switch (common.type) {
      case 'error':
        return this.isRepeat(common.error) ? undefined : this.error(common.error);
      case 'oauth-refresh':
        void this.tokens.refresh(common.config, (error) => this.emitError(error));
        return undefined;
      case 'log':
        this.emit({ ...common, message: this.host.redact(common.message) });
        return undefined;
      default:
        this.emit(common);
        return undefined;
    }
  }

  /** Emits a native error as an `error` event. */
  error(native: NativeError, doing?: string): KafkaError {
    return this.emitError(this.host.toError(native, doing) as KafkaError);
  }

  private emitError(error: KafkaError): KafkaError {
    this.warnIfUnobserved(error);
    this.emit({ type: 'error', error });
    return error;
  }

  private emit(event: CommonEvent): void {
    (this.host.events as unknown as EventHub<CommonEvent>).emit(event);
  }

  private isRepeat({ code, message }: NativeError): boolean {
    // librdkafka echoes the failure that the token provider reported.
    const { failure } = this.tokens;
    if (failure !== undefined && message.endsWith(`token: ${failure}`)) return true;
    if (code !== ALL_BROKERS_DOWN) return false;
    const now = performance.now();
    if (now - this.downAt < ALL_BROKERS_DOWN_EVERY_MS) return true;
    this.downAt = now;
    return false;
  }

  /**
   * Warns once about an error without a listener; otherwise a wrong address fails silently. A single lost connection is
   * routine, so the warning waits until all brokers are down.
   */
  private warnIfUnobserved(error: KafkaError): void {
    const { code } = error;
    if (code === 'ERR_KAFKA__TRANSPORT') this.lastTransportError = error;
    const { name, closed, events } = this.host;
    if (this.warned || closed || events.hasErrorListener || code === 'ERR_KAFKA__TRANSPORT') return;
    this.warned = true;
    const { message } = (code === 'ERR_KAFKA__ALL_BROKERS_DOWN' && this.lastTransportError) || error;
    process.emitWarning(
      `${name}: ${message}. Further errors of this client are not shown without a subscriber to errors$; ` +
        'logTo(client) logs them.',
      'RdkafkaRxWarning',
    );
  }
}
