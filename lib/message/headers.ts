import type { MessageHeaders } from '../serde/serde';

export const NO_HEADERS = /* @__PURE__ */ Object.freeze([]) as MessageHeaders;

/** The headers of a message, in written order. Names may repeat; values may be null. */
export class Headers implements Iterable<readonly [name: string, value: Buffer | null]> {
  constructor(readonly entries: MessageHeaders) {}

  get size(): number {
    return this.entries.length;
  }

  /** The last value of this name, as is Kafka's convention; `undefined` without one. */
  get(name: string): Buffer | null | undefined {
    for (let i = this.entries.length - 1; i >= 0; i--) {
      const entry = this.entries[i];
      if (entry?.[0] === name) return entry[1];
    }
    return undefined;
  }

  /** All values of this name, in written order. */
  getAll(name: string): (Buffer | null)[] {
    return this.entries.filter((entry) => entry[0] === name).map((entry) => entry[1]);
  }

  [Symbol.iterator](): Iterator<readonly [name: string, value: Buffer | null]> {
    return this.entries[Symbol.iterator]();
  }

  toJSON(): MessageHeaders {
    return this.entries;
  }
}
