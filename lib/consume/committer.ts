import { backoff } from '../core/backoff';
import { boolean, milliseconds, objectWith, positiveOrInfinity } from '../core/check';
import type { Clock } from '../core/clock';
import { ConsumeError, KafkaError, type NativeError, StateError } from '../core/errors';
import type { CommitOutcome, TopicPartitionOffset } from '../core/partition';
import type { CommitEvent } from './events';
import type { Lane } from './lane/lane';
import type { LaneOffset, LaneSource } from './source';

/** When offsets of acknowledged messages are committed: as soon as one limit is reached, and on revoke and stop. */
export interface CommitOptions {
  /** Messages acknowledged since the last commit. Default 10,000. */
  readonly count?: number;
  /** Bytes of the chunks acknowledged since the last commit. Default: no limit. */
  readonly bytes?: number;
  /** Milliseconds since the first acknowledgement that is not committed. Default 5,000. */
  readonly ms?: number;
  /**
   * Commit when the end of a partition was reached and everything before it is settled: at once, or 100 ms after the
   * last commit. Default true.
   */
  readonly onEof?: boolean;
}

export const commitOptions = objectWith<CommitOptions>('the options of commits', {
  count: positiveOrInfinity('messages'),
  bytes: positiveOrInfinity('bytes'),
  ms: milliseconds,
  onEof: boolean,
});

/**
 * Another member has this member's identity: the broker refuses its commits and has given its partitions away. A stale
 * generation is not among these: partitions kept in a cooperative rebalance go on, and only a commit that crossed the
 * rebalance on its way is refused, once.
 */
const FENCED = /FENCED_INSTANCE_ID|FENCED_MEMBER_EPOCH/;
const BACKOFF_MS = 100;

/** A partition that is read as fast as it is written reaches its end hundreds of times a second. */
const BETWEEN_ENDS_MS = 100;
const MAX_BACKOFF_MS = 5000;

