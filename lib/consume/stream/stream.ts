import type { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import type { ClientIdentity } from '../../client/identity';
import { type Caller, callersOf } from '../../core/call-stack';
import { within } from '../../core/clock';
import { type KafkaError, StateError } from '../../core/errors';
import type { EventHub } from '../../core/event-hub';
import { observeEvents } from '../../core/observe-events';
import type { TopicPartition, TopicPartitionOffset } from '../../core/partition';
import type { MessageBatch } from '../../message/batch';
import { Decoders } from '../../message/decoders';
import type { Message } from '../../message/message';
import type { LaneAssignment } from '../../native/events';
import { type RunMessage, runChannel } from '../channels';
import type { CreditLimits } from '../credit';
import { working } from '../drain';
import type { ConsumerEvent } from '../events';
import { Block } from '../lane/block';
import type { Undecodable } from '../lane/delivery-lane';
import { Lane, type LaneHost } from '../lane/lane';
import { abandonedOf, stopLane } from '../rebalance';
import type { BatchHandler, MessageHandler } from '../run/failure';
import { checkRun, checkRunBatch, type RunBatchOptions, type RunOptions, type RunSummary } from '../run/options';
import { type Drainable, runBatches, runMessages } from '../run/run';
import { batchPolicy } from './batcher';
import { BoundedRead } from './bounded';
import { Feed, type FeedHost } from './feed';
import { iterateBatches, iterateMessages, Taker } from './iterate';
import type { KafkaStream } from './kafka-stream';
import { observeBatches, observeMessages } from './observable';
import { type CommitMode, type StopOptions, type StopSummary, type StreamOptions, stopOptions } from './options';
import { observePartitions, type PartitionStream } from './partitions';
import { readableOf } from './readable';
import { withoutSelf } from './self-wait';

/** What a stream needs of its session. */
export interface StreamHost extends FeedHost, LaneHost {
  readonly client: ClientIdentity | undefined;
  readonly events: EventHub<ConsumerEvent>;
  readonly credit: CreditLimits;
  /** There is a group to commit for. */
  readonly group: boolean;
  /** See {@link SessionOptions.endOffset}. */
  readonly endOffset: ((at: TopicPartition) => Promise<number>) | undefined;
  /** The topic is this stream's. */
  reads(stream: unknown, topic: string): boolean;
  mayBeReassigned(lane: Lane): boolean;
  /** The stream ended: its topics are free again. */
  removed(stream: unknown): void;
  isDirty(lane: Lane): boolean;
  commitLanes(lanes: readonly Lane[]): Promise<void>;
  /** Waits until no message of the lanes is in progress; see {@link Drains.wait}. */
  drained(lanes: readonly Lane[], ms: number): Promise<boolean> | true;
  /** The end of the partition, for the events. */
  reportEof(lane: Lane, offset: number): void;
}

/** Options of a stream, and those that only its makers set. */
export interface CoreOptions<K, V> extends StreamOptions<K, V> {
  /** First offset not to be delivered, per partition. */
  readonly bound?: (at: TopicPartition) => number;
  /** Throws when reading would wait for ever. */
  readonly guard?: () => void;
}

/** The stream itself: lanes, their feed, and the end. The session drives it; users see {@link KafkaStream}. */
export class StreamCore<K, V> implements KafkaStream<K, V>, Drainable {
  readonly mode: CommitMode;
  readonly feed: Feed;
  private readonly decoders: Decoders;
  private readonly taker: Taker;
  private readonly lanes = new Set<Lane>();
  private readonly bounded: BoundedRead | null;
  private stopping: Promise<StopSummary> | null = null;
  /** The stream came to its end by itself: settles when its messages are settled. */
  private ending: Promise<StopSummary> | null = null;
  /** Lanes that come now are not read. */
  private draining = false;
  private hasEnded = false;
  private readonly unlisten: () => void;

  constructor(
    private readonly host: StreamHost,
    readonly name: string,
    private readonly options: CoreOptions<K, V>,
  ) {
    this.mode = options.commit ?? (host.group ? 'ack' : 'none');
    this.decoders = new Decoders(options.key, options.value);
    this.feed = new Feed(name, host, batchPolicy(options.batch, host.credit), this.mode !== 'ack', options.guard);
    this.taker = new Taker(this.feed);
    const { bound, until } = options;
    this.bounded = bound === undefined && until !== 'eof' ? null : new BoundedRead(this.boundedHost(), bound);
    const { signal } = options;
    const stop = () => void this.stop();
    if (signal?.aborted) queueMicrotask(stop);
    signal?.addEventListener('abort', stop, { once: true });
    this.unlisten = () => signal?.removeEventListener('abort', stop);
  }

  private boundedHost() {
    const { host } = this;
    return {
      endOffset: host.endOffset,
      mayBeReassigned: (lane: Lane) => host.mayBeReassigned(lane),
      check: (lane: Lane) => host.delivered(lane),
      reportEof: (lane: Lane, offset: number) => host.reportEof(lane, offset),
      finished: (lane: Lane) => {
        if (lane.reader !== this.feed) lane.reader.finish(null);
      },
      complete: () => this.complete(),
      fail: (error: Error) => this.end(error),
    };
  }

  // --- surfaces

  /** `ask`: the method that the user called. */
  take(
    options: { signal?: AbortSignal } = {},
    ask: (...args: never[]) => unknown = this.take,
  ): Promise<MessageBatch<K, V> | null> {
    return this.taker.take(ask, options?.signal) as Promise<MessageBatch<K, V> | null>;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<MessageBatch<K, V>> {
    return iterateBatches<K, V>(this.feed);
  }

  messages(): AsyncIterableIterator<Message<K, V>> {
    return iterateMessages<K, V>(this.feed);
  }

  get batches$(): Observable<MessageBatch<K, V>> {
    return observeBatches<K, V>(this.feed);
  }

  get messages$(): Observable<Message<K, V>> {
    return observeMessages<K, V>(this.feed);
  }

  get partitions$(): Observable<PartitionStream<K, V>> {
    const recall = () => {
      for (const lane of this.lanes) if (lane.reader instanceof Feed && lane.reader !== this.feed) lane.reader.recall();
    };
    return observePartitions<K, V>(this.feed, recall);
  }

  readable(): Readable {
    return readableOf(this.feed);
  }

  get eof$(): Observable<TopicPartitionOffset> {
    return observeEvents(this.host.events, (event) =>
      event.type === 'eof' && this.host.reads(this, event.topic) ? event : undefined,
    );
  }

  async run(handler: MessageHandler<K, V>, options: RunOptions<K, V> = {}): Promise<RunSummary> {
    checkRun(handler, options);
    return runMessages(this, this.announced(handler), options);
  }

  async runBatch(handler: BatchHandler<K, V>, options: RunBatchOptions<K, V> = {}): Promise<RunSummary> {
    checkRunBatch(handler, options);
    return runBatches(this, this.announced(handler), options);
  }

  /** The handler, or the one that a subscriber of the channel put in its place. */
  private announced<H extends MessageHandler<K, V> | BatchHandler<K, V>>(handler: H): H {
    if (!runChannel.hasSubscribers) return handler;
    const run: RunMessage = { client: this.host.client, stream: this.name, handler };
    runChannel.publish(run);
    return run.handler as H;
  }

  // --- the end

  stop(options: StopOptions = {}): Promise<StopSummary> {
    const called = this.called(callersOf(this.stop));
    const stopped = this.finish(options);
    return called ? withoutSelf(stopped, () => this.progress()) : stopped;
  }

  /** The call comes from the code that processes the stream's messages. */
  called(callers: readonly Caller[]): boolean {
    if (this.feed.called(callers)) return true;
    return [...this.lanes].some(({ reader }) => reader instanceof Feed && reader.called(callers));
  }

  /** What was stopped so far. */
  progress(): StopSummary {
    return { drained: false, abandoned: [], committed: committedOf(this.lanes), waitedMs: 0 };
  }

  /** Stops the stream, and waits for all messages in progress. */
  async finish(options: StopOptions): Promise<StopSummary> {
    stopOptions(options, '');
    this.stopping ??= this.drain(options.drainMs ?? 10_000).then((summary) => {
      this.feed.giveUp();
      for (const { reader } of this.lanes) if (reader instanceof Feed && reader !== this.feed) reader.giveUp();
      this.end(null);
      return summary;
    });
    return this.stopping;
  }

  async drain(drainMs: number): Promise<StopSummary> {
    const { host } = this;
    const { clock } = host;
    const began = clock.now();
    const left = () => Math.max(0, began + drainMs - clock.now());
    const lanes = [...this.lanes];
    this.draining = true;
    for (const lane of lanes) lane.reader.flush([lane], 'stop');
    for (const lane of lanes) stopLane(lane, Block.stopping);
    const waiting = host.drained(lanes, drainMs);
    const settled = waiting === true || (await waiting);
    host.flush();
    const open = lanes.filter((lane) => host.isDirty(lane));
    if (open.length > 0) await within(clock, Math.max(1000, left()), host.commitLanes(open));
    const alive = lanes.filter((lane) => lane.ended === null);
    return {
      drained: settled && alive.every((lane) => !lane.fenced && working(lane) === 0 && !host.isDirty(lane)),
      abandoned: abandonedOf(alive),
      committed: committedOf(alive),
      waitedMs: clock.now() - began,
    };
  }

  summary(): Promise<StopSummary> {
    return this.stopping ?? this.ending ?? this.drain(0);
  }

  reopen(): void {
    if (this.stopping !== null) return;
    this.draining = false;
    for (const lane of this.lanes) lane.unblock(Block.stopping);
  }

  /** Readers see the end now. */
  end(error: Error | null): void {
    this.unlisten();
    for (const { reader } of this.lanes) if (reader !== this.feed) reader.finish(error);
    this.feed.finish(error);
    this.hasEnded = true;
    this.host.removed(this);
  }

  /** Readers have seen the end; the stream is not read again. */
  get ended(): boolean {
    return this.hasEnded;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  // --- driven by the session

  addLane(assignment: LaneAssignment): Lane {
    const lane = new Lane(assignment, this.host, this.decoders, this.feed, this.mode !== 'none');
    if (this.draining) lane.block(Block.stopping);
    this.lanes.add(lane);
    lane.signal.addEventListener('abort', () => this.laneEnded(lane), { once: true });
    this.feed.add(lane);
    return lane;
  }

  /** All lanes of an assignment were added. */
  assigned(lanes: readonly Lane[]): void {
    this.bounded?.assigned(lanes);
  }

  /** librdkafka reported the end of the partition. */
  reachedEof(lane: Lane): void {
    this.bounded?.reachedEof(lane);
  }

  /** Everything up to the lane's bound was delivered. */
  laneDelivered(lane: Lane): void {
    this.bounded?.laneDelivered(lane);
  }

  private laneEnded(lane: Lane): void {
    this.lanes.delete(lane);
    this.bounded?.laneEnded(lane);
  }

  /** Readers see the end; the topics are given up when the stream's messages are settled and committed. */
  private complete(): void {
    this.feed.finish(null);
    this.ending ??= this.drain(Number.POSITIVE_INFINITY).then((summary) => {
      this.end(null);
      return summary;
    });
  }

  /** A message that cannot be decoded is next on a surface that cannot deal with it. */
  undecodable(lane: Lane, { seq, error }: Undecodable): void {
    const { topic, partition } = lane;
    if (this.options.onDecodeError === 'skip') {
      lane.passUndecodable();
      lane.settleRange(seq, seq + 1);
      this.host.events.emit({ type: 'skipped', topic, partition, offset: error.offset, error });
      return;
    }
    lane.block(Block.undecodable);
    const { reader } = lane;
    this.host.clock.microtask(() => (reader as Feed).fail(error));
  }

  /** An error of the client, or of a topic: a bounded read that never got a partition would wait for ever. */
  sourceError(error: KafkaError, topic: string | null): void {
    if (this.options.until !== 'eof' || this.bounded?.started === true) return;
    if (!/UNKNOWN_TOPIC|UNKNOWN_PARTITION/.test(error.code)) return;
    if (topic !== null && !this.host.reads(this, topic)) return;
    this.end(
      new StateError(`${this.name} cannot be read until its end, because it does not exist: ${error.message}`, {
        cause: error,
      }),
    );
  }
}

function committedOf(lanes: Iterable<Lane>): TopicPartitionOffset[] {
  return [...lanes]
    .filter((lane) => lane.committed >= 0)
    .map(({ topic, partition, committed: offset }) => ({ topic, partition, offset }));
}

/** A stream core whatever its key and value types. */
export type AnyStreamCore = StreamCore<never, never>;
