/**
 * A group that grows and shrinks under load on a real three-node Kafka, with members killed and frozen and brokers
 * killed. What is asserted: every record the broker acknowledged is processed at least once, none is skipped, each
 * partition's order is kept, and what is processed twice is so only after an unclean end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Producer } from 'rdkafka-rx';
import { expectHandles } from '../support/handles';
import { type Kafka, startKafka } from '../support/kafka';

const PARTITIONS = 12;
const RECORDS_A_SECOND = 1500;
/** A member may miss this much of a machine that stands still, and is still not taken for dead. */
const session = { 'session.timeout.ms': 15_000, 'heartbeat.interval.ms': 1_000 };

interface Processed {
  readonly at: bigint;
  readonly offset: number;
  readonly sequence: number;
  readonly member: Member;
}

const directory = mkdtempSync(join(tmpdir(), 'rdkafka-rx-group-'));
let kafka: Kafka;

/** One child process and what it has said so far. */
class Member {
  private static made = 0;
  readonly name = `member-${++Member.made}`;
  readonly process: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  private readonly path = join(directory, this.name);
  private readonly reader: number;
  private rest = '';
  /** Ended or frozen without having been asked to. */
  unclean = false;
  readonly assigned: string[] = [];
  readonly lost: string[] = [];
  readonly undrained: string[] = [];
  failure: string | undefined;

  constructor(group: Group, config: Record<string, unknown>, workMs: number) {
    const out = openSync(this.path, 'w');
    this.reader = openSync(this.path, 'r');
    const argument = JSON.stringify({ config, topic: group.topic, workMs });
    this.process = spawn(process.execPath, [join(__dirname, 'member.cjs'), argument], {
      stdio: ['ignore', out, 'inherit'],
    });
    closeSync(out);
    this.exited = new Promise((resolve) => {
      this.process.once('exit', (code, signal) => resolve({ code, signal }));
    });
  }

  /** Takes in what was written since the last call. */
  read(group: Group): void {
    const buffer = Buffer.alloc(1 << 16);
    for (let n = readSync(this.reader, buffer); n > 0; n = readSync(this.reader, buffer)) {
      const lines = (this.rest + buffer.toString('utf8', 0, n)).split('\n');
      this.rest = lines.pop() as string;
      for (const line of lines) this.take(group, line.split(' '));
    }
  }

  private take(group: Group, [kind, ...words]: string[]): void {
    if (kind === 'P') {
      const [at, partition, offset, sequence] = words as [string, string, string, string];
      group.processed(Number(partition), {
        at: BigInt(at),
        offset: Number(offset),
        sequence: Number(sequence),
        member: this,
      });
    } else if (kind === 'A') {
      this.assigned.push(words[0] as string);
      group.assignedTo(this, words[0] as string);
    } else if (kind === 'R' && words[1] === 'false') this.undrained.push(words.join(' '));
    else if (kind === 'L') this.lost.push(`lost ${words[0]}`);
    else if (kind === 'X') this.failure = words.join(' ');
  }

  close(): void {
    closeSync(this.reader);
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL');
  }
}

/** Records written, members reading them, and what they have processed. */
class Group {
  readonly members: Member[] = [];
  /** Sequence numbers are from 0 in each partition; with these offsets. */
  private readonly acked: number[][] = Array.from({ length: PARTITIONS }, () => []);
  private readonly done: Processed[][] = Array.from({ length: PARTITIONS }, () => []);
  private readonly counts: Map<number, number>[] = Array.from({ length: PARTITIONS }, () => new Map());
  /** Last offset each member processed in each partition since it got it. */
  private readonly last = new Map<string, number>();
  private readonly sequences = new Array<number>(PARTITIONS).fill(0);
  private readonly producer: Producer;
  private readonly sends: Promise<void>[] = [];
  private readonly timer: NodeJS.Timeout;
  readonly violations: string[] = [];

  constructor(
    readonly topic: string,
    private readonly config: Record<string, unknown>,
    private readonly workMs: number,
  ) {
    this.producer = new Producer({
      'bootstrap.servers': kafka.brokers,
      'enable.idempotence': true,
      'linger.ms': 5,
      'message.timeout.ms': 60_000,
    });
    this.timer = setInterval(() => this.send(), 20);
  }

  private send(): void {
    const records = Array.from({ length: RECORDS_A_SECOND / 50 }, () => {
      const partition = Math.floor(Math.random() * PARTITIONS);
      const sequence = this.sequences[partition] as number;
      this.sequences[partition] = sequence + 1;
      return { partition, value: String(sequence), sequence };
    });
    this.sends.push(
      this.producer.sendBatch({ topic: this.topic, records }).then((report) => {
        records.forEach(({ partition, sequence }, i) => {
          (this.acked[partition] as number[])[sequence] = report.offsets[i] as number;
        });
      }),
    );
  }

  join(): Member {
    const config = {
      'bootstrap.servers': kafka.brokers,
      'group.id': this.topic,
      'auto.offset.reset': 'earliest',
      ...this.config,
    };
    const member = new Member(this, config, this.workMs);
    this.members.push(member);
    return member;
  }

  assignedTo(member: Member, partitions: string): void {
    for (const partition of partitions.split(',')) this.last.delete(`${member.name}/${partition}`);
  }

  processed(partition: number, one: Processed): void {
    const key = `${one.member.name}/${partition}`;
    const before = this.last.get(key);
    if (before !== undefined && one.offset !== before + 1) {
      this.violations.push(`${key}: offset ${one.offset} after ${before}`);
    }
    this.last.set(key, one.offset);
    (this.done[partition] as Processed[]).push(one);
    const counts = this.counts[partition] as Map<number, number>;
    counts.set(one.offset, (counts.get(one.offset) ?? 0) + 1);
  }

