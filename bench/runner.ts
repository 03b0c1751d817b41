/** Runs trials: plans them, one child process at a time, checks what each of them says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Build } from './against';
import { type Cluster, fillTopic } from './cluster';
import { cyclicDigest, prefixDigest, topicDigest } from './digest';
import type { Options } from './options';
import { outsideCommand } from './outside';
import { nodeBinary } from './peers';
import { cycleOf, type Group, groups, isReader, messagesOf } from './plan';
import { figure, type Run } from './stats';
import {
  CONSUMER_CONFIG,
  PRODUCER_CONFIG,
  PROGRAM_CONFIG,
  type Subject,
  type Suite,
  type TrialResult,
  type TrialSpec,
} from './trial';

const TRIAL_TIMEOUT_MS = 240_000;
/** A process that printed its result has this long to end by itself. */
const EXIT_TIMEOUT_MS = 20_000;
/** Part of a trial's messages that are read or written before the clock starts. */
const WARMUP = 0.1;
const LATENCY_MESSAGES = 1000;
const GREATEST_MESSAGES = 1_000_000;
const LOAD_SECONDS = 5;
const QUICK_LOAD_SECONDS = 1;
/** Before them, at the same rate: code that is compiled while it runs is compiled then. */
const LOAD_WARMUP_SECONDS = 2;
/** A rate over less time is that of a single batch, or of the clock. */
const LEAST_SECONDS = 0.02;
/** Messages near to this size need larger limits than those that librdkafka and the broker have by default. */
const LARGE_BYTES = 900_000;
const CLIENTS = 100;

export class Runner {
  readonly runs: Run[] = [];
  /** What could not be measured under some of the conditions. */
  readonly leftOut: { suite: string; subject: string; reason: string }[] = [];
  private child: ChildProcess | undefined;
  private stopped = false;
  private topics = 0;
  /** Topics filled so far, by what is in them, with their expected digest. */
  private readonly filled = new Map<string, { name: string; digestOf: (counted: number | undefined) => number }>();
  private greatestRate: number | undefined;
  private readonly builds: readonly Build[];
  /** The build of the trial under way. */
  private build: Build;
  private readonly id = `${process.pid}-${Date.now().toString(36)}`;

  constructor(
    private readonly options: Options,
    private readonly cluster: Cluster,
    private readonly programs: string,
    private readonly progress: (text: string) => void,
    /** The other build, when two are compared: each trial runs here, then there. */
    other?: Build,
  ) {
    const here: Build = { name: 'here', child: join(__dirname, 'subjects/child.js') };
    this.builds = other === undefined ? [here] : [here, other];
    this.build = here;
  }

  /** Ends after the trial under way is killed; what was measured stays in `runs`. */
  stop(): void {
    this.stopped = true;
    this.child?.kill('SIGKILL');
  }

  /** Every suite under all its conditions; within one, the subjects take turns. */
  async all(subjects: readonly Subject[]): Promise<void> {
    const plan = groups(this.options);
    for (const [i, group] of plan.entries()) {
      const mine = subjects.filter((subject) => subject.suite === group.suite && this.isAble(subject, group));
      if (mine.length === 0) continue;
      for (const subject of mine) if (isReader(subject) && !this.stopped) await this.prepare(subject, group);
      if (mine.some(({ load }) => load !== undefined)) await this.findGreatestRate(group);
      for (let run = 0; run < this.options.runs; run++) {
        for (const subject of mine) {
          for (const build of this.builds) {
            if (this.stopped) return;
            this.build = build;
            await this.trial(subject, group, run);
          }
        }
      }
      await this.dropTopics(plan.slice(i + 1), subjects);
    }
  }

  private isAble({ suite, name, codecs }: Subject, { compression }: Group): boolean {
    if (codecs === undefined || codecs.includes(compression)) return true;
    const reason = `it has no ${compression} of its own`;
    this.leftOut.push({ suite, subject: name, reason });
    this.progress(`${suite}: ${name} is left out: ${reason}`);
    return false;
  }

  /** Deletes what no later group reads: large messages of many kinds would fill the disk. */
  private async dropTopics(later: readonly Group[], subjects: readonly Subject[]): Promise<void> {
    const needed = new Set<string>();
    for (const group of later) {
      for (const subject of subjects) {
        if (subject.suite === group.suite && isReader(subject)) needed.add(this.keyOf(subject, group));
      }
    }
    for (const [key, { name }] of this.filled) {
      if (needed.has(key)) continue;
      this.filled.delete(key);
      await this.cluster.deleteTopic(name).catch(() => {});
    }
  }

  async cleanUp(): Promise<void> {
    for (const { name } of this.filled.values()) await this.cluster.deleteTopic(name).catch(() => {});
  }

