/** Places in partitions, as users give them. */
import { given } from './describe';
import { ArgumentError, type NativeError } from './errors';

/** Where to read: an offset from 0, or where the log begins or ends, or what the group has committed. */
export type StartOffset = number | bigint | 'beginning' | 'end' | 'stored';

/** A partition to read. Without an offset: the committed one, else what `auto.offset.reset` says. */
export interface PartitionStart extends TopicPartition {
  readonly offset?: StartOffset;
}

/** librdkafka's numbers for them. */
export const LOGICAL = { beginning: -2, end: -1, stored: -1001 } as const;

/** C would end it at a NUL. */
export const isTopic = (topic: unknown): topic is string =>
  typeof topic === 'string' && topic !== '' && !topic.includes('\0');

/** Kafka's numbers have 32 bits. */
export const isPartition = (partition: unknown): boolean =>
  Number.isInteger(partition) && (partition as number) >= 0 && (partition as number) < 2 ** 31;

/** `form`: what is wanted, in words. @throws ArgumentError */
export function checkPartition(at: TopicPartition, form = '{ topic, partition }'): void {
  if (typeof at !== 'object' || at === null) throw new ArgumentError(`${form} is needed, not ${given(at)}`);
  const { topic, partition } = at;
  if (!isTopic(topic)) {
    throw new ArgumentError(`${form} is needed: topic must be a non-empty string, not ${given(topic)}`);
  }
  if (!isPartition(partition)) {
    throw new ArgumentError(
      `the partition of ${topic} must be an integer from 0 to 2147483647, not ${given(partition)}`,
    );
  }
}

/** @throws ArgumentError */
export function checkPartitions(list: readonly TopicPartition[], what: string, form = '{ topic, partition }'): void {
  if (!Array.isArray(list)) throw new ArgumentError(`${what} takes an array of ${form}, not ${given(list)}`);
  for (const at of list) checkPartition(at, form);
}

/** As the native side takes it. @throws ArgumentError */
export function offsetOf({ topic, partition }: TopicPartition, offset: StartOffset): number {
  if (typeof offset === 'string' && Object.hasOwn(LOGICAL, offset)) return LOGICAL[offset];
  if (typeof offset === 'bigint' && offset >= 0n && offset < 1n << 63n) {
    // The native side takes a BigInt as it is; numbers would lose digits.
    return offset <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(offset) : (offset as unknown as number);
  }
  if (typeof offset === 'number' && Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new ArgumentError(
    `the offset of ${topic}/${partition} must be an integer from 0 (a bigint beyond 2^53), 'beginning', 'end' or ` +
      `'stored', not ${given(offset)}`,
  );
}

/** A topic and partition. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A position in a partition. Negative offsets are librdkafka's logical ones: -2 beginning, -1 end, -1001 stored. */
export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number;
}

/** The next offset to read, as it is committed. */
export interface OffsetToCommit extends TopicPartitionOffset {
  readonly leaderEpoch?: number;
  readonly metadata?: string;
}

/** The broker's answer for one partition of a commit. */
export interface CommitOutcome extends TopicPartitionOffset {
  readonly error: NativeError | null;
}
