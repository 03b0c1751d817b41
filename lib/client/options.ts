import type { ConfigOptions } from '../config/config';
import { callback, isObject, objectWith, string, strings } from '../core/check';
import { given } from '../core/describe';
import { ArgumentError } from '../core/errors';

/** Default time limit of a request to the brokers, in ms. */
export const DEFAULT_TIMEOUT_MS = 10_000;

/** Options of every request to the brokers. */
export interface RequestOptions {
  /** Time limit in ms. Default 10,000. */
  timeoutMs?: number;
}

/** A token for SASL/OAUTHBEARER. */
export interface OAuthBearerToken {
  readonly value: string;
  /** Expiry, in ms since the epoch. */
  readonly expiresAt: number;
  readonly principal?: string;
  readonly extensions?: Readonly<Record<string, string>>;
}

/** Options of every client, besides librdkafka's configuration. */
export interface ClientOptions extends ConfigOptions {
  /**
   * Returns a token for `sasl.mechanisms: 'OAUTHBEARER'`. librdkafka calls for a new one before the old one expires. An error
   * it throws becomes an `error` event, and librdkafka retries after ten seconds. Logs never show the token.
   */
  oauthBearerToken?: (config: string) => OAuthBearerToken | Promise<OAuthBearerToken>;
}

/** The checks that every kind of client shares. */
export const clientOptions = { oauthBearerToken: callback, allowUnsafeConfig: strings, librdkafka: string };

const optionsOf = objectWith<ClientOptions>("a client's options", clientOptions);

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
