import type { AckResult, AckTarget, StaleReason } from '../../message/ack';
import type { Segment } from '../../message/batch';
import { Chunk } from '../../message/chunk';
import type { Decoders } from '../../message/decoders';
import type { LaneAssignment } from '../../native/events';
import { AckWindow } from './ack-window';
import { Backlog, type Credit } from './backlog';
import { Block, type BlockReason } from './block';
import { Bound } from './bound';
import { DecodeAhead } from './decode-ahead';
import type { DeliveryLane, LaneReader, LaneSegment, Undecodable } from './delivery-lane';
import { EofMarks } from './eof-marks';

const ACKED: AckResult = Object.freeze({ stale: false });
const STALE = Object.fromEntries(
  (['duplicate', 'revoked', 'lost', 'rewound', 'closed'] as const).map((why) => [
    why,
    Object.freeze({ stale: true, why }),
  ]),
) as unknown as Record<StaleReason, AckResult>;

/** Why the epoch of a lane ended; the reason of its abort signal. */
export type LaneEnd = 'revoked' | 'lost' | 'closed';

/** The owner of lanes. */
export interface LaneHost {
  /** The lane has newly settled messages to account for: called once until {@link Lane.sweep}. */
  touched(lane: Lane): void;
  /** An acknowledgement of the lane changed nothing. */
  stale(lane: Lane, why: StaleReason): void;
}

/**
 * One epoch of one partition: a backlog of chunks and three pointers over its delivery sequence,
 *
 *     base ≤ next ≤ limit ≤ end
 *
 * `base`: the first message not settled · `next`: the first not delivered · `limit`: the first that may not be delivered
 * yet (not decoded, past the bound) · `end`: the first not received. Every count is derived from the pointers and dies
 * with the lane.
 *
 * Its state is its own. Others change it by verbs, and each verb that changes what may be delivered invalidates the
 * reader's loop: {@link Lane.block}, {@link Lane.unblock}, {@link Lane.advance}, {@link Lane.settle},
 * {@link Lane.confirmCommitted}, {@link Lane.fence}, {@link Lane.end}, and the deliveries of the native side (push, eof,
 * rewound).
 */
export class Lane implements DeliveryLane, AckTarget {
  readonly topic: string;
  readonly partition: number;
  readonly id: number;
  /** False: nothing of it is ever committed. */
  readonly commits: boolean;
  private readonly window = new AckWindow();
  private readonly backlog = new Backlog();
  private readonly bound = new Bound();
  private readonly eofs = new EofMarks();
  private readonly decoding: DecodeAhead;
  private nextSeq = 0;
  private readPosition: number;
  private committedOffset = -1;
  private endedBy: LaneEnd | null = null;
  private reasons = 0;
  private readBy: LaneReader;
  private isFenced = false;
  private isTouched = false;
  /** First sequence number of the current sub-epoch (a seek begins a new one). */
  private fenceSeq = 0;
  /** How many in [next, end) are settled already and will be passed over. */
  private skips = 0;
  private controller: AbortController | null = null;
  private seeks = 0;

  constructor(
    assignment: LaneAssignment,
    private readonly host: LaneHost,
    private readonly decoders: Decoders,
    reader: LaneReader,
    commits: boolean,
  ) {
    this.readBy = reader;
    this.commits = commits;
    this.id = assignment.lane;
    this.topic = assignment.topic;
    this.partition = assignment.partition;
    this.readPosition = assignment.offset >= 0 ? assignment.offset : -1;
    this.decoding = new DecodeAhead(decoders, this.backlog, this.window);
  }

  /** Aborted when the epoch ends; the reason is `'revoked'`, `'lost'` or `'closed'`. */
  get signal(): AbortSignal {
    if (this.controller === null) {
      this.controller = new AbortController();
      if (this.endedBy !== null) this.controller.abort(this.endedBy);
    }
    return this.controller.signal;
  }

  /** Where its messages go. Moves when `partitions$` gives every partition a stream of its own. */
  get reader(): LaneReader {
    return this.readBy;
  }

  attach(reader: LaneReader): void {
    this.readBy = reader;
  }

  get ended(): LaneEnd | null {
    return this.endedBy;
  }

  /** The member was fenced: the broker refuses its commits. */
  get fenced(): boolean {
    return this.isFenced;
  }

