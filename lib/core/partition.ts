/** Topics, partitions and offsets, and their checks. */
import { given } from './describe';
import { ArgumentError, type NativeError } from './errors';

/** A topic and partition. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A position in a partition. Negative offsets are librdkafka's logical ones: -2 beginning, -1 end, -1001 stored. */
export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number;
}

/** An offset to commit: that of the next message to read. */
export interface OffsetToCommit extends TopicPartitionOffset {
  readonly leaderEpoch?: number;
  readonly metadata?: string;
}

/** The broker's answer to a commit for one partition. */
export interface CommitOutcome extends TopicPartitionOffset {
  readonly error: NativeError | null;
}

/** Where to start reading: an offset from 0, the beginning or the end of the log, or the group's committed offset. */
export type StartOffset = number | bigint | 'beginning' | 'end' | 'stored';

/** A partition to read. Without an offset: the committed one, or else by `auto.offset.reset`. */
export interface PartitionStart extends TopicPartition {
  readonly offset?: StartOffset;
}

/** librdkafka's logical offsets. */
export const LOGICAL = { beginning: -2, end: -1, stored: -1001 } as const;

/** A usable topic name: a C string ends at NUL. */
export const isTopic = (topic: unknown): topic is string =>
  typeof topic === 'string' && topic !== '' && !topic.includes('\0');

/** @throws ArgumentError naming `what` is not a topic name */
export function checkTopicName(topic: unknown, what = 'a topic'): asserts topic is string {
  if (!isTopic(topic)) throw new ArgumentError(`${what} must be a non-empty string, not ${given(topic)}`);
}

/** Partition numbers are signed 32-bit integers in Kafka's protocol. */
export const isPartition = (partition: unknown): boolean =>
  Number.isInteger(partition) && (partition as number) >= 0 && (partition as number) < 2 ** 31;

/** `form` names the expected fields. @throws ArgumentError */
export function checkPartition(at: TopicPartition, form = '{ topic, partition }'): void {
  if (typeof at !== 'object' || at === null) throw new ArgumentError(`${form} is needed, not ${given(at)}`);
  const { topic, partition } = at;
  checkTopicName(topic, `${form} is needed: topic`);
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

/** An offset in the form that the addon takes. @throws ArgumentError */
export function offsetOf({ topic, partition }: TopicPartition, offset: StartOffset): number {
  if (typeof offset === 'string' && Object.hasOwn(LOGICAL, offset)) return LOGICAL[offset];
  if (typeof offset === 'bigint' && offset >= 0n && offset < 1n << 63n) {
    // The addon takes a BigInt unchanged; a number would lose digits.
    return offset <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(offset) : (offset as unknown as number);
  }
  if (typeof offset === 'number' && Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new ArgumentError(
    `the offset of ${topic}/${partition} must be an integer from 0 (a bigint beyond 2^53), 'beginning', 'end' or ` +
      `'stored', not ${given(offset)}`,
  );
}
