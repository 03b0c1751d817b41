/** The metrics of a client: librdkafka's statistics, and this library's own counts. */
import type { ConsumerEvent } from '../consume/events';
import type { ConsumerFlow } from '../consume/flow';
import type { Statistics } from '../generated/statistics';
import type { ProducerFlow } from '../produce/delivery-ledger';
import type { ClientView } from './client-view';
import { type Kind, type Labels, type Metric, type Sample, sampleOf } from './metric';
import { readStatistics, statisticsMetrics } from './statistics';

interface Timing {
  readonly name: string;
  readonly help: string;
  /** In seconds. */
  readonly buckets: readonly number[];
}

/** Besides `client`: both timings are of consumers. */
export const timingLabels: readonly string[] = ['group_id'];

const own = (name: string, kind: Kind, help: string, ...labels: string[]): Metric => {
  // Queries aggregate by group: its members are instances of one application. Series of other clients have no such label.
  const group = /^(consumer_|events$|errors$)/.test(name) ? ['group_id'] : [];
  return { name: `rdkafka_rx_${name}${kind === 'counter' ? '_total' : ''}`, kind, help, labels: [...group, ...labels] };
};

const ownMetrics = {
  info: own('client_info', 'gauge', '1 for every client', 'kind', 'client_id', 'group_id'),
  assigned: own('consumer_assigned_partitions', 'gauge', 'Partitions assigned'),
  gated: own(
    'consumer_gated_partitions',
    'gauge',
    'Partitions that wait for acknowledgements before more is delivered',
  ),
  paused: own('consumer_paused_partitions', 'gauge', 'Partitions paused by pause()'),
  creditUsed: own('consumer_credit_used_bytes', 'gauge', 'Memory of received messages that are not acknowledged'),
  creditLimit: own('consumer_credit_limit_bytes', 'gauge', 'Limit of rdkafka_rx_consumer_credit_used_bytes'),
  received: own('consumer_received_messages', 'counter', 'Messages received', 'topic'),
  receivedBytes: own('consumer_received_bytes', 'counter', 'Memory of received messages', 'topic'),
  done: own(
    'consumer_done_messages',
    'counter',
    'Messages acknowledged, or delivered with commit: delivery or none',
    'topic',
  ),
  buffered: own('consumer_buffered_messages', 'gauge', 'Messages received, not yet delivered', 'topic', 'partition'),
  unacked: own('consumer_unacked_messages', 'gauge', 'Messages delivered, not yet acknowledged', 'topic', 'partition'),
  lag: own(
    'consumer_lag',
    'gauge',
    'Offsets from the first unacknowledged message to the end of the partition',
    'topic',
    'partition',
  ),
  queued: own('producer_queued_records', 'gauge', 'Records that wait for their delivery report'),
  queuedBytes: own('producer_queued_bytes', 'gauge', 'Bytes of records that wait for their delivery report'),
  queueLimit: own('producer_queue_limit_records', 'gauge', 'Records that fit into the queue, if limited'),
  queueLimitBytes: own('producer_queue_limit_bytes', 'gauge', 'Bytes that fit into the queue'),
  delivered: own('producer_delivered_records', 'counter', 'Records delivered'),
  failed: own('producer_failed_records', 'counter', 'Records that failed', 'code'),
  events: own('events', 'counter', 'Events, such as assigned, revoked, lost, commit, gated, stalled', 'type'),
  errors: own('errors', 'counter', 'Errors outside of any call', 'code'),
} satisfies Record<string, Metric>;

/** Every metric except the {@link timings}. */
export const metrics: readonly Metric[] = [...Object.values(ownMetrics), ...statisticsMetrics];

const COMMIT = 'rdkafka_rx_consumer_commit_duration_seconds';
const REVOCATION = 'rdkafka_rx_consumer_revocation_duration_seconds';

export const timings: readonly Timing[] = [
  {
    name: COMMIT,
    help: 'From the request of a commit to the answer of the broker',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  {
    name: REVOCATION,
    help: 'How long a revocation waited for messages in progress and their commit',
    buckets: [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30],
  },
];

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

/** Not counted: periodic or very frequent events. */
const UNCOUNTED = new Set<string>(['stats', 'log', 'poll', 'oauth-refresh']);

/**
 * Events of a consumer that start at 0: a series that begins with its first event shows no increase, which would hide a
 * single `lost`.
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

/** The group label of a consumer's series; empty without a group. */
export const groupOf = ({ kind, groupId }: ClientView): Labels =>
  kind === 'consumer' ? { group_id: groupId ?? '' } : {};

/** The samples of one client. */
export class Source {
  private readonly events = new Map<string, number>();
  private readonly errors = new Map<string, number>();
  private statistics: Statistics | null = null;
  /** Stops listening to the client. */
  readonly stop: () => void;

  /** `observe` receives durations in seconds; `gone` is called when the client closes. */
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

  /** The current value of every metric. */
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