  /** Fills what the subject will read, so that nobody measures while the broker still writes for another. */
  private async prepare(subject: Subject, group: Group): Promise<void> {
    await this.filledTopic(subject, group);
  }

  private amounts(subject: Subject, group: Group): { size: number; partitions: number; messages: number } {
    const partitions = subject.topic?.partitions ?? group.partitions;
    const size = subject.topic?.size ?? group.size;
    const capacity = this.cluster.capacity(size, partitions);
    return { size, partitions, messages: messagesOf(subject, { size, partitions }, this.options, capacity) };
  }

  private async trial(subject: Subject, group: Group, run: number): Promise<void> {
    const { size, partitions } = this.amounts(subject, group);
    const { variant, compression } = group;
    const where = { size, partitions, compression, ...(variant !== undefined && { variant }) };
    const isPaired = this.builds.length > 1;
    const entry: Run = { suite: subject.suite, subject: subject.name, ...where, run };
    if (isPaired) entry.build = this.build.name;
    try {
      entry.result = await this.measure(subject, group, run);
      const { seconds = 0, timed } = entry.result;
      if (timed !== undefined && (timed === 0 || seconds < LEAST_SECONDS)) {
        throw new Error(`void: ${timed} messages in ${(seconds * 1000).toFixed(1)} ms tell no rate: more --messages`);
      }
    } catch (error) {
      entry.error = (error as Error).message;
    }
    if (this.stopped) return;
    this.runs.push(entry);
    const value = figure(entry);
    const { p99 } = entry.result ?? {};
    const rate = value === undefined ? '' : `${Math.round(value * 100) / 100} /s`;
    const text = entry.error ?? (p99 === undefined ? rate : `p99 ${p99.toFixed(2)} ms`);
    const what = `${subject.suite} ${size} B${variant === undefined ? '' : ` ${variant}`}`;
    this.progress(
      `${what}, run ${run + 1} of ${this.options.runs}: ${subject.name}${isPaired ? ` ${this.build.name}` : ''} ${text}`,
    );
  }

  private measure(subject: Subject, group: Group, run: number): Promise<TrialResult> {
    const spec = this.specOf(subject, group, String(run));
    const suites: Record<Suite, () => Promise<TrialResult>> = {
      consume: () => this.consume(subject, group, spec),
      modes: () => this.consume(subject, group, spec),
      scale: () => this.consume(subject, group, spec),
      produce: () => this.produce(subject, spec),
      latency: () => this.latency(subject, spec),
      clients: () => this.onFreshTopic({ ...spec, partitions: 1, messages: this.scaled(CLIENTS) }, subject),
      streams: () =>
        isReader(subject)
          ? this.consume(subject, group, spec)
          : this.onFreshTopic({ ...spec, messages: this.scaled(subject.rounds as number) }, subject),
    };
    return suites[subject.suite]();
  }

  private specOf(subject: Subject, group: Group, run: string): TrialSpec {
    const { compression } = group;
    const amounts = this.amounts(subject, group);
    const { passes = 1 } = subject;
    const messages = Math.min(amounts.messages, subject.most ?? amounts.messages);
    const large: TrialSpec['config'] =
      amounts.size > LARGE_BYTES ? { 'message.max.bytes': amounts.size + LARGE_BYTES } : {};
    const config: TrialSpec['config'] =
      subject.suite === 'produce'
        ? {
            ...PRODUCER_CONFIG,
            ...queueOf(amounts.messages),
            ...(compression !== 'none' && { 'compression.codec': compression }),
          }
        : isReader(subject)
          ? CONSUMER_CONFIG
          : {};
    const name = `${subject.name.replace(/[^\w.-]/g, '')}-${amounts.size}-${group.variant ?? ''}-${run}-${this.build.name}`;
    return {
      suite: subject.suite,
      mode: 'mode' in subject.run ? subject.run.mode : '',
      brokers: this.cluster.brokers,
      topic: '',
      group: `bench-${this.id}-${subject.suite}-${name}`,
      ...amounts,
      messages,
      partial: messages < amounts.messages,
      warmup: Math.floor(messages * passes * WARMUP),
      passes,
      counted: subject.counted ?? amounts.partitions,
      touch: this.options.touch,
      cycle: cycleOf(amounts.size),
      batch: subject.batch ?? 0,
      commits: subject.commits ?? 'some',
      rate: 0,
      workers: subject.workers ?? 1,
      compression,
      config: { ...config, ...large },
    };
  }

  private scaled(count: number): number {
    return this.options.quick ? Math.ceil(count / 4) : count;
  }

