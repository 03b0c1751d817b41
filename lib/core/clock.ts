/** Time and randomness, injected so that a simulator can drive them. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  setTimer(run: () => void, ms: number): unknown;
  clearTimer(timer: unknown): void;
  /** Runs at the end of this turn of the event loop. */
  immediate(run: () => void): void;
  /** Runs after the current job, before any timer. */
  microtask(run: () => void): void;
  /** In [0, 1). */
  random(): number;
}

/** The real clock. Its timers keep the process up; their owner clears them. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer: (run, ms) => setTimeout(run, ms),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
  immediate: (run) => setImmediate(run),
  microtask: (run) => queueMicrotask(run),
  random: Math.random,
};

/** Waits for the work, but at most `ms`. Never rejects: the caller reports a failed work itself. */
export function within(clock: Clock, ms: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = Number.isFinite(ms) ? clock.setTimer(resolve, ms) : null;
    const done = () => {
      if (timer !== null) clock.clearTimer(timer);
      resolve();
    };
    work.then(done, done);
  });
}
