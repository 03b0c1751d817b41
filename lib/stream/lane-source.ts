/**
 * What the stream core knows of the world below it: the commands it gives and the events it gets. Types only, plus a
 * system clock: the core runs over any object of this shape, the addon's consumer or a simulated one.
 */
import type { NativeError } from '../errors';

/** A topic and partition. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A position in a partition. Negative offsets are librdkafka's logical ones: -2 beginning, -1 end, -1001 stored. */
export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number;
}

/** The next offset to read, as it is committed. */
export interface OffsetToCommit extends TopicPartitionOffset {
  readonly leaderEpoch?: number;
  readonly metadata?: string;
}

/** The broker's answer for one partition of a commit. */
export interface CommitOutcome extends TopicPartitionOffset {
  readonly error: NativeError | null;
}

/** A partition handed to this consumer under a lane number that is never used again. */
export interface LaneAssignment extends TopicPartitionOffset {
  readonly lane: number;
}

/** Events that change what lanes exist or where they stand. They come in the order things happened. */
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

/** Events that only inform. */
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

/** One entry of the delivery FIFO: a chunk of messages of one lane, or an event. */
export type Delivery = ArrayBuffer | LaneEvent | ClientEvent;

/** The commands of the core. None of them blocks; unknown and ended lanes are ignored. */
export interface LaneSource {
  /** Gives back credit for settled or dropped messages. */
  credit(lane: number, messages: number, bytes: number): void;
  /** Stops or starts taking from the lane, without a refetch. */
  hold(lane: number, held: boolean): void;
  /** Resolves on the broker's answer; rejects when the whole request failed. */
  commit(offsets: readonly OffsetToCommit[]): Promise<readonly CommitOutcome[]>;
  /** Answers `revoking`: the lanes may be unassigned. */
  release(id: number): void;
  /** Answers `assigning`. */
  answerAssign(id: number, partitions: readonly TopicPartitionOffset[]): void;
}

/** Time and chance, injected so that a simulator can drive them. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  setTimer(run: () => void, ms: number): unknown;
  clearTimer(timer: unknown): void;
  /** Runs after the current job, before any timer. */
  microtask(run: () => void): void;
  /** In [0, 1). */
  random(): number;
}

/** The real clock. Its timers keep the process up: whoever sets one is responsible for clearing it. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer: (run, ms) => setTimeout(run, ms),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
  microtask: (run) => queueMicrotask(run),
  random: Math.random,
};
