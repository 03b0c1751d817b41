import { Observable, type Subscriber } from 'rxjs';
import type { MessageBatch } from '../batch';
import { Message } from '../message';
import type { EventHub } from './events';
import { Feed, type Surface } from './feed';
import { iterateBatches } from './iterate';
import type { Lane } from './lane';

/**
 * A surface that pushes. Keys and values are decoded before `next`, because RxJS 7 rethrows what `next` throws from a
 * timer: the process dies, or, if it handles uncaught exceptions, the stream goes on past the message. The message is
 * not acknowledged then, so that nothing from it on is committed, and `stalled` reports it.
 */
abstract class Push<T> implements Surface {
  abstract readonly name: string;
  readonly strict: boolean = true;
  readonly demand: boolean = true;
  readonly idle: boolean = false;
  private running = false;

  constructor(
    protected readonly feed: Feed,
    protected readonly subscriber: Subscriber<T>,
  ) {}

  protected abstract pump(): void;

  wake(): void {
    if (this.running) return;
    this.running = true;
    try {
      this.pump();
    } finally {
      this.running = false;
    }
  }

  finish(error: Error | null): void {
    if (error === null) this.subscriber.complete();
    else this.subscriber.error(error);
  }
}

class BatchPush extends Push<MessageBatch<never, never>> {
  readonly name = 'batches$';

  protected pump(): void {
    const { feed, subscriber } = this;
    while (feed.surface === this) {
      const batch = feed.next();
      if (batch === null) return;
      subscriber.next(batch);
      feed.host.flush();
    }
  }
}

class MessagePush extends Push<Message<never, never>> {
  readonly name = 'messages$';

  protected pump(): void {
    const { feed, subscriber } = this;
    while (feed.surface === this) {
      const run = feed.nextRun();
      if (run === null) return;
      const { chunk, to } = run;
      const lane = chunk.lane as Lane;
      const first = lane.next;
      const { version } = feed;
      // Each message counts as delivered when it is its turn: what follows an unsubscribe was never delivered.
      let seq = first;
      for (let i = run.from; i < to; i++) {
        lane.next = ++seq;
        subscriber.next(new Message<never, never>(chunk, i));
        if (feed.version !== version) break;
      }
      feed.delivered(lane, first, seq);
      feed.host.flush();
    }
  }
}

function observe<T>(feed: Feed, make: (subscriber: Subscriber<T>) => Surface, left?: () => void): Observable<T> {
  return new Observable<T>((subscriber) => {
    const surface = make(subscriber);
    try {
      feed.acquire(surface);
    } catch (error) {
      subscriber.error(error);
      return undefined;
    }
    return () => {
      feed.release(surface);
      left?.();
    };
  });
}

export function observeBatches<K, V>(feed: Feed): Observable<MessageBatch<K, V>> {
  return observe<MessageBatch<never, never>>(
    feed,
    (subscriber) => new BatchPush(feed, subscriber),
  ) as unknown as Observable<MessageBatch<K, V>>;
}

export function observeMessages<K, V>(feed: Feed): Observable<Message<K, V>> {
  return observe<Message<never, never>>(
    feed,
    (subscriber) => new MessagePush(feed, subscriber),
  ) as unknown as Observable<Message<K, V>>;
}

/** Events of a hub, and the value `pick` gives for each; `undefined` leaves the event out. `heard`: errors are among them. */
export function observeEvents<E, T>(
  hub: Pick<EventHub<E>, 'on'>,
  pick: (event: E) => T | undefined,
  heard = false,
): Observable<T> {
  return new Observable<T>((subscriber) =>
    hub.on(
      (event) => {
        const value = pick(event);
        if (value !== undefined) subscriber.next(value);
      },
      (error) => (error === null ? subscriber.complete() : subscriber.error(error)),
      heard,
    ),
  );
}

/** The events of some types. */
export function observeTypes<E extends { readonly type: string }, T extends E['type']>(
  hub: EventHub<E>,
  ...types: T[]
): Observable<Extract<E, { readonly type: T }>> {
  const wanted = new Set<string>(types);
  return observeEvents(hub, (event) =>
    wanted.has(event.type) ? (event as Extract<E, { readonly type: T }>) : undefined,
  );
}

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
