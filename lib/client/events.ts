import type { KafkaError } from '../core/errors';
import type { ClientEvent } from '../native/events';

/** What every client reports. */
export type CommonEvent = ErrorEvent | Extract<ClientEvent, { type: 'stats' | 'log' | 'throttle' | 'oauth-refresh' }>;

/** An error that does not end anything by itself. */
export interface ErrorEvent {
  readonly type: 'error';
  readonly error: KafkaError;
}
