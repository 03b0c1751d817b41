import type { Clock } from '../../core/clock';
import { KIND, StateError } from '../../core/errors';
import { type BatchReason, MessageBatch, type Segment } from '../../message/batch';
import type { StreamEvent } from '../events';
import type { Lane } from '../lane/lane';
import { type BatchPolicy, type Closing, closing, closingMixed } from './batcher';

/** Another surface of the stream is in use. */
export class LeaseHeldError extends StateError {
  static override readonly [KIND]: string = 'LeaseHeldError';

  constructor(
    stream: string,
    /** The surface that has the stream. */
    readonly holder: string,
  ) {
    super(
      `${stream} is already read by ${holder}; a stream has one reader at a time: end that one first, or make another stream`,
    );
  }
}

/** A way to read a feed: an iterator, an observable, a runner. At most one at a time holds a feed. */
export interface Surface {
  readonly name: string;
  /** Keys and values must be decoded before they are handed out, because the reader cannot deal with errors. */
  readonly strict: boolean;
  /** Somebody waits for messages right now. */
  readonly demand: boolean;
  /** Nobody reads at the moment: another surface may take over. */
  readonly idle: boolean;
  /** There may be something to deliver. */
  wake(): void;
  /** No more messages, with the error that ended it or null. Called once, never after the surface was released. */
  finish(error: Error | null): void;
  laneAdded?(lane: Lane): void;
  laneEnded?(lane: Lane): void;
  /** Messages taken from the lane that processing has not begun with; they need not be waited for. */
  unstarted?(lane: Lane): number;
  /** Deals itself with a message that cannot be decoded: the one at `lane.limit`. */
  refused?(lane: Lane): void;
  /** Processing must not begin with any more messages of the lane. */
  discard?(lane: Lane): void;
  /** A seek took effect: what was taken from the lane before is of no interest any more. */
  rewound?(lane: Lane): void;
  /** Nobody waits any longer for what was begun. */
  abandon?(): void;
}

/** What a feed needs of its session. */
export interface FeedHost {
  readonly clock: Clock;
  /** A lane may have reached the end of its partition or of its bound. */
  arrived(feed: Feed, lane: Lane): void;
  /** Everything before a message that cannot be decoded was delivered. */
  refused(feed: Feed, lane: Lane): void;
  /** Remembers what was handed out, to report it when it is dropped without having been acknowledged. */
  lease?: ((segments: readonly Segment[]) => readonly Segment[]) | undefined;
  report(event: StreamEvent): void;
  /** Accounts for settled messages now instead of after the current job. */
  flush(): void;
}

/**
 * Messages of some lanes on their way to one reader. Pull only: batches and runs are taken from it, and it wakes its
 * surface when there may be more.
 */
export class Feed {
  readonly lanes: Lane[] = [];
  surface: Surface | null = null;
  /** Changes whenever a loop that delivers messages has to look again what it may deliver. */
  version = 0;
  private turn = 0;
  private timer: unknown = null;
  private flushing: { readonly lane: Lane; readonly reason: BatchReason } | null = null;
  private end: { readonly error: Error | null } | null = null;
  private givenUp = false;
  /** Who had the feed when it ended: its work may outlive it. */
  private last: Surface | null = null;

  constructor(
    readonly name: string,
    readonly host: FeedHost,
    public policy: BatchPolicy | null,
    /** Messages are done as soon as they are delivered. */
    readonly settleOnDelivery: boolean,
    /** The feed a lane goes back to when this one, made for it alone, is not read any more. */
    private readonly parent: Feed | null = null,
  ) {}

  /** Who has the messages: the surface, or, after the end, the one that had the feed then. Null: whoever it was left. */
  get reader(): Surface | null {
    return this.surface ?? this.last;
  }

  /** Whoever had messages of this feed left, or was waited for long enough: nobody waits until they are done. */
  get abandoned(): boolean {
    return this.surface === null && (this.end === null || this.givenUp);
  }

