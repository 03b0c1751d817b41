import { type KafkaError, type KafkaErrorCode, type NativeError, type PersistenceStatus, ProduceError } from './errors';
import { native } from './native';
import type { ReportColumns } from './record-pack';

/** The broker's answer for one record. */
export interface DeliveryReport {
  readonly topic: string;
  readonly partition: number;
  /** -1 when the broker does not say: `acks: 0`, a failure, or a duplicate the broker had already. */
  readonly offset: number;
  /** Ms since the epoch, -1 when unknown. */
  readonly timestamp: number;
  readonly persistence: PersistenceStatus;
  /** Null when it was delivered. */
  readonly error: ProduceError | null;
}

/** The broker's answers for the records of one `sendBatch`, as columns in the order of the records. */
export interface BatchReport {
  readonly size: number;
  /** Records that were not delivered. */
  readonly failed: number;
  readonly partitions: Int32Array;
  /** -1 where the broker did not say. */
  readonly offsets: Float64Array;
  /** Null when record `i` was delivered. */
  errorAt(i: number): ProduceError | null;
}

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

/** What waits for reports under one slot number. */
abstract class Entry {
  /** Records not answered for. */
  left: number;
  /** Queue bytes of those. */
  bytes = 0;

  constructor(
    left: number,
    /** Which flush has to wait for it. */
    readonly generation: number,
  ) {
    this.left = left;
  }

  abstract target(index: number): Target;
  abstract report(index: number, columns: ReportColumns, at: number, error: ProduceError | null): void;
  abstract fail(index: number, error: KafkaError): void;
  /** All answered for. */
  abstract done(): void;
}

class One extends Entry {
  constructor(
    generation: number,
    private readonly record: Target,
    private readonly resolve: (report: DeliveryReport) => void,
    private readonly reject: (error: Error) => void,
  ) {
    super(1, generation);
  }

  target(): Target {
    return this.record;
  }

  report(_index: number, columns: ReportColumns, at: number, error: ProduceError | null): void {
    if (error === null) this.resolve(toReport(this.record, columns, at, error));
    else this.reject(error);
  }

  fail(_index: number, error: KafkaError): void {
    this.reject(error);
  }

  done(): void {}
}

class Many extends Entry implements BatchReport {
  readonly partitions: Int32Array;
  readonly offsets: Float64Array;
  private readonly errors = new Map<number, ProduceError>();
  private first: KafkaError | null = null;

  constructor(
    generation: number,
    private readonly records: readonly Target[],
    private readonly topic: string | undefined,
    private readonly resolve: (report: BatchReport) => void,
    private readonly reject: (error: Error) => void,
  ) {
    super(records.length, generation);
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
 * report: no handle of the engine is held by native code, and every entry is settled exactly once.
 */
export class Ledger {
  private readonly slots: (Entry | undefined)[] = [];
  private readonly free: number[] = [];
  private generation = 0;
  private readonly open = new Map<number, number>();
  private flushes: { generation: number; resolve: () => void }[] = [];
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

  openOne(record: Target, resolve: (report: DeliveryReport) => void, reject: (error: Error) => void): number {
    return this.add(new One(this.generation, record, resolve, reject));
  }

  openBatch(
    records: readonly Target[],
    topic: string | undefined,
    resolve: (report: BatchReport) => void,
    reject: (error: Error) => void,
  ): number {
    const entry = new Many(this.generation, records, topic, resolve, reject);
    if (records.length > 0) return this.add(entry);
    entry.done();
    return -1;
  }

  private add(entry: Entry): number {
    const slot = this.free.pop() ?? this.slots.length;
    this.slots[slot] = entry;
    if (this.pending === 0) this.keepAlive(true);
    this.pending += entry.left;
    this.open.set(entry.generation, (this.open.get(entry.generation) ?? 0) + 1);
    return slot;
  }

  /** `bytes` were packed for the entry. */
  count(slot: number, bytes: number): void {
    (this.slots[slot] as Entry).bytes += bytes;
    this.bytes += bytes;
  }

  /** Record `index` of the entry was never packed. */
  refuse(slot: number, index: number, error: KafkaError): void {
    const entry = this.slots[slot] as Entry;
    entry.fail(index, error);
    this.countFailed(error);
    this.answered(slot, entry);
  }

  private countFailed({ code }: KafkaError, records = 1): void {
    this.failed.set(code, (this.failed.get(code) ?? 0) + records);
  }

  settle(
    columns: ReportColumns,
    listener: ((report: DeliveryReport) => void) | undefined,
    redact: (text: string) => string,
  ) {
    const { slots, indexes, errors } = columns;
    for (let i = 0; i < columns.count; i++) {
      const slot = slots[i] as number;
      const entry = this.slots[slot];
      if (entry === undefined) continue;
      const index = indexes[i] as number;
      const code = errors[i] as number;
      let error: ProduceError | null = null;
      if (code !== 0) {
        const status = STATUS[columns.statuses[i] as number] ?? 'possibly-persisted';
        error = ProduceError.of(nativeError(code), entry.target(index), status, { redact });
        this.countFailed(error);
      } else this.delivered++;
      entry.report(index, columns, i, error);
      listener?.(toReport(entry.target(index), columns, i, error));
      this.answered(slot, entry);
    }
    if (this.waiters.length > 0 && this.hasRoom(0.5)) {
      for (const { resolve } of this.waiters.splice(0)) resolve();
    }
    if (this.pending === 0) this.keepAlive(false);
  }

  private answered(slot: number, entry: Entry): void {
    if (--this.pending === 0) this.keepAlive(false);
    if (--entry.left > 0) return;
    this.bytes -= entry.bytes;
    this.slots[slot] = undefined;
    this.free.push(slot);
    const open = (this.open.get(entry.generation) as number) - 1;
    if (open > 0) this.open.set(entry.generation, open);
    else this.open.delete(entry.generation);
    entry.done();
    if (open === 0 && this.flushes.length > 0) this.checkFlushes();
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
    const generation = this.generation++;
    return new Promise((resolve) => {
      this.flushes.push({ generation, resolve });
      this.checkFlushes();
    });
  }

  private checkFlushes(): void {
    const oldest = Math.min(...this.open.keys());
    const done = this.flushes.filter(({ generation }) => generation < oldest);
    this.flushes = this.flushes.filter(({ generation }) => generation >= oldest);
    for (const { resolve } of done) resolve();
  }

  /** Nothing more will be reported. */
  end(error: KafkaError): void {
    for (let slot = 0; slot < this.slots.length; slot++) {
      const entry = this.slots[slot];
      if (entry === undefined) continue;
      entry.fail(0, error);
      entry.done();
      this.slots[slot] = undefined;
    }
    this.open.clear();
    if (this.pending > 0) {
      this.keepAlive(false);
      this.countFailed(error, this.pending);
    }
    this.pending = this.bytes = 0;
    this.checkFlushes();
    this.turnAway(error);
  }
}
