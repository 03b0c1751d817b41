import { callback, milliseconds, objectWith } from '../core/check';
import type { TopicPartition, TopicPartitionOffset } from '../core/partition';
import type { Abandoned } from './events';

/** Hooks into the rebalances of a consumer, and how long a revocation waits. */
export interface RebalanceOptions {
  /** How long a revocation waits for delivered messages to be acknowledged. Default 15,000 ms. */
  readonly drainMs?: number;
  /**
   * Called before the partitions are read. May return where to start (offsets of any of them), and may be asynchronous:
   * the group waits. Needs a consumer made with this hook.
   */
  readonly onAssigned?: (
    partitions: readonly TopicPartition[],
  ) => readonly TopicPartitionOffset[] | undefined | Promise<readonly TopicPartitionOffset[] | undefined>;
  /**
   * Called after delivered messages were acknowledged or given up, and before the last commit of the partitions; also when
   * the consumer closes. Messages acknowledged in the hook are part of that commit.
   */
  readonly onRevoked?: (partitions: readonly TopicPartition[], outcome: DrainOutcome) => void | Promise<void>;
  /** Called when the partitions were lost, without a chance to finish: another member may own them already. */
  readonly onLost?: (partitions: readonly TopicPartition[]) => void;
}

export const rebalanceOptions = objectWith<RebalanceOptions>('the options of rebalance', {
  drainMs: milliseconds,
  onAssigned: callback,
  onRevoked: callback,
  onLost: callback,
});

/** How long a revocation waits by default, in ms. */
export const DEFAULT_DRAIN_MS = 15_000;

/** How the wait for delivered messages ended. */
export interface DrainOutcome {
  /** Every delivered message was acknowledged; in events: and committed. */
  readonly drained: boolean;
  readonly abandoned: readonly Abandoned[];
  readonly waitedMs: number;
}
