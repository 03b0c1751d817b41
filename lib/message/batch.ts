import { inspect } from 'node:util';
import type { AckResult } from './ack';
import type { Chunk } from './chunk';
import { Message } from './message';

/** Why a batch was closed. `chunk`: no batch options were given, it is what the network brought. */
export type BatchReason = 'chunk' | 'count' | 'bytes' | 'time' | 'eof' | 'revoke' | 'stop';

/** A run of messages of one chunk: [from, to). */
export interface Segment {
  readonly chunk: Chunk;
  readonly from: number;
  readonly to: number;
}

/** A batch whatever its key and value types. */
export type AnyBatch = MessageBatch<never, never>;

class MessageIterator<K, V> implements IterableIterator<Message<K, V>> {
  private segment = 0;
  private chunk: Chunk | null = null;
  private at = 0;
  private end = 0;

  constructor(private readonly segments: readonly Segment[]) {}

  next(): IteratorResult<Message<K, V>> {
    while (this.chunk === null || this.at === this.end) {
      const segment = this.segments[this.segment++];
      if (segment === undefined) return { done: true, value: undefined };
      this.chunk = segment.chunk;
      this.at = segment.from;
      this.end = segment.to;
    }
    return { done: false, value: new Message<K, V>(this.chunk, this.at++) };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/**
 * Messages that were delivered together, in offset order per partition. Columns without copying where possible; the
 * messages are made when they are looked at.
 */
export class MessageBatch<K = Buffer | null, V = Buffer | null> implements Iterable<Message<K, V>> {
  readonly size: number;

  /** @internal */
  constructor(
    /** @internal */ readonly segments: readonly Segment[],
    /** Which limit closed the batch. */
    readonly reason: BatchReason,
    /** The end of the partition when the batch reached it (the next offset to be written), else null. */
    readonly eof: number | null,
  ) {
    let size = 0;
    for (let s = 0; s < segments.length; s++) size += (segments[s] as Segment).to - (segments[s] as Segment).from;
    this.size = size;
  }

  private get first(): Segment {
    return this.segments[0] as Segment;
  }

  private get last(): Segment {
    return this.segments[this.segments.length - 1] as Segment;
  }

  /** The offset after the last message of each partition: what a commit of the whole batch commits. */
  ends(): { topic: string; partition: number; offset: number; leaderEpoch: number }[] {
    const last = new Map(this.segments.map((segment) => [segment.chunk.lane, segment] as const));
    return [...last].map(([{ topic, partition }, { chunk, to }]) => {
      return { topic, partition, offset: chunk.offsetAt(to - 1) + 1, leaderEpoch: chunk.leaderEpoch };
    });
  }

  /** True when more than one partition contributed (scope `stream`). */
  get mixed(): boolean {
    const { lane } = this.first.chunk;
    return this.segments.some((segment) => segment.chunk.lane !== lane);
  }

  /** Topic of the first message. All are of one topic and partition unless the batch is {@link MessageBatch.mixed}. */
  get topic(): string {
    return this.first.chunk.lane.topic;
  }

  get partition(): number {
    return this.first.chunk.lane.partition;
  }

  get firstOffset(): number {
    return this.first.chunk.offsetAt(this.first.from);
  }

  get lastOffset(): number {
    return this.last.chunk.offsetAt(this.last.to - 1);
  }

  /** Bytes of keys, values and headers. */
  get bytes(): number {
    let sum = 0;
    for (const { chunk, from, to } of this.segments) sum += chunk.bytesOf(from, to);
    return sum;
  }

  /** Aborted when a partition of the batch is taken away or the stream ends. */
  get signal(): AbortSignal {
    if (!this.mixed) return this.first.chunk.lane.signal;
    return AbortSignal.any([...new Set(this.segments.map((segment) => segment.chunk.lane.signal))]);
  }

  /** The message at `index`; negative counts from the end. */
  at(index: number): Message<K, V> | undefined {
    let left = index < 0 ? index + this.size : index;
    if (left < 0) return undefined;
    for (const { chunk, from, to } of this.segments) {
      if (left < to - from) return new Message<K, V>(chunk, from + left);
      left -= to - from;
    }
    return undefined;
  }

  [Symbol.iterator](): IterableIterator<Message<K, V>> {
    return new MessageIterator<K, V>(this.segments);
  }

  private column<C extends { [i: number]: unknown }>(column: C, read: (chunk: Chunk, i: number) => C[number]): C {
    let at = 0;
    for (const { chunk, from, to } of this.segments) for (let i = from; i < to; i++) column[at++] = read(chunk, i);
    return column;
  }

  /** All values. @throws DecodeError of the first one that the deserializer refuses. */
  values(): V[] {
    return this.column(new Array<V>(this.size), (chunk, i) => chunk.value(i) as V);
  }

  /** All keys; null where a record has none. @throws DecodeError of the first one that the deserializer refuses. */
  keys(): (K | null)[] {
    return this.column(new Array<K | null>(this.size), (chunk, i) => chunk.key(i) as K | null);
  }

  /** @throws RangeError beyond 2^53 - 1: read {@link MessageBatch.offsetsBig} there. */
  get offsets(): Float64Array {
    return this.column(new Float64Array(this.size), (chunk, i) => chunk.offsetAt(i));
  }

  get offsetsBig(): BigInt64Array {
    return this.column(new BigInt64Array(this.size), (chunk, i) => chunk.offsetBigAt(i));
  }

  /** Milliseconds since the epoch, -1 where a message has none. */
  get timestamps(): Float64Array {
    return this.column(new Float64Array(this.size), (chunk, i) => chunk.timestamps?.[i] ?? -1);
  }

  /** Marks every message as done; see {@link Message.ack}. `stale` only when nothing changed. */
  ack(): AckResult {
    return this.settle(this.segments.length - 1, this.last.to);
  }

  /**
   * Marks `message` and everything before it in this batch as done.
   *
   * @throws RangeError when the message is not of this batch.
   */
  ackThrough(message: Message<K, V>): AckResult {
    const seq = message.chunk.firstSeq + message.index;
    const at = this.segments.findIndex(
      ({ chunk, from, to }) =>
        chunk.lane === message.chunk.lane && seq >= chunk.firstSeq + from && seq < chunk.firstSeq + to,
    );
    if (at < 0)
      throw new RangeError(`message ${message.topic}/${message.partition}@${message.offsetBig} is not of this batch`);
    return this.settle(at, seq + 1 - (this.segments[at] as Segment).chunk.firstSeq);
  }

  /** The messages. @throws DecodeError */
  toJSON(): object[] {
    return [...this].map((message) => message.toJSON());
  }

  /** Where it is from; the messages are not shown. */
  [inspect.custom](_depth: number, options: object, print: typeof inspect): string {
    const partitions = new Map<string, string>();
    for (const { chunk, from, to } of this.segments) {
      const at = `${chunk.lane.topic}/${chunk.lane.partition}`;
      const first = partitions.get(at)?.split('-')[0] ?? chunk.offsetBigAt(from);
      partitions.set(at, `${first}-${chunk.offsetBigAt(to - 1)}`);
    }
    const { size, reason, eof } = this;
    return `MessageBatch ${print({ size, reason, eof, offsets: Object.fromEntries(partitions) }, options)}`;
  }

  private settle(lastSegment: number, end: number): AckResult {
    let result: AckResult | null = null;
    for (let s = 0; s <= lastSegment; s++) {
      const { chunk, from, to } = this.segments[s] as Segment;
      const one = chunk.lane.settleRange(chunk.firstSeq + from, chunk.firstSeq + (s === lastSegment ? end : to));
      if (result === null || !one.stale) result = one;
    }
    return result as AckResult;
  }
}
