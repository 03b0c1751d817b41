import { type MonoTypeOperatorFunction, Observable, type OperatorFunction } from 'rxjs';
import { callback, objectWith, oneOf, positiveOrInfinity } from '../core/check';
import { ArgumentError } from '../core/errors';
import type { AckResult } from '../message/ack';
import type { AnyMessage, Message } from '../message/message';
import type { Order } from './run/failure';
import { type Bucket, KeyBuckets } from './run/key-buckets';

/** Something to acknowledge once it is processed: a message, a batch, a result. */
export interface Acknowledgeable {
  ack(): AckResult;
}

/** A result, with the right to acknowledge the message it came from. */
export interface Ackable<T, M> extends Acknowledgeable {
  readonly value: T;
  readonly message: M;
}

/** `filter` for messages: a message that is left out is acknowledged, so that nothing waits for it. */
export function keepIf<M extends Acknowledgeable>(predicate: (message: M) => boolean): MonoTypeOperatorFunction<M> {
  return (source) =>
    new Observable((subscriber) =>
      source.subscribe({
        next(message) {
          let keep: boolean;
          try {
            keep = predicate(message);
          } catch (error) {
            subscriber.error(error);
            return;
          }
          if (keep) subscriber.next(message);
          else message.ack();
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
}

export interface ProcessOptions {
  /** Calls at the same time. Default 16. */
  readonly concurrency?: number;
  /** Calls that must not overlap: of a partition, of a key of a partition (default), or none. */
  readonly order?: Order;
}

const processOptions = objectWith<ProcessOptions>('the options of mapProcess()', {
  concurrency: positiveOrInfinity('calls'),
  order: oneOf('partition', 'key', 'none'),
});

/**
 * Calls an asynchronous function for each message, a bounded number at a time, and gives each result with the right to
 * acknowledge. An error ends the stream with its message not acknowledged. The credit bounds how many messages wait.
 */
export function mapProcess<M extends AnyMessage | Message<unknown, unknown>, R>(
  process: (message: M, context: { signal: AbortSignal }) => R | Promise<R>,
  options: ProcessOptions = {},
): OperatorFunction<M, Ackable<R, M>> {
  callback(process, 'what mapProcess() is given');
  processOptions(options, '');
  const { concurrency = 16, order = 'key' } = options;
  return (source) =>
    new Observable((subscriber) => {
      const controller = new AbortController();
      const buckets = bucketsFor<M>(order, concurrency);
      /** Buckets with a message that may begin, in turn. */
      const ready: Bucket<M>[] = [];
      let running = 0;
      let waiting = 0;
      let complete = false;

      const isReady = (bucket: Bucket<M>) => bucket.queue.length > 0 && (order === 'none' || !bucket.busy);
      const offer = (bucket: Bucket<M>) => {
        if (isReady(bucket) && !ready.includes(bucket)) ready.push(bucket);
      };
      const begin = async (bucket: Bucket<M>) => {
        const message = bucket.queue.shift() as M;
        waiting--;
        running++;
        bucket.busy = true;
        offer(bucket);
        try {
          const value = await process(message, { signal: controller.signal });
          subscriber.next({ value, message, ack: () => message.ack() });
        } catch (error) {
          subscriber.error(error);
        }
        running--;
        bucket.busy = false;
        offer(bucket);
        advance();
      };
      const advance = () => {
        if (subscriber.closed) return;
        while (running < concurrency && ready.length > 0) void begin(ready.shift() as Bucket<M>);
        if (complete && running === 0 && waiting === 0) subscriber.complete();
      };
      const subscription = source.subscribe({
        next(message) {
          const bucket = buckets(message as unknown as AnyMessage);
          bucket.queue.push(message);
          waiting++;
          offer(bucket);
          advance();
        },
        error: (error) => subscriber.error(error),
        complete() {
          complete = true;
          advance();
        },
      });
      return () => {
        subscription.unsubscribe();
        ready.length = 0;
        controller.abort();
      };
    });
}

/** Messages of one bucket must not overlap: those of a partition, or of a key of a partition. */
function bucketsFor<T>(order: Order, concurrency: number): (message: AnyMessage) => Bucket<T> {
  const lanes = new WeakMap<object, KeyBuckets<T>>();
  const count = order === 'key' ? KeyBuckets.countFor(concurrency) : 1;
  const all: Bucket<T> = { busy: false, queue: [] };
  return (message) => {
    if (order === 'none') return all;
    const { lane } = message.chunk;
    const known = lanes.get(lane) ?? new KeyBuckets<T>(count);
    lanes.set(lane, known);
    return known.of(message);
  };
}

/** Anything that sends records and resolves on the delivery report. */
export interface RecordSink<R> {
  send(record: R): Promise<unknown>;
}

/**
 * Produces the record, or records, made from each value, and passes the value on, in order, when all are delivered. A
 * record that cannot be delivered ends the stream; every value that comes out can safely be acknowledged.
 */
export function produceTo<T, R>(
  producer: RecordSink<R>,
  toRecord: (value: T) => R | readonly R[],
): MonoTypeOperatorFunction<T> {
  return (source) =>
    new Observable((subscriber) => {
      const order: { readonly value: T; delivered: boolean }[] = [];
      let complete = false;
      const advance = () => {
        while (order[0]?.delivered === true && !subscriber.closed)
          subscriber.next((order.shift() as { value: T }).value);
        if (complete && order.length === 0) subscriber.complete();
      };
      const send = async (value: T) => {
        const records = toRecord(value);
        await Promise.all((Array.isArray(records) ? records : [records]).map((record) => producer.send(record as R)));
      };
      return source.subscribe({
        next(value) {
          const entry = { value, delivered: false };
          order.push(entry);
          send(value).then(
            () => {
              entry.delivered = true;
              advance();
            },
            (error: unknown) => subscriber.error(error),
          );
        },
        error: (error) => subscriber.error(error),
        complete() {
          complete = true;
          advance();
        },
      });
    });
}

/** Commits everything acknowledged so far: a consumer. */
export interface Commits {
  commit(): Promise<void>;
}

export interface CommitReceipt {
  /** Acknowledged since the last receipt. */
  readonly count: number;
}

/**
 * Acknowledges every value, and commits after `count` of them or after `ms`. A receipt follows when the broker has answered.
 * The consumer commits by itself, too: use this to learn when.
 */
export function commitEvery<T extends Acknowledgeable>(
  consumer: Commits,
  { count = 10_000, ms = 1000 }: { count?: number; ms?: number } = {},
): OperatorFunction<T, CommitReceipt> {
  return (source) =>
    new Observable((subscriber) => {
      let acked = 0;
      let timer: NodeJS.Timeout | undefined;
      let last: Promise<void> = Promise.resolve();
      const commit = () => {
        clearTimeout(timer);
        timer = undefined;
        const receipt = { count: acked };
        if (acked === 0) return;
        acked = 0;
        last = last.then(() => consumer.commit()).then(() => subscriber.next(receipt));
        last.catch((error: unknown) => subscriber.error(error));
      };
      const subscription = source.subscribe({
        next(item) {
          item.ack();
          acked++;
          if (acked >= count) commit();
          else timer ??= setTimeout(commit, ms);
        },
        error(error) {
          commit();
          last.then(
            () => subscriber.error(error),
            () => subscriber.error(error),
          );
        },
        complete() {
          commit();
          last.then(
            () => subscriber.complete(),
            () => {},
          );
        },
      });
      return () => {
        clearTimeout(timer);
        subscription.unsubscribe();
      };
    });
}

/**
 * Collects values until there are `count`, or the first one is `ms` old; the rest comes with the end. Unlike
 * `bufferTime` it never gives an empty array.
 */
export function batchUntil<T>({ count, ms }: { count: number; ms: number }): OperatorFunction<T, T[]> {
  if (!(count >= 1)) throw new ArgumentError(`batchUntil needs a count of at least 1, not ${count}`);
  return (source) =>
    new Observable((subscriber) => {
      let batch: T[] = [];
      let timer: NodeJS.Timeout | undefined;
      const close = () => {
        clearTimeout(timer);
        timer = undefined;
        const full = batch;
        batch = [];
        if (full.length > 0) subscriber.next(full);
      };
      const subscription = source.subscribe({
        next(value) {
          if (batch.push(value) >= count) close();
          else timer ??= setTimeout(close, ms);
        },
        error: (error) => subscriber.error(error),
        complete() {
          close();
          subscriber.complete();
        },
      });
      return () => {
        clearTimeout(timer);
        subscription.unsubscribe();
      };
    });
}
