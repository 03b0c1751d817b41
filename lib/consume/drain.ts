import type { Clock } from '../core/clock';
import type { Lane } from './lane/lane';

/** Messages of the lane in progress that are waited for. */
export const working = (lane: Lane): number => (lane.reader.abandoned ? 0 : lane.reader.inProgress(lane));

interface Drain {
  readonly lanes: readonly Lane[];
  readonly resolve: (drained: boolean) => void;
  readonly timer: unknown;
}

/** Waits until messages in progress are settled. The condition is evaluated anew each time: nothing is counted apart. */
export class Drains {
  private readonly open = new Set<Drain>();

  constructor(private readonly clock: Clock) {}

  /** Resolves `true` as soon as no message of the lanes is in progress, `false` after `ms` unless that is infinite. */
  wait(lanes: readonly Lane[], ms: number): Promise<boolean> | true {
    if (this.isDrained(lanes)) return true;
    return new Promise((resolve) => {
      const expire = () => this.settle(drain, false);
      const timer = Number.isFinite(ms) ? this.clock.setTimer(expire, Math.max(0, ms)) : null;
      const drain: Drain = { lanes, resolve, timer };
      this.open.add(drain);
    });
  }

  private isDrained(lanes: readonly Lane[]): boolean {
    return lanes.every((lane) => lane.ended !== null || working(lane) === 0);
  }

  /** Something was acknowledged or ended. */
  check(): void {
    for (const drain of this.open) if (this.isDrained(drain.lanes)) this.settle(drain, true);
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
