import { systemClock, within } from '../core/clock';
import { AbortError } from '../core/errors';

/** The order of sends with an asynchronous serializer: each waits for its own data, and for those before it. */
export class Turns {
  /** What was taken before is handed over. Never rejects. */
  private tail: Promise<void> = Promise.resolve();
  /** What rejects those who wait. */
  private readonly waiting = new Set<(error: Error) => void>();

  /** What was serialized, when those before were handed over. Who waits for it goes on before those who wait for `passed`. */
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
      // A microtask later: by then it has handed its records over.
      this.tail = turn.then(() => {});
    });
  }

  /** Resolves when all that is taken now is handed over. */
  passed(): Promise<void> {
    return this.tail;
  }

  /** Likewise, but does not wait longer than `ms`. */
  async drain(ms: number): Promise<void> {
    if (this.waiting.size > 0) await within(systemClock, ms, this.tail);
  }

  /** Nobody's turn comes any more. */
  end(error: Error): void {
    for (const reject of this.waiting) reject(error);
    this.waiting.clear();
  }
}