  /** Offset to go on from when everything received is settled; -1 while unknown. */
  get position(): number {
    return this.readPosition;
  }

  /** Highest offset the broker confirmed, or the user committed, in this epoch; at first where it began; -1 unknown. */
  get committed(): number {
    return this.committedOffset;
  }

  // --- receiving

  push(data: ArrayBuffer, now: number): Chunk {
    const chunk = Chunk.read(data, this, this.decoders);
    this.backlog.push(chunk, now);
    // Nothing of this epoch is settled yet: no committed offset, whoever made it, is beyond its first message.
    if (this.committedOffset < 0 && chunk.safe) this.committedOffset = chunk.offsetAt(0);
    this.readPosition = chunk.safe ? chunk.offsetAt(chunk.count - 1) + 1 : -1;
    this.bound.look(chunk, this.nextSeq);
    return chunk;
  }

  eof(offset: number): void {
    this.eofs.add(this.backlog.end, offset);
    if (offset > this.readPosition) this.readPosition = offset;
    this.readBy.invalidate();
  }

  /** A seek was requested: nothing is delivered until it took effect or failed. */
  beginSeek(): void {
    this.seeks++;
    this.block(Block.seeking);
  }

  endSeek(): void {
    if (this.seeks > 0 && --this.seeks === 0) this.unblock(Block.seeking);
  }

  /** A seek took effect: everything before it is forgotten, acknowledged or not. @returns the credit it had */
  rewound(offset: number): Credit {
    const credit = this.backlog.reset();
    const { end } = this.backlog;
    this.eofs.clear();
    this.skips = 0;
    this.window.reset(end);
    this.nextSeq = this.fenceSeq = end;
    this.readPosition = offset >= 0 ? offset : -1;
    this.committedOffset = -1;
    this.passUndecodable();
    this.endSeek();
    this.readBy.rewound(this);
    return credit;
  }

  /** Credit that the native side counts as taken, without what {@link Lane.takeOwed} is about to give back. */
  get outstanding(): Credit {
    return this.backlog.outstanding;
  }

  /** Drops what is not delivered: the next owner of the partition gets it. Its credit dies with the lane. */
  dropUndelivered(): void {
    if (this.skips > 0) this.passSettled();
    this.eofs.clear();
    const { nextSeq, backlog } = this;
    if (nextSeq >= backlog.end) return;
    const chunk = backlog.at(nextSeq) as Chunk;
    this.readPosition = chunk.safe ? chunk.offsetAt(nextSeq - chunk.firstSeq) : -1;
    this.window.truncate(nextSeq, backlog.end);
    this.skips = 0;
    backlog.truncate(nextSeq);
  }

  // --- delivering

  block(reason: BlockReason): void {
    this.reasons |= reason;
    this.readBy.invalidate();
  }

  unblock(reason: BlockReason): void {
    if ((this.reasons & reason) === 0) return;
    this.reasons &= ~reason;
    this.readBy.invalidate();
  }

  get blocked(): boolean {
    return this.reasons !== 0;
  }

  isBlocked(reason: BlockReason): boolean {
    return (this.reasons & reason) !== 0;
  }

  get next(): number {
    return this.nextSeq;
  }

  advance(to: number): void {
    this.nextSeq = to;
  }

  /** First sequence number that may not be delivered. */
  private get limit(): number {
    return Math.min(this.backlog.end, this.decoding.limit, this.bound.seq);
  }

  get available(): number {
    return this.reasons === 0 ? this.buffered : 0;
  }

  /** Messages that wait for delivery, blocked or not. */
  get buffered(): number {
    const waiting = this.limit - this.nextSeq;
    return waiting <= 0 ? 0 : this.skips === 0 ? waiting : waiting - this.window.count(this.nextSeq, this.limit);
  }

  get unacked(): number {
    const { base, above } = this.window;
    if (base >= this.nextSeq) return 0;
    return this.nextSeq - base - (above - this.skips);
  }

  peek(max: number): LaneSegment | null {
    if (this.skips > 0) this.passSettled();
    const { limit, nextSeq } = this;
    if (nextSeq >= limit) return null;
    const chunk = this.backlog.at(nextSeq) as Chunk;
    const from = nextSeq - chunk.firstSeq;
    let to = Math.min(chunk.count, limit - chunk.firstSeq, from + max);
    if (this.skips > 0) {
      let at = from;
      while (at < to && !this.window.isSettled(chunk.firstSeq + at)) at++;
      to = at;
    }
    return { chunk, from, to, lane: this };
  }

