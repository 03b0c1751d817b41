/** Tables of a report, for HTML and Markdown alike: every figure with its range, and ratios. */
import { goalOf, isCost, limitOf, meetsGoal, type Spread } from '../stats';
import { described, type Group, type Kind, type Report, type Row, ratio, split, times } from './model';

export interface Cell {
  text: string;
  /** Least to most of the runs; absent where there is one run or nothing to say. */
  range?: string;
  /** What else there is to say. */
  detail?: string;
}

export interface Table {
  head: string[];
  rows: { kind?: Kind; cells: Cell[] }[];
}

type Format = (value: number) => string;

const fixed =
  (places: number): Format =>
  (value) =>
    value.toLocaleString('en-US', { minimumFractionDigits: places, maximumFractionDigits: places });
const whole = fixed(0);
const rate: Format = (value) => (value < 1000 ? fixed(1)(value) : whole(value));

/** In the order in which they are shown. A figure that is not here is shown last, under its own name. */
const FIGURES: readonly (readonly [key: string, title: string, format: Format])[] = [
  ['perSecond', 'messages/s', rate],
  ['mbPerSecond', 'MB/s', (value) => fixed(value < 100 ? 1 : 0)(value)],
  ['p50', 'p50 ms', fixed(2)],
  ['p99', 'p99 ms', fixed(2)],
  ['p999', 'p99.9 ms', fixed(2)],
  ['max', 'max ms', fixed(2)],
  ['calmP99', 'p99 ms when calm', fixed(2)],
  ['rate', 'asked for, messages/s', rate],
  ['sentPerSecond', 'sent, messages/s', rate],
  ['cpuPerMillion', 'CPU s per million', fixed(2)],
  ['timedCpuPerMillion', 'CPU s per million, without start and stop', fixed(2)],
  ['elu', 'event loop busy', (value) => `${(value * 100).toFixed(0)} %`],
  ['loopP99', 'event loop delay, p99 ms', fixed(2)],
  ['gcMs', 'GC ms', fixed(1)],
  ['gcCount', 'GC runs', whole],
  ['rssMb', 'RSS MB', whole],
  ['rebalances', 'rebalances', whole],
  ['handles', 'handles left', whole],
  ['rssGrowthMb', 'RSS growth MB', fixed(1)],
  ['boundMb', 'bound MB', whole],
];

export function figureTitle(key: string): string {
  return FIGURES.find(([name]) => name === key)?.[1] ?? key;
}

export function figureText(key: string, value: number): string {
  const format = FIGURES.find(([name]) => name === key)?.[2];
  return format ? format(value) : value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}

export function spreadCell(spread: Spread | undefined, format: Format): Cell {
  if (spread === undefined) return { text: '–' };
  const [text, min, max] = [spread.median, spread.min, spread.max].map(format) as [string, string, string];
  return min === max ? { text } : { text, range: `${min}–${max}` };
}

/** What a row is compared with: the limit in C, and reading in batches by hand. Of its own level, where there are any. */
export function reference(report: Report, group: Group, row: Row, to: 'c' | 'batched'): Row | undefined {
  const { level, extra } = split(row.subject);
  const none = row.subject.endsWith('-none') ? '-none' : '';
  const names = to === 'c' ? ['c-batch-queue', 'c'] : ['take', 'take-none', `batches$${none}`, 'batches$'];
  const suffix = level === undefined ? '' : `@${level}`;
  // One that commits as often, before one that does not.
  const found = [...new Set([suffix + extra, suffix])]
    .flatMap((end) => names.map((name) => group.rows.find((one) => one.subject === name + end)))
    .find((one) => one !== undefined);
  if (found === undefined || found === row) return undefined;
  return to === 'batched' && described(report, row.suite, row.subject).kind !== 'ours' ? undefined : found;
}

/** Suites in which reading or writing in C, or in batches, is what a row can fairly be set against. */
const COMPARED = new Set(['consume', 'produce', 'modes', 'latency', 'partitions', 'compression']);

