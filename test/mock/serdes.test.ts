import {
  type AsyncDeserializer,
  bytes,
  DecodeError,
  float64,
  int32,
  int64,
  json,
  type Message,
  nil,
  nullable,
  utf8,
  uuid,
} from 'rdkafka-rx';
import { firstValueFrom, take, toArray } from 'rxjs';
import { Bench, gather, next, numbered, rejection, texts, thrown } from './harness';

const bench = Bench.use();

async function topicWith(...values: (Buffer | string | null)[]): Promise<string> {
  const topic = await bench.topic();
  await bench.producer().sendBatch({ topic, records: values.map((value, i) => ({ key: `k${i}`, value })) });
  return topic;
}

async function reader<V>(topic: string, value: Parameters<typeof bench.reader<Buffer | null, V>>[1], options = {}) {
  const consumer = bench.reader<Buffer | null, V>({}, value, options);
  await consumer.assign([{ topic, partition: 0, offset: 'beginning' }]);
  return consumer;
}

it.each([
  ['bytes', bytes, Buffer.from([0, 255])],
  ['utf8', utf8, 'Größe 漢字'],
  ['utf8 in ASCII', utf8, 'plain'],
  ['json', json<unknown>(), { a: [1, null, 'ü'] }],
  ['int32', int32, -2147483648],
  ['int64', int64, 9223372036854775807n],
  ['float64', float64, -0.1],
  ['uuid', uuid, '123e4567-e89b-12d3-a456-426614174000'],
  ['nil', nil, null],
  ['nullable(utf8) with null', nullable(utf8), null],
  ['nullable(utf8) with text', nullable(utf8), 'x'],
] as const)('%s: what is written is read', async (_, serde, data) => {
  const topic = await bench.topic();
  await bench.producer({}, { value: serde as typeof bytes }).send({ topic, value: data as Buffer });
  const consumer = await reader(topic, { value: serde as typeof bytes });
  expect((await gather(consumer, 1))[0]?.value).toEqual(data);
});

it('a batch with text beyond ASCII decodes as one within', async () => {
  const values = Array.from({ length: 500 }, (_, i) => (i % 7 === 0 ? `ü${i}` : `u${i}`));
  const consumer = await reader(await topicWith(...values), { value: utf8 });
  expect(texts(await gather(consumer, 500))).toEqual(values);
});

describe('what cannot be decoded', () => {
  it.each([
    [
      'invalid UTF-8',
      Buffer.from([0x61, 0xc3, 0x28]),
      utf8,
      /not valid UTF-8 \(from byte 1 of 3\); use the bytes serde/,
    ],
    ['JSON that does not parse', Buffer.from('{"a":'), json(), /JSON/],
    ['a number of the wrong size', Buffer.from([1, 2, 3]), int32, /has 4 bytes, but 3 were found/],
    ['a tombstone where a value is wanted', null, json(), /use nullable\(...\)/],
  ] as const)('%s: take() hands it out and reading it throws where it is', async (_, bad, serde, text) => {
    const topic = await topicWith('"good"', bad, '"after"');
    const consumer = await reader(topic, { value: serde as typeof utf8 });
    const messages = await gather(consumer, 3);
    const error = thrown(() => messages[1]?.value) as DecodeError;
    expect(error).toBeInstanceOf(DecodeError);
    expect(error).toMatchObject({ code: 'ERR_KAFKA_CLIENT_DECODE', topic, partition: 0, offset: 1, part: 'value' });
    expect(error.message).toMatch(text);
    expect(error.raw).toEqual(bad);
    expect(error.cause).toBeInstanceOf(Error);
    // The rest of the message is there, and so are the others.
    expect(messages[1]?.rawValue).toEqual(bad);
    expect(messages[1]?.key?.toString()).toBe('k1');
    expect(messages[2]?.rawValue?.toString()).toBe('"after"');
  });

  it('ends messages$ with the error, after the good ones before it, and commits nothing beyond', async () => {
    const topic = await topicWith('good', Buffer.from([0xff]), 'after');
    const group = `g-${topic}`;
    const consumer = bench.consumer({ 'group.id': group }, { value: utf8 });
    await consumer.subscribe(topic);
    const seen: string[] = [];
    const error = await new Promise<unknown>((resolve) =>
      consumer.messages$.subscribe({
        next: (message) => {
          seen.push(message.value);
          message.ack();
        },
        error: resolve,
      }),
    );
    expect(error).toMatchObject({ name: 'DecodeError', offset: 1 });
    expect(seen).toEqual(['good']);
    await consumer.commit();
    expect(await consumer.committed([{ topic, partition: 0 }])).toMatchObject([{ offset: 1 }]);
  });

  it('is passed over, and told, with onDecodeError skip', async () => {
    const topic = await topicWith('good', Buffer.from([0xff]), 'after');
    const consumer = await reader(topic, { value: utf8 }, { stream: { onDecodeError: 'skip' } });
    const skipped = next(consumer.events$, ({ type }) => type === 'skipped');
    const messages = await firstValueFrom(consumer.messages$.pipe(take(2), toArray()));
    expect(texts(messages)).toEqual(['good', 'after']);
    expect(await skipped).toMatchObject({ topic, partition: 0, offset: 1, error: { code: 'ERR_KAFKA_CLIENT_DECODE' } });
  });

  it('is told for a key too', async () => {
    const topic = await bench.topic();
    await bench.producer().send({ topic, key: Buffer.from([0xff]), value: 'v' });
    const consumer = bench.reader({}, { key: utf8, value: utf8 });
    await consumer.assign([{ topic, partition: 0, offset: 'beginning' }]);
    const [message] = await gather(consumer, 1);
    expect(message?.value).toBe('v');
    expect(thrown(() => message?.key)).toMatchObject({ name: 'DecodeError', part: 'key' });
  });
});

