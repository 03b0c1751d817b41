import type { ClientIdentity } from '../client/identity';
import type { Caller } from '../core/call-stack';
import { type Clock, systemClock } from '../core/clock';
import { ClosedError, KafkaError, StateError } from '../core/errors';
import { EventHub } from '../core/event-hub';
import type { CommitOutcome, TopicPartition, TopicPartitionOffset } from '../core/partition';
import type { StaleReason } from '../message/ack';
import { Chunk } from '../message/chunk';
import type { ClientEvent, Delivery, LaneAssignment } from '../native/events';
import { Accounting, type AccountingHost } from './accounting';
import { Committer } from './committer';
import type { CreditLimits } from './credit';
import { Drains } from './drain';
import type { ConsumerEvent } from './events';
import { type ConsumerFlow, flowOf, Tally } from './flow';
import { Block } from './lane/block';
import type { DeliveryLane, LaneReader, Undecodable } from './lane/delivery-lane';
import type { Lane } from './lane/lane';
import { LaneNotices } from './lane-notices';
import { LeakDetector } from './leak-detector';
import { partitionsOf, Rebalances, readersOf } from './rebalance';
import { Routes } from './routes';
import type { SessionOptions } from './session-options';
import type { LaneOffset, LaneSource } from './source';
import { StallDetector } from './stall-detector';
import type { StopOptions, StopSummary } from './stream/options';
import { type AnyStreamCore, type CoreOptions, StreamCore, type StreamHost } from './stream/stream';
import type { Topics } from './topic-pattern';

/**
 * All streams of one consumer over one {@link LaneSource}: keeps the lanes by id and dispatches deliveries to them.
 * Lanes, rebalances, commits and the accounting keep their own state; the session calls them synchronously, in the order
 * of the deliveries.
 */
export class Session implements StreamHost, AccountingHost {
  readonly source: LaneSource;
  readonly clock: Clock;
  readonly events = new EventHub<ConsumerEvent>();
  readonly client: ClientIdentity | undefined;
  readonly credit: CreditLimits;
  readonly group: boolean;
  readonly endOffset: SessionOptions['endOffset'];
  readonly trackLeaks: StreamHost['trackLeaks'];
  private readonly committer: Committer;
  private readonly drains: Drains;
  private readonly accounting = new Accounting(this);
  private readonly lanes = new Map<number, Lane>();
  private readonly routes = new Routes<AnyStreamCore>();
  private readonly rebalances: Rebalances;
  private readonly stalls: StallDetector;
  private readonly notices = new LaneNotices(this.events);
  private readonly tally = new Tally();
  private closed: { readonly error: Error | null } | null = null;

  constructor(private readonly options: SessionOptions) {
    const { source, clock = systemClock, client, credit, group, endOffset } = options;
    this.source = source;
    this.clock = clock;
    this.client = client;
    this.credit = credit;
    this.group = group;
    this.endOffset = endOffset;
    this.committer = new Committer(source, clock, options.commit ?? {}, (event) => this.events.emit(event));
    this.drains = new Drains(clock);
    this.rebalances = new Rebalances(this, this.drains, options.rebalance ?? {});
    this.stalls = new StallDetector(this, options);
    const leaks = options.leakDetection ? new LeakDetector((event) => this.events.emit(event)) : undefined;
    this.trackLeaks = leaks && ((segments) => leaks.track(segments));
  }

  // --- streams

  /**
   * A stream over some topics.
   *
   * @throws ArgumentError when another stream has one of the topics.
   */
  stream<K, V>(topics: Topics, options: CoreOptions<K, V> = {}): StreamCore<K, V> {
    if (this.closed !== null) throw new ClosedError('consumer');
    const list = this.routes.check(topics);
    const stream = new StreamCore<K, V>(this, `stream(${list.map(String).join(', ')})`, options);
    this.routes.add(stream as unknown as AnyStreamCore, list);
    this.options.onTopics?.(this.topics());
    return stream;
  }

  /** The stream of every topic that no other stream has: what `consumer.subscribe()` and `assign()` read. */
  defaultStream<K, V>(options: CoreOptions<K, V> = {}): StreamCore<K, V> {
    this.routes.dropDefault();
    const stream = new StreamCore<K, V>(this, 'the consumer', options);
    this.routes.add(stream as unknown as AnyStreamCore, null);
    return stream;
  }

