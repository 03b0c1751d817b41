import { type MonoTypeOperatorFunction, Observable, type OperatorFunction } from 'rxjs';
import { call, many, oneOf, shape } from '../core/check';
import { ArgumentError } from '../core/errors';
import type { AckResult } from '../message/ack';
import type { Message } from '../message/message';
import type { Order } from './run/failure';

/** Something whose message has to be acknowledged when it is done. */
export interface Ackable {
  ack(): AckResult;
}

/** A result together with the message it came from. */
export interface Leased<T, M> extends Ackable {
  readonly value: T;
  readonly message: M;
}

/** `filter` for messages: what is not kept is acknowledged, so that nothing waits for it. */
export function keepIf<M extends Ackable>(predicate: (message: M) => boolean): MonoTypeOperatorFunction<M> {
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

const processOptions = shape<ProcessOptions>('the options of mapProcess()', {
  concurrency: many('calls'),
  order: oneOf('partition', 'key', 'none'),
});

type AnyMessage = Message<never, never>;

/** What may not overlap with `message`. Null: anything may. */
function domainOf(message: AnyMessage, order: Order): string | null {
  if (order === 'none') return null;
  const lane = `${message.topic}/${message.partition}`;
  return order === 'partition' ? lane : `${lane}/${message.chunk.keyHash(message.index) & 1023}`;
}

/**
 * Calls an asynchronous function for each message, a bounded number at a time, and gives the results with the right to
 * acknowledge. An error ends the stream with its message not acknowledged. What waits is bounded by the credit.
 */
export function mapProcess<M extends Message<never, never> | Message<unknown, unknown>, R>(
  process: (message: M, context: { signal: AbortSignal }) => R | Promise<R>,
  options: ProcessOptions = {},
): OperatorFunction<M, Leased<R, M>> {
  call(process, 'what mapProcess() is given');
  processOptions(options, '');
  const { concurrency = 16, order = 'key' } = options;
  return (source) =>
    new Observable((subscriber) => {
      const controller = new AbortController();
      const waiting: { message: M; domain: string | null }[] = [];
      const busy = new Set<string>();
      let running = 0;
      let complete = false;

      const begin = async (message: M, domain: string | null) => {
        running++;
        if (domain !== null) busy.add(domain);
        try {
          const value = await process(message, { signal: controller.signal });
          subscriber.next({ value, message, ack: () => message.ack() });
        } catch (error) {
          subscriber.error(error);
        }
        running--;
        if (domain !== null) busy.delete(domain);
        advance();
      };
      const advance = () => {
        if (subscriber.closed) return;
        for (let at = 0; at < waiting.length && running < concurrency; ) {
          const { message, domain } = waiting[at] as (typeof waiting)[number];
          if (domain !== null && busy.has(domain)) {
            at++;
            continue;
          }
          waiting.splice(at, 1);
          void begin(message, domain);
        }
        if (complete && running === 0 && waiting.length === 0) subscriber.complete();
      };
      const subscription = source.subscribe({
        next(message) {
          waiting.push({ message, domain: domainOf(message as unknown as AnyMessage, order) });
          if (running < concurrency) advance();
        },
        error: (error) => subscriber.error(error),
        complete() {
          complete = true;
          advance();
        },
      });
      return () => {
        subscription.unsubscribe();
        waiting.length = 0;
        controller.abort();
      };
    });
}

/** Anything that sends records and resolves on the delivery report. */
export interface RecordSink<R> {
  send(record: R): Promise<unknown>;
}

/**
 * Produces the record, or records, made from each value, and passes the value on, in order, when all are delivered. A
 * record that cannot be delivered ends the stream; what comes out can safely be acknowledged.
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
  /** How many were acknowledged since the last receipt. */
  readonly count: number;
}

/**
 * Acknowledges what comes in, and commits after so many or so long. A receipt comes when the broker has answered. The
 * consumer commits by itself, too: this is for those who want to know.
 */
export function commitEvery<T extends Ackable>(
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
