import type { Observable, Subscriber } from 'rxjs';
import type { MessageBatch } from '../../message/batch';
import type { Message } from '../../message/message';
import type { Lane } from '../lane/lane';
import { Feed, type Surface } from './feed';
import { iterateBatches } from './iterate';
import { observe, observeBatches, observeMessages } from './observable';

/** One assigned partition, from its assignment until it is revoked. */
export class PartitionStream<K, V> implements AsyncIterable<MessageBatch<K, V>> {
  constructor(
    private readonly feed: Feed,
    private readonly lane: Lane,
  ) {}

  get topic(): string {
    return this.lane.topic;
  }

  get partition(): number {
    return this.lane.partition;
  }

  /** Aborted when the partition is taken away. */
  get signal(): AbortSignal {
    return this.lane.signal;
  }

  get batches$(): Observable<MessageBatch<K, V>> {
    return observeBatches<K, V>(this.feed);
  }

  get messages$(): Observable<Message<K, V>> {
    return observeMessages<K, V>(this.feed);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<MessageBatch<K, V>> {
    return iterateBatches<K, V>(this.feed);
  }
}

/** Gives every lane of a feed a feed of its own. */
class PartitionPush implements Surface {
  readonly name = 'partitions$';
  readonly strict = true;
  readonly demand = false;
  readonly idle = false;

  constructor(
    private readonly feed: Feed,
    private readonly subscriber: Subscriber<PartitionStream<never, never>>,
  ) {}

  wake(): void {
    for (const lane of [...this.feed.lanes]) this.laneAdded(lane);
  }

  laneAdded(lane: Lane): void {
    const { feed } = this;
    const at = feed.lanes.indexOf(lane);
    if (at < 0) return;
    feed.lanes.splice(at, 1);
    const own = new Feed(`${lane.topic}/${lane.partition}`, feed.host, feed.policy, feed.settleOnDelivery, feed);
    lane.rewind();
    own.add(lane);
    this.subscriber.next(new PartitionStream<never, never>(own, lane));
  }

  finish(error: Error | null): void {
    if (error === null) this.subscriber.complete();
    else this.subscriber.error(error);
  }
}

/** `recall` gives the lanes back to the feed when nobody looks at partitions any more. */
export function observePartitions<K, V>(feed: Feed, recall: () => void): Observable<PartitionStream<K, V>> {
  const make = (subscriber: Subscriber<PartitionStream<never, never>>) => new PartitionPush(feed, subscriber);
  return observe(feed, make, recall) as unknown as Observable<PartitionStream<K, V>>;
}
