/** What the bench hands out: a JSON document and a table for the terminal. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, homedir, loadavg, platform, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Options } from './options';
import { describe } from './report/model';
import { cpuPerMillion, figure, goalOf, limitOf, meetsGoal, type Run, ratios, type Spread, spread } from './stats';
import { CONSUMER_CONFIG, PRODUCER_CONFIG, PROGRAM_CONFIG, SUITES } from './trial';
import { GOALS, SUBJECTS } from './trials';

export interface Surroundings {
  options: Options;
  cluster: string;
  librdkafka: string;
  startedAt: Date;
  loadAtStart: number[];
  /** What was asked for and could not be had here, with the reason. */
  leftOut: { suite: string; subject: string; reason: string }[];
}

/** Figures that are shown as the subject gives them. */
const PLAIN = [
  'elu',
  'loopP99',
  'gcMs',
  'rebalances',
  'rssMb',
  'sentPerSecond',
  'p50',
  'p99',
  'p999',
  'max',
  'calmP99',
  'handles',
  'rssGrowthMb',
  'boundMb',
] as const;

/** Figures of one subject at one size over all its runs. */
interface Row {
  suite: string;
  subject: string;
  size: number;
  /** As in {@link Run}. */
  variant?: string;
  runs: number;
  failed: number;
  figures: Record<string, Spread>;
}

/** What every report begins with: the machine, the versions, the settings. */
export function reportHead(around: Surroundings, partial: boolean) {
  return {
    format: 1,
    partial,
    startedAt: around.startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryMb: Math.round(totalmem() / 2 ** 20),
      platform: `${platform()} ${release()} ${arch()}`,
      loadAtStart: around.loadAtStart,
      loadAtEnd: loadavg(),
    },
    versions: {
      node: process.versions.node,
      'rdkafka-rx': packageVersion(),
      commit: commitOf(dirname(require.resolve('rdkafka-rx/package.json'))),
      librdkafka: around.librdkafka.replaceAll(homedir(), '~'),
      kafka: around.cluster,
    },
    settings: {
      ...settingsOf(around.options),
      consumer: CONSUMER_CONFIG,
      consumerInC: PROGRAM_CONFIG,
      producer: PRODUCER_CONFIG,
    },
  };
}

export function buildReport(runs: readonly Run[], around: Surroundings, partial: boolean) {
  const head = reportHead(around, partial);
  return {
    ...head,
    versions: { ...head.versions, ...Object.assign({}, ...runs.map((run) => prefixed(run))) },
    goals: GOALS,
    leftOut: around.leftOut,
    subjects: describe(runs),
    ratios: ratios(runs),
    summary: rows(runs),
    runs,
  };
}

/** Where the figures were written says nothing of them. */
function settingsOf({ json: _, report, markdown, readme, from, ...settings }: Options) {
  return settings;
}

export function rows(runs: readonly Run[]): Row[] {
  const found: Row[] = [];
  for (const suite of SUITES) {
    const places = new Map<string, Run[]>();
    for (const run of runs.filter((one) => one.suite === suite)) {
      const place = JSON.stringify([run.size, run.variant]);
      places.set(place, [...(places.get(place) ?? []), run]);
    }
    for (const here of places.values()) {
      const { size, variant } = here[0] as Run;
      for (const { name } of SUBJECTS.filter((subject) => subject.suite === suite)) {
        const mine = here.filter((run) => run.subject === name);
        if (mine.length === 0) continue;
        const good = mine.filter((run) => run.error === undefined && run.result !== undefined);
        const figures: Record<string, Spread> = {};
        const add = (key: string, values: (number | undefined)[]) => {
          const known = values.filter((value) => value !== undefined);
          if (known.length > 0) figures[key] = spread(known);
        };
        if (suite !== 'latency') add('perSecond', good.map(figure));
        if (suite !== 'latency' && suite !== 'clients') {
          add(
            'mbPerSecond',
            good.map((run) => figure(run) && ((figure(run) as number) * size) / 1e6),
          );
        }
        if (suite !== 'clients') add('cpuPerMillion', good.map(cpuPerMillion));
        for (const key of PLAIN) {
          add(
            key,
            good.map((run) => run.result?.[key]),
          );
        }
        const failed = mine.length - good.length;
        found.push({ suite, subject: name, size, ...(variant && { variant }), runs: mine.length, failed, figures });
      }
    }
  }
  return found;
}

