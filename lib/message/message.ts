import { inspect } from 'node:util';
import type { AckResult } from './ack';
import type { Chunk } from './chunk';
import { Headers, NO_HEADERS } from './headers';

/** A message whatever its key and value types. */
export type AnyMessage = Message<never, never>;

export type TimestampType = 'none' | 'create' | 'append';

/** Marks a field not decoded yet; `undefined` may be a decoded value. */
const UNREAD: unique symbol = Symbol('unread');
const TIMESTAMP_TYPES: readonly TimestampType[] = ['none', 'create', 'append'];

/**
 * One message: a view over its batch's memory, made when it is looked at.
 *
 * Keeping it keeps the whole chunk (about 512 KiB) alive; {@link Message.detach} copies it out. Key and value are
 * decoded on first access, once. `ack()` marks it done: offsets are committed up to the first message not done.
 */
export class Message<K = Buffer | null, V = Buffer | null> {
  private k: K | null | typeof UNREAD = UNREAD;
  private v: V | typeof UNREAD = UNREAD;
  private h: Headers | null = null;

  /** @internal */
  constructor(
    /** @internal */ readonly chunk: Chunk,
    /** @internal */ readonly index: number,
  ) {}

  get topic(): string {
    return this.chunk.lane.topic;
  }

  get partition(): number {
    return this.chunk.lane.partition;
  }

  /** @throws RangeError beyond 2^53 - 1: read {@link Message.offsetBig} there. */
  get offset(): number {
    return this.chunk.offsetAt(this.index);
  }

  get offsetBig(): bigint {
    return this.chunk.offsetBigAt(this.index);
  }

  /** Milliseconds since the epoch, -1 when the message has none or timestamps were not asked for. */
  get timestamp(): number {
    return this.chunk.timestamps?.[this.index] ?? -1;
  }

  get timestampType(): TimestampType {
    return TIMESTAMP_TYPES[this.chunk.timestampType] ?? 'none';
  }

  /** Leader epoch of the partition when the message was fetched, -1 when unknown. */
  get leaderEpoch(): number {
    return this.chunk.leaderEpoch;
  }

  /** Null when the record has none. @throws DecodeError when the deserializer refuses the bytes. */
  get key(): K | null {
    if (this.k === UNREAD) this.k = this.chunk.key(this.index) as K | null;
    return this.k;
  }

  /** @throws DecodeError when the deserializer refuses the bytes. */
  get value(): V {
    if (this.v === UNREAD) this.v = this.chunk.value(this.index) as V;
    return this.v;
  }

  /** The key's bytes: a view over the batch's memory. */
  get rawKey(): Buffer | null {
    return this.chunk.rawKey(this.index);
  }

  /** The value's bytes: a view over the batch's memory. */
  get rawValue(): Buffer | null {
    return this.chunk.rawValue(this.index);
  }

  get headers(): Headers {
    this.h ??= new Headers(this.chunk.headers(this.index) ?? NO_HEADERS);
    return this.h;
  }

  /** Size of key, value and headers in bytes. */
  get bytes(): number {
    return this.chunk.bytesOf(this.index, this.index + 1);
  }

  /**
   * Marks the message as done. In any order: the committed offset never passes a message that is not done. Harmless
   * when repeated and after the partition was revoked (`stale`), when somebody else will get the message again.
   */
  ack(): AckResult {
    return this.chunk.lane.settle(this.chunk.firstSeq + this.index);
  }

  /** A copy that does not hold the memory of its batch. It can be acknowledged like the original. */
  detach(): Message<K, V> {
    return new Message<K, V>(this.chunk.single(this.index), 0);
  }

  /** Where it is from and what is in it; `offset` is a string beyond 2^53 - 1. @throws DecodeError */
  toJSON(): object {
    const { topic, partition, timestamp, key, value } = this;
    return { topic, partition, offset: this.printedOffset, timestamp, key, value, headers: this.headers.entries };
  }

  /** Likewise, and never throws: what cannot be decoded is shown as its error. */
  [inspect.custom](_depth: number, options: object, print: typeof inspect): string {
    const { topic, partition, printedOffset: offset, timestamp } = this;
    const [key, value] = [readOr(() => this.key), readOr(() => this.value)];
    const headers = Object.fromEntries(this.headers);
    return `Message ${print({ topic, partition, offset, timestamp, key, value, headers }, options)}`;
  }

  private get printedOffset(): number | string {
    const offset = this.offsetBig;
    return offset <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(offset) : offset.toString();
  }
}

function readOr<T>(read: () => T): T | unknown {
  try {
    return read();
  } catch (error) {
    return error;
  }
}
