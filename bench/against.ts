/** Two builds of the library side by side: each trial in both, A B A B …, and the ratio of the two. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { UsageError } from './options';
import { align } from './report';
import { cpuPerMillion, figure, type Run, type Spread, spread } from './stats';

/** A built checkout. Its own subjects measure it, so that a public name may differ between the two. */
export interface Build {
  /** `here` is the checkout that runs the bench, `there` the one named with `--against`. */
  name: 'here' | 'there';
  /** The entry of a trial's process. */
  child: string;
}

/** A new build may lose at most this much throughput and cost at most this much more CPU per message. */
export const LEAST_THROUGHPUT = 0.98;
export const MOST_CPU = 1.02;

/** What two builds measured, and `here` over `there`. */
export interface Comparison {
  here: Spread;
  there: Spread;
  /** Ratio of the medians, and the least and greatest ratio within a pair. */
  ratio: Spread;
}

/** One trial in both builds. */
export interface Pairs {
  suite: string;
  subject: string;
  size: number;
  variant?: string;
  /** Pairs in which both runs count. */
  pairs: number;
  void: number;
  /** Messages per second; of latencies the 99th percentile in milliseconds. */
  figure?: Comparison;
  /** CPU seconds per million messages. */
  cpu?: Comparison;
}

/** @throws UsageError when the directory holds no build of this project */
export function requireBuild(directory: string): string {
  const root = resolve(directory);
  if (!existsSync(join(root, 'dist/index.js')) || !existsSync(join(root, 'bench/tsconfig.json'))) {
    throw new UsageError(`--against ${directory}: no built checkout is there. Run \`npm ci\` in it.`);
  }
  return root;
}

/** Compiles the other checkout's bench. @throws UsageError when it does not compile */
export function otherBuild(root: string): Build {
  const tsc = createRequire(join(root, 'package.json')).resolve('typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'bench')], { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new UsageError(`--against ${root}: its bench does not compile, see above.`);
  return { name: 'there', child: join(root, 'build/bench/bench/subjects/child.js') };
}

/** `here` and `there` hold the figures of a pair at the same index. */
export function compare(here: readonly number[], there: readonly number[]): Comparison | undefined {
  if (here.length === 0) return undefined;
  const within = spread(here.map((value, i) => value / (there[i] as number)));
  const [one, other] = [spread(here), spread(there)];
  return { here: one, there: other, ratio: { ...within, median: one.median / other.median } };
}

/** A row for each trial, in the order of the runs. */
export function pairsOf(runs: readonly Run[]): Pairs[] {
  const trials = new Map<string, Run[]>();
  for (const run of runs) {
    const key = JSON.stringify([run.suite, run.subject, run.size, run.variant]);
    trials.set(key, [...(trials.get(key) ?? []), run]);
  }
  return [...trials.values()].map((trial): Pairs => {
    const { suite, subject, size, variant } = trial[0] as Run;
    const there = trial.filter(({ build }) => build === 'there');
    const pairs = trial
      .filter(({ build }) => build !== 'there')
      .flatMap((run) => {
        const other = there.find((one) => one.run === run.run);
        return other && figure(run) !== undefined && figure(other) ? [[run, other] as const] : [];
      });
    const of = (read: (run: Run) => number | undefined) => {
      const known = pairs.flatMap(([one, other]) => {
        const [x, y] = [read(one), read(other)];
        return x !== undefined && y ? [[x, y] as const] : [];
      });
      return compare(
        known.map(([x]) => x),
        known.map(([, y]) => y),
      );
    };
    const [value, cpu] = [of(figure), of(cpuPerMillion)];
    return {
      ...{ suite, subject, size, ...(variant !== undefined && { variant }) },
      ...{ pairs: pairs.length, void: trial.filter(({ error }) => error !== undefined).length },
      ...(value && { figure: value }),
      ...(cpu && { cpu }),
    };
  });
}

const fixed = (value: number) => value.toFixed(3);
/** `0.993 (0.985-1.001)` */
export const ratioText = ({ ratio: { median, min, max } }: Comparison) =>
  `${fixed(median)} (${fixed(min)}-${fixed(max)})`;
export const verdict = (isMet: boolean) => (isMet ? 'met' : 'MISSED');

export function pairsTable(all: readonly Pairs[]): string {
  const cells = all.map(({ suite, subject, size, variant, pairs, void: failed, figure: value, cpu }) => {
    const isLatency = suite === 'latency';
    const text = (number: number) => (isLatency ? number.toFixed(2) : Math.round(number).toLocaleString('en-US'));
    const goal = isLatency ? `<= ${MOST_CPU}` : `>= ${LEAST_THROUGHPUT}`;
    const isMet = (median: number) => (isLatency ? median <= MOST_CPU : median >= LEAST_THROUGHPUT);
    const figures = value
      ? [text(value.here.median), text(value.there.median), ratioText(value)].concat(
          `${goal} ${verdict(isMet(value.ratio.median))}`,
        )
      : ['-', '-', '-', ''];
    const costs = cpu
      ? [cpu.here.median.toFixed(3), cpu.there.median.toFixed(3), ratioText(cpu)].concat(
          `<= ${MOST_CPU} ${verdict(cpu.ratio.median <= MOST_CPU)}`,
        )
      : ['-', '-', '-', ''];
    const name = [suite, subject, `${size} B`, ...(variant === undefined ? [] : [variant])].join(' ');
    return [name, ...figures, ...costs, `${pairs}${failed > 0 ? `, ${failed} runs void` : ''}`];
  });
  const unit = all.every(({ suite }) => suite === 'latency') ? 'p99 ms' : 'per second';
  const head = ['', `here, ${unit}`, 'there', 'ratio (min-max)', 'goal'];
  return align([[...head, 'here, CPU s/million', 'there', 'ratio (min-max)', 'goal', 'pairs'], ...cells]).join('\n');
}
