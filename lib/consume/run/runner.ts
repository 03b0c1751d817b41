import { DecodeError } from '../../core/errors';
import { MessageBatch } from '../../message/batch';
import { Message } from '../../message/message';
import { BUSY, type Lane, REFUSED } from '../lane/lane';
import type { Feed, Surface } from '../stream/feed';
import { both, bury, type DeadLetter, decide, type FailurePolicy, type HandlerContext, HandlerError } from './failure';

/** What a handler is called with. */
export type Unit = Message<never, never> | MessageBatch<never, never>;

const isBatch = (unit: Unit): unit is MessageBatch<never, never> => 'segments' in unit;
export const seqOf = ({ chunk, index }: Message<never, never>): number => chunk.firstSeq + index;
const messagesOf = (unit: Unit): Iterable<Message<never, never>> => (isBatch(unit) ? unit : [unit]);

const signalOf = (unit: Unit): AbortSignal => (isBatch(unit) ? unit.signal : unit.chunk.lane.signal);

/** What is left of a batch over several partitions when some of them were taken away. */
function remaining<U extends Unit>(unit: U): U {
  if (!isBatch(unit) || !unit.mixed) return unit;
  const segments = unit.segments.filter(({ chunk }) => !chunk.lane.signal.aborted);
  return new MessageBatch<never, never>(segments, unit.reason, unit.eof) as unknown as U;
}

/** Units of one key bucket, one after the other. */
export interface Bucket {
  busy: boolean;
  queue: Message<never, never>[];
}

/** What a run knows of a lane. Everything counted here dies with the lane. */
export class Work {
  running = 0;
  /** Taken from the lane and waiting for their bucket. */
  queued = 0;
  /** Taken from the lane, never to be begun with. */
  dropped = 0;
  /** Sequence number of the last message begun with. */
  highest = -1;
  dead = false;
  readonly buckets: Bucket[];
  readonly first: HandlerContext;

  constructor(
    readonly lane: Lane,
    buckets: number,
  ) {
    this.buckets = Array.from({ length: buckets }, () => ({ busy: false, queue: [] }));
    this.first = { signal: lane.signal, attempt: 1 };
  }
}

/** Calls a handler for units of a feed and settles them; what comes when is said by those that extend it. */
export abstract class Runner<U extends Unit> implements Surface {
  abstract readonly name: string;
  readonly strict = true;
  readonly idle = false;
  running = 0;
  processed = 0;
  skipped = 0;
  deadLettered = 0;
  retries = 0;
  /** Settles when nothing more is to be begun with: at the end of the stream, on abort, on a failure. */
  readonly over: Promise<void>;
  failure: Error | null = null;
  private resolveOver!: () => void;
  protected readonly work = new Map<Lane, Work>();
  protected stopped = false;
  private abandoned = false;
  private dispatching = false;
  private onIdle: (() => void) | null = null;

  constructor(
    readonly feed: Feed,
    private readonly handler: (unit: U, context: HandlerContext) => unknown,
    private readonly policy: FailurePolicy<never, never>,
    protected readonly concurrency: number,
    private readonly buckets: number,
  ) {
    this.over = new Promise((resolve) => {
      this.resolveOver = resolve;
    });
  }

  get demand(): boolean {
    return !this.stopped && this.running < this.concurrency;
  }

  protected abstract dispatch(): void;
  /** The lane, or the bucket of it, has room again. */
  protected abstract next(work: Work, bucket: Bucket | null): void;

  wake(): void {
    if (this.dispatching || this.stopped) return;
    this.dispatching = true;
    try {
      this.dispatch();
    } finally {
      this.dispatching = false;
    }
  }

  protected workOf(lane: Lane): Work {
    let work = this.work.get(lane);
    if (work === undefined) {
      work = new Work(lane, this.buckets);
      this.work.set(lane, work);
    }
    return work;
  }

  laneEnded(lane: Lane): void {
    const work = this.work.get(lane);
    if (work === undefined) return;
    // A handler that never settles must not take a place for ever.
    work.dead = true;
    this.running -= work.running;
    this.work.delete(lane);
    this.idleNow();
    this.feed.host.clock.microtask(() => this.wake());
  }

  unstarted(lane: Lane): number {
    return this.work.get(lane)?.dropped ?? 0;
  }

  /**
   * What waits behind its key is dropped, except below the last message begun with: a hole there would make everything
   * done above it come twice.
   */
  discard(lane: Lane): void {
    const work = this.work.get(lane);
    if (work !== undefined) this.drop(work, work.highest);
  }

  /** What was taken before a seek is begun with no more, and nobody waits for it. */
  rewound(lane: Lane): void {
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
    this.halt();
  }

  /** Begins with nothing more that is not taken yet. */
  halt(): void {
    this.stopped = true;
    this.quit();
  }

  /** Likewise with what was taken and waits behind its key; what is running is not waited for. */
  abandon(): void {
    this.abandoned = true;
    for (const work of this.work.values()) this.drop(work, 0);
    this.halt();
    this.onIdle?.();
  }

  /** Asks for an orderly end: the open batch is still handed out. */
  quit(): void {
    this.resolveOver();
  }

