import type { ConfigOptions } from '../config/config';
import { call, isObject, shape, text, texts } from '../core/check';
import { given } from '../core/describe';
import { ArgumentError } from '../core/errors';

/** How long a request to the brokers may take, in ms, when the caller says nothing. */
export const DEFAULT_TIMEOUT_MS = 10_000;

/** Options of every request to the brokers. */
export interface RequestOptions {
  /** At most this long, in ms. Default 10,000. */
  timeoutMs?: number;
}

/** A token for SASL/OAUTHBEARER. */
export interface OAuthBearerToken {
  readonly value: string;
  /** When it expires, in ms since the epoch. */
  readonly expiresAt: number;
  readonly principal?: string;
  readonly extensions?: Readonly<Record<string, string>>;
}

/** Options of every client, beside the configuration of librdkafka. */
export interface ClientOptions extends ConfigOptions {
  /**
   * Gives a token when librdkafka needs one (`sasl.mechanisms: 'OAUTHBEARER'`), before the old one expires. What it
   * throws becomes an `error` event, and librdkafka asks again after ten seconds. The token never shows in logs.
   */
  oauthBearerToken?: (config: string) => OAuthBearerToken | Promise<OAuthBearerToken>;
}

/** For the options of every kind of client. */
export const clientOptions = { oauthBearerToken: call, allowUnsafeConfig: texts, librdkafka: text };

const optionsOf = shape<ClientOptions>("a client's options", clientOptions);

/** @throws ArgumentError */
export function checkClient(options: ClientOptions): void {
  optionsOf(options, '');
}

/** @throws ArgumentError */
export function timeoutOf(options: RequestOptions, otherwise = DEFAULT_TIMEOUT_MS): number {
  if (!isObject(options)) {
    throw new ArgumentError(`options must be an object such as { timeoutMs: 5000 }, not ${given(options)}`);
  }
  const { timeoutMs = otherwise } = options;
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0) || timeoutMs > 2 ** 31 - 1) {
    throw new ArgumentError(`timeoutMs must be a number of milliseconds from 0 to 2147483647, not ${given(timeoutMs)}`);
  }
  return Math.ceil(timeoutMs);
}
