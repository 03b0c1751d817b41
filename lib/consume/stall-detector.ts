import type { Clock } from '../core/clock';
import { StateError } from '../core/errors';
import type { CreditLimits } from './credit';
import type { ConsumerEvent } from './events';
import { bytesOf, isGated } from './flow';
import type { Lane } from './lane/lane';
import type { WatchOptions } from './watch-options';

const TICK_MS = 1000;

/** The state of a lane when it last moved. */
interface Seen {
  base: number;
  above: number;
  since: number;
  gated: boolean;
  stalled: boolean;
}

/** What the detector needs of the session. */
export interface StallHost {
  readonly clock: Clock;
  readonly credit: CreditLimits;
  assignmentLanes(): Lane[];
  emit(event: ConsumerEvent): void;
  /** Ends the session. */
  end(error: Error): void;
}

/** Detects lanes that do not move. Looks once a second while messages are unacknowledged; acknowledging costs nothing extra. */
export class StallDetector {
  private readonly gatedMs: number;
  private readonly maxProcessingMs: number;
  private readonly seen = new WeakMap<Lane, Seen>();
  private timer: unknown = null;
  private stopped = false;
  private warned = false;

  constructor(
    private readonly host: StallHost,
    private readonly options: WatchOptions & { readonly warn?: (message: string) => void },
  ) {
    this.gatedMs = options.gatedMs ?? 5_000;
    this.maxProcessingMs = options.maxProcessingMs ?? 60_000;
  }

  start(): void {
    if (this.timer !== null || this.stopped) return;
    this.timer = this.host.clock.setTimer(() => {
      this.timer = null;
      this.tick();
    }, TICK_MS);
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) this.host.clock.clearTimer(this.timer);
    this.timer = null;
  }

  private tick(): void {
    let busy = false;
    const now = this.host.clock.now();
    const lanes = this.host.assignmentLanes();
    const bytes = bytesOf(lanes);
    for (const lane of lanes) {
      if (lane.unacked === 0) {
        this.seen.delete(lane);
        continue;
      }
      busy = true;
      this.look(lane, now, bytes);
    }
    if (busy) this.start();
  }

  private look(lane: Lane, now: number, bytes: number): void {
    const { base, above } = lane.progress;
    const seen = this.seen.get(lane);
    if (seen === undefined || seen.base !== base) {
      this.seen.set(lane, { base, above, since: now, gated: false, stalled: false });
      return;
    }
    const age = now - seen.since;
    if (!seen.gated && age >= this.gatedMs && seen.above === above && isGated(lane, this.host.credit, bytes)) {
      seen.gated = true;
      this.gated(lane);
    }
    if (!seen.stalled && age >= this.maxProcessingMs) {
      seen.stalled = true;
      this.stalled(lane, age);
    }
    seen.above = above;
  }

  private gated(lane: Lane): void {
    const { topic, partition, unacked } = lane;
    this.host.emit({ type: 'gated', topic, partition, offset: lane.watermark, unacked });
    if (lane.progress.base > 0 || lane.progress.above > 0) return;
    this.warn(
      `${topic}/${partition}: ${unacked} messages were delivered and none was acknowledged, so no more are read. ` +
        "Call message.ack() or batch.ack() when a message is processed, or make the stream with commit: 'delivery' or 'none'.",
    );
  }

  /** Warns once: the program is wrong, not the one message. Listeners to events get each. */
  private warn(text: string): void {
    if (this.warned) return;
    this.warned = true;
    this.options.warn?.(text);
  }

  private stalled(lane: Lane, ageMs: number): void {
    const at = { topic: lane.topic, partition: lane.partition, offset: lane.watermark };
    this.host.emit({ type: 'stalled', ...at, ageMs });
    const { onStall = 'event' } = this.options;
    const text = `${at.topic}/${at.partition} @${at.offset} was delivered ${Math.round(ageMs)} ms ago and is not acknowledged`;
    if (onStall === 'event') {
      this.warn(
        `${text}: no commit passes it, and reading stops when the credit is used up. Does its handler hang, or was ` +
          'ack() forgotten? maxProcessingMs sets how long a message may take.',
      );
      return;
    }
    const error = new StateError(text);
    if (onStall === 'failConsumer') this.host.end(error);
    else lane.reader.finish(error);
  }
}
