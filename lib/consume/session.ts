import { type Clock, systemClock, within } from '../core/clock';
import { ClosedError, KafkaError, type NativeError, StateError } from '../core/errors';
import { EventHub } from '../core/event-hub';
import type { CommitOutcome, OffsetToCommit, TopicPartition, TopicPartitionOffset } from '../core/partition';
import { Chunk } from '../message/chunk';
import type { Delivery, LaneAssignment, LaneEvent } from '../native/events';
import { Committer } from './committer';
import type { CreditLimits } from './credit';
import { Drains } from './drain';
import type { ConsumerEvent } from './events';
import { type ConsumerFlow, flowOf, Tally } from './flow';
import { HELD, type Lane, type LaneHost } from './lane/lane';
import { CLOSING, feedsOf, partitionsOf, Revocations } from './rebalance';
import { Routes } from './routes';
import type { Faults, SessionOptions } from './session-options';
import type { LaneSource } from './source';
import type { Feed, FeedHost } from './stream/feed';
import type { StopSummary } from './stream/options';
import { KafkaStream, type StopOptions, type StreamOptions } from './stream/stream';
import type { Topics } from './topic-pattern';
import { Watch } from './watch';

/**
 * All streams of one consumer over one {@link LaneSource}: routes deliveries, owns lanes, commits and rebalances.
 * Every change of state happens here, synchronously, in the order of the calls.
 */
export class Session implements FeedHost, LaneHost {
  readonly source: LaneSource;
  readonly clock: Clock;
  readonly events = new EventHub<ConsumerEvent>();
  readonly credit: CreditLimits;
  readonly group: boolean;
  readonly committer: Committer;
  readonly drains: Drains;
  /** @internal */
  readonly faults: Faults;
  readonly lease: FeedHost['lease'];
  private readonly lanes = new Map<number, Lane>();
  private readonly routes = new Routes();
  private readonly revocations: Revocations;
  private readonly watch: Watch;
  private readonly tally = new Tally();
  private readonly touchedLanes: Lane[] = [];
  private readonly arrivals: [Feed, Lane][] = [];
  private scheduled = false;
  private flushing = false;
  private closed: { readonly error: Error | null } | null = null;
  /** The last revocation that the group asked for, and the one that closing makes. */
  private revocation: Promise<void> = Promise.resolve();
  /** The last assignment whose hook was called: over when its partitions are there, or are not to come any more. */
  private assignment: Promise<void> = Promise.resolve();
  private settleAssignment: () => void = () => {};
  private leaving: Promise<void> | null = null;
  private givenUp: readonly Lane[] = [];

  constructor(/** @internal */ readonly options: SessionOptions) {
    this.source = options.source;
    this.clock = options.clock ?? systemClock;
    this.credit = options.credit;
    this.group = options.group;
    this.faults = options.faults ?? {};
    this.committer = new Committer(
      this.source,
      this.clock,
      options.commit ?? {},
      (event) => this.events.emit(event),
      this.faults,
    );
    this.drains = new Drains(this.clock, this.faults);
    this.revocations = new Revocations(
      {
        source: this.source,
        clock: this.clock,
        commitLanes: (lanes) => this.committer.flush(lanes),
        isDirty: (lane) => this.committer.isDirty(lane),
        endLane: (lane, why) => this.endLane(lane, why),
        hookFailed: (error) => this.hookFailed(error),
      },
      this.drains,
      options.rebalance ?? {},
      this.faults,
    );
    this.watch = new Watch(this, options);
    this.lease = options.leakDetection ? (segments) => this.watch.lease(segments) : undefined;
  }

  // --- streams

  /**
   * A stream over some topics.
   *
   * @throws ArgumentError when another stream has one of the topics.
   */
  stream<K, V>(topics: Topics, options: StreamOptions<K, V> = {}): KafkaStream<K, V> {
    if (this.closed !== null) throw new ClosedError('consumer');
    const list = this.routes.check(topics);
    const stream = new KafkaStream<K, V>(this, `stream(${list.map(String).join(', ')})`, options);
    this.routes.add(stream, list);
    this.options.onTopics?.(this.topics());
    return stream;
  }

