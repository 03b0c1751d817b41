/** The metrics of librdkafka's statistics: one table for each level of the JSON, and how a report becomes samples. */
import type {
  BrokerStatistics,
  ConsumerGroupStatistics,
  PartitionStatistics,
  Statistics,
  TopicStatistics,
  TransactionStatistics,
  WindowStatistics,
} from '../generated/statistics';
import { type Kind, type Labels, type Metric, type Sample, sampleOf } from './metric';

type KeysOf<T, V> = { [K in keyof T]-?: T[K] extends V ? K : never }[keyof T] & string;

/** A number in the statistics, and its unit unless its name says it. */
type Field<T> = readonly [field: KeysOf<T, number>, kind: Kind, unit?: string];
type Window<T> = readonly [field: KeysOf<T, WindowStatistics>, unit?: string];

interface Level<T> {
  readonly name: string;
  /** Path in the JSON. */
  readonly path: string;
  readonly labels: readonly string[];
  readonly fields: readonly Field<T>[];
  readonly windows?: readonly Window<T>[];
}

/** Of a rolling window; librdkafka starts a new one with each report. */
const QUANTILES = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
] as const;

const clientLevel: Level<Statistics> = {
  name: '',
  path: '',
  labels: [],
  fields: [
    ['age', 'gauge', 'microseconds'],
    ['replyq', 'gauge'],
    ['msg_cnt', 'gauge'],
    ['msg_size', 'gauge', 'bytes'],
    ['msg_max', 'gauge'],
    ['msg_size_max', 'gauge', 'bytes'],
    ['tx', 'counter'],
    ['tx_bytes', 'counter'],
    ['rx', 'counter'],
    ['rx_bytes', 'counter'],
    ['txmsgs', 'counter'],
    ['txmsg_bytes', 'counter'],
    ['rxmsgs', 'counter'],
    ['rxmsg_bytes', 'counter'],
    ['metadata_cache_cnt', 'gauge'],
  ],
};

const brokerLevel: Level<BrokerStatistics> = {
  name: 'broker',
  path: 'brokers.*.',
  labels: ['broker'],
  fields: [
    ['stateage', 'gauge', 'microseconds'],
    ['outbuf_cnt', 'gauge'],
    ['outbuf_msg_cnt', 'gauge'],
    ['waitresp_cnt', 'gauge'],
    ['waitresp_msg_cnt', 'gauge'],
    ['tx', 'counter'],
    ['txbytes', 'counter'],
    ['txerrs', 'counter'],
    ['txretries', 'counter'],
    ['txidle', 'gauge', 'microseconds'],
    ['req_timeouts', 'counter'],
    ['rx', 'counter'],
    ['rxbytes', 'counter'],
    ['rxerrs', 'counter'],
    ['rxcorriderrs', 'counter'],
    ['rxpartial', 'counter'],
    ['rxidle', 'gauge', 'microseconds'],
    ['zbuf_grow', 'counter'],
    ['wakeups', 'counter'],
    ['connects', 'counter'],
    ['disconnects', 'counter'],
  ],
  windows: [
    ['int_latency', 'microseconds'],
    ['outbuf_latency', 'microseconds'],
    ['rtt', 'microseconds'],
    ['throttle', 'milliseconds'],
  ],
};

const topicLevel: Level<TopicStatistics> = {
  name: 'topic',
  path: 'topics.*.',
  labels: ['topic'],
  fields: [
    ['age', 'gauge', 'milliseconds'],
    ['metadata_age', 'gauge', 'milliseconds'],
  ],
  windows: [['batchsize', 'bytes'], ['batchcnt']],
};

const partitionLevel: Level<PartitionStatistics> = {
  name: 'partition',
  path: 'topics.*.partitions.*.',
  labels: ['topic', 'partition'],
  fields: [
    ['msgq_cnt', 'gauge'],
    ['msgq_bytes', 'gauge'],
    ['xmit_msgq_cnt', 'gauge'],
    ['xmit_msgq_bytes', 'gauge'],
    ['fetchq_cnt', 'gauge'],
    ['fetchq_size', 'gauge', 'bytes'],
    ['app_offset', 'gauge'],
    ['committed_offset', 'gauge'],
    ['lo_offset', 'gauge'],
    ['hi_offset', 'gauge'],
    ['ls_offset', 'gauge'],
    ['consumer_lag', 'gauge'],
    ['txmsgs', 'counter'],
    ['txbytes', 'counter'],
    ['rxmsgs', 'counter'],
    ['rxbytes', 'counter'],
    ['rx_ver_drops', 'counter'],
    ['msgs_inflight', 'gauge'],
  ],
};

