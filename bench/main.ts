/** The bench command: from the command line to the report. */
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { otherBuild, pairsOf, pairsTable, requireBuild } from './against';
import { type Cluster, openCluster } from './cluster';
import { merge } from './merge';
import { HELP, type Options, parseOptions, UsageError } from './options';
import { installPeers, isInstalled, reasonMissing } from './peers';
import { tooOld } from './plan';
import { buildReport, commitOf, reportHead, type Surroundings, table } from './report';
import { readReport } from './report/model';
import { publisher } from './report/publish';
import { Runner } from './runner';
import type { Run } from './stats';
import type { Subject } from './trial';
import { SUBJECTS } from './trials';

const started = Date.now();
const progress = (text: string) => {
  const seconds = Math.round((Date.now() - started) / 1000);
  process.stderr.write(
    `[${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}] ${text}\n`,
  );
};

export async function main(args: string[]): Promise<void> {
  try {
    const options = parseOptions(args);
    if (options === null) process.stdout.write(HELP);
    else process.exitCode = await bench(options);
  } catch (error) {
    const usage = error instanceof UsageError;
    console.error(usage ? `${error.message}\nSee --help.` : (error as Error).message);
    process.exitCode = usage ? 2 : 1;
  }
}

async function bench(options: Options): Promise<number> {
  const write = await publisher(options, progress);
  if (options.from !== undefined) {
    write(readReport(options.from));
    return 0;
  }
  if (options.merge.length > 0) {
    const whole = merge(options.merge);
    process.stdout.write(`${table(whole.runs)}\n`);
    if (options.json !== undefined) reportWriter(options)(whole);
    write(whole);
    return 0;
  }
  const other = options.against === undefined ? undefined : requireBuild(options.against);
  const save = reportWriter(options);
  const subjectsWanted = choose(options);
  if (options.peers && subjectsWanted.some(({ peer }) => peer !== undefined && !isInstalled(peer))) {
    await installPeers(progress);
  }
  const { buildBaselines } = (await import(pathToFileURL(join(packageRoot(), 'bench/baseline/build.mjs')).href)) as {
    buildBaselines: () => Promise<{ directory: string; version: string; librdkafka: string }>;
  };
  const baselines = await buildBaselines();
  const reasonWhyNot = (subject: Subject): string | undefined =>
    subject.peer === undefined || isInstalled(subject.peer)
      ? tooOld(subject, baselines.version)
      : reasonMissing(subject.peer);
  const subjects = subjectsWanted.filter((subject) => reasonWhyNot(subject) === undefined);
  const leftOut = subjectsWanted.flatMap((subject) => {
    const reason = reasonWhyNot(subject);
    return reason === undefined ? [] : [{ suite: subject.suite, subject: subject.name, reason }];
  });
  for (const { suite, subject, reason } of leftOut) progress(`${suite}: ${subject} is left out: ${reason}`);
  if (subjects.length === 0) throw new Error('No subject is left: none of them can be had here.');

  let runner: Runner | undefined;
  let cluster: Cluster | undefined;
  let signals = 0;
  const onSignal = () => {
    if (++signals > 1) process.exit(130); // the second one means it
    progress('interrupted: ending this trial, then the report of what there is');
    runner?.stop();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);

  const around: Surroundings = {
    options,
    cluster: '',
    librdkafka: baselines.librdkafka,
    startedAt: new Date(),
    loadAtStart: loadavg(),
    leftOut,
  };
  try {
    cluster = await openCluster(options, progress);
    around.cluster = cluster.description;
    progress(`${cluster.description}; librdkafka ${baselines.librdkafka}`);
    const build = other === undefined ? undefined : otherBuild(other);
    runner = new Runner(options, cluster, baselines.directory, progress, build);
    if (signals === 0) await runner.all(subjects);
    if (options.cluster.kind === 'brokers') await runner.cleanUp();
  } finally {
    await cluster?.stop();
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal);
  }
  const { runs } = runner;
  if (other !== undefined) {
    const pairs = pairsOf(runs);
    if (runs.length > 0) process.stdout.write(`${pairsTable(pairs)}\n`);
    save({ ...reportHead(around, signals > 0), kind: 'against', there: commitOf(other), pairs, runs });
    return exitCode(signals > 0, runs);
  }
  if (runs.length > 0) process.stdout.write(`${table(runs)}\n`);
  around.leftOut.push(...runner.leftOut);
  const report = buildReport(runs, around, signals > 0);
  save(report);
  write(report);
  return exitCode(signals > 0, runs);
}

function exitCode(isInterrupted: boolean, runs: readonly Run[]): number {
  if (isInterrupted) return 130;
  return runs.some((run) => run.error !== undefined) ? 1 : 0;
}

/** Opens the file at once: a path that cannot be written is better known now than in an hour. */
function reportWriter({ json }: Options): (report: object) => void {
  if (json === undefined) return () => {};
  const write = (report: object) => writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  try {
    write({ format: 1, partial: true, ratios: {}, summary: [], runs: [] });
  } catch (error) {
    throw new UsageError(`--json ${json} cannot be written: ${(error as Error).message}.`);
  }
  return (report) => {
    write(report);
    progress(`report written to ${json}`);
  };
}

/** The subjects that were asked for, whether their client is installed or not. */
function choose(options: Options): Subject[] {
  const { subjects, suites, peers, batchSizes } = options;
  const isEmbedded = options.cluster.kind === 'embedded';
  const named = (subject: Subject) => subjects.length === 0 || subjects.includes(subject.name);
  const sized = ({ suite, batch }: Subject) => suite !== 'modes' || batch === undefined || batchSizes.includes(batch);
  const chosen = SUBJECTS.filter((subject) => suites.includes(subject.suite) && named(subject) && sized(subject));
  const missing = chosen.find(({ peer }) => peer && !isInstalled(peer));
  if (missing && !peers && subjects.includes(missing.name)) {
    throw new UsageError(`Subject '${missing.name}' needs ${missing.peer}: add --peers to install it.`);
  }
  const unreal = isEmbedded && chosen.find((subject) => subject.real && subjects.includes(subject.name));
  if (unreal) throw new UsageError(`The embedded cluster cannot show '${unreal.name}': add --kafka.`);
  const possible = chosen.filter((subject) => !(isEmbedded && subject.real));
  // Without --peers, those that are here anyway are measured too.
  const paired = possible.filter(({ run, peer }) => options.against === undefined || ('module' in run && !peer));
  const wanted = paired.filter(({ peer }) => !peer || peers || (isInstalled(peer) && !options.quick));
  if (wanted.length === 0) throw new UsageError('No subject is left: --suite and --subjects name none in common.');
  return wanted;
}

function packageRoot(): string {
  return dirname(require.resolve('rdkafka-rx/package.json'));
}
