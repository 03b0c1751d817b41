import type { AnyClient } from '../any-client';
import type { KafkaError, NativeError } from '../errors';
import type { CreditLimits } from './batcher';
import type { CommitFaults, CommitOptions } from './committer';
import type { Clock, LaneSource, TopicPartition } from './lane-source';
import type { DrainFaults, RebalanceOptions } from './rebalance';
import type { WatchOptions } from './watch';

/** Test-only: the mutations that the simulator has to notice. */
export interface Faults extends DrainFaults, CommitFaults {
  readonly dropWithoutRewind?: boolean;
}

export interface SessionOptions extends WatchOptions {
  readonly source: LaneSource;
  readonly clock?: Clock;
  /** Whose streams these are, for those who watch them. */
  readonly client?: AnyClient;
  /** The limits the native layer enforces. */
  readonly credit: CreditLimits;
  /** There is a group: `commit: 'ack'` is the default, else `'none'`. */
  readonly group: boolean;
  readonly commit?: CommitOptions;
  readonly rebalance?: RebalanceOptions;
  /** Once per process where a mistake would otherwise be silent. */
  readonly warn?: (message: string) => void;
  /** The end of a partition now, for `until: 'eof'`. Without it the first end-of-partition event counts. */
  readonly endOffset?: (partition: TopicPartition) => Promise<number>;
  /** After partitions were revoked, or lost, the group assigns again, and what was taken may be among it. */
  readonly assignsAgain?: (lost: boolean) => boolean;
  /** The topics to be subscribed to changed: a stream was made or ended. Regular expressions begin with `^`. */
  readonly onTopics?: (topics: readonly string[]) => void;
  /** Converts errors of the native layer, with secrets taken out. */
  readonly toError?: (error: NativeError, doing?: string) => KafkaError;
  /** Called with every error of the native layer, before it is an event. */
  readonly unheard?: (error: KafkaError) => void;
  /** @internal */
  readonly faults?: Faults;
}
