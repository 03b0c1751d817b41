import type { Clock } from '../core/clock';
import type { Lane } from './lane/lane';
import type { LaneSource } from './source';

/** Given back at once, so that a long job does not keep the native thread from taking more. */
const MESSAGES = 4096;
const BYTES = 256 << 10;

/** What the accounting reports to. */
export interface AccountingHost {
  readonly clock: Clock;
  readonly source: Pick<LaneSource, 'credit'>;
  /** Messages of the lane were settled and their chunks released. */
  settled(lane: Lane, messages: number, bytes: number): void;
  /** Delivery reached an end of the partition, or the bound of a read. */
  arrived(lane: Lane): void;
  /** Everything settled so far is accounted for. */
  accounted(): void;
}

/**
 * Accounts for settled messages: once per job of the event loop, not once per acknowledgement.
 *
 * Credit goes back less often still. Every call into the native side wakes its thread, and one per job would cost more
 * than everything else; so each lane keeps what it owes until many messages or bytes are owed, or the turn of the event
 * loop ends. Nothing could be delivered before.
 */
export class Accounting {
  /** Lanes with newly settled messages. */
  private readonly touched: Lane[] = [];
  /** Lanes whose delivery reached an end of the partition or the bound of a read. */
  private readonly arrivals: Lane[] = [];
  private readonly owing = new Set<Lane>();
  private messages = 0;
  private bytes = 0;
  private scheduled = false;
  private flushing = false;
  private returning = false;

  constructor(private readonly host: AccountingHost) {}

  touch(lane: Lane): void {
    this.touched.push(lane);
    this.schedule();
  }

  arrive(lane: Lane): void {
    this.arrivals.push(lane);
    this.schedule();
  }

  /** Accounts after the current job. */
  schedule(): void {
    if (this.scheduled || this.flushing) return;
    this.scheduled = true;
    this.host.clock.microtask(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  /** Accounts now. */
  flush(): void {
    if (this.flushing) return;
    this.flushing = true;
    try {
      while (this.touched.length > 0 || this.arrivals.length > 0) {
        for (const lane of this.touched.splice(0)) if (lane.ended === null) this.sweep(lane);
        for (const lane of this.arrivals.splice(0)) if (lane.ended === null) this.host.arrived(lane);
      }
      this.host.accounted();
    } finally {
      this.flushing = false;
    }
  }

  private sweep(lane: Lane): void {
    const { messages, bytes } = lane.sweep();
    if (messages === 0) return;
    this.owing.add(lane);
    this.messages += messages;
    this.bytes += bytes;
    if (this.messages >= MESSAGES || this.bytes >= BYTES) this.giveBack();
    else if (!this.returning) {
      this.returning = true;
      this.host.clock.immediate(() => {
        this.returning = false;
        this.giveBack();
      });
    }
    this.host.settled(lane, messages, bytes);
  }

  private giveBack(): void {
    this.messages = this.bytes = 0;
    for (const lane of this.owing) {
      const { messages, bytes } = lane.takeOwed();
      this.host.source.credit(lane.id, messages, bytes);
    }
    this.owing.clear();
  }
}