describe('a deserializer that answers later', () => {
  /** Answers in another order than it was asked. */
  const registry: AsyncDeserializer<string> = {
    async: true,
    async deserialize(data) {
      const text = String(data);
      for (let turns = text.charCodeAt(text.length - 1) % 5; turns > 0; turns--) await new Promise(setImmediate);
      if (text === 'bad') throw new Error('no such schema');
      return `<${text}>`;
    },
  };

  it.each(['take', 'messages$', 'batches$'] as const)('keeps the order on %s', async (surface) => {
    const topic = await topicWith(...numbered(300));
    const consumer = await reader(topic, { value: registry });
    let messages: Iterable<Message<unknown, string>>;
    if (surface === 'take') messages = await gather(consumer, 300);
    else if (surface === 'messages$') messages = await firstValueFrom(consumer.messages$.pipe(take(300), toArray()));
    else {
      const found: Message<unknown, string>[] = [];
      for await (const batch of consumer) {
        found.push(...batch);
        batch.ack();
        if (found.length === 300) break;
      }
      messages = found;
    }
    expect(texts(messages)).toEqual(numbered(300).map((text) => `<${text}>`));
  });

  it('that fails ends messages$ at that message', async () => {
    const topic = await topicWith('a', 'b', 'bad', 'c');
    const consumer = await reader(topic, { value: registry });
    const seen: string[] = [];
    const error = await rejection(
      new Promise((_, reject) =>
        consumer.messages$.subscribe({ next: ({ value }) => seen.push(value), error: reject }),
      ),
    );
    expect(seen).toEqual(['<a>', '<b>']);
    expect(error).toMatchObject({ name: 'DecodeError', offset: 2, cause: { message: 'no such schema' } });
  });

  it('gets topic, field and headers', async () => {
    const topic = await bench.topic();
    await bench.producer().send({ topic, key: 'k', value: 'v', headers: { h: 'x' } });
    const seen: unknown[] = [];
    const spy: AsyncDeserializer<string> = {
      async: true,
      async deserialize(data, context) {
        seen.push([String(data), context.topic, context.field, context.headers]);
        return String(data);
      },
    };
    const consumer = bench.reader({}, { key: spy, value: spy });
    await consumer.assign([{ topic, partition: 0, offset: 'beginning' }]);
    const [message] = await gather(consumer, 1);
    expect([message?.key, message?.value]).toEqual(['k', 'v']);
    const headers = [['h', Buffer.from('x')]];
    expect(seen.sort()).toEqual([
      ['k', topic, 'key', headers],
      ['v', topic, 'value', headers],
    ]);
  });
});
