import {
  hide,
  KafkaError,
  type KafkaErrorCode,
  type KafkaErrorOptions,
  KIND,
  type NativeError,
  type NativeErrorContext,
  nativeCode,
  nativeMessage,
  nativeOptions,
} from '../core/errors';

/** `rd_kafka_message_status()`: whether the record is in the log. */
export type PersistenceStatus = 'not-persisted' | 'possibly-persisted' | 'persisted';

export interface ProduceTarget {
  readonly topic: string;
  /** -1 or absent: the partitioner had not chosen. */
  readonly partition?: number | null;
}

/** A record was not delivered, or nobody can tell whether it was (`status`). */
export class ProduceError extends KafkaError {
  static override readonly [KIND]: string = 'ProduceError';
  readonly topic: string;
  readonly partition: number;
  readonly status: PersistenceStatus;
  /** The record as it was given to `send`. Not shown by `util.inspect` or `JSON.stringify`. */
  declare readonly record: ProduceTarget;
  /** Of `sendBatch`: what became of every record, when some were sent. Not shown either. */
  declare readonly report?: BatchReport;

  constructor(
    code: KafkaErrorCode,
    message: string,
    record: ProduceTarget,
    status: PersistenceStatus,
    options?: KafkaErrorOptions,
  ) {
    super(code, message, options);
    this.topic = record.topic;
    this.partition = record.partition ?? -1;
    this.status = status;
    hide(this, 'record', record);
  }

  static of(
    native: NativeError,
    record: ProduceTarget,
    status: PersistenceStatus,
    context: NativeErrorContext = {},
  ): ProduceError {
    const to = (record.partition ?? -1) < 0 ? record.topic : `${record.topic}/${record.partition}`;
    const message = nativeMessage(native, { doing: `Cannot produce to ${to}`, ...context });
    return new ProduceError(nativeCode(native), message, record, status, nativeOptions(native, context));
  }

  /** A serializer threw: neither the record nor anything of its batch was sent. */
  static encode(part: 'key' | 'value' | 'headers', record: ProduceTarget, cause: unknown): ProduceError {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `Cannot serialize the ${part} of a record for ${record.topic}: ${why}`;
    return new ProduceError('ERR_KAFKA_CLIENT_ENCODE', message, record, 'not-persisted', { cause });
  }
}

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

const REPORT_BYTES = 8;

/** Delivery reports as columns (format in native/wire/format.h). */
export class ReportColumns {
  readonly count: number;
  readonly offsets: Float64Array;
  readonly timestamps: Float64Array;
  readonly slots: Uint32Array;
  readonly indexes: Uint32Array;
  readonly errors: Int32Array;
  readonly partitions: Int32Array;
  readonly statuses: Int32Array;

  constructor(data: ArrayBuffer) {
    const n = new Int32Array(data, 0, 1)[0] as number;
    const wide = n * 4 + (n & 1 ? 4 : 0);
    const words = REPORT_BYTES + n * 16;
    this.count = n;
    this.offsets = new Float64Array(data, REPORT_BYTES, n);
    this.timestamps = new Float64Array(data, REPORT_BYTES + n * 8, n);
    this.slots = new Uint32Array(data, words, n);
    this.indexes = new Uint32Array(data, words + wide, n);
    this.errors = new Int32Array(data, words + 2 * wide, n);
    this.partitions = new Int32Array(data, words + 3 * wide, n);
    this.statuses = new Int32Array(data, words + 4 * wide, n);
  }
}
