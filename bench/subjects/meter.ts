/** Counts, digests and times what a JavaScript subject reads. The same work for every subject. */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { digestOf, SAMPLE } from '../digest';
import type { TrialResult, TrialSpec } from '../trials';

export class Meter {
  private messages = 0;
  private bytes = 0;
  private digest = 0;
  private started = 0;
  private utilization: EventLoopUtilization | undefined;
  private readonly all: boolean;
  private readonly size: number;
  private resolve: (result: TrialResult) => void = () => {};
  /** Settles with the figures when all messages were read. */
  readonly done: Promise<TrialResult>;

  constructor(private readonly spec: TrialSpec) {
    this.all = spec.touch === 'all';
    this.size = spec.size;
    this.done = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  /** Starts the clock: with the first message for readers, before the first call for writers. */
  start(): void {
    this.started = performance.now();
    this.utilization = performance.eventLoopUtilization();
  }

  /** One message. @returns false when it was the last one. */
  message(offset: number, value: () => Buffer | null): boolean {
    if (this.messages === 0) this.start();
    if (this.all || offset % SAMPLE === 0) this.payload(value());
    return this.count(1);
  }

  /** A run of messages of one partition with consecutive offsets. @returns false when it held the last one. */
  run(count: number, firstOffset: number, at: (i: number) => Buffer | null): boolean {
    if (this.messages === 0) this.start();
    const step = this.all ? 1 : SAMPLE;
    for (let i = this.all ? 0 : (SAMPLE - (firstOffset % SAMPLE)) % SAMPLE; i < count; i += step) this.payload(at(i));
    return this.count(count);
  }

  /** The figures so far, without a digest: for writers, whose work the bench reads back. */
  written(messages: number): TrialResult {
    this.messages = messages;
    this.bytes = messages * this.size;
    const { digest: _, ...result } = this.result();
    return result;
  }

  private payload(value: Buffer | null): void {
    this.digest = (this.digest + (value === null ? 1 : digestOf(value))) >>> 0;
  }

  private count(count: number): boolean {
    this.messages += count;
    this.bytes += count * this.size;
    if (this.messages < this.spec.messages) return true;
    this.resolve(this.result());
    return false;
  }

  private result(): TrialResult {
    return {
      messages: this.messages,
      bytes: this.bytes,
      digest: this.digest,
      seconds: (performance.now() - this.started) / 1000,
      elu: performance.eventLoopUtilization(this.utilization).utilization,
    };
  }
}

/** `count` payloads that differ; writers send them round and round. */
export function payloads(size: number, count: number, stamp: (payload: Buffer, i: number) => void): Buffer[] {
  const memory = Buffer.alloc(size * count, 'abcdefghijklmnopqrstuvwxyz');
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
