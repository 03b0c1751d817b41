import { type Caller, callersOf } from '../../core/call-stack';
import { AbortError, StateError } from '../../core/errors';
import type { AnyBatch, MessageBatch } from '../../message/batch';
import type { AnyMessage, Message } from '../../message/message';
import type { Feed } from './feed';
import { MessageCursor, type MessageTaker } from './message-surface';
import type { Surface } from './surface';

interface Parked<T> {
  readonly resolve: (value: T | null) => void;
  readonly reject: (error: Error) => void;
}

/** A surface that is asked: at most one request is parked until there is something. */
abstract class Puller<T> implements Surface {
  abstract readonly name: string;
  readonly strict: boolean = false;
  protected parked: Parked<T> | null = null;
  private end: { readonly error: Error | null } | null = null;

  /** The function that asked first: the loop, as a rule. */
  private loop: string | undefined;

  constructor(readonly feed: Feed) {}

  called(callers: readonly Caller[]): boolean {
    return this.parked === null && callers.some(({ text }) => text === this.loop);
  }

  get demand(): boolean {
    return this.parked !== null;
  }

  get idle(): boolean {
    return false;
  }

  protected abstract poll(): T | null;

  /** The next one; null at the end. `ask`: the function that the user called. */
  pull(ask: (...args: never[]) => unknown): Promise<T | null> {
    this.loop ??= callersOf(ask)[0]?.text;
    if (this.parked !== null) {
      return Promise.reject(
        new StateError(`${this.name} was asked for more before it had answered: await one call at a time`),
      );
    }
    if (this.feed.surface !== this) {
      if (this.end?.error) return Promise.reject(this.end.error);
      if (this.end !== null) return Promise.resolve(null);
      try {
        this.feed.acquire(this);
      } catch (error) {
        return Promise.reject(error);
      }
      if (this.end !== null) return Promise.resolve(null);
    }
    const ready = this.poll();
    if (ready !== null) return Promise.resolve(ready);
    if (this.end !== null) return this.pull(ask);
    return new Promise((resolve, reject) => {
      this.parked = { resolve, reject };
      // Polled again now that a request is parked: this starts the clock of an open batch.
      this.wake();
    });
  }

  wake(): void {
    if (this.parked === null) return;
    const ready = this.poll();
    if (ready !== null) this.unpark()?.resolve(ready);
  }

  finish(error: Error | null): void {
    this.end ??= { error };
    const parked = this.unpark();
    if (error === null) parked?.resolve(null);
    else parked?.reject(error);
  }

  /** Stops at once; a parked request is answered with the end. Nothing is acknowledged. */
  cancel(): void {
    this.feed.release(this);
    this.end ??= { error: null };
    this.unpark()?.resolve(null);
  }

  /** Gives up a parked request without ending anything. */
  protected unpark(): Parked<T> | null {
    const { parked } = this;
    this.parked = null;
    return parked;
  }
}

class BatchPuller extends Puller<AnyBatch> {
  readonly name: string = 'for await';
  protected poll(): AnyBatch | null {
    return this.feed.next()?.batch ?? null;
  }
}

/** `take()`: one batch at a time, not held between two calls. */
export class Taker extends BatchPuller {
  override readonly name = 'take()';

  override get idle(): boolean {
    return this.parked === null;
  }

  /** The next batch; null at the end. @throws AbortError when `signal` is aborted first. */
  take(ask: (...args: never[]) => unknown, signal?: AbortSignal): Promise<AnyBatch | null> {
    if (this.feed.surface === this) {
      try {
        this.feed.requireSource();
      } catch (error) {
        return Promise.reject(error);
      }
    }
    if (signal === undefined) return this.pull(ask);
    if (signal.aborted) return Promise.reject(new AbortError(signal.reason));
    const abort = () => this.unpark()?.reject(new AbortError(signal.reason));
    const taken = this.pull(ask);
    signal.addEventListener('abort', abort, { once: true });
    return taken.finally(() => signal.removeEventListener('abort', abort));
  }
}

class MessagePuller extends Puller<AnyMessage> implements MessageTaker {
  readonly name = 'for await';
  private readonly cursor = new MessageCursor(this);
  private message: AnyMessage | null = null;

  get taking(): boolean {
    return this.message === null;
  }

  give(message: AnyMessage): boolean {
    this.message = message;
    return false;
  }

  protected poll(): AnyMessage | null {
    this.cursor.pump();
    const { message } = this;
    this.message = null;
    return message;
  }
}

/** Written by hand: a generator's `return()` would queue behind a `next()` that waits for a message. */
class PullIterator<T> implements AsyncIterableIterator<T> {
  constructor(private readonly puller: Puller<T>) {}

  async next(): Promise<IteratorResult<T>> {
    const value = await this.puller.pull(this.next);
    return value === null ? { done: true, value: undefined } : { done: false, value };
  }

  return(): Promise<IteratorResult<T>> {
    this.puller.cancel();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

export function iterateBatches<K, V>(feed: Feed): AsyncIterableIterator<MessageBatch<K, V>> {
  return new PullIterator(new BatchPuller(feed)) as AsyncIterableIterator<MessageBatch<K, V>>;
}

export function iterateMessages<K, V>(feed: Feed): AsyncIterableIterator<Message<K, V>> {
  return new PullIterator(new MessagePuller(feed)) as AsyncIterableIterator<Message<K, V>>;
}
