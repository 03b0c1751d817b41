import type { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import { hasSubscribers } from '../client/channels';
import { Client } from '../client/client';
import { type RequestOptions, timeoutOf } from '../client/options';
import { normalizeConsumerConfig, requireGroup } from '../config/config';
import { callersOf } from '../core/call-stack';
import { ArgumentError, ConsumeError, type KafkaError, type NativeError, StateError } from '../core/errors';
import { observeEvents } from '../core/observe-events';
import {
  type CommitOutcome,
  checkPartition,
  checkPartitions,
  LOGICAL,
  type OffsetToCommit,
  offsetOf,
  type PartitionStart,
  type StartOffset,
  type TopicPartition,
  type TopicPartitionOffset,
} from '../core/partition';
import type { ConsumerConfig } from '../generated/config';
import type { MessageBatch } from '../message/batch';
import type { Message } from '../message/message';
import { native } from '../native/addon';
import type { ClientEvent } from '../native/events';
import type { NativeConsumer } from '../native/interface';
import { commitChannel } from './channels';
import { creditOf } from './credit';
import type { ConsumerEvent } from './events';
import type { ConsumerFlow } from './flow';
import { NewPartitions } from './new-partitions';
import {
  type CommittedOffset,
  committed,
  offsetsForTimes,
  type Request,
  type Watermarks,
  watermarks,
} from './offset-queries';
import { type Committable, offsetsToCommit } from './offsets-to-commit';
import { type ConsumerOptions, checkConsumer, type Deserializers, nativeOptions, withDeserializers } from './options';
import { type Range, type RangeHost, rangeOptions, readRange } from './read-range';
import type { RebalanceOptions } from './rebalance-options';
import type { BatchHandler, MessageHandler } from './run/failure';
import type { RunBatchOptions, RunOptions, RunSummary } from './run/options';
import { Session } from './session';
import type { LaneSource } from './source';
import type { KafkaStream } from './stream/kafka-stream';
import type { StopOptions, StopSummary, StreamOptions } from './stream/options';
import type { PartitionStream } from './stream/partitions';
import { withoutSelf } from './stream/self-wait';
import type { StreamCore } from './stream/stream';
import { Subscription } from './subscription';
import { isPattern, type Topics } from './topic-pattern';

/** This member in its group. `opaque`: as `rd_kafka_consumer_group_metadata_write()` writes it. */
export interface GroupMetadata {
  readonly groupId: string;
  readonly memberId: string;
  readonly opaque: Buffer;
}

const UNKNOWN_TOPIC: NativeError = {
  code: 3,
  name: 'ERR_UNKNOWN_TOPIC_OR_PART',
  message: 'Broker: Unknown topic or partition',
  fatal: false,
  retriable: false,
  abortable: false,
};

/** librdkafka needs a group for its bookkeeping, also when no group is used. */
const NO_GROUP = 'rdkafka-rx-no-group';

/**
 * Reads topics as a member of a consumer group (`subscribe`, {@link Consumer.stream}), or partitions that you choose
 * (`assign`). What `subscribe` and `assign` read comes through the stream that they return; the consumer has the same
 * surfaces (`for await`, `take`, `batches$`, `messages$`, `run`, …) for it.
 *
 * Order: within a partition, offset order. Delivery: at-least-once; with a group, the offset of a message is committed once
 * it is acknowledged, and unacknowledged messages are delivered again after a restart. Unacknowledged messages bound how
 * far reading runs ahead.
 *
 * @example
 * ```ts
 * const consumer = new Consumer({ 'bootstrap.servers': 'localhost:9092', 'group.id': 'orders' }, { value: utf8 });
 * const stream = await consumer.subscribe('orders');
 * for await (const batch of stream) {
 *   await save(batch.values());
 *   batch.ack();
 * }
 * ```
 */
export class Consumer<K = Buffer | null, V = Buffer | null>
  extends Client<NativeConsumer, ConsumerEvent>
  implements AsyncIterable<MessageBatch<K, V>>
{
  readonly #session: Session;
  readonly #deserializers: Deserializers<K, V>;
  readonly #streamOptions: StreamOptions<K, V>;
  readonly #grouped: boolean;
  readonly #subscription: Subscription;
  /** The stream of `subscribe` and `assign`. */
  #own: StreamCore<K, V>;
  #range: { stop(): Promise<unknown> } | undefined;
  #pollers = 0;

  /**
   * @throws ConfigError when the configuration is wrong: nothing was opened then.
   */
  constructor(config: ConsumerConfig, deserializers: Deserializers<K, V> = {}, options: ConsumerOptions = {}) {
    checkConsumer(options, deserializers as Deserializers<never, never>);
    super('consumer', normalizeConsumerConfig(config, { ...options, librdkafka: native.version }), options);
    this.#deserializers = deserializers;
    this.#streamOptions = { ...options.stream, ...deserializers };
    this.#grouped = Boolean(this.config.get('group.id'));
    const credit = creditOf(options.credit);
    const rebalance = this.#rebalanceOptions(options.rebalance);
    const client = this.open((settings) => {
      if (!this.#grouped) settings.push(['group.id', NO_GROUP]);
      return new native.Consumer(settings, nativeOptions({ ...options, rebalance }, credit, deserializers), (items) =>
        this.#session.deliver(items),
      );
    });
    this.#session = new Session({
      ...options,
      rebalance,
      source: this.#source(client),
      client: this,
      credit,
      group: this.#grouped,
      ...(options.commits && { commit: options.commits }),
      warn: (text) => process.emitWarning(text, 'RdkafkaRxWarning'),
      endOffset: async ({ topic, partition }) => (await client.watermarks(topic, partition, timeoutOf({}))).high,
      reassigns: (lost) => this.#subscription.reassigns(lost),
      onTopics: () => this.#resubscribe(),
      onDefaultEnd: () => {
        // Partitions of a stream that is not read any more are for other members, and for the next stream.
        if (this.#subscription.dropOwn()) this.#resubscribe();
      },
      onClientEvent: (event) => this.#clientEvent(event),
    });
    this.#subscription = new Subscription({
      protocol: String(this.config.get('group.protocol')),
      strategy: String(this.config.get('partition.assignment.strategy')),
      streamTopics: () => this.#session.topics(),
      request: (topics) =>
        this.request(`Cannot subscribe to ${topics.join(', ')}`, (client) => client.subscribe(topics)),
    });
    this.#own = this.#newStream();
    this.announce();
  }

  /** With a reset to the end, partitions that appear while their topic is subscribed are given a start. */
  #rebalanceOptions(options: RebalanceOptions = {}): RebalanceOptions {
    const reset = String(this.config.get('auto.offset.reset'));
    if (!this.#grouped || !['latest', 'largest', 'end'].includes(reset)) return options;
    const isClosed = () => this.closed;
    const fresh = new NewPartitions({
      get closed() {
        return isClosed();
      },
      subscription: () => this.#subscription.topics,
      metadata: (topic, timeoutMs) => this.metadata(topic, { timeoutMs }),
      committed: (partitions) => this.committed(partitions),
    });
    return {
      ...options,
      onAssigned: async (partitions) => {
        const hook = async () => options.onAssigned?.(partitions);
        const [chosen, starts] = await Promise.all([hook(), fresh.starts(partitions)]);
        return [...starts, ...(chosen ?? [])];
      },
    };
  }

  #source(client: NativeConsumer): LaneSource {
    return {
      credit: (lane, messages, bytes) => client.credit(lane, messages, bytes),
      pause: (lane, paused) => client.pause(lane, paused),
      release: (id) => client.release(id),
      answerAssign: (id, partitions) => client.answerAssign(id, partitions),
      // The committer judges errors by their code, so it needs the typed one.
      commit: (offsets) => {
        const commit = () =>
          client.commit(offsets).catch((cause) => {
            throw this.toError(cause, 'Cannot commit');
          });
        return hasSubscribers(commitChannel) ? commitChannel.tracePromise(commit, { client: this, offsets }) : commit();
      },
    };
  }

  /** The configured `group.id`; null without one. */
  get groupId(): string | null {
    return this.#grouped ? String(this.config.get('group.id')) : null;
  }

  override get events() {
    return this.#session.events;
  }

  /** In order with the messages: an error that ends the streams does so after those before it. */
  #clientEvent(event: ClientEvent): void {
    if (event.type === 'partition-error') {
      const error = this.emitError(event.error, `Cannot read ${event.topic}/${event.partition}`);
      this.#session.sourceError(error, event.topic);
    } else if (event.type === 'auto-commit') {
      const partitions = event.partitions.map(({ topic, partition, offset, error }) => {
        const typed = error && (this.toError(error, `Cannot commit ${topic}/${partition}`) as KafkaError);
        return { topic, partition, offset, error: typed };
      });
      const error = event.error && (this.toError(event.error, 'Cannot commit') as KafkaError);
      this.events.emit({ type: 'auto-commit', partitions, error });
    } else {
      const error = this.forward(event);
      if (error !== undefined) this.#session.sourceError(error, null);
    }
  }

  // --- what to read

  /**
   * Joins the group and reads these topics. Replaces the topics of an earlier call; the stream goes on. Names, and patterns
   * (`RegExp`, or a string that begins with `^`) that also match topics created later. The group learns of new topics and
   * partitions within `topic.metadata.refresh.interval.ms` (default 5 minutes), and reads them from their beginning, also
   * with `auto.offset.reset` `latest`.
   *
   * @returns the consumer's stream; a new one after the last was stopped
   * @throws ConfigError without a `group.id`; StateError after `assign`; ArgumentError
   */
  async subscribe(topics: Topics): Promise<KafkaStream<K, V>> {
    requireGroup(this.config, 'subscribe()');
    this.assertOpen();
    this.#renew();
    await this.#subscription.subscribe(topics);
    return this.#own;
  }

  /** Stops reading the topics of `subscribe`. Topics of {@link Consumer.stream} are still read. */
  async unsubscribe(): Promise<void> {
    await this.#subscription.unsubscribe();
  }

  /** Topics and patterns (with `^`) subscribed to. */
  subscription(): readonly string[] {
    return this.#subscription.topics;
  }

  #newStream(): StreamCore<K, V> {
    return this.#session.defaultStream<K, V>({ ...this.#streamOptions, guard: () => this.#requireSource() });
  }

  /** A stopped stream stays at its end: reading begins again with a new one. */
  #renew(): void {
    if (this.#own.ended) this.#own = this.#newStream();
  }

  /** @throws StateError when nothing is read: the reader would wait for ever */
  #requireSource(): void {
    if (this.closed || this.#subscription.hasOwn || this.#own.feed.lanes.length > 0) return;
    if (this.#subscription.isAssigned && this.#range === undefined) return;
    throw new StateError(
      'nothing to read here: call subscribe() or assign() first' +
        (this.#range !== undefined || this.#subscription.isSubscribed
          ? '; stream() and readRange() return streams of their own'
          : ''),
    );
  }

  #resubscribe(): void {
    // Reading a range assigns its partitions itself.
    if (this.#subscription.isAssigned) return;
    this.#subscription.update().catch((error: unknown) => {
      if (!this.closed) this.#session.end(error as Error);
    });
  }

  /**
   * A stream over some topics, with options, order and errors of its own. Joins the group when it is made; several
   * streams of one consumer share its membership.
   *
   * @throws ConfigError without a `group.id`; ArgumentError for an unknown option, when another stream reads one of the
   * topics, or when a batch could never be filled within the credit.
   */
  stream<TK = K, TV = V>(topics: Topics, options: StreamOptions<TK, TV> = {}): KafkaStream<TK, TV> {
    requireGroup(this.config, 'stream()');
    this.#subscription.requireUnassigned('stream()');
    const settings = withDeserializers(options, this.#deserializers as unknown as Deserializers<TK, TV>);
    this.assertOpen();
    const stream = this.#session.stream<TK, TV>(topics, settings);
    if (options.until === 'eof') this.#requireTopics(topics, (error) => stream.sourceError(error, null));
    return stream;
  }

  /** librdkafka reports a missing topic only once; a second subscriber would never learn of it. */
  #requireTopics(topics: Topics, fail: (error: KafkaError) => void): void {
    for (const topic of [topics].flat() as (string | RegExp)[]) {
      if (typeof topic !== 'string' || isPattern(topic)) continue;
      this.#partitionsOf(topic).catch((error: unknown) => {
        if (!this.closed) fail(error as KafkaError);
      });
    }
  }

  /**
   * Reads a part of some topics once, for a replay: from an offset or a time to an offset, a time, or the present end.
   * Takes no part in the group and commits nothing. The stream ends when every partition has reached its end; partitions
   * without messages in the range are not read. One range at a time: `unassign()` ends it.
   *
   * @throws StateError while subscribed or assigned; KafkaError for a topic that does not exist
   */
  async readRange<TK = K, TV = V>(
    topics: string | readonly string[],
    range: Range = {},
    options: StreamOptions<TK, TV> = {},
  ): Promise<KafkaStream<TK, TV>> {
    if (this.#subscription.isAssigned || this.#subscription.isSubscribed) {
      throw new StateError('readRange() needs a consumer that reads nothing else: unsubscribe() or unassign() first');
    }
    rangeOptions(range, '');
    const settings = withDeserializers(options, this.#deserializers as unknown as Deserializers<TK, TV>);
    const host: RangeHost<StreamCore<TK, TV>> = {
      stream: (list, bounded) => this.#session.stream<TK, TV>(list, { ...settings, ...bounded }),
      partitionsOf: (topic) => this.#partitionsOf(topic),
      offsetForTime: async (at, timestamp) => {
        const [found] = await this.offsetsForTimes([{ ...at, timestamp }]);
        return found?.offset ?? -1;
      },
      watermarks: (at) => this.watermarks(at),
      assign: (partitions) => this.request('Cannot assign', (client) => client.assign(partitions)),
    };
    this.#subscription.setAssigned(true);
    try {
      const list = typeof topics === 'string' ? [topics] : topics;
      const stream = await readRange(host, list, range);
      this.#range = stream;
      return stream;
    } catch (error) {
      this.#subscription.setAssigned(false);
      throw error;
    }
  }

  async #partitionsOf(topic: string): Promise<number[]> {
    const { topics } = await this.metadata(topic);
    const [found] = topics;
    if (found === undefined || found.error) {
      const error = found?.error ?? UNKNOWN_TOPIC;
      throw this.toError(error, `Cannot read ${topic}`);
    }
    return found.partitions.map(({ id }) => id);
  }

  /**
   * Reads exactly these partitions, without joining a group. Replaces an earlier assignment; the stream goes on.
   *
   * @returns the consumer's stream; a new one after the last was stopped
   * @throws StateError while subscribed; ArgumentError
   */
  async assign(partitions: readonly PartitionStart[]): Promise<KafkaStream<K, V>> {
    checkPartitions(partitions, 'assign()');
    this.assertOpen();
    this.#renew();
    await this.#range?.stop();
    this.#range = undefined;
    this.#subscription.requireUnsubscribed('assign()');
    const list = partitions.map((at) => this.#start(at));
    this.#subscription.setAssigned(list.length > 0);
    await this.request('Cannot assign', (client) => client.assign(list));
    return this.#own;
  }

  /** Adds partitions to those of `assign`. The others go on undisturbed. @throws StateError, ArgumentError */
  async incrementalAssign(partitions: readonly PartitionStart[]): Promise<KafkaStream<K, V>> {
    checkPartitions(partitions, 'incrementalAssign()');
    this.#subscription.requireUnsubscribed('incrementalAssign()');
    const list = partitions.map((at) => this.#start(at));
    for (const at of list) {
      if (this.#session.lane(at)) throw new StateError(`${at.topic}/${at.partition} is assigned already`);
    }
    this.assertOpen();
    this.#renew();
    this.#subscription.setAssigned(true);
    await this.request('Cannot assign', (client) => client.incrementalAssign(list));
    return this.#own;
  }

  /** Takes partitions away from those of `assign`. @throws StateError when one is not assigned; ArgumentError */
  async incrementalUnassign(partitions: readonly TopicPartition[]): Promise<void> {
    checkPartitions(partitions, 'incrementalUnassign()');
    for (const at of partitions) this.#requireLane(at);
    await this.request('Cannot unassign', (client) => client.incrementalUnassign(partitions));
    this.#subscription.setAssigned(this.assignment().length > 0);
  }

  /** Stops reading the partitions of `assign`. */
  async unassign(): Promise<void> {
    await this.assign([]);
  }

  /** Partitions assigned now, by the group or by `assign`. */
  assignment(): TopicPartition[] {
    return this.#session.assignmentLanes().map(({ topic, partition }) => ({ topic, partition }));
  }

  #start(at: PartitionStart): TopicPartitionOffset {
    checkPartition(at);
    if (at.offset !== undefined) return { ...at, offset: offsetOf(at, at.offset) };
    if (this.#grouped) return { ...at, offset: LOGICAL.stored };
    const reset = String(this.config.get('auto.offset.reset'));
    if (reset === 'error') {
      throw new ArgumentError(`${at.topic}/${at.partition} needs an offset: 'auto.offset.reset' is 'error'`);
    }
    return { ...at, offset: ['earliest', 'beginning', 'smallest'].includes(reset) ? LOGICAL.beginning : LOGICAL.end };
  }

  /** @throws ClosedError; StateError when the partition is not assigned */
  #requireLane(at: TopicPartition): void {
    checkPartition(at);
    this.assertOpen();
    if (this.#session.lane(at) === undefined) {
      const hint = this.#subscription.isSubscribed
        ? ': the group assigns partitions after subscribe(). Choose where to begin in the option rebalance.onAssigned, or wait ' +
          "for the event 'assigned' (rebalances$)"
        : '';
      throw new StateError(`${at.topic}/${at.partition} is not assigned to this consumer${hint}`);
    }
  }

  // --- where to read

  /**
   * Goes on at another offset of an assigned partition. Resolves when the seek took effect: every message delivered from
   * then on comes from the new position. A seek that was not answered in time may still take effect.
   *
   * @throws StateError when the partition is not assigned; ArgumentError; KafkaError
   */
  async seek(
    at: TopicPartition & { readonly offset: Exclude<StartOffset, 'stored'> },
    options: RequestOptions = {},
  ): Promise<void> {
    checkPartition(at, '{ topic, partition, offset }');
    this.#requireLane(at);
    const offset = offsetOf(at, at.offset);
    if (offset === LOGICAL.stored) {
      throw new ArgumentError(
        `seek() cannot go to the committed offset of ${at.topic}/${at.partition}: ask committed() for it first`,
      );
    }
    await this.#session.seek(at, timeoutOf(options), async () => {
      const doing = `Cannot seek ${at.topic}/${at.partition}`;
      const [result] = await this.request(doing, (client) =>
        client.seek([{ topic: at.topic, partition: at.partition, offset }]),
      );
      if (result?.error) throw ConsumeError.at(result.error, result, { doing });
    });
  }

  /**
   * Delivers nothing more of these partitions until `resume`, at once. Messages already fetched stay, and so does group
   * membership. @throws StateError when a partition is not assigned; ArgumentError
   */
  pause(partitions: readonly TopicPartition[] = this.assignment()): void {
    checkPartitions(partitions, 'pause()');
    this.assertOpen();
    for (const at of partitions) this.#requireLane(at);
    this.#session.pause(partitions);
  }

  /** @throws StateError when a partition is not assigned; ArgumentError */
  resume(partitions: readonly TopicPartition[] = this.assignment()): void {
    checkPartitions(partitions, 'resume()');
    this.assertOpen();
    for (const at of partitions) this.#requireLane(at);
    this.#session.resume(partitions);
  }

  /** Partitions paused by `pause`. */
  paused(): TopicPartition[] {
    return this.#session.paused();
  }

  /** Offset of the next message to be delivered; null while it is unknown. @throws StateError when not assigned */
  position(at: TopicPartition): number | null {
    this.#requireLane(at);
    return this.#session.position(at);
  }

  // --- offsets

  /**
   * Commits, and resolves on the broker's answer.
   *
   * @param what - offsets of the next messages to read, with an optional metadata string; or a message or a batch, to
   * commit up to and including it; left out: everything acknowledged so far.
   * @throws KafkaError with the broker's refusal; StateError when a partition is not, or no longer, assigned to this
   * consumer while it is subscribed: its offsets are another member's to commit; ConfigError without a `group.id`; ArgumentError
   */
  async commit(what?: Committable<K, V>): Promise<void> {
    requireGroup(this.config, 'commit()');
    this.assertOpen();
    if (what === undefined) return this.#session.commit();
    const owned = this.#subscription.isSubscribed ? (at: TopicPartition) => this.#session.lane(at) : null;
    const offsets = offsetsToCommit(what, owned);
    let outcomes: readonly CommitOutcome[];
    try {
      outcomes = await this.#session.commit(offsets);
    } catch (error) {
      throw this.toError(error, 'Cannot commit');
    }
    for (const outcome of outcomes) {
      if (outcome.error === null) continue;
      throw ConsumeError.at(outcome.error, outcome, { doing: `Cannot commit ${outcome.topic}/${outcome.partition}` });
    }
  }

  /**
   * Stores an offset for librdkafka's own auto-commit, which needs `enable.auto.commit: true`. Streams do not need
   * it: they commit acknowledged messages. @throws StateError when the partition is not assigned; ArgumentError
   */
  storeOffset(offset: OffsetToCommit): void {
    checkPartition(offset, '{ topic, partition, offset }');
    this.#requireLane(offset);
    const [checked] = offsetsToCommit(offset, null);
    const error = this.native.storeOffsets([checked as OffsetToCommit]);
    if (error) throw this.toError(error, `Cannot store the offset of ${offset.topic}/${offset.partition}`);
  }

  readonly #query: Request = (doing, run) => this.request(doing, run);

  /** What the group has committed, by default for the assigned partitions. @throws KafkaError, ConfigError */
  async committed(
    partitions: readonly TopicPartition[] = this.assignment(),
    options: RequestOptions = {},
  ): Promise<CommittedOffset[]> {
    requireGroup(this.config, 'committed()');
    return committed(this.#query, partitions, options);
  }

  /**
   * First offset at or after a time (ms since the epoch, or a Date); null when there is none. @throws KafkaError
   */
  async offsetsForTimes(
    partitions: readonly (TopicPartition & { readonly timestamp: number | Date })[],
    options: RequestOptions = {},
  ): Promise<(TopicPartition & { readonly offset: number | null })[]> {
    return offsetsForTimes(this.#query, partitions, options);
  }

  /**
   * First offset and end (the next offset to be written) of a partition, from its leader.
   * @throws KafkaError such as `ERR_KAFKA__UNKNOWN_PARTITION`; ArgumentError
   */
  async watermarks(at: TopicPartition, options: RequestOptions = {}): Promise<Watermarks> {
    return watermarks(this.#query, at, options);
  }

  /** As {@link Consumer.watermarks}, as of the last fetch and without a request: null before the first fetch. */
  cachedWatermarks(at: TopicPartition): Watermarks | null {
    checkPartition(at);
    const cached = this.native.cachedWatermarks(at.topic, at.partition);
    return cached === null || cached.low < 0 || cached.high < 0 ? null : cached;
  }

  /**
   * Work in progress: messages received and not settled, per partition; the credit they take; the lag. Makes no request, and
   * costs nothing between two calls.
   */
  flow(): ConsumerFlow {
    return this.#session.flow((at) => (this.closed ? null : (this.cachedWatermarks(at)?.high ?? null)));
  }

  /** This member as the group knows it now; it may change when the member rejoins. @throws ConfigError without a `group.id`; KafkaError */
  async groupMetadata(): Promise<GroupMetadata> {
    const groupId = requireGroup(this.config, 'groupMetadata()');
    const { memberId, opaque } = await this.request('Cannot get group metadata', (client) => client.groupMetadata());
    return { groupId, memberId, opaque };
  }

  // --- reading: the surfaces of the stream that `subscribe` and `assign` return

  /** See {@link KafkaStream.take}. @throws StateError when nothing is subscribed or assigned */
  take(options: { signal?: AbortSignal } = {}): Promise<MessageBatch<K, V> | null> {
    return this.#own.take(options, this.take);
  }

  /** Batches: `for await (const batch of consumer)`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<MessageBatch<K, V>> {
    return this.#own[Symbol.asyncIterator]();
  }

  /** See {@link KafkaStream.messages}. */
  messages(): AsyncIterableIterator<Message<K, V>> {
    return this.#own.messages();
  }

  /** See {@link KafkaStream.batches$}. */
  get batches$(): Observable<MessageBatch<K, V>> {
    return this.#own.batches$;
  }

  /** See {@link KafkaStream.messages$}. */
  get messages$(): Observable<Message<K, V>> {
    return this.#own.messages$;
  }

  /** See {@link KafkaStream.partitions$}. */
  get partitions$(): Observable<PartitionStream<K, V>> {
    return this.#own.partitions$;
  }

  /** See {@link KafkaStream.readable}. */
  readable(): Readable {
    return this.#own.readable();
  }

  /** See {@link KafkaStream.run}. */
  run(handler: MessageHandler<K, V>, options?: RunOptions<K, V>): Promise<RunSummary> {
    return this.#own.run(handler, options);
  }

  /** See {@link KafkaStream.runBatch}. */
  runBatch(handler: BatchHandler<K, V>, options?: RunBatchOptions<K, V>): Promise<RunSummary> {
    return this.#own.runBatch(handler, options);
  }

  // --- events

  /** Ends of partitions, of every stream of this consumer, in order with the messages. */
  get eof$() {
    return observeEvents(this.events, (event) => (event.type === 'eof' ? event : undefined));
  }

  /** Assignments, revocations with the messages they abandoned, and losses. */
  get rebalances$() {
    return observeEvents(this.events, (event) =>
      event.type === 'assigned' || event.type === 'revoking' || event.type === 'revoked' || event.type === 'lost'
        ? event
        : undefined,
    );
  }

  /** Commits with the broker's answer. */
  get commits$() {
    return observeEvents(this.events, (event) => (event.type === 'commit' ? event : undefined));
  }

  /**
   * The poll loop: an event for every turn that took messages: how many, how long it took, and how long it waited for the
   * event loop, in microseconds. Measured only while it is subscribed to.
   */
  get poll$() {
    const { events } = this;
    return observeEvents(
      {
        on: (listener: (event: ConsumerEvent) => void, end?: (error: Error | null) => void) => {
          const off = events.on(listener, end, false);
          if (!this.closed && this.#pollers++ === 0) this.native.reportPolls(true);
          return () => {
            off();
            if (--this.#pollers === 0 && !this.closed) this.native.reportPolls(false);
          };
        },
      },
      (event) => (event.type === 'poll' ? event : undefined),
    );
  }

  // --- the end

  /**
   * Stops all streams in an orderly way: nothing more is delivered, delivered messages are waited for (`drainMs`, default
   * 10,000), and committed. The partitions of `subscribe()` are given up. The consumer stays open: `subscribe()` or
   * `assign()` reads again.
   *
   * @returns what was drained and what was abandoned
   */
  stop(options: StopOptions = {}): Promise<StopSummary> {
    const called = this.#session.called(callersOf(this.stop));
    const stopped = this.#session.stop(options);
    return called ? withoutSelf(stopped, () => this.#session.progress()) : stopped;
  }

  /**
   * See {@link Client.close}. Called by the code that it would wait for (a handler, the body of a loop), it ends the consumer
   * after that message, and resolves before.
   */
  override close(options: RequestOptions = {}): Promise<void> {
    const called = !this.closed && this.#session.called(callersOf(this.close));
    const closed = super.close(options);
    return called ? withoutSelf(closed, () => undefined) : closed;
  }

  protected override async drain(timeoutMs: number): Promise<void> {
    const began = performance.now();
    await this.#session.stop({ drainMs: Math.floor(timeoutMs * 0.8) });
    // Some of the time is left for leaving the group. Partitions that the user assigned are not revoked by anyone.
    const left = Math.max(0, timeoutMs * 0.9 - (performance.now() - began));
    if (!this.#subscription.isAssigned) await this.#session.leave(Math.ceil(left));
  }

  protected override ended(): void {
    this.#session.end(null);
  }
}
