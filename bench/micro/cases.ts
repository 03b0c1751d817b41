/**
 * What a message costs in each layer above the addon, without a broker and without the addon: chunks come from the
 * encoder of the tests. Every case does something to {@link MESSAGES} messages, and says how many it did it to.
 */
import { dirname, join } from 'node:path';
import { bufferCount, from, type Observable, type OperatorFunction, type Subscription } from 'rxjs';
import { encodeChunk } from '../../test/support/chunk-encoder';

export const MESSAGES = 1000;
const VALUE_BYTES = 100;

export interface Case {
  group: string;
  name: string;
  /** What it is done to, and how. */
  note: string;
  /** @returns to how many messages (or fields of them) it was done; a case that does less is an error */
  run(): number | Promise<number>;
  /** Whatever must not outlive it. */
  end?(): void;
}

// Of the built package, which is what is measured, and of its inside, which has no name outside.
const root = dirname(require.resolve('rdkafka-rx/package.json'));
const inside = <T>(name: string) => require(join(root, 'dist', name)) as T;
const { MessageBatch: Batch } = inside<typeof import('../../dist/message/batch')>('message/batch');
const { Chunk } = inside<typeof import('../../dist/message/chunk')>('message/chunk');
const { Decoders } = inside<typeof import('../../dist/message/decoders')>('message/decoders');
const { AckWindow } = inside<typeof import('../../dist/consume/lane/ack-window')>('consume/lane/ack-window');
const { Session } = inside<typeof import('../../dist/consume/session')>('consume/session');
const operators = inside<typeof import('../../dist/consume/operators')>('consume/operators');
const { RecordPack } = inside<typeof import('../../dist/produce/record-pack')>('produce/record-pack');
const serdes = inside<typeof import('../../dist/serde/builtins')>('serde/builtins');

type AckTarget = import('../../dist/message/ack').AckTarget;
type StreamOptions = import('../../dist/consume/stream/options').StreamOptions<Buffer | null, Buffer | null>;
type Stream = import('../../dist/consume/stream/kafka-stream').KafkaStream<Buffer | null, Buffer | null>;

type MessageBatch = import('../../dist/message/batch').MessageBatch<Buffer | null, Buffer | null>;
/** Its constructor is not in the declarations. */
const MessageBatch = Batch as unknown as new (segments: object[], reason: string, eof: null) => MessageBatch;

const ACKED = { stale: false } as const;
const lane: AckTarget = {
  id: 1,
  topic: 'bench',
  partition: 0,
  signal: new AbortController().signal,
  settle: () => ACKED,
  settleRange: () => ACKED,
};

const text = (i: number) => `{"id":${i},"name":"order","padding":"`.padEnd(VALUE_BYTES - 2, 'x').concat('"}');
const chunkOf = (value: (i: number) => string | Buffer, headers?: [string, string][]) =>
  encodeChunk(
    1,
    Array.from({ length: MESSAGES }, (_, i) => ({
      ...{ offset: i, key: `key-${i % 100}`, value: value(i), timestamp: 1 },
      ...(headers && { headers }),
    })),
  );

export function cases(): Case[] {
  return [...decode(), ...batchView(), ...ackWindow(), ...streams(), ...ofOperators(), ...ofSerdes(), ...packing()];
}

function decode(): Case[] {
  const plain = chunkOf(text);
  const withHeaders = chunkOf(text, [
    ['trace', '0123456789abcdef'],
    ['kind', 'order'],
  ]);
  const none = new Decoders();
  const json = new Decoders(serdes.utf8, serdes.json());
  const group = 'decode';
  return [
    {
      ...{ group, name: 'columns', note: 'the views over a chunk, no message touched' },
      run: () => Chunk.read(plain, lane, none).count,
    },
    {
      ...{ group, name: 'raw values', note: 'columns, and a Buffer view of each value' },
      run() {
        const chunk = Chunk.read(plain, lane, none);
        let seen = 0;
        for (let i = 0; i < chunk.count; i++) seen += Number(chunk.rawValue(i)?.length === VALUE_BYTES);
        return seen;
      },
    },
    {
      ...{ group, name: 'headers', note: 'columns, and two headers of each message' },
      run() {
        const chunk = Chunk.read(withHeaders, lane, none);
        let seen = 0;
        for (let i = 0; i < chunk.count; i++) seen += Number(chunk.headers(i)?.length === 2);
        return seen;
      },
    },
    {
      ...{
        group,
        name: 'key and JSON value',
        note: 'columns, each key as text and each value parsed, ahead of delivery',
      },
      run() {
        const chunk = Chunk.read(plain, lane, json);
        void chunk.decodeAll();
        return chunk.failures === 0 ? chunk.count : 0;
      },
    },
  ];
}

