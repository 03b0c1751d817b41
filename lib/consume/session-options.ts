import type { ClientIdentity } from '../client/identity';
import type { Clock } from '../core/clock';
import type { TopicPartition } from '../core/partition';
import type { ClientEvent } from '../native/events';
import type { CommitOptions } from './committer';
import type { CreditLimits } from './credit';
import type { RebalanceOptions } from './rebalance-options';
import type { LaneSource } from './source';
import type { WatchOptions } from './watch-options';

export interface SessionOptions extends WatchOptions {
  readonly source: LaneSource;
  readonly clock?: Clock;
  /** The client whose streams these are, for its observers. */
  readonly client?: ClientIdentity;
  /** The limits that the native side enforces. */
  readonly credit: CreditLimits;
  /** There is a group: `commit: 'ack'` is the default, else `'none'`. */
  readonly group: boolean;
  readonly commit?: CommitOptions;
  readonly rebalance?: RebalanceOptions;
  /** Called where a mistake would otherwise stay silent. */
  readonly warn?: (message: string) => void;
  /** The end of a partition now, for `until: 'eof'`. Without it the first end-of-partition event counts. */
  readonly endOffset?: (partition: TopicPartition) => Promise<number>;
  /** After a revocation, or a loss, the group assigns again, and the same partitions may be among the new ones. */
  readonly reassigns?: (lost: boolean) => boolean;
  /** The topics to subscribe to changed: a stream was made or ended. Regular expressions begin with `^`. */
  readonly onTopics?: (topics: readonly string[]) => void;
  /** The default stream was stopped, or came to its end, while the consumer goes on. */
  readonly onDefaultEnd?: () => void;
  /** Events of the client, in order with the deliveries of the lanes. */
  readonly onClientEvent?: (event: ClientEvent) => void;
}