  /** Union of the topics of all streams, as librdkafka takes them. */
  topics(): string[] {
    return this.routes.topics();
  }

  private streamOf(topic: string): AnyStreamCore | undefined {
    const readers = this.routes.of(topic);
    if (readers.length > 1) {
      this.end(new StateError(`topic ${topic} matches ${readers.map(({ name }) => name).join(' and ')}`));
    }
    return readers[0];
  }

  reads(stream: unknown, topic: string): boolean {
    return this.streamOf(topic) === stream;
  }

  mayBeReassigned(lane: Lane): boolean {
    if (this.closed !== null || lane.ended === null || lane.ended === 'closed') return false;
    return this.options.reassigns?.(lane.ended === 'lost') ?? false;
  }

  removed(stream: unknown): void {
    const had = this.routes.remove(stream as AnyStreamCore);
    if (this.closed !== null) return;
    if (had) this.options.onTopics?.(this.topics());
    else if (this.routes.isDefault(stream as AnyStreamCore)) this.options.onDefaultEnd?.();
  }

  // --- deliveries

  /** Everything the native side delivers comes in here, in order. */
  deliver(items: readonly Delivery[]): void {
    const woken = new Set<LaneReader>();
    for (const item of items) {
      // Not `instanceof`: the buffer may be of another realm.
      if ((item as { type?: unknown }).type !== undefined) this.handle(item as Exclude<Delivery, ArrayBuffer>, woken);
      else if (this.closed === null) this.receive(item as ArrayBuffer, woken);
    }
    for (const reader of woken) reader.wake();
    this.flush();
  }

  private receive(data: ArrayBuffer, woken: Set<LaneReader>): void {
    const lane = this.lanes.get(Chunk.laneOf(data));
    if (lane === undefined || lane.ended !== null) return;
    const chunk = lane.push(data, this.clock.now());
    const counts = this.tally.of(lane.topic);
    counts.received += chunk.count;
    counts.bytes += chunk.byteLength;
    if (!chunk.safe) this.notices.unsafeOffset(lane);
    woken.add(lane.reader);
  }

  private handle(event: Exclude<Delivery, ArrayBuffer>, woken: Set<LaneReader>): void {
    switch (event.type) {
      case 'assigning':
        if (this.closed === null) void this.rebalances.assigning(event);
        else this.rebalances.decline(event);
        return;
      case 'assigned':
        if (this.closed === null) this.rebalances.assigned(event);
        return;
      case 'revoking':
        if (this.closed === null) this.rebalances.revoking(event);
        else this.rebalances.decline(event);
        return;
      case 'revoked':
        if (this.closed === null) this.rebalances.revoked(event);
        return;
      case 'eof':
        this.eof(event.lane, event.offset, woken);
        return;
      case 'rewound':
        this.rewound(event.lane, event.offset, woken);
        return;
      default:
        if (this.options.onClientEvent !== undefined) this.options.onClientEvent(event);
        else this.events.emit(event as ConsumerEvent & ClientEvent);
    }
  }

  open(assignments: readonly LaneAssignment[]): void {
    const added = new Map<AnyStreamCore, Lane[]>();
    for (const assignment of assignments) {
      const stream = this.streamOf(assignment.topic);
      if (stream === undefined || this.closed !== null) continue;
      const lane = stream.addLane(assignment);
      this.lanes.set(lane.id, lane);
      const lanes = added.get(stream) ?? [];
      lanes.push(lane);
      added.set(stream, lanes);
    }
    for (const stream of this.routes.streams) stream.assigned(added.get(stream) ?? []);
  }

  find(ids: readonly number[]): Lane[] {
    return ids.map((id) => this.lanes.get(id)).filter((lane) => lane !== undefined);
  }

  forget(lanes: readonly Lane[]): void {
    for (const lane of lanes) this.lanes.delete(lane.id);
  }

  endLane(lane: Lane, why: 'revoked' | 'lost' | 'closed'): void {
    if (lane.ended !== null) return;
    lane.end(why);
    lane.reader.remove(lane);
    this.committer.forget(lane);
    this.drains.check();
    this.accounting.schedule();
  }

