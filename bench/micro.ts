/** The micro-benchmarks' command: small things without a broker, timed by tinybench. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform, release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Comparison, compare, MOST_CPU, ratioText, requireBuild, verdict } from './against';
import { type Case, cases, MESSAGES } from './micro/cases';
import { UsageError } from './options';
import { align, commitOf } from './report';
import { installTools, tools } from './report/publish';

const HELP = `Usage: npm run bench:micro -- [options]

What a message costs in each layer above the addon: no broker, no network, one thread. Nanoseconds for a message.

  --filter TEXT   only cases whose group or name contains this
  --ms N          time for each case, after a fifth of it as warm-up (default 500)
  --json FILE     write the figures as JSON
  --against DIR   compare this build with the one in DIR, another built checkout: all cases here, then there
  --pairs N       how often, with --against (default 5)
  --help          this text
`;

interface Options {
  filter: string;
  ms: number;
  json: string | undefined;
  /** Another built checkout, with which this one is compared. */
  against: string | undefined;
  pairs: number;
}

/** Nanoseconds for a message. */
export interface MicroResult {
  group: string;
  name: string;
  note: string;
  median: number;
  min: number;
  /** Of a hundred samples one was slower: a collection of garbage, or the machine. */
  p99: number;
  /** Each of them {@link MESSAGES} messages. */
  samples: number;
}

/** Of tinybench, what is used here. In nanoseconds, milliseconds: its own. */
interface Tinybench {
  Bench: new (
    options: object,
  ) => {
    add(name: string, fn: () => unknown, options?: object): void;
    run(): Promise<unknown>;
    tasks: Task[];
  };
}
interface Task {
  result: { error?: Error; latency?: { p50: number; p99: number; min: number; samplesCount: number } };
}

export async function main(args: string[]): Promise<void> {
  try {
    const options = parse(args);
    if (options === null) process.stdout.write(HELP);
    else if (options.against !== undefined) comparePairs(options, options.against);
    else await micro(options);
  } catch (error) {
    const usage = error instanceof UsageError;
    console.error(usage ? `${error.message}\nSee --help.` : (error as Error).message);
    process.exitCode = usage ? 2 : 1;
  }
}

