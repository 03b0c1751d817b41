/** Counts, digests and times what a JavaScript subject reads or writes. The same work for every subject. */
import {
  type EventLoopUtilization,
  type IntervalHistogram,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from 'node:perf_hooks';
import { digestOf, SAMPLE } from '../digest';
import type { TrialResult, TrialSpec } from '../trial';

/** The delay of the event loop is looked at so often; what is reported is what comes on top. */
const RESOLUTION_MS = 5;

/** How the process fares between two moments: processor time, event loop, garbage. */
export class Vitals {
  private readonly began = performance.now();
  private readonly cpu = process.cpuUsage();
  private readonly utilization: EventLoopUtilization = performance.eventLoopUtilization();
  private readonly delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private readonly collections: PerformanceEntry[] = [];
  private readonly observer = new PerformanceObserver((list) => this.collections.push(...list.getEntries()));

  constructor() {
    this.observer.observe({ entryTypes: ['gc'] });
    this.delay.enable();
  }

  /** The figures until now. V8 tells of a collection in the next turn of the event loop, so this takes one. */
  async end(): Promise<TrialResult> {
    const ended = performance.now();
    const { user, system } = process.cpuUsage(this.cpu);
    const elu = performance.eventLoopUtilization(this.utilization).utilization;
    this.delay.disable();
    const loopP99 = this.delay.count > 0 ? Math.max(0, this.delay.percentile(99) / 1e6 - RESOLUTION_MS) : 0;
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const all = [...this.collections, ...this.observer.takeRecords()];
    this.observer.disconnect();
    const mine = all.filter(({ startTime }) => startTime >= this.began && startTime <= ended);
    return {
      timedCpuSeconds: (user + system) / 1e6,
      elu,
      loopP99,
      gcMs: mine.reduce((sum, { duration }) => sum + duration, 0),
      gcCount: mine.length,
    };
  }
}

export class Meter {
  private messages = 0;
  private isDone = false;
  private digest = 0;
  private warm = 0;
  /** Messages read of each partition, from its beginning. */
  private readonly counts: number[];
  private started = 0;
  private vitals: Vitals | undefined;
  private readonly all: boolean;
  private resolve: (result: TrialResult | Promise<TrialResult>) => void = () => {};
  /** Settles with the figures when all messages were read or written. */
  readonly done: Promise<TrialResult>;

  constructor(
    private readonly spec: TrialSpec,
    private readonly reads = true,
  ) {
    this.all = spec.touch === 'all';
    this.counts = Array(spec.partial ? spec.partitions : 0).fill(0);
    this.done = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  /** One message; its partition is of interest when not all of the topic is read. @returns false when it was the last. */
  message(offset: number, value: () => Buffer | null, partition = 0): boolean {
    if (this.isDone) return false; // what is pushed while the client closes
    if (this.vitals === undefined) this.begin();
    if (this.spec.partial) this.note(partition, offset, 1);
    if (this.all || offset % SAMPLE === 0) this.payload(value());
    return this.count(1);
  }

  /** A run of messages of one partition with consecutive offsets. @returns false when it held the last one. */
  run(count: number, firstOffset: number, at: (i: number) => Buffer | null, partition = 0): boolean {
    if (this.isDone) return false;
    if (this.vitals === undefined) this.begin();
    if (this.spec.partial) this.note(partition, firstOffset, count);
    const step = this.all ? 1 : SAMPLE;
    for (let i = this.all ? 0 : (SAMPLE - (firstOffset % SAMPLE)) % SAMPLE; i < count; i += step) this.payload(at(i));
    return this.count(count);
  }

  /** Messages whose delivery was reported. Their digest is taken when the bench reads them back. */
  written(count: number): boolean {
    if (this.vitals === undefined) this.begin();
    return this.count(count);
  }

  /** Messages read so far. */
  get read(): number {
    return this.messages;
  }

  /** Starts the clock when the warm-up is over. */
  private begin(): void {
    if (this.messages < this.spec.warmup) return;
    this.warm = this.messages;
    this.vitals = new Vitals();
    this.started = performance.now();
  }

  private note(partition: number, offset: number, count: number): void {
    if (offset !== this.counts[partition]) {
      throw new Error(`partition ${partition}: offset ${offset} was read where ${this.counts[partition]} was due`);
    }
    this.counts[partition] = offset + count;
  }

  private payload(value: Buffer | null): void {
    this.digest = (this.digest + (value === null ? 1 : digestOf(value))) >>> 0;
  }

  private count(count: number): boolean {
    this.messages += count;
    this.isDone = this.messages >= this.spec.messages;
    if (this.isDone) this.resolve(this.result());
    return !this.isDone;
  }

  private async result(): Promise<TrialResult> {
    const seconds = (performance.now() - this.started) / 1000;
    const { messages, digest } = this;
    const counts = this.spec.partial ? { counts: [...this.counts] } : {};
    // A single batch that held the warm-up and everything else: there is no time to speak of.
    const timed = this.vitals === undefined ? {} : { seconds, timed: messages - this.warm };
    const vitals = await this.vitals?.end();
    return {
      messages,
      bytes: messages * this.spec.size,
      ...(this.reads && { digest }),
      ...counts,
      ...timed,
      ...vitals,
    };
  }
}

/** The bytes that the C programs fill their payloads with, so that they can be compressed as well as those. */
function filler(size: number): Buffer {
  const bytes = Buffer.alloc(Math.max(1, size));
  let random = 1;
  for (let i = 0; i < size; i++) {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    bytes[i] = 97 + (Math.floor(random / 165191050) % 26);
  }
  return bytes;
}

/** `count` payloads that differ; writers send them round and round. */
export function payloads(size: number, count: number, stamp: (payload: Buffer, i: number) => void): Buffer[] {
  const memory = Buffer.alloc(size * count, filler(size));
  return Array.from({ length: count }, (_, i) => {
    const payload = memory.subarray(i * size, (i + 1) * size);
    stamp(payload, i);
    return payload;
  });
}

/** At most `limit` pieces of work at a time: the way a producer is kept busy without holding everything in memory. */
export class Window {
  private readonly open: Promise<unknown>[] = [];
  constructor(private readonly limit: number) {}

  async add(work: Promise<unknown>): Promise<void> {
    this.open.push(work);
    if (this.open.length >= this.limit) await this.open.shift();
  }

  async drain(): Promise<void> {
    await Promise.all(this.open.splice(0));
  }
}

/** What is reported of latencies; sorts them. */
export function percentiles(latencies: Float64Array): Required<Pick<TrialResult, 'p50' | 'p99' | 'p999' | 'max'>> {
  latencies.sort();
  const at = (p: number) => latencies[Math.max(0, Math.ceil(p * latencies.length) - 1)] as number;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}
