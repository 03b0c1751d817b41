import { isObject } from '../core/check';
import { describe } from '../core/describe';
import { ConfigError, KafkaError, type NativeError } from '../core/errors';
import type { ClientOptions, OAuthBearerToken } from './options';

/** The client, as its token provider needs it. */
export interface TokenHost {
  readonly closed: boolean;
  /** The native client; undefined before it is open. */
  readonly target:
    | {
        setToken(
          value: string,
          expiresAt: number,
          principal: string,
          extensions: readonly (readonly [string, string])[],
        ): NativeError | null;
        setTokenFailure(message: string): void;
      }
    | undefined;
  redact(text: string): string;
  addSecret(value: string): void;
  toError(error: NativeError, doing?: string): Error;
}

/** Answers librdkafka's requests for an OAUTHBEARER token with the client option `oauthBearerToken`. */
export class TokenProvider {
  /** Why the last token request failed. */
  failure: string | undefined;

  constructor(
    private readonly host: TokenHost,
    private readonly provide: ClientOptions['oauthBearerToken'],
  ) {}

  async refresh(config: string, report: (error: KafkaError) => void): Promise<void> {
    const { host } = this;
    const { target } = host;
    // A closing client opens no connections any more, and an error would have no listener.
    if (target === undefined || host.closed) return;
    try {
      if (this.provide === undefined) {
        throw new ConfigError("'sasl.mechanisms' OAUTHBEARER needs the client option 'oauthBearerToken'");
      }
      const token = await this.provide(config);
      checkToken(token);
      host.addSecret(token.value);
      if (host.closed) return;
      const extensions = Object.entries(token.extensions ?? {});
      const rejected = target.setToken(token.value, token.expiresAt, token.principal ?? '', extensions);
      if (rejected) throw host.toError(rejected, rejection(token));
    } catch (error) {
      if (host.closed) return;
      const message = host.redact(error instanceof Error ? error.message : String(error));
      this.failure = message;
      target.setTokenFailure(message);
      report(
        error instanceof KafkaError ? error : new ConfigError(`No OAUTHBEARER token: ${message}`, { cause: error }),
      );
    }
  }
}

/** The error does not show the values: they are secrets. @throws ConfigError */
function checkToken(token: unknown): asserts token is OAuthBearerToken {
  const { value, expiresAt } = (isObject(token) ? token : {}) as { value?: unknown; expiresAt?: unknown };
  if (typeof value === 'string' && Number.isFinite(expiresAt)) return;
  const what = isObject(token) ? `value is ${describe(value)} and expiresAt ${describe(expiresAt)}` : describe(token);
  throw new ConfigError(`oauthBearerToken must return { value, expiresAt }, a string and a number, not ${what}`);
}

function rejection({ expiresAt }: OAuthBearerToken): string {
  const past = expiresAt < Date.now();
  const hint = ` (its expiresAt, ${expiresAt}, is in the past; the unit is milliseconds since the epoch)`;
  return `The token was rejected${past ? hint : ''}`;
}
