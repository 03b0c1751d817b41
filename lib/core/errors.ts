import type { ErrorName } from '../generated/errors';
import { hintFor, RETRIABLE } from './error-hints';

export function isNativeError(value: unknown): value is NativeError {
  return typeof value === 'object' && value !== null && 'code' in value && 'name' in value && !('stack' in value);
}

/** The class name of an error, so that `instanceof` also works for errors of another installation of this library. */
export const KIND = Symbol.for('rdkafka-rx.error.kind');

interface Kind {
  readonly prototype: unknown;
  readonly [KIND]?: string;
}

export function isKind(asked: Kind, value: unknown): boolean {
  // A user's subclass has no kind and is an ordinary class.
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

/** Codes of errors that this library finds itself. No broker or librdkafka name starts with `CLIENT_`. */
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
 * Stable identity of an error: `ERR_KAFKA_` and the name of the librdkafka code. The name shows where the error comes from:
 *
 * - `ERR_KAFKA_MSG_SIZE_TOO_LARGE`: a broker sent it (Kafka's protocol error codes);
 * - `ERR_KAFKA__TRANSPORT`: librdkafka found it in this process (its local names start with an underscore);
 * - `ERR_KAFKA_CLIENT_CONFIG`: this library found it;
 * - `ABORT_ERR`: an `AbortSignal` ended the operation, as in Node's own API.
 */
export type KafkaErrorCode = `ERR_KAFKA_${ErrorName}` | ClientErrorCode | 'ABORT_ERR';

export interface KafkaErrorOptions {
  cause?: unknown;
  /** librdkafka's number for the error, 0 for an error of this library. */
  errno?: number;
  fatal?: boolean;
  retriable?: boolean;
  abortable?: boolean;
}

/** Context for {@link KafkaError.fromNative}. */
export interface NativeErrorContext {
  /** The failed operation, which comes before the text: `Cannot commit orders/3`. */
  doing?: string;
  /** Redacts secrets: librdkafka echoes some configuration values in its messages. */
  redact?: (text: string) => string;
  /** The client is a consumer: some hints are for consumers only. */
  consumer?: boolean;
  cause?: unknown;
}

/**
 * Base of every error of this library. `instanceof` compares classes by name, so it works across duplicate installations.
 */
export class KafkaError extends Error {
  static readonly [KIND]: string = 'KafkaError';

  readonly code: KafkaErrorCode;
  /** librdkafka's error number: negative for its local errors, positive for broker errors; 0 for errors of this library. */
  readonly errno: number;
  /** The client cannot continue: close it and create a new one. */
  readonly fatal: boolean;
  /** A retry of the same request may succeed. */
  readonly retriable: boolean;
  /** Abort the transaction; the producer can continue after that. */
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
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class on the right of instanceof, which may be a subclass
    return isKind(this, value);
  }

  /** The typed error for a librdkafka error, with a hint for the frequent ones. */
  static fromNative(native: NativeError, context: NativeErrorContext = {}): KafkaError {
    return new KafkaError(nativeCode(native), nativeMessage(native, context), nativeOptions(native, context));
  }

  /** For structured logs: everything except the stack and the cause. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, message: this.message, ...Object.fromEntries(Object.entries(this)) };
  }
}

/** Sets a property that `util.inspect` and `JSON.stringify` do not show. */
export function hide(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, enumerable: false, writable: true });
}

const nameOf = (native: NativeError) => native.name.replace(/^(RD_KAFKA_RESP_)?ERR_/, '');

/** `ERR__TRANSPORT` → `ERR_KAFKA__TRANSPORT`. A code of a newer broker without a name gives its number. */
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

/** The configuration is wrong; no client was opened. */
export class ConfigError extends KafkaError {
  static override readonly [KIND]: string = 'ConfigError';
  /** The wrong key, if a single key is wrong. */
  readonly key: string | undefined;

  constructor(message: string, options: KafkaErrorOptions & { key?: string } = {}) {
    super('ERR_KAFKA_CLIENT_CONFIG', message, options);
    this.key = options.key;
  }
}

/** An argument or an option of a call is invalid. */
export class ArgumentError extends KafkaError {
  static override readonly [KIND]: string = 'ArgumentError';
  constructor(message: string, options?: KafkaErrorOptions) {
    super('ERR_KAFKA_CLIENT_ARGUMENT', message, options);
  }
}

/** The call is not possible in the current state; the message says what must happen first. */
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
    super('ERR_KAFKA_CLIENT_CLOSED', `The ${what} is closed; create a new one`, options);
  }
}

/** The linked librdkafka is too old for a feature. */
export class UnsupportedError extends KafkaError {
  static override readonly [KIND]: string = 'UnsupportedError';
  constructor(
    readonly feature: string,
    readonly needed: string,
    readonly linked: string,
    options?: KafkaErrorOptions,
  ) {
    const message = `${feature} needs librdkafka ${needed} or newer, but ${linked} is linked; build with a newer one`;
    super('ERR_KAFKA_CLIENT_UNSUPPORTED', message, options);
  }
}

/** The addon could not be loaded, for example because none exists for this platform. */
export class LoadError extends KafkaError {
  static override readonly [KIND]: string = 'LoadError';
  constructor(message: string, options?: KafkaErrorOptions) {
    super('ERR_KAFKA_CLIENT_LOAD', message, options);
  }
}

/** An `AbortSignal` ended the operation; its reason is the `cause`. Name and code are those of Node's `AbortError`. */
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

/** Reading, committing or processing failed at one partition. */
export class ConsumeError extends KafkaError {
  static override readonly [KIND]: string = 'ConsumeError';
  readonly topic: string;
  readonly partition: number;
  /** Offset of the message; negative when the error concerns the whole partition. */
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
  /** A copy of the bytes. `util.inspect` and `JSON.stringify` do not show it. */
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
