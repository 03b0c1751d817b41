/** Time and chance, injected so that a simulator can drive them. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  setTimer(run: () => void, ms: number): unknown;
  clearTimer(timer: unknown): void;
  /** Runs after the current job, before any timer. */
  microtask(run: () => void): void;
  /** In [0, 1). */
  random(): number;
}

/** The real clock. Its timers keep the process up: whoever sets one is responsible for clearing it. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer: (run, ms) => setTimeout(run, ms),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
  microtask: (run) => queueMicrotask(run),
  random: Math.random,
};

/** Waits for the work, but not longer than `ms`. Its failure is reported elsewhere. */
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
