import type { KafkaError, KafkaErrorCode, NativeError } from '../core/errors';
import {
  type BatchReport,
  type DeliveryReport,
  type PersistenceStatus,
  ProduceError,
  type ReportColumns,
} from './report';

/** Records in progress, and the outcome of earlier ones. */
export interface ProducerFlow {
  /** Records accepted that have no delivery report yet. */
  readonly pending: number;
  /** Their keys, values and headers. */
  readonly pendingBytes: number;
  /** Capacity of the queue: `queue.buffering.max.messages` (`Infinity` without a limit), `queue.buffering.max.kbytes`. */
  readonly limits: { readonly records: number; readonly bytes: number };
  /** Records delivered. */
  readonly delivered: number;
  /** Records not delivered, by the code of their error. */
  readonly failed: ReadonlyMap<KafkaErrorCode, number>;
}

const STATUS: readonly PersistenceStatus[] = ['not-persisted', 'possibly-persisted', 'persisted'];

interface Target {
  readonly topic: string;
  readonly partition?: number | null;
}

/** Resolves the promise of a single record. */
type Resolve = (answer: DeliveryReport | PromiseLike<DeliveryReport>) => void;

class BatchDelivery implements BatchReport {
  readonly partitions: Int32Array;
  readonly offsets: Float64Array;
  /** Records without a report. */
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

  /** Every record has its report. */
  done(): void {
    if (this.first === null) {
      this.resolve(this.publish());
      return;
    }
    // Not enumerable: a report of many records does not belong in a log line.
    Object.defineProperty(this.first, 'report', { value: this.publish(), configurable: true });
    this.reject(this.first);
  }

  private publish(): BatchReport {
    const { size, failed, partitions, offsets, errors } = this;
    return { size, failed, partitions, offsets, errorAt: (i) => errors.get(i) ?? null };
  }
}

/** librdkafka has several numbers for an unknown offset. */
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

/**
 * The promises that wait for delivery reports. A slot number travels with each record as its opaque and comes back with its
 * report: native code holds no handle of the JavaScript engine, and every slot is settled exactly once.
 *
 * Slots are columns. The garbage collector would copy an object per record once or twice while the record is in flight, and
 * at hundreds of thousands of records a second `send` would spend its time on that.
 */
export class DeliveryLedger {
  /** A batch, or the function that resolves the promise of a single record. */
  private readonly owners: (Resolve | BatchDelivery | undefined)[] = [];
  /** A single record, as it was sent. */
  private readonly records: (Target | undefined)[] = [];
  /** Queue bytes. */
  private sizes = new Float64Array(1024);
  /** The flush that has to wait for it. */
  private generations = new Float64Array(1024);
  private readonly free: number[] = [];
  /** Slots in use per generation, from `oldest` on; new slots belong to the last. */
  private open = [0];
  private oldest = 0;
  private readonly flushes: { generation: number; resolve: () => void }[] = [];
  private waiters: { resolve: () => void; reject: (error: Error) => void }[] = [];
  /** Records without a report. */
  pending = 0;
  private bytes = 0;
  private delivered = 0;
  private readonly failed = new Map<KafkaErrorCode, number>();

  /**
   * @param keepAlive - called when the first record waits, and when none does
   * @param errorOf - librdkafka's name and text for a code
   */
  constructor(
    private readonly maxRecords: number,
    private readonly maxBytes: number,
    private readonly keepAlive: (alive: boolean) => void,
    private readonly errorOf: (code: number) => NativeError,
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
    const many = new BatchDelivery(records, topic, resolve, reject);
    if (records.length > 0) return this.add(many, undefined, records.length);
    many.done();
    return -1;
  }

  private add(owner: Resolve | BatchDelivery, record: Target | undefined, count: number): number {
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
  fail(slot: number, index: number, error: KafkaError): void {
    const owner = this.owners[slot] as Resolve | BatchDelivery;
    if (typeof owner === 'function') owner(Promise.reject(error));
    else owner.fail(index, error);
    this.countFailed(error);
    this.reported(slot, owner);
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
      if (target === undefined && (code !== 0 || listener !== undefined))
        target = (owner as BatchDelivery).target(index);
      let error: ProduceError | null = null;
      if (code !== 0) {
        const status = STATUS[statuses[i] as number] ?? 'possibly-persisted';
        error = ProduceError.of(this.errorOf(code), target as Target, status, { redact });
        this.countFailed(error);
      } else this.delivered++;
      const report = target && toReport(target, columns, i, error);
      if (typeof owner !== 'function') owner.report(index, columns, i, error);
      else owner(error === null ? (report as DeliveryReport) : Promise.reject(error));
      if (report !== undefined) listener?.(report);
      this.reported(slot, owner);
    }
    if (this.waiters.length > 0 && this.hasRoom(0.5)) {
      for (const { resolve } of this.waiters.splice(0)) resolve();
    }
  }

  private reported(slot: number, owner: Resolve | BatchDelivery): void {
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

  /** The callers of {@link DeliveryLedger.ready} wait no longer. */
  rejectWaiters(error: KafkaError): void {
    for (const { reject } of this.waiters.splice(0)) reject(error);
  }

  /** Resolves when every record sent so far has its report. */
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

  /** No further report comes: everything that waits rejects. */
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
    this.rejectWaiters(error);
  }
}

function doubled(column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}
