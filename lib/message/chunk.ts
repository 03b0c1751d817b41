import { DecodeError } from '../core/errors';
import type { Deserializer, MessageHeaders, SerdeContext } from '../serde/serde';
import type { AckTarget } from './ack';
import type { Decoders } from './decoders';

const VERSION = 1;
const HEADER_BYTES = 64;
const HAS_HEADERS = 1;
const HAS_TIMESTAMPS = 2;
const ASCII_VALUES = 4;
const ASCII_KEYS = 8;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** The error of a field that could not be decoded, thrown when the field is read. */
class Failure {
  constructor(readonly error: DecodeError) {}
}

class Context implements SerdeContext {
  constructor(
    private readonly chunk: Chunk,
    readonly field: 'key' | 'value',
    public index: number,
  ) {}

  get topic(): string {
    return this.chunk.lane.topic;
  }

  get headers(): MessageHeaders | undefined {
    return this.chunk.headers(this.index);
  }
}

/**
 * Columns over one run of messages of one lane, as the native layer packed them (chunk format version 1, see
 * native/wire/format.h). Nothing is copied; the views share the chunk's memory.
 */
export class Chunk {
  readonly count: number;
  readonly byteLength: number;
  readonly leaderEpoch: number;
  readonly timestampType: number;
  readonly timestamps: Float64Array | null;
  /** Delivery sequence number of the first message, set by its lane. */
  firstSeq = 0;
  /** Arrival time, by the session's clock. */
  arrivedAt = 0;
  /** Keys and values that were decoded ahead of delivery. */
  private keys: unknown[] | null = null;
  private values: unknown[] | null = null;
  /** Fields that {@link Chunk.decodeAll} could not decode. */
  failures = 0;
  private text: string | null = null;
  private keyContext: Context | null = null;
  private valueContext: Context | null = null;

  private constructor(
    readonly lane: AckTarget,
    private readonly decoders: Decoders,
    private readonly flags: number,
    private readonly base: number,
    private readonly baseBig: bigint | null,
    private readonly delta: Uint32Array,
    private readonly start: Uint32Array,
    private readonly keyLength: Int32Array,
    private readonly valueLength: Int32Array,
    private readonly headersLength: Int32Array | null,
    private readonly arena: Buffer,
    timestamps: Float64Array | null,
    leaderEpoch: number,
    byteLength: number,
  ) {
    this.count = delta.length;
    this.timestamps = timestamps;
    this.leaderEpoch = leaderEpoch;
    this.timestampType = (flags >> 8) & 3;
    this.byteLength = byteLength;
  }

  /** The lane number in a chunk's header. */
  static laneOf(data: ArrayBuffer): number {
    return new Int32Array(data, 0, 2)[1] as number;
  }

  static read(data: ArrayBuffer, lane: AckTarget, decoders: Decoders): Chunk {
    const header = new Int32Array(data, 0, 16);
    if (header[0] !== VERSION) throw new Error(`chunk format ${header[0]} is not ${VERSION}: addon and library differ`);
    const n = header[2] as number;
    const flags = header[3] as number;
    const low = (header[4] as number) >>> 0;
    const high = header[5] as number;
    const wide = n * 4 + (n & 1 ? 4 : 0);
    let at = HEADER_BYTES;
    const timestamps = flags & HAS_TIMESTAMPS ? new Float64Array(data, at, n) : null;
    if (timestamps !== null) at += n * 8;
    const delta = new Uint32Array(data, at, n);
    const base = high * 0x1_0000_0000 + low;
    return new Chunk(
      lane,
      decoders,
      flags,
      base,
      base + (delta[n - 1] as number) > Number.MAX_SAFE_INTEGER ? (BigInt(high) << 32n) | BigInt(low) : null,
      delta,
      new Uint32Array(data, at + wide, n),
      new Int32Array(data, at + 2 * wide, n),
      new Int32Array(data, at + 3 * wide, n),
      flags & HAS_HEADERS ? new Int32Array(data, at + 4 * wide, n) : null,
      Buffer.from(data, header[7] as number, header[8] as number),
      timestamps,
      header[6] as number,
      data.byteLength,
    );
  }

