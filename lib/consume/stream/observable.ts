import { Observable, type Subscriber } from 'rxjs';
import type { EventHub } from '../../core/event-hub';
import { observeEvents } from '../../core/observe-events';
import type { MessageBatch } from '../../message/batch';
import { Message } from '../../message/message';
import type { Lane } from '../lane/lane';
import type { Feed, Surface } from './feed';

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

export function observe<T>(feed: Feed, make: (subscriber: Subscriber<T>) => Surface, left?: () => void): Observable<T> {
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
