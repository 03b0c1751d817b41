import type { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import type { TopicPartitionOffset } from '../../core/partition';
import type { MessageBatch } from '../../message/batch';
import type { Message } from '../../message/message';
import type { BatchHandler, MessageHandler } from '../run/failure';
import type { RunBatchOptions, RunOptions, RunSummary } from '../run/options';
import type { CommitMode, StopOptions, StopSummary } from './options';
import type { PartitionStream } from './partitions';

/**
 * Messages of some topics, read in one of several ways, one at a time (`StreamBusyError`). Within a partition messages come
 * in offset order, each once until the partition is reassigned; across partitions there is no order. Unacknowledged
 * messages bound how far reading runs ahead.
 */
export interface KafkaStream<K, V> extends AsyncIterable<MessageBatch<K, V>>, AsyncDisposable {
  /** `stream(orders)`, for messages of errors. */
  readonly name: string;
  /** When a message counts as processed. */
  readonly mode: CommitMode;

  /**
   * The next batch; null at the end.
   *
   * @throws StreamBusyError; AbortError when `signal` is aborted first; KafkaError when the stream failed.
   */
  take(options?: { signal?: AbortSignal }): Promise<MessageBatch<K, V> | null>;

  /** Iterates over batches: `for await (const batch of stream)`. Leaving the loop stops at once and acknowledges nothing. */
  [Symbol.asyncIterator](): AsyncIterableIterator<MessageBatch<K, V>>;

  /** Iterates over single messages. Batches are faster. */
  messages(): AsyncIterableIterator<Message<K, V>>;

  /** Batches as they come. */
  readonly batches$: Observable<MessageBatch<K, V>>;

  /** Messages one by one, keys and values decoded before `next`. */
  readonly messages$: Observable<Message<K, V>>;

  /** One stream per assigned partition; each completes when its partition is revoked. */
  readonly partitions$: Observable<PartitionStream<K, V>>;

  /** A Node stream of batches. */
  readable(): Readable;

  /** Ends of partitions, each after the last message before it was handed out. */
  readonly eof$: Observable<TopicPartitionOffset>;

  /**
   * Calls `handler` for every message and acknowledges the message when the handler has resolved; see {@link RunOptions}.
   *
   * @throws HandlerError when a handler failed for good; ArgumentError; StreamBusyError
   */
  run(handler: MessageHandler<K, V>, options?: RunOptions<K, V>): Promise<RunSummary>;

  /**
   * Calls `handler` for every batch and acknowledges the batch when the handler has resolved. One at a time per partition.
   *
   * @throws HandlerError when a handler failed for good; ArgumentError; StreamBusyError
   */
  runBatch(handler: BatchHandler<K, V>, options?: RunBatchOptions<K, V>): Promise<RunSummary>;

  /**
   * Ends the stream in an orderly way: no more deliveries, the open batch is handed out, delivered messages are waited for,
   * then committed. Readers see the end after that.
   */
  stop(options?: StopOptions): Promise<StopSummary>;

  /** `await using stream = …` stops it. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A stream whatever its key and value types. */
export type AnyStream = KafkaStream<never, never>;
