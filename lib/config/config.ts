import { inspect } from 'node:util';
import { describe, list, nearestNames, show } from '../core/describe';
import { ConfigError, type KafkaError, type NativeError, UnsupportedError } from '../core/errors';
import {
  type AdminConfig,
  type ConfigProperty,
  type ConfigScope,
  type ConsumerConfig,
  clientDefaults,
  configProperties,
  type ProducerConfig,
  unavailableKeys,
} from '../generated/config';
import { capabilities, requireSupport } from '../native/capabilities';
import { isSensitive, maskConfig, Redactor } from './secrets';

export interface ConfigOptions {
  /**
   * Allows keys that make librdkafka load code or run commands: `plugin.library.paths`, `ssl.engine.location`, `ssl.providers`,
   * `sasl.kerberos.kinit.cmd`. They are rejected unless they are listed here.
   */
  allowUnsafeConfig?: readonly string[];
  /** Version of the linked librdkafka: settings that it does not support are rejected. */
  librdkafka?: string;
}

type Kind = 'consumer' | 'producer' | 'admin';

const SCOPE: Record<Kind, ConfigScope> = { consumer: 'C', producer: 'P', admin: '*' };
const FOREIGN: Record<ConfigScope, string> = { C: 'consumers', P: 'producers', '*': 'every client' };
const POLLUTING = new Set(['__proto__', 'constructor', 'prototype']);
const UNSAFE = new Set(['plugin.library.paths', 'ssl.engine.location', 'ssl.providers', 'sasl.kerberos.kinit.cmd']);

/** librdkafka puts these into a shell command. */
const IN_SHELL = new Set(['sasl.kerberos.principal', 'sasl.kerberos.keytab', 'sasl.kerberos.service.name']);

/** Alternatives to keys that make sense in C only, or that other clients have. */
const INSTEAD: Record<string, string> = {
  consume_cb: 'messages come through a stream: messages$, batches$, for await, or run()',
  'delivery.report.only.error': 'send() resolves with the delivery report of each record',
  dr_cb: 'use the promise of send(), or deliveries$',
  dr_msg_cb: 'use the promise of send(), or deliveries$',
  error_cb: 'use errors$',
  event_cb: 'use events$',
  log_cb: 'use logs$',
  'log.queue': 'logs always come through logs$',
  enabled_events: 'use events$',
  offset_commit_cb: "commit() resolves on the broker's answer, and events$ reports it as 'commit'",
  oauthbearer_token_refresh_cb: "use the client option 'oauthBearerToken'",
  opaque: 'send() returns a promise for each record',
  partitioner_cb: "set 'partition' in the record, or choose a 'partitioner'",
  rebalance_cb: 'use rebalances$, or the hooks onAssigned, onRevoked and onLost',
  stats_cb: "set 'statistics.interval.ms' and use statistics$",
  throttle_cb: "use events$ with type 'throttle'",
  'builtin.features': 'it is read-only',
  'max.poll.records': 'it is for share consumers, which this library does not have',
  'share.acknowledgement.mode': 'it is for share consumers, which this library does not have',
  'sasl.jaas.config': "use 'sasl.username' and 'sasl.password'",
  'ssl.truststore.location': "use 'ssl.ca.location' with a PEM file",
  'ssl.truststore.password': "use 'ssl.ca.location' with a PEM file",
};

/** Names of other Kafka clients that no edit distance finds. */
const SYNONYMS: Record<string, string> = { brokers: 'bootstrap.servers', rebalanceTimeout: 'max.poll.interval.ms' };

/**
 * A checked configuration, as text for `rd_kafka_conf_set()`. Holds copies only. Prints without secrets.
 */
