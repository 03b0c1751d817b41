import type { NativeError } from '../core/errors';
import type { CommitOutcome, TopicPartition, TopicPartitionOffset } from '../core/partition';

/** A partition assigned to this consumer, with a lane number that is never reused. */
export interface LaneAssignment extends TopicPartitionOffset {
  readonly lane: number;
}

/** Events that create, end or move lanes, in the order in which they happened. */
export type LaneEvent =
  | { readonly type: 'assigning'; readonly id: number; readonly partitions: readonly TopicPartition[] }
  | { readonly type: 'assigned'; readonly id: number; readonly lanes: readonly LaneAssignment[] }
  | { readonly type: 'revoking'; readonly id: number; readonly lanes: readonly number[]; readonly deadlineMs: number }
  | {
      readonly type: 'revoked';
      readonly id: number;
      readonly lanes: readonly number[];
      readonly lost: boolean;
      readonly timedOut: boolean;
    }
  | { readonly type: 'eof'; readonly lane: number; readonly offset: number }
  | { readonly type: 'rewound'; readonly lane: number; readonly offset: number };

/** Informational events. */
export type ClientEvent =
  | {
      readonly type: 'partition-error';
      readonly topic: string;
      readonly partition: number;
      readonly lane: number;
      readonly offset: number;
      readonly error: NativeError;
    }
  | { readonly type: 'error'; readonly error: NativeError }
  | { readonly type: 'stats'; readonly json: string }
  | { readonly type: 'log'; readonly level: number; readonly facility: string; readonly message: string }
  | { readonly type: 'throttle'; readonly broker: string; readonly brokerId: number; readonly throttleMs: number }
  | {
      readonly type: 'auto-commit';
      readonly error: NativeError | null;
      readonly partitions: readonly CommitOutcome[];
    }
  | { readonly type: 'oauth-refresh'; readonly config: string }
  | {
      readonly type: 'poll';
      readonly messages: number;
      readonly bytes: number;
      readonly chunks: number;
      readonly lanes: number;
      readonly takeMicros: number;
      readonly waitMicros: number;
    };

/** An item of the delivery FIFO: a chunk of messages of one lane, or an event. */
export type Delivery = ArrayBuffer | LaneEvent | ClientEvent;