  private eof(id: number, offset: number, woken: Set<LaneReader>): void {
    const lane = this.lanes.get(id);
    if (lane === undefined || lane.ended !== null) return;
    lane.eof(offset);
    this.streamOf(lane.topic)?.reachedEof(lane);
    this.delivered(lane);
    woken.add(lane.reader);
    this.committer.mark(lane, 0, 0);
    if (lane.allSettled) this.committer.ended();
  }

  private rewound(id: number, offset: number, woken: Set<LaneReader>): void {
    const lane = this.lanes.get(id);
    if (lane === undefined || lane.ended !== null) return;
    const { messages, bytes } = lane.rewound(offset);
    this.committer.rewound(lane);
    if (messages > 0 || bytes > 0) this.source.credit(id, messages, bytes);
    this.drains.check();
    woken.add(lane.reader);
  }

  /** An error of the client, or of a topic or partition, was reported. */
  sourceError(error: KafkaError, topic: string | null): void {
    if (error.fatal) this.end(error);
    else for (const stream of this.routes.streams) stream.sourceError(error, topic);
  }

  // --- accounting

  touched(lane: Lane): void {
    this.accounting.touch(lane);
  }

  stale(lane: Lane, why: StaleReason): void {
    this.notices.staleAck(lane, why);
  }

  delivered(lane: DeliveryLane): void {
    this.stalls.start();
    if (lane.untilEof !== 0 && !lane.boundDelivered) return;
    this.accounting.arrive(lane as Lane);
  }

  undecodable(lane: DeliveryLane, what: Undecodable): void {
    this.streamOf(lane.topic)?.undecodable(lane as Lane, what);
  }

  emit(event: ConsumerEvent): void {
    this.events.emit(event);
  }

  /** Accounts for settled messages now: credit, commits and ends of partitions. */
  flush(): void {
    this.accounting.flush();
  }

  settled(lane: Lane, messages: number, bytes: number): void {
    this.tally.of(lane.topic).done += messages;
    this.committer.mark(lane, messages, bytes);
    if (lane.allSettled && lane.atEof) this.committer.ended();
  }

  arrived(lane: Lane): void {
    const offset = lane.passEof();
    if (offset !== null) this.reportEof(lane, offset);
    if (lane.boundDelivered) this.streamOf(lane.topic)?.laneDelivered(lane);
  }

  accounted(): void {
    this.drains.check();
  }

  reportEof({ topic, partition }: Lane, offset: number): void {
    this.events.emit({ type: 'eof', topic, partition, offset });
  }

  // --- lanes

  lane(at: TopicPartition): Lane | undefined {
    for (const lane of this.lanes.values()) {
      if (lane.topic === at.topic && lane.partition === at.partition && lane.ended === null) return lane;
    }
    return undefined;
  }

  /** @throws StateError */
  private assignedLane(at: TopicPartition): Lane {
    const lane = this.lane(at);
    if (lane === undefined) throw new StateError(`${at.topic}/${at.partition} is not assigned to this consumer`);
    return lane;
  }

  assignmentLanes(): Lane[] {
    return [...this.lanes.values()].filter((lane) => lane.ended === null);
  }

  /** See {@link flowOf}. */
  flow(endOf: (at: TopicPartition) => number | null): ConsumerFlow {
    return flowOf(this.assignmentLanes(), this.credit, this.tally, endOf);
  }

  /** Nothing more is delivered from these partitions, not even what is buffered. */
  pause(partitions: Iterable<TopicPartition>): void {
    for (const at of partitions) {
      const lane = this.assignedLane(at);
      lane.block(Block.paused);
      this.source.pause(lane.id, true);
    }
    this.flush();
  }

  resume(partitions: Iterable<TopicPartition>): void {
    for (const at of partitions) {
      const lane = this.assignedLane(at);
      lane.unblock(Block.paused);
      this.source.pause(lane.id, false);
      lane.reader.wake();
    }
    this.flush();
  }

  paused(): TopicPartition[] {
    return partitionsOf(this.assignmentLanes().filter((lane) => lane.isBlocked(Block.paused)));
  }

  /** Offset of the next message to be delivered; null while it is unknown. */
  position(at: TopicPartition): number | null {
    const lane = this.lane(at);
    return lane === undefined || lane.deliveryPosition < 0 ? null : lane.deliveryPosition;
  }