  /** One message at a time, or so many a second for some seconds. */
  private latency(subject: Subject, spec: TrialSpec): Promise<TrialResult> {
    const one = { ...spec, partitions: 1 };
    if (subject.load === undefined) {
      return this.onFreshTopic({ ...one, messages: this.scaled(LATENCY_MESSAGES) }, subject);
    }
    if (this.greatestRate === undefined) throw new Error('the greatest rate could not be measured');
    const rate = Math.round(this.greatestRate * subject.load);
    const warmup = rate * LOAD_WARMUP_SECONDS;
    const messages = warmup + Math.round(rate * (this.options.quick ? QUICK_LOAD_SECONDS : LOAD_SECONDS));
    return this.onFreshTopic({ ...one, rate, messages, warmup }, subject);
  }

  /** How many messages a second this client sends and receives when it sends all it can. */
  private async findGreatestRate(group: Group): Promise<void> {
    const subject: Subject = { suite: 'latency', name: 'greatest-rate', run: { module: 'load', mode: 'messages$' } };
    const messages = this.scaled(GREATEST_MESSAGES);
    const spec = {
      ...this.specOf(subject, group, '0'),
      partitions: 1,
      messages,
      warmup: Math.floor(messages * WARMUP),
    };
    try {
      this.greatestRate = (await this.onFreshTopic(spec, subject)).sentPerSecond;
      this.progress(`latency ${group.size} B: at most ${Math.round(this.greatestRate ?? 0)} messages a second`);
    } catch (error) {
      this.progress(`latency ${group.size} B: the greatest rate could not be measured: ${(error as Error).message}`);
    }
  }

  private async consume(subject: Subject, group: Group, spec: TrialSpec): Promise<TrialResult> {
    const { name, digest } = await this.filledTopic(subject, group);
    const result = await this.spawn(subject, { ...spec, topic: name });
    let messages = (spec.messages / spec.partitions) * spec.counted * spec.passes;
    let wantedDigest = Math.imul(digest, spec.passes) >>> 0;
    if (spec.partial) {
      // It stopped with the batch in which it had enough, of whatever partitions.
      const counts = result.counts ?? [];
      messages = Math.max(
        spec.messages,
        counts.reduce((sum, count) => sum + count, 0),
      );
      wantedDigest = prefixDigest(spec.size, counts, spec.touch);
    }
    if (result.messages !== messages || (!subject.countOnly && result.digest !== wantedDigest)) {
      const [read, wanted] = [`${result.messages}/${result.digest}`, `${messages}/${wantedDigest}`];
      throw new Error(`void: read ${read} (messages/digest), ${wanted} were written`);
    }
    return result;
  }

  private async produce(subject: Subject, spec: TrialSpec): Promise<TrialResult> {
    return this.withTopic(spec, async (topic) => {
      const result = await this.spawn(subject, { ...spec, topic });
      if (result.messages !== spec.messages) throw new Error(`void: ${result.messages} of ${spec.messages} delivered`);
      if (this.cluster.capacity(spec.size, spec.partitions) !== undefined) return result; // not all is kept there
      const back = await this.readBack({ ...spec, topic });
      const digest = cyclicDigest(spec.size, spec.messages, spec.cycle);
      if (back.messages !== spec.messages || (!subject.countOnly && back.digest !== digest)) {
        throw new Error(
          `void: ${back.messages}/${back.digest} (messages/digest) were stored, ${spec.messages}/${digest} sent`,
        );
      }
      return result;
    });
  }

  private onFreshTopic(spec: TrialSpec, subject: Subject): Promise<TrialResult> {
    return this.withTopic(spec, (topic) => this.spawn(subject, { ...spec, topic }));
  }

  private async withTopic<T>(spec: TrialSpec, work: (topic: string) => Promise<T>): Promise<T> {
    const topic = `bench-${this.id}-${++this.topics}`;
    await this.cluster.createTopic(topic, spec.partitions, spec.size);
    try {
      return await work(topic);
    } finally {
      await this.cluster.deleteTopic(topic).catch(() => {});
    }
  }

  private readBack(spec: TrialSpec): Promise<TrialResult> {
    const { topic, partitions, messages } = spec;
    return this.process(join(this.programs, 'consume'), [
      ...['--brokers', spec.brokers, '--topic', topic, '--partitions', String(partitions)],
      ...['--messages', String(messages), '--touch', 'all'],
    ]);
  }

  private keyOf(subject: Subject, group: Group): string {
    const { size, messages, partitions } = this.amounts(subject, group);
    const { keys, batchBytes } = subject.topic ?? {};
    return [size, messages, partitions, group.compression, keys ?? 'no-keys', batchBytes ?? 'any-batch'].join('-');
  }

