import type { Caller } from '../../core/call-stack';
import type { DeliveryLane, Undecodable } from '../lane/delivery-lane';

/** A way to read a feed: an iterator, an observable, a runner. At most one at a time holds a feed. */
export interface Surface {
  readonly name: string;
  /** Keys and values must be decoded before they are handed out, because the reader cannot deal with errors. */
  readonly strict: boolean;
  /** The reader wants messages right now. */
  readonly demand: boolean;
  /** Nothing is being read at the moment: another surface may take over. */
  readonly idle: boolean;
  /** There may be something to deliver. */
  wake(): void;
  /** No more messages, with the error that ended them or null. Called once, never after the surface was released. */
  finish(error: Error | null): void;
  laneAdded?(lane: DeliveryLane): void;
  laneEnded?(lane: DeliveryLane): void;
  /** Messages taken from the lane whose processing has not begun; they need not be waited for. */
  unstarted?(lane: DeliveryLane): number;
  /** Handles a message that cannot be decoded by itself. */
  undecodable?(lane: DeliveryLane, what: Undecodable): void;
  /** Processing must begin with no more messages of the lane. */
  discard?(lane: DeliveryLane): void;
  /** A seek took effect: messages taken from the lane before are obsolete. */
  rewound?(lane: DeliveryLane): void;
  /** Messages in progress are no longer waited for. */
  abandon?(): void;
  /** The call comes from the code that processes the messages: a stop would wait for it, and it for the stop. */
  called?(callers: readonly Caller[]): boolean;
}
