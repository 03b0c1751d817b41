import { given } from '../core/describe';
import { ArgumentError } from '../core/errors';
import { checkPartition, type OffsetToCommit } from '../core/partition';
import { MessageBatch } from '../message/batch';
import { Message } from '../message/message';

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
