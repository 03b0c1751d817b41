import type { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import { within } from '../../core/clock';
import { type KafkaError, StateError } from '../../core/errors';
import { observeEvents } from '../../core/observe-events';
import type { TopicPartition, TopicPartitionOffset } from '../../core/partition';
import type { MessageBatch } from '../../message/batch';
import { Decoders } from '../../message/decoders';
import type { Message } from '../../message/message';
import type { LaneAssignment } from '../../native/events';
import { type RunMessage, runChannel } from '../channels';
import { working } from '../drain';
import { Lane, REFUSED, STOPPING } from '../lane/lane';
import { abandonedOf, stopLane } from '../rebalance';
import type { BatchHandler, MessageHandler } from '../run/failure';
import {
  checkRun,
  checkRunBatch,
  type RunBatchOptions,
  type RunOptions,
  type RunSummary,
  runBatches,
  runMessages,
} from '../run/run';
import type { Session } from '../session';
import { batchPolicy } from './batcher';
import { Feed } from './feed';
import { iterateBatches, iterateMessages, Taker } from './iterate';
import { observeBatches, observeMessages } from './observable';
import { type CommitMode, type StopOptions, type StopSummary, type StreamOptions, stopOptions } from './options';
import { observePartitions, type PartitionStream } from './partitions';
import { readableOf } from './readable';

export type { CommitMode, StopOptions, StreamOptions } from './options';

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/**
 * Messages of some topics, to be read in one of several ways: at most one at a time (`LeaseHeldError`). Within a
 * partition messages come in offset order, each once until the partition is reassigned; across partitions there is no
 * order. How far reading runs ahead is limited by what is delivered and not done.
 */
export class KafkaStream<K, V> implements AsyncIterable<MessageBatch<K, V>> {
  readonly mode: CommitMode;
  /** @internal */
  readonly feed: Feed;
  private readonly decoders: Decoders;
  private readonly taker: Taker;
  private readonly lanes = new Set<Lane>();
  /** Partitions of a bounded read that have not reached their end. */
  private snapshot: Set<Lane> | null = null;
  /** Those among them that the group took away and may give back with its next assignment. */
  private readonly away = new Set<string>();
  /** Where they end: what comes back ends where it did. */
  private readonly ends = new Map<string, number>();
  private stopping: Promise<StopSummary> | null = null;
  /** The stream came to its end by itself: settles when what it delivered is done. */
  private ending: Promise<StopSummary> | null = null;
  /** Lanes that come now are not read. */
  private draining = false;
  private readonly unlisten: () => void;

  /** @internal Made by the session. */
  constructor(
    /** @internal */ readonly session: Session,
    readonly name: string,
    private readonly options: StreamOptions<K, V>,
  ) {
    this.mode = options.commit ?? (session.group ? 'ack' : 'none');
    this.decoders = new Decoders(options.key, options.value);
    this.feed = new Feed(name, session, batchPolicy(options.batch, session.credit), this.mode !== 'ack');
    this.taker = new Taker(this.feed);
    const { signal } = options;
    const stop = () => void this.stop();
    if (signal?.aborted) queueMicrotask(stop);
    signal?.addEventListener('abort', stop, { once: true });
    this.unlisten = () => signal?.removeEventListener('abort', stop);
  }

  // --- surfaces

  /** The next batch; null at the end. The primitive that every other surface resembles. */
  take(options: { signal?: AbortSignal } = {}): Promise<MessageBatch<K, V> | null> {
    return this.taker.take(options?.signal) as Promise<MessageBatch<K, V> | null>;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<MessageBatch<K, V>> {
    return iterateBatches<K, V>(this.feed);
  }

  /** Iterates over single messages. For speed iterate over batches. */
  messages(): AsyncIterableIterator<Message<K, V>> {
    return iterateMessages<K, V>(this.feed);
  }

  get batches$(): Observable<MessageBatch<K, V>> {
    return observeBatches<K, V>(this.feed);
  }

  get messages$(): Observable<Message<K, V>> {
    return observeMessages<K, V>(this.feed);
  }

  /** One stream for every assigned partition; each completes when its partition is revoked. */
  get partitions$(): Observable<PartitionStream<K, V>> {
    const recall = () => {
      for (const lane of this.lanes) if (lane.feed !== this.feed) lane.feed.recall();
    };
    return observePartitions<K, V>(this.feed, recall);
  }

  /** A Node stream of batches. */
  readable(): Readable {
    return readableOf(this.feed);
  }

  /** Ends of partitions, each after the last message before it was handed out. */
  get eof$(): Observable<TopicPartitionOffset> {
    return observeEvents(this.session.events, (event) =>
      event.type === 'eof' && this.session.owns(this, event.topic) ? event : undefined,
    );
  }

  // --- the end

  /**
   * Ends the stream in an orderly way: no more deliveries, the open batch is handed out, what was delivered is waited
   * for, then committed. Readers see the end after that.
   */
  async stop(options: StopOptions = {}): Promise<StopSummary> {
    stopOptions(options, '');
    this.stopping ??= this.drain(options.drainMs ?? 10_000).then((summary) => {
      for (const feed of new Set([this.feed, ...[...this.lanes].map((lane) => lane.feed)])) feed.giveUp();
      this.end(null);
      return summary;
    });
    return this.stopping;
  }

  /** @internal Waits until nothing is being processed, and commits. */
  async drain(drainMs: number): Promise<StopSummary> {
    const { session } = this;
    const { clock } = session;
    const began = clock.now();
    const left = () => Math.max(0, began + drainMs - clock.now());
    const lanes = [...this.lanes];
    this.draining = true;
    for (const lane of lanes) lane.feed.flush([lane], 'stop');
    for (const lane of lanes) stopLane(lane, STOPPING);
    const waiting = session.drains.wait(lanes, drainMs);
    const settled = waiting === true || (await waiting);
    session.flush();
    const open = lanes.filter((lane) => session.committer.isDirty(lane));
    if (open.length > 0) await within(clock, Math.max(1000, left()), session.committer.flush(open));
    const alive = lanes.filter((lane) => lane.ended === null);
    return {
      drained:
        settled && alive.every((lane) => !lane.fenced && working(lane) === 0 && !session.committer.isDirty(lane)),
      abandoned: abandonedOf(alive),
      committed: alive
        .filter((lane) => lane.committed >= 0)
        .map(({ topic, partition, committed: offset }) => ({ topic, partition, offset })),
      waitedMs: clock.now() - began,
    };
  }

  /** @internal What stopping came to, or, when the stream ended by itself, what there is to say now. */
  summary(): Promise<StopSummary> {
    return this.stopping ?? this.ending ?? this.drain(0);
  }

  /** @internal What {@link KafkaStream.drain} stopped may be read again. */
  reopen(): void {
    if (this.stopping !== null) return;
    this.draining = false;
    for (const lane of this.lanes) lane.mask &= ~STOPPING;
  }

  /** Calls `handler` for every message and acknowledges it when the handler is done; see {@link RunOptions}. */
  async run(handler: MessageHandler<K, V>, options: RunOptions<K, V> = {}): Promise<RunSummary> {
    checkRun(handler, options);
    return runMessages(this, this.announced(handler), options);
  }

  /** Calls `handler` for every batch and acknowledges it when the handler is done. One at a time per partition. */
  async runBatch(handler: BatchHandler<K, V>, options: RunBatchOptions<K, V> = {}): Promise<RunSummary> {
    checkRunBatch(handler, options);
    return runBatches(this, this.announced(handler), options);
  }

  /** The handler, or what somebody who watches put in its place. */
  private announced<H extends MessageHandler<K, V> | BatchHandler<K, V>>(handler: H): H {
    if (!runChannel.hasSubscribers) return handler;
    const run: RunMessage = { client: this.session.options.client, stream: this.name, handler };
    runChannel.publish(run);
    return run.handler as H;
  }

  /** @internal Readers see the end now. */
  end(error: Error | null): void {
    this.unlisten();
    for (const lane of this.lanes) if (lane.feed !== this.feed) lane.feed.finish(error);
    this.feed.finish(error);
    this.session.removeStream(this as unknown as KafkaStream<never, never>);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  // --- what the session tells

  /** @internal */
  addLane(assignment: LaneAssignment): Lane {
    const lane = new Lane(assignment, this.session, this.decoders, this.feed, this.mode !== 'none');
    if (this.draining) lane.mask |= STOPPING;
    this.lanes.add(lane);
    lane.signal.addEventListener('abort', () => this.laneEnded(lane), { once: true });
    this.feed.add(lane);
    return lane;
  }

  /** @internal */
  assigned(lanes: readonly Lane[], endOffset?: (at: TopicPartition) => Promise<number>): void {
    const { bound, until } = this.options;
    if (bound === undefined && until !== 'eof') return;
    if (this.snapshot === null && lanes.length === 0) return;
    this.snapshot ??= new Set(lanes);
    for (const lane of lanes) {
      if (this.away.delete(keyOf(lane))) this.snapshot.add(lane);
      if (bound !== undefined) this.setBound(lane, bound(lane));
      else if (this.ends.has(keyOf(lane))) this.setBound(lane, this.ends.get(keyOf(lane)) as number);
      else if (endOffset !== undefined) void this.findEnd(lane, endOffset);
    }
    if (this.away.size === 0) return;
    // What did not come back is somebody else's to read.
    this.away.clear();
    if (this.snapshot.size === 0) this.complete();
  }

  private async findEnd(lane: Lane, endOffset: (at: TopicPartition) => Promise<number>): Promise<void> {
    try {
      const { topic, partition } = lane;
      this.noteEnd(lane, await endOffset({ topic, partition }));
      this.setBound(lane, this.ends.get(keyOf(lane)) as number);
    } catch (cause) {
      if (lane.ended === null) this.end(new StateError(`the end of ${keyOf(lane)} cannot be found out`, { cause }));
    }
  }

  private noteEnd(lane: Lane, offset: number): void {
    this.ends.set(keyOf(lane), Math.min(offset, this.ends.get(keyOf(lane)) ?? offset));
  }

  private setBound(lane: Lane, offset: number): void {
    if (lane.ended !== null) return;
    lane.setBound(offset);
    lane.feed.version++;
    this.session.arrived(lane.feed, lane);
  }

  /** @internal */
  reachedEof(lane: Lane): void {
    if (this.snapshot === null) return;
    lane.boundHere();
    if (lane.position >= 0) this.noteEnd(lane, lane.position);
  }

  /** @internal */
  laneFinished(lane: Lane): void {
    if (this.snapshot?.has(lane) && lane.ended === null && this.options.bound === undefined) {
      const end = lane.claimEnd();
      if (end !== null) this.session.emitEof(lane, end);
    }
    if (this.snapshot?.has(lane) && lane.feed !== this.feed) lane.feed.finish(null);
    if (this.snapshot?.delete(lane) === true && this.snapshot.size === 0) this.complete();
  }

  private laneEnded(lane: Lane): void {
    this.lanes.delete(lane);
    if (this.snapshot?.has(lane) && !lane.finished && this.session.comesBack(lane)) {
      this.snapshot.delete(lane);
      this.away.add(keyOf(lane));
    } else this.laneFinished(lane);
  }

  /** Readers see the end; the topics are given up when what was delivered is done and committed. */
  private complete(): void {
    this.feed.finish(null);
    this.ending ??= this.drain(Number.POSITIVE_INFINITY).then((summary) => {
      this.end(null);
      return summary;
    });
  }

  /** @internal A message that cannot be decoded is next on a surface that cannot deal with it. */
  refuse(lane: Lane): void {
    const error = lane.refused as NonNullable<Lane['refused']>;
    const { topic, partition } = lane;
    if (this.options.onDecodeError === 'skip') {
      const seq = lane.limit;
      lane.acceptRefused();
      lane.settleRange(seq, seq + 1);
      this.session.events.emit({ type: 'skipped', topic, partition, offset: error.offset, error });
      return;
    }
    lane.mask |= REFUSED;
    this.session.clock.microtask(() => lane.feed.fail(error));
  }

  /** @internal */
  sourceError(error: KafkaError, topic: string | null): void {
    if (this.options.until !== 'eof' || this.snapshot !== null || !/UNKNOWN_TOPIC|UNKNOWN_PARTITION/.test(error.code))
      return;
    if (topic !== null && !this.session.owns(this, topic)) return;
    this.end(
      new StateError(`${this.name} was to be read until its end, but it does not exist: ${error.message}`, {
        cause: error,
      }),
    );
  }
}
