import { isUtf8 } from 'node:buffer';
import { describe, given } from '../core/describe';
import type { Serde } from './serde';

function present(data: Buffer | null, what: string): Buffer {
  if (data !== null) return data;
  throw new TypeError(`it is null (a tombstone), not ${what}; use nullable(...) to read null as null`);
}

function decodeUtf8(data: Buffer): string {
  // Buffer.toString() silently replaces invalid bytes by U+FFFD; isUtf8 is vectorised and nearly free.
  if (isUtf8(data)) return data.toString();
  const again = Buffer.from(data.toString());
  let at = 0;
  while (data[at] === again[at]) at++;
  throw new TypeError(
    `it is not valid UTF-8 (from byte ${at} of ${data.length}); use the bytes serde to read the raw bytes`,
  );
}

function encodeUtf8(text: unknown): string {
  if (typeof text !== 'string') throw new TypeError(`a string was expected, not ${describe(text)}`);
  if (!/\p{Surrogate}/u.test(text)) return text;
  throw new TypeError('the string has a lone surrogate, which UTF-8 cannot express; clean it with toWellFormed()');
}

/** Raw bytes; null stays null. The default of every consumer and producer. */
export const bytes: Serde<Buffer | null> = {
  deserialize: (data) => data,
  serialize(data) {
    if (data === null || data instanceof Uint8Array) return data;
    throw new TypeError(
      `a Buffer or Uint8Array was expected, not ${describe(data)}; configure a serializer for other types`,
    );
  },
};

/** UTF-8 text. Strict both ways: rejects bytes that are not UTF-8, and strings with lone surrogates. */
export const utf8: Serde<string> = {
  deserialize: (data) => decodeUtf8(present(data, 'text')),
  fromAscii: (text) => text,
  serialize: encodeUtf8,
};

/**
 * JSON text. Nothing checks that the data has the type `T`; pass `revive` to validate or convert it.
 *
 * @throws an error of `JSON.parse` or `revive`, as the cause of a {@link DecodeError}
 */
export function json<T>(revive: (value: unknown) => T = (value) => value as T): Serde<T> {
  return {
    deserialize: (data) => revive(JSON.parse(decodeUtf8(present(data, 'JSON')))),
    fromAscii: (text) => revive(JSON.parse(text)),
    serialize(data) {
      const text = JSON.stringify(data);
      if (text !== undefined) return text;
      throw new TypeError(`${describe(data)} has no JSON form`);
    },
  };
}

/** Always null: for topics without keys, or without values. Rejects any other data. */
export const nil: Serde<null> = {
  deserialize(data) {
    if (data === null) return null;
    throw new TypeError(`${data.length} bytes were found where only null is allowed`);
  },
  serialize(data) {
    if (data === null || data === undefined) return null;
    throw new TypeError(`only null is allowed, not ${describe(data)}`);
  },
};

interface NumberFormat<T> {
  name: string;
  size: number;
  accepts(value: unknown): value is T;
  read(data: Buffer): T;
  write(data: Buffer, value: T): void;
}

function fixed<T>({ name, size, accepts, read, write }: NumberFormat<T>): Serde<T> {
  return {
    deserialize(data) {
      if (present(data, name).length === size) return read(data as Buffer);
      throw new TypeError(`${name} has ${size} bytes, but ${data?.length} were found`);
    },
    serialize(value) {
      if (!accepts(value)) {
        const found = typeof value === 'number' || typeof value === 'bigint' ? given(value) : describe(value);
        throw new TypeError(`${name} was expected, not ${found}`);
      }
      const data = Buffer.allocUnsafe(size);
      write(data, value);
      return data;
    },
  };
}

/** 32-bit signed integer, big-endian, as Java's `IntegerSerializer` writes it. */
export const int32: Serde<number> = fixed({
  name: 'a 32-bit integer',
  size: 4,
  accepts: (value): value is number => typeof value === 'number' && (value | 0) === value,
  read: (data) => data.readInt32BE(),
  write: (data, value) => data.writeInt32BE(value),
});

/** 64-bit signed integer, big-endian, as Java's `LongSerializer` writes it. Always a `bigint`. */
export const int64: Serde<bigint> = fixed({
  name: 'a 64-bit integer (bigint)',
  size: 8,
  accepts: (value): value is bigint => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
  read: (data) => data.readBigInt64BE(),
  write: (data, value) => data.writeBigInt64BE(value),
});

/** 64-bit floating point number, big-endian, as Java's `DoubleSerializer` writes it. */
export const float64: Serde<number> = fixed({
  name: 'a 64-bit float (number)',
  size: 8,
  accepts: (value): value is number => typeof value === 'number',
  read: (data) => data.readDoubleBE(),
  write: (data, value) => data.writeDoubleBE(value),
});

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function checkUuid(text: string): string {
  if (UUID.test(text)) return text;
  throw new TypeError(`it is not a UUID such as 123e4567-e89b-12d3-a456-426614174000`);
}

/** UUID in its 36-character text form, as Java's `UUIDSerializer` writes it. */
export const uuid: Serde<string> = {
  deserialize: (data) => checkUuid(present(data, 'a UUID').toString('latin1')),
  fromAscii: checkUuid,
  serialize: (data) => checkUuid(encodeUtf8(data)),
};
