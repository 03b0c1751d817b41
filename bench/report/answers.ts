/** What a reader wants to know first, in words made from the figures. `code` is between backticks. */
import type { Spread } from '../stats';
import {
  bytes,
  described,
  type Group,
  goal,
  groups,
  levelValue,
  type Report,
  type Row,
  ratio,
  short,
  split,
  times,
} from './model';
import { reference, spreadCell, type Table } from './tables';

export interface Answer {
  id: string;
  question: string;
  /** One or two sentences; everything else is detail. */
  answer: string;
  points: string[];
  tables?: { title: string; table: Table }[];
}

/** The size that the first sentence is about: a client's own work shows most with small messages, if not with none. */
const SPOKEN = 100;

export function answers(report: Report): Answer[] {
  const isFirst = ({ size, variant }: Group) => size === SPOKEN && variant === '';
  const all = groups(report).sort((a, b) => Number(isFirst(b)) - Number(isFirst(a)));
  return [reactive(report, all), nearC(report, all), peers(report, all)];
}

const range = ({ min, max }: Spread, format = times) =>
  format(min) === format(max) ? '' : ` (${format(min)}–${format(max)})`;
const where = ({ size, variant }: Group) => `${bytes(size)}${variant === '' ? '' : `, ${variant}`}`;
const find = (group: Group, name: string) => group.rows.find((row) => row.subject === name && row.figures.perSecond);

/** Less than this may as well be the machine. */
const NOTHING = 0.01;

/** What a ratio of rates says. The median alone would claim too much where runs on both sides of 1 were seen. */
export function against(value: Spread, other: string): string {
  const { median, min, max } = value;
  const straddles = min < 1 && max > 1 && Math.abs(1 - median) >= NOTHING;
  const text =
    Math.abs(1 - median) < NOTHING
      ? `as fast as \`${other}\``
      : median >= 2
        ? `${times(median)} times as fast as \`${other}\``
        : `${percent(median - 1)} than \`${other}\``;
  return straddles ? `${text} in the median, with runs on both sides of equal` : text;
}

function percent(difference: number): string {
  const amount = Math.abs(difference) * 100;
  const text = amount < 10 ? amount.toFixed(1) : amount.toFixed(0);
  return `${text} % ${difference < 0 ? 'slower' : 'faster'}`;
}

const join = (parts: string[]) =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1]}`;

// --- reactive against batched

const REACTIVE: readonly (readonly [name: string, what: string])[] = [
  ['batches$', 'a stream of batches'],
  ['messages$', 'a stream of messages'],
];
const UNCOMMITTED = REACTIVE.map(([name, what]) => [`${name}-none`, `${what}, nothing committed,`] as const);
/** Its batches are as large as those of a busy reader. */
const USUAL_BATCH = 1000;

function reactive(report: Report, all: Group[]): Answer {
  const compared = all
    .filter(({ suite }) => suite === 'consume' || suite === 'streams')
    .map((group) => ({ group, found: besideBatched(report, group, [...REACTIVE, ...UNCOMMITTED]) }))
    .concat(
      all
        .filter(({ suite }) => suite === 'modes')
        .map((group) => {
          const names = REACTIVE.map(([name, what]) => [`${name}@${USUAL_BATCH}`, what] as const);
          return { group, found: besideBatched(report, group, names) };
        }),
    )
    .filter(({ found }) => found.length > 0);
  const [first] = compared;
  const parts = first?.found
    .filter((one, i) => i === 0 || !one.row.subject.endsWith('-none'))
    .map(({ row, what, value, other }) => `${what} (\`${row.subject}\`) is ${against(value, other.subject)}`);
  const headline = first && parts && `At ${where(first.group)}, ${parts.join('; ')}`;
  return {
    id: 'reactive',
    question: 'What does reactive cost against batched?',
    answer:
      headline === undefined
        ? 'Not measured: no reactive way of reading has a batched one beside it.'
        : [`${headline}.`, ...naive(report, all)].join(' '),
    points: [
      ...compared.map(({ group, found }) => {
        const said = found.map(
          ({ row, other, value }) =>
            `\`${row.subject}\` reads ${times(value.median)} of what \`${other.subject}\` reads${range(value)}`,
        );
        return `${where(group)}: ${join(said)}.`;
      }),
      ...bySize(report, all),
    ],
  };
}

