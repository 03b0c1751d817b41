import { type RequestOptions, timeoutOf } from '../client/options';
import { given } from '../core/describe';
import { ArgumentError, ConsumeError } from '../core/errors';
import { checkPartition, checkPartitions, type TopicPartition } from '../core/partition';
import type { NativeConsumer, PartitionResult } from '../native/interface';

/** A committed offset; null when none is committed. */
export interface CommittedOffset extends TopicPartition {
  readonly offset: number | null;
  readonly metadata: string | null;
}

/** First offset of a partition, and its end: the next offset to be written. */
export interface Watermarks {
  readonly low: number;
  readonly high: number;
}

/** Runs a native request, and types its error. */
export type Request = <T>(doing: string, run: (client: NativeConsumer) => Promise<T>) => Promise<T>;

/** What the group has committed. @throws KafkaError, ArgumentError */
export async function committed(
  request: Request,
  partitions: readonly TopicPartition[],
  options: RequestOptions,
): Promise<CommittedOffset[]> {
  checkPartitions(partitions, 'committed()');
  if (partitions.length === 0) return [];
  const results = await request('Cannot get committed offsets', (client) =>
    client.committed(partitions, timeoutOf(options)),
  );
  return results.map((result) => {
    throwAt(result, 'Cannot get the committed offset of');
    const { topic, partition, offset, metadata } = result;
    return { topic, partition, offset: offset < 0 ? null : offset, metadata };
  });
}

/** First offset at or after a time; null when there is none. @throws KafkaError, ArgumentError */
export async function offsetsForTimes(
  request: Request,
  partitions: readonly (TopicPartition & { readonly timestamp: number | Date })[],
  options: RequestOptions,
): Promise<(TopicPartition & { readonly offset: number | null })[]> {
  checkPartitions(partitions, 'offsetsForTimes()', '{ topic, partition, timestamp }');
  const wanted = partitions.map(({ topic, partition, timestamp }) => {
    const offset = timestamp instanceof Date ? timestamp.getTime() : timestamp;
    if (!Number.isSafeInteger(offset) || offset < 0) {
      throw new ArgumentError(
        `the timestamp for ${topic}/${partition} must be a Date or ms since the epoch, not ${given(timestamp)}`,
      );
    }
    return { topic, partition, offset };
  });
  if (wanted.length === 0) return [];
  const results = await request('Cannot look up offsets', (client) =>
    client.offsetsForTimes(wanted, timeoutOf(options)),
  );
  return results.map((result) => {
    throwAt(result, 'Cannot look up the offset in');
    const { topic, partition, offset } = result;
    return { topic, partition, offset: offset < 0 ? null : offset };
  });
}

/** First offset and end of a partition, from its leader. @throws KafkaError, ArgumentError */
export async function watermarks(request: Request, at: TopicPartition, options: RequestOptions): Promise<Watermarks> {
  checkPartition(at);
  return request(`Cannot get the watermarks of ${at.topic}/${at.partition}`, (client) =>
    client.watermarks(at.topic, at.partition, timeoutOf(options)),
  );
}

function throwAt(result: PartitionResult, doing: string): void {
  if (result.error)
    throw ConsumeError.at(result.error, result, { doing: `${doing} ${result.topic}/${result.partition}` });
}
