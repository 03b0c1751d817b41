import type { ErrorName } from '../generated/errors';
import { hintFor, RETRIABLE } from './error-hints';

export function isNativeError(value: unknown): value is NativeError {
  return typeof value === 'object' && value !== null && 'code' in value && 'name' in value && !('stack' in value);
}

/** What class an error is of, also when another installation of the library made it: by name, not by identity. */
export const KIND = Symbol.for('rdkafka-rx.error.kind');

interface Kind {
  readonly prototype: unknown;
  readonly [KIND]?: string;
}

export function isKind(asked: Kind, value: unknown): boolean {
  // A user's own subclass has no kind of its own, and is an ordinary class.
  if (!Object.hasOwn(asked, KIND)) return Function.prototype[Symbol.hasInstance].call(asked, value);
  if (typeof value !== 'object' || value === null) return false;
  for (let proto = Object.getPrototypeOf(value); proto; proto = Object.getPrototypeOf(proto)) {
    const kind = proto.constructor;
    if (typeof kind === 'function' && Object.hasOwn(kind, KIND) && kind[KIND] === asked[KIND]) return true;
  }
  return false;
}

/** An error as the addon reports it: librdkafka's code, name and text, and the flags of `rd_kafka_error_t`. */
export interface NativeError {
  readonly code: number;
  /** Such as `ERR__TRANSPORT`; the prefix `RD_KAFKA_RESP_` may be there or not. */
  readonly name: string;
  readonly message: string;
  readonly fatal: boolean;
  readonly retriable: boolean;
  readonly abortable: boolean;
}

/** Mistakes and limits found by this library. No broker or librdkafka name starts with `CLIENT_`. */
export type ClientErrorCode =
  | 'ERR_KAFKA_CLIENT_ARGUMENT'
  | 'ERR_KAFKA_CLIENT_CLOSED'
  | 'ERR_KAFKA_CLIENT_CONFIG'
  | 'ERR_KAFKA_CLIENT_DECODE'
  | 'ERR_KAFKA_CLIENT_ENCODE'
  | 'ERR_KAFKA_CLIENT_HANDLER'
  | 'ERR_KAFKA_CLIENT_LOAD'
  | 'ERR_KAFKA_CLIENT_STATE'
  | 'ERR_KAFKA_CLIENT_UNSUPPORTED';

/**
 * Stable identity of an error: `ERR_KAFKA_` and the name of the librdkafka code as it is, so that
 *
 * - `ERR_KAFKA_MSG_SIZE_TOO_LARGE`: the broker said so (Kafka's own error codes);
 * - `ERR_KAFKA__TRANSPORT`: librdkafka found it in this process (its local names start with an underscore);
 * - `ERR_KAFKA_CLIENT_CONFIG`: this library found it;
 * - `ABORT_ERR`: an `AbortSignal` ended the operation, as in Node's own API.
 */
export type KafkaErrorCode = `ERR_KAFKA_${ErrorName}` | ClientErrorCode | 'ABORT_ERR';

export interface KafkaErrorOptions {
  cause?: unknown;
  /** librdkafka's number for the error, 0 when this library found it. */
  errno?: number;
  fatal?: boolean;
  retriable?: boolean;
  abortable?: boolean;
}

/** What {@link KafkaError.fromNative} may know beside the error itself. */
export interface NativeErrorContext {
  /** What was being done, put before the text: `Cannot commit orders/3`. */
  doing?: string;
  /** Takes secrets out of the text. librdkafka echoes some configuration values in its messages. */
  redact?: (text: string) => string;
  /** It is a consumer's: some hints are for consumers only. */
  consumer?: boolean;
  cause?: unknown;
}

/**
 * Base of every error of this library. `instanceof` works across duplicate installations: classes are told apart by
 * name, not by identity.
 */
export class KafkaError extends Error {
  static readonly [KIND]: string = 'KafkaError';

  readonly code: KafkaErrorCode;
  /** librdkafka's number (negative: found by librdkafka, positive: sent by the broker), 0 when it is neither. */
  readonly errno: number;
  /** The client cannot go on: close it and make a new one. */
  readonly fatal: boolean;
  /** The same request may succeed when it is made again. */
  readonly retriable: boolean;
  /** The transaction has to be aborted; after that the producer can go on. */
  readonly abortable: boolean;

  constructor(code: KafkaErrorCode, message: string, options: KafkaErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.errno = options.errno ?? 0;
    this.fatal = options.fatal ?? false;
    this.retriable = options.retriable ?? false;
    this.abortable = options.abortable ?? false;
    hide(this, 'name', new.target[KIND]);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: it is the class that was asked, which may be a subclass
    return isKind(this, value);
  }

  /** Makes the error for what librdkafka reported, with a hint for the frequent ones. */
  static fromNative(native: NativeError, context: NativeErrorContext = {}): KafkaError {
    return new KafkaError(nativeCode(native), nativeMessage(native, context), nativeOptions(native, context));
  }

  /** For structured logs: everything but the stack and the cause. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, message: this.message, ...Object.fromEntries(Object.entries(this)) };
  }
}

/** Sets a property that neither `util.inspect` nor `JSON.stringify` shows. */
export function hide(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, enumerable: false, writable: true });
}

const nameOf = (native: NativeError) => native.name.replace(/^(RD_KAFKA_RESP_)?ERR_/, '');

