import { isObject, mustBe, objectWith } from '../core/check';
import { show } from '../core/describe';
import type { TopicPartition, TopicPartitionOffset } from '../core/partition';
import type { CommitMode } from './stream/options';

/** A point in a partition. A timestamp (or date) means the first message of that time or later. */
export type RangePoint = 'beginning' | 'end' | { readonly offset: number } | { readonly timestamp: number | Date };

export interface Range {
  /** First message to be read. Default `beginning`. */
  readonly from?: RangePoint;
  /** First message not to be read. Default `end`: the end that the partition has when reading begins. */
  readonly to?: RangePoint;
}

const isNumber = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isTime = (value: unknown) => isNumber(value instanceof Date ? value.getTime() : value);
const point = mustBe(
  "'beginning', 'end', { offset } with an integer from 0, or { timestamp } with a Date or ms since the epoch",
  (value) => {
    if (value === 'beginning' || value === 'end') return true;
    if (!isObject(value)) return false;
    return 'offset' in value ? isNumber(value.offset) : 'timestamp' in value && isTime(value.timestamp);
  },
  (value) => show(value),
);

export const rangeOptions = objectWith<Range>('the ends of a range', { from: point, to: point });

/** A stream that can be ended before it began. */
export interface RangeStream {
  end(error: Error | null): void;
  stop(): Promise<unknown>;
}

/** What reading a range needs of its consumer. */
export interface RangeHost<S extends RangeStream> {
  /** A stream over the topics that ends where `bound` says. */
  stream(
    topics: readonly string[],
    options: { readonly commit: CommitMode; readonly until: 'eof'; readonly bound: (at: TopicPartition) => number },
  ): S;
  partitionsOf(topic: string): Promise<readonly number[]>;
  /** Offset of the first message at or after a time, negative when there is none. */
  offsetForTime(at: TopicPartition, timestamp: number): Promise<number>;
  watermarks(at: TopicPartition): Promise<{ readonly low: number; readonly high: number }>;
  assign(partitions: readonly TopicPartitionOffset[]): void | Promise<void>;
}

/**
 * Reads a part of some topics, once, and ends. Takes no part in a group and commits nothing. Every partition ends by
 * itself; the stream ends when all have. Partitions without messages in the range are not read.
 */
export async function readRange<S extends RangeStream>(
  host: RangeHost<S>,
  topics: readonly string[],
  { from = 'beginning', to = 'end' }: Range,
): Promise<S> {
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
  const stream = host.stream(topics, { commit: 'none', until: 'eof', bound });
  if (starts.length === 0) stream.end(null);
  else await host.assign(starts);
  return stream;
}

async function resolve(
  host: Pick<RangeHost<RangeStream>, 'offsetForTime'>,
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
