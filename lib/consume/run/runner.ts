import type { Caller } from '../../core/call-stack';
import { DecodeError } from '../../core/errors';
import { type AnyMessage, Message } from '../../message/message';
import { Block } from '../lane/block';
import type { DeliveryLane, Undecodable } from '../lane/delivery-lane';
import type { Feed } from '../stream/feed';
import type { Surface } from '../stream/surface';
import {
  combineErrors,
  type DeadLetter,
  decide,
  type FailurePolicy,
  type HandlerContext,
  HandlerError,
  sendDeadLetter,
} from './failure';
import { type Bucket, KeyBuckets } from './key-buckets';
import { firstOf, isMixed, isOwned, messagesOf, remaining, seqOf, signalOf, sizeOf, type Unit } from './unit';

/** What a run knows of a lane. Everything counted here dies with the lane. */
export class Work {
  running = 0;
  /** Taken from the lane and waiting for their bucket. */
  queued = 0;
  /** Taken from the lane and discarded before processing. */
  dropped = 0;
  /** Sequence number of the last message begun. */
  highest = -1;
  dead = false;
  readonly buckets: KeyBuckets<AnyMessage>;
  readonly first: HandlerContext;

  constructor(
    readonly lane: DeliveryLane,
    buckets: number,
  ) {
    this.buckets = new KeyBuckets(buckets);
    this.first = { signal: lane.signal, attempt: 1 };
  }
}

/** Runners made so far, to name them. */
let made = 0;

/** Calls a handler for units of a feed and settles them; subclasses decide which unit comes when. */
export abstract class Runner<U extends Unit> implements Surface {
  abstract readonly name: string;
  readonly strict = true;
  readonly idle = false;
  running = 0;
  processed = 0;
  skipped = 0;
  deadLettered = 0;
  retries = 0;
  /** Resolves when nothing more will begin: at the end of the stream, on abort, on a failure. */
  readonly done: Promise<void>;
  failure: Error | null = null;
  private resolveDone!: () => void;
  private readonly work = new Map<DeliveryLane, Work>();
  private stopped = false;
  private abandoned = false;
  private dispatching = false;
  private onIdle: (() => void) | null = null;
  /** A handler is being called, and has not returned. */
  private calling = 0;
  /**
   * Waits for a handler and settles its unit. V8 shows it on the stack of what the handler, or the failure policy, calls
   * after an `await`; its name is this runner's alone.
   */
  private readonly finishing: (
    result: unknown,
    work: Work,
    bucket: Bucket<AnyMessage> | null,
    unit: U,
  ) => Promise<void>;

  constructor(
    readonly feed: Feed,
    private readonly handler: (unit: U, context: HandlerContext) => unknown,
    private readonly policy: FailurePolicy<never, never>,
    private readonly concurrency: number,
    private readonly buckets: number,
  ) {
    this.done = new Promise((resolve) => {
      this.resolveDone = resolve;
    });
    this.finishing = async (result, work, bucket, unit) => {
      try {
        await result;
      } catch (error) {
        await this.failed(work, bucket, unit, 1, error);
        return;
      }
      this.succeeded(unit);
      this.leave(work, bucket);
    };
    Object.defineProperty(this.finishing, 'name', { value: `run ${++made}` });
  }

  called(callers: readonly Caller[]): boolean {
    const { name } = this.finishing;
    return this.calling > 0 || callers.some((caller) => caller.name === name);
  }

  get demand(): boolean {
    return !this.stopped && this.running < this.concurrency;
  }

  protected abstract dispatch(): void;
  /** The lane, or one of its buckets, has room again. */
  protected abstract next(work: Work, bucket: Bucket<AnyMessage> | null): void;

  /** The unit was processed, skipped or dead-lettered. */
  protected settle(unit: U): void {
    unit.ack();
  }

  wake(): void {
    if (this.dispatching || this.stopped) return;
    this.dispatching = true;
    try {
      this.dispatch();
    } finally {
      this.dispatching = false;
    }
  }

  protected workOf(lane: DeliveryLane): Work {
    let work = this.work.get(lane);
    if (work === undefined) {
      work = new Work(lane, this.buckets);
      this.work.set(lane, work);
    }
    return work;
  }

  laneEnded(lane: DeliveryLane): void {
    const work = this.work.get(lane);
    if (work === undefined) return;
    // A handler that never settles must not take a place for ever.
    work.dead = true;
    this.running -= work.running;
    this.work.delete(lane);
    this.notifyIdle();
    this.feed.host.clock.microtask(() => this.wake());
  }

  unstarted(lane: DeliveryLane): number {
    return this.work.get(lane)?.dropped ?? 0;
  }

  /**
   * Drops messages that wait behind their key, except below the last one begun: a hole there would make everything
   * settled above it come twice.
   */
  discard(lane: DeliveryLane): void {
    const work = this.work.get(lane);
    if (work !== undefined) this.drop(work, work.highest);
  }

  /** Messages taken before a seek are not begun, and not waited for. */
  rewound(lane: DeliveryLane): void {
    const work = this.work.get(lane);
    if (work === undefined) return;
    this.drop(work, 0);
    work.dropped = 0;
    work.highest = -1;
  }

  private drop(work: Work, from: number): void {
    const before = work.queued;
    work.queued = 0;
    for (const bucket of work.buckets) {
      bucket.queue = bucket.queue.filter((message) => seqOf(message) < from);
      work.queued += bucket.queue.length;
    }
    work.dropped += before - work.queued;
  }

  finish(error: Error | null): void {
    this.failure ??= error;
    this.stop();
  }

  /** Takes no further messages. */
  private stop(): void {
    this.stopped = true;
    this.requestStop();
  }