  take(max: number, maxBytes: number, into: Segment[]): number {
    let taken = 0;
    let bytes = 0;
    while (taken < max) {
      const run = this.peek(max - taken);
      if (run === null) break;
      const to = cut(run, maxBytes - bytes, taken === 0);
      if (to === run.from) break;
      into.push(to === run.to ? run : { chunk: run.chunk, from: run.from, to });
      this.nextSeq = run.chunk.firstSeq + to;
      taken += to - run.from;
      bytes += run.chunk.bytesOf(run.from, to);
      if (to < run.to) break;
    }
    return taken;
  }

  bytesWaiting(enough: number): number {
    return this.backlog.bytesBetween(this.nextSeq, this.limit, enough);
  }

  get waitingSince(): number {
    return this.backlog.at(this.nextSeq)?.arrivedAt ?? Number.POSITIVE_INFINITY;
  }

  get untilEof(): number {
    const mark = this.eofs.next;
    if (mark === undefined) return -1;
    return mark.seq - this.nextSeq - (this.skips > 0 ? this.window.count(this.nextSeq, mark.seq) : 0);
  }

  get eofAhead(): number | null {
    return this.eofs.next?.offset ?? null;
  }

  /** Takes out the last end of the partition that delivery has reached. @returns its offset if it is to be reported */
  passEof(): number | null {
    return this.eofs.pass(this.nextSeq);
  }

  rewind(): void {
    const { base, above } = this.window;
    if (this.nextSeq === base) return;
    this.nextSeq = base;
    this.backlog.rewind();
    this.skips = above;
  }

  private passSettled(): void {
    while (this.nextSeq < this.backlog.end && this.window.isSettled(this.nextSeq)) {
      this.nextSeq++;
      this.skips--;
    }
  }

  decodeAhead(max: number, strict: boolean, ready: () => void): void {
    if (this.decoding.idle) return;
    // Settled messages will be passed over, and those after them taken in their place.
    if (this.skips > 0) this.passSettled();
    this.decoding.run(this.nextSeq, Math.min(this.backlog.end, this.nextSeq + max + this.skips), strict, ready);
  }

  get undecodable(): Undecodable | null {
    const { error, limit: seq } = this.decoding;
    if (error === null || this.nextSeq < seq || this.reasons !== 0) return null;
    const chunk = this.backlog.at(seq) as Chunk;
    const from = seq - chunk.firstSeq;
    return { seq, error, at: { chunk, from, to: from + 1, lane: this } };
  }

  passUndecodable(): void {
    this.decoding.pass();
    this.unblock(Block.undecodable);
  }

  // --- bounds

  /** Delivers nothing with this offset or a later one. */
  setBound(offset: number): void {
    this.bound.set(offset, this.backlog, this.nextSeq);
    this.readBy.invalidate();
  }

  /** Delivers nothing that is received from now on. */
  boundHere(): void {
    this.bound.cutAt(this.backlog.end);
  }

  get boundDelivered(): boolean {
    return this.bound.reached(this.nextSeq, this.backlog.end, this.readPosition);
  }

  get boundReceived(): boolean {
    return this.bound.reached(this.limit, this.backlog.end, this.readPosition);
  }

  /** The end of the partition that a bounded read reached before librdkafka reported it; null when there is none. */
  claimEnd(): number | null {
    return this.eofs.claim(this.bound.given);
  }

  // --- settling

  settle(seq: number): AckResult {
    const { window } = this;
    if (seq === window.base && window.above === 0 && seq < this.nextSeq && this.endedBy === null) {
      window.base = seq + 1;
      if (!this.isTouched) this.touch();
      return ACKED;
    }
    return this.settleRange(seq, seq + 1);
  }

