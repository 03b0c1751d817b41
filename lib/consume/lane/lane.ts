import type { DecodeError } from '../../core/errors';
import type { AckResult, LaneHandle, StaleReason } from '../../message/ack';
import type { Segment } from '../../message/batch';
import { Chunk } from '../../message/chunk';
import type { Decoders } from '../../message/decoders';
import type { LaneAssignment } from '../../native/events';
import type { Feed } from '../stream/feed';
import { AckWindow } from './ack-window';

const ACKED: AckResult = Object.freeze({ stale: false });
const STALE = Object.fromEntries(
  (['duplicate', 'revoked', 'lost', 'rewound', 'closed'] as const).map((why) => [
    why,
    Object.freeze({ stale: true, why }),
  ]),
) as unknown as Record<StaleReason, AckResult>;

/** Why the epoch of a lane ended; the reason of its abort signal. */
export type LaneEnd = 'revoked' | 'lost' | 'closed';

/** Reasons for not delivering from a lane; each has one owner that sets and clears it. */
export const HELD = 1;

// the user paused it
export const SEEKING = 2;

// what is buffered belongs to the old position
export const DRAINING = 4;

// it is being revoked
export const REFUSED = 8;

// a message that cannot be decoded is being dealt with
export const BUSY = 16;

// a managed handler has enough of it for now
export const STOPPING = 32;

// its stream, or the run over it, comes to its end

/** Whoever owns lanes is told when one has something to account for. */
export interface LaneHost {
  touched(lane: Lane): void;
  stale(lane: Lane, why: StaleReason): void;
}

export interface Credit {
  readonly messages: number;
  readonly bytes: number;
}

/** The end of the partition, seen before the message with this sequence number. */
interface EofMark {
  readonly seq: number;
  readonly offset: number;
}

/**
 * One epoch of one partition: a buffer of chunks and three pointers over its delivery sequence,
 *
 *     base ≤ next ≤ limit ≤ end
 *
 * `base`: the first message not done · `next`: the first not delivered · `limit`: the first that may not be delivered
 * yet (not decoded, past the bound) · `end`: the first not received. Chunks stay until `base` has passed them, so that
 * what was delivered and never acknowledged can be delivered again. Every count is derived from the pointers and dies
 * with the lane.
 */
export class Lane implements LaneHandle {
  readonly topic: string;
  readonly partition: number;
  readonly id: number;
  readonly window = new AckWindow();
  readonly chunks: Chunk[] = [];
  next = 0;
  end = 0;
  /** Offset to go on from when everything received is done; -1 while unknown. */
  position: number;
  /** Highest offset the broker confirmed, or the user committed, in this epoch; at first where it began; -1 unknown. */
  committed = -1;
  ended: LaneEnd | null = null;
  /** Reasons for not delivering: HELD, SEEKING, …. */
  mask = 0;
  /** A message at `limit` that cannot be decoded, when the surface asked for decoded ones. */
  refused: DecodeError | null = null;
  /** Where it is delivered. Moves when `partitions$` gives every partition a stream of its own. */
  feed: Feed;
  readonly commits: boolean;
  /** The member was fenced: the broker would refuse its commits. */
  fenced = false;
  /** Test-only, see DrainFaults. */
  snapshot: number | undefined;
  touched = false;
  /** First sequence number of the current sub-epoch (a seek begins a new one). */
  private fence = 0;
  /** How many in [next, end) are done already and will be passed over. */
  private skips = 0;
  private cursor = 0;
  private credited = 0;
  private headCredited = 0;
  /** First sequence number not decoded yet, when decoding is ahead of delivery. */
  private undecoded = Number.POSITIVE_INFINITY;
  private decoding = false;
  private bound = Number.POSITIVE_INFINITY;
  private boundSeq = Number.POSITIVE_INFINITY;
  /** The end that was told before librdkafka told it. */
  claimedEnd: number | null = null;
  private passedEof = -1;
  private readonly eofs: EofMark[] = [];
  private lastEofSeq = -1;
  private lastLeaderEpoch = -1;
  private controller: AbortController | null = null;
  private seeks = 0;

