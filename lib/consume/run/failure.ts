import { backoff } from '../../core/backoff';
import {
  type Check,
  isObject,
  milliseconds,
  millisecondsOrInfinity,
  mustBe,
  objectWith,
  positiveOrInfinity,
} from '../../core/check';
import { given } from '../../core/describe';
import { ArgumentError, ConsumeError, DecodeError, KIND } from '../../core/errors';
import type { MessageBatch } from '../../message/batch';
import type { Message } from '../../message/message';

const textOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));

/**
 * A handler failed for good. The handler's error is the `cause`; when what should have become of the message failed too, an
 * `AggregateError` of both.
 */
export class HandlerError extends ConsumeError {
  static override readonly [KIND]: string = 'HandlerError';

  constructor(
    at: { topic: string; partition: number; offset: number },
    /** How often the handler was called for it. */
    readonly attempt: number,
    cause: unknown,
  ) {
    super(
      'ERR_KAFKA_CLIENT_HANDLER',
      `Handling ${at.topic}/${at.partition} @${at.offset} failed: ${textOf(cause)}`,
      at,
      {
        cause,
      },
    );
  }
}

export interface HandlerContext {
  /** Aborted when the partition is taken away or the stream ends: what the handler does is of no use any more. */
  readonly signal: AbortSignal;
  /** 1 for the first call. */
  readonly attempt: number;
}

export type MessageHandler<K, V> = (message: Message<K, V>, context: HandlerContext) => unknown;
export type BatchHandler<K, V> = (batch: MessageBatch<K, V>, context: HandlerContext) => unknown;

/**
 * `partition`: one message of a partition after the other. `key`: likewise for messages of a partition with equal
 * keys; others at the same time. `none`: started in order, finished in any.
 */
export type Order = 'partition' | 'key' | 'none';

/** Where messages go that cannot be handled. `send` must resolve on the delivery report, as a producer's does. */
export interface DeadLetter<K, V> {
  readonly producer: {
    send(record: {
      topic: string;
      key: Buffer | null;
      value: Buffer | null;
      headers: [string, Buffer | string | null][];
    }): Promise<unknown>;
  };
  readonly topic: string | ((message: Message<K, V>) => string);
}

export type Decision<K, V> =
  | 'stop'
  | 'skip'
  | { readonly retryAfterMs: number }
  | { readonly deadLetter: DeadLetter<K, V> };

export interface FailureOptions<K, V> {
  /** Calls of the handler in all, default 1. Retries keep their place in the order. */
  readonly attempts?: number;
  /** Before the second call; doubled for each further one, with jitter. Default 100. */
  readonly backoffMs?: number;
  /** Default 30,000. */
  readonly maxBackoffMs?: number;
  /** After the last attempt, and at once for what cannot be decoded. Default `stop`. */
  readonly exhausted?: 'stop' | 'skip' | { readonly deadLetter: DeadLetter<K, V> };
}

/**
 * What becomes of a message whose handler failed. `stop` (default): the run ends and rejects, and nothing from the
 * message on is committed. `skip`: it counts as done. A function decides case by case.
 */
export type FailurePolicy<K, V> =
  | 'stop'
  | 'skip'
  | FailureOptions<K, V>
  | ((failure: {
      readonly error: unknown;
      readonly attempt: number;
      readonly message: Message<K, V>;
    }) => Decision<K, V> | Promise<Decision<K, V>>);

const word = (value: unknown) => value === 'stop' || value === 'skip';

const letter = {
  producer: mustBe(
    'a producer: an object with the method send',
    (value) => typeof (value as { send?: unknown } | null)?.send === 'function',
  ),
  topic: mustBe(
    'a topic, or a function that gives one for a message',
    (value) => typeof value === 'function' || (typeof value === 'string' && value !== ''),
  ),
};
const letterOf = objectWith<DeadLetter<never, never>>('the options of deadLetter', letter);

/** `{ deadLetter: … }`, or what `or` says. */
const orDeadLetter =
  (what: string, or: (value: unknown) => boolean): Check =>
  (value, name) => {
    if (or(value)) return;
    if (!isObject(value) || !('deadLetter' in value)) {
      throw new ArgumentError(`${name} must be ${what} or { deadLetter: { producer, topic } }, not ${given(value)}`);
    }
    const { deadLetter } = value as { deadLetter: DeadLetter<never, never> };
    letterOf(deadLetter, `${name}.deadLetter`);
    letter.producer(deadLetter.producer, `${name}.deadLetter.producer`);
    letter.topic(deadLetter.topic, `${name}.deadLetter.topic`);
  };

const failureOptions = objectWith<FailureOptions<never, never>>('the options of failure', {
  attempts: positiveOrInfinity('calls'),
  backoffMs: milliseconds,
  maxBackoffMs: millisecondsOrInfinity,
  exhausted: orDeadLetter("'stop', 'skip'", word),
});

/** @throws ArgumentError */
export const checkPolicy: Check = (value, name) => {
  if (word(value) || typeof value === 'function') return;
  if (isObject(value)) return failureOptions(value, name);
  throw new ArgumentError(
    `${name} must be 'stop', 'skip', { attempts, backoffMs, maxBackoffMs, exhausted } or a function, not ${given(value)}`,
  );
};

const decided = orDeadLetter(
  "'stop', 'skip', { retryAfterMs }",
  (value) => word(value) || typeof (value as { retryAfterMs?: unknown } | null)?.retryAfterMs === 'number',
);

/** What a policy says to a failure. `message`: the one concerned, of a batch the first. */
export async function decide<K, V>(
  policy: FailurePolicy<K, V>,
  failure: { readonly error: unknown; readonly attempt: number; readonly message: Message<K, V> },
  random: () => number,
): Promise<Decision<K, V>> {
  if (policy === 'stop' || policy === 'skip') return policy;
  if (typeof policy === 'function') {
    const decision = await policy(failure);
    decided(decision, 'what the function of failure gives');
    return decision;
  }
  const { attempts = 1, backoffMs = 100, maxBackoffMs = 30_000, exhausted = 'stop' } = policy;
  // The bytes will not change: decoding again is of no use.
  if (failure.attempt >= attempts || failure.error instanceof DecodeError) return exhausted;
  return { retryAfterMs: backoff(failure.attempt, backoffMs, maxBackoffMs, random) };
}

/** The first failure, and the failure of what should have handled it. */
export function combineErrors(error: unknown, doing: string, failure: unknown): AggregateError {
  return new AggregateError([error, failure], `${textOf(error)}; and ${doing}: ${textOf(failure)}`);
}

/** Sends a message to its dead letter topic, with where it came from and why in its headers. */
export function sendDeadLetter<K, V>(
  { producer, topic }: DeadLetter<K, V>,
  { error, attempt, message }: { readonly error: unknown; readonly attempt: number; readonly message: Message<K, V> },
): Promise<unknown> {
  return producer.send({
    topic: typeof topic === 'function' ? topic(message) : topic,
    key: message.rawKey,
    value: message.rawValue,
    headers: [
      ...message.headers.entries.map(([name, value]): [string, Buffer | null] => [name, value]),
      ['dlq.source.topic', message.topic],
      ['dlq.source.partition', String(message.partition)],
      ['dlq.source.offset', String(message.offsetBig)],
      ['dlq.source.timestamp', String(message.timestamp)],
      ['dlq.error', error instanceof Error ? `${error.name}: ${error.message}` : String(error)],
      ['dlq.attempts', String(attempt)],
    ],
  });
}
