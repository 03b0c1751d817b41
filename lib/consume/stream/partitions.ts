import type { Observable, Subscriber } from 'rxjs';
import type { MessageBatch } from '../../message/batch';
import type { Message } from '../../message/message';
import type { DeliveryLane } from '../lane/delivery-lane';
import { Feed } from './feed';
import { iterateBatches } from './iterate';
import { observe, observeBatches, observeMessages } from './observable';
import type { Surface } from './surface';

/** One assigned partition, from its assignment until it is revoked. Read it by one surface at a time, like a stream. */
export interface PartitionStream<K, V> extends AsyncIterable<MessageBatch<K, V>> {
  readonly topic: string;
  readonly partition: number;
  /** Aborted when the partition is taken away. */
  readonly signal: AbortSignal;
  readonly batches$: Observable<MessageBatch<K, V>>;
  readonly messages$: Observable<Message<K, V>>;
}

class PartitionFeed<K, V> implements PartitionStream<K, V> {
  readonly topic: string;
  readonly partition: number;

  constructor(
    private readonly feed: Feed,
    private readonly lane: DeliveryLane,
  ) {
    this.topic = lane.topic;
    this.partition = lane.partition;
  }

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

  laneAdded(lane: DeliveryLane): void {
    const { feed } = this;
    if (!feed.detach(lane)) return;
    const own = new Feed(
      `${lane.topic}/${lane.partition}`,
      feed.host,
      feed.policy,
      feed.settleOnDelivery,
      undefined,
      feed,
    );
    lane.rewind();
    own.add(lane);
    this.subscriber.next(new PartitionFeed<never, never>(own, lane));
  }

  finish(error: Error | null): void {
    if (error === null) this.subscriber.complete();
    else this.subscriber.error(error);
  }
}

/** `recall` gives the lanes back to the feed when partitions are no longer observed. */
export function observePartitions<K, V>(feed: Feed, recall: () => void): Observable<PartitionStream<K, V>> {
  const make = (subscriber: Subscriber<PartitionStream<never, never>>) => new PartitionPush(feed, subscriber);
  return observe(feed, make, recall) as unknown as Observable<PartitionStream<K, V>>;
}