function besideBatched(report: Report, group: Group, names: readonly (readonly [string, string])[]) {
  return names.flatMap(([name, what]) => {
    const row = find(group, name);
    const other = row && reference(report, group, row, 'batched');
    const value = row && other && ratio(report, row, other);
    return value ? [{ row, what, other, value }] : [];
  });
}

/** What is compared with in talks: a group that is joined and left for every batch. */
function naive(report: Report, all: Group[]): string[] {
  const group = all.find(({ suite }) => suite === 'modes');
  const rows = group?.rows.filter((row) => split(row.subject).base === 'naive' && row.figures.perSecond) ?? [];
  const row = rows.find((one) => split(one.subject).level === '100') ?? rows[0];
  const rate = row?.figures.perSecond?.median;
  const other = group && row && reference(report, group, row, 'batched')?.figures.perSecond?.median;
  if (row === undefined || rate === undefined || other === undefined) return [];
  const { level = '' } = split(row.subject);
  return [
    `Subscribing and unsubscribing for every batch of ${count(level)} (\`naive\`) reads ${short(rate)} messages/s where \`take\` reads ${short(other)}.`,
  ];
}

/** Batch sizes: one sentence for each way, with all its sizes. */
function bySize(report: Report, all: Group[]): string[] {
  return all
    .filter(({ suite }) => suite === 'modes')
    .flatMap((group) => {
      const bases = [...new Set(group.rows.map((row) => split(row.subject).base))];
      return bases.flatMap((base) => {
        const rows = group.rows
          .filter((row) => split(row.subject).base === base && split(row.subject).extra === '')
          .flatMap((row) => {
            const other = reference(report, group, row, 'batched');
            const value = other && split(other.subject).base === 'take' ? ratio(report, row, other) : undefined;
            const level = split(row.subject).level;
            return value && level !== undefined ? [{ level, value }] : [];
          })
          .sort((a, b) => levelValue(a.level) - levelValue(b.level));
        if (rows.length === 0) return [];
        const parts = rows.map(({ level, value }) => `${times(value.median)} at ${count(level)}`);
        return [`In batches of a given size, \`${base}\` reads, of what \`take\` reads: ${parts.join(', ')}.`];
      });
    });
}

const count = (level: string) => levelValue(level).toLocaleString('en-US');

// --- this library against C

function nearC(report: Report, all: Group[]): Answer {
  const points: string[] = [];
  const headlines: string[] = [];
  for (const [suite, verb] of [
    ['consume', 'reads'],
    ['produce', 'writes'],
  ] as const) {
    for (const group of all.filter((one) => one.suite === suite)) {
      const said = group.rows.flatMap((row) => {
        if (described(report, suite, row.subject).kind !== 'ours') return [];
        const other = reference(report, group, row, 'c');
        const value = other && ratio(report, row, other);
        return value ? [{ row, other, value }] : [];
      });
      const best = [...said].sort((a, b) => b.value.median - a.value.median)[0];
      if (best === undefined) continue;
      if (!headlines.some((line) => line.includes(verb))) {
        const named = suite === 'consume' ? ['batches$', 'messages$'] : ['sendBatch', 'send'];
        const shown = said.filter(({ row }) => named.includes(row.subject));
        const parts = (shown.length > 0 ? shown : [best]).map(
          ({ row, value }) => `\`${row.subject}\` ${times(value.median)}${range(value)}`,
        );
        headlines.push(
          `At ${where(group)}, \`${best.other.subject}\` in C ${verb} ${rateOf(best.other)}; of that, ${join(parts)}`,
        );
      }
      const parts = said.map(
        ({ row, other, value }) =>
          `\`${row.subject}\` ${times(value.median)}${range(value)}${judged(report, group, row, other, value)}`,
      );
      points.push(`${where(group)}, share of what \`${best.other.subject}\` ${verb}: ${parts.join(', ')}.`);
    }
  }
  points.push(...latencies(report, all));
  return {
    id: 'c',
    question: 'How near is it to plain C?',
    answer: headlines.length > 0 ? `${headlines.join('. ')}.` : 'Not measured: no C program is among the subjects.',
    points,
  };
}