  /**
   * Seeks through the lane. `command` makes the native side do it; nothing is delivered until its `rewound` event. Messages
   * delivered before are no longer committed, and their acknowledgements are stale. A seek cannot be called off: after
   * `ms` only the waiting ends.
   */
  async seek(at: TopicPartition, ms: number, command: (lane: number) => Promise<void>): Promise<void> {
    const lane = this.assignedLane(at);
    lane.beginSeek();
    const done = command(lane.id).catch((error: unknown) => {
      // It did not happen: the buffer still holds what comes next.
      lane.endSeek();
      lane.reader.wake();
      this.flush();
      throw error;
    });
    return new Promise((resolve, reject) => {
      const late = () => {
        const message = `Cannot seek ${at.topic}/${at.partition}: no answer within ${ms} ms. It may still take effect`;
        reject(new KafkaError('ERR_KAFKA__TIMED_OUT', message, { retriable: true }));
      };
      const timer = this.clock.setTimer(late, ms);
      void done.then(resolve, reject).finally(() => this.clock.clearTimer(timer));
    });
  }

  // --- commits

  isDirty(lane: Lane): boolean {
    return this.committer.isDirty(lane);
  }

  commitLanes(lanes: readonly Lane[]): Promise<void> {
    return this.committer.flush(lanes);
  }

  /** Commits everything acknowledged so far. Resolves on the broker's answer. */
  commit(): Promise<void>;
  /** Commits these offsets; messages delivered below them are settled. Resolves on the broker's answer. */
  commit(offsets: readonly LaneOffset[]): Promise<readonly CommitOutcome[]>;
  commit(offsets?: readonly LaneOffset[]): Promise<unknown> {
    if (offsets !== undefined) return this.commitOffsets(offsets);
    this.flush();
    return this.committer.flush(this.assignmentLanes());
  }

  private commitOffsets(offsets: readonly LaneOffset[]): Promise<readonly CommitOutcome[]> {
    const ofLanes = offsets.map((at) => ({ lane: this.lane(at)?.id, ...at }));
    return this.committer.commit(ofLanes, (at) => this.lane(at)?.settleBelow(at.offset));
  }

  // --- the end

  drained(lanes: readonly Lane[], ms: number): Promise<boolean> | true {
    return this.drains.wait(lanes, ms);
  }

  /** See {@link Rebalances.leave}. */
  leave(ms: number): Promise<void> {
    return this.rebalances.leave(ms);
  }

  /** Stops all streams: no more deliveries, waits for delivered messages, commits. Does not leave the group. */
  async stop(options: StopOptions = {}): Promise<StopSummary> {
    const summaries = await Promise.all(this.routes.streams.map((stream) => stream.finish(options)));
    return total(summaries);
  }

  /** The call comes from code that the end waits for: that which processes messages, or a hook. */
  called(callers: readonly Caller[]): boolean {
    return this.rebalances.called(callers) || this.routes.streams.some((stream) => stream.called(callers));
  }

  /** What was stopped so far. */
  progress(): StopSummary {
    return total(this.routes.streams.map((stream) => stream.progress()));
  }

  /** The client is closed, or cannot go on: everything that waits ends, once, with the cause. */
  end(error: Error | null): void {
    if (this.closed !== null) return;
    this.closed = { error };
    if (error !== null) this.events.emit({ type: 'stream-error', error });
    this.stalls.stop();
    this.rebalances.close();
    const lanes = this.assignmentLanes();
    const readers = readersOf(lanes);
    for (const lane of lanes) this.endLane(lane, 'closed');
    this.lanes.clear();
    this.drains.close();
    this.committer.close(error);
    for (const stream of this.routes.streams) stream.end(error);
    for (const reader of readers) reader.finish(error);
    // The cause was an event; mere listeners need no error handler of their own.
    this.events.end(null);
  }
}

function total(summaries: readonly StopSummary[]): StopSummary {
  return {
    drained: summaries.every((one) => one.drained),
    abandoned: summaries.flatMap((one) => one.abandoned),
    committed: summaries.flatMap((one): readonly TopicPartitionOffset[] => one.committed),
    waitedMs: Math.max(0, ...summaries.map((one) => one.waitedMs)),
  };
}
