/** Which charts a report has, as data. What draws them is bench/tools/plot.mjs. */
import type { Spread } from '../stats';
import {
  bytes,
  described,
  type Group,
  type Kind,
  levelValue,
  ordinary,
  type Report,
  type Row,
  ratio,
  short,
  split,
  times,
} from './model';
import { figureTitle, reference } from './tables';

interface Chart {
  title: string;
  /** What is shown and in which direction it is better. */
  caption: string;
}

export interface Bars extends Chart {
  kind: 'bars';
  /** Not what the suite is about: half as wide where there is room. */
  minor: boolean;
  bars: { label: string; kind: Kind; value: number; min: number; max: number; text: string }[];
}

/** A row of percentiles for each subject. */
export interface Percentiles extends Chart {
  kind: 'percentiles';
  rows: { label: string; kind: Kind; marks: { name: string; value: number }[] }[];
  unit: string;
}

/** A cell for each pair of a subject and a level; stronger colour is more. */
export interface Matrix extends Chart {
  kind: 'matrix';
  columns: string[];
  rows: string[];
  cells: { row: string; column: string; value: number; text: string; note: string }[];
}

export interface Lines extends Chart {
  kind: 'lines';
  xLabel: string;
  yLabel: string;
  points: { series: string; kind: Kind; x: number; y: number; min: number; max: number; text: string }[];
}

export type ChartSpec = Bars | Percentiles | Matrix | Lines;

const PERCENTILES = [
  ['p50', 'p50'],
  ['p99', 'p99'],
  ['p999', 'p99.9'],
  ['max', 'max'],
] as const;

/** Subjects of `streams` that do the same work; the others would only make their bars invisible. */
const STREAMS: readonly (readonly [string, RegExp])[] = [
  ['The same messages through each surface', /^(take-none|runBatch|batches\$|messages\$|run)$/],
  ['A handler of 1 ms', /^run-1ms/],
  ['One partition of sixteen is never acknowledged', /^(healthy|stalled)$/],
];

export function chartsOf(report: Report, group: Group): ChartSpec[] {
  if (group.suite === 'streams') return streams(report, group);
  if (group.rows.some((row) => row.figures.p99)) return [percentiles(report, group, group.rows)].filter(hasMany);
  const leveled = group.rows.filter((row) => Number.isFinite(levelValue(split(row.subject).level ?? '')));
  const levels = new Set(leveled.map((row) => split(row.subject).level));
  const others = group.rows.filter((row) => !leveled.includes(row));
  const charts: ChartSpec[] = [];
  if (levels.size > 1) charts.push(...(group.suite === 'scale' ? [scaling(report, leveled)] : [matrix(report, group)]));
  const plain = levels.size > 1 ? others : group.rows;
  charts.push(bars(report, group, plain, 'perSecond'));
  if (levels.size <= 1) charts.push(bars(report, group, plain, 'cpuPerMillion'), bars(report, group, plain, 'elu'));
  return charts.filter(hasMany);
}

/** Charts over several groups of a suite: partitions, compression. */
export function comparisons(report: Report, all: Group[]): ChartSpec[] {
  return [...new Set(all.map(({ size }) => size))].flatMap((size): ChartSpec[] => {
    const mine = all.filter((group) => group.size === size);
    if (mine.length < 2) return [];
    const nameOf = ({ rows }: Group) => rows[0]?.variant ?? ordinary(report);
    const cells = mine.flatMap((group) =>
      group.rows.flatMap((row) => {
        const value = row.figures.perSecond?.median;
        const other = reference(report, group, row, 'c');
        const share = other && ratio(report, row, other);
        const note = share ? `${times(share.median)} × C` : '';
        return value ? [{ row: row.subject, column: nameOf(group), value, text: short(value), note }] : [];
      }),
    );
    const chart: Matrix = {
      kind: 'matrix',
      title: `Messages per second of ${bytes(size)}, by partitions and compression`,
      caption: 'Median; 4p: four partitions. Stronger colour is faster; the shades are logarithmic.',
      columns: mine.map(nameOf),
      rows: [...new Set(cells.map(({ row }) => row))],
      cells: cells.filter(({ row }) => cells.filter((one) => one.row === row).length > 1),
    };
    chart.rows = chart.rows.filter((name) => chart.cells.some(({ row }) => row === name));
    return hasMany(chart) ? [chart] : [];
  });
}

/** One bar, or one cell, says nothing that the table does not. */
function hasMany(chart: ChartSpec): boolean {
  if (chart.kind === 'bars') return chart.bars.length > 1;
  if (chart.kind === 'percentiles') return chart.rows.length > 1;
  return chart.kind === 'matrix' ? chart.cells.length > 1 : chart.points.length > 1;
}

