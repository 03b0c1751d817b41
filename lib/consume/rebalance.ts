import type { Caller } from '../core/call-stack';
import { type Clock, within } from '../core/clock';
import { StateError } from '../core/errors';
import { LOGICAL, type TopicPartition, type TopicPartitionOffset } from '../core/partition';
import type { LaneAssignment, LaneEvent } from '../native/events';
import type { Drains } from './drain';
import type { Abandoned, ConsumerEvent } from './events';
import { Block, type BlockReason } from './lane/block';
import type { LaneReader } from './lane/delivery-lane';
import type { Lane } from './lane/lane';
import { DEFAULT_DRAIN_MS, type DrainOutcome, type RebalanceOptions } from './rebalance-options';
import type { LaneSource } from './source';

/** Id of the revocation that a closing consumer makes by itself; those of the group count from 1. */
const CLOSING = 0;

/** What rebalances need of the session. */
export interface RebalanceHost {
  readonly source: LaneSource;
  readonly clock: Clock;
  emit(event: ConsumerEvent): void;
  /** Lanes that are not ended. */
  assignmentLanes(): Lane[];
  /** The lanes with these ids. */
  find(ids: readonly number[]): Lane[];
  /** Makes lanes and gives them to their streams. */
  open(assignments: readonly LaneAssignment[]): void;
  endLane(lane: Lane, why: 'revoked' | 'lost'): void;
  /** The native side has given the lanes up. */
  forget(lanes: readonly Lane[]): void;
  commitLanes(lanes: readonly Lane[]): Promise<void>;
  isDirty(lane: Lane): boolean;
  /** Ends the session. */
  end(error: Error): void;
}

/** Consumers with hooks so far, to name their calls. */
let made = 0;

/** A revocation under way. */
interface Revocation {
  readonly began: number;
  readonly lanes: readonly Lane[];
}

/**
 * The rebalance protocol. librdkafka asks, the poll thread passes the question on, and the group waits for the answer.
 *
 * Outline:
 *
 * 1. `assigning` (only with the hook `onAssigned`): the hook says where to begin; {@link LaneSource.answerAssign}.
 * 2. `assigned`: lanes are opened.
 * 3. `revoking`: lanes stop, the open batch is handed out, undelivered messages are dropped, messages in progress are
 *    waited for, `onRevoked` runs, the watermarks are committed, the lanes end; {@link LaneSource.release}. Each step
 *    checks that the revocation is still the current one: at its deadline the native side goes on without an answer.
 * 4. `revoked`: the lanes are gone, whether or not this side had finished.
 * 5. {@link Rebalances.leave}: a closing consumer revokes everything by itself first, while it is still a member.
 */
export class Rebalances {
  private readonly pending = new Map<number, Revocation>();
  /** Outcomes to report when the native side says that the lanes are gone. */
  private readonly outcomes = new Map<number, DrainOutcome>();
  /** The last revocation that the group asked for, and the one that closing makes. */
  private revocation: Promise<void> = Promise.resolve();
  /** The last assignment whose hook was called: over when its partitions are there, or are not to come any more. */
  private assignment: Promise<void> = Promise.resolve();
  private settleAssignment: () => void = () => {};
  private leaving: Promise<void> | null = null;
  /** Lanes that a closing consumer gives up by itself. */
  private closingLanes: readonly Lane[] = [];
  /** Calls a hook. V8 shows it on the stack of what the hook calls, also after an `await`; its name is unique. */
  private readonly hooked: <T>(hook: () => T | Promise<T>) => Promise<T>;

  constructor(
    private readonly host: RebalanceHost,
    private readonly drains: Drains,
    private readonly options: RebalanceOptions,
  ) {
    this.hooked = async (hook) => await hook();
    Object.defineProperty(this.hooked, 'name', { value: `rebalance hook ${++made}` });
  }

  /** The call comes from a hook: the end of the consumer would wait for it, and it for the end. */
  called(callers: readonly Caller[]): boolean {
    return callers.some(({ name }) => name === this.hooked.name);
  }

  // --- assignments