export function groupTable(report: Report, group: Group): Table {
  // No payload, no bytes a second.
  const isShown = (key: string) => key !== 'mbPerSecond' || group.size > 0;
  const keys = FIGURES.map(([key]) => key).filter((key) => isShown(key) && group.rows.some((row) => row.figures[key]));
  for (const row of group.rows)
    for (const key of Object.keys(row.figures)) if (isShown(key) && !keys.includes(key)) keys.push(key);
  const comparisons = (['c', 'batched'] as const)
    .filter(() => COMPARED.has(group.suite))
    .map((to) => group.rows.map((row) => reference(report, group, row, to)))
    .map((others) => ({ others, names: [...new Set(others.flatMap((row) => (row ? [split(row.subject).base] : [])))] }))
    .filter(({ names }) => names.length > 0);
  const [first = '', ...rest] = keys;
  const isLatency = group.suite === 'latency';
  const titles = comparisons.map(({ names }) => `${isLatency ? 'p99 ' : ''}× ${names.join(' or ')}`);
  return {
    head: [
      '',
      group.suite === 'clients' ? 'clients/s' : figureTitle(first),
      ...titles,
      ...rest.map(figureTitle),
      'runs',
    ],
    rows: group.rows.map((row, at) => ({
      kind: described(report, row.suite, row.subject).kind,
      cells: [
        { text: row.subject },
        spreadCell(row.figures[first], (value) => figureText(first, value)),
        ...comparisons.map(({ others }) => {
          const other = others[at];
          return spreadCell(other && ratio(report, row, other), times);
        }),
        ...rest.map((key) => spreadCell(row.figures[key], (value) => figureText(key, value))),
        { text: row.failed > 0 ? `${row.runs}, ${row.failed} void` : String(row.runs) },
      ],
    })),
  };
}

/** Every ratio of the JSON, as it is there, whether it is what it is to be, and what C has in its place. */
export function ratioTable({ ratios, goals = {} }: Report): Table {
  return {
    head: ['ratio', 'median', 'goal', '', 'C here'],
    rows: Object.entries(ratios).map(([key, value]) => {
      const wanted = goalOf(key, goals);
      const limit = limitOf(ratios, key);
      return {
        cells: [
          { text: key },
          spreadCell(value, (number) => number.toFixed(3)),
          { text: wanted === undefined ? '' : `${isCost(key) ? '≤' : '≥'} ${wanted}` },
          { text: wanted === undefined ? '' : meetsGoal(key, value.median, goals) ? 'met' : 'missed' },
          { text: limit?.median.toFixed(3) ?? '' },
        ],
      };
    }),
  };
}

/** How the other clients were set up, and whose advice that is. */
export function setupTable(report: Report): Table {
  const found = new Map<string, Table['rows'][number]>();
  for (const { suite, subject } of report.summary) {
    const { peer, setup, note = '' } = described(report, suite, subject);
    if (!setup) continue;
    const texts = [`${suite} ${subject}`, peer ?? '', note, setup.settings, setup.source];
    found.set(`${suite} ${subject}`, { kind: 'peer', cells: texts.map((text) => ({ text })) });
  }
  return { head: ['subject', 'client', 'how', 'settings', 'after'], rows: [...found.values()] };
}

/** What the runs that do not count said. */
export function voidRuns(report: Report): Table {
  return {
    head: ['subject', 'size', 'run', 'why it does not count'],
    rows: report.runs
      .filter((run) => run.error !== undefined)
      .map((run) => ({
        cells: [`${run.suite} ${run.subject}`, String(run.size), String(run.run + 1), run.error ?? ''].map((text) => ({
          text,
        })),
      })),
  };
}

/** What was asked for and could not be had. */
export function leftOut({ leftOut = [] }: Report): Table {
  return {
    head: ['subject', 'why it was left out'],
    rows: leftOut.map(({ suite, subject, reason }) => ({ cells: [{ text: `${suite} ${subject}` }, { text: reason }] })),
  };
}
