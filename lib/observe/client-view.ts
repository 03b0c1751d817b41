import type { ClientIdentity } from '../client/identity';
import type { ConsumerEvent } from '../consume/events';
import type { ConsumerFlow } from '../consume/flow';
import { ArgumentError } from '../core/errors';
import type { ProducerFlow } from '../produce/delivery-ledger';

/** A consumer, producer or admin client of any key and value types. */
export interface ClientView extends ClientIdentity {
  /**
   * Calls `listener` for every event of the client, and `end` when it closes. With `errors: false` the listener does not count
   * as an error listener. @returns a function that removes the listener
   */
  readonly events: {
    on(listener: (event: ConsumerEvent) => void, end?: (error: Error | null) => void, errors?: boolean): () => void;
  };
  /** Work in progress; not on an admin client. */
  flow?(): ConsumerFlow | ProducerFlow;
}

/** @throws ArgumentError for a value that is not a client */
export function requireClient(client: ClientView, what: string): void {
  if (typeof (client as Partial<ClientView> | null)?.events?.on === 'function') return;
  throw new ArgumentError(`${what} takes a consumer, a producer or an admin client, not ${typeof client}`);
}
