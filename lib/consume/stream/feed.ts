import type { Caller } from '../../core/call-stack';
import type { Clock } from '../../core/clock';
import { KIND, StateError } from '../../core/errors';
import { type AnyBatch, type BatchReason, MessageBatch, type Segment } from '../../message/batch';
import type { StreamEvent } from '../events';
import type { DeliveryLane, LaneReader, LaneSegment, Undecodable } from '../lane/delivery-lane';
import { type BatchPolicy, type Closing, closing, closingMixed } from './batcher';
import type { Surface } from './surface';

/** Another surface of the stream is in use. */
export class StreamBusyError extends StateError {
  static override readonly [KIND]: string = 'StreamBusyError';

  constructor(
    stream: string,
    /** The surface that reads the stream. */
    readonly holder: string,
  ) {
    super(
      `${stream} is already read by ${holder}; a stream has one reader at a time: end that one first, or make another stream`,
    );
  }
}

/** What a feed needs of its session. */
export interface FeedHost {
  readonly clock: Clock;
  /** Delivery may have reached the end of the partition or the bound of the read. */
  delivered(lane: DeliveryLane): void;
  /** A message that cannot be decoded is next, on a surface that cannot deal with it. */
  undecodable(lane: DeliveryLane, what: Undecodable): void;
  /** Remembers delivered segments, to report them when they are collected without having been acknowledged. */
  trackLeaks?: ((segments: readonly Segment[]) => readonly Segment[]) | undefined;
  emit(event: StreamEvent): void;
  /** Accounts for settled messages now instead of after the current job. */
  flush(): void;
}

/** A batch on its way to a surface, and the lane of its first message. */
export interface Handout {
  readonly batch: AnyBatch;
  readonly lane: DeliveryLane;
}

/**
 * Messages of some lanes on their way to one reader. Pull only: batches and runs are taken from it, and it wakes its
 * surface when there may be more.
 */
export class Feed implements LaneReader {
  readonly lanes: DeliveryLane[] = [];
  private holder: Surface | null = null;
  private deliveryVersion = 0;
  private turn = 0;
  private timer: unknown = null;
  private flushing: { readonly lane: DeliveryLane; readonly reason: BatchReason } | null = null;
  private end: { readonly error: Error | null } | null = null;
  private givenUp = false;
  /** The surface that held the feed when it ended: its work may outlive it. */
  private last: Surface | null = null;

  constructor(
    readonly name: string,
    readonly host: FeedHost,
    readonly policy: BatchPolicy | null,
    /** Messages are settled as soon as they are delivered. */
    readonly settleOnDelivery: boolean,
    /** Throws when reading would wait for ever. */
    private readonly guard: (() => void) | undefined = undefined,
    /** The feed a lane goes back to when this one, made for it alone, is not read any more. */
    private readonly parent: Feed | null = null,
  ) {}

  get surface(): Surface | null {
    return this.holder;
  }

  /** Changes whenever a loop that delivers messages must look again at what it may deliver. */
  get version(): number {
    return this.deliveryVersion;
  }

  invalidate(): void {
    this.deliveryVersion++;
  }

  get abandoned(): boolean {
    return this.holder === null && (this.end === null || this.givenUp);
  }

  inProgress(lane: DeliveryLane): number {
    // The current reader; after the end the last one. Null when the reader left.
    const reader = this.holder ?? this.last;
    if (reader === null && this.abandoned) return 0;
    return Math.max(0, lane.unacked - (reader?.unstarted?.(lane) ?? 0));
  }

  /** The call comes from the code that processes the messages of this feed. */
  called(callers: readonly Caller[]): boolean {
    return (this.holder ?? this.last)?.called?.(callers) ?? false;
  }

  discard(lane: DeliveryLane): void {
    this.holder?.discard?.(lane);
  }

  rewound(lane: DeliveryLane): void {
    this.invalidate();
    this.holder?.rewound?.(lane);
  }

  add(lane: DeliveryLane): void {
    lane.attach(this);
    this.lanes.push(lane);
    this.holder?.laneAdded?.(lane);
  }

  remove(lane: DeliveryLane): void {
    const at = this.lanes.indexOf(lane);
    if (at < 0) return;
    this.lanes.splice(at, 1);
    this.invalidate();
    this.holder?.laneEnded?.(lane);
    if (this.parent !== null) this.finish(null);
  }

  /** Takes out a lane that gets a feed of its own. @returns false when it is not here */
  detach(lane: DeliveryLane): boolean {
    const at = this.lanes.indexOf(lane);
    if (at >= 0) this.lanes.splice(at, 1);
    return at >= 0;
  }

  /** Gives back the lane of a partition stream whose owner left. */
  recall(): void {
    const { parent } = this;
    if (parent === null) return;
    // At the end nothing is delivered again: outstanding messages are still waited for.
    this.finish(parent.end?.error ?? null);
    const lane = parent.end === null ? this.lanes.pop() : undefined;
    if (lane === undefined) return;
    lane.rewind();
    parent.add(lane);
  }

  /**
   * Gives the feed to a surface. Messages that another one got and did not acknowledge are delivered again.
   *
   * @throws StreamBusyError naming the holder.
   * @throws the error that ended the feed.
   */
  acquire(surface: Surface): void {
    if (this.end?.error) throw this.end.error;
    if (this.end === null) this.requireSource();
    if (this.holder !== null && this.holder !== surface) {
      if (!this.holder.idle) throw new StreamBusyError(this.name, this.holder.name);
      this.release(this.holder);
    }
    this.holder = surface;
    for (const lane of this.lanes) {
      lane.passUndecodable();
      lane.rewind();
    }
    if (this.end !== null) this.finish(null);
    else this.host.clock.microtask(() => this.wake());
  }

