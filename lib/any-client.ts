import { ArgumentError } from './errors';
import type { ProducerFlow } from './ledger';
import type { ConsumerEvent } from './stream/events';
import type { ConsumerFlow } from './stream/flow';

/** A consumer, a producer or an admin client, whatever its keys and values are. */
export interface AnyClient {
  readonly kind: 'consumer' | 'producer' | 'admin';
  /** librdkafka's name of it, unlike that of every other client of the process: `rdkafka#consumer-1`. */
  readonly name: string;
  /** The configured `client.id`. */
  readonly clientId: string;
  /** The configured `group.id` of a consumer; null when it has none. */
  readonly groupId?: string | null;
  readonly closed: boolean;
  /**
   * Calls `listener` for everything the client reports, and `end` when it is closed. With `heard` false it is not taken for
   * one that hears of errors. @returns what takes it off
   */
  readonly events: {
    on(listener: (event: ConsumerEvent) => void, end?: (error: Error | null) => void, heard?: boolean): () => void;
  };
  /** What is under way; an admin client has nothing under way. */
  flow?(): ConsumerFlow | ProducerFlow;
}

/** @throws ArgumentError when it is none */
export function requireClient(client: AnyClient, what: string): void {
  if (typeof (client as Partial<AnyClient> | null)?.events?.on === 'function') return;
  throw new ArgumentError(`${what} takes a consumer, a producer or an admin client, not ${typeof client}`);
}