  add(lane: Lane): void {
    lane.feed = this;
    this.lanes.push(lane);
    this.surface?.laneAdded?.(lane);
  }

  remove(lane: Lane): void {
    const at = this.lanes.indexOf(lane);
    if (at < 0) return;
    this.lanes.splice(at, 1);
    this.version++;
    this.surface?.laneEnded?.(lane);
    if (this.parent !== null) this.finish(null);
  }

  /** Takes back the lane of a partition whose stream came to nothing because its owner left. */
  recall(): void {
    const { parent } = this;
    if (parent === null) return;
    // At the end nothing is delivered again: what was handed out is still waited for.
    this.finish(parent.end?.error ?? null);
    const lane = parent.end === null ? this.lanes.pop() : undefined;
    if (lane === undefined) return;
    lane.rewind();
    parent.add(lane);
  }

  /**
   * Gives the feed to a surface. What another one got and did not acknowledge is delivered again.
   *
   * @throws LeaseHeldError naming the holder.
   * @throws the error that ended the feed.
   */
  acquire(surface: Surface): void {
    if (this.end?.error) throw this.end.error;
    if (this.surface !== null && this.surface !== surface) {
      if (!this.surface.idle) throw new LeaseHeldError(this.name, this.surface.name);
      this.release(this.surface);
    }
    this.surface = surface;
    for (const lane of this.lanes) {
      lane.acceptRefused();
      lane.rewind();
    }
    if (this.end !== null) this.finish(null);
    else this.host.clock.microtask(() => this.wake());
  }

  /**
   * The surface stops reading, at once. Nothing is acknowledged, nothing is lost: what was delivered and is not done is
   * delivered again to the next one, unless it is acknowledged first. Nobody waits for it any more.
   */
  release(surface: Surface): void {
    if (this.surface !== surface) return;
    this.surface = null;
    this.version++;
    this.disarm();
  }

  /** Ends the surface with an error; the feed can be read again. */
  fail(error: Error): void {
    const { surface } = this;
    if (surface === null) return;
    this.release(surface);
    surface.finish(error);
  }

  wake(): void {
    this.surface?.wake();
  }

  /** Ends the feed: the surface is told, and later ones get the same. */
  finish(error: Error | null): void {
    this.end ??= { error };
    this.version++;
    this.disarm();
    const { surface } = this;
    this.surface = null;
    this.last = surface ?? this.last;
    surface?.finish(this.end.error);
  }

  /** What is not done now will not be: its stream was stopped, and waited for it long enough. */
  giveUp(): void {
    this.givenUp = true;
    this.reader?.abandon?.();
  }

  /**
   * Hands out the open batch of each of these lanes, if somebody is waiting for it: one batch, not the whole buffer,
   * because what is not handed out need not be waited for.
   */
  flush(lanes: readonly Lane[], reason: BatchReason): void {
    if (this.policy === null) return;
    for (const lane of lanes) {
      if (this.surface?.demand !== true) return;
      this.flushing = { lane, reason };
      this.wake();
      this.flushing = null;
    }
  }

  /** The next batch, null when there is none now. */
  next(): MessageBatch<never, never> | null {
    if (this.end !== null) return null;
    const { policy, lanes, flushing } = this;
    this.flushing = null;
    if (policy?.scope === 'stream') return this.nextMixed(policy, flushing?.reason ?? null);
    if (flushing !== null) {
      const batch = this.close(flushing.lane, flushing.reason);
      if (batch !== null) return batch;
    }
    for (let n = lanes.length; n > 0; n--) {
      const lane = this.nextLane();
      const batch = lane.mask === 0 ? this.close(lane, null) : null;
      if (batch !== null) return batch;
    }
    this.arm();
    return null;
  }

  private nextLane(): Lane {
    if (this.turn >= this.lanes.length) this.turn = 0;
    return this.lanes[this.turn++] as Lane;
  }

