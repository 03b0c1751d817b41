import type { ErrorEvent } from '../client/events';
import type { KafkaError } from '../core/errors';
import type { TopicPartition, TopicPartitionOffset } from '../core/partition';
import type { StaleReason } from '../message/ack';
import type { ClientEvent } from '../native/events';

/** Messages of a partition that were handed out and not done when it went away: somebody gets them again. */
export interface Abandoned extends TopicPartition {
  readonly offsets: readonly number[];
}

/** What happened to the assignment. `id` counts from 1; what the consumer gives up when it closes has 0. */
export type RebalanceEvent =
  | { readonly type: 'assigned'; readonly id: number; readonly partitions: readonly TopicPartitionOffset[] }
  /** A revocation began; `unacked` messages are waited for, at most `deadlineMs`. */
  | {
      readonly type: 'revoking';
      readonly id: number;
      readonly partitions: readonly TopicPartition[];
      readonly unacked: number;
      readonly deadlineMs: number;
    }
  | {
      readonly type: 'revoked';
      readonly id: number;
      readonly partitions: readonly TopicPartition[];
      /** Everything handed out was done, and committed, before the partitions went. */
      readonly drained: boolean;
      readonly abandoned: readonly Abandoned[];
      readonly waitedMs: number;
    }
  | {
      readonly type: 'lost';
      readonly id: number;
      readonly partitions: readonly TopicPartition[];
      readonly abandoned: readonly Abandoned[];
    };

/** One commit request and its answer. */
export interface CommitEvent {
  readonly type: 'commit';
  /** What was sent; each with its own error, if the broker refused it. */
  readonly offsets: readonly (TopicPartitionOffset & { readonly error: KafkaError | null })[];
  readonly ms: number;
  /** The first error, of the request or of a partition. */
  readonly error: KafkaError | null;
  /** It is tried again, from the then current state. */
  readonly willRetry: boolean;
}

/** What the stream core itself reports. */
export type StreamEvent =
  | RebalanceEvent
  | CommitEvent
  | ({ readonly type: 'eof' } & TopicPartitionOffset)
  /** Nothing more is taken: what was delivered is not acknowledged. */
  | ({ readonly type: 'gated'; readonly unacked: number } & TopicPartitionOffset)
  /** The message at `offset` was delivered `ageMs` ago and is still not done. */
  | ({ readonly type: 'stalled'; readonly ageMs: number } & TopicPartitionOffset)
  /** A batch was garbage collected with messages that were not acknowledged. */
  | ({ readonly type: 'leaked-batch'; readonly messages: number } & TopicPartitionOffset)
  /** A message was given up by the failure policy: passed over, or put into a dead letter topic. */
  | ({ readonly type: 'skipped' | 'dead-letter'; readonly error: unknown } & TopicPartitionOffset)
  /** An acknowledgement came too late or twice. Reported when a lane gets its first one of a kind. */
  | ({ readonly type: 'stale-ack'; readonly why: StaleReason } & TopicPartition)
  | { readonly type: 'stream-error'; readonly error: Error };

/** Everything a consumer reports: one union, told apart by `type`. */
export type ConsumerEvent =
  | StreamEvent
  | Exclude<ClientEvent, { type: 'error' | 'partition-error' | 'auto-commit' }>
  | ErrorEvent
  | AutoCommitEvent;

/** librdkafka committed stored offsets by itself (`enable.auto.commit`). */
export interface AutoCommitEvent {
  readonly type: 'auto-commit';
  readonly partitions: readonly (TopicPartitionOffset & { readonly error: KafkaError | null })[];
  /** Why the request failed as a whole, else null. */
  readonly error: KafkaError | null;
}
