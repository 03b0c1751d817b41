import type { AnyMessage } from '../../message/message';
import { Block } from '../lane/block';
import type { DeliveryLane } from '../lane/delivery-lane';
import type { Feed } from '../stream/feed';
import { MessageCursor, type MessageTaker } from '../stream/message-surface';
import type { FailurePolicy, MessageHandler, Order } from './failure';
import { type Bucket, KeyBuckets } from './key-buckets';
import { Runner, type Work } from './runner';
import { seqOf } from './unit';

/** Messages of a lane read ahead of busy buckets, so that other keys can go on. */
const READ_AHEAD = 1024;

/** Calls a handler for single messages. */
export class MessageRunner extends Runner<AnyMessage> implements MessageTaker {
  readonly name = 'run()';
  private readonly cursor = new MessageCursor(this);

  constructor(
    feed: Feed,
    handler: MessageHandler<never, never>,
    policy: FailurePolicy<never, never>,
    concurrency: number,
    private readonly order: Order,
  ) {
    super(feed, handler, policy, concurrency, order === 'key' ? KeyBuckets.countFor(concurrency) : 0);
  }

  get taking(): boolean {
    return this.demand;
  }

  protected dispatch(): void {
    this.cursor.restart();
    this.cursor.pump();
  }

  /** Begins with the message, or queues it behind its key. @returns whether the lane may go on. */
  give(message: AnyMessage, lane: DeliveryLane): boolean {
    const work = this.workOf(lane);
    if (this.order === 'key') {
      const bucket = work.buckets.of(message);
      if (!bucket.busy) {
        work.highest = Math.max(work.highest, seqOf(message));
        this.begin(work, bucket, message);
        return this.demand;
      }
      bucket.queue.push(message);
      if (++work.queued < READ_AHEAD) return true;
      lane.block(Block.busy);
      return false;
    }
    if (!this.begin(work, null, message)) return this.demand;
    if (this.order === 'none') return this.demand;
    lane.block(Block.busy);
    return false;
  }

  protected next(work: Work, bucket: Bucket<AnyMessage> | null): void {
    if (this.order !== 'key') {
      this.free(work);
      return;
    }
    // After the end of the stream queued messages are still processed; after a stop they were discarded.
    while (bucket !== null && !bucket.busy && bucket.queue.length > 0) {
      const message = bucket.queue.shift() as AnyMessage;
      work.queued--;
      // An earlier reader may have acknowledged it in the meantime.
      if (work.lane.isSettled(seqOf(message))) continue;
      work.highest = Math.max(work.highest, seqOf(message));
      this.begin(work, bucket, message);
    }
    if (work.queued < READ_AHEAD / 2) this.free(work);
  }
}
