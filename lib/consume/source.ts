/**
 * What the stream core knows of the world below it: the commands it gives and the events it gets. Types only, plus a
 * system clock: the core runs over any object of this shape, the addon's consumer or a simulated one.
 */
import type { CommitOutcome, OffsetToCommit, TopicPartitionOffset } from '../core/partition';

/** An offset to commit for an assignment of its partition. */
export interface LaneOffset extends OffsetToCommit {
  /**
   * The lane that it is for. The native side drops the offset, with an error, when the lane is over at the moment of
   * sending: by then another member may own the partition, and the broker would accept the commit, because the native
   * thread has rejoined the group. Left out: for a partition that the application manages itself.
   */
  readonly lane?: number;
}

/** The commands of the core. None of them blocks; unknown and ended lanes are ignored. */
export interface LaneSource {
  /** Gives back credit for settled or dropped messages. */
  credit(lane: number, messages: number, bytes: number): void;
  /** Stops or starts taking from the lane, without a refetch. */
  pause(lane: number, paused: boolean): void;
  /** Resolves on the broker's answer; rejects when the whole request failed. */
  commit(offsets: readonly LaneOffset[]): Promise<readonly CommitOutcome[]>;
  /** Answers `revoking`: the lanes may be unassigned. */
  release(id: number): void;
  /** Answers `assigning`. */
  answerAssign(id: number, partitions: readonly TopicPartitionOffset[]): void;
}
