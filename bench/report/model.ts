/** The bench's JSON as the reports read it: checked, grouped, and told apart by whose work a subject is. */
import { readFileSync } from 'node:fs';
import { UsageError } from '../options';
import { figure, goalOf, type Run, type Spread, spread } from '../stats';
import type { Setup, Suite } from '../trial';
import { SUBJECTS } from '../trials';

/** Whose work is measured: a C program over librdkafka, this library, or another client. */
export type Kind = 'c' | 'ours' | 'peer';

export interface Described {
  kind: Kind;
  /** The package of another client; its ways of reading share it. */
  peer?: string;
  note?: string;
  /** Of another client. */
  setup?: Setup;
}

/** One subject under the same conditions. */
export interface Row {
  suite: string;
  subject: string;
  size: number;
  runs: number;
  failed: number;
  figures: Record<string, Spread>;
  /** What of the conditions is not as usual, e.g. `64p-lz4`. */
  variant?: string;
}

export interface Report {
  format: 1;
  partial: boolean;
  startedAt?: string;
  endedAt?: string;
  machine?: Record<string, unknown>;
  versions?: Record<string, string>;
  settings?: Record<string, unknown>;
  goals?: Record<string, number>;
  subjects?: Record<string, Described>;
  /** What was asked for and could not be had. */
  leftOut?: { suite: string; subject: string; reason: string }[];
  /** When it was made of several: what each of them was. */
  parts?: { settings?: Record<string, unknown> }[];
  ratios: Record<string, Spread>;
  summary: Row[];
  runs: Run[];
}

/** The rows of one suite at one size (and number of partitions, or whatever else was varied). */
export interface Group {
  suite: string;
  size: number;
  /** What sets it apart from the others of its suite and size, e.g. `64 partitions`; often nothing. */
  variant: string;
  rows: Row[];
}

/** @throws UsageError in one sentence when the file is not a report of this bench */
export function readReport(file: string): Report {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}.`);
  }
  return parseReport(text, file);
}

export function parseReport(text: string, file: string): Report {
  let report: Partial<Report> | null;
  try {
    report = JSON.parse(text) as Partial<Report> | null;
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${(error as Error).message}.`);
  }
  const isReport =
    typeof report === 'object' && report !== null && Array.isArray(report.summary) && Array.isArray(report.runs);
  if (!isReport || report === null) throw new UsageError(`${file} is not a report that this bench wrote with --json.`);
  if (report.format !== 1) throw new UsageError(`${file} has format ${report.format}, and this bench reads format 1.`);
  return { ...report, partial: report.partial === true, ratios: report.ratios ?? {} } as Report;
}

/** As they were typed, without the files to be written, and how often: parts of one bench may be the same. */
export function commands({ settings, parts }: Report): { command: string; times: number }[] {
  const found = new Map<string, number>();
  const typed = (parts ?? []).map((part) => part.settings?.command).filter((command) => typeof command === 'string');
  for (const command of typed.length > 0 ? typed : [settings?.command]) {
    if (typeof command === 'string') found.set(command, (found.get(command) ?? 0) + 1);
  }
  return [...found].map(([command, times]) => ({ command, times }));
}

/** What the JSON says of the subjects that were measured, so that a report needs no bench to be understood. */
export function describe(runs: readonly Run[]): Record<string, Described> {
  const measured = new Set(runs.map(({ suite, subject }) => `${suite}.${subject}`));
  const found: Record<string, Described> = {};
  for (const { suite, name, run, peer, note, setup } of SUBJECTS) {
    if (!measured.has(`${suite}.${name}`)) continue;
    const kind: Kind = peer ? 'peer' : 'program' in run ? 'c' : 'ours';
    found[`${suite}.${name}`] = { kind, ...(peer && { peer }), ...(note && { note }), ...(setup && { setup }) };
  }
  return found;
}

const OURS = /^(batches\$|messages\$|take|for-await|run|send|naive|assign|bufferCount|readable|workers|open-close)/;
const PEERS = /^(node-rdkafka|kafka-javascript|kafkajs|platformatic|python|java|franz-go|rdkafka_performance)/;

/** Older reports say nothing of their subjects: then the table of today does, or the name. */
export function described(report: Report, suite: string, subject: string): Described {
  const said = report.subjects?.[`${suite}.${subject}`];
  if (said) return said;
  const known = SUBJECTS.find((one) => one.suite === suite && one.name === subject);
  if (known) return describe([{ suite: suite as Suite, subject, size: 0, run: 0 }])[`${suite}.${subject}`] as Described;
  const peer = PEERS.exec(subject)?.[1];
  if (peer !== undefined && !OURS.test(subject)) return { kind: 'peer', peer };
  return { kind: /^c($|[-@])/.test(subject) ? 'c' : 'ours' };
}

