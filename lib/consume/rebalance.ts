import { call, ms, shape } from '../core/check';
import { type Clock, within } from '../core/clock';
import type { TopicPartition, TopicPartitionOffset } from '../core/partition';
import { type Drains, undone } from './drain';
import type { Abandoned } from './events';
import { DRAINING, type Lane } from './lane/lane';
import type { LaneSource } from './source';
import type { Feed } from './stream/feed';

/** What the user wants to know or decide when partitions come and go. */
export interface RebalanceOptions {
  /** How long a revocation waits for delivered messages to be acknowledged. Default 15,000 ms. */
  readonly drainMs?: number;
  /**
   * Before the partitions are read. May return where to start (offsets of any of them), and may be asynchronous: the
   * group waits. Needs a consumer made with this hook.
   */
  readonly onAssigned?: (
    partitions: readonly TopicPartition[],
  ) => readonly TopicPartitionOffset[] | undefined | Promise<readonly TopicPartitionOffset[] | undefined>;
  /**
   * After delivered messages were acknowledged or given up, before the last commit of the partitions: also when the
   * consumer closes. What it acknowledges is in that commit.
   */
  readonly onRevoked?: (partitions: readonly TopicPartition[], outcome: DrainOutcome) => void | Promise<void>;
  /** The partitions were taken away without a chance to finish: they may be somebody else's already. */
  readonly onLost?: (partitions: readonly TopicPartition[]) => void;
}

export const rebalanceOptions = shape<RebalanceOptions>('the options of rebalance', {
  drainMs: ms,
  onAssigned: call,
  onRevoked: call,
  onLost: call,
});

/** What the waiting for delivered messages came to. */
export interface DrainOutcome {
  /** Everything handed out was done; in events also: and committed. */
  readonly drained: boolean;
  readonly abandoned: readonly Abandoned[];
  readonly waitedMs: number;
}

/** Number of the revocation that a closing consumer makes of its own accord; those of the group count from 1. */
export const CLOSING = 0;

/** Test-only: wrong ways to drain, to show that the simulator notices. */
export interface DrainFaults {
  readonly endBeforeDrain?: boolean;
  readonly snapshotDrain?: boolean;
  readonly waitForBuffer?: boolean;
  readonly skipRebalanceId?: boolean;
}

/** What revocations need of the session. */
export interface RebalanceHost {
  readonly source: LaneSource;
  readonly clock: Clock;
  commitLanes(lanes: readonly Lane[]): Promise<void>;
  isDirty(lane: Lane): boolean;
  endLane(lane: Lane, why: 'revoked' | 'lost'): void;
  hookFailed(error: unknown): void;
}

export function abandonedOf(lanes: readonly Lane[]): Abandoned[] {
  return lanes
    .filter((lane) => lane.ended === null && undone(lane) > 0)
    .map((lane) => ({ topic: lane.topic, partition: lane.partition, offsets: lane.unsettled() }));
}

/** Revocations under way, by rebalance id. */
export class Revocations {
  private readonly pending = new Map<number, { readonly began: number; readonly lanes: readonly Lane[] }>();
  /** Reported when the native layer says that the lanes are gone. */
  private readonly outcomes = new Map<number, DrainOutcome>();

  constructor(
    private readonly host: RebalanceHost,
    private readonly drains: Drains,
    private readonly options: RebalanceOptions,
    private readonly faults: DrainFaults,
  ) {}

  budget(deadlineMs: number): number {
    return Math.min(this.options.drainMs ?? 15_000, deadlineMs);
  }