  constructor(
    assignment: LaneAssignment,
    private readonly host: LaneHost,
    private readonly decoders: Decoders,
    feed: Feed,
    commits: boolean,
  ) {
    this.feed = feed;
    this.commits = commits;
    this.id = assignment.lane;
    this.topic = assignment.topic;
    this.partition = assignment.partition;
    this.position = assignment.offset >= 0 ? assignment.offset : -1;
  }

  /** Aborted when the epoch ends; the reason is `'revoked'`, `'lost'` or `'closed'`. */
  get signal(): AbortSignal {
    if (this.controller === null) {
      this.controller = new AbortController();
      if (this.ended !== null) this.controller.abort(this.ended);
    }
    return this.controller.signal;
  }

  // --- receiving

  push(data: ArrayBuffer, now: number): Chunk {
    const chunk = Chunk.read(data, this, this.decoders);
    chunk.firstSeq = this.end;
    chunk.arrivedAt = now;
    this.chunks.push(chunk);
    // Nothing of this epoch is done yet: what is committed, by whomever, is not beyond its first message.
    if (this.committed < 0 && chunk.safe) this.committed = chunk.offsetAt(0);
    this.end += chunk.count;
    this.position = chunk.safe ? chunk.offsetAt(chunk.count - 1) + 1 : -1;
    if (this.boundSeq === Number.POSITIVE_INFINITY && this.position > this.bound) this.findBound(chunk);
    return chunk;
  }

  eof(offset: number): void {
    this.eofs.push({ seq: this.end, offset });
    this.lastEofSeq = this.end;
    if (offset > this.position) this.position = offset;
  }

  /** A seek was asked for: nothing is delivered until it took effect or failed. */
  beginSeek(): void {
    this.seeks++;
    this.mask |= SEEKING;
  }

  endSeek(): void {
    if (this.seeks > 0 && --this.seeks === 0) this.mask &= ~SEEKING;
  }

  /** A seek took effect: what came before it is forgotten, acknowledged or not. @returns what is to be credited. */
  rewound(offset: number): Credit {
    const credit = this.outstanding;
    this.chunks.length = this.eofs.length = this.cursor = this.skips = this.headCredited = 0;
    this.window.reset(this.end);
    this.next = this.fence = this.credited = this.end;
    this.position = offset >= 0 ? offset : -1;
    this.committed = -1;
    this.acceptRefused();
    this.endSeek();
    return credit;
  }

  /** What the native layer counts as taken and not given back. */
  get outstanding(): Credit {
    let bytes = -this.headCredited;
    for (const chunk of this.chunks) bytes += chunk.byteLength;
    return { messages: this.end - this.credited, bytes };
  }

  /** Drops what is not delivered: somebody else will get it. Its credit dies with the lane. */
  dropUndelivered(): void {
    if (this.skips > 0) this.passSettled();
    this.eofs.length = 0;
    if (this.next >= this.end) return;
    const chunk = this.chunkAt(this.next) as Chunk;
    this.position = chunk.safe ? chunk.offsetAt(this.next - chunk.firstSeq) : -1;
    this.window.truncate(this.next, this.end);
    this.end = this.next;
    this.skips = 0;
    while (this.chunks.length > 0 && (this.chunks[this.chunks.length - 1] as Chunk).firstSeq >= this.end)
      this.chunks.pop();
  }

  // --- delivering

  /** First sequence number that may not be delivered. */
  get limit(): number {
    return Math.min(this.end, this.undecoded, this.boundSeq);
  }

  /** How many messages can be delivered now. */
  get available(): number {
    return this.mask === 0 ? this.buffered : 0;
  }

  /** How many messages wait, held back or not. */
  get buffered(): number {
    const waiting = this.limit - this.next;
    return waiting <= 0 ? 0 : this.skips === 0 ? waiting : waiting - this.window.count(this.next, this.limit);
  }

  /** Delivered and not done. */
  get inflight(): number {
    const { base, above } = this.window;
    if (base >= this.next) return 0;
    return this.next - base - (above - this.skips);
  }

