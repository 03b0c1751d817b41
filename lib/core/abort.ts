import { AbortError } from './errors';

/** What waits for a signal: one listener a signal, however many sends share it. */
class Aborts {
  private static readonly of = new WeakMap<AbortSignal, Aborts>();
  private readonly rejects = new Set<(error: AbortError) => void>();

  private constructor(private readonly signal: AbortSignal) {
    signal.addEventListener('abort', this.abort, { once: true });
    Aborts.of.set(signal, this);
  }

  private readonly abort = () => {
    Aborts.of.delete(this.signal);
    for (const reject of this.rejects) reject(new AbortError(this.signal.reason));
  };

  /** @returns a function that ends the waiting. */
  static wait(signal: AbortSignal, reject: (error: AbortError) => void): () => void {
    const aborts = Aborts.of.get(signal) ?? new Aborts(signal);
    aborts.rejects.add(reject);
    return () => {
      aborts.rejects.delete(reject);
      if (aborts.rejects.size > 0) return;
      if (Aborts.of.get(signal) === aborts) Aborts.of.delete(signal);
      signal.removeEventListener('abort', aborts.abort);
    };
  }
}

/** Rejects when `signal` aborts; the operation itself goes on and its outcome is ignored. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) reject(new AbortError(signal.reason));
    promise.then(resolve, reject).finally(signal.aborted ? undefined : Aborts.wait(signal, reject));
  });
}
