/** The same report as Markdown: whole, the part of it that the README shows, and the one in the guide on performance. */
import { UsageError } from '../options';
import { answers, caveats, sharedMachine } from './answers';
import { GOALS_NOTE, goalTable } from './goals';
import { subtitle, withoutPath } from './html';
import {
  bytes,
  commands,
  described,
  type Group,
  groups,
  type Report,
  type Row,
  ratio,
  TITLES,
  times,
  titleOf,
} from './model';
import { picture } from './picture';
import {
  type Cell,
  groupTable,
  leftOut,
  ratioTable,
  reference,
  setupTable,
  spreadCell,
  type Table,
  voidRuns,
} from './tables';

const BEGIN = '<!-- performance: begin (written by `npm run bench:readme`) -->';
const END = '<!-- performance: end -->';

const cellText = (text: string) =>
  text
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replaceAll(/\s*\n\s*/g, ' ');
const cell = ({ text, range, detail }: Cell) =>
  cellText(`${text}${range ? ` (${range})` : ''}${detail ? `, ${detail}` : ''}`);

export function markdownTable({ head, rows }: Table): string {
  const code = (text: string) => (/[$*_`]/.test(text) && !text.includes('`') ? `\`${text}\`` : text);
  const lines = rows.map(({ cells: [first = { text: '' }, ...rest] }) => [code(cell(first)), ...rest.map(cell)]);
  return [head.map(cellText), head.map((_, i) => (i === 0 ? '---' : '--:')), ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

const typed = ({ command, times }: { command: string; times: number }) =>
  `\`${command}\`${times > 1 ? ` (${times} times)` : ''}`;

export function markdown(report: Report): string {
  const parts = ['# rdkafka-rx bench', subtitle(report)];
  parts.push(...commands(report).map(typed));
  for (const { question, answer, points, tables = [] } of answers(report)) {
    parts.push(`## ${question}`, answer);
    if (points.length > 0) parts.push(points.map((point) => `- ${point}`).join('\n'));
    for (const { title, table } of tables) parts.push(`### ${title}`, markdownTable(table));
  }
  const against = caveats(report);
  if (against.length > 0) parts.push('## What to hold against these figures', against.map((c) => `- ${c}`).join('\n'));
  const wanted = goalTable(report);
  if (wanted.rows.length > 0) parts.push('## Goals', GOALS_NOTE, markdownTable(wanted));
  let suite = '';
  for (const group of groups(report)) {
    if (group.suite !== suite) parts.push(`## ${TITLES[group.suite] ?? group.suite}`);
    suite = group.suite;
    parts.push(`### ${titleOf(group)}`, markdownTable(groupTable(report, group)));
  }
  for (const [title, table] of [
    ['How the other clients were set up', setupTable(report)],
    ['All ratios', ratioTable(report)],
    ['Runs that do not count', voidRuns(report)],
    ['Left out', leftOut(report)],
  ] as const) {
    if (table.rows.length > 0) parts.push(`## ${title}`, markdownTable(table));
  }
  return `${parts.join('\n\n')}\n`;
}

// --- the README's section, and that of docs/performance.md

/** Where the section of {@link performanceSection} stands, and its heading there. */
export const PERFORMANCE = 'docs/performance.md';
const ANCHOR = 'beside-other-clients';
/** Where {@link chart} is. */
export const PICTURE = 'docs/performance.svg';
const PICTURE_TITLE = 'Reading small messages';

/** The ways that are shown: the limit, the ways that most people use, and each peer's fastest. */
const SHOWN: Record<string, readonly string[]> = {
  consume: ['c-batch-queue', 'c-batch-queue-copy', 'take', 'batches$', 'messages$', 'for-await'],
  produce: ['c', 'sendBatch', 'send'],
};

function something(report: Report): void {
  if (report.summary.length === 0) throw new UsageError('Nothing was measured: the pages stay as they are.');
}

/** The figures on the front page come from whole runs of committed sources. @throws UsageError */
export function requirePublishable({ partial, versions = {} }: Report): void {
  const reason = partial
    ? 'its run was interrupted'
    : /-dirty$/.test(versions.commit ?? '')
      ? 'its sources had uncommitted changes'
      : undefined;
  if (reason === undefined) return;
  throw new UsageError(`The report is not published, because ${reason}: commit, and run the bench again to its end.`);
}

/**
 * One table, and a link to the rest.
 *
 * @throws UsageError when there is nothing to show
 */
export function readmeSection(report: Report): string {
  something(report);
  const shared = sharedMachine(report) ? ' Kafka and the client shared the machine.' : '';
  return [
    wrapped(setting(report, false)),
    chart(report) === undefined ? '' : `![${PICTURE_TITLE}](${PICTURE})`,
    markdownTable(overview(report)),
    wrapped(
      `Thousands of messages per second, medians of the runs; each client in the fastest of its ways that were measured.${shared} Ranges, processor time, latencies and how it was measured: [performance](${PERFORMANCE}#${ANCHOR}).`,
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** Everything else. @throws UsageError when there is nothing to show */
export function performanceSection(report: Report): string {
  something(report);
  const parts: string[] = [wrapped(setting(report, true))];
  parts.push(
    answers(report)
      .filter(({ answer }) => !answer.startsWith('Not measured'))
      .map(({ question, answer }) => wrapped(`- **${question}** ${answer}`, '  '))
      .join('\n'),
  );
  for (const [suite, title] of [
    ['consume', 'Consume, messages per second'],
    ['produce', 'Produce, messages per second'],
  ] as const) {
    const mine = groups(report).filter((group) => group.suite === suite);
    if (mine.length > 0) parts.push(markdownTable(summary(report, mine, title)));
  }
  const latency = groups(report).filter((group) => group.suite === 'latency');
  for (const group of latency) parts.push(markdownTable(latencyTable(group)));
  parts.push(
    wrapped(
      'Medians (least–most) of the runs; × C: the median of the ratios within a run; CPU: seconds of all threads for a million messages.',
    ),
    wrapped(caveats(report).join(' ')),
  );
  return parts.filter((part) => part !== '').join('\n\n');
}

const PAIRS = [
  { title: 'C over librdkafka', consume: 'c-batch-queue', produce: 'c' },
  { title: 'rdkafka-rx, `batches$` and `sendBatch`', consume: 'batches$', produce: 'sendBatch' },
  { title: 'rdkafka-rx, `messages$` and `send`', consume: 'messages$', produce: 'send' },
] as const;

/** The README's chart: what most come for, reading small messages. Undefined when that was not measured. */
export function chart(report: Report): string | undefined {
  const { all, rows } = rates(report);
  const at = all.findIndex(({ suite }) => suite === 'consume');
  if (at < 0) return undefined;
  const bars = rows
    .map(({ title, rates }) => ({
      title: title.replace(/ and .*/, ''),
      ours: title.startsWith('rdkafka-rx'),
      value: rates[at] ?? 0,
    }))
    .filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value);
  const unit = `thousands of messages of ${bytes((all[at] as Group).size)} per second`;
  return picture(PICTURE_TITLE, unit, bars);
}

/** A row for each client, a value for each suite and size. */
function rates(report: Report): { all: Group[]; rows: { title: string; rates: number[] }[] } {
  const all = groups(report).filter(
    ({ suite, variant }) => (suite === 'consume' || suite === 'produce') && variant === '',
  );
  const rate = (row?: Row) => row?.figures.perSecond?.median ?? 0;
  const peerOf = (group: Group, { subject }: Row) => {
    const { kind, peer = subject } = described(report, group.suite, subject);
    return kind === 'peer' ? peer : undefined;
  };
  const peers = new Set(all.flatMap((group) => group.rows.flatMap((row) => peerOf(group, row) ?? [])));
  const fastest = (group: Group, peer: string) =>
    Math.max(0, ...group.rows.filter((row) => peerOf(group, row) === peer).map(rate));
  const rows = [
    ...PAIRS.map((pair) => ({
      title: pair.title as string,
      rates: all.map((group) => rate(group.rows.find((row) => row.subject === pair[group.suite as 'consume']))),
    })),
    ...[...peers]
      .map((peer) => ({ title: peer, rates: all.map((group) => fastest(group, peer)) }))
      .sort((a, b) => (b.rates[0] ?? 0) - (a.rates[0] ?? 0)),
  ];
  return { all, rows: rows.filter(({ rates }) => rates.some((value) => value > 0)) };
}

function overview(report: Report): Table {
  const { all, rows } = rates(report);
  const verbs: Record<string, string> = { consume: 'reading', produce: 'writing' };
  return {
    head: ['', ...all.map((group) => `${verbs[group.suite]} ${bytes(group.size)}`)],
    rows: rows.map(({ title, rates }) => ({
      cells: [{ text: title }, ...rates.map((value) => ({ text: value > 0 ? thousands(value) : '–' }))],
    })),
  };
}

const WIDTH = 128;

/** Lines as the README's others. What is between backticks stays together, if it is not longer than a line. */
function wrapped(text: string, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.match(/`[^`]{1,100}`\S*|\S+/g) ?? []) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= WIDTH || line === '') {
      line = longer;
      continue;
    }
    lines.push(line);
    line = indent + word;
  }
  return [...lines, line].join('\n');
}

function setting(report: Report, withCommands: boolean): string {
  const { machine = {}, versions = {}, startedAt } = report;
  const memory = Number(machine.memoryMb);
  const details = [machine.cpu, memory > 0 && `${Math.round(memory / 1024)} GB`].filter(Boolean).join(', ');
  const all = withCommands ? commands(report).map(typed) : [];
  const parts = [
    `Measured${startedAt ? ` ${startedAt.slice(0, 10)}` : ''} on ${machine.cores ?? 'some'} cores (${details})`,
    versions.kafka && `against ${versions.kafka}`,
    versions.node && `Node ${versions.node}`,
    versions.librdkafka && `librdkafka ${withoutPath(versions.librdkafka)}`,
    all.length > 0 && `by ${all.join(' and ')}`,
  ];
  return `${parts.filter(Boolean).join(', ')}.`;
}

/** A row for each way that is shown, three columns for each size. */
function summary(report: Report, all: Group[], title: string): Table {
  const names = new Set<string>(SHOWN[all[0]?.suite ?? '']);
  for (const group of all) {
    const best = new Map<string, Row>();
    for (const row of group.rows) {
      const { kind, peer = row.subject } = described(report, group.suite, row.subject);
      const of = (one?: Row) => one?.figures.perSecond?.median ?? 0;
      if (kind === 'peer' && of(row) > of(best.get(peer))) best.set(peer, row);
    }
    // Its fastest way at the first size is shown at all of them, so that a row is one way of reading.
    if (group === all[0]) for (const row of best.values()) names.add(row.subject);
  }
  const shown = [...names].filter((name) =>
    all.some(({ rows }) => rows.some((row) => row.subject === name && row.figures.perSecond)),
  );
  const titles = all.flatMap((group) => {
    const at = bytes(group.size) + (group.variant && `, ${group.variant}`);
    return [at, '× C', 'CPU'];
  });
  return {
    head: [title, ...titles],
    rows: shown.map((name) => ({
      cells: [
        { text: name },
        ...all.flatMap((group) => {
          const row = group.rows.find((one) => one.subject === name);
          const other = row && reference(report, group, row, 'c');
          const value = other && row && ratio(report, row, other);
          const figures = row?.figures ?? {};
          return [
            spreadCell(figures.perSecond, thousandsOf),
            { text: value ? times(value.median) : '' },
            { text: figures.cpuPerMillion ? times(figures.cpuPerMillion.median) : '–' },
          ];
        }),
      ],
    })),
  };
}

/** Thousands, as millions make the slow ones equal and units make the fast ones long. */
const thousands = (value: number) => Math.round(value / 1000).toLocaleString('en-US');
const thousandsOf = (value: number) => `${thousands(value)} k`;

function latencyTable(group: Group): Table {
  const keys = (['p50', 'p99', 'p999'] as const).filter((key) => group.rows.some((row) => row.figures[key]));
  const titles = { p50: 'p50 ms', p99: 'p99 ms', p999: 'p99.9 ms' };
  return {
    head: [`Latency, ${bytes(group.size)}`, ...keys.map((key) => titles[key])],
    rows: group.rows.map((row) => ({
      cells: [{ text: row.subject }, ...keys.map((key) => spreadCell(row.figures[key], (value) => value.toFixed(2)))],
    })),
  };
}

/** The text with the section between its marks replaced; what is around them stays as it is. */
export function withSection(text: string, section: string, file = 'README.md'): string {
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from)
    throw new UsageError(`${file} has no place for the figures: the lines ${BEGIN} and ${END}.`);
  const body = section.trim();
  return `${text.slice(0, from + BEGIN.length)}\n\n${body === '' ? '' : `${body}\n\n`}${text.slice(to)}`;
}
