import type { Clock } from '../core/clock';

/** Given back at once, so that a long job does not keep the native thread from taking more. */
const MESSAGES = 4096;
const BYTES = 256 << 10;

/**
 * Collects the credit that lanes give back. Every call into the native side wakes its thread: one per settled message
 * would cost more than everything else. The rest goes with the end of the turn of the event loop; nothing could be
 * delivered before.
 */
export class CreditReturn {
  private readonly waiting = new Map<number, { messages: number; bytes: number }>();
  private messages = 0;
  private bytes = 0;
  private scheduled = false;

  constructor(
    private readonly clock: Clock,
    private readonly give: (lane: number, messages: number, bytes: number) => void,
  ) {}

  add(lane: number, messages: number, bytes: number): void {
    const known = this.waiting.get(lane);
    if (known === undefined) {
      this.waiting.set(lane, { messages, bytes });
    } else {
      known.messages += messages;
      known.bytes += bytes;
    }
    this.messages += messages;
    this.bytes += bytes;
    if (this.messages >= MESSAGES || this.bytes >= BYTES) this.flush();
    else if (!this.scheduled) {
      this.scheduled = true;
      this.clock.immediate(() => {
        this.scheduled = false;
        this.flush();
      });
    }
  }

  private flush(): void {
    this.messages = this.bytes = 0;
    for (const [lane, { messages, bytes }] of this.waiting) this.give(lane, messages, bytes);
    this.waiting.clear();
  }
}