interface Waiter {
  /** The request under way began earlier: its answer says nothing about these targets. */
  missed: boolean;
  readonly targets: Map<Lane, number>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Explicit {
  readonly offsets: readonly LaneOffset[];
  /** Called when the broker has accepted it, before the next request is built, which must not fall behind it. */
  readonly accepted: (offset: TopicPartitionOffset) => void;
  readonly resolve: (outcomes: readonly CommitOutcome[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A lane's offset on its way to the broker. */
type Sent = LaneOffset & { readonly of: Lane | null };

/**
 * Commits watermarks. One request is under way at a time; each is made from the state of the lanes at that moment, so
 * that a retry never repeats old offsets, and after a failed commit the lane is simply still dirty.
 */
export class Committer {
  private readonly dirty = new Set<Lane>();
  private readonly count: number;
  private readonly bytes: number;
  private readonly ms: number;
  private readonly onEof: boolean;
  private messages = 0;
  private settledBytes = 0;
  private timer: unknown = null;
  private busy = false;
  private wanted = false;
  private sentAt = Number.NEGATIVE_INFINITY;
  private atEnd = false;
  private failures = 0;
  private waiters: Waiter[] = [];
  private explicit: Explicit[] = [];
  private closed: { readonly error: Error | null } | null = null;

  constructor(
    private readonly source: LaneSource,
    private readonly clock: Clock,
    options: CommitOptions,
    private readonly report: (event: CommitEvent) => void,
  ) {
    this.count = options.count ?? 10_000;
    this.bytes = options.bytes ?? Number.POSITIVE_INFINITY;
    this.ms = options.ms ?? 5_000;
    this.onEof = options.onEof ?? true;
  }

  /** The lane's watermark may have moved. */
  mark(lane: Lane, messages: number, bytes: number): void {
    if (!lane.commits || lane.ended !== null || lane.fenced) return;
    this.dirty.add(lane);
    this.messages += messages;
    this.settledBytes += bytes;
    if (this.messages >= this.count || this.settledBytes >= this.bytes) this.soon();
    else if (this.timer === null && !this.busy) this.arm(this.ms);
  }

  /** Commits as soon as no other request is under way and no back-off is running. */
  soon(): void {
    this.wanted = true;
    if (!this.busy && (this.failures === 0 || this.timer === null)) this.send();
  }

  /** The end of a partition was reached, and everything before it is settled. */
  ended(): void {
    if (!this.onEof || this.failures > 0) return; // a retry is coming anyway
    this.atEnd = true;
    if (this.busy) return;
    const wait = this.sentAt + BETWEEN_ENDS_MS - this.clock.now();
    if (wait <= 0) this.soon();
    else this.arm(Math.min(wait, this.ms));
  }

  /**
   * Resolves when everything settled so far is committed: on the broker's answer, after retries.
   *
   * @throws KafkaError when the broker refuses for good; StateError when a partition was taken away first.
   */
  flush(lanes: Iterable<Lane> = this.dirty): Promise<void> {
    const targets = new Map<Lane, number>();
    for (const lane of lanes) if (this.isDirty(lane)) targets.set(lane, lane.watermark);
    if (targets.size === 0) return Promise.resolve();
    if (this.closed !== null) return Promise.reject(this.closed.error ?? new Error('the consumer is closed'));
    return new Promise((resolve, reject) => {
      this.waiters.push({ missed: this.busy, targets, resolve, reject });
      for (const lane of targets.keys()) this.dirty.add(lane);
      // A caller waits: this request does not sit out the back-off of an earlier failure.
      this.send();
    });
  }

  /** Commits exactly these offsets, in turn with the others. */
  commit(offsets: readonly LaneOffset[], accepted: Explicit['accepted']): Promise<readonly CommitOutcome[]> {
    if (this.closed !== null) return Promise.reject(this.closed.error ?? new Error('the consumer is closed'));
    return new Promise((resolve, reject) => {
      this.explicit.push({ offsets, accepted, resolve, reject });
      if (!this.busy) this.send();
    });
  }

  isDirty(lane: Lane): boolean {
    return lane.commits && lane.ended === null && !lane.fenced && lane.watermark > lane.committed;
  }

  /** The lane's epoch ended: nothing more of it is committed. */
  forget(lane: Lane): void {
    this.dirty.delete(lane);
    this.settleWaiters();
  }

  /** A seek took effect: messages settled before it are no longer committed. */
  rewound(lane: Lane): void {
    for (const { targets } of this.waiters) targets.delete(lane);
    this.settleWaiters();
  }

  close(error: Error | null): void {
    if (this.closed !== null) return;
    this.closed = { error };
    this.disarm();
    const reason = error ?? new Error('the consumer is closed');
    for (const waiter of this.waiters.splice(0)) waiter.reject(reason);
    for (const one of this.explicit.splice(0)) one.reject(reason);
  }

  private send(): void {
    if (this.closed !== null || this.busy) return;
    const mine = this.explicit.shift();
    if (mine !== undefined) {
      this.start(
        mine.offsets.map((offset) => ({ ...offset, of: null })),
        mine,
      );
      return;
    }
    this.disarm();
    this.wanted = this.atEnd = false;
    this.messages = this.settledBytes = 0;
    const request = this.collect();
    this.settleWaiters();
    if (request.length === 0) return;
    this.sentAt = this.clock.now();
    this.start(request, null);
  }

  /** What is to be committed now, read from the lanes: never what an earlier request carried. */
  private collect(): Sent[] {
    const request: Sent[] = [];
    for (const lane of this.dirty) {
      if (!this.isDirty(lane)) {
        this.dirty.delete(lane);
        continue;
      }
      const { topic, partition, leaderEpoch, watermark: offset } = lane;
      request.push({ topic, partition, offset, ...(leaderEpoch >= 0 && { leaderEpoch }), lane: lane.id, of: lane });
    }
    return request;
  }

  private start(request: readonly Sent[], explicit: Explicit | null): void {
    this.busy = true;
    const began = this.clock.now();
    let answer: Promise<readonly CommitOutcome[]>;
    try {
      answer = this.source.commit(request.map(({ of: _, ...offset }) => offset));
    } catch (error) {
      answer = Promise.reject(error);
    }
    answer.then(
      (outcomes) => this.answered(request, outcomes, began, explicit),
      (error: unknown) => this.failed(request, toKafkaError(error), began, explicit),
    );
  }

  private answered(
    request: readonly Sent[],
    outcomes: readonly CommitOutcome[],
    began: number,
    mine: Explicit | null,
  ): void {
    if (this.closed !== null) {
      mine?.resolve(outcomes);
      return;
    }
    let first: KafkaError | null = null;
    let refused: KafkaError | null = null;
    const offsets = request.map(({ of: lane, topic, partition, offset }) => {
      const native = outcomes.find((one) => one.topic === topic && one.partition === partition)?.error ?? null;
      if (native === null) {
        lane?.confirmCommitted(offset);
        mine?.accepted({ topic, partition, offset });
        return { topic, partition, offset, error: null };
      }
      const error = this.judge(lane, native, { topic, partition, offset });
      first ??= error;
      if (!error.retriable) refused = error;
      return { topic, partition, offset, error };
    });
    mine?.resolve(outcomes);
    this.done(offsets, began, first, refused, mine !== null, request);
  }

  private judge(
    lane: Lane | null,
    native: NativeError,
    at: { topic: string; partition: number; offset: number },
  ): KafkaError {
    if (FENCED.test(native.name)) lane?.fence();
    return ConsumeError.at(native, at, { doing: `Cannot commit ${at.topic}/${at.partition} @${at.offset}` });
  }

  private failed(request: readonly Sent[], error: KafkaError, began: number, mine: Explicit | null): void {
    mine?.reject(error);
    if (this.closed !== null) return;
    if (FENCED.test(error.code)) for (const { of: lane } of request) lane?.fence();
    const offsets = request.map(({ topic, partition, offset }) => ({ topic, partition, offset, error }));
    this.done(offsets, began, error, error.retriable ? null : error, mine !== null, request);
  }

  private done(
    offsets: CommitEvent['offsets'],
    began: number,
    error: KafkaError | null,
    refused: KafkaError | null,
    mine: boolean,
    request: readonly Sent[],
  ): void {
    this.busy = false;
    this.failures = error === null ? 0 : mine ? this.failures : this.failures + 1;
    const left = [...this.dirty].some((lane) => this.isDirty(lane));
    this.report({
      type: 'commit',
      offsets,
      ms: this.clock.now() - began,
      error,
      willRetry: error !== null && !mine && left,
    });
    if (refused !== null && !mine) this.rejectWaiters(request, refused);
    const missed = this.waiters.some((waiter) => waiter.missed);
    for (const waiter of this.waiters) waiter.missed = false;
    this.settleWaiters();
    if (this.closed !== null) return;
    if (this.explicit.length > 0 || (missed && this.waiters.length > 0)) this.send();
    else if (error !== null && !mine) {
      if (left) this.arm(this.backoff());
      else this.failures = 0;
    } else if (this.failures > 0) this.arm(this.backoff());
    else if (this.wanted || this.waiters.length > 0) this.send();
    else if (left) this.arm(this.atEnd ? Math.min(BETWEEN_ENDS_MS, this.ms) : this.ms);
  }

  private backoff(): number {
    return backoff(this.failures, BACKOFF_MS, MAX_BACKOFF_MS, () => this.clock.random());
  }

  /** Rejects the callers that wait for lanes whose commit the broker refuses for good. */
  private rejectWaiters(request: readonly Sent[], error: Error): void {
    const lanes = new Set(request.map((sent) => sent.of));
    const rejected = this.waiters.filter(
      ({ missed, targets }) => !missed && [...targets.keys()].some((lane) => lanes.has(lane)),
    );
    this.waiters = this.waiters.filter((waiter) => !rejected.includes(waiter));
    for (const waiter of rejected) waiter.reject(error);
  }

  private settleWaiters(): void {
    for (const waiter of [...this.waiters]) {
      const open = [...waiter.targets].filter(([lane, target]) => lane.committed < target);
      // close() rejects these itself, with the cause.
      const gone = open.find(([lane]) => (lane.ended !== null && lane.ended !== 'closed') || lane.fenced);
      if (open.length > 0 && gone === undefined) continue;
      this.waiters.splice(this.waiters.indexOf(waiter), 1);
      if (gone === undefined) waiter.resolve();
      else waiter.reject(new StateError(notCommitted(...gone)));
    }
  }

  private arm(ms: number): void {
    this.disarm();
    this.timer = this.clock.setTimer(() => {
      this.timer = null;
      this.send();
    }, ms);
  }

  private disarm(): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer);
    this.timer = null;
  }
}

function notCommitted({ topic, partition, ended }: Lane, offset: number): string {
  return `${topic}/${partition} was ${ended ?? 'fenced'} before offset ${offset} was committed: the new owner reads again from the last commit`;
}

function toKafkaError(error: unknown): KafkaError {
  if (error instanceof KafkaError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new KafkaError('ERR_KAFKA__FAIL', `Cannot commit: ${message}`, { cause: error });
}