const groupLevel: Level<ConsumerGroupStatistics> = {
  name: 'cgrp',
  path: 'cgrp.',
  labels: [],
  fields: [
    ['stateage', 'gauge', 'milliseconds'],
    ['rebalance_age', 'gauge', 'milliseconds'],
    ['rebalance_cnt', 'counter'],
    ['assignment_size', 'gauge'],
  ],
};

const transactionLevel: Level<TransactionStatistics> = {
  name: 'eos',
  path: 'eos.',
  labels: [],
  fields: [
    ['idemp_stateage', 'gauge', 'milliseconds'],
    ['txn_stateage', 'gauge', 'milliseconds'],
    ['epoch_cnt', 'counter'],
  ],
};

/** A level whose field names are plain strings. */
type AnyLevel = Omit<Level<never>, 'fields' | 'windows'> & {
  readonly fields: readonly (readonly [field: string, kind: Kind, unit?: string])[];
  readonly windows?: readonly (readonly [field: string, unit?: string])[];
};

const levels: readonly AnyLevel[] = [
  clientLevel,
  brokerLevel,
  topicLevel,
  partitionLevel,
  groupLevel,
  transactionLevel,
];

const nameOf = (level: string, field: string, kind: Kind, unit = ''): string =>
  ['librdkafka', level, field, unit, kind === 'counter' ? 'total' : ''].filter((part) => part !== '').join('_');

const levelMetrics = levels.flatMap(({ name: level, path, labels, fields, windows = [] }): Metric[] => {
  const help = (field: string) => `${path}${field} of librdkafka's statistics`;
  return [
    ...fields.map(([field, kind, unit]) => {
      return { name: nameOf(level, field, kind, unit), kind, help: help(field), labels };
    }),
    ...windows.map(([field, unit]): Metric => {
      const name = nameOf(level, field, 'gauge', unit);
      return { name, kind: 'gauge', help: help(field), labels: [...labels, 'quantile'] };
    }),
  ];
});

const brokerUp: Metric = {
  name: 'librdkafka_broker_up',
  kind: 'gauge',
  help: 'Whether the broker is connected',
  labels: ['broker'],
};

export const statisticsMetrics: readonly Metric[] = [brokerUp, ...levelMetrics];

/** Leaves out fields that an older librdkafka does not have (absent) or does not know (negative). */
function* readLevel<T extends object>(
  { name: level, fields, windows = [] }: Level<T>,
  from: T | undefined,
  labels: Labels,
): Generator<Sample> {
  if (from === undefined) return;
  const sample = (metric: string, value: unknown, more: Labels = labels): Sample[] =>
    typeof value === 'number' && value >= 0 ? [{ metric, labels: more, value }] : [];
  for (const [field, kind, unit] of fields) yield* sample(nameOf(level, field, kind, unit), from[field]);
  for (const [field, unit] of windows) {
    const window = from[field] as WindowStatistics | undefined;
    for (const [key, quantile] of window?.cnt ? QUANTILES : [])
      yield* sample(nameOf(level, field, 'gauge', unit), window?.[key], { ...labels, quantile });
  }
}

/** Leaves out partitions that the client neither reads nor has written to: librdkafka reports all partitions of a topic. */
export function* readStatistics(statistics: Statistics): Generator<Sample> {
  yield* readLevel(clientLevel, statistics, {});
  yield* readLevel(groupLevel, statistics.cgrp, {});
  yield* readLevel(transactionLevel, statistics.eos, {});
  for (const broker of Object.values(statistics.brokers)) {
    if (broker.source === 'internal') continue;
    const labels = { broker: broker.name };
    yield sampleOf(brokerUp, broker.state === 'UP' || broker.state === 'UPDATE' ? 1 : 0, labels);
    yield* readLevel(brokerLevel, broker, labels);
  }
  for (const topic of Object.values(statistics.topics)) {
    yield* readLevel(topicLevel, topic, { topic: topic.topic });
    for (const partition of Object.values(topic.partitions)) {
      if (partition.partition < 0 || !(partition.desired || partition.txmsgs > 0)) continue;
      yield* readLevel(partitionLevel, partition, { topic: topic.topic, partition: partition.partition });
    }
  }
}
