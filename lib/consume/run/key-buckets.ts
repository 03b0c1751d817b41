import type { AnyMessage } from '../../message/message';

/** Messages with equal keys: one at a time, the others wait in order. */
export interface Bucket<T> {
  busy: boolean;
  queue: T[];
}

/** Messages of a lane by the hash of their key. Keys may share a bucket. */
export class KeyBuckets<T> implements Iterable<Bucket<T>> {
  private readonly buckets: Bucket<T>[];

  /** @param count - a power of two, or 0 */
  constructor(count: number) {
    this.buckets = Array.from({ length: count }, () => ({ busy: false, queue: [] }));
  }

  /** Enough buckets that a slow key holds up few others. */
  static countFor(concurrency: number): number {
    return 8 * 2 ** Math.ceil(Math.log2(Math.min(concurrency, 512)));
  }

  of({ chunk, index }: AnyMessage): Bucket<T> {
    if (this.buckets.length === 1) return this.buckets[0] as Bucket<T>;
    return this.buckets[chunk.keyHash(index) & (this.buckets.length - 1)] as Bucket<T>;
  }

  [Symbol.iterator](): Iterator<Bucket<T>> {
    return this.buckets[Symbol.iterator]();
  }
}
