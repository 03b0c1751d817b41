import type { KafkaError } from '../errors';
import type { StaleReason } from '../message';
import type { ClientEvent, TopicPartition, TopicPartitionOffset } from './lane-source';

/** Messages of a partition that were handed out and not done when it went away: somebody gets them again. */
export interface Abandoned extends TopicPartition {
  readonly offsets: readonly number[];
}

/** What happened to the assignment. `id` counts from 1; what the consumer gives up when it closes has 0. */
export type RebalanceEvent =
  | { readonly type: 'assigned'; readonly id: number; readonly partitions: readonly TopicPartitionOffset[] }
  /** A revocation began; `inflight` messages are being waited for, at most `deadlineMs`. */
  | {
      readonly type: 'revoking';
      readonly id: number;
      readonly partitions: readonly TopicPartition[];
      readonly inflight: number;
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
  | ({ readonly type: 'leaked-lease'; readonly messages: number } & TopicPartitionOffset)
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

/** An error that does not end anything by itself. */
export interface ErrorEvent {
  readonly type: 'error';
  readonly error: KafkaError;
}

/** Multicast of events. Never gates: listeners are called at once, and nothing is kept for those who come later. */
export class EventHub<E> {
  private listeners: readonly ((event: E) => void)[] = [];
  private enders: readonly ((error: Error | null) => void)[] = [];
  private ended: { error: Error | null } | null = null;
  private hearing = 0;

  /**
   * @param heard - whether somebody hears of errors by it. One that only counts, or picks other events, does not.
   * @returns a function that takes the listener off. An error it throws is rethrown outside of the caller.
   */
  on(listener: (event: E) => void, end?: (error: Error | null) => void, heard = true): () => void {
    if (this.ended !== null) {
      end?.(this.ended.error);
      return () => {};
    }
    const own = (event: E) => listener(event);
    const ownEnd = (error: Error | null) => end?.(error);
    this.listeners = [...this.listeners, own];
    this.enders = [...this.enders, ownEnd];
    if (heard) this.hearing++;
    return () => {
      if (heard && this.listeners.includes(own)) this.hearing--;
      this.listeners = this.listeners.filter((other) => other !== own);
      this.enders = this.enders.filter((other) => other !== ownEnd);
    };
  }

  get active(): boolean {
    return this.listeners.length > 0;
  }

  /** Somebody hears of errors. */
  get heard(): boolean {
    return this.hearing > 0;
  }

  emit(event: E): void {
    for (const listener of this.listeners) guarded(listener, event);
  }

  /** No more events: listeners' `end` is called once. */
  end(error: Error | null = null): void {
    if (this.ended !== null) return;
    this.ended = { error };
    const enders = this.enders;
    this.listeners = this.enders = [];
    for (const end of enders) guarded(end, error);
  }
}

function guarded<T>(call: (value: T) => void, value: T): void {
  try {
    call(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