  /** The next run of deliverable messages within one chunk, at most `max`. Delivers nothing: see `next`. */
  peek(max: number): Segment | null {
    if (this.skips > 0) this.passSettled();
    const limit = this.limit;
    if (this.next >= limit) return null;
    const chunk = this.chunkAt(this.next) as Chunk;
    const from = this.next - chunk.firstSeq;
    let to = Math.min(chunk.count, limit - chunk.firstSeq, from + max);
    if (this.skips > 0) {
      let at = from;
      while (at < to && !this.window.isSettled(chunk.firstSeq + at)) at++;
      to = at;
    }
    return { chunk, from, to };
  }

  /** Delivers up to `max` messages with up to `maxBytes` (but at least one message). */
  take(max: number, maxBytes: number, into: Segment[]): number {
    let taken = 0;
    let bytes = 0;
    while (taken < max) {
      const run = this.peek(max - taken);
      if (run === null) break;
      const to = Lane.cut(run, maxBytes - bytes, taken === 0);
      if (to === run.from) break;
      into.push(to === run.to ? run : { chunk: run.chunk, from: run.from, to });
      this.next = run.chunk.firstSeq + to;
      taken += to - run.from;
      bytes += run.chunk.bytesOf(run.from, to);
      if (to < run.to) break;
    }
    return taken;
  }

