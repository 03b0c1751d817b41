import { type ClientOptions, clientOptions } from '../client/options';
import { deserializer, mustBe, objectWith } from '../core/check';
import { given, list } from '../core/describe';
import type { NativeConsumerOptions } from '../native/interface';
import type { Deserializer } from '../serde/serde';
import { type CommitOptions, commitOptions } from './committer';
import { type CreditLimits, creditOptions } from './credit';
import { type RebalanceOptions, rebalanceOptions } from './rebalance-options';
import { ownStreamOptions, type StreamOptions, streamOptions } from './stream/options';
import { type WatchOptions, watchOptions } from './watch-options';

export type MessageField = 'key' | 'value' | 'timestamp' | 'headers';

export interface Deserializers<K, V> {
  readonly key?: Deserializer<K>;
  readonly value?: Deserializer<V>;
}

/** Options of a consumer, beside the configuration of librdkafka. */
export interface ConsumerOptions extends ClientOptions, WatchOptions {
  /** What may be delivered and not done: per partition 65,536 messages and 8 MiB, in all 64 MiB. */
  readonly credit?: Partial<CreditLimits>;
  /** When acknowledged offsets are committed. */
  readonly commits?: CommitOptions;
  /** How long a revocation waits, and hooks. */
  readonly rebalance?: RebalanceOptions;
  /** Parts of a message to fetch; the others read as null or none, and cost nothing. Default: all. */
  readonly fields?: readonly MessageField[];
  /** Options of the streams of the consumer itself (`batches$`, `messages$`, `take`, …). */
  readonly stream?: Omit<StreamOptions<unknown, unknown>, 'key' | 'value'>;
}

const FIELDS: readonly MessageField[] = ['key', 'value', 'timestamp', 'headers'];

const deserializersOf = objectWith<Deserializers<unknown, unknown>>('the deserializers', {
  key: deserializer,
  value: deserializer,
});

const optionsOf = objectWith<ConsumerOptions>("a consumer's options", {
  ...clientOptions,
  ...watchOptions,
  credit: creditOptions,
  commits: commitOptions,
  rebalance: rebalanceOptions,
  fields: mustBe(
    `an array of ${list(FIELDS)}`,
    (value) => Array.isArray(value) && value.every((field) => FIELDS.includes(field)),
    (value) => (Array.isArray(value) ? `[${list(value.map(String))}]` : given(value)),
  ),
  stream: ownStreamOptions,
});

/** What a consumer is made with, beside its configuration. @throws ArgumentError */
export function checkConsumer(options: ConsumerOptions, deserializers: Deserializers<never, never>): void {
  deserializersOf(deserializers, '');
  optionsOf(options, '');
}

/** Options of a stream, with the consumer's deserializers where it has none of its own. @throws ArgumentError */
export function withDeserializers<K, V>(
  options: StreamOptions<K, V>,
  { key, value }: Deserializers<K, V>,
): StreamOptions<K, V> {
  streamOptions(options, '');
  const { key: ownKey = key, value: ownValue = value } = options;
  return {
    ...options,
    ...(ownKey !== undefined && { key: ownKey }),
    ...(ownValue !== undefined && { value: ownValue }),
  };
}

/** As the native side takes them. */
export function nativeOptions(
  options: ConsumerOptions,
  credit: CreditLimits,
  { key, value }: Deserializers<unknown, unknown>,
): NativeConsumerOptions {
  const wanted = (field: MessageField) => options.fields?.includes(field) ?? true;
  return {
    ...credit,
    revokeDrainMs: options.rebalance?.drainMs ?? 15_000,
    holdAssign: options.rebalance?.onAssigned !== undefined,
    key: wanted('key'),
    value: wanted('value'),
    timestamp: wanted('timestamp'),
    headers: wanted('headers'),
    scanKeys: key?.fromAscii !== undefined,
    scanValues: value?.fromAscii !== undefined,
  };
}