  private async filledTopic(subject: Subject, group: Group): Promise<{ name: string; digest: number }> {
    const { size, messages, partitions } = this.amounts(subject, group);
    const key = this.keyOf(subject, group);
    const found = this.filled.get(key);
    if (found !== undefined) return { name: found.name, digest: found.digestOf(subject.counted) };
    const name = `bench-${this.id}-${key}`;
    const text = `${messages.toLocaleString('en-US')} messages of ${size} bytes, ${partitions} partitions`;
    this.progress(`filling a topic: ${text}${group.compression === 'none' ? '' : `, ${group.compression}`}`);
    const { compression } = group;
    const topic = { ...subject.topic, name, partitions, messages, size, compression };
    await fillTopic(this.cluster, this.programs, topic);
    const digests = new Map<number | undefined, number>();
    const digestOf = (counted: number | undefined) => {
      const known = digests.get(counted) ?? topicDigest(size, messages, partitions, this.options.touch, counted);
      digests.set(counted, known);
      return known;
    };
    this.filled.set(key, { name, digestOf });
    return { name, digest: digestOf(subject.counted) };
  }

  private async spawn({ run }: Subject, spec: TrialSpec): Promise<TrialResult> {
    if ('module' in run) {
      const node = run.node === undefined ? process.execPath : nodeBinary(run.node);
      return this.process(node, [this.build.child, run.module, JSON.stringify(spec)]);
    }
    if ('outside' in run) {
      // What is not ours is started by a program that tells its processor time and memory at the end.
      const { command, args, read } = await outsideCommand(run.outside, spec);
      return this.process(join(this.programs, 'launch'), [command, ...args], read);
    }
    const args = ['--brokers', spec.brokers, '--topic', spec.topic, '--messages', String(spec.messages)];
    if (run.program === 'latency') {
      if (spec.rate > 0) args.push('--rate', String(spec.rate), '--warmup', String(spec.warmup));
    } else {
      args.push('--warmup', String(spec.warmup));
    }
    if (run.program !== 'consume') args.push('--size', String(spec.size));
    if (run.program === 'produce') args.push('--cycle', String(spec.cycle));
    if (run.program === 'consume') {
      args.push('--touch', spec.touch, '--partitions', String(spec.partitions));
      if (!run.args?.includes('--partition-queues')) args.push('--group', spec.group);
    }
    const own = run.program === 'consume' ? PROGRAM_CONFIG : run.program === 'latency' ? CONSUMER_CONFIG : {};
    const settings = Object.entries({ ...spec.config, ...own }).flatMap(([key, value]) => ['-X', `${key}=${value}`]);
    return this.process(join(this.programs, run.program), [...args, ...(run.args ?? []), ...settings]);
  }

  /** Runs a command to its end and reads the JSON on its last line; what was said before it, with `read`. */
  private async process(command: string, args: string[], read?: (output: string) => TrialResult): Promise<TrialResult> {
    // Its own process group: Ctrl-C is for the bench, which then ends the trial.
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.child = child;
    const killOnExit = () => child.kill('SIGKILL');
    process.once('exit', killOnExit);
    let [output, errors, hung] = ['', '', ''];
    const kill = (reason: string) => {
      hung = reason;
      child.kill('SIGKILL');
    };
    let timer = setTimeout(kill, TRIAL_TIMEOUT_MS, `no result in ${TRIAL_TIMEOUT_MS / 1000} s`);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (!output.endsWith('}\n')) return;
      clearTimeout(timer);
      timer = setTimeout(kill, EXIT_TIMEOUT_MS, 'the process did not end by itself after its result');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-4000);
    });
    try {
      const [code, signal] = await once(child, 'close');
      if (hung) throw new Error(`${hung}${tail(errors)}`);
      if (code !== 0) throw new Error(`ended with ${signal ?? code}${tail(errors)}`);
    } finally {
      clearTimeout(timer);
      process.off('exit', killOnExit);
      this.child = undefined;
    }
    const lines = output.trim().split('\n');
    const last = JSON.parse(lines.at(-1) ?? '') as TrialResult;
    return read === undefined ? last : { ...last, ...read(lines.slice(0, -1).join('\n')) };
  }
}

/**
 * What a producer may hold: librdkafka's own limit, or a twentieth of what it sends. Else most of a short trial would
 * have been handed in before the clock starts.
 */
function queueOf(messages: number): TrialSpec['config'] {
  return { 'queue.buffering.max.messages': Math.min(100_000, Math.max(100, Math.floor(messages / 20))) };
}

/** The last lines that say something: where in the program it was is of no use to a reader. */
function tail(errors: string): string {
  const said = errors.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
  const lines = said.slice(-6).join(' | ');
  return lines === '' ? '' : `: ${lines}`;
}
