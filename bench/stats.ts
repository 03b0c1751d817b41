/** Medians and ratios. */
import { GOALS, RATIOS, type Suite, type TrialResult } from './trials';

export interface Spread {
  median: number;
  min: number;
  max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(at)] as number) + (sorted[Math.ceil(at)] as number)) / 2;
  return { median, min: sorted[0] as number, max: sorted[sorted.length - 1] as number };
}

/** One run of one trial. */
export interface Run {
  suite: Suite;
  subject: string;
  size: number;
  /** From 0. Runs with the same number happened one after another. */
  run: number;
  /** Absent when the run failed. */
  result?: TrialResult;
  /** Why it does not count. */
  error?: string;
}

/** The figure a suite is about: messages per second, or for latency the 99th percentile in milliseconds. */
export function figure(run: Run): number | undefined {
  const { result } = run;
  if (result === undefined || run.error !== undefined) return undefined;
  if (run.suite === 'latency') return result.p99;
  if (result.messages === undefined || !result.seconds) return undefined;
  return result.messages / result.seconds;
}

/** What a ratio of {@link ratios} is to be at least. */
export function goalOf(key: string): number | undefined {
  return GOALS[key.replace(/\.\d+\./, '.')];
}

/**
 * Median of the ratios within the same run: the machine's mood of the minute is in both. Keys as
 * `consume.100.batches$/c-batch-queue`.
 */
export function ratios(runs: readonly Run[]): Record<string, Spread> {
  const found: Record<string, Spread> = {};
  const sizes = [...new Set(runs.map((run) => run.size))];
  for (const [suite, pairs] of Object.entries(RATIOS)) {
    for (const size of sizes) {
      for (const [a, b] of pairs) {
        const of = (subject: string, run: number) => {
          const one = runs.find((r) => r.suite === suite && r.size === size && r.subject === subject && r.run === run);
          return one && figure(one);
        };
        const values = [...new Set(runs.map((run) => run.run))].flatMap((run) => {
          const [x, y] = [of(a, run), of(b, run)];
          return x !== undefined && y ? [x / y] : [];
        });
        if (values.length > 0) found[`${suite}.${size}.${a}/${b}`] = spread(values);
      }
    }
  }
  return found;
}