/** `64p-lz4`, as the bench writes it, in words. */
function inWords(variant: string): string {
  return variant
    .split('-')
    .map((part) => part.replace(/^(\d+)p$/, (_, count: string) => partitions(Number(count))))
    .join(', ');
}

const partitions = (count: number) => `${thousands(count)} partition${count === 1 ? '' : 's'}`;

/** In the order of the JSON, but small messages before large ones. */
export function groups(report: Report): Group[] {
  const found = new Map<string, Group>();
  for (const row of report.summary) {
    const key = `${row.suite} ${row.size} ${row.variant ?? ''}`;
    const variant = inWords(row.variant ?? '');
    const group = found.get(key) ?? { suite: row.suite, size: row.size, variant, rows: [] };
    group.rows.push(row);
    found.set(key, group);
  }
  const all = [...found.values()];
  const suites = [...new Set(all.map(({ suite }) => suite))];
  return all.sort((a, b) => suites.indexOf(a.suite) - suites.indexOf(b.suite) || a.size - b.size);
}

/** What the groups without a variant had, in the same short form: `4p`. */
export function ordinary({ settings = {} }: Report): string {
  const first = (value: unknown) => (Array.isArray(value) ? value[0] : value) as string | number | undefined;
  const [count, compression] = [first(settings.partitions), first(settings.compressions)];
  const parts = [count !== undefined && `${count}p`, compression !== 'none' && compression];
  return parts.filter(Boolean).join('-') || 'usual';
}

/** `a` over `b`: as the JSON has it, or as it would: the median of the ratios within the same run. */
export function ratio(report: Report, a: Row, b: Row): Spread | undefined {
  const { suite, size, variant } = a;
  const place = [suite, size, ...(variant === undefined ? [] : [variant])].join('.');
  const said = report.ratios[`${place}.${a.subject}/${b.subject}`];
  if (said) return said;
  const of = (row: Row) =>
    report.runs.filter(
      (run: Run & { variant?: string }) =>
        run.suite === row.suite && run.subject === row.subject && run.size === row.size && run.variant === row.variant,
    );
  const others = of(b);
  const values = of(a).flatMap((run) => {
    const other = others.find((one) => one.run === run.run);
    const [x, y] = [figure(run), other && figure(other)];
    return x !== undefined && y ? [x / y] : [];
  });
  return values.length > 0 ? spread(values) : undefined;
}

export function goal(report: Report, suite: string, size: number, a: string, b: string): number | undefined {
  return goalOf(`${suite}.${size}.${a}/${b}`, report.goals ?? {});
}

// --- numbers and words

export const thousands = (value: number): string => Math.round(value).toLocaleString('en-US');

/** Three digits that count. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size >= 999_500) return `${digits(value / 1e6)} M`;
  if (size >= 9_995) return `${digits(value / 1e3)} k`;
  return size >= 100 ? thousands(value) : digits(value);
}

function digits(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size >= 99.95) return thousands(value);
  if (size >= 9.995) return value.toFixed(1);
  return size >= 0.01 ? value.toFixed(2) : value.toPrecision(1);
}

/** A ratio, with as many decimals as tell something. */
export function times(value: number): string {
  if (value >= 9.95) return value.toFixed(1);
  if (value >= 0.095) return value.toFixed(2);
  return value >= 0.00095 ? value.toFixed(3) : '< 0.001';
}

export function bytes(size: number): string {
  if (size >= 1_000_000 && size % 100_000 === 0) return `${size / 1_000_000} MB`;
  if (size >= 1000 && size % 100 === 0) return `${size / 1000} kB`;
  return `${thousands(size)} B`;
}

export function titleOf({ suite, size, variant }: Pick<Group, 'suite' | 'size' | 'variant'>): string {
  return [TITLES[suite] ?? suite, bytes(size), variant].filter((part) => part !== '').join(', ');
}

export const TITLES: Record<string, string> = {
  consume: 'Consume',
  produce: 'Produce',
  latency: 'Latency',
  modes: 'Ways to read, by size of batch',
  scale: 'Scaling',
  clients: 'Opening and closing clients',
  streams: 'Streams',
  partitions: 'Partitions',
  compression: 'Compression',
};

/** `name` of `name@level+extra`; rows that share it differ in the level alone. */
export function split(subject: string): { base: string; level: string | undefined; extra: string } {
  const found = /^(.+?)@([^+]+)(\+.+)?$/.exec(subject);
  if (!found) return { base: subject, level: undefined, extra: '' };
  return { base: found[1] as string, level: found[2], extra: found[3] ?? '' };
}

/** The number that a level such as `10k`, `1000` or `50%` stands for. */
export function levelValue(level: string): number {
  const found = /^([\d.]+)([kM%]?)$/.exec(level);
  if (!found) return Number.NaN;
  return Number(found[1]) * ({ k: 1e3, M: 1e6, '%': 0.01 }[found[2] ?? ''] ?? 1);
}
