import { AbortError } from './errors';

/** The promises that wait for one signal. The signal has a single listener, however many sends share it. */
class Aborts {
  static readonly #of = new WeakMap<AbortSignal, Aborts>();
  readonly #rejects = new Set<(error: AbortError) => void>();
  readonly #signal: AbortSignal;

  private constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#abort, { once: true });
    Aborts.#of.set(signal, this);
  }

  readonly #abort = () => {
    Aborts.#of.delete(this.#signal);
    for (const reject of this.#rejects) reject(new AbortError(this.#signal.reason));
  };

  /** @returns a function that stops waiting */
  static wait(signal: AbortSignal, reject: (error: AbortError) => void): () => void {
    const aborts = Aborts.#of.get(signal) ?? new Aborts(signal);
    aborts.#rejects.add(reject);
    return () => {
      aborts.#rejects.delete(reject);
      if (aborts.#rejects.size > 0) return;
      if (Aborts.#of.get(signal) === aborts) Aborts.#of.delete(signal);
      signal.removeEventListener('abort', aborts.#abort);
    };
  }
}

/** Rejects when `signal` aborts. The operation itself continues; its outcome is ignored. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) reject(new AbortError(signal.reason));
    promise.then(resolve, reject).finally(signal.aborted ? undefined : Aborts.wait(signal, reject));
  });
}
