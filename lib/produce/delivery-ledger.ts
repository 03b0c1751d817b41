import type { KafkaError, KafkaErrorCode, NativeError } from '../core/errors';
import { native } from '../native/addon';
import {
  type BatchReport,
  type DeliveryReport,
  type PersistenceStatus,
  ProduceError,
  type ReportColumns,
} from './report';

/** What a producer has under way, and what became of the records before. */
export interface ProducerFlow {
  /** Records accepted and not yet answered for. */
  readonly pending: number;
  /** Their keys, values and headers. */
  readonly pendingBytes: number;
  /** What the queue holds: `queue.buffering.max.messages` (`Infinity` without a limit), `queue.buffering.max.kbytes`. */
  readonly limits: { readonly records: number; readonly bytes: number };
  /** Records that were delivered. */
  readonly delivered: number;
  /** Records that were not, by the code of their error. */
  readonly failed: ReadonlyMap<KafkaErrorCode, number>;
}

const STATUS: readonly PersistenceStatus[] = ['not-persisted', 'possibly-persisted', 'persisted'];

interface Target {
  readonly topic: string;
  readonly partition?: number | null;
}

/** Resolves the promise of a single record. */
type Resolve = (answer: DeliveryReport | PromiseLike<DeliveryReport>) => void;

class Many implements BatchReport {
  readonly partitions: Int32Array;
  readonly offsets: Float64Array;
  /** Records not answered for. */
  left: number;
  private readonly errors = new Map<number, ProduceError>();
  private first: KafkaError | null = null;

  constructor(
    private readonly records: readonly Target[],
    private readonly topic: string | undefined,
    private readonly resolve: (report: BatchReport) => void,
    private readonly reject: (error: Error) => void,
  ) {
    this.left = records.length;
    this.partitions = new Int32Array(records.length).fill(-1);
    this.offsets = new Float64Array(records.length).fill(-1);
  }

  get size(): number {
    return this.records.length;
  }

  get failed(): number {
    return this.errors.size;
  }

  errorAt(i: number): ProduceError | null {
    return this.errors.get(i) ?? null;
  }

  target(index: number): Target {
    const record = this.records[index] as Target;
    return this.topic === undefined ? record : { ...record, topic: this.topic };
  }

  report(index: number, columns: ReportColumns, at: number, error: ProduceError | null): void {
    this.partitions[index] = columns.partitions[at] as number;
    this.offsets[index] = offsetOf(columns, at, error);
    if (error !== null) this.fail(index, error);
  }

  fail(index: number, error: KafkaError): void {
    if (error instanceof ProduceError) this.errors.set(index, error);
    this.first ??= error;
  }

  /** All answered for. */
  done(): void {
    if (this.first === null) {
      this.resolve(this.publish());
      return;
    }
    // Not enumerable: a report of many records does not belong into a log line.
    Object.defineProperty(this.first, 'report', { value: this.publish(), configurable: true });
    this.reject(this.first);
  }

  private publish(): BatchReport {
    const { size, failed, partitions, offsets, errors } = this;
    return { size, failed, partitions, offsets, errorAt: (i) => errors.get(i) ?? null };
  }
}

/** librdkafka has several numbers for an offset it was not told. */
function offsetOf(columns: ReportColumns, at: number, error: ProduceError | null): number {
  return error === null ? Math.max(-1, columns.offsets[at] as number) : -1;
}

function toReport(target: Target, columns: ReportColumns, at: number, error: ProduceError | null): DeliveryReport {
  return {
    topic: target.topic,
    partition: columns.partitions[at] as number,
    offset: offsetOf(columns, at, error),
    timestamp: columns.timestamps[at] as number,
    persistence: STATUS[columns.statuses[at] as number] ?? 'possibly-persisted',
    error,
  };
}

let codes: Map<number, NativeError> | undefined;

function nativeError(code: number): NativeError {
  codes ??= new Map(
    native
      .errorCodes()
      .map(({ code, name, description }) => [
        code,
        { code, name, message: description, fatal: false, retriable: false, abortable: false },
      ]),
  );
  const unknown = {
    code,
    name: String(code),
    message: `error ${code}`,
    fatal: false,
    retriable: false,
    abortable: false,
  };
  return codes.get(code) ?? unknown;
}

/**
 * Who waits for which delivery report. A slot number travels with each record as its opaque and comes back with its
 * report: no handle of the engine is held by native code, and every slot is settled exactly once.
 *
 * Slots are columns. An object for each record would have to be copied by the collector, once or twice while the record
 * is on its way, and at hundreds of thousands a second that is what `send` spends its time on.
 */
export class Ledger {
  /** A batch, or of a single record the function that resolves its promise. */
  private readonly owners: (Resolve | Many | undefined)[] = [];
  /** A single record, as it was sent. */
  private readonly records: (Target | undefined)[] = [];
  /** Queue bytes. */
  private sizes = new Float64Array(1024);
  /** Which flush has to wait for it. */
  private generations = new Float64Array(1024);
  private readonly free: number[] = [];
  /** Slots in use of each generation from `oldest` on; the last is the one that counts. */
  private open = [0];
  private oldest = 0;
  private readonly flushes: { generation: number; resolve: () => void }[] = [];
  private waiters: { resolve: () => void; reject: (error: Error) => void }[] = [];
  /** Records without an answer. */
  pending = 0;
  private bytes = 0;
  private delivered = 0;
  private readonly failed = new Map<KafkaErrorCode, number>();

  /** `keepAlive` is told when the first record waits and when none does. */
  constructor(
    private readonly maxRecords: number,
    private readonly maxBytes: number,
    private readonly keepAlive: (alive: boolean) => void,
  ) {}