  /** How far a run goes within `budget` bytes. */
  private static cut({ chunk, from, to }: Segment, budget: number, atLeastOne: boolean): number {
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

  /** Bytes that wait for delivery, counted up to `enough`. */
  bytesWaiting(enough: number): number {
    let bytes = 0;
    for (let seq = this.next; seq < this.limit && bytes < enough; ) {
      const chunk = this.chunkAt(seq) as Chunk;
      const to = Math.min(chunk.count, this.limit - chunk.firstSeq);
      bytes += chunk.bytesOf(seq - chunk.firstSeq, to);
      seq = chunk.firstSeq + to;
    }
    return bytes;
  }

  /** When the oldest message that waits arrived. */
  get waitingSince(): number {
    return this.chunkAt(this.next)?.arrivedAt ?? Number.POSITIVE_INFINITY;
  }

  /** Messages up to the next mark of the end of the partition, -1 when there is none. */
  get untilEof(): number {
    const mark = this.eofs[0];
    if (mark === undefined) return -1;
    return mark.seq - this.next - (this.skips > 0 ? this.window.count(this.next, mark.seq) : 0);
  }

  /** Offset of the next mark. */
  get eofAhead(): number | null {
    return this.eofs[0]?.offset ?? null;
  }

  /** Takes out the last end-of-partition that delivery has reached. */
  passEof(): number | null {
    let offset: number | null = null;
    while (this.eofs.length > 0 && (this.eofs[0] as EofMark).seq <= this.next)
      offset = (this.eofs.shift() as EofMark).offset;
    if (offset !== null) this.passedEof = offset;
    return offset;
  }

  /** A new surface begins: what was delivered and is not done will be delivered again. */
  rewind(): void {
    if (this.next === this.window.base) return;
    this.next = this.window.base;
    this.cursor = 0;
    this.skips = this.window.above;
  }

  private passSettled(): void {
    while (this.next < this.end && this.window.isSettled(this.next)) {
      this.next++;
      this.skips--;
    }
  }

  /** The chunk that has `seq`. */
  private chunkAt(seq: number): Chunk | undefined {
    let at = this.cursor;
    if ((this.chunks[at]?.firstSeq ?? seq + 1) > seq) at = 0;
    let chunk = this.chunks[at];
    while (chunk !== undefined && chunk.firstSeq + chunk.count <= seq) chunk = this.chunks[++at];
    this.cursor = at;
    return chunk;
  }

  /**
   * Decodes the chunks of the next `max` messages. With an asynchronous deserializer `limit` stays before the first
   * chunk that is not ready, and `ready` is called when it is. With `strict` it stays before a message that cannot be
   * decoded, too, and `refused` has the error.
   */
  decodeAhead(max: number, strict: boolean, ready: () => void): void {
    if (this.decoders.none || this.decoding || this.refused !== null) return;
    this.undecoded = Number.POSITIVE_INFINITY;
    // What is done already will be passed over, and what comes after it taken in its place.
    if (this.skips > 0) this.passSettled();
    const stop = Math.min(this.end, this.next + max + this.skips);
    for (let seq = this.next; seq < stop; ) {
      const chunk = this.chunkAt(seq) as Chunk;
      const wait = chunk.decodeAll();
      if (wait !== undefined) {
        this.undecoded = seq;
        this.decoding = true;
        void wait.then(() => {
          this.decoding = false;
          this.undecoded = Number.POSITIVE_INFINITY;
          ready();
        });
        return;
      }
      if (strict && chunk.failures > 0 && this.findRefused(chunk, seq)) return;
      seq = chunk.firstSeq + chunk.count;
    }
  }

  private findRefused(chunk: Chunk, from: number): boolean {
    for (let seq = from; seq < chunk.firstSeq + chunk.count; seq++) {
      const error = chunk.failureAt(seq - chunk.firstSeq);
      if (error === null || this.window.isSettled(seq)) continue;
      this.undecoded = seq;
      this.refused = error;
      return true;
    }
    return false;
  }

  /** Everything before the message that cannot be decoded was delivered. */
  get atRefused(): boolean {
    return this.refused !== null && this.next >= this.undecoded && this.mask === 0;
  }

  /** The message that cannot be decoded. */
  peekRefused(): Segment {
    const chunk = this.chunkAt(this.undecoded) as Chunk;
    const from = this.undecoded - chunk.firstSeq;
    return { chunk, from, to: from + 1 };
  }

  /** The message that cannot be decoded was dealt with, or another surface may look at it in its own way. */
  acceptRefused(): void {
    this.refused = null;
    if (!this.decoding) this.undecoded = Number.POSITIVE_INFINITY;
    this.mask &= ~REFUSED;
  }

  // --- bounds

  /** Nothing with this offset or a later one is delivered. */
  setBound(offset: number): void {
    this.bound = offset;
    for (const chunk of this.chunks) if (this.boundSeq === Number.POSITIVE_INFINITY) this.findBound(chunk);
  }

  private findBound(chunk: Chunk): void {
    if (!chunk.safe || chunk.offsetAt(chunk.count - 1) < this.bound) return;
    let at = 0;
    while (chunk.offsetAt(at) < this.bound) at++;
    this.boundSeq = Math.max(this.next, chunk.firstSeq + at);
  }

  /** Nothing received from now on is delivered. */
  boundHere(): void {
    this.boundSeq = Math.min(this.boundSeq, this.end);
  }

  /** Everything up to the bound was delivered. */
  get finished(): boolean {
    return this.next >= this.boundSeq || (this.next >= this.end && this.position >= this.bound);
  }

  /** Everything up to the bound is here, delivered or not: nothing more comes. */
  get complete(): boolean {
    const { limit } = this;
    return limit >= this.boundSeq || (limit >= this.end && this.position >= this.bound);
  }

  /**
   * The end of the partition that a bounded read has reached without having seen librdkafka's event for it, which
   * comes a moment later and is then passed over. Null when there is none to be told.
   */
  claimEnd(): number | null {
    if (!Number.isFinite(this.bound) || this.eofs.length > 0 || this.passedEof >= this.bound) return null;
    this.claimedEnd = this.bound;
    this.passedEof = this.bound;
    return this.bound;
  }

  // --- settling

  settle(seq: number): AckResult {
    const { window } = this;
    if (seq === window.base && window.above === 0 && seq < this.next && this.ended === null) {
      window.base = seq + 1;
      if (!this.touched) this.touch();
      return ACKED;
    }
    return this.settleRange(seq, seq + 1);
  }

  settleRange(from: number, to: number): AckResult {
    if (this.ended !== null) return this.stale(this.ended);
    if (to <= this.fence) return this.stale('rewound');
    // Left by its surface, and dropped when the partition was asked back: it will be delivered to somebody else.
    if (from >= this.end) return this.stale('revoked');
    if (this.window.settle(from, Math.min(to, this.end)) === 0) return this.stale('duplicate');
    if (to > this.next || this.window.base > this.next) {
      // Done before it was delivered again: the surface that had it was left and this answer came late.
      this.next = Math.max(this.next, this.window.base);
      this.skips = this.window.count(this.next, this.end);
      this.feed.version++;
    }
    if (!this.touched) this.touch();
    return ACKED;
  }

  private stale(why: StaleReason): AckResult {
    this.host.stale(this, why);
    return STALE[why];
  }

  private touch(): void {
    this.touched = true;
    this.host.touched(this);
  }

  /** Lets go of chunks that are done. @returns the credit they had. */
  sweep(): Credit {
    const { base } = this.window;
    const messages = base - this.credited;
    this.credited = base;
    let bytes = -this.headCredited;
    while (this.chunks.length > 0) {
      const head = this.chunks[0] as Chunk;
      if (head.firstSeq + head.count > base) break;
      bytes += head.byteLength;
      this.lastLeaderEpoch = head.leaderEpoch;
      this.chunks.shift();
      this.cursor = Math.max(0, this.cursor - 1);
    }
    const head = this.chunks[0];
    // Bytes go back in proportion, or the rest of a big chunk could keep a batch from ever becoming full.
    this.headCredited =
      head && base > head.firstSeq ? Math.floor((head.byteLength * (base - head.firstSeq)) / head.count) : 0;
    return { messages, bytes: bytes + this.headCredited };
  }

  /** The offset to commit: of the first message not done, or the position when all are. -1 when there is none. */
  get watermark(): number {
    const { base } = this.window;
    if (base >= this.end) return this.position;
    const head = this.chunks.find((chunk) => chunk.firstSeq + chunk.count > base) as Chunk;
    return head.safe ? head.offsetAt(base - head.firstSeq) : -1;
  }

  /** Nothing was received after the last end of the partition. */
  get atEof(): boolean {
    return this.lastEofSeq === this.end;
  }

  /** Offset of the next message to be delivered, -1 while unknown. */
  get deliveryPosition(): number {
    const chunk = this.next < this.end ? this.chunkAt(this.next) : undefined;
    if (chunk === undefined) return this.position;
    return chunk.safe ? chunk.offsetAt(this.next - chunk.firstSeq) : -1;
  }

  /** Leader epoch of the last message below the watermark, -1 when unknown. */
  get leaderEpoch(): number {
    const head = this.chunks[0];
    return head !== undefined && head.firstSeq < this.window.base ? head.leaderEpoch : this.lastLeaderEpoch;
  }

  /** The user committed this offset: what was delivered below it counts as done. */
  settleBelow(offset: number): void {
    let to = this.window.base;
    for (const chunk of this.chunks) {
      if (!chunk.safe) break;
      let i = Math.max(0, to - chunk.firstSeq);
      while (i < chunk.count && chunk.firstSeq + i < this.next && chunk.offsetAt(i) < offset) i++;
      to = chunk.firstSeq + i;
      if (i < chunk.count) break;
    }
    if (to > this.window.base) this.settleRange(this.window.base, to);
    if (offset > this.committed) this.committed = offset;
  }

  /** Offsets delivered and not done. */
  unsettled(): number[] {
    const offsets: number[] = [];
    for (const chunk of this.chunks)
      for (let i = 0; i < chunk.count; i++) {
        const seq = chunk.firstSeq + i;
        if (seq < this.next && !this.window.isSettled(seq)) offsets.push(Number(chunk.offsetBigAt(i)));
      }
    return offsets;
  }

  /** Ends the epoch: from here on nothing is delivered, counted or committed. */
  finish(why: LaneEnd): void {
    if (this.ended !== null) return;
    this.ended = why;
    this.mask |= DRAINING;
    this.chunks.length = 0;
    this.eofs.length = 0;
    this.controller?.abort(why);
  }
}