function batchView(): Case[] {
  const raw = Chunk.read(chunkOf(text), lane, new Decoders());
  const batch = new MessageBatch([{ chunk: raw, from: 0, to: raw.count }], 'chunk', null);
  const group = 'batch view';
  return [
    {
      ...{ group, name: 'for of', note: 'a message object each, offset and value read' },
      run() {
        let seen = 0;
        for (const { offset, value } of batch) if (offset >= 0 && value !== null) seen++;
        return seen;
      },
    },
    {
      ...{ group, name: 'values()', note: 'values alone' },
      run() {
        let seen = 0;
        for (const value of batch.values()) if (value !== null) seen++;
        return seen;
      },
    },
    {
      ...{ group, name: 'at(i)', note: 'a message object each, by index' },
      run() {
        let seen = 0;
        for (let i = 0; i < batch.size; i++) if (batch.at(i)?.offset === i) seen++;
        return seen;
      },
    },
  ];
}

function ackWindow(): Case[] {
  const group = 'ack window';
  const shuffled = Array.from({ length: MESSAGES }, (_, i) => (i * 617) % MESSAGES);
  const windowed = (name: string, note: string, settle: (window: InstanceType<typeof AckWindow>) => void): Case => {
    const window = new AckWindow();
    return {
      ...{ group, name, note },
      run() {
        const before = window.base;
        settle(window);
        return window.base - before;
      },
    };
  };
  return [
    windowed('in order', 'one by one', (window) => {
      for (let i = 0; i < MESSAGES; i++) window.settle(window.base, window.base + 1);
    }),
    windowed('shuffled', 'one by one, as concurrent handlers finish', (window) => {
      const { base } = window;
      for (const i of shuffled) window.settle(base + i, base + i + 1);
    }),
    windowed('as a batch', 'all at once', (window) => window.settle(window.base, window.base + MESSAGES)),
  ];
}

/** A stream over a source that brings one chunk whenever it is asked to. */
function feed(options: StreamOptions = {}) {
  const source = {
    credit: () => {},
    pause: () => {},
    release: () => {},
    answerAssign: () => {},
    commit: (offsets: readonly { topic: string; partition: number; offset: number }[]) =>
      Promise.resolve(offsets.map((offset) => ({ ...offset, error: null }))),
  };
  const credit = { laneMessages: 65_536, laneBytes: 8 << 20, totalBytes: 64 << 20 };
  const session = new Session({ source, credit, group: true });
  const stream = session.stream<Buffer | null, Buffer | null>('bench', options) as Stream;
  session.deliver([{ type: 'assigned', id: 1, lanes: [{ lane: 1, topic: 'bench', partition: 0, offset: 0 }] }]);
  const template = chunkOf(text);
  let offset = 0;
  return {
    stream,
    deliver() {
      const chunk = template.slice(0);
      // The first offset of a chunk, in two words.
      new Int32Array(chunk, 16, 2).set([offset % 2 ** 32, Math.floor(offset / 2 ** 32)]);
      offset += MESSAGES;
      session.deliver([chunk]);
    },
    end: () => session.end(null),
  };
}

/** The chunk goes in, and when all its messages came out, the next may. Copying it is part of each of them. */
function pushed<T>(
  name: string,
  note: string,
  open: (stream: Stream) => Observable<T>,
  ack: (item: T) => number,
): Case {
  const options: StreamOptions = name.startsWith('batches$ of') ? { batch: { count: 100 } } : {};
  const { stream, deliver, end } = feed(options);
  let [seen, done] = [0, (_count: number) => {}];
  let subscription: Subscription | undefined;
  return {
    ...{ group: 'streams', name, note },
    run() {
      subscription ??= open(stream).subscribe((item) => {
        seen += ack(item);
        if (seen >= MESSAGES) done(seen);
      });
      seen = 0;
      return new Promise<number>((resolve) => {
        done = resolve;
        deliver();
      });
    },
    end() {
      subscription?.unsubscribe();
      end();
    },
  };
}

