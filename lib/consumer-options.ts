import type { ClientOptions } from './client';
import { ArgumentError } from './errors';
import type { NativeConsumerOptions } from './native';
import type { Deserializer } from './serdes';
import type { CreditLimits } from './stream/batcher';
import type { CommitOptions } from './stream/committer';
import type { RebalanceOptions } from './stream/rebalance';
import type { StreamOptions } from './stream/stream';
import type { WatchOptions } from './stream/watch';

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

const CREDIT: CreditLimits = { laneMessages: 65_536, laneBytes: 8 << 20, totalBytes: 64 << 20 };

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

/** The limits, with the defaults of those left out. @throws ArgumentError */
export function creditOf(given: Partial<CreditLimits> = {}): CreditLimits {
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw new ArgumentError(`credit.${name} must be a positive integer, not ${value}`);
    }
  }
  return { ...CREDIT, ...given };
}
