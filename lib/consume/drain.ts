import type { Clock } from '../core/clock';
import type { Lane } from './lane/lane';
import type { DrainFaults } from './rebalance';

/** Messages of a lane that are being processed: delivered, not done, and begun with. */
export function undone(lane: Lane): number {
  const { reader, abandoned } = lane.feed;
  if (reader === null && abandoned) return 0;
  return Math.max(0, lane.inflight - (reader?.unstarted?.(lane) ?? 0));
}

/** Those of them that are waited for. */
export function working(lane: Lane): number {
  return lane.feed.abandoned ? 0 : undone(lane);
}

interface Drain {
  readonly lanes: readonly Lane[];
  readonly resolve: (drained: boolean) => void;
  readonly timer: unknown;
  readonly done: () => boolean;
}

/** Waits until delivered messages are done. The condition is looked at anew each time: nothing is counted apart. */
export class Drains {
  private readonly open = new Set<Drain>();

  constructor(
    private readonly clock: Clock,
    private readonly faults: DrainFaults,
  ) {}

  /** Resolves `true` as soon as nothing of the lanes is being processed, `false` after `ms` unless that is infinite. */
  wait(lanes: readonly Lane[], ms: number): Promise<boolean> | true {
    const done = this.condition(lanes);
    if (done()) return true;
    return new Promise((resolve) => {
      const expire = () => this.settle(drain, false);
      const timer = Number.isFinite(ms) ? this.clock.setTimer(expire, Math.max(0, ms)) : null;
      const drain: Drain = { lanes, resolve, timer, done };
      this.open.add(drain);
    });
  }

  private condition(lanes: readonly Lane[]): () => boolean {
    if (this.faults.waitForBuffer)
      return () => lanes.every((lane) => lane.ended !== null || lane.window.base >= lane.end);
    if (this.faults.snapshotDrain) {
      const targets = lanes.map((lane) => [lane, lane.snapshot ?? lane.next] as const);
      return () => targets.every(([lane, next]) => lane.ended !== null || lane.window.base >= next);
    }
    return () => lanes.every((lane) => lane.ended !== null || working(lane) === 0);
  }

  /** Something was acknowledged or ended. */
  check(): void {
    for (const drain of this.open) if (drain.done()) this.settle(drain, true);
  }

  close(): void {
    for (const drain of this.open) this.settle(drain, false);
  }

  private settle(drain: Drain, drained: boolean): void {
    if (!this.open.delete(drain)) return;
    if (drain.timer !== null) this.clock.clearTimer(drain.timer);
    drain.resolve(drained);
  }
}
