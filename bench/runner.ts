/** Runs trials: plans them, one child process at a time, checks what each of them says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Cluster, fillTopic } from './cluster';
import { cyclicDigest, topicDigest } from './digest';
import type { Options } from './options';
import { figure, type Run } from './stats';
import {
  CONSUMER_CONFIG,
  PRODUCER_CONFIG,
  PROGRAM_CONFIG,
  type Subject,
  type Suite,
  type TrialResult,
  type TrialSpec,
} from './trials';

const TRIAL_TIMEOUT_MS = 240_000;
/** A process that printed its result has this long to end by itself. */
const EXIT_TIMEOUT_MS = 20_000;
const CYCLE = 100_000;
const DEFAULT_MESSAGES = 5_000_000;
const LATENCY_MESSAGES = 1000;
const CLIENTS = 100;

export class Runner {
  readonly runs: Run[] = [];
  private child: ChildProcess | undefined;
  private stopped = false;
  private topics = 0;
  /** Topics filled so far, by what is in them, with their expected digest. */
  private readonly filled = new Map<string, { name: string; digest: number }>();
  private readonly id = `${process.pid}-${Date.now().toString(36)}`;

  constructor(
    private readonly options: Options,
    private readonly cluster: Cluster,
    private readonly programs: string,
    private readonly progress: (text: string) => void,
  ) {}

  /** Ends after the trial under way is killed; what was measured stays in `runs`. */
  stop(): void {
    this.stopped = true;
    this.child?.kill('SIGKILL');
  }

  /** Every suite at every size; within one, the subjects take turns. */
  async all(subjects: readonly Subject[]): Promise<void> {
    for (const suite of this.options.suites) {
      const mine = subjects.filter((subject) => subject.suite === suite);
      const sizes = suite === 'consume' || suite === 'produce' ? this.options.sizes : [this.options.sizes[0] as number];
      for (const size of sizes) {
        for (const subject of mine) if (isReader(subject) && !this.stopped) await this.prepare(subject, size);
        for (let run = 0; run < this.options.runs; run++) {
          for (const subject of mine) {
            if (this.stopped) return;
            await this.trial(subject, subject.topic?.size ?? size, run);
          }
        }
      }
    }
  }

  async cleanUp(): Promise<void> {
    for (const { name } of this.filled.values()) await this.cluster.deleteTopic(name).catch(() => {});
  }

  /** Fills what the subject will read, so that nobody measures while the broker still writes for another. */
  private async prepare(subject: Subject, size: number): Promise<void> {
    await this.filledTopic(subject, this.amounts(subject, subject.topic?.size ?? size));
  }

  private amounts(subject: Subject, size: number): { size: number; partitions: number; messages: number } {
    const partitions = subject.topic?.partitions ?? this.options.partitions;
    return { size, partitions, messages: this.messagesOf(subject, size, partitions) };
  }

  private async trial(subject: Subject, size: number, run: number): Promise<void> {
    const entry: Run = { suite: subject.suite, subject: subject.name, size, run };
    try {
      entry.result = await this.measure(subject, size, run);
    } catch (error) {
      entry.error = (error as Error).message;
    }
    if (this.stopped) return;
    this.runs.push(entry);
    const value = figure(entry);
    const { p99 } = entry.result ?? {};
    const rate = value === undefined ? '' : `${Math.round(value * 100) / 100} /s`;
    const text = entry.error ?? (p99 === undefined ? rate : `p99 ${p99.toFixed(2)} ms`);
    this.progress(`${subject.suite} ${size} B, run ${run + 1} of ${this.options.runs}: ${subject.name} ${text}`);
  }

  private measure(subject: Subject, size: number, run: number): Promise<TrialResult> {
    const spec: TrialSpec = {
      suite: subject.suite,
      mode: 'mode' in subject.run ? subject.run.mode : '',
      brokers: this.cluster.brokers,
      topic: '',
      group: `bench-${this.id}-${subject.name.replace(/[^\w.-]/g, '')}-${size}-${run}`,
      ...this.amounts(subject, size),
      counted: subject.counted ?? subject.topic?.partitions ?? this.options.partitions,
      touch: this.options.touch,
      cycle: CYCLE,
      config: subject.suite === 'produce' ? PRODUCER_CONFIG : isReader(subject) ? CONSUMER_CONFIG : {},
    };
    const suites: Record<Suite, () => Promise<TrialResult>> = {
      consume: () => this.consume(subject, spec),
      produce: () => this.produce(subject, spec),
      latency: () => this.onFreshTopic({ ...spec, partitions: 1, messages: this.scaled(LATENCY_MESSAGES) }, subject),
      clients: () => this.onFreshTopic({ ...spec, partitions: 1, messages: this.scaled(CLIENTS) }, subject),
      streams: () =>
        isReader(subject)
          ? this.consume(subject, spec)
          : this.onFreshTopic({ ...spec, messages: this.scaled(subject.rounds as number) }, subject),
    };
    return suites[subject.suite]();
  }

  private scaled(count: number): number {
    return this.options.quick ? Math.ceil(count / 4) : count;
  }

