import type { DecodeError } from '../../core/errors';
import type { Decoders } from '../../message/decoders';
import type { AckWindow } from './ack-window';
import type { Backlog } from './backlog';

/** Decodes chunks before they are delivered, for readers that cannot deal with an error or with a promise. */
export class DecodeAhead {
  /** Sequence number of the first message that may not be delivered yet. */
  limit = Number.POSITIVE_INFINITY;
  /** The error of the message at `limit`, when it cannot be decoded. */
  error: DecodeError | null = null;
  private busy = false;

  constructor(
    private readonly decoders: Decoders,
    private readonly backlog: Backlog,
    private readonly window: AckWindow,
  ) {}

  get idle(): boolean {
    return this.decoders.none || this.busy || this.error !== null;
  }

  /** Decodes the chunks of [from, to); see {@link DeliveryLane.decodeAhead}. */
  run(from: number, to: number, strict: boolean, ready: () => void): void {
    this.limit = Number.POSITIVE_INFINITY;
    for (let seq = from; seq < to; ) {
      const chunk = this.backlog.at(seq);
      if (chunk === undefined) return;
      const wait = chunk.decodeAll();
      if (wait !== undefined) {
        this.limit = seq;
        this.busy = true;
        void wait.then(() => {
          this.busy = false;
          this.limit = Number.POSITIVE_INFINITY;
          ready();
        });
        return;
      }
      const end = chunk.firstSeq + chunk.count;
      if (strict && chunk.failures > 0) {
        for (; seq < end; seq++) {
          const error = chunk.failureAt(seq - chunk.firstSeq);
          if (error === null || this.window.isSettled(seq)) continue;
          this.limit = seq;
          this.error = error;
          return;
        }
      }
      seq = end;
    }
  }

  /** Goes on past the message that cannot be decoded. */
  pass(): void {
    this.error = null;
    if (!this.busy) this.limit = Number.POSITIVE_INFINITY;
  }
}