  /** A chunk of the one message at `i`, with memory of its own. */
  single(i: number): Chunk {
    const from = this.start[i] as number;
    const copy = new Chunk(
      this.lane,
      this.decoders,
      this.flags,
      this.base,
      this.baseBig,
      this.delta.slice(i, i + 1),
      new Uint32Array(1),
      this.keyLength.slice(i, i + 1),
      this.valueLength.slice(i, i + 1),
      this.headersLength?.slice(i, i + 1) ?? null,
      Buffer.from(this.arena.subarray(from, from + this.bytesOf(i, i + 1))),
      this.timestamps?.slice(i, i + 1) ?? null,
      this.leaderEpoch,
      0,
    );
    copy.firstSeq = this.firstSeq + i;
    // Keeps fields that were decoded ahead: an asynchronous deserializer cannot run again here.
    copy.keys = this.keys && [this.keys[i]];
    copy.values = this.values && [this.values[i]];
    return copy;
  }

  /** False when an offset of this chunk is beyond 2^53 - 1. */
  get safe(): boolean {
    return this.baseBig === null;
  }

  offsetAt(i: number): number {
    if (this.baseBig !== null) return this.unsafeOffset(i);
    return this.base + (this.delta[i] as number);
  }

  offsetBigAt(i: number): bigint {
    return (this.baseBig ?? BigInt(this.base)) + BigInt(this.delta[i] as number);
  }

  private unsafeOffset(i: number): number {
    const offset = this.offsetBigAt(i);
    if (offset <= MAX_SAFE) return Number(offset);
    throw new RangeError(`offset ${offset} is beyond 2^53 - 1, where numbers lose digits: read offsetBig instead`);
  }

  /** Bytes of keys, values and headers of messages [from, to). */
  bytesOf(from: number, to: number): number {
    return (to < this.count ? (this.start[to] as number) : this.arena.length) - (this.start[from] as number);
  }

  rawKey(i: number): Buffer | null {
    const length = this.keyLength[i] as number;
    if (length < 0) return null;
    const from = this.start[i] as number;
    return this.arena.subarray(from, from + length);
  }

  rawValue(i: number): Buffer | null {
    const length = this.valueLength[i] as number;
    if (length < 0) return null;
    const from = this.valueStart(i);
    return this.arena.subarray(from, from + length);
  }

  private valueStart(i: number): number {
    const key = this.keyLength[i] as number;
    return (this.start[i] as number) + Math.max(key, 0);
  }

  /** FNV-1a of the key's bytes, 0 for a null key. Equal keys hash equally. */
  keyHash(i: number): number {
    const length = this.keyLength[i] as number;
    if (length < 0) return 0;
    const from = this.start[i] as number;
    let hash = 0x811c9dc5;
    for (let at = from; at < from + length; at++) hash = Math.imul(hash ^ (this.arena[at] as number), 0x01000193);
    return (hash ^ (hash >>> 15)) >>> 0;
  }

  headers(i: number): MessageHeaders | undefined {
    const length = this.headersLength?.[i] ?? 0;
    if (length === 0) return undefined;
    const value = this.valueLength[i] as number;
    let at = this.valueStart(i) + Math.max(value, 0);
    const entries: [string, Buffer | null][] = [];
    const names = this.arena.readUInt32LE(at);
    at += 4;
    for (let n = 0; n < names; n++) {
      const nameEnd = at + 4 + this.arena.readUInt32LE(at);
      const name = this.arena.toString('utf8', at + 4, nameEnd);
      const size = this.arena.readInt32LE(nameEnd);
      at = nameEnd + 4;
      entries.push([name, size < 0 ? null : this.arena.subarray(at, at + size)]);
      if (size > 0) at += size;
    }
    return entries;
  }

  key(i: number): unknown {
    const decoder = this.decoders.key;
    if (this.keys !== null) return fieldOf(this.keys[i]);
    if (decoder === null) return this.rawKey(i);
    const length = this.keyLength[i] as number;
    if (length < 0) return null;
    this.keyContext ??= new Context(this, 'key', i);
    return this.decode(decoder, this.keyContext, i, this.start[i] as number, length, ASCII_KEYS);
  }

