import { inspect } from 'node:util';
import type { AckResult, AckTarget } from '../../lib/message/ack';
import { MessageBatch } from '../../lib/message/batch';
import { Chunk } from '../../lib/message/chunk';
import { Decoders } from '../../lib/message/decoders';
import type { Message } from '../../lib/message/message';
import { bytes, json, utf8 } from '../../lib/serde/builtins';
import { nullable } from '../../lib/serde/nullable';
import type { AsyncDeserializer } from '../../lib/serde/serde';
import { encodeChunk, type TestMessage } from '../support/chunk-encoder';

const settledRanges: [number, number][] = [];
const ACKED: AckResult = { stale: false };
const lane: AckTarget = {
  id: 1,
  topic: 't',
  partition: 3,
  signal: new AbortController().signal,
  settle: (seq) => {
    settledRanges.push([seq, seq + 1]);
    return ACKED;
  },
  settleRange: (from, to) => {
    settledRanges.push([from, to]);
    return ACKED;
  },
};

const read = (data: ArrayBuffer, decoders = new Decoders()) => Chunk.read(data, lane, decoders);
const batchOf = <K = Buffer | null, V = Buffer | null>(messages: TestMessage[], decoders?: Decoders) => {
  const chunk = read(encodeChunk(7, messages, { leaderEpoch: 5 }), decoders);
  return new MessageBatch<K, V>([{ chunk, from: 0, to: chunk.count }], 'chunk', null);
};

beforeEach(() => {
  settledRanges.length = 0;
});

test('the bytes of a chunk are the agreed ones', () => {
  // Two messages: offset 2^32 + 5 with key, value and a header; offset + 2 with a null key and an empty value.
  const hex = [
    '01000000 07000000 02000000 0f010000 05000000 01000000 09000000 78000000 10000000', // header words 0-8
    '00'.repeat(28), // reserved
    '0000000000408f40 000000000000f0bf', // timestamps 1000 and -1
    '00000000 02000000', // offset deltas
    '00000000 10000000', // starts
    '01000000 ffffffff', // key lengths
    '02000000 00000000', // value lengths
    '0d000000 00000000', // header block lengths
    '6b 7631 01000000 01000000 68 ffffffff', // k, v1, one header: h = null
  ]
    .join('')
    .replaceAll(' ', '');
  const golden = Buffer.from(hex, 'hex');
  const data = golden.buffer.slice(golden.byteOffset, golden.byteOffset + golden.length) as ArrayBuffer;
  expect(Chunk.laneOf(data)).toBe(7);
  const chunk = read(data);
  const batch = new MessageBatch([{ chunk, from: 0, to: 2 }], 'chunk', null);
  const [first, second] = [...batch] as [Message, Message];
  expect(first.offset).toBe(2 ** 32 + 5);
  expect(second.offsetBig).toBe(2n ** 32n + 7n);
  expect([first.timestamp, second.timestamp, first.timestampType, first.leaderEpoch]).toEqual([1000, -1, 'create', 9]);
  expect([first.key, first.value]).toEqual([Buffer.from('k'), Buffer.from('v1')]);
  expect([second.key, second.value]).toEqual([null, Buffer.alloc(0)]);
  expect([...first.headers]).toEqual([['h', null]]);
  expect(second.headers.size).toBe(0);
});

test('a chunk of another version is refused', () => {
  const data = encodeChunk(1, [{ offset: 0 }]);
  new Int32Array(data, 0, 1)[0] = 2;
  expect(() => read(data)).toThrow(/chunk format 2 is not 1/);
});

