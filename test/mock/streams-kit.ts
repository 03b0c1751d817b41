/** What the tests of streams share beside the harness. */
import type { Consumer, ConsumerEvent, KafkaStream, Message, MessageBatch } from 'rdkafka-rx';
import { liveHandles } from 'rdkafka-rx/testing';
import { firstValueFrom, type Observable, toArray } from 'rxjs';
import { type Bench, next, unique } from './harness';

/**
 * Call before `Bench.use()`. A client's `close()` is bounded in time: when a broker keeps it waiting, the rest of it goes
 * a little later. It goes, all the same, before the cluster does.
 */
export function outlivesNothing(): void {
  afterAll(async () => {
    const deadline = performance.now() + 50_000;
    while (liveHandles() > 1 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(liveHandles()).toBe(1);
  });
}

/** `topic/partition@offset`. */
export const place = ({ topic, partition, offset }: { topic: string; partition: number; offset: number }): string =>
  `${topic}/${partition}@${offset}`;

/** Offsets by partition, in the order they came. */
export function byPartition(messages: Iterable<{ partition: number; offset: number }>): Record<number, number[]> {
  const found: Record<number, number[]> = {};
  for (const { partition, offset } of messages) {
    found[partition] ??= [];
    found[partition].push(offset);
  }
  return found;
}

export const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

/** What the group has committed in each partition, asked by somebody who is not in it. */
export async function stored(bench: Bench, group: string, topic: string, partitions = 1): Promise<(number | null)[]> {
  const asker = bench.consumer({ 'group.id': group });
  const found = await asker.committed(upTo(partitions).map((partition) => ({ topic, partition })));
  await asker.close();
  return found.map(({ offset }) => offset);
}

/** The next event of a type that `wanted` accepts. Listens from now on. */
export function event<T extends ConsumerEvent['type']>(
  consumer: { readonly events$: Observable<ConsumerEvent> },
  type: T,
  wanted: (event: Extract<ConsumerEvent, { type: T }>) => boolean = () => true,
): Promise<Extract<ConsumerEvent, { type: T }>> {
  const is = (one: ConsumerEvent): boolean => one.type === type && wanted(one as Extract<ConsumerEvent, { type: T }>);
  return next(consumer.events$, is) as Promise<Extract<ConsumerEvent, { type: T }>>;
}

/** Events of a type as they come. */
export function recorded<T extends ConsumerEvent['type']>(
  consumer: { readonly events$: Observable<ConsumerEvent> },
  type: T,
): Extract<ConsumerEvent, { type: T }>[] {
  const events: Extract<ConsumerEvent, { type: T }>[] = [];
  consumer.events$.subscribe((one) => {
    if (one.type === type) events.push(one as Extract<ConsumerEvent, { type: T }>);
  });
  return events;
}

/** Resolves when a poll loop that reports took so many messages in all: then they are here, delivered or not. */
export function arrived(consumer: Pick<Consumer, 'poll$'>, count: number): Promise<void> {
  let sum = 0;
  return new Promise((resolve) => {
    const subscription = consumer.poll$.subscribe(({ messages }) => {
      sum += messages;
      if (sum < count) return;
      subscription.unsubscribe();
      resolve();
    });
  });
}

export function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Every way to read a stream to its end, acknowledging everything. */
export const surfaces: readonly [
  string,
  (stream: KafkaStream<Buffer | null, string>) => Promise<Message<Buffer | null, string>[]>,
][] = [
  [
    'messages$',
    (stream) =>
      new Promise((resolve, reject) => {
        const found: Message<Buffer | null, string>[] = [];
        stream.messages$.subscribe({
          next: (message) => {
            found.push(message);
            message.ack();
          },
          error: reject,
          complete: () => resolve(found),
        });
      }),
  ],
  ['batches$', async (stream) => acked(await firstValueFrom(stream.batches$.pipe(toArray())))],
  [
    'partitions$',
    (stream) =>
      new Promise((resolve, reject) => {
        const found: Message<Buffer | null, string>[] = [];
        stream.partitions$.subscribe({
          next: (one) => one.batches$.subscribe({ next: (batch) => found.push(...acked([batch])), error: reject }),
          error: reject,
          complete: () => resolve(found),
        });
      }),
  ],
  [
    'for await',
    async (stream) => {
      const found: Message<Buffer | null, string>[] = [];
      for await (const batch of stream) found.push(...acked([batch]));
      return found;
    },
  ],
  [
    'messages()',
    async (stream) => {
      const found: Message<Buffer | null, string>[] = [];
      for await (const message of stream.messages()) {
        found.push(message);
        message.ack();
      }
      return found;
    },
  ],
  [
    'take()',
    async (stream) => {
      const found: Message<Buffer | null, string>[] = [];
      for (let batch = await stream.take(); batch !== null; batch = await stream.take()) found.push(...acked([batch]));
      return found;
    },
  ],
  [
    'run()',
    async (stream) => {
      const found: Message<Buffer | null, string>[] = [];
      const { processed } = await stream.run((message) => void found.push(message));
      expect(processed).toBe(found.length);
      return found;
    },
  ],
  [
    'runBatch()',
    async (stream) => {
      const found: Message<Buffer | null, string>[] = [];
      const { processed } = await stream.runBatch((batch) => void found.push(...batch));
      expect(processed).toBe(found.length);
      return found;
    },
  ],
  [
    'readable()',
    async (stream) => {
      const found: Message<Buffer | null, string>[] = [];
      for await (const batch of stream.readable() as AsyncIterable<MessageBatch<Buffer | null, string>>) {
        found.push(...acked([batch]));
      }
      return found;
    },
  ],
];

function acked<K, V>(batches: readonly MessageBatch<K, V>[]): Message<K, V>[] {
  return batches.flatMap((batch) => {
    batch.ack();
    return [...batch];
  });
}

/** A topic with `counts[p]` messages in partition p, and a group of its own to read it. */
export async function filled(bench: Bench, ...counts: number[]): Promise<{ topic: string; group: string }> {
  const topic = await bench.topic(counts.length);
  for (const [partition, count] of counts.entries()) if (count > 0) await bench.fill(topic, count, { partition });
  return { topic, group: unique('group') };
}
