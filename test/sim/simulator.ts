/**
 * A deterministic world around the stream core: a log with gaps, a group coordinator, a native layer with prefetch and
 * credit, an application that acknowledges in its own time, and a process that crashes. One seed is one schedule. The
 * world keeps its own books and compares after every step.
 */
import { catchError, EMPTY, mergeMap } from 'rxjs';
import type { ConsumerEvent } from '../../lib/consume/events';
import { Block } from '../../lib/consume/lane/block';
import type { Lane } from '../../lib/consume/lane/lane';
import type { DrainOutcome } from '../../lib/consume/rebalance-options';
import { Session } from '../../lib/consume/session';
import type { LaneOffset, LaneSource } from '../../lib/consume/source';
import type { StreamCore } from '../../lib/consume/stream/stream';
import type { NativeError } from '../../lib/core/errors';
import type { CommitOutcome, OffsetToCommit, TopicPartitionOffset } from '../../lib/core/partition';
import type { MessageBatch } from '../../lib/message/batch';
import type { Message } from '../../lib/message/message';
import type { Delivery } from '../../lib/native/events';
import { encodeChunk } from '../support/chunk-encoder';
import { settled, TestClock } from '../support/fake-lanes';
import { receivedOf } from './mutants';

export class Violation extends Error {}