const CAPTIONS: Record<string, string> = {
  perSecond: 'Messages per second, median; the thin line goes from the slowest run to the fastest. Longer is better.',
  cpuPerMillion: 'CPU seconds for a million messages, whole process, all threads. Shorter is better.',
  elu: 'How much of the time the event loop was busy. Shorter leaves more to the application.',
};
const SHORT_TITLES: Record<string, string> = {
  perSecond: 'Throughput',
  cpuPerMillion: 'CPU per million messages',
  elu: 'Event loop',
};

function bars(report: Report, group: Group, rows: readonly Row[], key: string, title = SHORT_TITLES[key] ?? key): Bars {
  const known = rows.flatMap((row) => (row.figures[key] ? [{ row, value: row.figures[key] as Spread }] : []));
  known.sort((a, b) => (key === 'perSecond' ? b.value.median - a.value.median : a.value.median - b.value.median));
  return {
    kind: 'bars',
    minor: key !== 'perSecond',
    title,
    caption: CAPTIONS[key] ?? figureTitle(key),
    bars: known.map(({ row, value }) => {
      const other = key === 'perSecond' ? reference(report, group, row, 'c') : undefined;
      const share = other && ratio(report, row, other);
      const text = key === 'elu' ? `${Math.round(value.median * 100)} %` : short(value.median);
      return {
        label: row.subject,
        kind: described(report, row.suite, row.subject).kind,
        value: value.median,
        min: value.min,
        max: value.max,
        text: share ? `${text} · ${times(share.median)} × C` : text,
      };
    }),
  };
}

function percentiles(report: Report, group: Group, rows: readonly Row[], title = 'Latency'): Percentiles {
  return {
    kind: 'percentiles',
    title,
    caption: 'Milliseconds, medians of the runs, on a logarithmic axis. Further left is better.',
    unit: 'ms',
    rows: rows
      .filter((row) => row.figures.p99)
      .map((row) => ({
        label: row.subject,
        kind: described(report, group.suite, row.subject).kind,
        marks: PERCENTILES.flatMap(([key, name]) => {
          const value = row.figures[key]?.median;
          return value !== undefined && value > 0 ? [{ name, value }] : [];
        }),
      })),
  };
}

function streams(report: Report, group: Group): ChartSpec[] {
  const charts: ChartSpec[] = STREAMS.map(([title, names]) =>
    bars(
      report,
      group,
      group.rows.filter((row) => names.test(row.subject)),
      'perSecond',
      title,
    ),
  );
  const timed = group.rows.filter((row) => row.figures.p99);
  charts.push(percentiles(report, group, timed, 'Rebalance: longest gap of a partition that stays'));
  const named = group.rows.filter((row) => !STREAMS.some(([, names]) => names.test(row.subject)));
  charts.push(
    bars(
      report,
      group,
      named.filter((row) => row.figures.perSecond && !row.figures.p99),
      'perSecond',
    ),
  );
  return charts.filter(hasMany);
}

/** A column for each level, a row for each way, and one for each way that also commits. */
function matrix(report: Report, group: Group): Matrix {
  const cells = group.rows.flatMap((row) => {
    const { base, level, extra } = split(row.subject);
    const value = row.figures.perSecond?.median;
    if (level === undefined || value === undefined) return [];
    const other = reference(report, group, row, 'batched');
    const share = other && ratio(report, row, other);
    const note = share ? `${times(share.median)} ×` : '';
    return [{ row: base + extra, column: level, value, text: short(value), note }];
  });
  const columns = [...new Set(cells.map(({ column }) => column))].sort((a, b) => levelValue(a) - levelValue(b));
  const names = [...new Set(cells.map(({ row }) => row))];
  const fastest = (name: string) => Math.max(...cells.filter(({ row }) => row === name).map(({ value }) => value));
  const to = cells.some(({ note }) => note !== '') ? '; below: of what take reads in batches of this size' : '';
  return {
    kind: 'matrix',
    title: group.suite === 'modes' ? 'Messages per second, by messages in a batch' : 'Messages per second',
    caption: `Median${to}. Stronger colour is faster; the shades are logarithmic.`,
    columns,
    rows: names.sort((a, b) => fastest(b) - fastest(a)),
    cells,
  };
}

/** Cost against work: flat is good. Processor time, because a short topic is mostly waited for. */
function scaling(report: Report, rows: readonly Row[]): Lines {
  return {
    kind: 'lines',
    title: 'Processor time for a message, by number of messages in the topic',
    caption: 'Nanoseconds of all threads, median; the thin line goes from the least to the most. Flat is good.',
    xLabel: 'messages',
    yLabel: 'ns',
    points: rows.flatMap((row) => {
      const { base, level = '' } = split(row.subject);
      const cost = row.figures.cpuPerMillion;
      if (!cost) return [];
      const [y, min, max] = [cost.median, cost.min, cost.max].map((seconds) => seconds * 1000) as [
        number,
        number,
        number,
      ];
      const kind = described(report, row.suite, row.subject).kind;
      return [{ series: base, kind, x: levelValue(level), y, min, max, text: short(y) }];
    }),
  };
}