function streams(): Case[] {
  const pulled = feed();
  return [
    {
      ...{ group: 'streams', name: 'take()', note: 'pulled, the batch acknowledged', end: pulled.end },
      async run() {
        pulled.deliver();
        let seen = 0;
        while (seen < MESSAGES) {
          const batch = await pulled.stream.take();
          if (batch === null) break;
          seen += batch.size;
          batch.ack();
        }
        return seen;
      },
    },
    pushed(
      'batches$',
      'what arrived together, acknowledged',
      (stream) => stream.batches$,
      (batch) => {
        batch.ack();
        return batch.size;
      },
    ),
    pushed(
      'batches$ of 100',
      'ten batches of each chunk, acknowledged',
      (stream) => stream.batches$,
      (batch) => {
        batch.ack();
        return batch.size;
      },
    ),
    pushed(
      'messages$',
      'each message acknowledged',
      (stream) => stream.messages$,
      (message) => {
        message.ack();
        return 1;
      },
    ),
    pushed(
      'messages$, bufferCount(100)',
      "RxJS's own buffer, each message acknowledged",
      (stream) => stream.messages$.pipe(bufferCount(100)),
      (messages) => {
        for (const message of messages) message.ack();
        return messages.length;
      },
    ),
  ];
}

function ofOperators(): Case[] {
  const chunk = Chunk.read(chunkOf(text), lane, new Decoders());
  const batch = new MessageBatch([{ chunk, from: 0, to: chunk.count }], 'chunk', null);
  const messages = [...batch];
  type Message = (typeof messages)[number];
  const through = <T>(
    name: string,
    note: string,
    operator: () => OperatorFunction<Message, T>,
    count: (item: T) => number,
  ) => ({
    ...{ group: 'operators', name, note },
    async run() {
      let seen = 0;
      await from(messages)
        .pipe(operator())
        .forEach((item) => {
          seen += count(item);
        });
      return seen;
    },
  });
  return [
    through(
      'keepIf',
      'all are kept',
      () => operators.keepIf<Message>(() => true),
      () => 1,
    ),
    through(
      'batchUntil',
      'arrays of 100',
      () => operators.batchUntil<Message>({ count: 100, ms: 1000 }),
      (all) => all.length,
    ),
    through(
      'mapProcess',
      "an asynchronous function that has nothing to wait for, order 'key', 16 at a time",
      () => operators.mapProcess<Message, number>(async ({ offset }) => offset),
      () => 1,
    ),
    through(
      'commitEvery',
      'acknowledged, a receipt for all',
      () => operators.commitEvery<Message>({ commit: () => Promise.resolve() }, { count: MESSAGES }),
      ({ count }) => count,
    ),
  ];
}

function ofSerdes(): Case[] {
  const context = { topic: 'bench', field: 'value' } as const;
  const both = <T>(name: string, serde: import('../../dist/serde/serde').Serde<T>, make: (i: number) => T): Case[] => {
    const values = Array.from({ length: MESSAGES }, (_, i) => make(i));
    const wires = values.map((value) => Buffer.from(serde.serialize(value, context) as Uint8Array));
    return [
      {
        ...{ group: 'serde/builtins', name: `${name}, read`, note: 'from bytes' },
        run() {
          let seen = 0;
          for (const wire of wires) if (serde.deserialize(wire, context) !== null) seen++;
          return seen;
        },
      },
      {
        ...{
          group: 'serde/builtins',
          name: `${name}, written`,
          note: 'to bytes, or to text that the record buffer encodes',
        },
        run() {
          let seen = 0;
          for (const value of values) if (serde.serialize(value, context) !== null) seen++;
          return seen;
        },
      },
    ];
  };
  return [
    ...both('utf8', serdes.utf8, text),
    ...both('json', serdes.json<unknown>(), (i) => JSON.parse(text(i)) as unknown),
    ...both('int32', serdes.int32, (i) => i),
    ...both('int64', serdes.int64, (i) => BigInt(i) << 33n),
    ...both('uuid', serdes.uuid, (i) => `123e4567-e89b-12d3-a456-${String(i).padStart(12, '0')}`),
  ];
}

/** What `send` does to a record before it crosses. */
function packing(): Case[] {
  const pack = new RecordPack();
  const values = Array.from({ length: MESSAGES }, (_, i) => text(i));
  const buffers = values.map((value) => Buffer.from(value));
  const packed = (name: string, note: string, of: readonly (string | Buffer)[]): Case => ({
    ...{ group: 'produce', name, note },
    run() {
      pack.clear();
      let added = 0;
      for (let i = 0; i < MESSAGES; i++) {
        if (pack.add(0, -1, 0, i, 0, null, of[i] as string | Buffer, undefined) > VALUE_BYTES) added++;
      }
      return added;
    },
  });
  return [packed('pack text', 'strings of 100 bytes', values), packed('pack bytes', 'Buffers of 100 bytes', buffers)];
}
