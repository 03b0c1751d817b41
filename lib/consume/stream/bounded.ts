import { StateError } from '../../core/errors';
import type { TopicPartition } from '../../core/partition';
import type { Lane } from '../lane/lane';

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/** What a bounded read needs of its stream. */
export interface BoundedHost {
  /** The end of a partition now; undefined: the first end-of-partition event counts. */
  readonly endOffset: ((at: TopicPartition) => Promise<number>) | undefined;
  /** A revoked or lost partition may come back with the next assignment. */
  mayBeReassigned(lane: Lane): boolean;
  /** A lane may have reached its bound. */
  check(lane: Lane): void;
  reportEof(lane: Lane, offset: number): void;
  /** The partition was read up to its end. */
  finished(lane: Lane): void;
  /** Every partition was read up to its end. */
  complete(): void;
  fail(error: Error): void;
}

/** A read that ends when every partition of the first assignment was read up to its end. */
export class BoundedRead {
  /** Partitions that have not reached their end; null before the first assignment. */
  private open: Set<Lane> | null = null;
  /** Partitions among them that were revoked and may come back with the next assignment. */
  private readonly revokedForNow = new Set<string>();
  /** Their ends: a partition that comes back ends where it did. */
  private readonly ends = new Map<string, number>();

  constructor(
    private readonly host: BoundedHost,
    /** First offset not to be delivered, per partition; without it the end that a partition has when it is assigned. */
    private readonly bound: ((at: TopicPartition) => number) | undefined,
  ) {}

  get started(): boolean {
    return this.open !== null;
  }

  assigned(lanes: readonly Lane[]): void {
    if (this.open === null && lanes.length === 0) return;
    this.open ??= new Set(lanes);
    for (const lane of lanes) {
      const key = keyOf(lane);
      if (this.revokedForNow.delete(key)) this.open.add(lane);
      const end = this.bound?.(lane) ?? this.ends.get(key);
      if (end !== undefined) this.setBound(lane, end);
      else if (this.host.endOffset !== undefined) void this.findEnd(lane, this.host.endOffset);
    }
    if (this.revokedForNow.size === 0) return;
    // Partitions that did not come back are another member's to read.
    this.revokedForNow.clear();
    if (this.open.size === 0) this.host.complete();
  }

  private async findEnd(lane: Lane, endOffset: (at: TopicPartition) => Promise<number>): Promise<void> {
    try {
      const { topic, partition } = lane;
      this.noteEnd(lane, await endOffset({ topic, partition }));
      this.setBound(lane, this.ends.get(keyOf(lane)) as number);
    } catch (cause) {
      if (lane.ended === null) this.host.fail(new StateError(`Cannot find the end of ${keyOf(lane)}`, { cause }));
    }
  }

  private noteEnd(lane: Lane, offset: number): void {
    this.ends.set(keyOf(lane), Math.min(offset, this.ends.get(keyOf(lane)) ?? offset));
  }

  private setBound(lane: Lane, offset: number): void {
    if (lane.ended !== null) return;
    lane.setBound(offset);
    this.host.check(lane);
  }

  /** librdkafka reported the end of the partition. */
  reachedEof(lane: Lane): void {
    if (this.open === null) return;
    lane.boundHere();
    if (lane.position >= 0) this.noteEnd(lane, lane.position);
  }

  /** Everything up to the lane's bound was delivered. */
  laneDelivered(lane: Lane): void {
    if (this.open?.has(lane) !== true) return;
    if (lane.ended === null && this.bound === undefined) {
      const end = lane.claimEnd();
      if (end !== null) this.host.reportEof(lane, end);
    }
    this.host.finished(lane);
    if (this.open?.delete(lane) === true && this.open.size === 0) this.host.complete();
  }

  laneEnded(lane: Lane): void {
    if (this.open?.has(lane) !== true) return;
    if (lane.boundDelivered || !this.host.mayBeReassigned(lane)) {
      this.laneDelivered(lane);
      return;
    }
    this.open.delete(lane);
    this.revokedForNow.add(keyOf(lane));
  }
}