test('columns, gaps, nulls and headers', () => {
  const batch = batchOf([
    {
      offset: 10,
      key: 'a',
      value: '1',
      timestamp: 5,
      headers: [
        ['x', '1'],
        ['y', null],
        ['x', new Uint8Array([0, 255])],
      ],
    },
    { offset: 13, key: null, value: null, timestamp: 6 },
    { offset: 14, key: '', value: 'ü', headers: [['empty', '']] },
  ]);
  expect(batch.size).toBe(3);
  expect([batch.topic, batch.partition, batch.firstOffset, batch.lastOffset, batch.mixed]).toEqual([
    't',
    3,
    10,
    14,
    false,
  ]);
  expect(batch.offsets).toEqual(Float64Array.of(10, 13, 14));
  expect(batch.offsetsBig).toEqual(BigInt64Array.of(10n, 13n, 14n));
  expect(batch.timestamps).toEqual(Float64Array.of(5, 6, -1));
  expect(batch.values()).toEqual([Buffer.from('1'), null, Buffer.from('ü')]);
  expect(batch.keys()).toEqual([Buffer.from('a'), null, Buffer.alloc(0)]);
  const message = batch.at(0) as Message;
  expect(message.headers.get('x')).toEqual(Buffer.from([0, 255]));
  expect(message.headers.getAll('x')).toEqual([Buffer.from('1'), Buffer.from([0, 255])]);
  expect([message.headers.get('y'), message.headers.get('z')]).toEqual([null, undefined]);
  expect(batch.at(-1)?.headers.get('empty')).toEqual(Buffer.alloc(0));
  expect([batch.at(3), batch.at(-4)]).toEqual([undefined, undefined]);
  expect(batch.bytes).toBe(batch.at(0)!.bytes + batch.at(1)!.bytes + batch.at(2)!.bytes);
});

test.each([2n ** 53n - 2n, 2n ** 53n - 1n])('offsets up to 2^53 - 1 are numbers (base %p)', (base) => {
  const batch = batchOf([{ offset: base }, { offset: base + 1n }]);
  expect(batch.at(0)?.offset).toBe(Number(base));
  expect(batch.offsetsBig).toEqual(BigInt64Array.of(base, base + 1n));
  if (base === 2n ** 53n - 1n)
    expect(() => batch.at(1)?.offset).toThrow(/9007199254740992 is beyond 2\^53 - 1.*offsetBig/);
  else expect(batch.at(1)?.offset).toBe(Number.MAX_SAFE_INTEGER);
});

describe('decoding', () => {
  test('happens once, when it is looked at', () => {
    let calls = 0;
    const counting = { deserialize: (data: Buffer | null) => [++calls, data?.toString()] };
    const batch = batchOf<Buffer, unknown>([{ offset: 0, value: 'x' }], new Decoders(null, counting));
    const message = batch.at(0) as Message<Buffer, unknown>;
    expect(calls).toBe(0);
    expect(message.value).toBe(message.value);
    expect(calls).toBe(1);
  });

  test.each([
    ['ascii', 'plain'],
    ['not ascii', 'grün'],
  ])('text and JSON, %s', (_, text) => {
    const batch = batchOf<string, { a: string }>(
      [
        { offset: 0, key: text, value: JSON.stringify({ a: text }), headers: [['h', new Uint8Array([200])]] },
        { offset: 1, key: null, value: '{"a":"b"}' },
      ],
      new Decoders(utf8, json()),
    );
    expect(batch.keys()).toEqual([text, null]);
    expect(batch.values()).toEqual([{ a: text }, { a: 'b' }]);
  });

  test('an error says where, and has the bytes; others can still be read', () => {
    const batch = batchOf<Buffer, unknown>(
      [
        { offset: 4, value: '{' },
        { offset: 5, value: '1' },
      ],
      new Decoders(bytes, json()),
    );
    expect(() => batch.at(0)?.value).toThrow(
      expect.objectContaining({ topic: 't', partition: 3, offset: 4, part: 'value', raw: Buffer.from('{') }),
    );
    expect(batch.at(1)?.value).toBe(1);
    expect(batch.at(0)?.rawValue).toEqual(Buffer.from('{'));
  });

  test('a tombstone reaches the value deserializer, a null key does not', () => {
    const batch = batchOf<string, unknown>(
      [{ offset: 0, key: null, value: null }],
      new Decoders(utf8, nullable(json())),
    );
    expect([batch.at(0)?.key, batch.at(0)?.value]).toEqual([null, null]);
  });

  test('asynchronous: ahead, in order, with failures kept for the one who reads', async () => {
    const later: AsyncDeserializer<string> = {
      async: true,
      deserialize: async (data, { topic, field, headers }) => {
        if (data?.length === 1) throw new Error('short');
        return `${topic}.${field}.${data}.${headers?.length ?? 0}`;
      },
    };
    const batch = batchOf<string, string>(
      [
        { offset: 0, value: 'aa', headers: [['h', null]] },
        { offset: 1, value: 'b' },
      ],
      new Decoders(utf8, later),
    );
    const { chunk } = batch.segments[0]!;
    await chunk.decodeAll();
    expect(chunk.decodeAll()).toBeUndefined();
    expect(batch.at(0)?.value).toBe('t.value.aa.1');
    expect(() => batch.at(1)?.value).toThrow(/Cannot decode the value of t\/3 @1: short/);
    expect([chunk.failureAt(0), chunk.failureAt(1)?.offset]).toEqual([null, 1]);
    expect(batch.at(0)?.detach().value).toBe('t.value.aa.1');
  });
});