  async assigning({ id, partitions }: Extract<LaneEvent, { type: 'assigning' }>): Promise<void> {
    const start = new Map<string, number>();
    try {
      const given = partitions.map(({ topic, partition }) => ({ topic, partition }));
      // Partitions that come while everything is given up are not read: no hook would learn of their revocation.
      const offsets = this.leaving === null ? await this.announceAssignment(given) : undefined;
      for (const { topic, partition, offset } of offsets ?? []) start.set(`${topic}/${partition}`, offset);
    } catch (error) {
      // Reading from anywhere else than where the hook would have said could skip messages.
      this.host.end(error instanceof Error ? error : new Error(String(error)));
    }
    this.host.source.answerAssign(
      id,
      partitions.map(({ topic, partition }) => ({
        topic,
        partition,
        offset: start.get(`${topic}/${partition}`) ?? LOGICAL.stored,
      })),
    );
  }

  private announceAssignment(
    partitions: readonly TopicPartition[],
  ): ReturnType<NonNullable<RebalanceOptions['onAssigned']>> {
    const { onAssigned } = this.options;
    if (onAssigned === undefined) return undefined;
    this.assignment = new Promise((resolve) => {
      this.settleAssignment = resolve;
    });
    return this.hooked(() => onAssigned(partitions));
  }

  assigned({ id, lanes }: Extract<LaneEvent, { type: 'assigned' }>): void {
    this.settleAssignment();
    this.host.open(lanes);
    const partitions = lanes.map(({ topic, partition, offset }): TopicPartitionOffset => {
      return { topic, partition, offset };
    });
    this.host.emit({ type: 'assigned', id, partitions });
  }

  // --- revocations

  revoking({ id, lanes, deadlineMs }: Extract<LaneEvent, { type: 'revoking' }>): void {
    // The group wants back lanes that are being given up already.
    if (this.leaving !== null) void this.leaving.then(() => this.release(id));
    else this.revocation = this.revoke(id, this.host.find(lanes), deadlineMs);
  }

  revoked({ id: number, lanes: ids, lost }: Extract<LaneEvent, { type: 'revoked' }>): void {
    this.settleAssignment();
    const lanes = this.host.find(ids);
    const id = !lost && lanes.some((lane) => this.closingLanes.includes(lane)) ? CLOSING : number;
    const partitions = partitionsOf(lanes);
    const { drained, abandoned, waitedMs } = this.finish(id, lanes, lost);
    this.host.forget(lanes);
    if (lost) this.host.emit({ type: 'lost', id, partitions, abandoned });
    else this.host.emit({ type: 'revoked', id, partitions, drained, abandoned, waitedMs });
  }

  /** Everything happens at once when no message is in progress and nothing is to be committed. */
  private async revoke(id: number, lanes: readonly Lane[], ms: number): Promise<void> {
    const { clock } = this.host;
    const mine: Revocation = { began: clock.now(), lanes };
    this.pending.set(id, mine);
    const budget = Math.min(this.options.drainMs ?? DEFAULT_DRAIN_MS, ms);
    const left = () => Math.max(0, mine.began + budget - clock.now());
    this.stopReading(lanes);
    const unacked = lanes.reduce((sum, lane) => sum + lane.unacked, 0);
    this.host.emit({ type: 'revoking', id, partitions: partitionsOf(lanes), unacked, deadlineMs: budget });

    // The last part of the time is for the commit.
    const waiting = this.drains.wait(lanes, budget - Math.min(2000, budget / 4));
    const settled = waiting === true || (await waiting);
    if (!this.isCurrent(id, mine)) return;
    const outcome = (clean: (lane: Lane) => boolean): DrainOutcome => {
      const abandoned = abandonedOf(lanes);
      const drained = settled && abandoned.length === 0 && lanes.every(clean);
      return { drained, abandoned, waitedMs: clock.now() - mine.began };
    };
    if (this.options.onRevoked !== undefined) {
      const soFar = outcome((lane) => lane.ended === null);
      await within(clock, left(), this.callOnRevoked(lanes, soFar));
      if (!this.isCurrent(id, mine)) return;
    }
    const dirty = lanes.filter((lane) => this.host.isDirty(lane));
    if (dirty.length > 0) {
      await within(clock, left(), this.host.commitLanes(dirty));
      if (!this.isCurrent(id, mine)) return;
    }
    this.outcomes.set(
      id,
      outcome((lane) => lane.ended === null && !lane.fenced && !this.host.isDirty(lane)),
    );
    for (const lane of lanes) this.host.endLane(lane, 'revoked');
    this.pending.delete(id);
    if (id !== CLOSING) this.release(id);
  }

