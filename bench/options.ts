/** The command line: options, defaults, and one good sentence for each mistake. */
import { parseArgs } from 'node:util';
import type { Touch } from './digest';
import { BATCH_SIZES } from './tables/modes';
import { COMPRESSIONS, type Compression, SUITES, type Suite } from './trial';
import { SUBJECTS } from './trials';

export interface Options {
  cluster: { kind: 'embedded' } | { kind: 'kafka' } | { kind: 'brokers'; brokers: string };
  suites: Suite[];
  subjects: string[];
  sizes: number[];
  /** The first is everybody's; suites consume and produce are measured with each. */
  partitions: number[];
  compressions: Compression[];
  batchSizes: number[];
  messages: number | undefined;
  runs: number;
  touch: Touch;
  peers: boolean;
  json: string | undefined;
  /** Reports of earlier runs, to be made one of; nothing is measured then. */
  merge: string[];
  quick: boolean;
  /** Files that say the same for people. */
  report: string | undefined;
  markdown: string | undefined;
  /** The README's section on performance is written anew. */
  readme: boolean;
  /** A report of an earlier run; nothing is measured then. */
  from: string | undefined;
  /** Another built checkout, with which this one is compared. */
  against: string | undefined;
  /** As it was typed, without the files to be written. */
  command: string;
}

export const HELP = `Usage: npm run bench -- [options]

Measures this client beside plain C and other clients: each trial in a process of its own, subjects interleaved
(A B C A B C), medians of the runs, every subject's count and digest of messages checked.

Where (default: librdkafka's mock cluster in a process of its own, which holds little: 5 MB a partition)
  --kafka              start a real one-node Kafka from Maven Central's jars (needs java and mvn)
  --brokers LIST       use this Kafka: topics named bench-* are made there and deleted again

What
  --suite LIST         ${SUITES.join(', ')} (default: all; embedded: all but latency)
  --subjects LIST      only these subjects, see below (default: all whose package is installed)
  --peers              install the other clients under bench/ and measure them too (compiles for minutes, once)
  --sizes LIST         bytes of a message (default 100,1000); suites other than consume and produce take the first
  --partitions LIST    partitions of each topic (default 4; embedded 16); likewise for consume and produce only
  --compression LIST   ${COMPRESSIONS.join(', ')} (default none); likewise
  --batch-sizes LIST   of suite modes: ${BATCH_SIZES.join(', ')} (default all; with --quick 1000)
  --messages N         messages a trial at 100 bytes, fewer of larger ones (default: 10000000, but at most 2 GB;
                       half of it is written; slow subjects get a tenth; embedded: what fits)
  --touch sampled|all  look into every 64th payload or into each one (default sampled)
  --runs N             runs of each trial (default 5)
  --against DIR        compare this build with the one in DIR, another built checkout: each trial here, then there.
                       Default: consume batches$ and messages$, produce send and sendBatch, 100 bytes, 5 pairs
  --quick              1 run, a tenth of the messages, 100 bytes, all suites but scale

Result
  --json FILE          write everything as JSON, also when interrupted with Ctrl-C
  --merge LIST         measure nothing: make one report of these JSON files
  --report FILE        the same as a page for the browser, with charts (their library comes through npm, once)
  --markdown FILE      the same as Markdown tables
  --readme             write the sections on performance of the README and docs/performance.md anew
  --from FILE          measure nothing: make these of a JSON that an earlier run wrote
  --help               this text

Subjects
${SUITES.map(
  (suite) =>
    `  ${suite.padEnd(10)} ${SUBJECTS.filter((s) => s.suite === suite)
      .map((s) => s.name)
      .join(', ')}`,
).join('\n')}
`;

/** A mistake on the command line, said in one sentence. */
export class UsageError extends Error {}

/** @returns the options, or null when help was asked for */
export function parseOptions(args: string[]): Options | null {
  const values = parse(args);
  if (values.help) return null;
  if (values.kafka && values.brokers !== undefined) throw new UsageError('--kafka and --brokers exclude each other.');
  const quick = values.quick ?? false;
  const cluster: Options['cluster'] = values.kafka
    ? { kind: 'kafka' }
    : values.brokers !== undefined
      ? { kind: 'brokers', brokers: brokerList(values.brokers) }
      : { kind: 'embedded' };
  const isEmbedded = cluster.kind === 'embedded';
  const { against } = values;
  if (against !== undefined) {
    const other = (['peers', 'report', 'markdown', 'readme', 'merge', 'quick'] as const).find((name) => values[name]);
    if (other) throw new UsageError(`--against compares two builds, so --${other} has no meaning beside it.`);
    values.suite ??= 'consume,produce';
    values.subjects ??= PAIRED;
    values.sizes ??= '100';
  }
  const partitions = list(values.partitions ?? (isEmbedded ? '16' : '4'));
  const batches = choose('--batch-sizes', values['batch-sizes'], BATCH_SIZES.map(String));
  const touch = values.touch ?? 'sampled';
  if (touch !== 'sampled' && touch !== 'all') throw new UsageError(`--touch is 'sampled' or 'all', not '${touch}'.`);
  return {
    cluster,
    suites: suitesOf(values.suite, isEmbedded, quick),
    subjects: choose('--subjects', values.subjects, [...new Set(SUBJECTS.map((s) => s.name))]) ?? [],
    sizes: some('--sizes', list(values.sizes ?? (quick ? '100' : '100,1000'))).map((text) =>
      integer('--sizes', text, 0, 10_000_000),
    ),
    partitions: some('--partitions', partitions).map((text) => integer('--partitions', text, 1, 10_000)),
    compressions: choose('--compression', values.compression, COMPRESSIONS) ?? ['none'],
    batchSizes: batches?.map(Number) ?? (quick ? [1000] : [...BATCH_SIZES]),
    messages: values.messages === undefined ? undefined : integer('--messages', values.messages, 1, 2 ** 32 - 1),
    runs: integer('--runs', values.runs ?? (quick ? '1' : '5'), 1, 1000),
    touch,
    peers: values.peers ?? false,
    json: values.json,
    merge: values.merge === undefined ? [] : some('--merge', list(values.merge)),
    quick,
    report: values.report,
    markdown: values.markdown,
    readme: values.readme ?? false,
    from: fromFile(args, values),
    against,
    command: commandLine(args),
  };
}