  /** @throws StateError when nothing is subscribed or assigned */
  requireSource(): void {
    this.guard?.();
  }

  /**
   * The surface stops reading, at once. Nothing is acknowledged and nothing is lost: unsettled messages are delivered again
   * to the next surface, unless they are acknowledged first. They are no longer waited for.
   */
  release(surface: Surface): void {
    if (this.holder !== surface) return;
    this.holder = null;
    this.invalidate();
    this.disarm();
  }

  /** Ends the surface with an error; the feed can be read again. */
  fail(error: Error): void {
    const { holder } = this;
    if (holder === null) return;
    this.release(holder);
    holder.finish(error);
  }

  wake(): void {
    this.holder?.wake();
  }

  /** Ends the feed: its surface sees the end, and later ones see the same. */
  finish(error: Error | null): void {
    this.end ??= { error };
    this.invalidate();
    this.disarm();
    const { holder } = this;
    this.holder = null;
    this.last = holder ?? this.last;
    holder?.finish(this.end.error);
  }

  /** Its stream was stopped, and unsettled messages were waited for long enough. */
  giveUp(): void {
    this.givenUp = true;
    (this.holder ?? this.last)?.abandon?.();
  }

  /** One batch per lane, not the whole buffer: messages that are not handed out need not be waited for. */
  flush(lanes: readonly DeliveryLane[], reason: BatchReason): void {
    if (this.policy === null) return;
    for (const lane of lanes) {
      if (this.holder?.demand !== true) return;
      this.flushing = { lane, reason };
      this.wake();
      this.flushing = null;
    }
  }

  /** The next batch, null when there is none now. */
  next(): Handout | null {
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
      const batch = lane.blocked ? null : this.close(lane, null);
      if (batch !== null) return batch;
    }
    this.arm();
    return null;
  }

  private nextLane(): DeliveryLane {
    if (this.turn >= this.lanes.length) this.turn = 0;
    return this.lanes[this.turn++] as DeliveryLane;
  }

  private close(lane: DeliveryLane, flush: BatchReason | null): Handout | null {
    const { policy } = this;
    if (policy === null) {
      this.decode(lane, 1);
      const run = lane.available > 0 ? lane.peek(Number.POSITIVE_INFINITY) : null;
      if (run === null) return null;
      lane.advance(run.chunk.firstSeq + run.to);
      return this.hand([run], 'chunk', lane);
    }
    this.decode(lane, policy.count);
    const found = closing(lane, policy, this.host.clock.now(), flush);
    if (found === null) return null;
    const segments: Segment[] = [];
    const taken = lane.take(found.take, policy.bytes, segments);
    return this.hand(segments, taken < found.take ? 'bytes' : found.reason, lane);
  }

  private nextMixed(policy: BatchPolicy, flush: BatchReason | null): Handout | null {
    for (const lane of this.lanes) this.decode(lane, policy.count);
    const found: Closing | null = closingMixed(this.lanes, policy, this.host.clock.now(), flush);
    if (found === null) {
      this.arm();
      return null;
    }
    const segments: Segment[] = [];
    let first: DeliveryLane | null = null;
    let left = found.take;
    let bytes = policy.bytes;
    for (let n = this.lanes.length; n > 0 && left > 0 && bytes > 0; n--) {
      const lane = this.nextLane();
      const before = segments.length;
      if (lane.available > 0) left -= lane.take(left, bytes, segments);
      if (segments.length > before) first ??= lane;
      for (let s = before; s < segments.length; s++) {
        const { chunk, from, to } = segments[s] as Segment;
        bytes -= chunk.bytesOf(from, to);
      }
    }
    return this.hand(segments, left > 0 ? 'bytes' : found.reason, first as unknown as DeliveryLane);
  }

  private hand(segments: Segment[], reason: BatchReason, lane: DeliveryLane): Handout {
    const mixed = this.policy?.scope === 'stream';
    const eof = !mixed && lane.untilEof === 0 ? lane.eofAhead : null;
    const { trackLeaks } = this.host;
    const given = trackLeaks === undefined || this.settleOnDelivery ? segments : trackLeaks(segments);
    const batch = new MessageBatch<never, never>(given, reason, eof);
    if (this.settleOnDelivery) batch.ack();
    if (mixed) for (const one of this.lanes) this.host.delivered(one);
    else this.host.delivered(lane);
    return { batch, lane };
  }

  /** The next run of messages to deliver one by one: the reader advances the lane with every message. */
  nextRun(): LaneSegment | null {
    if (this.end !== null) return null;
    for (let n = this.lanes.length; n > 0; n--) {
      const lane = this.nextLane();
      if (lane.blocked) continue;
      this.decode(lane, 1);
      const run = lane.available > 0 ? lane.peek(Number.POSITIVE_INFINITY) : null;
      if (run !== null) return run;
    }
    return null;
  }

  /** Messages of a run were delivered: [from, to). */
  delivered(lane: DeliveryLane, from: number, to: number): void {
    if (this.settleOnDelivery) lane.settleRange(from, to);
    this.host.delivered(lane);
  }

  private decode(lane: DeliveryLane, max: number): void {
    const strict = this.holder?.strict === true;
    const ready = () => this.wake();
    lane.decodeAhead(max, strict, ready);
    if (!strict) return;
    for (let what = lane.undecodable; what !== null; what = lane.undecodable) {
      if (this.holder?.undecodable) this.holder.undecodable(lane, what);
      else this.host.undecodable(lane, what);
      lane.decodeAhead(max, strict, ready);
    }
  }

  /** Sets the timer by which the oldest waiting message has to be handed out. */
  private arm(): void {
    if (this.policy === null || this.holder?.demand !== true) return;
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
