/** Multicast of events. Never gates: listeners are called at once, and nothing is kept for those who come later. */
export class EventHub<E> {
  private listeners: readonly ((event: E) => void)[] = [];
  private enders: readonly ((error: Error | null) => void)[] = [];
  private ended: { error: Error | null } | null = null;
  private hearing = 0;

  /**
   * @param heard - whether somebody hears of errors by it. One that only counts, or picks other events, does not.
   * @returns a function that takes the listener off. An error it throws is rethrown outside of the caller.
   */
  on(listener: (event: E) => void, end?: (error: Error | null) => void, heard = true): () => void {
    if (this.ended !== null) {
      end?.(this.ended.error);
      return () => {};
    }
    const own = (event: E) => listener(event);
    const ownEnd = (error: Error | null) => end?.(error);
    this.listeners = [...this.listeners, own];
    this.enders = [...this.enders, ownEnd];
    if (heard) this.hearing++;
    return () => {
      if (heard && this.listeners.includes(own)) this.hearing--;
      this.listeners = this.listeners.filter((other) => other !== own);
      this.enders = this.enders.filter((other) => other !== ownEnd);
    };
  }

  get active(): boolean {
    return this.listeners.length > 0;
  }

  /** Somebody hears of errors. */
  get heard(): boolean {
    return this.hearing > 0;
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
