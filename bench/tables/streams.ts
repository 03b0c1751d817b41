/** Rows of the stream core: each surface, slow handlers, a partition that stalls, rebalances, many partitions. */
import type { Subject } from '../trial';

/** Handlers that take a millisecond read fewer messages; the slower the way, the fewer. */
const PARTITION_ORDER = { partitions: 4, messages: 12_000, keys: 10_000 };
const KEY_ORDER = { partitions: 4, messages: 160_000, keys: 10_000 };
/** More than the credit of the one partition that stalls, so that it does. */
const STALL = { topic: { partitions: 16, messages: 9_600_000 }, counted: 15, real: true };
/**
 * A kilobyte a message: librdkafka's own bytes for each message are no part of any limit. And a fetch returns a batch as
 * a whole: with large ones no limit below their size holds.
 */
const MANY_PARTITIONS = { partitions: 1000, messages: 200_000, size: 1000, batchBytes: 16_384 };

export const STREAMS: readonly Subject[] = [
  {
    suite: 'streams',
    name: 'take-none',
    run: { module: 'consume', mode: 'take-none' },
    note: "the bare pull loop, commit: 'none'",
  },
  {
    suite: 'streams',
    name: 'runBatch',
    run: { module: 'consume', mode: 'runBatch' },
    note: 'acknowledged when the handler returns',
  },
  { suite: 'streams', name: 'batches$', run: { module: 'consume', mode: 'batches$' }, note: 'each batch acknowledged' },
  {
    suite: 'streams',
    name: 'messages$',
    run: { module: 'consume', mode: 'messages$' },
    note: 'each message acknowledged',
  },
  { suite: 'streams', name: 'run', run: { module: 'consume', mode: 'run' }, note: 'a synchronous handler' },
  {
    suite: 'streams',
    name: 'run-1ms',
    run: { module: 'consume', mode: 'run-1ms' },
    topic: PARTITION_ORDER,
    note: 'a handler of 1 ms, order partition, 4 partitions',
  },
  {
    suite: 'streams',
    name: 'run-1ms-key-64',
    run: { module: 'consume', mode: 'run-1ms-key-64' },
    topic: KEY_ORDER,
    note: "the same, order 'key', concurrency 64",
  },
  {
    suite: 'streams',
    name: 'healthy',
    run: { module: 'stalled', mode: 'healthy' },
    ...STALL,
    note: '16 partitions, all acknowledged; 15 of them counted',
  },
  {
    suite: 'streams',
    name: 'stalled',
    run: { module: 'stalled', mode: 'stalled' },
    ...STALL,
    note: 'the 16th is never acknowledged; the same 15 counted',
  },
  {
    suite: 'streams',
    name: 'rebalance-classic',
    run: { module: 'rebalance', mode: 'classic' },
    topic: { partitions: 8 },
    rounds: 10,
    real: true,
    note: 'a second member joins: longest gap of each partition that stays (ms)',
  },
  {
    suite: 'streams',
    name: 'rebalance-consumer',
    run: { module: 'rebalance', mode: 'consumer' },
    topic: { partitions: 8 },
    rounds: 10,
    real: true,
    needs: 'group.protocol=consumer',
    note: 'the same with group.protocol=consumer; group.consumer.heartbeat.interval.ms of the broker is 500',
  },
  {
    suite: 'streams',
    name: 'memory',
    run: { module: 'memory', mode: '' },
    topic: MANY_PARTITIONS,
    real: true,
    note: '1,000 partitions, all buffers full, then read',
  },
];

export const STREAM_RATIOS: readonly (readonly [string, string])[] = [
  ['runBatch', 'take-none'],
  ['batches$', 'take-none'],
  ['messages$', 'take-none'],
  ['run', 'take-none'],
  ['run-1ms-key-64', 'run-1ms'],
  ['stalled', 'healthy'],
];