export function parse(args: string[]): Options | null {
  let values: { filter?: string; ms?: string; json?: string; against?: string; pairs?: string; help?: boolean };
  try {
    values = parseArgs({
      args,
      options: {
        filter: { type: 'string' },
        ms: { type: 'string' },
        json: { type: 'string' },
        against: { type: 'string' },
        pairs: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(/\.\s/)[0]?.replace(/\.$/, '')}.`);
  }
  if (values.help) return null;
  const { filter = '', json, against } = values;
  if (values.pairs !== undefined && against === undefined) throw new UsageError('--pairs needs --against.');
  return {
    ...{ filter: filter.toLowerCase(), json, against },
    ms: whole('--ms', values.ms ?? '500', 600_000),
    pairs: whole('--pairs', values.pairs ?? '5', 1000),
  };
}

function whole(name: string, text: string, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= most) return value;
  throw new UsageError(`${name} takes a whole number from 1 to ${most}, not '${text}'.`);
}

/** Each checkout times its own cases, in a process of its own: what they import has moved between the two. */
function comparePairs({ filter, ms, json, pairs }: Options, against: string): void {
  const roots = [dirname(require.resolve('rdkafka-rx/package.json')), requireBuild(against)] as const;
  const directory = mkdtempSync(join(tmpdir(), 'bench-micro-'));
  try {
    const measure = (root: string): MicroResult[] => {
      const file = join(directory, 'micro.json');
      const args = ['micro', '--filter', filter, '--ms', String(ms), '--json', file];
      const { status } = spawnSync(process.execPath, [join(root, 'bench/run.mjs'), ...args], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      if (status !== 0) throw new Error(`The micro-benchmarks of ${root} ended with status ${status}, see above.`);
      return (JSON.parse(readFileSync(file, 'utf8')) as { results: MicroResult[] }).results;
    };
    const measured: [MicroResult[], MicroResult[]][] = [];
    for (let pair = 0; pair < pairs; pair++) {
      measured.push([measure(roots[0]), measure(roots[1])]);
      console.error(`pair ${pair + 1} of ${pairs}`);
    }
    const compared = microPairs(measured);
    const there = commitOf(roots[1]);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify({ format: 1, kind: 'micro', there, compared })}\n`);
    console.log(microTable(compared));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A case in both builds, in nanoseconds per message; undefined where only one of them has it. */
export interface MicroPairs {
  group: string;
  name: string;
  compared: Comparison | undefined;
}

/** Of each pair the results here and there. Cases are the same when their names are. */
export function microPairs(measured: readonly (readonly [MicroResult[], MicroResult[]])[]): MicroPairs[] {
  const ofCase = (results: MicroResult[], { group, name }: MicroResult) =>
    results.find((one) => one.group === group && one.name === name)?.median;
  return (measured[0]?.[0] ?? []).map((one) => {
    const pairs = measured.flatMap(([here, there]) => {
      const [x, y] = [ofCase(here, one), ofCase(there, one)];
      return x !== undefined && y ? [[x, y] as const] : [];
    });
    const compared = compare(
      pairs.map(([x]) => x),
      pairs.map(([, y]) => y),
    );
    return { group: one.group, name: one.name, compared };
  });
}

function microTable(all: readonly MicroPairs[]): string {
  const ns = (value: number) => (value < 10 ? value.toFixed(3) : value.toFixed(1));
  const cells = all.map(({ group, name, compared }) => {
    if (compared === undefined) return [`${group}: ${name}`, '', '', 'only here', ''];
    const { here, there, ratio } = compared;
    const goal = `<= ${MOST_CPU} ${verdict(ratio.median <= MOST_CPU)}`;
    return [`${group}: ${name}`, ns(here.median), ns(there.median), ratioText(compared), goal];
  });
  return align([['', 'here, ns/message', 'there', 'ratio (min-max)', 'goal'], ...cells]).join('\n');
}

async function micro({ filter, ms, json }: Options): Promise<void> {
  const chosen = cases().filter(({ group, name }) => `${group} ${name}`.toLowerCase().includes(filter));
  if (chosen.length === 0) throw new UsageError(`--filter '${filter}' leaves no case.`);
  const write = (results: MicroResult[]) => {
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report(results, ms), null, 2)}\n`);
  };
  try {
    write([]); // a path that cannot be written is better known now
  } catch (error) {
    throw new UsageError(`--json ${json} cannot be written: ${(error as Error).message}.`);
  }
  await installTools((text) => console.error(text));
  const { Bench } = (await import(pathToFileURL(join(tools, 'tinybench.mjs')).href)) as Tinybench;
  const results: MicroResult[] = [];
  const widths = [
    Math.max(...chosen.map(({ group }) => group.length)),
    Math.max(...chosen.map(({ name }) => name.length)),
  ];
  console.log(
    `${'group'.padEnd(widths[0] as number)}  ${'case'.padEnd(widths[1] as number)}  ns/message       min       p99`,
  );
  try {
    for (const one of chosen) {
      await check(one);
      const bench = new Bench({ time: ms, warmupTime: ms / 5 });
      bench.add(one.name, one.run);
      await bench.run();
      const { latency, error } = (bench.tasks[0] as Task).result;
      if (latency === undefined) throw new Error(`${one.group}, ${one.name}: ${error?.message ?? 'was not measured'}`);
      const perMessage = (milliseconds: number) => (milliseconds * 1e6) / MESSAGES;
      const { group, name, note } = one;
      const [median, min, p99] = [latency.p50, latency.min, latency.p99].map(perMessage) as [number, number, number];
      results.push({ group, name, note, median, min, p99, samples: latency.samplesCount });
      const figures = [median, min, p99].map((ns) => (ns < 10 ? ns.toFixed(3) : ns.toFixed(1)).padStart(10)).join('');
      console.log(`${group.padEnd(widths[0] as number)}  ${name.padEnd(widths[1] as number)}  ${figures}`);
    }
  } finally {
    for (const { end } of chosen) end?.();
    write(results);
  }
}

/** What does less than it should is fast, and says nothing. */
async function check({ group, name, run }: Case): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const count = await run();
    if (count !== MESSAGES) throw new Error(`${group}, ${name}: ${count} messages of ${MESSAGES}`);
  }
}

function report(results: MicroResult[], ms: number) {
  const { version } = require('rdkafka-rx/package.json') as { version: string };
  return {
    format: 1,
    kind: 'micro',
    at: new Date().toISOString(),
    machine: {
      ...{ cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), load: loadavg() },
      platform: `${platform()} ${release()} ${arch()}`,
    },
    versions: { node: process.versions.node, v8: process.versions.v8, 'rdkafka-rx': version },
    settings: { ms, messages: MESSAGES },
    unit: 'ns per message',
    results,
  };
}
