import type { ClientIdentity } from '../client/identity';
import type { Clock } from '../core/clock';
import type { KafkaError, NativeError } from '../core/errors';
import type { TopicPartition } from '../core/partition';
import type { CommitFaults, CommitOptions } from './committer';
import type { CreditLimits } from './credit';
import type { DrainFaults, RebalanceOptions } from './rebalance';
import type { LaneSource } from './source';
import type { WatchOptions } from './watch';

/** Test-only: the mutations that the simulator has to notice. */
export interface Faults extends DrainFaults, CommitFaults {
  readonly dropWithoutRewind?: boolean;
}

export interface SessionOptions extends WatchOptions {
  readonly source: LaneSource;
  readonly clock?: Clock;
  /** Whose streams these are, for those who watch them. */
  readonly client?: ClientIdentity;
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
