import { isObject, must, shape } from '../core/check';
import { show } from '../core/describe';
import type { TopicPartition, TopicPartitionOffset } from '../core/partition';
import type { Session } from './session';
import type { KafkaStream } from './stream/kafka-stream';
import type { StreamOptions } from './stream/options';

/** A point in a partition. A timestamp (or date) means the first message of that time or later. */
export type RangePoint = 'beginning' | 'end' | { readonly offset: number } | { readonly timestamp: number | Date };

export interface Range {
  /** First message to be read. Default `beginning`. */
  readonly from?: RangePoint;
  /** First message not to be read any more. Default `end`: the end there is when reading begins. */
  readonly to?: RangePoint;
}

const isNumber = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isTime = (value: unknown) => isNumber(value instanceof Date ? value.getTime() : value);
const point = must(
  "'beginning', 'end', { offset } with an integer from 0, or { timestamp } with a Date or ms since the epoch",
  (value) => {
    if (value === 'beginning' || value === 'end') return true;
    if (!isObject(value)) return false;
    return 'offset' in value ? isNumber(value.offset) : 'timestamp' in value && isTime(value.timestamp);
  },
  (value) => show(value),
);

export const rangeOptions = shape<Range>('the ends of a range', { from: point, to: point });

/** What reading a range needs of a consumer that was made for it. */
export interface RangeHost {
  readonly session: Session;
  partitionsOf(topic: string): Promise<readonly number[]>;
  /** Offset of the first message at or after a time, negative when there is none. */
  offsetForTime(at: TopicPartition, timestamp: number): Promise<number>;
  watermarks(at: TopicPartition): Promise<{ readonly low: number; readonly high: number }>;
  assign(partitions: readonly TopicPartitionOffset[]): void | Promise<void>;
}

/**
 * Reads a part of some topics, once, and ends. Takes no part in a group and commits nothing. Every partition ends by
 * itself; the stream ends when all have. Partitions of which the range has nothing are not read at all.
 */
export async function readRange<K, V>(
  host: RangeHost,
  topics: readonly string[],
  { from = 'beginning', to = 'end' }: Range,
  options: StreamOptions<K, V> = {},
): Promise<KafkaStream<K, V>> {
  const starts: TopicPartitionOffset[] = [];
  const ends = new Map<string, number>();
  for (const topic of topics) {
    const partitions = await host.partitionsOf(topic);
    await Promise.all(
      partitions.map(async (partition) => {
        const at = { topic, partition };
        const marks = await host.watermarks(at);
        const [offset, end] = await Promise.all([resolve(host, at, from, marks), resolve(host, at, to, marks)]);
        if (offset >= end) return;
        starts.push({ topic, partition, offset });
        ends.set(`${topic}/${partition}`, end);
      }),
    );
  }
  const bound = ({ topic, partition }: TopicPartition) => ends.get(`${topic}/${partition}`) ?? 0;
  const stream = host.session.stream<K, V>(topics, { ...options, commit: 'none', until: 'eof', bound });
  if (starts.length === 0) stream.end(null);
  else await host.assign(starts);
  return stream;
}

async function resolve(
  host: RangeHost,
  at: TopicPartition,
  point: RangePoint,
  { low, high }: { low: number; high: number },
): Promise<number> {
  if (point === 'beginning') return low;
  if (point === 'end') return high;
  if ('offset' in point) return Math.min(Math.max(point.offset, low), high);
  const offset = await host.offsetForTime(at, Number(point.timestamp));
  return offset < 0 ? high : Math.max(offset, low);
}