  settleRange(from: number, to: number): AckResult {
    if (this.endedBy !== null) return this.stale(this.endedBy);
    if (to <= this.fenceSeq) return this.stale('rewound');
    // Left by its reader, and dropped when the partition was revoked: the next owner gets it.
    if (from >= this.backlog.end) return this.stale('revoked');
    if (this.window.settle(from, Math.min(to, this.backlog.end)) === 0) return this.stale('duplicate');
    if (to > this.nextSeq || this.window.base > this.nextSeq) {
      // Settled before it was delivered again: its first reader left, and this acknowledgement came late.
      this.nextSeq = Math.max(this.nextSeq, this.window.base);
      this.skips = this.window.count(this.nextSeq, this.backlog.end);
      this.readBy.invalidate();
    }
    if (!this.isTouched) this.touch();
    return ACKED;
  }

  private stale(why: StaleReason): AckResult {
    this.host.stale(this, why);
    return STALE[why];
  }

  private touch(): void {
    this.isTouched = true;
    this.host.touched(this);
  }

  /** Releases settled chunks. The lane owes their credit from here on. @returns it */
  sweep(): Credit {
    this.isTouched = false;
    return this.backlog.release(this.window.base);
  }

  /** Takes the credit that the lane owes to the native side. */
  takeOwed(): Credit {
    return this.backlog.takeOwed();
  }

  isSettled(seq: number): boolean {
    return this.window.isSettled(seq);
  }

  /** How many of [from, to) are settled. */
  countSettled(from: number, to: number): number {
    return this.window.count(from, to);
  }

  /** What moves when an acknowledgement does: the first unsettled sequence number, and how many above it are settled. */
  get progress(): { readonly base: number; readonly above: number } {
    return this.window;
  }

  /** Everything received is settled. */
  get allSettled(): boolean {
    return this.window.base >= this.backlog.end;
  }

  /** The offset to commit: of the first unsettled message, or the position when all are settled. -1 when unknown. */
  get watermark(): number {
    const { base } = this.window;
    if (base >= this.backlog.end) return this.readPosition;
    const head = this.backlog.find(base) as Chunk;
    return head.safe ? head.offsetAt(base - head.firstSeq) : -1;
  }

  /** Nothing was received after the last end of the partition. */
  get atEof(): boolean {
    return this.eofs.isLast(this.backlog.end);
  }

  /** Offset of the next message to be delivered, -1 while unknown. */
  get deliveryPosition(): number {
    const chunk = this.nextSeq < this.backlog.end ? this.backlog.at(this.nextSeq) : undefined;
    if (chunk === undefined) return this.readPosition;
    return chunk.safe ? chunk.offsetAt(this.nextSeq - chunk.firstSeq) : -1;
  }

  /** Leader epoch of the last message below the watermark, -1 when unknown. */
  get leaderEpoch(): number {
    return this.backlog.leaderEpochBelow(this.window.base);
  }

  /** The user committed this offset: messages delivered below it are settled. */
  settleBelow(offset: number): void {
    const to = this.backlog.firstAtOrAfter(offset, this.window.base, this.nextSeq);
    if (to > this.window.base) this.settleRange(this.window.base, to);
    this.confirmCommitted(offset);
  }

  /** The broker has this offset. */
  confirmCommitted(offset: number): void {
    if (offset > this.committedOffset) this.committedOffset = offset;
  }

  /** Another member has this member's identity: nothing more is committed. */
  fence(): void {
    this.isFenced = true;
  }

  /** Offsets delivered and not settled. */
  unsettled(): number[] {
    const offsets: number[] = [];
    for (const chunk of this.backlog)
      for (let i = 0; i < chunk.count; i++) {
        const seq = chunk.firstSeq + i;
        if (seq < this.nextSeq && !this.window.isSettled(seq)) offsets.push(Number(chunk.offsetBigAt(i)));
      }
    return offsets;
  }

  /** Ends the epoch: from here on nothing is delivered, counted or committed. */
  end(why: LaneEnd): void {
    if (this.endedBy !== null) return;
    this.endedBy = why;
    this.block(Block.revoking);
    this.backlog.clear();
    this.eofs.clear();
    this.controller?.abort(why);
  }
}

/** How far a run goes within `budget` bytes. */
function cut({ chunk, from, to }: Segment, budget: number, atLeastOne: boolean): number {
  if (chunk.bytesOf(from, to) <= budget) return to;
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (chunk.bytesOf(from, middle) <= budget) low = middle;
    else high = middle - 1;
  }
  return low === from && atLeastOne ? from + 1 : low;
}
