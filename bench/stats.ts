/** Medians and ratios. */
import type { Suite, TrialResult } from './trial';
import { GOALS, RATIOS } from './trials';

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
  partitions?: number;
  compression?: string;
  /** What of the conditions is not the first on the command line, e.g. `64p`, `lz4`; absent for those that are. */
  variant?: string;
  /** From 0. Runs with the same number happened one after another. */
  run: number;
  /** Of which build, when two are compared with `--against`. */
  build?: 'here' | 'there';
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
  const messages = result.timed ?? result.messages;
  if (messages === undefined || !result.seconds) return undefined;
  return messages / result.seconds;
}

/** CPU seconds of the whole process for a million messages: of the time measured, or, where unknown, of its life. */
export function cpuPerMillion({ result }: Run): number | undefined {
  if (result === undefined) return undefined;
  const { timed, timedCpuSeconds, messages, cpuSeconds } = result;
  if (timed && timedCpuSeconds !== undefined) return (timedCpuSeconds / timed) * 1e6;
  return messages && cpuSeconds !== undefined ? (cpuSeconds / messages) * 1e6 : undefined;
}

/** A ratio of latencies: less is better. */
export const isCost = (key: string): boolean => key.startsWith('latency.');

/** Peers are compared where a client's own work shows most: messages of this size. */
export const GOAL_SIZE = 100;

type Goals = Readonly<Record<string, number>>;

/** What a ratio of {@link ratios} is to be at least; of latencies: at most. */
export function goalOf(key: string, goals: Goals = GOALS): number | undefined {
  return goals[key] ?? goals[key.replace(/\.\d+\./, '.')];
}

/** Whether a ratio is what it is to be; undefined when nothing is asked of it. */
export function meetsGoal(key: string, value: number, goals: Goals = GOALS): boolean | undefined {
  const goal = goalOf(key, goals);
  if (goal === undefined) return undefined;
  return isCost(key) ? value <= goal : value >= goal;
}

/** The C program that is a suite's limit. */
const LIMITS: Readonly<Record<string, string>> = { consume: 'c-batch-queue', produce: 'c' };

/** The ratio that plain C has to the same denominator: what is possible on this machine. */
export function limitOf(found: Readonly<Record<string, Spread>>, key: string): Spread | undefined {
  const [, suite = '', place = '', other = ''] = /^(\w+)(\..*?)\.[^./]+\/(.+)$/.exec(key) ?? [];
  const limit = `${suite}${place}.${LIMITS[suite]}/${other}`;
  return limit === key ? undefined : found[limit];
}

/**
 * Median of the ratios within the same run: the machine's mood of the minute is in both. Keys as
 * `consume.100.batches$/c-batch-queue`; with a variant `consume.100.64p-lz4.batches$/c-batch-queue`.
 */
export function ratios(runs: readonly Run[]): Record<string, Spread> {
  const found: Record<string, Spread> = {};
  const cells = new Map<string, Map<string, Map<number, Run>>>();
  for (const run of runs) {
    const place = [run.suite, run.size, ...(run.variant === undefined ? [] : [run.variant])].join('.');
    const subjects = cells.get(place) ?? new Map<string, Map<number, Run>>();
    const byRun = subjects.get(run.subject) ?? new Map<number, Run>();
    cells.set(place, subjects.set(run.subject, byRun.set(run.run, run)));
  }
  for (const [suite, pairs] of Object.entries(RATIOS)) {
    for (const [place, subjects] of cells) {
      if (!place.startsWith(`${suite}.`)) continue;
      for (const [a, b] of pairs) {
        const values = [...(subjects.get(a) ?? [])].flatMap(([number, run]) => {
          const other = subjects.get(b)?.get(number);
          const [x, y] = [figure(run), other && figure(other)];
          return x !== undefined && y ? [x / y] : [];
        });
        if (values.length > 0) found[`${place}.${a}/${b}`] = spread(values);
      }
    }
  }
  return found;
}