export class ClientConfig {
  readonly #values: ReadonlyMap<string, string>;
  readonly #redactor: Redactor;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
    this.#redactor = new Redactor(values);
  }

  /** The settings with their secrets, for the addon only. */
  entries(): [key: string, value: string][] {
    return [...this.#values];
  }

  /** The effective value, under any alias of the key: configured, set by this library, or librdkafka's default. */
  get(key: string): string | undefined {
    const { alias = key } = propertyOf(key) ?? {};
    for (const [name, value] of this.#values) if (canonical(name) === alias) return value;
    const fallback = propertyOf(alias)?.default;
    return fallback === undefined ? undefined : String(fallback);
  }

  /** {@link get} as a number. */
  number(key: string): number {
    return Number(this.get(key));
  }

  /** {@link get} as a boolean. */
  flag(key: string): boolean {
    return this.get(key) === 'true';
  }

  /** Redacts this client's secrets in a text. */
  redact = (text: string): string => this.#redactor.redact(text);

  /** Adds a secret for {@link redact}, such as a token. */
  addSecret(secret: string): void {
    this.#redactor.add(secret);
  }

  toJSON(): Record<string, unknown> {
    return maskConfig(Object.fromEntries(this.#values));
  }

  [inspect.custom](): Record<string, unknown> {
    return this.toJSON();
  }
}

/** @throws ConfigError for the first mistake; UnsupportedError when the linked librdkafka is too old */
export function normalizeConsumerConfig(config: ConsumerConfig, options?: ConfigOptions): ClientConfig {
  return normalize('consumer', config, options);
}

/** @throws ConfigError for the first mistake; UnsupportedError when the linked librdkafka is too old */
export function normalizeProducerConfig(config: ProducerConfig, options?: ConfigOptions): ClientConfig {
  return normalize('producer', config, options);
}

/** @throws ConfigError for the first mistake; UnsupportedError when the linked librdkafka is too old */
export function normalizeAdminConfig(config: AdminConfig, options?: ConfigOptions): ClientConfig {
  return normalize('admin', config, options);
}

/** The group id, for methods that need one. @throws ConfigError without one */
export function requireGroup(config: ClientConfig, what: string): string {
  const group = config.get('group.id');
  if (group) return group;
  const message = `${what} needs a consumer group: set 'group.id', or use assign() to read without one`;
  throw new ConfigError(message, { key: 'group.id' });
}

/** The error for a setting that passed our checks but that `rd_kafka_conf_set()` or `rd_kafka_new()` rejects. */
export function configErrorFromNative(
  error: Pick<NativeError, 'message'>,
  config: ClientConfig,
  linked: string,
): KafkaError {
  // Values are checked before, so librdkafka rejects these only for features that it was built without.
  const refused = /refused the value of "([^"]+)"/.exec(error.message)?.[1] ?? '';
  if (/^(sasl\.oauthbearer|https)\./.test(refused)) {
    return fail(
      refused,
      "needs a librdkafka with curl, and this one has none: use the platform's package, build with " +
        "RDKAFKA_RX_CURL=static, or return tokens from the option 'oauthBearerToken'",
    );
  }
  if (/^compression\.(codec|type)$/.test(refused)) {
    return fail(
      refused,
      `needs a librdkafka built with ${config.get(refused)}, and this one was not: use another codec or the platform's ` +
        'package, or install what the build reported as missing and build again',
    );
  }
  const unknown = /does not know the property "([^"]+)"/.exec(error.message)?.[1];
  if (unknown === undefined)
    return new ConfigError(`librdkafka refuses the configuration: ${config.redact(error.message)}`);
  const needed = Object.hasOwn(capabilities, unknown) ? capabilities[unknown as keyof typeof capabilities] : undefined;
  if (needed) return new UnsupportedError(`'${unknown}'`, needed, linked);
  return fail(unknown, `is unknown to the linked librdkafka ${linked}; leave it out, or build with a newer one`);
}

function fail(key: string, what: string): ConfigError {
  return new ConfigError(`'${key}' ${what}`, { key });
}

function propertyOf(key: string): ConfigProperty | undefined {
  return Object.hasOwn(configProperties, key) ? configProperties[key] : undefined;
}

const isFor = (kind: Kind, { scope }: ConfigProperty) => scope === '*' || scope === SCOPE[kind];

const canonical = (key: string) => propertyOf(key)?.alias ?? key;

function normalize(kind: Kind, config: unknown, options: ConfigOptions = {}): ClientConfig {
  const values = new Map<string, string>();
  const names = new Map<string, string>();
  for (const [key, value] of settings(config)) {
    const text = check(kind, key, value, options);
    const known = names.get(canonical(key));
    if (known === undefined) {
      names.set(canonical(key), key);
      values.set(key, text);
    } else if (values.get(known) !== text) {
      throw fail(
        key,
        known === key
          ? 'is given twice with different values'
          : `and '${known}' are the same setting with different values`,
      );
    }
  }
  if (!values.get(names.get('metadata.broker.list') ?? '')) {
    throw fail('bootstrap.servers', "is required: one or more brokers, such as 'localhost:9092'");
  }
  for (const [key, value] of Object.entries(clientDefaults)) {
    if (isFor(kind, propertyOf(key) as ConfigProperty) && !names.has(canonical(key))) values.set(key, String(value));
  }
  if (kind === 'consumer') values.set('enable.partition.eof', 'true');
  return new ClientConfig(values);
}

