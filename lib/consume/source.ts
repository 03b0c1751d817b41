/**
 * What the stream core knows of the world below it: the commands it gives and the events it gets. Types only, plus a
 * system clock: the core runs over any object of this shape, the addon's consumer or a simulated one.
 */
import type { CommitOutcome, OffsetToCommit, TopicPartitionOffset } from '../core/partition';

/** The commands of the core. None of them blocks; unknown and ended lanes are ignored. */
export interface LaneSource {
  /** Gives back credit for settled or dropped messages. */
  credit(lane: number, messages: number, bytes: number): void;
  /** Stops or starts taking from the lane, without a refetch. */
  pause(lane: number, paused: boolean): void;
  /** Resolves on the broker's answer; rejects when the whole request failed. */
  commit(offsets: readonly OffsetToCommit[]): Promise<readonly CommitOutcome[]>;
  /** Answers `revoking`: the lanes may be unassigned. */
  release(id: number): void;
  /** Answers `assigning`. */
  answerAssign(id: number, partitions: readonly TopicPartitionOffset[]): void;
}
