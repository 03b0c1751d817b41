/** Multicast of events. Never gates: listeners are called at once, and nothing is kept for later ones. */
export class EventHub<E> {
  private listeners: readonly ((event: E) => void)[] = [];
  private enders: readonly ((error: Error | null) => void)[] = [];
  private ended: { error: Error | null } | null = null;
  private errorListeners = 0;

  /**
   * @param errors - false for a listener that only counts, or picks other events: it is no error listener.
   * @returns a function that removes the listener. An error it throws is rethrown outside of the caller.
   */
  on(listener: (event: E) => void, end?: (error: Error | null) => void, errors = true): () => void {
    if (this.ended !== null) {
      end?.(this.ended.error);
      return () => {};
    }
    const own = (event: E) => listener(event);
    const ownEnd = (error: Error | null) => end?.(error);
    this.listeners = [...this.listeners, own];
    this.enders = [...this.enders, ownEnd];
    if (errors) this.errorListeners++;
    return () => {
      if (errors && this.listeners.includes(own)) this.errorListeners--;
      this.listeners = this.listeners.filter((other) => other !== own);
      this.enders = this.enders.filter((other) => other !== ownEnd);
    };
  }

  get active(): boolean {
    return this.listeners.length > 0;
  }

  get hasErrorListener(): boolean {
    return this.errorListeners > 0;
  }

  emit(event: E): void {
    for (const listener of this.listeners) guarded(listener, event);
  }

  /** No more events: listeners' `end` is called once. */
  end(error: Error | null = null): void {
    if (this.ended !== null) return;
    this.ended = { error };
    const enders = this.enders;
    this.listeners = this.enders = [];
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
