import { abortSignal, deserializer, millisecondsOrInfinity, objectWith, oneOf } from '../../core/check';
import type { TopicPartitionOffset } from '../../core/partition';
import type { Deserializer } from '../../serde/serde';
import type { Abandoned } from '../events';
import { type BatchOptions, batchOptions } from './batcher';

/**
 * When a message counts as done. `ack`: when it is acknowledged (default with a group). `delivery`: when it is handed
 * out. `none`: likewise, and nothing is ever committed (default without a group).
 */
export type CommitMode = 'ack' | 'delivery' | 'none';

export interface StreamOptions<K, V> {
  /** Default: bytes. */
  readonly key?: Deserializer<K> | null;
  /** Default: bytes. */
  readonly value?: Deserializer<V> | null;
  /** Default: a batch is what arrived together. */
  readonly batch?: BatchOptions;
  readonly commit?: CommitMode;
  /**
   * `eof`: ends when every partition first assigned has reached the end it had then, and gives up its topics when all
   * of that is acknowledged. Default `forever`.
   */
  readonly until?: 'forever' | 'eof';
  /** What happens on a push surface to a message that cannot be decoded. Default `stop`: the surface ends with its error. */
  readonly onDecodeError?: 'stop' | 'skip';
  /** Ends the stream as {@link KafkaStream.stop} does. */
  readonly signal?: AbortSignal;
}

export interface StopOptions {
  /** How long to wait for messages that are being processed. Default 10,000 ms. */
  readonly drainMs?: number;
}

const own = {
  batch: batchOptions,
  commit: oneOf('ack', 'delivery', 'none'),
  until: oneOf('forever', 'eof'),
  onDecodeError: oneOf('stop', 'skip'),
  signal: abortSignal,
};

export const streamOptions = objectWith<StreamOptions<unknown, unknown>>("a stream's options", {
  ...own,
  key: deserializer,
  value: deserializer,
});

/** Of the consumer's own streams, which decode with its deserializers. */
export const ownStreamOptions = objectWith<Omit<StreamOptions<unknown, unknown>, 'key' | 'value'>>(
  "a stream's options",
  own,
);

export const stopOptions = objectWith<StopOptions>('the options of stop()', { drainMs: millisecondsOrInfinity });

export interface StopSummary {
  /** Everything delivered was done, and committed where there is something to commit. */
  readonly drained: boolean;
  /** Delivered and not done. Somebody gets them again. */
  readonly abandoned: readonly Abandoned[];
  /** The offsets committed last. */
  readonly committed: readonly TopicPartitionOffset[];
  readonly waitedMs: number;
}
