/** Encodes chunks in the format of native/wire/format.h, version 1, for tests that have no addon. */
export interface TestMessage {
  readonly offset: number | bigint;
  readonly key?: string | Uint8Array | null;
  readonly value?: string | Uint8Array | null;
  readonly timestamp?: number;
  readonly headers?: readonly (readonly [string, string | Uint8Array | null])[];
}

export interface ChunkOptions {
  readonly leaderEpoch?: number;
  readonly timestamps?: boolean;
  readonly timestampType?: 0 | 1 | 2;
}

const bytesOf = (data: string | Uint8Array | null | undefined): Buffer | null =>
  data === null || data === undefined ? null : Buffer.from(data as string);

function headerBlock(headers: TestMessage['headers']): Buffer {
  if (headers === undefined || headers.length === 0) return Buffer.alloc(0);
  const parts: Buffer[] = [word(headers.length)];
  for (const [name, value] of headers) {
    const nameBytes = Buffer.from(name);
    const valueBytes = bytesOf(value);
    parts.push(word(nameBytes.length), nameBytes, word(valueBytes === null ? -1 : valueBytes.length));
    if (valueBytes !== null) parts.push(valueBytes);
  }
  return Buffer.concat(parts);
}

function word(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  return buffer;
}

const isAscii = (data: Buffer | null) => data === null || data.every((byte) => byte < 0x80);

export function encodeChunk(
  lane: number,
  messages: readonly TestMessage[],
  { leaderEpoch = -1, timestamps = true, timestampType = 1 }: ChunkOptions = {},
): ArrayBuffer {
  const n = messages.length;
  const keys = messages.map(({ key }) => bytesOf(key));
  const values = messages.map(({ value }) => bytesOf(value));
  const blocks = messages.map(({ headers }) => headerBlock(headers));
  const hasHeaders = blocks.some((block) => block.length > 0);
  const base = BigInt((messages[0] as TestMessage).offset);

  const wide = Math.ceil((n * 4) / 8) * 8;
  const columns = [timestamps ? n * 8 : 0, wide, wide, wide, wide, hasHeaders ? wide : 0];
  const arenaStart = 64 + columns.reduce((sum, size) => sum + size, 0);
  const records = messages.map((_, i) =>
    Buffer.concat([keys[i] ?? Buffer.alloc(0), values[i] ?? Buffer.alloc(0), blocks[i] as Buffer]),
  );
  const arena = Buffer.concat(records);
  const data = new ArrayBuffer(arenaStart + arena.length);
  const flags =
    (hasHeaders ? 1 : 0) |
    (timestamps ? 2 : 0) |
    (values.every(isAscii) ? 4 : 0) |
    (keys.every(isAscii) ? 8 : 0) |
    (timestampType << 8);
  new Int32Array(data, 0, 9).set([1, lane, n, flags, 0, Number(base >> 32n), leaderEpoch, arenaStart, arena.length]);
  new Uint32Array(data, 16, 1)[0] = Number(base & 0xffffffffn);

  let at = 64;
  if (timestamps) new Float64Array(data, at, n).set(messages.map(({ timestamp }) => timestamp ?? -1));
  at += columns[0] as number;
  new Uint32Array(data, at, n).set(messages.map(({ offset }) => Number(BigInt(offset) - base)));
  at += wide;
  const starts = new Uint32Array(data, at, n);
  for (let i = 1; i < n; i++) starts[i] = (starts[i - 1] as number) + (records[i - 1] as Buffer).length;
  at += wide;
  new Int32Array(data, at, n).set(keys.map((key) => key?.length ?? -1));
  at += wide;
  new Int32Array(data, at, n).set(values.map((value) => value?.length ?? -1));
  at += wide;
  if (hasHeaders) new Int32Array(data, at, n).set(blocks.map((block) => block.length));
  new Uint8Array(data, arenaStart).set(arena);
  return data;
}

/** A chunk of `count` messages with consecutive offsets; the value of each is its offset as text. */
export function plainChunk(lane: number, first: number, count: number): ArrayBuffer {
  return encodeChunk(
    lane,
    Array.from({ length: count }, (_, i) => ({
      offset: first + i,
      key: `k${(first + i) % 3}`,
      value: String(first + i),
    })),
  );
}
