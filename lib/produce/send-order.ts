import { systemClock, within } from '../core/clock';
import { AbortError } from '../core/errors';

/** The order of sends with an asynchronous serializer: each waits for its own data, and for all earlier sends. */
export class SendOrder {
  /** Resolves when all earlier sends are handed over. Never rejects. */
  private tail: Promise<void> = Promise.resolve();
  /** Rejects the sends that wait. */
  private readonly waiting = new Set<(error: Error) => void>();

  /** Resolves with the serialized data once all earlier sends are handed over, and before {@link SendOrder.passed} resolves. */
  take<T>(parts: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const before = this.tail;
    return new Promise<T>((resolve, reject) => {
      this.waiting.add(reject);
      const turn = (async () => {
        try {
          const done = await parts;
          await before;
          if (signal?.aborted) throw new AbortError(signal.reason);
          resolve(done);
        } catch (error) {
          reject(error as Error);
          await before;
        } finally {
          this.waiting.delete(reject);
        }
      })();
      // One microtask later: the caller has handed its records over by then.
      this.tail = turn.then(() => {});
    });
  }

  /** Resolves when all sends so far are handed over. */
  passed(): Promise<void> {
    return this.tail;
  }

  /** As {@link SendOrder.passed}, but waits at most `ms`. */
  async drain(ms: number): Promise<void> {
    if (this.waiting.size > 0) await within(systemClock, ms, this.tail);
  }

  /** Rejects the sends that still wait. */
  end(error: Error): void {
    for (const reject of this.waiting) reject(error);
    this.waiting.clear();
  }
}