  /** The stream that gets every topic no other stream has: what `consumer.subscribe()` and `assign()` read. */
  defaultStream<K, V>(options: StreamOptions<K, V> = {}): KafkaStream<K, V> {
    const stream = new KafkaStream<K, V>(this, 'the consumer', options);
    this.routes.add(stream, null);
    return stream;
  }

  /** Union of the topics of all streams, as librdkafka takes them. */
  topics(): string[] {
    return this.routes.topics();
  }

  private streamOf(topic: string): KafkaStream<never, never> | undefined {
    const readers = this.routes.of(topic);
    if (readers.length > 1) {
      this.end(new StateError(`topic ${topic} matches ${readers.map(({ name }) => name).join(' and ')}`));
    }
    return readers[0];
  }

  /** @internal */
  owns(stream: unknown, topic: string): boolean {
    return this.streamOf(topic) === stream;
  }

  /** @internal A partition that went may come back with the next assignment. */
  comesBack(lane: Lane): boolean {
    if (this.closed !== null || lane.ended === null || lane.ended === 'closed') return false;
    return this.options.assignsAgain?.(lane.ended === 'lost') ?? false;
  }

  /** @internal A stream ended: its topics are free again. */
  removeStream(stream: KafkaStream<never, never>): void {
    if (!this.routes.remove(stream)) return;
    if (this.closed === null) this.options.onTopics?.(this.topics());
  }

  // --- deliveries

  /** Everything the native layer delivers comes in here, in order. */
  deliver(items: readonly Delivery[]): void {
    if (this.closed !== null) {
      for (const item of items) this.decline(item as LaneEvent);
      return;
    }
    const woken = new Set<Feed>();
    for (const item of items) {
      // Not `instanceof`: the buffer may be of another realm.
      if ((item as { type?: unknown }).type === undefined) this.receive(item as ArrayBuffer, woken);
      else this.handle(item as Exclude<Delivery, ArrayBuffer>, woken);
    }
    for (const feed of woken) feed.wake();
    this.flush();
  }

  /** Nobody reads any more, but the group waits for an answer, and this member with it. */
  private decline(event: LaneEvent): void {
    if (event.type === 'revoking') this.source.release(event.id);
    else if (event.type === 'assigning') {
      const stored = ({ topic, partition }: TopicPartition) => ({ topic, partition, offset: -1001 });
      this.source.answerAssign(event.id, event.partitions.map(stored));
    }
  }

  private receive(data: ArrayBuffer, woken: Set<Feed>): void {
    const lane = this.lanes.get(Chunk.laneOf(data));
    if (lane === undefined || lane.ended !== null) return;
    const chunk = lane.push(data, this.clock.now());
    const counts = this.tally.of(lane.topic);
    counts.received += chunk.count;
    counts.bytes += chunk.byteLength;
    if (!chunk.safe) this.watch.unsafe(lane);
    woken.add(lane.feed);
  }

  private handle(event: Exclude<Delivery, ArrayBuffer>, woken: Set<Feed>): void {
    switch (event.type) {
      case 'assigning':
        void this.assigning(event.id, event.partitions);
        return;
      case 'assigned':
        this.assigned(event.id, event.lanes);
        return;
      case 'revoking':
        this.revoking(event);
        return;
      case 'revoked':
        this.revoked(event);
        return;
      case 'eof':
        this.eof(event.lane, event.offset, woken);
        return;
      case 'rewound':
        this.rewound(event.lane, event.offset, woken);
        return;
      case 'partition-error':
      case 'error':
        this.nativeError(event);
        return;
      case 'auto-commit':
        this.autoCommitted(event);
        return;
      default:
        this.events.emit(event);
    }
  }

  private async assigning(id: number, partitions: readonly TopicPartition[]): Promise<void> {
    const start = new Map(partitions.map((at) => [`${at.topic}/${at.partition}`, -1001]));
    try {
      const given = partitions.map(({ topic, partition }) => ({ topic, partition }));
      // What comes while everything is given up is not read: nobody would be told when it goes.
      const offsets = this.leaving === null ? await this.announceAssignment(given) : undefined;
      for (const { topic, partition, offset } of offsets ?? []) start.set(`${topic}/${partition}`, offset);
    } catch (error) {
      // Reading from anywhere else than where the hook would have said could skip messages.
      this.end(error instanceof Error ? error : new Error(String(error)));
    }
    this.source.answerAssign(
      id,
      partitions.map(({ topic, partition }) => ({
        topic,
        partition,
        offset: start.get(`${topic}/${partition}`) as number,
      })),
    );
  }

