import { given } from '../core/describe';
import { ArgumentError, StateError } from '../core/errors';
import { checkPartition, type OffsetToCommit, type TopicPartition } from '../core/partition';
import type { AckTarget } from '../message/ack';
import { type AnyBatch, MessageBatch } from '../message/batch';
import { type AnyMessage, Message } from '../message/message';
import type { LaneOffset } from './source';

/** What `commit()` takes. */
export type Committable<K, V> = OffsetToCommit | readonly OffsetToCommit[] | Message<K, V> | MessageBatch<K, V>;

/**
 * The offsets that a message, a batch or an offset stands for. A subscribed consumer commits for its own partitions alone:
 * any other has another owner, whose commits these would undo.
 *
 * @param laneOf - the present assignment of a partition; null: the application assigns partitions itself
 * @throws ArgumentError; StateError when a partition is not this member's, or was reassigned since the message was delivered
 */
export function offsetsToCommit<K, V>(
  what: Committable<K, V>,
  laneOf: ((at: TopicPartition) => { readonly id: number } | undefined) | null,
): LaneOffset[] {
  if (what instanceof Message) {
    const { topic, partition, offset, leaderEpoch } = what;
    const { lane } = (what as unknown as AnyMessage).chunk;
    return [ofLane({ topic, partition, offset: offset + 1, leaderEpoch }, lane, laneOf !== null)];
  }
  if (what instanceof MessageBatch) {
    const lanes = new Set((what as unknown as AnyBatch).segments.map(({ chunk }) => chunk.lane));
    return what.ends().map((at, i) => ofLane(at, [...lanes][i] as AckTarget, laneOf !== null));
  }
  const list = (Array.isArray(what) ? what : [what]) as readonly OffsetToCommit[];
  return list.map((at) => {
    checkPartition(at, '{ topic, partition, offset }, a message or a batch');
    const { topic, partition } = at;
    if (!Number.isSafeInteger(at.offset) || at.offset < 0) {
      throw new ArgumentError(
        `the offset to commit for ${topic}/${partition} must be an integer from 0, not ${given(at.offset)}`,
      );
    }
    if (laneOf === null) return at;
    const lane = laneOf(at);
    if (lane !== undefined) return { ...at, lane: lane.id };
    throw new StateError(
      `${topic}/${partition} is not assigned to this consumer: in a group only the owner of a partition commits its offsets`,
    );
  });
}

function ofLane(at: OffsetToCommit, lane: AckTarget, owned: boolean): LaneOffset {
  if (!owned) return at;
  if (lane.signal.aborted) {
    throw new StateError(
      `${at.topic}/${at.partition} was taken away since this message was delivered (${lane.signal.reason}): its new owner ` +
        'reads it again, and may have committed a later offset',
    );
  }
  return { ...at, lane: lane.id };
}