  /** Resolves when no handler is running, or none is waited for. */
  async settled(): Promise<void> {
    if (this.running > 0 && !this.abandoned) {
      await new Promise<void>((resolve) => {
        this.onIdle = resolve;
      });
    }
  }

  private idleNow(): void {
    if (this.running === 0) this.onIdle?.();
  }

  /** The lane may deliver again, unless it is somebody else's by now: a handler may outlive its run. */
  protected free({ lane }: Work): void {
    if (this.feed.surface === this) lane.mask &= ~BUSY;
  }

  /** Calls the handler. @returns true when it is not done yet. */
  protected begin(work: Work, bucket: Bucket | null, unit: U): boolean {
    let result: unknown;
    try {
      result = this.handler(unit, isBatch(unit) && unit.mixed ? { signal: unit.signal, attempt: 1 } : work.first);
    } catch (error) {
      this.enter(work, bucket);
      void this.failed(work, bucket, unit, 1, error);
      return true;
    }
    if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') {
      this.succeeded(unit);
      return false;
    }
    this.enter(work, bucket);
    (result as PromiseLike<unknown>).then(
      () => {
        this.succeeded(unit);
        this.leave(work, bucket);
      },
      (error: unknown) => void this.failed(work, bucket, unit, 1, error),
    );
    return true;
  }

  private succeeded(unit: U): void {
    unit.ack();
    this.processed += isBatch(unit) ? unit.size : 1;
  }

  private enter(work: Work, bucket: Bucket | null): void {
    if (bucket !== null) bucket.busy = true;
    work.running++;
    this.running++;
  }

  private leave(work: Work, bucket: Bucket | null): void {
    if (bucket !== null) bucket.busy = false;
    work.running--;
    if (work.dead) return;
    this.running--;
    this.next(work, bucket);
    this.idleNow();
    this.wake();
  }

  /** A message that cannot be decoded is next in the lane. */
  refused(lane: Lane): void {
    const error = lane.refused as DecodeError;
    const seq = lane.limit;
    const run = lane.peekRefused();
    lane.mask |= REFUSED;
    const work = this.workOf(lane);
    const message = new Message<never, never>(run.chunk, run.from);
    this.enter(work, null);
    void this.failed(work, null, message as U, 1, error).then(() => {
      if (lane.window.isSettled(seq)) lane.acceptRefused();
      this.wake();
    });
  }

  private async failed(work: Work, bucket: Bucket | null, unit: U, attempt: number, error: unknown): Promise<void> {
    try {
      for (let cause = error; ; attempt++) {
        const [message] = messagesOf(unit) as [Message<never, never>];
        const decision = await this.decide({ error: cause, attempt, message });
        if (!this.alive(unit)) break;
        if (decision === 'stop') throw cause;
        if (decision === 'skip') {
          this.skip(unit, cause);
          break;
        }
        if ('deadLetter' in decision) {
          await this.bury(unit, attempt, cause, decision.deadLetter);
          break;
        }
        await this.pause(decision.retryAfterMs, signalOf(unit));
        if (!this.alive(unit)) break;
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
      const [first] = messagesOf(unit);
      const { topic, partition, offsetBig } = first as Message<never, never>;
      if (seqOf(first as Message<never, never>) < work.lane.next) work.dropped += isBatch(unit) ? unit.size : 1;
      this.failure ??=
        cause instanceof DecodeError
          ? cause
          : new HandlerError({ topic, partition, offset: Number(offsetBig) }, attempt, cause);
      this.abandon();
    }
    this.leave(work, bucket);
  }

  private async decide(failure: { error: unknown; attempt: number; message: Message<never, never> }) {
    try {
      return await decide(this.policy, failure, () => this.feed.host.clock.random());
    } catch (again) {
      throw both(failure.error, 'the failure policy failed', again);
    }
  }

  /** Somebody still wants to know what becomes of it. */
  private alive(unit: U): boolean {
    if (this.abandoned) return false;
    return isBatch(unit) ? unit.segments.some(({ chunk }) => !chunk.lane.signal.aborted) : !signalOf(unit).aborted;
  }

  private skip(unit: U, error: unknown): void {
    for (const message of messagesOf(unit)) this.report('skipped', message, error);
    unit.ack();
    this.skipped += isBatch(unit) ? unit.size : 1;
  }

  /** The report of the dead letter comes before the acknowledgement: a crash between them makes two, never none. */
  private async bury(unit: U, attempt: number, error: unknown, letter: DeadLetter<never, never>): Promise<void> {
    const all = [...messagesOf(unit)];
    try {
      await Promise.all(all.map((message) => bury(letter, { error, attempt, message })));
    } catch (failure) {
      throw both(error, 'its dead letter could not be sent', failure);
    }
    for (const message of all) this.report('dead-letter', message, error);
    unit.ack();
    this.deadLettered += all.length;
  }

  private report(type: 'skipped' | 'dead-letter', message: Message<never, never>, error: unknown): void {
    const { topic, partition, offsetBig } = message;
    this.feed.host.report({ type, topic, partition, offset: Number(offsetBig), error });
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