/** `ERR__TRANSPORT` → `ERR_KAFKA__TRANSPORT`. A newer broker's code that has no name yet gives its number. */
export function nativeCode(native: NativeError): KafkaErrorCode {
  const name = nameOf(native);
  return `ERR_KAFKA_${/^\w+$/.test(name) ? name : native.code}` as KafkaErrorCode;
}

export function nativeMessage(native: NativeError, { doing, redact, consumer }: NativeErrorContext): string {
  const text = redact ? redact(native.message) : native.message;
  const hint = hintFor(nameOf(native) as ErrorName, text, consumer === true);
  return `${doing ? `${doing}: ` : ''}${text || nameOf(native)}${hint ? `. ${hint}` : ''}`;
}

export function nativeOptions(native: NativeError, { cause }: NativeErrorContext): KafkaErrorOptions {
  const { code: errno, fatal, abortable } = native;
  const retriable = !fatal && (native.retriable || RETRIABLE.has(nameOf(native)));
  return { errno, fatal, abortable, retriable, ...(cause !== undefined && { cause }) };
}

/** The configuration is wrong: nothing was opened. */
export class ConfigError extends KafkaError {
  static override readonly [KIND]: string = 'ConfigError';
  /** The key that is wrong, when it is one. */
  readonly key: string | undefined;

  constructor(message: string, options: KafkaErrorOptions & { key?: string } = {}) {
    super('ERR_KAFKA_CLIENT_CONFIG', message, options);
    this.key = options.key;
  }
}

/** A call got an argument it cannot work with. */
export class ArgumentError extends KafkaError {
  static override readonly [KIND]: string = 'ArgumentError';
  constructor(message: string, options?: KafkaErrorOptions) {
    super('ERR_KAFKA_CLIENT_ARGUMENT', message, options);
  }
}

/** The call is right, but not now: the message says what has to happen first. */
export class StateError extends KafkaError {
  static override readonly [KIND]: string = 'StateError';
  constructor(message: string, options?: KafkaErrorOptions) {
    super('ERR_KAFKA_CLIENT_STATE', message, options);
  }
}

/** The client was closed before or during the call. */
export class ClosedError extends KafkaError {
  static override readonly [KIND]: string = 'ClosedError';
  constructor(what: string, options?: KafkaErrorOptions) {
    super('ERR_KAFKA_CLIENT_CLOSED', `The ${what} is closed; make a new one to go on`, options);
  }
}

/** The linked librdkafka is too old for the feature. */
export class UnsupportedError extends KafkaError {
  static override readonly [KIND]: string = 'UnsupportedError';
  constructor(
    readonly feature: string,
    readonly needed: string,
    readonly linked: string,
    options?: KafkaErrorOptions,
  ) {
    const message = `${feature} needs librdkafka ${needed} or newer, and ${linked} is linked; build with a newer one`;
    super('ERR_KAFKA_CLIENT_UNSUPPORTED', message, options);
  }
}

/** The addon could not be loaded, for example because there is none for this platform. */
export class LoadError extends KafkaError {
  static override readonly [KIND]: string = 'LoadError';
  constructor(message: string, options?: KafkaErrorOptions) {
    super('ERR_KAFKA_CLIENT_LOAD', message, options);
  }
}

/** An `AbortSignal` ended the operation; its reason is the `cause`. Has the name and code of Node's own. */
export class AbortError extends KafkaError {
  static override readonly [KIND]: string = 'AbortError';
  constructor(cause?: unknown, message = 'The operation was aborted') {
    super('ABORT_ERR', message, { cause });
  }
}

export interface MessagePosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Reading, committing or handling went wrong at one partition. */
export class ConsumeError extends KafkaError {
  static override readonly [KIND]: string = 'ConsumeError';
  readonly topic: string;
  readonly partition: number;
  /** Offset of the message concerned, negative when it is about the partition as a whole. */
  readonly offset: number;

  constructor(code: KafkaErrorCode, message: string, at: MessagePosition, options?: KafkaErrorOptions) {
    super(code, message, options);
    ({ topic: this.topic, partition: this.partition, offset: this.offset } = at);
  }

  static at(native: NativeError, at: MessagePosition, context: NativeErrorContext = {}): ConsumeError {
    const { doing = `Cannot read ${place(at)}` } = context;
    const message = nativeMessage(native, { ...context, doing, consumer: true });
    return new ConsumeError(nativeCode(native), message, at, nativeOptions(native, context));
  }
}

/** A key or value could not be deserialized. The deserializer's error is the `cause`. */
export class DecodeError extends ConsumeError {
  static override readonly [KIND]: string = 'DecodeError';
  readonly part: 'key' | 'value';
  /** The bytes as they came, a copy. Not shown by `util.inspect` or `JSON.stringify`. */
  declare readonly raw: Buffer | null;

  constructor(part: 'key' | 'value', at: MessagePosition, raw: Buffer | null, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super('ERR_KAFKA_CLIENT_DECODE', `Cannot decode the ${part} of ${place(at)}: ${why}`, at, { cause });
    this.part = part;
    hide(this, 'raw', raw && Buffer.from(raw));
  }
}

function place({ topic, partition, offset }: MessagePosition): string {
  return `${topic}/${partition}${offset >= 0 ? ` @${offset}` : ''}`;
}