  /** Hands out the open batches, and drops messages that were not delivered: the next owner gets them. */
  private stopReading(lanes: readonly Lane[]): void {
    for (const reader of readersOf(lanes)) {
      reader.flush(
        lanes.filter((lane) => lane.reader === reader),
        'revoke',
      );
    }
    for (const lane of lanes) {
      stopLane(lane, Block.revoking);
      lane.dropUndelivered();
    }
  }

  private release(id: number): void {
    this.host.source.release(id);
  }

  /** False when the native side did not wait any longer, or the consumer ended. */
  private isCurrent(id: number, mine: Revocation): boolean {
    return this.pending.get(id) === mine;
  }

  private async callOnRevoked(lanes: readonly Lane[], outcome: DrainOutcome): Promise<void> {
    try {
      await this.hooked(() => this.options.onRevoked?.(partitionsOf(lanes), outcome));
    } catch (error) {
      this.hookFailed(error);
    }
  }

  /** The native side has taken the lanes, whether or not this side had finished with them. */
  private finish(id: number, lanes: readonly Lane[], lost: boolean): DrainOutcome {
    const known = this.outcomes.get(id);
    const began = this.pending.get(id)?.began;
    this.outcomes.delete(id);
    this.pending.delete(id);
    const outcome = known ?? {
      drained: !lost && began === undefined && abandonedOf(lanes).length === 0,
      abandoned: abandonedOf(lanes),
      waitedMs: began === undefined ? 0 : this.host.clock.now() - began,
    };
    for (const lane of lanes) this.host.endLane(lane, lost ? 'lost' : 'revoked');
    if (lost) {
      try {
        this.options.onLost?.(partitionsOf(lanes));
      } catch (error) {
        this.hookFailed(error);
      }
    }
    return outcome;
  }

  private hookFailed(cause: unknown): void {
    const error = new StateError(`a rebalance hook failed: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
    this.host.emit({ type: 'error', error });
  }

  // --- the end

  /**
   * Revokes all partitions before the group asks for them, while this consumer is still a member: a group that is being
   * left waits for no one. Partitions whose `onAssigned` was called come first, so that `onRevoked` is called for them.
   */
  leave(ms: number): Promise<void> {
    const { clock } = this.host;
    const until = clock.now() + ms;
    const left = () => Math.max(0, until - clock.now());
    const pending = Promise.all([this.revocation, this.assignment]).then(() => {});
    this.leaving ??= within(clock, ms, pending).then(() => {
      this.closingLanes = this.host.assignmentLanes();
      return this.closingLanes.length > 0 ? this.revoke(CLOSING, this.closingLanes, left()) : undefined;
    });
    return this.leaving;
  }

  /** Answers the group after the session ended: otherwise this member, and the group with it, would wait. */
  decline(event: { readonly type?: string }): void {
    const asked = event as Extract<LaneEvent, { type: 'assigning' | 'revoking' }>;
    if (asked.type === 'revoking') this.release(asked.id);
    else if (asked.type === 'assigning') {
      const stored = ({ topic, partition }: TopicPartition) => ({ topic, partition, offset: LOGICAL.stored });
      this.host.source.answerAssign(asked.id, asked.partitions.map(stored));
    }
  }

  close(): void {
    this.pending.clear();
    this.settleAssignment();
  }
}

/** Messages handed out and not settled, per partition. */
export function abandonedOf(lanes: readonly Lane[]): Abandoned[] {
  return lanes
    .filter((lane) => lane.ended === null && lane.reader.inProgress(lane) > 0)
    .map((lane) => ({ topic: lane.topic, partition: lane.partition, offsets: lane.unsettled() }));
}

/** No more deliveries from the lane. */
export function stopLane(lane: Lane, reason: BlockReason): void {
  lane.block(reason);
  lane.reader.discard(lane);
}

export function partitionsOf(lanes: readonly Lane[]): TopicPartition[] {
  return lanes.map(({ topic, partition }) => ({ topic, partition }));
}

/** All readers of some lanes. */
export function readersOf(lanes: readonly Lane[]): Set<LaneReader> {
  return new Set(lanes.map((lane) => lane.reader));
}