  private messagesOf(subject: Subject, size: number, partitions: number): number {
    const own = subject.topic?.messages;
    if (own !== undefined) return own;
    const wanted = this.options.messages ?? DEFAULT_MESSAGES / (this.options.quick ? 10 : 1);
    // Twice the bytes of the 100-byte topic at most, so that large messages do not take ages.
    const bySize = Math.min(wanted, (2 * wanted * 100) / Math.max(size, 1)) * (subject.share ?? 1);
    // The embedded cluster drops what is old; what is only written may be dropped.
    const limit = isReader(subject) ? this.cluster.capacity(size, partitions) : undefined;
    const count = Math.min(bySize, limit ?? bySize);
    return Math.max(1, Math.floor(count / partitions)) * partitions;
  }

  private async consume(subject: Subject, spec: TrialSpec): Promise<TrialResult> {
    const { name, digest } = await this.filledTopic(subject, spec);
    const result = await this.spawn(subject, { ...spec, topic: name });
    const messages = (spec.messages / spec.partitions) * spec.counted;
    if (result.messages !== messages || result.digest !== digest) {
      const [read, wanted] = [`${result.messages}/${result.digest}`, `${messages}/${digest}`];
      throw new Error(`void: read ${read} (messages/digest), ${wanted} were written`);
    }
    return result;
  }

  private async produce(subject: Subject, spec: TrialSpec): Promise<TrialResult> {
    return this.withTopic(spec.partitions, async (topic) => {
      const result = await this.spawn(subject, { ...spec, topic });
      if (result.messages !== spec.messages) throw new Error(`void: ${result.messages} of ${spec.messages} delivered`);
      if (this.cluster.capacity(spec.size, spec.partitions) !== undefined) return result; // not all is kept there
      const back = await this.readBack({ ...spec, topic });
      const digest = cyclicDigest(spec.size, spec.messages, CYCLE);
      if (back.messages !== spec.messages || back.digest !== digest) {
        throw new Error(
          `void: ${back.messages}/${back.digest} (messages/digest) were stored, ${spec.messages}/${digest} sent`,
        );
      }
      return result;
    });
  }

  private onFreshTopic(spec: TrialSpec, subject: Subject): Promise<TrialResult> {
    return this.withTopic(spec.partitions, (topic) => this.spawn(subject, { ...spec, topic }));
  }

  private async withTopic<T>(partitions: number, work: (topic: string) => Promise<T>): Promise<T> {
    const topic = `bench-${this.id}-${++this.topics}`;
    await this.cluster.createTopic(topic, partitions);
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

  private async filledTopic(
    subject: Subject,
    { size, messages, partitions }: { size: number; messages: number; partitions: number },
  ): Promise<{ name: string; digest: number }> {
    const { keys, batchBytes } = subject.topic ?? {};
    const key = [size, messages, partitions, keys ?? 'no-keys', batchBytes ?? 'any-batch'].join('-');
    let topic = this.filled.get(key);
    if (topic === undefined) {
      const digest = topicDigest(size, messages, partitions, this.options.touch, subject.counted);
      topic = { name: `bench-${this.id}-${key}`, digest };
      this.progress(
        `filling a topic: ${messages.toLocaleString('en-US')} messages of ${size} bytes, ${partitions} partitions`,
      );
      await fillTopic(this.cluster, this.programs, { ...subject.topic, name: topic.name, partitions, messages, size });
      this.filled.set(key, topic);
    }
    return topic;
  }

  private spawn({ run }: Subject, spec: TrialSpec): Promise<TrialResult> {
    if ('module' in run) {
      const child = join(__dirname, 'subjects/child.js');
      return this.process(process.execPath, [child, run.module, JSON.stringify(spec)]);
    }
    const args = ['--brokers', spec.brokers, '--topic', spec.topic, '--messages', String(spec.messages)];
    if (run.program !== 'consume') args.push('--size', String(spec.size));
    if (run.program === 'produce') args.push('--cycle', String(spec.cycle));
    if (run.program === 'consume') {
      args.push('--touch', spec.touch);
      if (run.args?.includes('--partition-queues')) args.push('--partitions', String(spec.partitions));
      else args.push('--group', spec.group);
    }
    const own = run.program === 'consume' ? PROGRAM_CONFIG : run.program === 'latency' ? CONSUMER_CONFIG : {};
    const settings = Object.entries({ ...spec.config, ...own }).flatMap(([key, value]) => ['-X', `${key}=${value}`]);
    return this.process(join(this.programs, run.program), [...args, ...(run.args ?? []), ...settings]);
  }

  /** Runs a command to its end and reads the JSON on its last line. */
  private async process(command: string, args: string[]): Promise<TrialResult> {
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
    return JSON.parse(output.trim().split('\n').at(-1) ?? '') as TrialResult;
  }
}

/** Whether it reads a topic that is filled before. */
function isReader({ suite, rounds }: Subject): boolean {
  return suite === 'consume' || (suite === 'streams' && rounds === undefined);
}

function tail(errors: string): string {
  const lines = errors.trim().split('\n').slice(-6).join(' | ');
  return lines === '' ? '' : `: ${lines}`;
}