/** The subjects of a comparison of two builds, unless others are named. */
const PAIRED = 'batches$,messages$,send,sendBatch';

/** What is made of an earlier run's figures; they cannot be chosen among, or measured otherwise, any more. */
const MADE: readonly string[] = ['from', 'report', 'markdown', 'readme'];

function fromFile(args: string[], values: ReturnType<typeof parse>): string | undefined {
  if (values.from === undefined) return undefined;
  const other = Object.keys(values).find((name) => !MADE.includes(name));
  if (other !== undefined) {
    throw new UsageError(`--from measures nothing, so --${other} has no meaning beside it (${args.join(' ')}).`);
  }
  if (values.report === undefined && values.markdown === undefined && !values.readme) {
    throw new UsageError('--from makes a report of earlier figures: say which, with --report, --markdown or --readme.');
  }
  return values.from;
}

/** For the report, so that somebody else can do the same. */
function commandLine(args: string[]): string {
  const text = args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`)).join(' ');
  const kept = text.replaceAll(/(^| )--(json|report|markdown)[ =](?:'[^']*'|\S+)|(^| )--readme\b/g, '').trim();
  return kept === '' ? 'npm run bench' : `npm run bench -- ${kept}`;
}

/** The mock cluster answers a waiting fetch only when its time is over: a latency there says nothing. */
function suitesOf(text: string | undefined, isEmbedded: boolean, isQuick: boolean): Suite[] {
  const chosen = choose('--suite', text, SUITES);
  if (isEmbedded && chosen?.includes('latency')) {
    throw new UsageError('The embedded cluster cannot show latencies (half a second for each message): add --kafka.');
  }
  return chosen ?? SUITES.filter((suite) => !(isEmbedded && suite === 'latency') && !(isQuick && suite === 'scale'));
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        kafka: { type: 'boolean' },
        brokers: { type: 'string' },
        suite: { type: 'string' },
        subjects: { type: 'string' },
        peers: { type: 'boolean' },
        sizes: { type: 'string' },
        partitions: { type: 'string' },
        compression: { type: 'string' },
        'batch-sizes': { type: 'string' },
        messages: { type: 'string' },
        touch: { type: 'string' },
        runs: { type: 'string' },
        quick: { type: 'boolean' },
        json: { type: 'string' },
        merge: { type: 'string' },
        report: { type: 'string' },
        markdown: { type: 'string' },
        readme: { type: 'boolean' },
        from: { type: 'string' },
        against: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    const reason = (error as Error).message.split(/\.\s/)[0]?.replace(/\.$/, '');
    throw new UsageError(`${reason}.`);
  }
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function choose<T extends string>(name: string, text: string | undefined, known: readonly T[]): T[] | undefined {
  if (text === undefined) return undefined;
  const chosen = list(text);
  const unknown = chosen.find((item) => !(known as readonly string[]).includes(item));
  if (unknown !== undefined) throw new UsageError(`${name} knows no '${unknown}', only ${known.join(', ')}.`);
  if (chosen.length === 0) throw new UsageError(`${name} names nothing; it knows ${known.join(', ')}.`);
  return chosen as T[];
}

function some(name: string, items: string[]): string[] {
  if (items.length === 0) throw new UsageError(`${name} names nothing.`);
  return items;
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text.replaceAll('_', '')) ? Number(text.replaceAll('_', '')) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${name} takes a whole number from ${min} to ${max}, not '${text}'.`);
}

function brokerList(text: string): string {
  const wrong = list(text).find((broker) => !/^(\[[\da-f:]+\]|[^\s:]+):\d+$/i.test(broker));
  if (wrong !== undefined || list(text).length === 0) {
    throw new UsageError(`--brokers takes host:port[,host:port...], not '${wrong ?? text}'.`);
  }
  return list(text).join(',');
}
