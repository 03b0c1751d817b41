import type { TopicPartition } from '../core/partition';
import type { CreditLimits } from './credit';
import { Block } from './lane/block';
import type { Lane } from './lane/lane';

/** What an assigned partition has under way. */
export interface PartitionFlow extends TopicPartition {
  /** Messages received and not delivered. */
  readonly buffered: number;
  /** Messages delivered and not done. */
  readonly unacked: number;
  /** Memory that counts against the credit. */
  readonly bytes: number;
  /** Nothing is left to deliver, and no more is taken before something is acknowledged. */
  readonly gated: boolean;
  /** By `pause()`. */
  readonly paused: boolean;
  /** Offset of the first message that is not done; null while it is not known. */
  readonly offset: number | null;
  /** From there to the end of the partition, as of the last fetch; null while it is not known. */
  readonly lag: number | null;
}

/** What came of a topic since the consumer was made. Messages that came twice count twice. */
export interface TopicFlow {
  /** Messages received. */
  readonly received: number;
  /** The memory they took. */
  readonly bytes: number;
  /** Messages done: acknowledged, or delivered where that counts. */
  readonly done: number;
}

/** What a consumer has under way, and what became of the messages before. */
export interface ConsumerFlow {
  readonly partitions: readonly PartitionFlow[];
  /** By their names. */
  readonly topics: ReadonlyMap<string, TopicFlow>;
  /** Memory of all partitions that counts against the credit. */
  readonly bytes: number;
  /** The limits: see `ConsumerOptions.credit`. */
  readonly credit: CreditLimits;
}

/** Counts what becomes of messages, by topic. */
export class Tally {
  readonly topics = new Map<string, { -readonly [K in keyof TopicFlow]: number }>();

  of(topic: string) {
    let counts = this.topics.get(topic);
    if (counts === undefined) {
      counts = { received: 0, bytes: 0, done: 0 };
      this.topics.set(topic, counts);
    }
    return counts;
  }
}

/** Memory of some lanes that counts against the credit. */
export function bytesOf(lanes: readonly Lane[]): number {
  return lanes.reduce((sum, lane) => sum + lane.outstanding.bytes, 0);
}

/**
 * Nothing is left to deliver, and the native layer takes no more before something is acknowledged: it stops at a limit
 * and goes on below half of it. `all`: {@link bytesOf} all lanes.
 */
export function isGated(lane: Lane, { laneMessages, laneBytes, totalBytes }: CreditLimits, all: number): boolean {
  if (lane.buffered > 0 || lane.isBlocked(Block.paused)) return false;
  const { messages, bytes } = lane.outstanding;
  return messages >= laneMessages / 2 || bytes >= laneBytes / 2 || all >= totalBytes / 2;
}

/** `endOf` tells the end of a partition without asking anybody, null when it does not know. */
export function flowOf(
  lanes: readonly Lane[],
  credit: CreditLimits,
  { topics }: Tally,
  endOf: (at: TopicPartition) => number | null,
): ConsumerFlow {
  const bytes = bytesOf(lanes);
  const partitions = lanes.map((lane): PartitionFlow => {
    const { topic, partition, buffered, unacked, watermark, outstanding } = lane;
    const end = watermark < 0 ? null : endOf(lane);
    return {
      topic,
      partition,
      buffered,
      unacked,
      bytes: outstanding.bytes,
      gated: isGated(lane, credit, bytes),
      paused: lane.isBlocked(Block.paused),
      offset: watermark < 0 ? null : watermark,
      // What is done may be further than what the last fetch said.
      lag: end === null ? null : Math.max(0, end - watermark),
    };
  });
  return { partitions, topics: new Map([...topics].map(([name, counts]) => [name, { ...counts }])), bytes, credit };
}
