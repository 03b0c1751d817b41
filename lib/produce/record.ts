/** A record to produce, and the checks before it is sent. */
import { isObject, objectWith, serializer } from '../core/check';
import { given, nearest } from '../core/describe';
import { ArgumentError } from '../core/errors';
import { isPartition, isTopic } from '../core/partition';
import type { Serializer } from '../serde/serde';
import type { RecordHeaders } from './record-pack';

/** A record to produce. */
export interface ProducerRecord<K = Uint8Array | string | null, V = Uint8Array | string | null> {
  readonly topic: string;
  readonly key?: K | null;
  /** Null: a tombstone. An empty string or buffer is an empty value, which is not the same. */
  readonly value: V | null;
  /** From 0. Left out: the configured `partitioner` decides by the key. */
  readonly partition?: number | null;
  /** Ms since the epoch, or a Date, after 1970-01-01T00:00:00.000Z. Left out: now. */
  readonly timestamp?: number | Date;
  readonly headers?: RecordHeaders;
}

/** Records for one topic, or each with its own. */
export type RecordBatch<K, V> =
  | { readonly topic: string; readonly records: readonly Omit<ProducerRecord<K, V>, 'topic'>[] }
  | readonly ProducerRecord<K, V>[];

export interface Serializers<K, V> {
  readonly key?: Serializer<K>;
  readonly value?: Serializer<V>;
}

const serializersOf = objectWith<Serializers<unknown, unknown>>('the serializers', {
  key: serializer,
  value: serializer,
});

/** @throws ArgumentError */
export function checkSerializers(serializers: Serializers<never, never>): void {
  serializersOf(serializers, '');
}

interface Checked {
  readonly value: unknown;
  readonly partition?: number | null;
  readonly timestamp?: number | Date;
}

/** The last topic that passed the check. */
let lastTopic = '';

/** Called for every record. @throws ArgumentError */
export function checkRecord(record: Checked, topic: unknown): void {
  if (topic !== lastTopic) {
    if (!isTopic(topic)) throw withoutTopic(record, topic);
    lastTopic = topic;
  }
  // A misspelt `value` must not become a tombstone.
  if (record?.value === undefined) throw withoutValue(record, lastTopic);
  const { partition, timestamp } = record;
  if (partition !== undefined && partition !== null && !isPartition(partition)) {
    throw new ArgumentError(
      `the partition of a record for ${topic} must be an integer from 0 to 2147483647, or left out for the partitioner, not ${given(partition)}`,
    );
  }
  if (timestamp === undefined) return;
  const ms = timestamp instanceof Date ? timestamp.getTime() : timestamp;
  if (!Number.isSafeInteger(ms) || ms <= 0) {
    const zero = ms === 0 ? ' and after 1970-01-01T00:00:00.000Z, which librdkafka takes for now' : '';
    throw new ArgumentError(
      `the timestamp of a record for ${topic} must be a Date or ms since the epoch${zero}, not ${given(timestamp)}`,
    );
  }
}

const FORM = '{ topic, value } with optional key, partition, timestamp and headers';
const FIELDS = ['topic', 'key', 'value', 'partition', 'timestamp', 'headers'];

function withoutTopic(record: unknown, topic: unknown): ArgumentError {
  if (!isObject(record)) return new ArgumentError(`a record is ${FORM}, not ${given(record)}`);
  return new ArgumentError(`a record needs a topic: a non-empty string, not ${given(topic)}`);
}

function withoutValue(record: unknown, topic: string): ArgumentError {
  if (!isObject(record)) return new ArgumentError(`a record for ${topic} is ${FORM}, not ${given(record)}`);
  const meant = Object.keys(record).find((key) => !FIELDS.includes(key) && nearest(key, FIELDS) === 'value');
  const many = 'messages' in record || 'records' in record;
  const hint = many ? '; many records go with sendBatch({ topic, records })' : meant && `; it has '${meant}'`;
  return new ArgumentError(`a record for ${topic} needs a value; null makes a tombstone${hint ?? ''}`);
}