/** mulberry32: small, fast, and the same everywhere. */
export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = seed >>> 0;
  }
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  chance(p: number): boolean {
    return this.next() < p;
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

const TOPIC = 't';
const LANE_MESSAGES = 12;
const DEADLINE_MS = 1000;
const SURFACES = [
  'messages$',
  'batches$',
  'take',
  'iterate',
  'run-partition',
  'run-key',
  'run-none',
  'runBatch',
  'partitions$',
] as const;
type SurfaceKind = (typeof SURFACES)[number];

/** Records of a partition; offsets that are missing are compacted away or transaction markers. */
interface Log {
  readonly records: number[];
  end: number;
  committed: number;
}

/** What the world knows of one lane. */
interface Model {
  readonly id: number;
  readonly partition: number;
  /** First offset of the current sub-epoch. */
  start: number;
  /** Native side. */
  position: number;
  outstanding: number;
  outstandingBytes: number;
  held: boolean;
  /** Seeks on their way: nothing is taken. */
  seeking: number;
  nativeOpen: boolean;
  eofAt: number;
  /** As far as the core has been told. */
  told: boolean;
  ended: boolean;
  /** Application side. */
  settled: Set<number>;
  /** In the current surface: what it got, in order. */
  lastStarted: number;
  working: Set<number>;
  forgotten: boolean;
  endedAt: number;
  /** Of those, begun by the current surface. */
  begun: Set<number>;
  committedByUs: number;
  /** How often the application was told that it goes. */
  toldToGo: number;
  /** Messages that the core has got, and how many of them are of before the last seek. */
  received: number;
  fence: number;
}

type Msg = Message<Buffer | null, string>;

/** Delivered before a seek that has taken effect since. */
const stale = (model: Model, { chunk, index }: Msg) => chunk.firstSeq + index < model.fence;

interface Task {
  readonly model: Model;
  readonly offsets: number[];
  readonly messages: Msg[];
  readonly generation: number;
  /** Settles a handler of run(); null when the application acknowledges by itself. */
  readonly finish: ((error?: Error) => void) | null;
}

interface PendingSeek {
  readonly model: Model;
  readonly offset: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface PendingCommit {
  /** What the application asked for itself. */
  readonly explicit: boolean;
  readonly models: readonly Model[];
  readonly offsets: readonly LaneOffset[];
  /** Whether the native side sent it: not when its lane was over by then. */
  readonly sent: readonly boolean[];
  readonly resolve: (outcomes: readonly CommitOutcome[]) => void;
  readonly reject: (error: Error) => void;
}

const nativeError = (name: string, retriable: boolean): NativeError => ({
  code: 1,
  name,
  message: name,
  fatal: false,
  retriable,
  abortable: false,
});

export interface Result {
  readonly steps: number;
  readonly delivered: number;
  readonly trace: readonly string[];
}

export class World {
  private readonly random: Random;
  private readonly clock = new TestClock();
  private readonly logs: Log[] = [];
  private readonly trace: string[] = [];
  /** Offsets processed, per partition, over all incarnations. */
  private readonly processed: Map<number, number>[] = [];
  /** Something happened after which messages may come twice. */
  private unclean = false;
  private nextLane = 1;
  private nextId = 1;
  private delivered = 0;
  private deliveries = 0;

  // One incarnation of the process:
  private session!: Session;
  private stream!: StreamCore<Buffer | null, string>;
  private lanes = new Map<number, Model>();
  private fifo: Delivery[] = [];
  private commits: PendingCommit[] = [];
  private tasks: Task[] = [];
  private seeks: PendingSeek[] = [];
  private rewinds = new Map<Delivery, () => void>();
  private explicit: OffsetToCommit | null = null;
  /** Values that are being decoded. */
  private decodes: (() => void)[] = [];
  private hooked = false;
  private stopped = false;
  private pendingRevoke: { id: number; lanes: number[]; deadline: number; began: number; told: boolean } | null = null;
  private readonly ids = new Map<number, 'pending' | 'released' | 'timed-out' | 'told'>();
  private commitTrouble = false;
  private generation = 0;
  private kind: SurfaceKind = 'take';
  private closeSurface: (() => void) | null = null;
  private pull: (() => void) | null = null;
  private readonly promises = new Set<string>();
  private promiseId = 0;
  private healed = false;
  private failure: Violation | null = null;

  constructor(
    readonly seed: number,
    /** Every new surface drops the buffer instead of reading it again: the simulator has to notice. */
    private readonly dropWithoutRewind = false,
  ) {
    this.random = new Random(seed);
    this.clock.random = () => this.random.next();
    const partitions = 1 + this.random.below(3);
    for (let p = 0; p < partitions; p++) {
      this.logs.push({ records: [], end: 0, committed: -1 });
      this.processed.push(new Map());
    }
  }

  async run(maxSteps = 36): Promise<Result> {
    this.boot();
    let steps = 0;
    for (; steps < maxSteps; steps++) {
      await this.step();
      this.check();
    }
    await this.quiesce();
    return { steps, delivered: this.delivered, trace: this.trace };
  }

  private violated(rule: string, what: string): never {
    this.failure ??= new Violation(`${rule}: ${what}`);
    throw this.failure;
  }

  describe(): string {
    return [`seed ${this.seed}, surface ${this.kind}`, ...this.trace.slice(-60)].join('\n  ');
  }

  private note(text: string): void {
    this.trace.push(`${this.clock.time}ms ${text}`);
  }

  // --- the process

  private boot(): void {
    this.lanes = new Map();
    this.fifo = [];
    this.commits = [];
    this.tasks = [];
    this.seeks = [];
    this.rewinds.clear();
    this.explicit = null;
    this.decodes = [];
    this.pendingRevoke = null;
    this.commitTrouble = false;
    this.hooked = this.random.chance(0.5);
    this.stopped = false;
    const incarnation = ++this.generation;
    const guard = <A extends unknown[]>(run: (...args: A) => void) => {
      // A dead process does not call anybody.
      return (...args: A) => {
        if (this.incarnation === incarnation) this.guarded(() => run(...args));
      };
    };
    this.incarnation = incarnation;
    const source: LaneSource = {
      credit: guard((lane, messages, bytes) => this.credit(lane, messages, bytes)),
      pause: guard((lane, paused) => {
        const model = this.lanes.get(lane);
        if (model) model.held = paused;
      }),
      release: guard((id) => this.release(id)),
      answerAssign: guard((id, partitions) => this.answerAssign(id, partitions)),
      commit: (offsets) => (this.incarnation === incarnation ? this.commit(offsets) : new Promise(() => {})),
    };
    this.session = new Session({
      source,
      clock: this.clock,
      credit: { laneMessages: LANE_MESSAGES, laneBytes: 1 << 20, totalBytes: 4 << 20 },
      group: true,
      commit: { count: 1 + this.random.below(8), ms: 50 + this.random.below(200), onEof: this.random.chance(0.7) },
      rebalance: {
        drainMs: 700,
        ...(this.hooked && {
          onRevoked: (partitions, outcome) => {
            if (this.incarnation === incarnation) this.guarded(() => this.told(partitions, outcome));
          },
        }),
      },
      maxProcessingMs: 100_000,
      gatedMs: 100_000,
    });
    const batch = this.random.chance(0.6)
      ? {
          count: 1 + this.random.below(6),
          ms: this.random.below(60),
          onEof: this.random.chance(0.7),
          scope: this.random.chance(0.3) ? ('stream' as const) : ('partition' as const),
        }
      : undefined;
    const slowly = this.random.chance(0.3);
    const decoded = (raw: Uint8Array | null) => `decoded ${raw?.toString()}`;
    this.stream = this.session.stream<Buffer | null, string>(TOPIC, {
      value: slowly
        ? { async: true, deserialize: (raw) => new Promise((done) => this.decodes.push(() => done(decoded(raw)))) }
        : { deserialize: decoded },
      ...(batch && { batch }),
    });
    this.session.events.on((event) => this.guarded(() => this.event(event)));
    this.open();
  }

  private incarnation = 0;

  /** What the session takes for assigned: one delivery may bring the end of an epoch, the next one, and its end. */
  private readonly current = new Map<number, Model>();
  private readonly gone = new Set<Model | undefined>();

  private event(event: ConsumerEvent): void {
    if (event.type === 'assigned') {
      for (const { partition } of event.partitions) {
        const last = this.current.get(partition)?.id ?? -1;
        const next = [...this.lanes.values()].find(
          (one) => one.partition === partition && one.told && !one.ended && one.id > last,
        );
        if (next !== undefined) this.current.set(partition, next);
      }
    } else if (event.type === 'revoked' || event.type === 'lost') {
      for (const { partition } of event.partitions) this.gone.add(this.current.get(partition));
    }
    if (event.type === 'revoked') {
      if (!event.drained) this.unclean = true;
      for (const { partition } of event.partitions) {
        const model = [...this.lanes.values()]
          .reverse()
          .find((one) => one.partition === partition && one.told && !one.nativeOpen);
        if (!event.drained || model === undefined) continue;
        if (model.working.size > 0 && !model.forgotten)
          this.violated('I8', `drained, but ${partition} had ${[...model.working]} under way`);
        const log = this.logs[partition] as Log;
        const done = log.records.filter((record) => record >= model.start && record < this.watermark(model)).pop();
        if (done !== undefined && log.committed <= done && !model.forgotten) {
          this.violated('I11', `drained, but ${partition} is committed to ${log.committed}, and ${done} is done`);
        }
      }
    } else if (event.type === 'lost') this.unclean = true;
  }

  /** A partition is told once that it goes, and what is said of its messages is true. */
  private told(partitions: readonly { readonly partition: number }[], { drained, abandoned }: DrainOutcome): void {
    this.note(`onRevoked ${partitions.map(({ partition }) => partition)}`);
    for (const { partition } of partitions) {
      const model = this.current.get(partition);
      if (model === undefined || this.gone.has(model))
        this.violated('I12', `${partition} is told to go, and is not assigned`);
      if (++model.toldToGo > 1) this.violated('I12', `${partition} is told twice to go`);
      const left = abandoned.find((one) => one.partition === partition)?.offsets ?? [];
      if (model.forgotten) continue;
      if (drained && model.working.size > 0)
        this.violated('I8', `drained, but ${partition} had ${[...model.working]} under way`);
      const missing = [...model.working].filter((offset) => !left.includes(offset));
      if (missing.length > 0) this.violated('I8', `${partition}@${missing} is under way and not called abandoned`);
    }
  }

  // --- the application

  private track<T>(name: string, promise: Promise<T>): Promise<T | undefined> {
    const key = `${name}#${++this.promiseId}`;
    this.promises.add(key);
    return promise.then(
      (value) => {
        this.promises.delete(key);
        return value;
      },
      (error: unknown) => {
        this.promises.delete(key);
        if (error instanceof Violation) this.failure ??= error;
        return undefined;
      },
    );
  }

  private open(kind: SurfaceKind = this.random.pick(SURFACES)): void {
    const generation = ++this.generation;
    this.kind = kind;
    this.note(`open ${kind}`);
    // A surface that is asked takes over when it is asked first; take() is one surface however often it is called.
    const takesOver = () => {
      if (kind === 'take' && this.stream.feed.surface?.name === 'take()') return;
      for (const model of this.lanes.values()) {
        model.lastStarted = -1;
        model.begun.clear();
        if (this.dropWithoutRewind && !model.ended) this.dropBuffer(model);
      }
    };
    if (kind !== 'take' && kind !== 'iterate') takesOver();
    this.pull = null;
    const { stream } = this;
    const got = (messages: Iterable<Msg>, finish: Task['finish']) =>
      this.guarded(() => this.got([...messages], generation, finish));
    switch (kind) {
      case 'messages$': {
        const subscription = stream.messages$.subscribe({ next: (message) => got([message], null), error: () => {} });
        this.closeSurface = () => subscription.unsubscribe();
        break;
      }
      case 'batches$': {
        const subscription = stream.batches$.subscribe({ next: (batch) => got(batch, null), error: () => {} });
        this.closeSurface = () => subscription.unsubscribe();
        break;
      }
      case 'partitions$': {
        const subscription = stream.partitions$
          .pipe(mergeMap(({ messages$ }) => messages$.pipe(catchError(() => EMPTY))))
          .subscribe({ next: (message) => got([message], null), error: () => {} });
        this.closeSurface = () => subscription.unsubscribe();
        break;
      }
      case 'take':
      case 'iterate': {
        const iterator = stream[Symbol.asyncIterator]();
        const controller = new AbortController();
        let busy = false;
        let asked = false;
        this.pull = () => {
          if (busy || generation !== this.generation) return;
          busy = true;
          if (!asked) takesOver();
          asked = true;
          const next: Promise<MessageBatch<Buffer | null, string> | null> =
            kind === 'take'
              ? stream.take({ signal: controller.signal })
              : iterator
                  .next()
                  .then(({ done, value }) => (done === true ? null : (value as MessageBatch<Buffer | null, string>)));
          void this.track(kind, next).then((batch) => {
            busy = false;
            if (batch && this.failure === null) got(batch, null);
          });
        };
        this.closeSurface = () => {
          controller.abort();
          void iterator.return?.();
        };
        break;
      }
      default: {
        const controller = new AbortController();
        const options = {
          signal: controller.signal,
          drainMs: 200,
          failure: { attempts: 2, backoffMs: 20, exhausted: 'skip' as const },
        };
        const handle = (messages: Iterable<Msg>) =>
          new Promise<void>((resolve, reject) => {
            got(messages, (error) => (error === undefined ? resolve() : reject(error)));
          });
        const running =
          kind === 'runBatch'
            ? stream.runBatch((batch) => handle(batch), options)
            : stream.run((message) => handle([message]), {
                ...options,
                order: kind.slice(4) as 'partition' | 'key' | 'none',
                concurrency: 1 + this.random.below(5),
              });
        let over = false;
        void this.track(kind, running).then(() => {
          over = true;
          if (this.reopenWhenOver && this.failure === null && this.incarnation > 0) this.open();
          this.reopenWhenOver = false;
        });
        this.closeSurface = () => {
          if (over) return;
          this.reopenWhenOver = true;
          controller.abort();
        };
      }
    }
  }

  private reopenWhenOver = false;

  private guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (error instanceof Violation) this.failure ??= error;
      else throw error;
    }
  }

  private resurface(kind?: SurfaceKind): void {
    if (this.reopenWhenOver) return;
    const managed = this.kind.startsWith('run');
    this.note(`leave ${this.kind}`);
    if (!managed) {
      // The application forgets what it had: it must be delivered again.
      if (this.random.chance(0.5)) {
        this.tasks = [];
        for (const model of this.lanes.values()) model.working.clear();
      }
    }
    // Whatever may still be acknowledged later need not be waited for.
    for (const model of this.lanes.values()) model.forgotten = true;
    this.unclean = true;
    this.closeSurface?.();
    if (!managed) this.open(kind);
  }

  private dropBuffer(model: Model): void {
    const lane = this.session.lane({ topic: TOPIC, partition: model.partition });
    if (lane) lane.settleRange(lane.progress.base, receivedOf(lane));
  }

  private got(messages: Msg[], generation: number, finish: Task['finish']): void {
    const byLane = new Map<Model, Msg[]>();
    for (const message of messages) {
      const lane = message.chunk.lane as Lane;
      const model = this.lanes.get(lane.id);
      // A promise that was resolved just before the end is heard of just after it.
      const pulled = (this.kind === 'take' || this.kind === 'iterate') && model?.endedAt === this.deliveries;
      if (model === undefined || (model.ended && !pulled))
        this.violated('I3', `delivery of ${message.partition}@${message.offset} after the end of its epoch`);
      this.delivered++;
      if (message.value !== 'decoded v') this.violated('I13', `the value of ${message.offset} is ${message.value}`);
      if (!stale(model, message)) this.began(model, message);
      byLane.set(model, [...(byLane.get(model) ?? []), message]);
    }
    this.note(`got ${messages.map((m) => `${m.partition}@${m.offset}`).join(' ')}`);
    if (finish !== null) {
      const model = [...byLane.keys()][0] as Model;
      this.tasks.push({ model, offsets: messages.map((m) => m.offset), messages, generation, finish });
      return;
    }
    for (const [model, own] of byLane) {
      this.tasks.push({ model, offsets: own.map((m) => m.offset), messages: own, generation, finish });
    }
  }

  /** Order, at most once, nothing skipped. */
  private began(model: Model, message: Msg): void {
    const { offset } = message;
    const log = this.logs[model.partition] as Log;
    if (!log.records.includes(offset)) this.violated('I4', `${model.partition}@${offset} is not in the log`);
    if (model.settled.has(offset) && !this.retrying.has(`${model.id}@${offset}`))
      this.violated('I5', `${model.partition}@${offset} was delivered again after it was done`);
    const retried = this.tasks.some(
      (task) =>
        task.generation === this.generation &&
        task.messages.some(
          (one) => (one.chunk.lane as Lane).id === model.id && one.offset === offset && !stale(model, one),
        ),
    );
    if (retried && this.kind !== 'run-key') this.violated('I5', `${model.partition}@${offset} was delivered twice`);
    if (this.kind !== 'run-key' && !this.retrying.has(`${model.id}@${offset}`)) {
      if (offset <= model.lastStarted)
        this.violated('I5', `${model.partition}@${offset} came after ${model.lastStarted}`);
      for (const record of log.records) {
        if (record <= Math.max(model.lastStarted, model.start - 1) || record >= offset) continue;
        if (!model.settled.has(record) && !this.failing.has(`${model.id}@${record}`))
          this.violated('I4', `${model.partition}@${record} was skipped before ${offset}`);
      }
      model.lastStarted = offset;
    }
    this.retrying.delete(`${model.id}@${offset}`);
    if (this.kind === 'run-partition' && model.begun.size > 0) {
      this.violated('I5', `${model.partition}@${offset} began before ${[...model.begun]} was done`);
    }
    if (this.kind === 'run-key') {
      for (const other of model.begun) {
        if (key(other) === key(offset)) this.violated('I5', `${offset} began before ${other} of the same key was done`);
      }
    }
    model.working.add(offset);
    model.begun.add(offset);
  }

  private readonly retrying = new Set<string>();

  /** The application is done with something, or with a part of it. */
  private async settleTask(task: Task, fail = false): Promise<void> {
    const { model } = task;
    if (task.finish !== null) {
      this.tasks.splice(this.tasks.indexOf(task), 1);
      this.note(`${fail ? 'fail' : 'finish'} ${model.partition}@${task.offsets}`);
      for (const message of task.messages) {
        const { offset } = message;
        const own = this.lanes.get((message.chunk.lane as Lane).id) as Model;
        if (stale(own, message)) continue;
        own.working.delete(offset);
        own.begun.delete(offset);
        if (fail) {
          this.retrying.add(`${own.id}@${offset}`);
          this.failing.add(`${own.id}@${offset}`);
          this.failed.add(`${own.partition}@${offset}`);
        } else this.done(own, offset, !own.ended);
      }
      task.finish(fail ? new Error('handler') : undefined);
      await settled();
      return;
    }
    const at = this.random.below(task.messages.length);
    const [message] = task.messages.splice(at, 1) as [Msg];
    const [offset] = task.offsets.splice(at, 1) as [number];
    if (task.messages.length === 0) this.tasks.splice(this.tasks.indexOf(task), 1);
    const ended = model.ended;
    if (stale(model, message)) {
      const result = message.ack();
      if (!result.stale) this.violated('I2', `ack of ${model.partition}@${offset}, of before a seek, was counted`);
      return;
    }
    model.working.delete(offset);
    const known = model.settled.has(offset);
    this.note(`ack ${model.partition}@${offset}`);
    const result = message.ack();
    if (ended !== (result.stale && result.why !== 'duplicate' && result.why !== 'rewound')) {
      const lane = message.chunk.lane as Lane;
      const dropped = lane.isBlocked(Block.revoking) && result.stale && result.why === 'revoked';
      if (!dropped && (!ended || lane.ended === null))
        this.violated('I3', `ack of ${model.partition}@${offset}: ${JSON.stringify(result)}, ended ${ended}`);
    }
    if (!result.stale) this.done(model, offset, true);
    else if (!ended && !known && result.why === 'duplicate') {
      // Done by a commit of the application's own, where this side cannot tell what had been handed out by then.
      if (!this.failed.has(`${model.partition}@${offset}`)) this.violated('I2', `ack of ${offset} was not counted`);
      this.done(model, offset, true);
    }
  }

  private readonly failing = new Set<string>();
  /** By partition: what a policy, or the application's own commit, may have passed over, in whatever process. */
  private readonly failed = new Set<string>();

  private done(model: Model, offset: number, counts: boolean): void {
    const seen = this.processed[model.partition] as Map<number, number>;
    seen.set(offset, (seen.get(offset) ?? 0) + 1);
    if (counts) model.settled.add(offset);
    for (const task of this.tasks) {
      if (task.model !== model || task.finish !== null) continue;
      if (task.messages.some((one) => one.offset === offset && !stale(model, one))) model.working.add(offset);
    }
    model.working.delete(offset);
  }

  /** First offset of the lane that is not done. */
  private watermark(model: Model): number {
    const log = this.logs[model.partition] as Log;
    for (const record of log.records) if (record >= model.start && !model.settled.has(record)) return record;
    return log.end;
  }

  // --- the native layer

  private credit(id: number, messages: number, bytes: number): void {
    const model = this.lanes.get(id);
    if (model === undefined) return;
    model.outstanding -= messages;
    model.outstandingBytes -= bytes;
    if (model.outstanding < 0 || model.outstandingBytes < 0) {
      this.violated(
        'I6',
        `lane ${id} got back more than was taken: ${model.outstanding} messages, ${model.outstandingBytes} bytes`,
      );
    }
  }

  private release(id: number): void {
    this.note(`release ${id}`);
    const state = this.ids.get(id);
    if (state === undefined || state === 'released' || state === 'told')
      this.violated('I7', `release of ${id}, which is ${state}`);
    if (state === 'timed-out') return;
    const pending = this.pendingRevoke;
    if (pending === null || pending.id !== id) this.violated('I7', `release of ${id} while ${pending?.id} is pending`);
    if (!pending.told) this.violated('I7', `release of ${id} before it was asked for`);
    for (const lane of pending.lanes) {
      const model = this.lanes.get(lane) as Model;
      const budget = Math.min(700, DEADLINE_MS);
      const waited = this.clock.time - pending.began;
      // A stream that was stopped has waited in its own time.
      const patient = !this.stopped && waited < budget - Math.min(2000, budget / 4);
      if (model.working.size > 0 && patient && !model.forgotten) {
        this.violated('I8', `released ${model.partition} after ${waited} ms with ${[...model.working]} under way`);
      }
    }
    this.ids.set(id, 'released');
    for (const lane of pending.lanes) this.endModel(this.lanes.get(lane) as Model);
    this.unassign(id, pending.lanes, false, false);
  }

  private unassign(id: number, lanes: number[], lost: boolean, timedOut: boolean): void {
    this.pendingRevoke = null;
    for (const lane of lanes) (this.lanes.get(lane) as Model).nativeOpen = false;
    this.fifo.push({ type: 'revoked', id, lanes, lost, timedOut });
  }

  private answerAssign(id: number, partitions: readonly TopicPartitionOffset[]): void {
    const lanes = partitions.map(({ partition }) => this.newLane(partition));
    this.fifo.push({
      type: 'assigned',
      id,
      lanes: lanes.map(({ id: lane, partition }) => ({ lane, topic: TOPIC, partition, offset: -1001 })),
    });
  }

  private newLane(partition: number): Model {
    const log = this.logs[partition] as Log;
    const start = Math.max(0, log.committed);
    const model: Model = {
      id: this.nextLane++,
      partition,
      start,
      position: start,
      outstanding: 0,
      outstandingBytes: 0,
      held: false,
      nativeOpen: true,
      eofAt: -1,
      told: false,
      ended: false,
      settled: new Set(),
      lastStarted: -1,
      working: new Set(),
      begun: new Set(),
      forgotten: false,
      endedAt: -1,
      committedByUs: -1,
      toldToGo: 0,
      seeking: 0,
      received: 0,
      fence: 0,
    };
    this.lanes.set(model.id, model);
    return model;
  }

  private commit(offsets: readonly LaneOffset[]): Promise<readonly CommitOutcome[]> {
    this.note(`commit ${offsets.map((o) => `${o.partition}@${o.offset}`).join(' ')}`);
    // The native side goes on while this side is busy: it may have given the partition away, another member may have
    // committed further, and the broker would accept this commit all the same, because the native side has rejoined.
    const sent = offsets.map(({ partition, offset, lane }) => {
      const model = lane === undefined ? undefined : this.lanes.get(lane);
      if (model?.partition !== partition)
        this.violated('I14', `commit of ${partition}@${offset} for no lane: it would leave after the partition went`);
      return model.nativeOpen;
    });
    if (this.commits.length > 0) this.violated('I2', 'two commits under way');
    const { explicit } = this;
    const own =
      offsets.length === 1 && explicit?.partition === offsets[0]?.partition && explicit?.offset === offsets[0]?.offset;
    if (own) this.explicit = null;
    const models: Model[] = [];
    for (const { partition, offset } of offsets) {
      // Within one delivery an epoch may end and the next begin: the commit is of either.
      const mine = [...this.lanes.values()]
        .reverse()
        .filter((one) => one.partition === partition && one.told && !one.ended);
      const fits = (one: Model) =>
        offset >= one.committedByUs && (offset <= this.watermark(one) || this.onlySkipped(one, offset));
      // What the application commits itself may be gone meanwhile: the broker judges that.
      const gone = own ? [...this.lanes.values()].reverse().find((one) => one.partition === partition) : undefined;
      const model = mine.find(fits) ?? mine[0] ?? gone;
      if (model === undefined)
        this.violated('I3', `commit of ${partition}@${offset}, which this process does not have`);
      if (!own && !fits(model)) {
        this.violated(
          'I2',
          `commit of ${partition}@${offset}: done to ${this.watermark(model)}, committed ${model.committedByUs}`,
        );
      }
      models.push(model);
    }
    return new Promise((resolve, reject) =>
      this.commits.push({ explicit: own, models, offsets, sent, resolve, reject }),
    );
  }

  /** What a failure policy gave up counts as done, and what the application committed itself. */
  private onlySkipped(model: Model, offset: number): boolean {
    const log = this.logs[model.partition] as Log;
    return log.records.every(
      (record) =>
        record < model.start ||
        record >= offset ||
        model.settled.has(record) ||
        this.failing.has(`${model.id}@${record}`) ||
        this.failed.has(`${model.partition}@${record}`),
    );
  }

  private answerCommit(): void {
    const pending = this.commits.shift() as PendingCommit;
    if (!this.healed && this.random.chance(0.2)) {
      this.commitTrouble = true;
      this.unclean = true;
      this.note('commit fails');
      pending.reject(Object.assign(new Error('commit'), {}));
      return;
    }
    const outcomes = pending.offsets.map(({ topic, partition, offset }, i) => {
      const model = pending.models[i] as Model;
      if (!pending.sent[i]) return { topic, partition, offset, error: nativeError('ERR__ASSIGNMENT_LOST', false) };
      // The group has moved on.
      if (!model.nativeOpen) return { topic, partition, offset, error: nativeError('ERR_ILLEGAL_GENERATION', false) };
      if (!this.healed && this.random.chance(0.1)) {
        this.commitTrouble = true;
        this.unclean = true;
        return { topic, partition, offset, error: nativeError('ERR_REQUEST_TIMED_OUT', true) };
      }
      const log = this.logs[partition] as Log;
      log.committed = offset;
      model.committedByUs = offset;
      // What was delivered below it counts as done.
      // What another reader will get again does not, but nobody gets it after a restart.
      if (pending.explicit)
        for (const record of log.records) if (record < offset) this.failed.add(`${partition}@${record}`);
      if (pending.explicit && model.told)
        for (const record of log.records)
          if (record >= model.start && record < offset && record <= model.lastStarted && !model.settled.has(record))
            this.done(model, record, true);
      return { topic, partition, offset, error: null };
    });
    this.note(`committed ${outcomes.map((o) => `${o.partition}@${o.offset}${o.error ? '!' : ''}`).join(' ')}`);
    pending.resolve(outcomes);
  }

  private take(model: Model): void {
    const log = this.logs[model.partition] as Log;
    if (!model.nativeOpen || model.held || model.seeking > 0 || this.pendingRevoke?.lanes.includes(model.id)) return;
    if (model.outstanding >= LANE_MESSAGES) return;
    const records = log.records.filter((offset) => offset >= model.position).slice(0, 1 + this.random.below(5));
    if (records.length > 0) {
      const chunk = encodeChunk(
        model.id,
        records.map((offset) => ({ offset, key: key(offset), value: 'v' })),
      );
      model.position = (records[records.length - 1] as number) + 1;
      model.outstanding += records.length;
      model.outstandingBytes += chunk.byteLength;
      this.fifo.push(chunk);
    }
    if (log.records.every((offset) => offset < model.position) && model.eofAt !== log.end) {
      model.position = model.eofAt = log.end;
      this.fifo.push({ type: 'eof', lane: model.id, offset: log.end });
    }
  }

  private deliver(count: number): void {
    const items = this.fifo.splice(0, count);
    // What comes before a seek takes effect is over by then.
    for (let at = items.findIndex(isRewound); at > 0; at = items.findIndex(isRewound))
      this.handOver(items.splice(0, at));
    this.handOver(items);
  }

  private handOver(items: readonly Delivery[]): void {
    this.deliveries++;
    for (const item of items) {
      if (!('type' in item)) {
        const [, lane, count] = new Int32Array(item, 0, 3);
        (this.lanes.get(lane as number) as Model).received += count as number;
        continue;
      }
      if (item.type === 'rewound') this.rewound(item);
      if (item.type === 'assigned') for (const { lane } of item.lanes) (this.lanes.get(lane) as Model).told = true;
      if (item.type === 'revoking') {
        this.commitTrouble = this.commits.length > 0;
        if (this.pendingRevoke?.id === item.id) {
          this.pendingRevoke.told = true;
          this.pendingRevoke.began = this.clock.time;
        }
      }
      if (item.type === 'revoked') {
        this.note(`revoked ${item.id}${item.lost ? ' lost' : ''}${item.timedOut ? ' timed out' : ''}`);
        if (item.lost || item.timedOut) this.unclean = true;
      }
    }
    this.session.deliver(items);
    for (const item of items) {
      if (!('type' in item) || item.type !== 'revoked') continue;
      this.ids.set(item.id, 'told');
      for (const lane of item.lanes) this.endModel(this.lanes.get(lane) as Model);
    }
  }

  private rewound(item: Extract<Delivery, { type: 'rewound' }>): void {
    const model = this.lanes.get(item.lane) as Model;
    this.rewinds.get(item)?.();
    if (model.ended) return;
    this.note(`rewound ${model.partition} to ${item.offset}`);
    this.unclean = true;
    model.fence = model.received;
    model.start = item.offset;
    model.settled = new Set();
    model.lastStarted = model.committedByUs = -1;
    model.working.clear();
    model.begun.clear();
  }

  /** Back to something that is done: what is not yet is not to be passed over. */
  private seek(models: Model[]): void {
    const able = models.filter((one) => one.told && !one.ended && !this.pendingRevoke?.lanes.includes(one.id));
    if (able.length === 0) return;
    const model = this.random.pick(able);
    const { partition } = model;
    const offset = this.random.below(this.watermark(model) + 1);
    this.note(`seek ${partition} to ${offset}`);
    model.seeking++;
    const command = () => new Promise<void>((resolve, reject) => this.seeks.push({ model, offset, resolve, reject }));
    void this.track('seek', this.session.seek({ topic: TOPIC, partition }, 300, command));
  }

  private answerSeek(): void {
    const pending = this.seeks.shift();
    if (pending === undefined) return;
    const { model, offset, resolve, reject } = pending;
    model.seeking--;
    if (!model.nativeOpen || (!this.healed && this.random.chance(0.3))) {
      this.note(`seek ${model.partition} fails`);
      reject(new Error('seek'));
      return;
    }
    model.position = offset;
    model.eofAt = -1;
    const item: Delivery = { type: 'rewound', lane: model.id, offset };
    this.rewinds.set(item, resolve);
    this.fifo.push(item);
  }

  /** The application commits up to something that it has, and not by acknowledging it. */
  private commitItself(): void {
    if (this.kind.startsWith('run') || this.explicit !== null || this.pendingRevoke !== null) return;
    const able = this.tasks.filter(({ model, messages }) => !model.ended && messages.some((one) => !stale(model, one)));
    if (able.length === 0) return;
    const { model, messages } = this.random.pick(able);
    const { partition, offset } = messages.find((one) => !stale(model, one)) as Msg;
    // What is done already is committed, or about to be: less than that would be its own wish.
    if (offset > model.lastStarted || offset + 1 < Math.max(model.committedByUs, this.watermark(model))) return;
    this.note(`commit itself ${partition}@${offset + 1}`);
    this.explicit = { topic: TOPIC, partition, offset: offset + 1 };
    void this.track('commit', this.session.commit([this.explicit]));
  }

  private endModel(model: Model): void {
    model.ended = true;
    model.endedAt = this.deliveries;
    if (model.working.size > 0) this.unclean = true;
  }

  // --- one step

  private async step(): Promise<void> {
    const models = [...this.lanes.values()].filter((model) => model.nativeOpen);
    const extra = this.random.next();
    if (extra < 0.04) this.seek(models);
    else if (extra < 0.12) this.answerSeek();
    else if (extra < 0.16) this.commitItself();
    else if (extra < 0.4) for (const done of this.decodes.splice(0, 1 + this.random.below(4))) done();
    const p = this.random.next();
    if (p < 0.1) this.produce();
    else if (p < 0.28) for (const model of models) this.take(model);
    else if (p < 0.5) this.deliver(1 + this.random.below(this.fifo.length + 1));
    else if (p < 0.68) await this.someAcks(1 + this.random.below(6));
    else if (p < 0.76) await this.clock.advance(this.random.below(this.random.chance(0.2) ? 900 : 120));
    else if (p < 0.84) {
      if (this.commits.length > 0) this.answerCommit();
    } else if (p < 0.92) this.rebalance(models);
    else if (p < 0.94) this.resurface();
    else if (p < 0.96) this.pauseOrResume();
    else if (p < 0.97) this.lose(models);
    else if (p < 0.976) {
      if (this.random.chance(0.5)) this.crash();
      else await this.close();
    } else this.pull?.();
    if (this.random.chance(0.5)) this.pull?.();
    this.expire();
    await settled();
  }

  private async someAcks(count: number): Promise<void> {
    for (let n = 0; n < count && this.tasks.length > 0; n++) {
      await this.settleTask(
        this.random.pick(this.tasks),
        !this.healed && this.kind.startsWith('run') && this.random.chance(0.1),
      );
    }
  }

  private produce(): void {
    const log = this.random.pick(this.logs);
    for (let n = this.random.below(6); n > 0; n--) {
      // A gap: something compacted away, or a transaction marker.
      if (this.random.chance(0.2)) log.end++;
      else log.records.push(log.end++);
    }
  }

  private rebalance(models: Model[]): void {
    if (this.pendingRevoke !== null) return;
    const free = this.logs.map((_, p) => p).filter((p) => !models.some((model) => model.partition === p));
    const id = this.nextId++;
    if (free.length > 0 && (models.length === 0 || this.random.chance(0.5))) {
      const some = free.filter(() => this.random.chance(0.7));
      this.note(`assign ${some}`);
      this.answerAssign(
        id,
        some.map((partition) => ({ topic: TOPIC, partition, offset: -1001 })),
      );
      return;
    }
    if (models.length === 0) return;
    const eager = this.random.chance(0.4);
    const lanes = (eager ? models : models.filter(() => this.random.chance(0.6))).map((model) => model.id);
    this.note(`revoking ${id} lanes ${lanes}`);
    this.ids.set(id, 'pending');
    this.pendingRevoke = { id, lanes, deadline: this.clock.time + DEADLINE_MS, began: this.clock.time, told: false };
    this.fifo.push({ type: 'revoking', id, lanes, deadlineMs: DEADLINE_MS });
  }

  private expire(): void {
    const pending = this.pendingRevoke;
    if (pending === null || this.clock.time < pending.deadline) return;
    this.ids.set(pending.id, 'timed-out');
    this.note(`revoke ${pending.id} timed out`);
    this.unassign(pending.id, pending.lanes, false, true);
  }

  private lose(models: Model[]): void {
    if (this.pendingRevoke !== null || models.length === 0) return;
    const id = this.nextId++;
    this.note(`lost ${id}`);
    this.unassign(
      id,
      models.map((model) => model.id),
      true,
      false,
    );
  }

  private pauseOrResume(): void {
    const lanes = this.session.assignmentLanes();
    if (lanes.length === 0) return;
    const at = this.random.pick(lanes);
    const partition = [{ topic: TOPIC, partition: at.partition }];
    if (this.session.paused().some((one) => one.partition === at.partition)) this.session.resume(partition);
    else this.session.pause(partition);
  }

  private crash(): void {
    this.note('crash');
    this.unclean = true;
    this.incarnation = -1;
    this.promises.clear();
    for (const model of this.lanes.values()) model.ended = true;
    this.session.end(new Error('crash'));
    this.promises.clear();
    this.reopenWhenOver = false;
    this.boot();
  }

  /** The process ends in an orderly way, and another one begins. */
  private async close(): Promise<void> {
    this.note('close');
    this.reopenWhenOver = false;
    // What it leaves may be done elsewhere.
    const work = async (promise: Promise<unknown>) => {
      let over = false;
      void promise.then(() => {
        over = true;
      });
      for (let turn = 0; turn < 20 && !over; turn++) {
        await this.someAcks(this.random.below(3));
        if (this.commits.length > 0) this.answerCommit();
        await this.clock.advance(this.random.below(100));
        this.expire();
      }
      for (let turn = 0; turn < 4 && !over; turn++) await this.clock.advance(1000);
      if (!over) this.violated('I9', 'closing does not end');
    };
    await work(this.session.stop({ drainMs: this.random.below(400) }));
    this.stopped = true;
    this.deliver(this.fifo.length);
    const leaving = this.session.assignmentLanes().map(({ id }) => this.lanes.get(id) as Model);
    const waited = this.pendingRevoke?.lanes ?? [];
    const lost = this.failure;
    await work(this.session.leave(500));
    for (const model of leaving)
      if (this.hooked && model.toldToGo === 0 && lost === null && !waited.includes(model.id))
        this.violated('I12', `${model.partition} is not told to go`);
    const before = this.trace.length;
    if (this.pendingRevoke !== null) this.unassign(this.pendingRevoke.id, this.pendingRevoke.lanes, false, true);
    const rest = [...this.lanes.values()].filter((model) => model.nativeOpen).map((model) => model.id);
    this.unassign(this.nextId++, rest, false, false);
    this.deliver(this.fifo.length);
    this.note(`closed after ${this.trace.length - before}`);
    this.session.end(null);
    await settled();
    for (const one of this.promises) if (!/^seek|^commit/.test(one)) this.violated('I9', `never settled: ${one}`);
    this.incarnation = -1;
    this.promises.clear();
    for (const model of this.lanes.values()) model.ended = true;
    this.boot();
  }

  // --- comparing

  private check(): void {
    if (this.failure !== null) throw this.failure;
    const open = new Set(this.session.assignmentLanes().map((lane) => lane.id));
    for (const model of this.lanes.values()) {
      const lane = this.session.assignmentLanes().find((one) => one.id === model.id);
      if (open.has(model.id) && (!model.told || model.ended))
        this.violated('I1', `lane ${model.id} is open, but not assigned`);
      const released = !model.nativeOpen;
      if (model.told && !model.ended && !released && !open.has(model.id))
        this.violated('I1', `lane ${model.id} is assigned, but not open`);
      if (lane === undefined || model.ended) continue;
      const inFifo = this.fifo.reduce(
        (sum, item) =>
          'type' in item || new Int32Array(item, 0, 4)[1] !== model.id
            ? sum
            : sum + (new Int32Array(item, 0, 4)[2] as number),
        0,
      );
      const held = receivedOf(lane) - lane.progress.base;
      if (!lane.isBlocked(Block.revoking) && held !== model.outstanding - inFifo) {
        this.violated(
          'I6',
          `lane ${model.id} holds ${held}, the native layer counts ${model.outstanding} with ${inFifo} on their way`,
        );
      }
    }
    const pending = this.pendingRevoke;
    if (pending?.told) {
      const models = pending.lanes.map((id) => this.lanes.get(id) as Model);
      const idle = models.every((model) => model.working.size === 0 && !model.forgotten);
      if (idle && this.commits.length === 0 && !this.commitTrouble && this.failing.size === 0) {
        this.violated('I8', `revocation ${pending.id} waits though nothing is under way`);
      }
      if (this.clock.time - pending.began > 700 + 1) this.violated('I8', `revocation ${pending.id} waits too long`);
    }
  }

  /** Everything heals: every record is processed, and committed to the end of the log. */
  private async quiesce(): Promise<void> {
    this.note('--- quiesce');
    this.healed = true;
    const behind = () =>
      this.logs.filter((log, p) => log.committed < log.end || log.records.some((r) => !this.processedOrSkipped(p, r)));
    for (let round = 0; round < 60; round++) {
      while (this.seeks.length > 0) this.answerSeek();
      for (let turn = 0; turn < 3; turn++) {
        for (const done of this.decodes.splice(0)) done();
        await settled();
      }
      this.session.resume(this.session.paused());
      await settled();
      if (this.pendingRevoke === null && round % 5 === 0) {
        const owned = new Set(
          [...this.lanes.values()].filter((model) => model.nativeOpen).map((model) => model.partition),
        );
        const free = this.logs.map((_, p) => p).filter((p) => !owned.has(p));
        if (free.length > 0)
          this.answerAssign(
            this.nextId++,
            free.map((partition) => ({ topic: TOPIC, partition, offset: -1001 })),
          );
      }
      // What an application left without acknowledging comes again with the next surface.
      if (round === 20) this.resurface(this.kind === 'take' ? 'batches$' : undefined);
      for (const model of this.lanes.values()) this.take(model);
      this.deliver(this.fifo.length);
      await settled();
      for (let n = 0; n < 4; n++) this.pull?.();
      await settled();
      await this.someAcks(1000);
      while (this.commits.length > 0) {
        this.answerCommit();
        await settled();
      }
      await this.clock.advance(300);
      this.expire();
      this.check();
      if (round >= 3 && behind().length === 0) break;
    }
    const late = behind();
    if (late.length > 0) this.violated('I10', `not all was processed and committed: ${JSON.stringify(late)}`);
    for (const [p, seen] of this.processed.entries()) {
      for (const [offset, times] of seen) {
        if (times > 1 && !this.unclean)
          this.violated('I11', `${p}@${offset} was processed ${times} times without a reason`);
      }
    }
    const stopping = this.track('stop', this.session.stop({ drainMs: 10 }));
    await this.clock.advance(2000);
    while (this.commits.length > 0) {
      this.answerCommit();
      await settled();
    }
    await this.clock.advance(2000);
    void stopping;
    this.session.end(this.random.chance(0.5) ? new Error('fatal') : null);
    await settled();
    if (this.promises.size > 0) this.violated('I9', `never settled: ${[...this.promises]}`);
    if (this.failure !== null) throw this.failure;
  }

  private processedOrSkipped(partition: number, offset: number): boolean {
    if ((this.processed[partition] as Map<number, number>).has(offset)) return true;
    return this.failed.has(`${partition}@${offset}`);
  }
}

const isRewound = (item: Delivery, at: number): boolean => at > 0 && 'type' in item && item.type === 'rewound';

const key = (offset: number): string => `k${offset % 3}`;

/** Runs one schedule. @throws Violation, with the last steps in its message. */
export async function simulate(seed: number, dropWithoutRewind = false): Promise<Result> {
  const world = new World(seed, dropWithoutRewind);
  try {
    return await world.run();
  } catch (error) {
    if (error instanceof Violation) error.message += `\n${world.describe()}`;
    throw error;
  }
}

/** Runs schedules until one breaks a promise, as it has to, and compares which one that is. */
export async function expectCaught(run: (seed: number) => Promise<unknown>, rule: RegExp): Promise<void> {
  let caught: unknown = null;
  for (let seed = 1; seed <= 2000 && caught === null; seed++) {
    await run(seed).catch((error: unknown) => {
      caught = error;
    });
  }
  expect(caught).toBeInstanceOf(Violation);
  expect((caught as Violation).message).toMatch(rule);
}
