/**
 * librdkafka marks some properties as sensitive, but its configuration dump prints them all, and some of its messages
 * echo values. So this list is our own, wider than the newest of librdkafka's, and text is scrubbed by value as well.
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

/** Keys that are not librdkafka's own (misspelt, or from another client) are judged by their words. */
const SENSITIVE_WORDS = /passw|passphrase|secret|private|credential|token$|\.pem$|jaas/i;

const MASK = '***';
const URL_LOGIN = /(\/\/)[^/\s@]+@/g;
const JSON_WEB_TOKEN = /\beyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?/g;

/** Whether the value of this key must not be shown. */
export function isSensitive(key: string): boolean {
  const name = key.toLowerCase();
  return SENSITIVE.has(name) || SENSITIVE_WORDS.test(name);
}

/** A copy of a configuration that can be printed: secrets replaced, also in nested objects and in URLs. */
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

/** Knows the secrets of one client and takes them out of text. Shows none of them itself. */
export class Redactor {
  readonly #secrets = new Set<string>();
  #pattern: RegExp | undefined;

  constructor(entries: Iterable<readonly [key: string, value: string]> = []) {
    for (const [key, value] of entries) {
      for (const [login] of value.matchAll(URL_LOGIN)) for (const part of login.slice(2, -1).split(':')) this.add(part);
      if (isSensitive(key)) this.add(value);
    }
  }

  /** Adds a secret that is not in the configuration, such as a token. */
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

/** librdkafka also prints ends of a value (`beginning at: …`) and single lines of it. */
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
    // A short one is often a part of something harmless; a long one may have been cut off by a message's size limit.
    if (secret.length < 8) return [`(?<![\\w.-])${quoted(secret)}(?![\\w.-])`];
    return secret.length < 16 ? [quoted(secret)] : [quoted(secret), `${quoted(secret.slice(0, 12))}\\S*`];
  });
  return new RegExp(alternatives.join('|'), 'g');
}

const quoted = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