const rateOf = (row: Row) => `${short(row.figures.perSecond?.median ?? Number.NaN)} messages/s`;

function judged(report: Report, { suite, size }: Group, a: Row, b: Row, value: Spread): string {
  const wanted = goal(report, suite, size, a.subject, b.subject);
  if (wanted === undefined) return '';
  return value.median >= wanted ? `, goal ${wanted} met` : `, goal ${wanted} missed`;
}

function latencies(report: Report, all: Group[]): string[] {
  return all
    .filter(({ suite }) => suite === 'latency')
    .flatMap((group) =>
      group.rows.flatMap((row) => {
        if (described(report, 'latency', row.subject).kind !== 'ours') return [];
        const other = reference(report, group, row, 'c');
        const value = other && ratio(report, row, other);
        const [mine, theirs] = [row.figures.p99, other?.figures.p99];
        if (!value || !mine || !theirs) return [];
        const load = split(row.subject).level;
        const when = load === undefined ? 'one message at a time' : `at ${load} of the greatest rate`;
        return [
          `Latency, ${when}, ${where(group)}: the 99th percentile is ${mine.median.toFixed(2)} ms, in C ${theirs.median.toFixed(2)} ms: ${times(value.median)} ×${range(value)}.`,
        ];
      }),
    );
}

// --- peers

/** The ways of this library that are set against other clients: the fast one, and the one that is easiest to use. */
const MINE: Record<string, readonly string[]> = {
  consume: ['batches$', 'messages$'],
  produce: ['sendBatch', 'send'],
};

interface Match {
  peer: string;
  way: Row;
  mine: Row;
  group: Group;
  value: Spread;
  /** The same of plain C: more is not to be had. */
  limit: Spread | undefined;
}

/** Each peer's fastest way in each group, beside each of ours. */
export function matches(report: Report, all: Group[]): Match[] {
  return all.flatMap((group) => {
    const fastest = new Map<string, Row>();
    for (const row of group.rows) {
      const { kind, peer = row.subject } = described(report, group.suite, row.subject);
      const rate = row.figures.perSecond?.median;
      if (kind !== 'peer' || rate === undefined) continue;
      if (rate > (fastest.get(peer)?.figures.perSecond?.median ?? 0)) fastest.set(peer, row);
    }
    return [...fastest].flatMap(([peer, way]) =>
      (MINE[group.suite] ?? []).flatMap((name) => {
        const mine = find(group, name);
        const value = mine && ratio(report, mine, way);
        const c = reference(report, group, way, 'c');
        return value ? [{ peer, way, mine, group, value, limit: c && ratio(report, c, way) }] : [];
      }),
    );
  });
}

function peers(report: Report, all: Group[]): Answer {
  const found = matches(
    report,
    all.filter(({ variant }) => variant === ''),
  );
  const question = 'How does it compare with other clients?';
  if (found.length === 0) {
    const answer = 'Not measured: no other client is among the subjects (`--peers` adds them).';
    return { id: 'peers', question, answer, points: [] };
  }
  const of = (name: string) => found.filter(({ mine }) => mine.subject === name);
  const headlines = Object.values(MINE).flatMap(([name]) => {
    const [first, ...others] = of(name as string);
    if (!first) return [];
    const here = [first, ...others.filter(({ group }) => group === first.group)];
    const parts = here
      .sort((a, b) => a.value.median - b.value.median)
      .map(
        ({ peer, value, limit }, i) =>
          `${times(value.median)} × ${i === 0 ? 'as many messages per second as ' : ''}${peer}${limit ? ` (C: ${times(limit.median)})` : ''}`,
      );
    const verb = first.group.suite === 'consume' ? 'reads' : 'writes';
    return [`At ${where(first.group)}, \`${name}\` ${verb} ${join(parts)}`];
  });
  return {
    id: 'peers',
    question,
    answer: `${headlines.join('. ')}. Each peer in the fastest of the ways that were measured; C: what plain C reaches in our place.`,
    points: [],
    tables: Object.values(MINE)
      .flat()
      .filter((name) => of(name).length > 0)
      .map((name) => ({ title: `How many times as fast \`${name}\` is`, table: peerTable(of(name)) })),
  };
}