  private close(lane: Lane, flush: BatchReason | null): MessageBatch<never, never> | null {
    const segments: Segment[] = [];
    const { policy } = this;
    if (policy === null) {
      this.decode(lane, 1);
      const run = lane.available > 0 ? lane.peek(Number.POSITIVE_INFINITY) : null;
      if (run === null) return null;
      lane.next = run.chunk.firstSeq + run.to;
      segments.push(run);
      return this.hand(segments, 'chunk', lane);
    }
    this.decode(lane, policy.count);
    const found = closing(lane, policy, this.host.clock.now(), flush);
    if (found === null) return null;
    const taken = lane.take(found.take, policy.bytes, segments);
    return this.hand(segments, taken < found.take ? 'bytes' : found.reason, lane);
  }

  private nextMixed(policy: BatchPolicy, flush: BatchReason | null): MessageBatch<never, never> | null {
    for (const lane of this.lanes) this.decode(lane, policy.count);
    const found: Closing | null = closingMixed(this.lanes, policy, this.host.clock.now(), flush);
    if (found === null) {
      this.arm();
      return null;
    }
    const segments: Segment[] = [];
    let left = found.take;
    let bytes = policy.bytes;
    for (let n = this.lanes.length; n > 0 && left > 0 && bytes > 0; n--) {
      const lane = this.nextLane();
      const before = segments.length;
      if (lane.available > 0) left -= lane.take(left, bytes, segments);
      for (let s = before; s < segments.length; s++) {
        const { chunk, from, to } = segments[s] as Segment;
        bytes -= chunk.bytesOf(from, to);
      }
    }
    return this.hand(segments, left > 0 ? 'bytes' : found.reason, null);
  }

  private hand(segments: Segment[], reason: BatchReason, lane: Lane | null): MessageBatch<never, never> {
    const eof = lane !== null && lane.untilEof === 0 ? lane.eofAhead : null;
    const given = this.host.lease === undefined || this.settleOnDelivery ? segments : this.host.lease(segments);
    const batch = new MessageBatch<never, never>(given, reason, eof);
    if (this.settleOnDelivery) batch.ack();
    if (lane !== null) this.host.arrived(this, lane);
    else for (const one of this.lanes) this.host.arrived(this, one);
    return batch;
  }

  /** The next run of messages to deliver one by one: the reader moves `lane.next` on with every message. */
  nextRun(max = Number.POSITIVE_INFINITY): Segment | null {
    if (this.end !== null) return null;
    for (let n = this.lanes.length; n > 0; n--) {
      const lane = this.nextLane();
      if (lane.mask !== 0) continue;
      this.decode(lane, 1);
      const run = lane.available > 0 ? lane.peek(max) : null;
      if (run !== null) return run;
    }
    return null;
  }

  /** Messages of a run were delivered: [from, to). */
  delivered(lane: Lane, from: number, to: number): void {
    if (this.settleOnDelivery) lane.settleRange(from, to);
    this.host.arrived(this, lane);
  }

  private decode(lane: Lane, max: number): void {
    const strict = this.surface?.strict === true;
    const ready = () => this.wake();
    lane.decodeAhead(max, strict, ready);
    while (strict && lane.atRefused) {
      if (this.surface?.refused) this.surface.refused(lane);
      else this.host.refused(this, lane);
      lane.decodeAhead(max, strict, ready);
    }
  }

  /** Sets the timer by which the oldest waiting message has to be handed out. */
  private arm(): void {
    if (this.policy === null || this.surface?.demand !== true) return;
    let since = Number.POSITIVE_INFINITY;
    for (const lane of this.lanes) if (lane.available > 0 && lane.waitingSince < since) since = lane.waitingSince;
    if (since === Number.POSITIVE_INFINITY) return;
    this.disarm();
    const left = Math.max(0, since + this.policy.ms - this.host.clock.now());
    this.timer = this.host.clock.setTimer(() => {
      this.timer = null;
      this.wake();
      this.host.flush();
    }, Math.ceil(left));
  }

  private disarm(): void {
    if (this.timer !== null) this.host.clock.clearTimer(this.timer);
    this.timer = null;
  }
}