  private read(): void {
    for (const member of this.members) member.read(this);
  }

  /** Until everything that is acknowledged now was processed. */
  async caughtUp(what: string, ms = 60_000): Promise<void> {
    const goal = this.acked.map((offsets) => offsets.length);
    await this.until(`${what}: everything acknowledged is processed`, ms, () =>
      goal.every((count, partition) => {
        const offsets = this.acked[partition] as number[];
        const counts = this.counts[partition] as Map<number, number>;
        for (let sequence = count - 1; sequence >= 0; sequence--) {
          if (offsets[sequence] !== undefined && !counts.has(offsets[sequence] as number)) return false;
        }
        return true;
      }),
    );
  }

  async until(what: string, ms: number, condition: () => boolean): Promise<void> {
    const deadline = Date.now() + ms;
    for (;;) {
      this.read();
      const failed = this.members.find(({ failure }) => failure !== undefined);
      if (failed) throw new Error(`${failed.name} failed: ${failed.failure}`);
      if (condition()) return;
      if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async joined(member: Member): Promise<void> {
    await this.until(`${member.name} gets partitions`, 60_000, () => member.assigned.some((list) => list !== ''));
  }

  async leave(member: Member): Promise<void> {
    member.process.kill('SIGTERM');
    const { code } = await member.exited;
    this.read();
    expect({ member: member.name, code, failure: member.failure }).toEqual({
      member: member.name,
      code: 0,
      failure: undefined,
    });
  }

  async kill(member: Member): Promise<void> {
    member.unclean = true;
    member.process.kill('SIGKILL');
    await member.exited;
  }

  duplicates(): number {
    this.read();
    let more = 0;
    for (const counts of this.counts) for (const count of counts.values()) more += count - 1;
    return more;
  }

  /** No more records; every one of them acknowledged. */
  async finish(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.sends);
    await this.caughtUp('at the end');
  }

  /** First processing of a partition's records must be in their order, whoever did it. */
  checkOrder(): void {
    this.done.forEach((all, partition) => {
      const first = new Map<number, bigint>();
      for (const { at, offset } of all) if ((first.get(offset) ?? at) >= at) first.set(offset, at);
      const offsets = [...first.keys()].sort((a, b) => a - b);
      offsets.forEach((offset, i) => {
        const before = offsets[i - 1];
        if (before === undefined) return;
        if (offset !== before + 1)
          this.violations.push(`partition ${partition}: nothing processed between ${before} and ${offset}`);
        if ((first.get(offset) as bigint) < (first.get(before) as bigint)) {
          this.violations.push(`partition ${partition}: ${offset} was processed before ${before}`);
        }
      });
      for (const { offset, sequence } of all) {
        const expected = (this.acked[partition] as number[])[sequence];
        if (expected !== offset)
          this.violations.push(`partition ${partition} @${offset}: has the content of @${expected}`);
      }
    });
    expect(this.violations.slice(0, 10)).toEqual([]);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    for (const member of this.members) member.close();
    await this.producer.close();
  }
}

beforeAll(async () => {
  kafka = await startKafka({ brokers: 3, progress: (text) => process.stderr.write(`${text}\n`) });
}, 180_000);

afterAll(async () => {
  await kafka?.stop();
  rmSync(directory, { recursive: true, force: true });
  await expectHandles(0);
}, 60_000);

describe.each([
  ['cooperative', { 'partition.assignment.strategy': 'cooperative-sticky', ...session }],
  ['eager', { 'partition.assignment.strategy': 'range', ...session }],
  ['consumer-protocol', { 'group.protocol': 'consumer' }],
])('a group with %s rebalances', (name, protocol) => {
  let group: Group;

  beforeAll(async () => {
    await kafka.createTopic(`faults-${name}`, {
      partitions: PARTITIONS,
      replication: 3,
      config: { 'min.insync.replicas': '2' },
    });
  }, 60_000);

  afterAll(async () => {
    await group.close();
  }, 60_000);

  test('processes everything in order, and twice only after an unclean end', async () => {
    group = new Group(`faults-${name}`, protocol, 1);

    // Clean: members come and go while records flow.
    const [a, b] = [group.join(), group.join()];
    await group.joined(a);
    await group.joined(b);
    await group.caughtUp('two members');
    const more = [group.join(), group.join(), group.join(), group.join()] as const;
    for (const member of more) await group.joined(member);
    await group.caughtUp('six members');
    await group.leave(more[0]);
    await group.leave(more[1]);
    await group.caughtUp('four members');
    const late = group.join();
    await group.joined(late);
    await group.caughtUp('five members');
    expect(group.members.flatMap(({ undrained, lost }) => [...undrained, ...lost])).toEqual([]);
    expect(group.duplicates()).toBe(0);

    // Unclean: a member dies, one freezes until it is given up, brokers die.
    await group.kill(a);
    await group.caughtUp('one killed', 90_000);
    b.unclean = true;
    b.process.kill('SIGSTOP');
    await group.caughtUp('one frozen', 90_000);
    b.process.kill('SIGCONT');
    await group.caughtUp('one back', 90_000);
    for (const broker of [1, 2]) {
      await kafka.kill9(broker);
      await group.caughtUp(`broker ${broker} killed`, 90_000);
      await kafka.restart(broker);
      await group.caughtUp(`broker ${broker} back`, 90_000);
    }

    await group.finish();
    for (const member of group.members.filter(
      ({ process }) => process.exitCode === null && process.signalCode === null,
    )) {
      await group.leave(member);
    }
    group.checkOrder();
    process.stderr.write(`${name}: ${group.duplicates()} records processed twice\n`);
  }, 480_000);
});