  /**
   * Stop, flush the open batch, drop what was not delivered, wait for what was, commit, end the epoch, and only then
   * let the partitions go. Everything happens at once when nothing is being processed and nothing is to be committed.
   */
  async begin(id: number, lanes: readonly Lane[], deadlineMs: number, announce: () => void): Promise<void> {
    const { clock } = this.host;
    const mine = { began: clock.now(), lanes };
    this.pending.set(id, mine);
    const budget = this.budget(deadlineMs);
    const left = () => Math.max(0, mine.began + budget - clock.now());
    if (this.faults.snapshotDrain) for (const lane of lanes) lane.snapshot = lane.next;
    for (const feed of new Set(lanes.map((lane) => lane.feed))) {
      feed.flush(
        lanes.filter((lane) => lane.feed === feed),
        'revoke',
      );
    }
    for (const lane of lanes) {
      stopLane(lane, DRAINING);
      if (!this.faults.waitForBuffer) lane.dropUndelivered();
    }
    announce();
    if (this.faults.endBeforeDrain) for (const lane of lanes) this.host.endLane(lane, 'revoked');

    // The last part of the time is for the commit.
    const waiting = this.drains.wait(lanes, budget - Math.min(2000, budget / 4));
    const settled = waiting === true || (await waiting);
    if (!this.current(id, mine)) return;
    const outcome = (clean: (lane: Lane) => boolean): DrainOutcome => {
      const abandoned = abandonedOf(lanes);
      const drained = settled && abandoned.length === 0 && lanes.every(clean);
      return { drained, abandoned, waitedMs: clock.now() - mine.began };
    };
    if (this.options.onRevoked !== undefined) {
      await this.within(
        left(),
        this.hook(
          lanes,
          outcome((lane) => lane.ended === null),
        ),
      );
      if (!this.current(id, mine)) return;
    }
    const dirty = lanes.filter((lane) => this.host.isDirty(lane));
    if (dirty.length > 0) {
      await this.within(left(), this.host.commitLanes(dirty));
      if (!this.current(id, mine)) return;
    }
    this.outcomes.set(
      id,
      outcome((lane) => lane.ended === null && !lane.fenced && !this.host.isDirty(lane)),
    );
    for (const lane of lanes) this.host.endLane(lane, 'revoked');
    this.pending.delete(id);
    if (id !== CLOSING) this.host.source.release(this.faults.skipRebalanceId ? this.latest : id);
  }

  private latest = 0;

  /** Test-only: what an implementation without ids would answer. */
  seen(id: number): void {
    this.latest = id;
  }

  /** The lanes are gone, whether or not this side was done with them. */
  finish(id: number, lanes: readonly Lane[], lost: boolean): DrainOutcome {
    const known = this.outcomes.get(id);
    const began = this.pending.get(id)?.began;
    this.outcomes.delete(id);
    if (this.faults.skipRebalanceId !== true) this.pending.delete(id);
    const { clock } = this.host;
    const outcome = known ?? {
      drained: !lost && began === undefined && abandonedOf(lanes).length === 0,
      abandoned: abandonedOf(lanes),
      waitedMs: began === undefined ? 0 : clock.now() - began,
    };
    for (const lane of lanes) this.host.endLane(lane, lost ? 'lost' : 'revoked');
    if (lost) {
      try {
        this.options.onLost?.(partitionsOf(lanes));
      } catch (error) {
        this.host.hookFailed(error);
      }
    }
    return outcome;
  }

  close(): void {
    this.pending.clear();
  }

  /** False when the native layer did not wait any longer, or the consumer ended. */
  private current(id: number, mine: object): boolean {
    return this.pending.get(id) === mine;
  }

  private async hook(lanes: readonly Lane[], outcome: DrainOutcome): Promise<void> {
    try {
      await this.options.onRevoked?.(partitionsOf(lanes), outcome);
    } catch (error) {
      this.host.hookFailed(error);
    }
  }

  private within(ms: number, work: Promise<void>): Promise<void> {
    return within(this.host.clock, ms, work);
  }
}

/** No more deliveries from the lane. */
export function stopLane(lane: Lane, reason: number): void {
  lane.mask |= reason;
  lane.feed.version++;
  lane.feed.surface?.discard?.(lane);
}

export function partitionsOf(lanes: readonly Lane[]): TopicPartition[] {
  return lanes.map(({ topic, partition }) => ({ topic, partition }));
}

/** All feeds that some lanes belong to. */
export function feedsOf(lanes: readonly Lane[]): Set<Feed> {
  return new Set(lanes.map((lane) => lane.feed));
}
