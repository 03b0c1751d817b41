import type { DecodeError } from '../../core/errors';
import type { AckTarget } from '../../message/ack';
import type { BatchReason, Segment } from '../../message/batch';
import type { BlockReason } from './block';

/** A run of messages of one chunk, with the lane it is from. */
export interface LaneSegment extends Segment {
  readonly lane: DeliveryLane;
}

/**
 * What readers and runners need of a lane: where delivery stands, what may be delivered, and the verbs that move it. It
 * says nothing of offsets to commit, so that a lane without a watermark can implement it.
 */
export interface DeliveryLane extends AckTarget {
  /** Sequence number of the first message not delivered. */
  readonly next: number;
  /** True while there is a reason not to deliver. */
  readonly blocked: boolean;
  /** Messages that can be delivered now; 0 while the lane is blocked. */
  readonly available: number;
  /** Messages delivered and not settled. */
  readonly unacked: number;
  /** When the oldest waiting message arrived, by the session's clock; `Infinity` without one. */
  readonly waitingSince: number;
  /** Messages up to the next end of the partition; -1 when none was seen. */
  readonly untilEof: number;
  /** Offset of that end. */
  readonly eofAhead: number | null;
  /** Everything up to the bound of a bounded read was received, delivered or not. */
  readonly boundReceived: boolean;
  /** Everything up to the bound of a bounded read was delivered. */
  readonly boundDelivered: boolean;
  /** The message that cannot be decoded when it is next to be delivered, else null. */
  readonly undecodable: Undecodable | null;

  isSettled(seq: number): boolean;
  /** Bytes that wait for delivery, counted up to `enough`. */
  bytesWaiting(enough: number): number;
  /** The next run of deliverable messages within one chunk, at most `max`. Delivers nothing: see {@link DeliveryLane.advance}. */
  peek(max: number): LaneSegment | null;
  /** Delivers up to `max` messages with up to `maxBytes`, but at least one message. @returns how many */
  take(max: number, maxBytes: number, into: Segment[]): number;
  /** Everything before the message with sequence number `to` was delivered. */
  advance(to: number): void;
  /** Delivers unsettled messages again, to a new reader. */
  rewind(): void;
  /** Its messages go to this reader from now on. */
  attach(reader: LaneReader): void;
  block(reason: BlockReason): void;
  unblock(reason: BlockReason): void;
  /**
   * Decodes the chunks of the next `max` messages. While an asynchronous deserializer works, delivery stops before its
   * chunk and `ready` is called afterwards. With `strict` it stops before a message that cannot be decoded, too.
   */
  decodeAhead(max: number, strict: boolean, ready: () => void): void;
  /** The undecodable message was handled, or another reader may treat it in its own way. */
  passUndecodable(): void;
}

/** A message that cannot be decoded. */
export interface Undecodable {
  readonly seq: number;
  readonly error: DecodeError;
  readonly at: LaneSegment;
}

/** Where a lane's messages go. A lane has one reader at a time. */
export interface LaneReader {
  /** Outstanding messages are no longer waited for: their reader left, or its drain timed out. */
  readonly abandoned: boolean;
  /** A loop that delivers must look again at what it may deliver. */
  invalidate(): void;
  /** There may be something to deliver. */
  wake(): void;
  /** Hands out the open batch of each lane, if the reader wants one. */
  flush(lanes: readonly DeliveryLane[], reason: BatchReason): void;
  /** Messages of the lane that a reader has begun and not settled. */
  inProgress(lane: DeliveryLane): number;
  /** Processing begins with no more messages of the lane. */
  discard(lane: DeliveryLane): void;
  /** A seek took effect: messages taken from the lane before are obsolete. */
  rewound(lane: DeliveryLane): void;
  /** The lane's epoch ended. */
  remove(lane: DeliveryLane): void;
  /** No more messages, with the error that ended them or null. */
  finish(error: Error | null): void;
}
