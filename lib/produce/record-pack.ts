import { describe } from '../core/describe';

/** What a record's header may have as value. */
export type HeaderValue = string | Uint8Array | null;

/** Headers of a record: pairs in order, names may repeat; or an object, whose arrays repeat their name. */
export type RecordHeaders =
  | Iterable<readonly [name: string, value: HeaderValue]>
  | Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>;

const HEADER_BYTES = 40;
const START_BYTES = 64 * 1024;

interface Utf8Writer {
  utf8Write?(text: string, at: number): number;
}

/**
 * Records on their way to the poll thread, back to back in one buffer (format in native/wire/format.h). The buffer is
 * copied when it crosses, so it is used again for the next tick.
 */
export class RecordPack {
  private buffer = Buffer.from(new ArrayBuffer(START_BYTES));
  private ints = new Int32Array(this.buffer.buffer);
  private doubles = new Float64Array(this.buffer.buffer);
  /** Bytes written. */
  length = 0;
  /** Headers as pairs, checked. */
  static readonly pairs = eachPair;

  get bytes(): Uint8Array {
    return this.buffer;
  }

  clear(): void {
    this.length = 0;
    // One huge tick must not hold its memory for ever.
    if (this.buffer.length > 32 * START_BYTES) this.resize(START_BYTES);
  }

  /** @returns the bytes the record takes. */
  add(
    topic: number,
    partition: number,
    slot: number,
    index: number,
    timestamp: number,
    key: Uint8Array | string | null,
    value: Uint8Array | string | null,
    headers: RecordHeaders | undefined,
  ): number {
    const start = this.length;
    this.reserve(start + HEADER_BYTES + room(key) + room(value) + 8);
    let at = start + HEADER_BYTES;
    const keyEnd = this.write(key, at);
    const valueEnd = this.write(value, keyEnd);
    const headersEnd = headers === undefined ? valueEnd : this.writeHeaders(headers, valueEnd);
    at = start >> 2;
    const { ints } = this;
    ints[at] = topic;
    ints[at + 1] = partition;
    ints[at + 2] = slot;
    ints[at + 3] = index;
    ints[at + 4] = key === null ? -1 : keyEnd - start - HEADER_BYTES;
    ints[at + 5] = value === null ? -1 : valueEnd - keyEnd;
    ints[at + 6] = headersEnd - valueEnd;
    ints[at + 7] = 0;
    this.doubles[(start >> 3) + 4] = timestamp;
    this.length = (headersEnd + 7) & ~7;
    return this.length - start;
  }

  private write(data: Uint8Array | string | null, at: number): number {
    if (data === null) return at;
    if (typeof data !== 'string') {
      this.buffer.set(data, at);
      return at + data.length;
    }
    if (data.length === 0) return at;
    const fast = this.buffer as unknown as Utf8Writer;
    return at + (fast.utf8Write === undefined ? this.buffer.write(data, at) : fast.utf8Write(data, at));
  }

  private writeHeaders(headers: RecordHeaders, start: number): number {
    let at = start + 4;
    let count = 0;
    for (const [name, value] of eachPair(headers)) {
      this.reserve(at + 8 + name.length * 3 + room(value) + 8);
      const nameEnd = this.write(name, at + 4);
      this.buffer.writeUInt32LE(nameEnd - at - 4, at);
      at = this.write(value, nameEnd + 4);
      this.buffer.writeInt32LE(value === null ? -1 : at - nameEnd - 4, nameEnd);
      count++;
    }
    if (count === 0) return start;
    this.buffer.writeUInt32LE(count, start);
    return at;
  }

  private reserve(size: number): void {
    if (size > this.buffer.length) this.resize(Math.max(this.buffer.length * 2, (size + 7) & ~7));
  }

  private resize(size: number): void {
    const larger = Buffer.from(new ArrayBuffer(size));
    // All of it, not up to `length`: the record being written counts when it is complete.
    larger.set(this.buffer.subarray(0, size));
    this.buffer = larger;
    this.ints = new Int32Array(larger.buffer);
    this.doubles = new Float64Array(larger.buffer);
  }
}

function room(data: Uint8Array | string | null): number {
  if (data === null) return 0;
  // A UTF-16 unit is at most three bytes of UTF-8.
  return typeof data === 'string' ? data.length * 3 : data.length;
}

/** Headers that can be gone through again, checked: what gives its pairs once is copied. @throws TypeError */
export function checkHeaders(headers: RecordHeaders): RecordHeaders {
  const again = Array.isArray(headers) || !isIterable(headers);
  const pairs = again ? eachPair(headers) : [...eachPair(headers)];
  if (!again) return pairs;
  for (const _ of pairs);
  return headers;
}

const isIterable = (headers: RecordHeaders): headers is Iterable<readonly [string, HeaderValue]> =>
  typeof headers === 'object' && headers !== null && Symbol.iterator in headers;

function* eachPair(headers: RecordHeaders): Generator<readonly [string, HeaderValue]> {
  if (typeof headers !== 'object' || headers === null) throw noHeaders(describe(headers));
  if (isIterable(headers)) {
    for (const pair of headers) {
      // Strings and other things can be taken apart too, into something that nobody meant.
      if (!Array.isArray(pair)) throw noHeaders(`an array with ${describe(pair)}`);
      yield [checkName(pair[0]), checkValue(pair[0], pair[1])];
    }
    return;
  }
  for (const [name, value] of Object.entries(headers as Record<string, HeaderValue | readonly HeaderValue[]>)) {
    for (const one of Array.isArray(value) ? value : [value]) yield [name, checkValue(name, one)];
  }
}

function noHeaders(what: string): TypeError {
  return new TypeError(`headers are { name: value } or [[name, value], …], not ${what}`);
}

function checkName(name: unknown): string {
  if (typeof name === 'string') return name;
  throw new TypeError(`a header's name must be a string, not ${typeof name}`);
}

function checkValue(name: string, value: unknown): HeaderValue {
  if (value === null || typeof value === 'string' || value instanceof Uint8Array) return value;
  throw new TypeError(`the value of header "${name}" must be a string, a Uint8Array or null, not ${typeof value}`);
}
