/** What a client reports, without RxJS. Multicast; nothing is kept for listeners that come later. */
export interface Events<E> {
  /** True while there is a listener. */
  readonly active: boolean;
  /**
   * Calls `listener` with every event, and `end` once when there are no more: with an error, or null.
   *
   * @param errors - false for a listener that only counts, or that picks other events: without an error listener the
   * first error becomes a process warning. Default true.
   * @returns a function that removes the listener. An error that the listener throws is rethrown outside of the caller.
   */
  on(listener: (event: E) => void, end?: (error: Error | null) => void, errors?: boolean): () => void;
}

/** Multicast of events. Calls its listeners at once and never holds back what emits. */
export class EventHub<E> implements Events<E> {
  #listeners: readonly ((event: E) => void)[] = [];
  #enders: readonly ((error: Error | null) => void)[] = [];
  #ended: { error: Error | null } | null = null;
  #errorListeners = 0;

  on(listener: (event: E) => void, end?: (error: Error | null) => void, errors = true): () => void {
    if (this.#ended !== null) {
      end?.(this.#ended.error);
      return () => {};
    }
    // Fresh functions: the same listener may be added twice, and each one is removed by itself.
    const own = (event: E) => listener(event);
    const ownEnd = (error: Error | null) => end?.(error);
    this.#listeners = [...this.#listeners, own];
    this.#enders = [...this.#enders, ownEnd];
    if (errors) this.#errorListeners++;
    return () => {
      if (errors && this.#listeners.includes(own)) this.#errorListeners--;
      this.#listeners = this.#listeners.filter((other) => other !== own);
      this.#enders = this.#enders.filter((other) => other !== ownEnd);
    };
  }

  get active(): boolean {
    return this.#listeners.length > 0;
  }

  get hasErrorListener(): boolean {
    return this.#errorListeners > 0;
  }

  emit(event: E): void {
    for (const listener of this.#listeners) guarded(listener, event);
  }

  /** No more events: calls each listener's `end` once. */
  end(error: Error | null = null): void {
    if (this.#ended !== null) return;
    this.#ended = { error };
    const enders = this.#enders;
    this.#listeners = this.#enders = [];
    for (const end of enders) guarded(end, error);
  }
}

function guarded<T>(call: (value: T) => void, value: T): void {
  try {
    call(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