test('detach copies out of the memory of the batch', () => {
  const batch = batchOf<string, Buffer>(
    [
      { offset: 8, key: 'k' },
      { offset: 9, key: 'key', value: 'value', timestamp: 3, headers: [['h', '1']] },
    ],
    new Decoders(utf8),
  );
  const message = batch.at(1) as Message<string, Buffer>;
  const copy = message.detach();
  expect(copy.value.buffer).not.toBe(message.value.buffer);
  expect([copy.key, copy.value, copy.offset, copy.timestamp, [...copy.headers]]).toEqual([
    'key',
    Buffer.from('value'),
    9,
    3,
    [['h', Buffer.from('1')]],
  ]);
  copy.ack();
  expect(settledRanges).toEqual([[1, 2]]);
});

test('acknowledging: one, up to one, all; of the messages of this batch only', () => {
  const batch = batchOf([0, 1, 2, 3].map((offset) => ({ offset })));
  batch.at(2)?.ack();
  batch.ackThrough(batch.at(1) as Message);
  batch.ack();
  expect(settledRanges).toEqual([
    [2, 3],
    [0, 2],
    [0, 4],
  ]);
  const part = new MessageBatch([{ ...batch.segments[0]!, from: 0, to: 2 }], 'chunk', null);
  expect(() => part.ackThrough(batch.at(2) as Message)).toThrow(/t\/3@2 is not of this batch/);
});

test('what is printed and what becomes JSON is the message, not its batch', () => {
  const messages = [
    { offset: 4, key: 'k', value: '{"a":1}', headers: [['h', 'x']], timestamp: 1000 },
    { offset: 5, key: null, value: 'not json' },
  ] as TestMessage[];
  const batch = batchOf<string, { a: number }>(messages, new Decoders(utf8, json<{ a: number }>()));
  const [first, second] = [...batch] as [Message<string, { a: number }>, Message];
  const { key, value, offset, headers } = JSON.parse(JSON.stringify(first));
  expect([key, value, offset, headers[0][0]]).toEqual(['k', { a: 1 }, 4, 'h']);
  expect(inspect(first)).toMatch(
    /^Message \{\s+topic: 't',\s+partition: 3,\s+offset: 4,.*key: 'k',\s+value: \{ a: 1 \}/s,
  );
  expect(inspect(first)).not.toContain('not json');
  expect(inspect(second)).toMatch(/value: DecodeError: Cannot decode/);
  expect(inspect(batch)).toBe("MessageBatch { size: 2, reason: 'chunk', eof: null, offsets: { 't/3': '4-5' } }");
  expect(() => JSON.stringify(batch)).toThrow('Cannot decode');
  expect(JSON.parse(JSON.stringify(batchOf(messages)))).toHaveLength(2);
});