/** A row for each peer, a column for each size. */
function peerTable(found: Match[]): Table {
  const all = [...new Set(found.map(({ group }) => group))].sort((a, b) => a.size - b.size);
  const names = [...new Set(found.map(({ peer }) => peer))];
  return {
    head: [
      'than',
      ...all.flatMap((group) => [where(group), 'C there']),
      `its CPU / ours, ${where((found[0] as Match).group)}`,
    ],
    rows: names.map((peer) => {
      const mine = (group: Group) => found.find((one) => one.group === group && one.peer === peer);
      const first = found.find((one) => one.peer === peer) as Match;
      return {
        kind: 'peer',
        cells: [
          { text: peer, ...(first.way.subject !== peer && { detail: first.way.subject }) },
          ...all.flatMap((group) => {
            const match = mine(group);
            const cell = spreadCell(match?.value, times);
            const isOther = match && match.way.subject !== first.way.subject;
            return [isOther ? { ...cell, detail: match.way.subject } : cell, { text: limitText(match) }];
          }),
          { text: cpu(first.way, first.mine) },
        ],
      };
    }),
  };
}

const limitText = (match?: Match) => (match?.limit ? times(match.limit.median) : '–');

function cpu(way: Row, mine: Row): string {
  const [theirs, ours] = [way.figures.cpuPerMillion?.median, mine.figures.cpuPerMillion?.median];
  return theirs === undefined || !ours ? '–' : times(theirs / ours);
}

/** What a reader should hold against the figures. */
export function caveats(report: Report): string[] {
  const { machine = {}, settings = {}, versions = {} } = report;
  const said: string[] = [];
  const unfinished = interruption(report);
  if (unfinished) said.push(unfinished);
  if (/mock cluster/.test(versions.kafka ?? '')) {
    said.push(
      'Measured against librdkafka\'s mock cluster on the same machine: no disk, no replication, and it takes processor time from the clients. Good for comparing, not for "how fast is Kafka".',
    );
  } else if (sharedMachine(report)) {
    said.push('Kafka and the client shared one machine: a faster client leaves the broker less of it.');
  }
  if (settings.quick === true) said.push('A quick run: few messages, few runs. Its figures are a hint.');
  const runs = Math.max(0, ...report.summary.map((row) => row.runs));
  if (runs > 0 && runs < 5) said.push(`Only ${runs === 1 ? 'one run' : `${runs} runs`} of each trial.`);
  const [load] = (machine.loadAtStart as number[] | undefined) ?? [];
  const cores = Number(machine.cores ?? Number.NaN);
  if (load !== undefined && load > cores) {
    said.push(`The machine was busy when it began: a load of ${load.toFixed(1)} on ${cores} cores.`);
  }
  const wide = report.summary.filter(({ figures: { perSecond } }) => perSecond && perSecond.max > 1.5 * perSecond.min);
  if (wide.length > 0) {
    said.push(
      `The fastest run was more than half again as fast as the slowest in ${wide.length} of ${report.summary.length} rows: see the ranges.`,
    );
  }
  if (report.summary.some((row) => row.figures.cpuPerMillion && !row.figures.elu)) {
    said.push(
      'Event loop and garbage are told by what runs in Node alone; a program in C, Python, Go or Java tells processor time and memory. Those of `rdkafka_performance` and `java-perf` are of their whole life, start included.',
    );
  }
  const failed = report.runs.filter((run) => run.error !== undefined).length;
  if (failed > 0) said.push(`${failed} ${failed === 1 ? 'run does' : 'runs do'} not count; why is said below.`);
  return said;
}

/** In one short sentence, if at all. */
function interruption({ partial, versions = {} }: Report): string | undefined {
  const dirty = /-dirty$/.test(versions.commit ?? '');
  if (partial) return `The run was interrupted${dirty ? ', and its sources were not committed' : ''}.`;
  return dirty ? 'The sources had changes that were not committed.' : undefined;
}

export const sharedMachine = ({ versions = {} }: Report): boolean =>
  /one node|localhost|127\.0\.0\.1/.test(versions.kafka ?? '');