/** The settings of the user's object, with the nested topic configuration flattened. */
function* settings(config: unknown, nested = false): Generator<[key: string, value: unknown]> {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    const what = nested ? "'default.topic.config'" : 'The configuration';
    throw new ConfigError(`${what} must be an object of librdkafka's keys, not ${describe(config)}`);
  }
  for (const [key, value] of Object.entries(config)) {
    if (value === undefined || POLLUTING.has(key)) continue;
    if (key === 'default.topic.config' && !nested) yield* settings(value, true);
    else yield [key, value];
  }
}

function check(kind: Kind, key: string, value: unknown, { allowUnsafeConfig, librdkafka }: ConfigOptions): string {
  const property = propertyOf(key);
  if (!property) throw unknownKey(kind, key);
  if (!isFor(kind, property)) {
    throw fail(
      key,
      `is for ${FOREIGN[property.scope]}; ${kind === 'admin' ? 'an admin client' : `a ${kind}`} does not have it`,
    );
  }
  if (value === null) throw fail(key, 'is null; leave the key out to get the default');
  const text = convert(key, property, value);
  if (text.includes('\0')) throw fail(key, 'has a NUL character, which librdkafka cannot take');
  const allowed = allowUnsafeConfig?.includes(key) ?? false;
  if (UNSAFE.has(key) && !allowed) {
    throw fail(
      key,
      'makes librdkafka load code or run commands; list it in the option allowUnsafeConfig to allow that',
    );
  }
  if (IN_SHELL.has(key) && !allowed && /[^\w@/.:+ -]/.test(text)) {
    throw fail(key, 'is used in a shell command and has special characters; see allowUnsafeConfig');
  }
  if (key === 'enable.auto.offset.store' && text === 'true') {
    throw fail(key, 'is always false here: offsets are stored when messages are acknowledged; leave it out');
  }
  if (librdkafka) for (const feature of [key, `${key}=${text}`]) requireSupport(feature, librdkafka);
  return text;
}

function convert(key: string, property: ConfigProperty, value: unknown): string {
  const { type, values = [] } = property;
  const wrong = (allowed: string) =>
    fail(key, `must be ${allowed}, not ${isSensitive(key) ? describe(value) : show(value)}`);
  const oneOf = (word: string) => values.find((allowed) => allowed.toLowerCase() === word.trim().toLowerCase());
  switch (type) {
    case 'bool': {
      const text = String(value).toLowerCase();
      if ((typeof value === 'boolean' || typeof value === 'string') && /^(true|false)$/.test(text)) return text;
      throw wrong('true or false');
    }
    case 'int':
    case 'float': {
      if (typeof value === 'string' && oneOf(value)) return oneOf(value) as string;
      const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = property;
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      const fits = typeof number === 'number' && number >= min && number <= max;
      if (fits && (type === 'float' || Number.isInteger(number))) return String(number);
      const word = values.length > 0 ? `, or ${list(values)}` : '';
      throw wrong(`${type === 'int' ? 'a whole number' : 'a number'} from ${min} to ${max}${word}`);
    }
    case 'enum': {
      const found = typeof value === 'string' ? oneOf(value) : undefined;
      if (found !== undefined) return found;
      throw wrong(`one of ${list(values)}`);
    }
    case 'flags':
    case 'csv': {
      const items = typeof value === 'string' ? value.split(',') : value;
      const free = type === 'csv';
      const accepted = (item: unknown) =>
        typeof item === 'string' &&
        (free ? !item.includes(',') : oneOf(item.trim().replace(/^[+-]/, '')) !== undefined);
      if (Array.isArray(items) && items.every(accepted)) return items.map((item: string) => item.trim()).join(',');
      throw wrong(
        free ? 'a string, or an array of strings without commas' : `any of ${list(values)}, as an array or with commas`,
      );
    }
    default:
      if (typeof value === 'string') return value;
      throw wrong('a string');
  }
}

function unknownKey(kind: Kind, key: string): ConfigError {
  if (Object.hasOwn(INSTEAD, key)) return fail(key, `is not available here: ${INSTEAD[key]}`);
  if (unavailableKeys.includes(key)) return fail(key, 'is not available here: it makes sense in a C program only');
  const near = suggestions(kind, key).map((name) => `'${name}'`);
  const question = near.length > 0 ? `; did you mean ${near.join(' or ')}?` : "; see librdkafka's CONFIGURATION.md";
  return fail(key, `is not a configuration key${question}`);
}

function suggestions(kind: Kind, key: string): string[] {
  const synonym = Object.hasOwn(SYNONYMS, key) ? SYNONYMS[key] : undefined;
  if (synonym !== undefined) return [synonym];
  const known = Object.keys(configProperties).filter((name) => isFor(kind, configProperties[name] as ConfigProperty));
  return nearestNames(key, known, 3);
}