  openOne(record: Target, resolve: Resolve): number {
    return this.add(resolve, record, 1);
  }

  openBatch(
    records: readonly Target[],
    topic: string | undefined,
    resolve: (report: BatchReport) => void,
    reject: (error: Error) => void,
  ): number {
    const many = new Many(records, topic, resolve, reject);
    if (records.length > 0) return this.add(many, undefined, records.length);
    many.done();
    return -1;
  }

  private add(owner: Resolve | Many, record: Target | undefined, count: number): number {
    const slot = this.free.pop() ?? this.owners.length;
    if (slot === this.sizes.length) {
      this.sizes = doubled(this.sizes);
      this.generations = doubled(this.generations);
    }
    this.owners[slot] = owner;
    this.records[slot] = record;
    this.sizes[slot] = 0;
    const last = this.open.length - 1;
    this.generations[slot] = this.oldest + last;
    (this.open[last] as number)++;
    if (this.pending === 0) this.keepAlive(true);
    this.pending += count;
    return slot;
  }

  /** `bytes` were packed for the slot. */
  count(slot: number, bytes: number): void {
    (this.sizes[slot] as number) += bytes;
    this.bytes += bytes;
  }

  /** Record `index` of the slot was never packed. */
  refuse(slot: number, index: number, error: KafkaError): void {
    const owner = this.owners[slot] as Resolve | Many;
    if (typeof owner === 'function') owner(Promise.reject(error));
    else owner.fail(index, error);
    this.countFailed(error);
    this.answered(slot, owner);
  }

  private countFailed({ code }: KafkaError, records = 1): void {
    this.failed.set(code, (this.failed.get(code) ?? 0) + records);
  }

  settle(
    columns: ReportColumns,
    listener: ((report: DeliveryReport) => void) | undefined,
    redact: (text: string) => string,
  ) {
    const { slots, indexes, errors, statuses } = columns;
    for (let i = 0; i < columns.count; i++) {
      const slot = slots[i] as number;
      const owner = this.owners[slot];
      if (owner === undefined) continue;
      const index = indexes[i] as number;
      const code = errors[i] as number;
      let target = this.records[slot];
      if (target === undefined && (code !== 0 || listener !== undefined)) target = (owner as Many).target(index);
      let error: ProduceError | null = null;
      if (code !== 0) {
        const status = STATUS[statuses[i] as number] ?? 'possibly-persisted';
        error = ProduceError.of(nativeError(code), target as Target, status, { redact });
        this.countFailed(error);
      } else this.delivered++;
      const report = target && toReport(target, columns, i, error);
      if (typeof owner !== 'function') owner.report(index, columns, i, error);
      else owner(error === null ? (report as DeliveryReport) : Promise.reject(error));
      if (report !== undefined) listener?.(report);
      this.answered(slot, owner);
    }
    if (this.waiters.length > 0 && this.hasRoom(0.5)) {
      for (const { resolve } of this.waiters.splice(0)) resolve();
    }
  }

  private answered(slot: number, owner: Resolve | Many): void {
    if (--this.pending === 0) this.keepAlive(false);
    if (typeof owner !== 'function') {
      if (--owner.left > 0) return;
      owner.done();
    }
    this.bytes -= this.sizes[slot] as number;
    this.owners[slot] = undefined;
    this.records[slot] = undefined;
    this.free.push(slot);
    const at = (this.generations[slot] as number) - this.oldest;
    if (--(this.open[at] as number) === 0 && this.flushes.length > 0) this.checkFlushes();
  }

  flow(): ProducerFlow {
    const { pending, bytes: pendingBytes, delivered, maxRecords: records, maxBytes: bytes } = this;
    return { pending, pendingBytes, limits: { records, bytes }, delivered, failed: new Map(this.failed) };
  }

  private hasRoom(share: number): boolean {
    return this.pending < this.maxRecords * share && this.bytes < this.maxBytes * share;
  }

  /** Resolves while there is room, else when half of the queue is free. */
  ready(): Promise<void> {
    if (this.hasRoom(1)) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiters.push({ resolve, reject }));
  }

  /** Nobody waits for room any more. */
  turnAway(error: KafkaError): void {
    for (const { reject } of this.waiters.splice(0)) reject(error);
  }

  /** Resolves when all that is open now is answered for. */
  settled(): Promise<void> {
    const generation = this.oldest + this.open.push(0) - 2;
    return new Promise((resolve) => {
      this.flushes.push({ generation, resolve });
      this.checkFlushes();
    });
  }

  private checkFlushes(): void {
    for (; this.open.length > 1 && this.open[0] === 0; this.oldest++) this.open.shift();
    const due = this.flushes.findIndex(({ generation }) => generation >= this.oldest);
    for (const { resolve } of this.flushes.splice(0, due < 0 ? this.flushes.length : due)) resolve();
  }

  /** Nothing more will be reported. */
  end(error: KafkaError): void {
    for (let slot = 0; slot < this.owners.length; slot++) {
      const owner = this.owners[slot];
      if (owner === undefined) continue;
      if (typeof owner === 'function') {
        owner(Promise.reject(error));
      } else {
        owner.fail(0, error);
        owner.done();
      }
      this.owners[slot] = undefined;
    }
    this.open.fill(0);
    if (this.pending > 0) {
      this.keepAlive(false);
      this.countFailed(error, this.pending);
    }
    this.pending = this.bytes = 0;
    this.checkFlushes();
    this.turnAway(error);
  }
}

function doubled(column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}