  value(i: number): unknown {
    const decoder = this.decoders.value;
    if (this.values !== null) return fieldOf(this.values[i]);
    if (decoder === null) return this.rawValue(i);
    this.valueContext ??= new Context(this, 'value', i);
    const length = this.valueLength[i] as number;
    return this.decode(decoder, this.valueContext, i, this.valueStart(i), length, ASCII_VALUES);
  }

  private decode(
    decoder: Deserializer<unknown>,
    context: Context,
    i: number,
    from: number,
    length: number,
    ascii: number,
  ): unknown {
    context.index = i;
    try {
      if (length >= 0 && (this.flags & ascii) !== 0 && decoder.fromAscii !== undefined) {
        // One conversion of the whole arena is cheaper than a call into the engine for each field. Only the ASCII parts of
        // the string are read, in which one byte is one character.
        this.text ??= this.arena.toString('latin1');
        return decoder.fromAscii(this.text.substring(from, from + length), context);
      }
      return decoder.deserialize(length < 0 ? null : this.arena.subarray(from, from + length), context);
    } catch (cause) {
      throw this.failure(context, i, cause).error;
    }
  }

  private failure(context: Context, i: number, cause: unknown): Failure {
    const { field, topic } = context;
    const raw = field === 'key' ? this.rawKey(i) : this.rawValue(i);
    const at = { topic, partition: this.lane.partition, offset: Number(this.offsetBigAt(i)) };
    this.failures++;
    return new Failure(new DecodeError(field, at, raw, cause));
  }

  /**
   * Decodes every key and value ahead of delivery. A field that fails keeps its error and throws it when it is read;
   * {@link Chunk.failureAt} returns it. Returns a promise only with an asynchronous deserializer.
   */
  decodeAll(): Promise<void> | undefined {
    if (this.keys !== null || this.values !== null || this.decoders.none) return undefined;
    const keys = this.decoders.key && this.decodeColumn(this.decoders.key, 'key');
    const values = this.decoders.value && this.decodeColumn(this.decoders.value, 'value');
    if (!this.decoders.async) {
      this.keys = keys;
      this.values = values;
      return undefined;
    }
    return Promise.all([keys && Promise.all(keys), values && Promise.all(values)]).then(([keys, values]) => {
      this.keys = keys;
      this.values = values;
    });
  }

  private decodeColumn(decoder: Deserializer<unknown>, field: 'key' | 'value'): unknown[] {
    const column = new Array<unknown>(this.count);
    for (let i = 0; i < this.count; i++) {
      if (decoder.async !== true) {
        column[i] = decoded(this, field, i);
      } else if (field === 'key' && (this.keyLength[i] as number) < 0) {
        column[i] = null;
      } else {
        const context = new Context(this, field, i);
        const raw = field === 'key' ? this.rawKey(i) : this.rawValue(i);
        column[i] = decodeAsync(decoder, raw, context).catch((cause) => this.failure(context, i, cause));
      }
    }
    return column;
  }

  /** The error of the key or value at `i`, after {@link Chunk.decodeAll}. */
  failureAt(i: number): DecodeError | null {
    const key = this.keys?.[i];
    if (key instanceof Failure) return key.error;
    const value = this.values?.[i];
    return value instanceof Failure ? value.error : null;
  }

  /** A copy of this object over the same columns: the leak detector watches it, while the lane keeps the original. */
  handout(): Chunk {
    return Object.assign(Object.create(Chunk.prototype) as Chunk, this);
  }
}

function fieldOf(field: unknown): unknown {
  if (field instanceof Failure) throw field.error;
  return field;
}

function decoded(chunk: Chunk, field: 'key' | 'value', i: number): unknown {
  try {
    return field === 'key' ? chunk.key(i) : chunk.value(i);
  } catch (error) {
    return new Failure(error as DecodeError);
  }
}

/** Turns an exception of the deserializer into a rejection. */
async function decodeAsync(
  decoder: Deserializer<unknown>,
  data: Buffer | null,
  context: SerdeContext,
): Promise<unknown> {
  return decoder.deserialize(data, context);
}
