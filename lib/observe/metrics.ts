/**
 * What there is to measure of a client, as names and numbers: librdkafka's statistics, and what this library knows of its
 * own loop. Which system the numbers go to is not known here.
 */
import type { ConsumerEvent } from '../consume/events';
import type { ConsumerFlow } from '../consume/flow';
import type {
  BrokerStatistics,
  ConsumerGroupStatistics,
  PartitionStatistics,
  Statistics,
  TopicStatistics,
  TransactionStatistics,
  WindowStatistics,
} from '../generated/statistics';
import type { ProducerFlow } from '../produce/delivery-ledger';
import type { ClientView } from './client-view';

type Kind = 'counter' | 'gauge';

interface Metric {
  readonly name: string;
  readonly kind: Kind;
  readonly help: string;
  /** Beside `client`. */
  readonly labels: readonly string[];
}

interface Timing {
  readonly name: string;
  readonly help: string;
  /** In seconds. */
  readonly buckets: readonly number[];
}

/** Beside `client`: both timings are of consumers. */
export const timingLabels: readonly string[] = ['group_id'];

export interface Sample {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

type KeysOf<T, V> = { [K in keyof T]-?: T[K] extends V ? K : never }[keyof T] & string;

/** A number in the statistics, and its unit where its name does not say it. */
type Field<T> = readonly [field: KeysOf<T, number>, kind: Kind, unit?: string];
type Window<T> = readonly [field: KeysOf<T, WindowStatistics>, unit?: string];

interface Level<T> {
  readonly name: string;
  /** In the JSON. */
  readonly path: string;
  readonly labels: readonly string[];
  readonly fields: readonly Field<T>[];
  readonly windows?: readonly Window<T>[];
}

/** Of a rolling window, which librdkafka makes anew for each report. */
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

/** A level whose fields are only names. */
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

const statisticsMetrics = levels.flatMap(({ name: level, path, labels, fields, windows = [] }): Metric[] => {
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

const BROKER_UP = 'librdkafka_broker_up';

const own = (name: string, kind: Kind, help: string, ...labels: string[]): Metric => {
  // What a group does is asked by group: its members are instances of one thing. Other clients' series do not have the label.
  const group = /^(consumer_|events$|errors$)/.test(name) ? ['group_id'] : [];
  return { name: `rdkafka_rx_${name}${kind === 'counter' ? '_total' : ''}`, kind, help, labels: [...group, ...labels] };
};

const ownMetrics = {
  info: own('client_info', 'gauge', '1 for every client', 'kind', 'client_id', 'group_id'),
  assigned: own('consumer_assigned_partitions', 'gauge', 'Partitions assigned'),
  gated: own('consumer_gated_partitions', 'gauge', 'Partitions of which no more is taken before something is acked'),
  paused: own('consumer_paused_partitions', 'gauge', 'Partitions paused by pause()'),
  creditUsed: own('consumer_credit_used_bytes', 'gauge', 'Memory of messages received and not done'),
  creditLimit: own('consumer_credit_limit_bytes', 'gauge', 'What that may be at most'),
  received: own('consumer_received_messages', 'counter', 'Messages received', 'topic'),
  receivedBytes: own('consumer_received_bytes', 'counter', 'Memory of messages received', 'topic'),
  done: own('consumer_done_messages', 'counter', 'Messages acknowledged, or delivered where that counts', 'topic'),
  buffered: own('consumer_buffered_messages', 'gauge', 'Messages received and not delivered', 'topic', 'partition'),
  unacked: own('consumer_unacked_messages', 'gauge', 'Messages delivered and not done', 'topic', 'partition'),
  lag: own(
    'consumer_lag',
    'gauge',
    'From the first message that is not done to the end of the partition',
    'topic',
    'partition',
  ),
  queued: own('producer_queued_records', 'gauge', 'Records accepted and not answered for'),
  queuedBytes: own('producer_queued_bytes', 'gauge', 'Bytes of records accepted and not answered for'),
  queueLimit: own('producer_queue_limit_records', 'gauge', 'Records that the queue holds, when that is limited'),
  queueLimitBytes: own('producer_queue_limit_bytes', 'gauge', 'Bytes that the queue holds'),
  delivered: own('producer_delivered_records', 'counter', 'Records delivered'),
  failed: own('producer_failed_records', 'counter', 'Records not delivered', 'code'),
  events: own('events', 'counter', 'Events, such as assigned, revoked, lost, commit, gated, stalled', 'type'),
  errors: own('errors', 'counter', 'Errors that ended nothing by themselves', 'code'),
} satisfies Record<string, Metric>;

/** Every metric but the {@link timings}. */
export const metrics: readonly Metric[] = [
  ...Object.values(ownMetrics),
  { name: BROKER_UP, kind: 'gauge', help: 'Whether the broker is connected', labels: ['broker'] },
  ...statisticsMetrics,
];

const COMMIT = 'rdkafka_rx_consumer_commit_duration_seconds';
const REVOCATION = 'rdkafka_rx_consumer_revocation_duration_seconds';

export const timings: readonly Timing[] = [
  {
    name: COMMIT,
    help: "From a commit's request to the broker's answer",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  {
    name: REVOCATION,
    help: 'How long a rebalance waited for messages under way and their commit',
    buckets: [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30],
  },
];

type Labels = Sample['labels'];

/** Fields that an older librdkafka does not have are absent, and what it does not know is negative: both are left out. */
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

/** Partitions that the client neither reads nor has written to are left out: librdkafka reports all of a topic. */
function* readStatistics(statistics: Statistics): Generator<Sample> {
  yield* readLevel(clientLevel, statistics, {});
  yield* readLevel(groupLevel, statistics.cgrp, {});
  yield* readLevel(transactionLevel, statistics.eos, {});
  for (const broker of Object.values(statistics.brokers)) {
    if (broker.source === 'internal') continue;
    const labels = { broker: broker.name };
    yield { metric: BROKER_UP, labels, value: broker.state === 'UP' || broker.state === 'UPDATE' ? 1 : 0 };
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

const sampleOf = ({ name: metric }: Metric, value: number, labels: Labels = {}): Sample => ({ metric, labels, value });

function* readConsumer({ partitions, topics, bytes, credit }: ConsumerFlow, group: Labels): Generator<Sample> {
  const { assigned, gated, paused, creditUsed, creditLimit } = ownMetrics;
  yield sampleOf(assigned, partitions.length, group);
  yield sampleOf(gated, partitions.filter((one) => one.gated).length, group);
  yield sampleOf(paused, partitions.filter((one) => one.paused).length, group);
  yield sampleOf(creditUsed, bytes, group);
  yield sampleOf(creditLimit, credit.totalBytes, group);
  for (const [topic, counts] of topics) {
    yield sampleOf(ownMetrics.received, counts.received, { ...group, topic });
    yield sampleOf(ownMetrics.receivedBytes, counts.bytes, { ...group, topic });
    yield sampleOf(ownMetrics.done, counts.done, { ...group, topic });
  }
  for (const { topic, partition, buffered, unacked, lag } of partitions) {
    const labels = { ...group, topic, partition };
    yield sampleOf(ownMetrics.buffered, buffered, labels);
    yield sampleOf(ownMetrics.unacked, unacked, labels);
    if (lag !== null) yield sampleOf(ownMetrics.lag, lag, labels);
  }
}

function* readProducer({ pending, pendingBytes, limits, delivered, failed }: ProducerFlow): Generator<Sample> {
  yield sampleOf(ownMetrics.queued, pending);
  yield sampleOf(ownMetrics.queuedBytes, pendingBytes);
  if (Number.isFinite(limits.records)) yield sampleOf(ownMetrics.queueLimit, limits.records);
  yield sampleOf(ownMetrics.queueLimitBytes, limits.bytes);
  yield sampleOf(ownMetrics.delivered, delivered);
  for (const [code, records] of failed) yield sampleOf(ownMetrics.failed, records, { code });
}

/** These are not counted: they come by the clock, or by the thousand. */
const UNCOUNTED = new Set<string>(['stats', 'log', 'poll', 'oauth-refresh']);

/**
 * What a consumer may have to tell, 0 until it happens: a series that begins with its first event has no increase, and a single `lost`
 * would be seen by nobody.
 */
const CONSUMER_EVENTS = [
  ...([
    'assigned',
    'revoking',
    'revoked',
    'lost',
    'commit',
    'eof',
    'gated',
    'stalled',
    'skipped',
    'dead-letter',
  ] as const),
  ...(['stale-ack', 'leaked-batch', 'stream-error', 'error', 'throttle'] as const),
] satisfies ConsumerEvent['type'][];
const CLIENT_EVENTS = ['error', 'throttle'] satisfies ConsumerEvent['type'][];

/** The label of a consumer's series; empty without a group. */
export const groupOf = ({ kind, groupId }: ClientView): Labels =>
  kind === 'consumer' ? { group_id: groupId ?? '' } : {};

/** Watches one client. */
export class Source {
  private readonly events = new Map<string, number>();
  private readonly errors = new Map<string, number>();
  private statistics: Statistics | null = null;
  /** Takes no more notice of the client. */
  readonly stop: () => void;

  /** `observe` gets durations in seconds; `gone` is called when the client is closed. */
  constructor(
    private readonly client: ClientView,
    private readonly observe: (timing: string, seconds: number) => void,
    gone: () => void,
  ) {
    for (const type of client.kind === 'consumer' ? CONSUMER_EVENTS : CLIENT_EVENTS) this.events.set(type, 0);
    this.stop = client.events.on((event) => this.see(event), gone, false);
  }

  private see(event: ConsumerEvent): void {
    if (event.type === 'stats') this.statistics = JSON.parse(event.json) as Statistics;
    if (UNCOUNTED.has(event.type)) return;
    count(this.events, event.type);
    if (event.type === 'error') count(this.errors, event.error.code ?? event.error.name);
    else if (event.type === 'commit') this.observe(COMMIT, event.ms / 1000);
    else if (event.type === 'revoked') this.observe(REVOCATION, event.waitedMs / 1000);
  }

  /** Everything there is to say now. */
  *samples(): Generator<Sample> {
    const { kind, clientId, groupId } = this.client;
    yield sampleOf(ownMetrics.info, 1, { kind, client_id: clientId, group_id: groupId ?? '' });
    const group = groupOf(this.client);
    const flow = this.client.flow?.();
    if (flow !== undefined) yield* 'partitions' in flow ? readConsumer(flow, group) : readProducer(flow);
    for (const [type, times] of this.events) yield sampleOf(ownMetrics.events, times, { ...group, type });
    for (const [code, times] of this.errors) yield sampleOf(ownMetrics.errors, times, { ...group, code });
    if (this.statistics !== null) yield* readStatistics(this.statistics);
  }
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