  /** Asks for an orderly end: the open batch is still handed out. */
  requestStop(): void {
    this.resolveDone();
  }

  /** Drops messages that wait behind their key, too; running handlers are not waited for. */
  abandon(): void {
    this.abandoned = true;
    for (const work of this.work.values()) this.drop(work, 0);
    this.stop();
    this.onIdle?.();
  }

  /** Resolves when no handler is running, or none is waited for. */
  async whenIdle(): Promise<void> {
    if (this.running > 0 && !this.abandoned) {
      await new Promise<void>((resolve) => {
        this.onIdle = resolve;
      });
    }
  }

  private notifyIdle(): void {
    if (this.running === 0) this.onIdle?.();
  }

  /** The lane may deliver again, unless it has another reader by now: a handler may outlive its run. */
  protected free({ lane }: Work): void {
    if (this.feed.surface === this) lane.unblock(Block.busy);
  }

  /** Calls the handler. @returns true when it is not finished yet. */
  protected begin(work: Work, bucket: Bucket<AnyMessage> | null, unit: U): boolean {
    let result: unknown;
    this.calling++;
    try {
      result = this.handler(unit, isMixed(unit) ? { signal: signalOf(unit), attempt: 1 } : work.first);
    } catch (error) {
      this.enter(work, bucket);
      void this.finishing(Promise.reject(error), work, bucket, unit);
      return true;
    } finally {
      this.calling--;
    }
    if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') {
      this.succeeded(unit);
      return false;
    }
    this.enter(work, bucket);
    void this.finishing(result, work, bucket, unit);
    return true;
  }

  private succeeded(unit: U): void {
    this.settle(unit);
    this.processed += sizeOf(unit);
  }

  private enter(work: Work, bucket: Bucket<AnyMessage> | null): void {
    if (bucket !== null) bucket.busy = true;
    work.running++;
    this.running++;
  }

  private leave(work: Work, bucket: Bucket<AnyMessage> | null): void {
    if (bucket !== null) bucket.busy = false;
    work.running--;
    if (work.dead) return;
    this.running--;
    this.next(work, bucket);
    this.notifyIdle();
    this.wake();
  }

  /** A message that cannot be decoded goes to the failure policy. */
  undecodable(lane: DeliveryLane, { seq, error, at }: Undecodable): void {
    lane.block(Block.undecodable);
    const work = this.workOf(lane);
    const message = new Message<never, never>(at.chunk, at.from);
    this.enter(work, null);
    void this.failed(work, null, message as U, 1, error).then(() => {
      if (lane.isSettled(seq)) lane.passUndecodable();
      this.wake();
    });
  }

  private async failed(
    work: Work,
    bucket: Bucket<AnyMessage> | null,
    unit: U,
    attempt: number,
    error: unknown,
  ): Promise<void> {
    try {
      for (let cause = error; ; attempt++) {
        const decision = await this.decide({ error: cause, attempt, message: firstOf(unit) });
        if (!this.wanted(unit)) break;
        if (decision === 'stop') throw cause;
        if (decision === 'skip') {
          this.skip(unit, cause);
          break;
        }
        if ('deadLetter' in decision) {
          await this.deadLetter(unit, attempt, cause, decision.deadLetter);
          break;
        }
        await this.pause(decision.retryAfterMs, signalOf(unit));
        if (!this.wanted(unit)) break;
        const rest = remaining(unit);
        this.retries++;
        try {
          await this.handler(rest, { signal: signalOf(rest), attempt: attempt + 1 });
          this.succeeded(rest);
          break;
        } catch (again) {
          cause = again;
        }
      }
    } catch (cause) {
      // Nothing from here on is committed, and it need not be waited for.
      const first = firstOf(unit);
      const { topic, partition, offsetBig } = first;
      if (seqOf(first) < work.lane.next) work.dropped += sizeOf(unit);
      this.failure ??=
        cause instanceof DecodeError
          ? cause
          : new HandlerError({ topic, partition, offset: Number(offsetBig) }, attempt, cause);
      this.abandon();
    }
    this.leave(work, bucket);
  }

  private async decide(failure: { error: unknown; attempt: number; message: AnyMessage }) {
    try {
      return await decide(this.policy, failure, () => this.feed.host.clock.random());
    } catch (again) {
      throw combineErrors(failure.error, 'the failure policy failed', again);
    }
  }

  private wanted(unit: U): boolean {
    return !this.abandoned && isOwned(unit);
  }

  private skip(unit: U, error: unknown): void {
    for (const message of messagesOf(unit)) this.report('skipped', message, error);
    this.settle(unit);
    this.skipped += sizeOf(unit);
  }

  /** The report of the dead letter comes before the acknowledgement: a crash between them makes two, never none. */
  private async deadLetter(unit: U, attempt: number, error: unknown, letter: DeadLetter<never, never>): Promise<void> {
    const all = [...messagesOf(unit)];
    try {
      await Promise.all(all.map((message) => sendDeadLetter(letter, { error, attempt, message })));
    } catch (failure) {
      throw combineErrors(error, 'its dead letter could not be sent', failure);
    }
    for (const message of all) this.report('dead-letter', message, error);
    this.settle(unit);
    this.deadLettered += all.length;
  }

  private report(type: 'skipped' | 'dead-letter', message: AnyMessage, error: unknown): void {
    const { topic, partition, offsetBig } = message;
    this.feed.host.emit({ type, topic, partition, offset: Number(offsetBig), error });
  }

  private pause(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.feed.host;
    return new Promise((resolve) => {
      const done = () => {
        clock.clearTimer(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = clock.setTimer(done, ms);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