  private announceAssignment(partitions: readonly TopicPartition[]) {
    const { onAssigned } = this.options.rebalance ?? {};
    if (onAssigned === undefined) return undefined;
    this.assignment = new Promise((resolve) => {
      this.settleAssignment = resolve;
    });
    return onAssigned(partitions);
  }

  private assigned(id: number, assignments: readonly LaneAssignment[]): void {
    this.settleAssignment();
    this.revocations.seen(id);
    const added = new Map<KafkaStream<never, never>, Lane[]>();
    for (const assignment of assignments) {
      const stream = this.streamOf(assignment.topic);
      if (stream === undefined || this.closed !== null) continue;
      const lane = stream.addLane(assignment);
      this.lanes.set(lane.id, lane);
      const lanes = added.get(stream) ?? [];
      lanes.push(lane);
      added.set(stream, lanes);
    }
    for (const stream of this.routes.streams) stream.assigned(added.get(stream) ?? [], this.options.endOffset);
    const partitions = assignments.map(({ topic, partition, offset }) => ({ topic, partition, offset }));
    this.events.emit({ type: 'assigned', id, partitions });
  }

  private revoking({ id, lanes, deadlineMs }: Extract<LaneEvent, { type: 'revoking' }>): void {
    this.revocations.seen(id);
    // What the group wants back now is being given up already.
    if (this.leaving !== null) void this.leaving.then(() => this.source.release(id));
    else this.revocation = this.revoke(id, this.find(lanes), deadlineMs);
  }

  private revoke(id: number, lanes: readonly Lane[], ms: number): Promise<void> {
    const partitions = partitionsOf(lanes);
    const deadlineMs = this.revocations.budget(ms);
    return this.revocations.begin(id, lanes, ms, () => {
      const inflight = lanes.reduce((sum, lane) => sum + lane.inflight, 0);
      this.events.emit({ type: 'revoking', id, partitions, inflight, deadlineMs });
    });
  }

  private revoked({ id: number, lanes: ids, lost }: Extract<LaneEvent, { type: 'revoked' }>): void {
    this.settleAssignment();
    this.revocations.seen(number);
    const lanes = this.find(ids);
    const id = !lost && lanes.some((lane) => this.givenUp.includes(lane)) ? CLOSING : number;
    const partitions = partitionsOf(lanes);
    const { drained, abandoned, waitedMs } = this.revocations.finish(id, lanes, lost);
    for (const lane of lanes) this.lanes.delete(lane.id);
    if (lost) this.events.emit({ type: 'lost', id, partitions, abandoned });
    else this.events.emit({ type: 'revoked', id, partitions, drained, abandoned, waitedMs });
  }

  private find(ids: readonly number[]): Lane[] {
    return ids.map((id) => this.lanes.get(id)).filter((lane) => lane !== undefined);
  }

  private endLane(lane: Lane, why: 'revoked' | 'lost' | 'closed'): void {
    if (lane.ended !== null) return;
    lane.finish(why);
    lane.feed.remove(lane);
    this.committer.forget(lane);
    this.drains.check();
    this.schedule();
  }

  private eof(id: number, offset: number, woken: Set<Feed>): void {
    const lane = this.lanes.get(id);
    if (lane === undefined || lane.ended !== null) return;
    lane.eof(offset);
    lane.feed.version++;
    this.streamOf(lane.topic)?.reachedEof(lane);
    this.arrived(lane.feed, lane);
    woken.add(lane.feed);
    this.committer.mark(lane, 0, 0);
    if (lane.window.base >= lane.end) this.committer.ended();
  }

  private rewound(id: number, offset: number, woken: Set<Feed>): void {
    const lane = this.lanes.get(id);
    if (lane === undefined || lane.ended !== null) return;
    const { messages, bytes } = lane.rewound(offset);
    lane.feed.version++;
    lane.feed.surface?.rewound?.(lane);
    this.committer.rewound(lane);
    if (messages > 0 || bytes > 0) this.source.credit(id, messages, bytes);
    this.drains.check();
    woken.add(lane.feed);
  }