/** The report for the terminal. */
export function table(runs: readonly Run[]): string {
  const lines: string[] = [];
  for (const suite of SUITES) {
    const mine = rows(runs).filter((row) => row.suite === suite);
    if (mine.length === 0) continue;
    const columns = COLUMNS.filter(([key]) => mine.some((row) => row.figures[key]));
    const cells = [['subject', 'bytes', ...columns.map(([, title]) => title), '']];
    for (const row of mine) {
      const figures = columns.map(([key, , format]) => {
        const value = row.figures[key];
        if (!value) return '-';
        const range = key === 'perSecond' || key === 'p99' ? ` (${format(value.min)}-${format(value.max)})` : '';
        return format(value.median) + range;
      });
      cells.push([
        row.variant === undefined ? row.subject : `${row.subject} ${row.variant}`,
        String(row.size),
        ...figures,
        row.failed > 0 ? `${row.failed} of ${row.runs} runs void` : '',
      ]);
    }
    lines.push(`\n${suite}`, ...align(cells));
  }
  const found = Object.entries(ratios(runs));
  if (found.length > 0) {
    const cells = [['ratio', 'median', 'min-max', 'C here', 'goal']];
    const known = Object.fromEntries(found);
    for (const [key, { median, min, max }] of found) {
      const goal = goalOf(key);
      const verdict = goal === undefined ? '' : `${goal} ${meetsGoal(key, median) ? 'met' : 'MISSED'}`;
      const limit = limitOf(known, key)?.median.toFixed(3) ?? '';
      cells.push([key, median.toFixed(3), `${min.toFixed(3)}-${max.toFixed(3)}`, limit, verdict]);
    }
    lines.push('', ...align(cells));
  }
  return lines.join('\n');
}

const thousands = (value: number) => Math.round(value).toLocaleString('en-US');
const COLUMNS: [key: string, title: string, format: (value: number) => string][] = [
  ['perSecond', 'per second (min-max)', (value) => (value < 1000 ? value.toFixed(1) : thousands(value))],
  ['mbPerSecond', 'MB/s', thousands],
  ['p50', 'p50 ms', (value) => value.toFixed(2)],
  ['p99', 'p99 ms (min-max)', (value) => value.toFixed(2)],
  ['p999', 'p99.9 ms', (value) => value.toFixed(2)],
  ['max', 'max ms', (value) => value.toFixed(2)],
  ['calmP99', 'p99 when calm', (value) => value.toFixed(2)],
  ['cpuPerMillion', 'CPU s/million', (value) => value.toFixed(2)],
  ['elu', 'event loop', (value) => value.toFixed(2)],
  ['loopP99', 'loop p99 ms', (value) => value.toFixed(1)],
  ['gcMs', 'GC ms', (value) => value.toFixed(1)],
  ['rebalances', 'rebalances', thousands],
  ['sentPerSecond', 'sent/s', thousands],
  ['rssMb', 'RSS MB', thousands],
  ['handles', 'handles left', thousands],
  ['rssGrowthMb', 'RSS growth MB', (value) => value.toFixed(1)],
  ['boundMb', 'bound MB', thousands],
];

/** Columns of equal width, the first flush left. */
export function align(cells: string[][]): string[] {
  const widths = (cells[0] ?? []).map((_, c) => Math.max(...cells.map((row) => row[c]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, c) => (c === 0 ? cell.padEnd(widths[c] ?? 0) : cell.padStart(widths[c] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

function prefixed(run: Run): Record<string, string> {
  const { versions } = run.result ?? {};
  const peer = SUBJECTS.find((subject) => subject.suite === run.suite && subject.name === run.subject)?.peer;
  if (!versions || !peer) return {};
  return Object.fromEntries(Object.entries(versions).map(([k, v]) => [k === peer ? peer : `${peer} ${k}`, v]));
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(require.resolve('rdkafka-rx/package.json'), 'utf8')) as { version: string }).version;
}

/** The commit of a checkout, with `-dirty` after uncommitted changes. */
export function commitOf(root: string): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}
