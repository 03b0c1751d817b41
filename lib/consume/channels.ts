import { type Channel, channel } from 'node:diagnostics_channel';
import { traced } from '../client/channels';
import type { ClientIdentity } from '../client/identity';
import type { OffsetToCommit } from '../core/partition';

/** Traced on `commit`. */
export interface CommitMessage<C = ClientIdentity> {
  readonly client: C;
  readonly offsets: readonly OffsetToCommit[];
}

/** Published when `run()` or `runBatch()` is called. A subscriber may replace the handler. */
export interface RunMessage<C = ClientIdentity> {
  /** Undefined where streams run without a client, as in a simulation. */
  readonly client: C | undefined;
  /** The stream's name. */
  readonly stream: string;
  /** Called with each `Message` (`run`) or `MessageBatch` (`runBatch`) and a `HandlerContext`. */
  handler: (unit: never, context: never) => unknown;
}

export const runChannel = channel('rdkafka-rx:run') as Channel<unknown, RunMessage>;
export const commitChannel = traced<CommitMessage>('rdkafka-rx:commit');