  private nativeError(event: Extract<Delivery, { type: 'error' | 'partition-error' }>): void {
    const doing = event.type === 'partition-error' ? `Cannot read ${event.topic}/${event.partition}` : undefined;
    const error = this.toError(event.error, doing);
    this.options.unheard?.(error);
    this.events.emit({ type: 'error', error });
    if (error.fatal) this.end(error);
    else
      for (const stream of this.routes.streams)
        stream.sourceError(error, event.type === 'partition-error' ? event.topic : null);
  }

  private autoCommitted({ error, partitions }: Extract<Delivery, { type: 'auto-commit' }>): void {
    const outcomes = partitions.map(({ topic, partition, offset, error }) => {
      return { topic, partition, offset, error: error && this.toError(error, `Cannot commit ${topic}/${partition}`) };
    });
    this.events.emit({
      type: 'auto-commit',
      partitions: outcomes,
      error: error && this.toError(error, 'Cannot commit'),
    });
  }

  private toError(error: NativeError, doing?: string): KafkaError {
    const context = doing === undefined ? {} : { doing };
    return this.options.toError?.(error, doing) ?? KafkaError.fromNative(error, context);
  }

  private hookFailed(cause: unknown): void {
    const error = new StateError(`a rebalance hook failed: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
    this.events.emit({ type: 'error', error });
  }

  // --- accounting, for the lanes and the feeds: not marked internal, the declarations must still implement the interfaces

  touched(lane: Lane): void {
    this.touchedLanes.push(lane);
    this.schedule();
  }

  stale(lane: Lane, why: 'duplicate' | 'revoked' | 'lost' | 'rewound' | 'closed'): void {
    this.watch.stale(lane, why);
  }

  arrived(feed: Feed, lane: Lane): void {
    this.watch.start();
    if (lane.untilEof !== 0 && !lane.finished) return;
    this.arrivals.push([feed, lane]);
    this.schedule();
  }

  refused(feed: Feed, lane: Lane): void {
    void feed;
    (this.streamOf(lane.topic) as KafkaStream<never, never>).refuse(lane);
  }

  report(event: ConsumerEvent): void {
    this.events.emit(event);
  }

  private schedule(): void {
    if (this.scheduled || this.flushing) return;
    this.scheduled = true;
    this.clock.microtask(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  /** Gives back credit, notes what is to be committed, and tells who waits for it. */
  flush(): void {
    if (this.flushing) return;
    this.flushing = true;
    try {
      while (this.touchedLanes.length > 0 || this.arrivals.length > 0) {
        for (const lane of this.touchedLanes.splice(0)) this.account(lane);
        for (const [, lane] of this.arrivals.splice(0)) this.arrive(lane);
      }
      this.drains.check();
    } finally {
      this.flushing = false;
    }
  }

  private account(lane: Lane): void {
    lane.touched = false;
    if (lane.ended !== null) return;
    const { messages, bytes } = lane.sweep();
    if (messages === 0) return;
    this.tally.of(lane.topic).done += messages;
    this.source.credit(lane.id, messages, bytes);
    this.committer.mark(lane, messages, bytes);
    if (lane.window.base >= lane.end && lane.atEof) this.committer.ended();
  }

  private arrive(lane: Lane): void {
    if (lane.ended !== null) return;
    const offset = lane.passEof();
    if (offset !== null && offset !== lane.claimedEnd) this.emitEof(lane, offset);
    if (lane.finished) this.streamOf(lane.topic)?.laneFinished(lane);
  }

  /** @internal */
  emitEof({ topic, partition }: Lane, offset: number): void {
    this.events.emit({ type: 'eof', topic, partition, offset });
  }

  // --- what the consumer asks for

  lane(at: TopicPartition): Lane | undefined {
    for (const lane of this.lanes.values()) {
      if (lane.topic === at.topic && lane.partition === at.partition && lane.ended === null) return lane;
    }
    return undefined;
  }

  /** Lanes assigned now. */
  assignmentLanes(): Lane[] {
    return [...this.lanes.values()].filter((lane) => lane.ended === null);
  }

  /** See {@link flowOf}. */
  flow(endOf: (at: TopicPartition) => number | null): ConsumerFlow {
    return flowOf(this.assignmentLanes(), this.credit, this.tally, endOf);
  }

  /** Nothing more is delivered from these partitions, also not what is buffered. */
  pause(partitions: Iterable<TopicPartition>): void {
    this.holdAll(partitions, true);
  }

  resume(partitions: Iterable<TopicPartition>): void {
    this.holdAll(partitions, false);
  }

  private holdAll(partitions: Iterable<TopicPartition>, held: boolean): void {
    for (const at of partitions) {
      const lane = this.lane(at);
      if (lane === undefined) throw new StateError(`${at.topic}/${at.partition} is not assigned to this consumer`);
      lane.mask = held ? lane.mask | HELD : lane.mask & ~HELD;
      lane.feed.version++;
      this.source.hold(lane.id, held);
      if (!held) lane.feed.wake();
    }
    this.flush();
  }

  paused(): TopicPartition[] {
    return partitionsOf(this.assignmentLanes().filter((lane) => (lane.mask & HELD) !== 0));
  }

  /** Offset of the next message to be delivered; null while it is unknown. */
  position(at: TopicPartition): number | null {
    const lane = this.lane(at);
    return lane === undefined || lane.deliveryPosition < 0 ? null : lane.deliveryPosition;
  }

  /**
   * Seeks through the lane. `command` makes the native layer do it; nothing is delivered until its `rewound` event.
   * What was delivered before is not committed any more and its acknowledgements are stale. A seek cannot be called
   * off: after `ms` it is only not waited for any longer.
   */
  async seek(at: TopicPartition, ms: number, command: (lane: number) => Promise<void>): Promise<void> {
    const lane = this.lane(at);
    if (lane === undefined) throw new StateError(`${at.topic}/${at.partition} is not assigned to this consumer`);
    lane.beginSeek();
    lane.feed.version++;
    const done = command(lane.id).catch((error: unknown) => {
      // It did not happen: what is buffered is still what comes next.
      lane.endSeek();
      lane.feed.wake();
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

  /** Commits these offsets; what was delivered below them counts as done. Resolves on the broker's answer. */
  commit(offsets: readonly OffsetToCommit[]): Promise<readonly CommitOutcome[]> {
    return this.committer.commit(offsets, (at) => this.lane(at)?.settleBelow(at.offset));
  }

  /** Commits everything acknowledged so far. Resolves on the broker's answer. */
  flushCommits(): Promise<void> {
    this.flush();
    return this.committer.flush(this.assignmentLanes());
  }

  // --- the end

  /**
   * Revokes all partitions before the group asks for them, while this member is still one of it: a group that is being
   * left waits for nobody. Those that `onAssigned` was told of come first, so that `onRevoked` is told of them.
   */
  leave(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    const left = () => Math.max(0, until - this.clock.now());
    const pending = Promise.all([this.revocation, this.assignment]).then(() => {});
    this.leaving ??= within(this.clock, ms, pending).then(() => {
      this.givenUp = this.assignmentLanes();
      return this.givenUp.length > 0 ? this.revoke(CLOSING, this.givenUp, left()) : undefined;
    });
    return this.leaving;
  }

  /** Stops all streams: no more deliveries, waits for what was delivered, commits. Does not leave the group. */
  async stop(options: StopOptions = {}): Promise<StopSummary> {
    const summaries = await Promise.all(this.routes.streams.map((stream) => stream.stop(options)));
    return {
      drained: summaries.every((one) => one.drained),
      abandoned: summaries.flatMap((one) => one.abandoned),
      committed: summaries.flatMap((one): readonly TopicPartitionOffset[] => one.committed),
      waitedMs: Math.max(0, ...summaries.map((one) => one.waitedMs)),
    };
  }

  /** The client is closed, or cannot go on: everything that waits is told, once, with the cause. */
  end(error: Error | null): void {
    if (this.closed !== null) return;
    this.closed = { error };
    if (error !== null) this.events.emit({ type: 'stream-error', error });
    this.watch.stop();
    this.revocations.close();
    // What becomes of it is not heard any more.
    this.settleAssignment();
    const lanes = this.assignmentLanes();
    const feeds = feedsOf(lanes);
    for (const lane of lanes) this.endLane(lane, 'closed');
    this.lanes.clear();
    this.drains.close();
    this.committer.close(error);
    for (const stream of this.routes.streams) stream.end(error);
    for (const feed of feeds) feed.finish(error);
    // The cause was an event; those who only watch need no error handler of their own.
    this.events.end(null);
  }
}
