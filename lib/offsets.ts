/** Places in partitions, as users give them. */
import { MessageBatch } from './batch';
import { ArgumentError } from './errors';
import { Message } from './message';
import type { OffsetToCommit, TopicPartition } from './stream/lane-source';
import { given } from './wording';

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

/** The offsets that a message, a batch or an offset stands for. @throws ArgumentError */
export function offsetsToCommit<K, V>(
  what: OffsetToCommit | readonly OffsetToCommit[] | Message<K, V> | MessageBatch<K, V>,
): OffsetToCommit[] {
  if (what instanceof Message) {
    const { topic, partition, offset, leaderEpoch } = what;
    return [{ topic, partition, offset: offset + 1, leaderEpoch }];
  }
  if (what instanceof MessageBatch) {
    return what.ends();
  }
  const list = Array.isArray(what) ? what : [what];
  for (const at of list as OffsetToCommit[]) {
    checkPartition(at, '{ topic, partition, offset }, a message or a batch');
    if (!Number.isSafeInteger(at.offset) || at.offset < 0) {
      throw new ArgumentError(
        `the offset to commit for ${at.topic}/${at.partition} must be an integer from 0, not ${given(at.offset)}`,
      );
    }
  }
  return list as OffsetToCommit[];
}
