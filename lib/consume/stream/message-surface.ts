import { type AnyMessage, Message } from '../../message/message';
import type { DeliveryLane, LaneSegment } from '../lane/delivery-lane';
import type { Feed } from './feed';

/** A surface that takes messages one by one. */
export interface MessageTaker {
  readonly feed: Feed;
  /** It goes on taking messages. */
  readonly taking: boolean;
  /** @returns false when the next message of this lane must wait */
  give(message: AnyMessage, lane: DeliveryLane): boolean;
}

/** The one loop that hands out single messages. */
export class MessageCursor {
  private run: LaneSegment | null = null;
  private at = 0;
  private version = -1;

  constructor(private readonly taker: MessageTaker) {}

  /** Takes the next run anew, so that lanes take turns. */
  restart(): void {
    this.run = null;
  }

  /**
   * Gives messages until the taker has enough or none is left. Each message counts as delivered when it is its turn: those
   * that follow an unsubscribe were never delivered.
   */
  pump(): void {
    const { taker } = this;
    const { feed } = taker;
    while (taker.taking) {
      if (this.run === null || this.at === this.run.to || feed.version !== this.version) {
        this.run = feed.nextRun();
        if (this.run === null) return;
        this.at = this.run.from;
        this.version = feed.version;
      }
      const { chunk, lane, to } = this.run;
      const { version } = this;
      const first = lane.next;
      let seq = first;
      let i = this.at;
      do {
        lane.advance(++seq);
        if (!taker.give(new Message<never, never>(chunk, i++), lane)) break;
      } while (i < to && feed.version === version);
      this.at = i;
      feed.delivered(lane, first, seq);
      // A taker that has enough is accounted for after the current job.
      if (taker.taking) feed.host.flush();
    }
  }
}
