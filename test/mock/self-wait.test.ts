/** stop() and close() that are awaited by the code they wait for. */
import { type Consumer, type KafkaStream, utf8 } from 'rdkafka-rx';
import { concatMap, lastValueFrom } from 'rxjs';
import { Bench, unique } from './harness';

const bench = Bench.use();
const pause = () => new Promise<void>((resolve) => setImmediate(resolve));

type Ending = (
  consumer: Consumer<Buffer | null, string | null>,
  stream: KafkaStream<Buffer | null, string | null>,
) => Promise<unknown>;

/** Longer than the test waits: a wait for itself would be a timeout. */
const LONG = 120_000;

const endings: readonly (readonly [string, Ending])[] = [
  ['stream.stop()', (_, stream) => stream.stop({ drainMs: LONG })],
  ['consumer.stop()', (consumer) => consumer.stop({ drainMs: LONG })],
  ['consumer.close()', (consumer) => consumer.close({ timeoutMs: LONG })],
];

/** Reads, and awaits the end from inside before the first message is acknowledged. */
const readers: readonly (readonly [
  string,
  (stream: KafkaStream<Buffer | null, string | null>, end: () => Promise<unknown>) => Promise<unknown>,
])[] = [
  [
    'a handler',
    (stream, end) =>
      stream.run(async () => {
        await end();
      }),
  ],
  [
    'a handler, after an await',
    (stream, end) =>
      stream.run(async () => {
        await pause();
        await Promise.all([end(), pause()]);
      }),
  ],
  [
    'a handler that is tried again',
    (stream, end) =>
      stream.run(
        async (_, { attempt }) => {
          await pause();
          if (attempt === 1) throw new Error('again');
          await end();
        },
        { failure: { attempts: 2, backoffMs: 1 } },
      ),
  ],
  [
    'a handler of batches',
    (stream, end) =>
      stream.runBatch(async () => {
        await pause();
        await end();
      }),
  ],
  [
    'a loop over messages',
    async (stream, end) => {
      for await (const message of stream.messages()) {
        await pause();
        await end();
        message.ack();
      }
    },
  ],
  [
    'a loop over batches',
    async (stream, end) => {
      for await (const batch of stream) {
        const inner = async () => {
          await pause();
          await end();
        };
        await inner();
        batch.ack();
      }
    },
  ],
  [
    'a loop with take()',
    async (stream, end) => {
      for (let batch = await stream.take(); batch !== null; batch = await stream.take()) {
        await end();
        batch.ack();
      }
    },
  ],
  [
    'a subscriber',
    (stream, end) =>
      lastValueFrom(
        stream.batches$.pipe(
          concatMap(async (batch) => {
            await end();
            batch.ack();
          }),
        ),
      ),
  ],
];

describe.each(readers)('%s', (_, read) => {
  test.each(endings)('that awaits %s ends after its message, which is committed', async (__, ending) => {
    const topic = await bench.topic();
    await bench.fill(topic, 1);
    const group = unique('group');
    const consumer = bench.consumer({ 'group.id': group }, { value: utf8 });
    const stream = consumer.stream(topic);
    const ended = new Promise((resolve) => consumer.commits$.subscribe({ next: resolve }));
    await read(stream, () => ending(consumer, stream));
    await ended;
    // The same promise as the one inside, without its caller: the rest is done.
    await consumer.close();
    const [stored] = await bench.consumer({ 'group.id': group }).committed([{ topic, partition: 0 }]);
    expect(stored?.offset).toBe(1);
  });
});

test('other code waits until the messages in progress are done', async () => {
  const topic = await bench.topic();
  await bench.fill(topic, 1);
  const consumer = bench.consumer({}, { value: utf8 });
  const stream = consumer.stream(topic);
  let finish = () => {};
  const busy = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const begun = new Promise<void>((begin) => {
    void stream.run(async () => {
      begin();
      await busy;
    });
  });
  await begun;
  const stopped = consumer.stop({ drainMs: LONG });
  setTimeout(finish, 600);
  expect(await stopped).toMatchObject({ drained: true, abandoned: [] });
});

test.each(['onAssigned', 'onRevoked'] as const)('the hook %s that awaits consumer.close()', async (name) => {
  const topic = await bench.topic();
  let called = () => {};
  const begun = new Promise<void>((resolve) => {
    called = resolve;
  });
  const hook = async () => {
    await pause();
    called();
    await consumer.close({ timeoutMs: LONG });
    return undefined;
  };
  const consumer: Consumer = bench.consumer({}, {}, { rebalance: { drainMs: LONG / 2, [name]: hook } });
  const assigned = new Promise((resolve) => consumer.rebalances$.subscribe(resolve));
  await consumer.subscribe(topic);
  if (name === 'onRevoked') {
    await assigned;
    await consumer.unsubscribe();
  }
  await begun;
  await consumer.close();
});
