import fc from 'fast-check';
import { bytes, float64, int32, int64, json, nil, utf8, uuid } from '../../lib/serde/builtins';
import { nullable } from '../../lib/serde/nullable';
import type * as serdes from '../../lib/serde/serde';

const context: serdes.SerdeContext = { topic: 't', field: 'value' };
const wire = (data: Uint8Array | string | null) => (data === null ? null : Buffer.from(data as string));
const roundTrip = <T>(serde: serdes.Serde<T>, value: T) =>
  serde.deserialize(wire(serde.serialize(value, context)), context);

describe('what is written is read', () => {
  test.each<[string, serdes.Serde<never>, fc.Arbitrary<unknown>]>([
    ['bytes', bytes as never, fc.uint8Array().map((data) => Buffer.from(data))],
    ['utf8', utf8 as never, fc.string({ unit: 'binary' })],
    ['json', json() as never, fc.jsonValue()],
    ['int32', int32 as never, fc.integer()],
    ['int64', int64 as never, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
    ['float64', float64 as never, fc.double()],
    ['uuid', uuid as never, fc.uuid()],
    ['nullable(utf8)', nullable(utf8) as never, fc.option(fc.string())],
  ])('%s', (name, serde, values) => {
    const expected = (value: unknown) => (name === 'json' ? JSON.parse(JSON.stringify(value)) : value);
    fc.assert(fc.property(values, (value) => expect(roundTrip(serde, value as never)).toEqual(expected(value))));
  });

  test('null and empty are not the same', () => {
    expect(roundTrip(bytes, null)).toBeNull();
    expect(roundTrip(bytes, Buffer.alloc(0))).toEqual(Buffer.alloc(0));
    expect(roundTrip(utf8, '')).toBe('');
    expect(roundTrip(nil, null)).toBeNull();
  });

  test('a byte order mark and NUL stay', () => expect(roundTrip(utf8, '\ufeffa\0b')).toBe('\ufeffa\0b'));
});

test('the ASCII fast path gives what the bytes give', () => {
  const same = <T>(serde: serdes.Serde<T>, text: string) =>
    expect(serde.fromAscii?.(text, context)).toEqual(serde.deserialize(Buffer.from(text), context));
  same(utf8, 'plain');
  same(json(), '{"a":[1,null]}');
  same(uuid, '123e4567-e89b-12d3-a456-426614174000');
  same(nullable(utf8), '');
  expect(nullable(int32).fromAscii).toBeUndefined();
});

describe('nullable', () => {
  const raw = Buffer.from('x');

  test('of a deserializer or a serializer alone has that direction alone', async () => {
    const reads = nullable({ deserialize: (data: Buffer | null) => (data as Buffer).length });
    expect(reads).toEqual({ deserialize: expect.any(Function) });
    expect([reads.deserialize(null, context), reads.deserialize(raw, context)]).toEqual([null, 1]);
    const writes = nullable({ serialize: (data: number) => String(data) });
    expect(writes).toEqual({ serialize: expect.any(Function) });
    expect([writes.serialize(null, context), writes.serialize(5, context)]).toEqual([null, '5']);
  });

  test('of what answers later answers later, and keeps its object', async () => {
    class Registry {
      readonly async = true;
      readonly id = 7;
      async deserialize(data: Buffer | null) {
        return `${this.id}:${data}`;
      }
      async serialize(data: string) {
        return `${this.id}:${data}`;
      }
    }
    const both = nullable<string>(new Registry());
    expect(both.async).toBe(true);
    for (const answer of [both.deserialize(null, context), both.serialize(null, context)]) {
      expect(answer).toBeInstanceOf(Promise);
      expect(await answer).toBeNull();
    }
    expect(await both.deserialize(raw, context)).toBe('7:x');
    expect(await both.serialize('y', context)).toBe('7:y');
  });

  test('of neither is refused', () => {
    expect(() => nullable(json as never)).toThrow(
      /^nullable\(\) takes a serde, .* such as utf8 or json\(\), not a function$/,
    );
    expect(() => nullable(undefined as never)).toThrow(/not undefined$/);
  });
});

test('formats of the Java serializers', () => {
  expect(int32.serialize(-2, context)).toEqual(Buffer.from('fffffffe', 'hex'));
  expect(int64.serialize(258n, context)).toEqual(Buffer.from('0000000000000102', 'hex'));
  expect(float64.serialize(1, context)).toEqual(Buffer.from('3ff0000000000000', 'hex'));
});

describe('what cannot be read says why', () => {
  const read = (serde: serdes.Serde<unknown>, data: Buffer | null) => () => serde.deserialize(data, context);
  test.each<[string, () => unknown, RegExp]>([
    ['bytes that are not UTF-8', read(utf8, Buffer.from([65, 66, 0xff, 67])), /not valid UTF-8 \(from byte 2 of 4\)/],
    ['a character that was cut', read(utf8, Buffer.from('é').subarray(0, 1)), /from byte 0 of 1/],
    ['JSON that is not UTF-8', read(json(), Buffer.from([0xff])), /not valid UTF-8/],
    ['JSON that does not parse', read(json(), Buffer.from('{oops')), /JSON/],
    ['empty JSON', read(json(), Buffer.alloc(0)), /JSON/],
    ['a tombstone as text', read(utf8, null), /null \(a tombstone\), not text; use nullable/],
    ['a tombstone as JSON', read(json(), null), /not JSON; use nullable/],
    ['a short integer', read(int32, Buffer.alloc(3)), /a 32-bit integer has 4 bytes, but 3 were found/],
    ['a long integer', read(int64, Buffer.alloc(9)), /8 bytes, but 9 were found/],
    ['an empty number', read(float64, Buffer.alloc(0)), /8 bytes, but 0 were found/],
    ['a UUID', read(uuid, Buffer.from('123')), /not a UUID/],
    ['bytes where none are allowed', read(nil, Buffer.alloc(2)), /2 bytes were found where only null/],
  ])('%s', (_, attempt, message) => expect(attempt).toThrow(message));
});

describe('what cannot be written says why', () => {
  const write = (serde: serdes.Serde<never>, value: unknown) => () => serde.serialize(value as never, context);
  test.each<[string, () => unknown, RegExp]>([
    ['a number as text', write(utf8 as never, 5), /a string was expected, not a number/],
    ['a lone surrogate', write(utf8 as never, 'a\ud800'), /lone surrogate/],
    ['text as bytes', write(bytes as never, 'x'), /Buffer or Uint8Array was expected, not a string/],
    ['undefined as JSON', write(json() as never, undefined), /undefined has no JSON form/],
    ['a bigint as JSON', write(json() as never, 1n), /BigInt/],
    ['a fraction', write(int32 as never, 1.5), /a 32-bit integer was expected, not 1\.5/],
    ['2^31', write(int32 as never, 2 ** 31), /a 32-bit integer/],
    ['text as a number', write(int32 as never, '5'), /not a string/],
    ['a number as int64', write(int64 as never, 5), /bigint/],
    ['2^63', write(int64 as never, 2n ** 63n), /64-bit integer/],
    ['an object without prototype', write(float64 as never, Object.create(null)), /an object \(no prototype\)/],
    ['a value where none is allowed', write(nil as never, 0), /only null is allowed, not a number/],
  ])('%s', (_, attempt, message) => expect(attempt).toThrow(message));
});

test('json can check and convert what it reads', () => {
  const dates = json((value) => new Date(value as string));
  expect(dates.deserialize(Buffer.from('"2020-01-01T00:00:00.000Z"'), context)).toEqual(new Date(1577836800000));
});
