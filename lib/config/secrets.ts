/**
 * librdkafka marks some properties as sensitive, but its configuration dump prints them all, and some of its messages echo
 * values. So this list is wider than librdkafka's newest one, and text is redacted by value as well.
 */
const SENSITIVE = new Set([
  'https.ca.pem',
  'sasl.kerberos.kinit.cmd',
  'sasl.oauthbearer.assertion.file',
  'sasl.oauthbearer.assertion.private.key.file',
  'sasl.oauthbearer.config',
  'sasl.oauthbearer.extensions',
  'sasl.username',
  'ssl.ca.pem',
  'ssl.certificate.pem',
  'ssl.key.location',
  'ssl.key.pem',
  'ssl_ca',
  'ssl_certificate',
  'ssl_key',
]);

/** Recognises sensitive keys that librdkafka does not have: misspelt ones, and those of other clients. */
const SENSITIVE_WORDS = /passw|passphrase|secret|private|credential|token$|\.pem$|jaas/i;

const MASK = '***';
const URL_LOGIN = /(\/\/)[^/\s@]+@/g;
const JSON_WEB_TOKEN = /\beyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?/g;

/** Whether the value of this key is secret. */
export function isSensitive(key: string): boolean {
  const name = key.toLowerCase();
  return SENSITIVE.has(name) || SENSITIVE_WORDS.test(name);
}

/** A printable copy of a configuration: secrets are masked, also in nested objects and URLs. */
export function maskConfig(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const masked = Object.entries(config).map(([key, value]) => [key, value == null ? value : mask(key, value)]);
  return Object.fromEntries(masked);
}

function mask(key: string, value: unknown): unknown {
  if (isSensitive(key)) return MASK;
  if (typeof value === 'string') return value.replace(URL_LOGIN, `$1${MASK}@`);
  if (Array.isArray(value)) return value.map((item) => mask(key, item));
  if (typeof value === 'object' && value !== null) return maskConfig(value as Record<string, unknown>);
  return typeof value === 'function' ? '[function]' : value;
}

/** Redacts the secrets of one client in text. Never prints them itself. */
export class Redactor {
  readonly #secrets = new Set<string>();
  #pattern: RegExp | undefined;

  constructor(entries: Iterable<readonly [key: string, value: string]> = []) {
    for (const [key, value] of entries) {
      for (const [login] of value.matchAll(URL_LOGIN)) for (const part of login.slice(2, -1).split(':')) this.add(part);
      if (isSensitive(key)) this.add(value);
    }
  }

  /** Adds a secret from outside of the configuration, such as a token. */
  add(secret: string): void {
    for (const part of [secret, ...parts(secret)]) if (part.trim() !== '') this.#secrets.add(part);
    this.#pattern = undefined;
  }

  /** The text without the secrets, without logins in URLs and without JSON web tokens. */
  redact(text: string): string {
    if (this.#secrets.size > 0) {
      this.#pattern ??= patternOf(this.#secrets);
      text = text.replace(this.#pattern, MASK);
    }
    return text.replace(URL_LOGIN, `$1${MASK}@`).replace(JSON_WEB_TOKEN, MASK);
  }
}

/** librdkafka may also print the tail of a value (`beginning at: …`), or a single line of it. */
function parts(secret: string): string[] {
  if (secret.includes('-----BEGIN')) {
    return secret.split(/[\r\n]+/).filter((line) => line.length >= 8 && !line.startsWith('-----'));
  }
  const words = secret.split(/[\s,;"'|&]+/);
  if (words.length === 1 && !secret.includes('=')) return [];
  return words
    .map((word) => word.slice(word.indexOf('=') + 1))
    .filter((word) => word.length >= 3 && !/^[-%]/.test(word));
}

function patternOf(secrets: Iterable<string>): RegExp {
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  const alternatives = longestFirst.flatMap((secret) => {
    // A short secret may occur inside harmless words. A long one may be cut off by the size limit of a message.
    if (secret.length < 8) return [`(?<![\\w.-])${quoted(secret)}(?![\\w.-])`];
    return secret.length < 16 ? [quoted(secret)] : [quoted(secret), `${quoted(secret.slice(0, 12))}\\S*`];
  });
  return new RegExp(alternatives.join('|'), 'g');
}

const quoted = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
