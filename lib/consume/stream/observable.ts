import { Observable, type Subscriber } from 'rxjs';
import type { Caller } from '../../core/call-stack';
import type { AnyBatch, MessageBatch } from '../../message/batch';
import type { AnyMessage, Message } from '../../message/message';
import type { Feed } from './feed';
import { MessageCursor, type MessageTaker } from './message-surface';
import type { Surface } from './surface';

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
    readonly feed: Feed,
    protected readonly subscriber: Subscriber<T>,
  ) {}

  get taking(): boolean {
    return this.feed.surface === this;
  }

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

  /** Only during `next`: what a subscriber does later cannot be told from other code. */
  called(_callers: readonly Caller[]): boolean {
    return this.running;
  }

  finish(error: Error | null): void {
    if (error === null) this.subscriber.complete();
    else this.subscriber.error(error);
  }
}

class BatchPush extends Push<AnyBatch> {
  readonly name = 'batches$';

  protected pump(): void {
    const { feed, subscriber } = this;
    while (this.taking) {
      const found = feed.next();
      if (found === null) return;
      subscriber.next(found.batch);
      feed.host.flush();
    }
  }
}

class MessagePush extends Push<AnyMessage> implements MessageTaker {
  readonly name = 'messages$';
  private readonly cursor = new MessageCursor(this);

  give(message: AnyMessage): boolean {
    this.subscriber.next(message);
    return true;
  }

  protected pump(): void {
    this.cursor.restart();
    this.cursor.pump();
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
  return observe<AnyBatch>(feed, (subscriber) => new BatchPush(feed, subscriber)) as unknown as Observable<
    MessageBatch<K, V>
  >;
}

export function observeMessages<K, V>(feed: Feed): Observable<Message<K, V>> {
  return observe<AnyMessage>(feed, (subscriber) => new MessagePush(feed, subscriber)) as unknown as Observable<
    Message<K, V>
  >;
}
