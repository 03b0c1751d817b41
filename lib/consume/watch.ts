import { flag, msOrNever, oneOf } from '../core/check';
import { StateError } from '../core/errors';
import type { StaleReason } from '../message/ack';
import type { Segment } from '../message/batch';
import { bytesOf, isGated } from './flow';
import type { Lane } from './lane/lane';
import type { Session } from './session';

export interface WatchOptions {
  /** Report `gated` after this long without an acknowledgement while nothing more may be taken. Default 5,000 ms. */
  readonly gatedMs?: number;
  /** Report `stalled` when a delivered message is not done after this long. Default 60,000 ms. */
  readonly maxProcessingMs?: number;
  /** What a stall does beside the event. Default `event`: nothing. */
  readonly onStall?: 'event' | 'failStream' | 'failConsumer';
  /** Report batches that were dropped without having been acknowledged (`leaked-lease`). Default false. */
  readonly leakDetection?: boolean;
}

/** Options of a consumer, beside others. */
export const watchOptions = {
  gatedMs: msOrNever,
  maxProcessingMs: msOrNever,
  onStall: oneOf('event', 'failStream', 'failConsumer'),
  leakDetection: flag,
} satisfies Record<keyof WatchOptions, unknown>;

const TICK_MS = 1000;

/** What was seen of a lane the last time something moved. */
interface Seen {
  base: number;
  above: number;
  since: number;
  gated: boolean;
  stalled: boolean;
}

/** Notices lanes that do not move. Looks once a second while something is delivered and not done; costs acks nothing. */
export class Watch {
  private readonly gatedMs: number;
  private readonly maxProcessingMs: number;
  private readonly seen = new WeakMap<Lane, Seen>();
  private readonly told = new WeakMap<Lane, Set<string>>();
  private readonly registry: FinalizationRegistry<{ lane: Lane; from: number; to: number }> | null;
  private timer: unknown = null;
  private stopped = false;
  private warned = false;

  constructor(
    private readonly session: Session,
    private readonly options: WatchOptions & { readonly warn?: (message: string) => void },
  ) {
    this.gatedMs = options.gatedMs ?? 5_000;
    this.maxProcessingMs = options.maxProcessingMs ?? 60_000;
    this.registry = options.leakDetection ? new FinalizationRegistry((held) => this.leaked(held)) : null;
  }

  start(): void {
    if (this.timer !== null || this.stopped) return;
    this.timer = this.session.clock.setTimer(() => {
      this.timer = null;
      this.tick();
    }, TICK_MS);
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) this.session.clock.clearTimer(this.timer);
    this.timer = null;
  }

  private tick(): void {
    let busy = false;
    const now = this.session.clock.now();
    const lanes = this.session.assignmentLanes();
    const bytes = bytesOf(lanes);
    for (const lane of lanes) {
      if (lane.inflight === 0) {
        this.seen.delete(lane);
        continue;
      }
      busy = true;
      this.look(lane, now, bytes);
    }
    if (busy) this.start();
  }

  private look(lane: Lane, now: number, bytes: number): void {
    const { base, above } = lane.window;
    const seen = this.seen.get(lane);
    if (seen === undefined || seen.base !== base) {
      this.seen.set(lane, { base, above, since: now, gated: false, stalled: false });
      return;
    }
    const age = now - seen.since;
    if (!seen.gated && age >= this.gatedMs && seen.above === above && isGated(lane, this.session.credit, bytes)) {
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
    const { topic, partition } = lane;
    this.session.events.emit({ type: 'gated', topic, partition, offset: lane.watermark, unacked: lane.inflight });
    if (lane.window.base > 0 || lane.window.above > 0) return;
    this.warn(
      `${topic}/${partition}: ${lane.inflight} messages were delivered and none was acknowledged, so no more are read. ` +
        "Call message.ack() or batch.ack() when a message is done, or make the stream with commit: 'delivery' or 'none'.",
    );
  }

  /** Once: it is the program that is wrong, not the one message. Who listens to events hears of each. */
  private warn(text: string): void {
    if (this.warned) return;
    this.warned = true;
    this.options.warn?.(text);
  }

  private stalled(lane: Lane, ageMs: number): void {
    const at = { topic: lane.topic, partition: lane.partition, offset: lane.watermark };
    this.session.events.emit({ type: 'stalled', ...at, ageMs });
    const { onStall = 'event' } = this.options;
    const text = `${at.topic}/${at.partition} @${at.offset} was delivered ${Math.round(ageMs)} ms ago and is not done`;
    if (onStall === 'event') {
      this.warn(
        `${text}: no commit passes it, and no more is read when the credit is used up. Does its handler hang, or was ` +
          'ack() forgotten? maxProcessingMs says how long a message may take.',
      );
      return;
    }
    const error = new StateError(text);
    if (onStall === 'failConsumer') this.session.end(error);
    else lane.feed.finish(error);
  }

  /** Reported once per lane and reason: a program that acknowledges twice does it for every message. */
  stale(lane: Lane, why: StaleReason): void {
    if (!this.session.events.active) return;
    const told = this.told.get(lane) ?? new Set();
    if (told.has(why)) return;
    told.add(why);
    this.told.set(lane, told);
    this.session.events.emit({ type: 'stale-ack', topic: lane.topic, partition: lane.partition, why });
  }

  /** An offset beyond 2^53 - 1 cannot be committed. */
  unsafe(lane: Lane): void {
    const told = this.told.get(lane) ?? new Set();
    if (told.has('unsafe')) return;
    this.told.set(lane, told.add('unsafe'));
    const error = new StateError(
      `${lane.topic}/${lane.partition} has offsets beyond 2^53 - 1: they can be read, but not committed`,
    );
    this.session.events.emit({ type: 'error', error });
  }

  /** Hands out segments whose memory is dropped together with what was made of them. */
  lease(segments: readonly Segment[]): readonly Segment[] {
    return segments.map(({ chunk, from, to }) => {
      const own = chunk.handout();
      this.registry?.register(own, { lane: chunk.lane as Lane, from: chunk.firstSeq + from, to: chunk.firstSeq + to });
      return { chunk: own, from, to };
    });
  }

  private leaked({ lane, from, to }: { lane: Lane; from: number; to: number }): void {
    // Delivered again to somebody else in the meantime: not lost.
    if (lane.ended !== null || lane.next < to) return;
    const messages = to - from - lane.window.count(from, to);
    if (messages <= 0) return;
    const { topic, partition } = lane;
    this.session.events.emit({ type: 'leaked-lease', topic, partition, offset: lane.watermark, messages });
  }
}
