import { hasSubscribers } from '../client/channels';
import { Client } from '../client/client';
import { type RequestOptions, timeoutOf } from '../client/options';
import { normalizeConsumerConfig, requireGroup } from '../config/config';
import { given } from '../core/describe';
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
import type { ClientEvent, Delivery } from '../native/events';
import type { NativeConsumer, PartitionResult } from '../native/interface';
import { commitChannel } from './channels';
import { creditOf } from './credit';
import type { ConsumerEvent } from './events';
import type { ConsumerFlow } from './flow';
import { offsetsToCommit } from './offsets-to-commit';
import { type ConsumerOptions, checkConsumer, type Deserializers, nativeOptions, withDeserializers } from './options';
import { type Range, type RangeHost, rangeOptions, readRange } from './read-range';
import { Session } from './session';
import type { KafkaStream } from './stream/kafka-stream';
import type { StopSummary, StreamOptions } from './stream/options';
import type { StreamCore } from './stream/stream';
import { checkTopics, forBroker, isPattern, subscription, type Topics } from './topic-pattern';

/** A committed offset; null when nothing is committed. */
export interface CommittedOffset extends TopicPartition {
  readonly offset: number | null;
  readonly metadata: string | null;
}

/** Who this member is in its group. `opaque`: as `rd_kafka_consumer_group_metadata_write()` puts it down. */
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
 * Reads topics, as a member of a group (`subscribe`, {@link Consumer.stream}) or from partitions of one's own choice
 * (`assign`).
 *
 * Order: within a partition, offset order. Delivery: at least once; with a group a message is done when it is
 * acknowledged, and what is not acknowledged is delivered again after a restart. How far reading runs ahead is limited
 * by what is delivered and not done.
 *
 * @example
 * ```ts
 * const consumer = new Consumer({ 'bootstrap.servers': 'localhost:9092', 'group.id': 'orders' }, { value: utf8 });
 * await consumer.subscribe('orders');
 * for await (const batch of consumer) {
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
  readonly #own: StreamCore<K, V>;
  readonly #deserializers: Deserializers<K, V>;
  readonly #grouped: boolean;
  #topics: readonly string[] = [];
  #assigned = false;
  #range: { stop(): Promise<unknown> } | undefined;
  #pollers = 0;

  /**
   * @throws ConfigError when the configuration is wrong: nothing was opened then.
   */
  constructor(config: ConsumerConfig, deserializers: Deserializers<K, V> = {}, options: ConsumerOptions = {}) {
    checkConsumer(options, deserializers as Deserializers<never, never>);
    super('consumer', normalizeConsumerConfig(config, { ...options, librdkafka: native.version }), options);
    this.#deserializers = deserializers;
    this.#grouped = Boolean(this.config.get('group.id'));
    const credit = creditOf(options.credit);
    const client = this.open((settings) => {
      if (!this.#grouped) settings.push(['group.id', NO_GROUP]);
      return new native.Consumer(settings, nativeOptions(options, credit, deserializers), (items) =>
        this.#deliver(items),
      );
    });
    this.#session = new Session({
      ...options,
      source: {
        credit: (lane, messages, bytes) => client.credit(lane, messages, bytes),
        hold: (lane, held) => client.hold(lane, held),
        release: (id) => client.release(id),
        answerAssign: (id, partitions) => client.answerAssign(id, partitions),
        // The committer judges errors by their code, so it needs the typed one.
        commit: (offsets) => {
          const commit = () =>
            client.commit(offsets).catch((cause) => {
              throw this.toError(cause, 'Cannot commit');
            });
          return hasSubscribers(commitChannel)
            ? commitChannel.tracePromise(commit, { client: this, offsets })
            : commit();
        },
      },
      client: this,
      credit,
      group: this.#grouped,
      ...(options.commits && { commit: options.commits }),
      warn: (text) => process.emitWarning(text, 'RdkafkaRxWarning'),
      endOffset: async ({ topic, partition }) => (await client.watermarks(topic, partition, timeoutOf({}))).high,
      reassigns: (lost) => this.#union().length > 0 && (lost || this.#eager()),
      onTopics: () => this.#resubscribe(),
      onClientEvent: (event) => this.#clientEvent(event),
    });
    this.#own = this.#session.defaultStream<K, V>({ ...options.stream, ...deserializers });
    this.announce();
  }

  /** The configured `group.id`; null when there is none. */
  get groupId(): string | null {
    return this.#grouped ? String(this.config.get('group.id')) : null;
  }

  override get events() {
    return this.#session.events;
  }

  #deliver(items: readonly Delivery[]): void {
    this.#session.deliver(items);
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
   * Joins the group and reads these topics with the consumer's own streams. Replaces the topics of an earlier call.
   * Names, and patterns (`RegExp`, or a string that begins with `^`) that also take in topics made later.
   *
   * @throws ConfigError without a `group.id`; StateError after `assign`; ArgumentError
   */
  async subscribe(topics: Topics): Promise<void> {
    requireGroup(this.config, 'subscribe()');
    if (this.#assigned) throw new StateError('subscribe() cannot be mixed with assign(): call unassign() first');
    const list = checkTopics(topics, 'subscribe()').map(subscription);
    const before = this.#topics;
    this.#topics = list;
    try {
      await this.request(`Cannot subscribe to ${list.join(', ')}`, (client) => client.subscribe(this.#asked()));
    } catch (error) {
      this.#topics = before;
      throw error;
    }
  }

  /** Leaves what `subscribe` joined. Topics of {@link Consumer.stream} are still read. */
  async unsubscribe(): Promise<void> {
    this.#topics = [];
    await this.request('Cannot unsubscribe', (client) => client.subscribe(this.#asked()));
  }

  /** Topics and patterns (with `^`) subscribed to. */
  subscription(): readonly string[] {
    return this.#union();
  }

  #union(): string[] {
    return [...new Set([...this.#topics, ...this.#session.topics()])];
  }

  #asked(): string[] {
    return this.config.get('group.protocol') === 'consumer' ? this.#union().map(forBroker) : this.#union();
  }

  /** The group takes everything away before it shares anew. */
  #eager(): boolean {
    const strategy = String(this.config.get('partition.assignment.strategy'));
    return this.config.get('group.protocol') !== 'consumer' && !strategy.includes('cooperative');
  }

  #resubscribe(): void {
    // Reading a range assigns its partitions itself.
    if (this.#assigned) return;
    const asked = this.#asked();
    this.request(`Cannot subscribe to ${asked.join(', ')}`, (client) => client.subscribe(asked)).catch(
      (error: unknown) => {
        if (!this.closed) this.#session.end(error as Error);
      },
    );
  }

  /**
   * A stream over some topics, with options, order and errors of its own. Joins the group when it is made; several
   * streams of one consumer share its membership.
   *
   * @throws ConfigError without a `group.id`; ArgumentError for an option that is none, when another stream reads one of the topics, or when a
   * batch could never be filled within the credit.
   */
  stream<TK = K, TV = V>(topics: Topics, options: StreamOptions<TK, TV> = {}): KafkaStream<TK, TV> {
    requireGroup(this.config, 'stream()');
    if (this.#assigned) throw new StateError('stream() cannot be mixed with assign(): call unassign() first');
    const settings = withDeserializers(options, this.#deserializers as unknown as Deserializers<TK, TV>);
    this.assertOpen();
    const stream = this.#session.stream<TK, TV>(topics, settings);
    if (options.until === 'eof') this.#expect(topics, stream as unknown as StreamCore<never, never>);
    return stream;
  }

  /** librdkafka reports a missing topic only once; a second subscriber would never hear of it. */
  #expect(topics: Topics, stream: StreamCore<never, never>): void {
    for (const topic of [topics].flat() as (string | RegExp)[]) {
      if (typeof topic !== 'string' || isPattern(topic)) continue;
      this.#partitionsOf(topic).catch((error: unknown) => {
        if (!this.closed) stream.sourceError(error as KafkaError, null);
      });
    }
  }

  /**
   * Reads a part of some topics once, for a replay: from an offset or a time to an offset, a time, or the end there is
   * now. Takes no part in the group and commits nothing. The stream ends by itself when every partition has reached
   * its end; partitions of which the range has nothing are not read. One range at a time: `unassign()` ends it.
   *
   * @throws StateError while subscribed or assigned; KafkaError for a topic that does not exist
   */
  async readRange<TK = K, TV = V>(
    topics: string | readonly string[],
    range: Range = {},
    options: StreamOptions<TK, TV> = {},
  ): Promise<KafkaStream<TK, TV>> {
    if (this.#assigned || this.#union().length > 0) {
      throw new StateError('readRange() needs a consumer that reads nothing else: unsubscribe() or unassign() first');
    }
    rangeOptions(range, '');
    const settings = withDeserializers(options, this.#deserializers as unknown as Deserializers<TK, TV>);
    const host: RangeHost = {
      session: this.#session,
      partitionsOf: (topic) => this.#partitionsOf(topic),
      offsetForTime: async (at, timestamp) => {
        const [found] = await this.offsetsForTimes([{ ...at, timestamp }]);
        return found?.offset ?? -1;
      },
      watermarks: (at) => this.watermarks(at),
      assign: (partitions) => this.request('Cannot assign', (client) => client.assign(partitions)),
    };
    this.#assigned = true;
    try {
      const list = typeof topics === 'string' ? [topics] : topics;
      const stream = await readRange<TK, TV>(host, list, range, settings);
      this.#range = stream;
      return stream;
    } catch (error) {
      this.#assigned = false;
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
   * Reads exactly these partitions, without joining a group. Replaces an earlier assignment.
   *
   * @throws StateError while subscribed; ArgumentError
   */
  async assign(partitions: readonly PartitionStart[]): Promise<void> {
    checkPartitions(partitions, 'assign()');
    await this.#range?.stop();
    this.#range = undefined;
    if (this.#union().length > 0)
      throw new StateError('assign() cannot be mixed with subscribe(): unsubscribe() first');
    const list = partitions.map((at) => this.#start(at));
    this.#assigned = list.length > 0;
    await this.request('Cannot assign', (client) => client.assign(list));
  }

  /** Adds partitions to those of `assign`. The others go on undisturbed. @throws StateError, ArgumentError */
  async incrementalAssign(partitions: readonly PartitionStart[]): Promise<void> {
    checkPartitions(partitions, 'incrementalAssign()');
    if (this.#union().length > 0) throw new StateError('incrementalAssign() cannot be mixed with subscribe()');
    const list = partitions.map((at) => this.#start(at));
    for (const at of list) {
      if (this.#session.lane(at)) throw new StateError(`${at.topic}/${at.partition} is assigned already`);
    }
    this.#assigned = true;
    await this.request('Cannot assign', (client) => client.incrementalAssign(list));
  }

  /** Takes partitions away from those of `assign`. @throws StateError when one is not assigned; ArgumentError */
  async incrementalUnassign(partitions: readonly TopicPartition[]): Promise<void> {
    checkPartitions(partitions, 'incrementalUnassign()');
    for (const at of partitions) this.#laneOf(at);
    await this.request('Cannot unassign', (client) => client.incrementalUnassign(partitions));
    this.#assigned = this.#session.assignmentLanes().length > 0;
  }

  /** Stops reading what `assign` began. */
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

  #laneOf(at: TopicPartition) {
    checkPartition(at);
    this.assertOpen();
    const lane = this.#session.lane(at);
    if (lane === undefined) throw new StateError(`${at.topic}/${at.partition} is not assigned to this consumer`);
    return lane;
  }

  // --- where to read

  /**
   * Goes on at another offset of an assigned partition. Resolves when it took effect: everything delivered afterwards
   * is from there on, nothing of before is. A seek that was not answered in time may still take effect, likewise.
   *
   * @throws StateError when the partition is not assigned; ArgumentError; KafkaError
   */
  async seek(
    at: TopicPartition & { readonly offset: Exclude<StartOffset, 'stored'> },
    options: RequestOptions = {},
  ): Promise<void> {
    checkPartition(at, '{ topic, partition, offset }');
    this.#laneOf(at);
    const offset = offsetOf(at, at.offset);
    if (offset === LOGICAL.stored) {
      throw new ArgumentError(
        `seek() cannot look up what is committed in ${at.topic}/${at.partition}: committed() does`,
      );
    }
    await this.#session.seek(at, timeoutOf(options), async () => {
      const [result] = await this.request(`Cannot seek ${at.topic}/${at.partition}`, (client) =>
        client.seek([{ topic: at.topic, partition: at.partition, offset }]),
      );
      if (result?.error)
        throw ConsumeError.at(result.error, result, { doing: `Cannot seek ${at.topic}/${at.partition}` });
    });
  }

  /**
   * Delivers nothing more of these partitions until `resume`, at once. What is fetched already stays; membership is
   * kept. @throws StateError when a partition is not assigned; ArgumentError
   */
  pause(partitions: readonly TopicPartition[] = this.assignment()): void {
    checkPartitions(partitions, 'pause()');
    this.assertOpen();
    this.#session.pause(partitions);
  }

  /** @throws StateError when a partition is not assigned; ArgumentError */
  resume(partitions: readonly TopicPartition[] = this.assignment()): void {
    checkPartitions(partitions, 'resume()');
    this.assertOpen();
    this.#session.resume(partitions);
  }

  /** Partitions paused by `pause`. */
  paused(): TopicPartition[] {
    return this.#session.paused();
  }

  /** Offset of the next message to be delivered; null while it is not known. @throws StateError when not assigned */
  position(at: TopicPartition): number | null {
    this.#laneOf(at);
    return this.#session.position(at);
  }

  // --- offsets

  /**
   * Commits, and resolves on the broker's answer.
   *
   * @param what - offsets of the next messages to read, with an optional metadata string; or a message or a batch, to
   * commit up to and including it; left out: everything acknowledged so far.
   * @throws KafkaError with the broker's refusal; StateError when a partition was taken away before what is acknowledged
   * was committed; ConfigError without a `group.id`; ArgumentError
   */
  async commit(what?: OffsetToCommit | readonly OffsetToCommit[] | Message<K, V> | MessageBatch<K, V>): Promise<void> {
    requireGroup(this.config, 'commit()');
    this.assertOpen();
    if (what === undefined) return this.#session.commit();
    const offsets = offsetsToCommit(what);
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
   * it: they commit what is acknowledged. @throws StateError when the partition is not assigned; ArgumentError
   */
  storeOffset(offset: OffsetToCommit): void {
    checkPartition(offset, '{ topic, partition, offset }');
    this.#laneOf(offset);
    const [checked] = offsetsToCommit(offset);
    const error = this.native.storeOffsets([checked as OffsetToCommit]);
    if (error) throw this.toError(error, `Cannot store the offset of ${offset.topic}/${offset.partition}`);
  }

  /** What the group has committed, by default for the assigned partitions. @throws KafkaError, ConfigError */
  async committed(
    partitions: readonly TopicPartition[] = this.assignment(),
    options: RequestOptions = {},
  ): Promise<CommittedOffset[]> {
    requireGroup(this.config, 'committed()');
    checkPartitions(partitions, 'committed()');
    if (partitions.length === 0) return [];
    const results = await this.request('Cannot get committed offsets', (client) =>
      client.committed(partitions, timeoutOf(options)),
    );
    return results.map((result) => {
      throwAt(result, 'Cannot get the committed offset of');
      const { topic, partition, offset, metadata } = result;
      return { topic, partition, offset: offset < 0 ? null : offset, metadata };
    });
  }

  /**
   * First offset at or after a time (ms since the epoch, or a Date); null when there is none. @throws KafkaError
   */
  async offsetsForTimes(
    partitions: readonly (TopicPartition & { readonly timestamp: number | Date })[],
    options: RequestOptions = {},
  ): Promise<(TopicPartition & { readonly offset: number | null })[]> {
    checkPartitions(partitions, 'offsetsForTimes()', '{ topic, partition, timestamp }');
    const wanted = partitions.map(({ topic, partition, timestamp }) => {
      const offset = timestamp instanceof Date ? timestamp.getTime() : timestamp;
      if (!Number.isSafeInteger(offset) || offset < 0) {
        throw new ArgumentError(
          `the timestamp for ${topic}/${partition} must be a Date or ms since the epoch, not ${given(timestamp)}`,
        );
      }
      return { topic, partition, offset };
    });
    if (wanted.length === 0) return [];
    const results = await this.request('Cannot look up offsets', (client) =>
      client.offsetsForTimes(wanted, timeoutOf(options)),
    );
    return results.map((result) => {
      throwAt(result, 'Cannot look up the offset in');
      const { topic, partition, offset } = result;
      return { topic, partition, offset: offset < 0 ? null : offset };
    });
  }

  /**
   * First offset and end (the next offset to be written) of a partition, asked of its leader.
   * @throws KafkaError such as `ERR_KAFKA__UNKNOWN_PARTITION`; ArgumentError
   */
  async watermarks(at: TopicPartition, options: RequestOptions = {}): Promise<{ low: number; high: number }> {
    checkPartition(at);
    return this.request(`Cannot get the watermarks of ${at.topic}/${at.partition}`, (client) =>
      client.watermarks(at.topic, at.partition, timeoutOf(options)),
    );
  }

  /** As {@link Consumer.watermarks}, as of the last fetch and without asking: null while nothing was fetched. */
  cachedWatermarks(at: TopicPartition): { low: number; high: number } | null {
    checkPartition(at);
    const cached = this.native.cachedWatermarks(at.topic, at.partition);
    return cached === null || cached.low < 0 || cached.high < 0 ? null : cached;
  }

  /**
   * What is under way: messages received and not done, by partition; the credit they take; how far from the end that is.
   * Asks nobody and costs nothing between two calls.
   */
  flow(): ConsumerFlow {
    return this.#session.flow((at) => (this.closed ? null : (this.cachedWatermarks(at)?.high ?? null)));
  }

  /** Who this member is now: the group may know it by another name after it joins anew. @throws ConfigError without a `group.id`; KafkaError */
  async groupMetadata(): Promise<GroupMetadata> {
    const groupId = requireGroup(this.config, 'groupMetadata()');
    const { memberId, opaque } = await this.request('Cannot get group metadata', (client) => client.groupMetadata());
    return { groupId, memberId, opaque };
  }

  // --- the consumer's own streams: what `subscribe` and `assign` read

  /** The stream of what `subscribe` and `assign` read, with everything a stream has. */
  get own(): KafkaStream<K, V> {
    return this.#own;
  }

  /** The next batch; null when the consumer was closed. @throws KafkaError, LeaseHeldError, AbortError */
  take(options: { signal?: AbortSignal } = {}): Promise<MessageBatch<K, V> | null> {
    return this.#own.take(options);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<MessageBatch<K, V>> {
    return this.#own[Symbol.asyncIterator]();
  }

  /** Batches as they come. One reader at a time. */
  get batches$() {
    return this.#own.batches$;
  }

  /** Messages one by one, keys and values decoded before `next`. One reader at a time. */
  get messages$() {
    return this.#own.messages$;
  }

  /** Ends of partitions, of every stream of this consumer, in order with the messages. */
  get eof$() {
    return observeEvents(this.events, (event) => (event.type === 'eof' ? event : undefined));
  }

  /** Assignments, revocations with what was left undone, and losses. */
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
   * The poll loop: an event for every turn in which it took messages, with how many, how long it took and how long the
   * event loop let it wait, in microseconds. Measured only while somebody listens.
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

  /**
   * Stops reading in an orderly way: nothing more is delivered, what was delivered is waited for (`drainMs`, default
   * 10,000), and committed. The consumer stays open. @returns what was drained and what was left undone
   */
  stop(options: { drainMs?: number } = {}): Promise<StopSummary> {
    return this.#session.stop(options);
  }

  protected override async drain(timeoutMs: number): Promise<void> {
    const began = performance.now();
    await this.#session.stop({ drainMs: Math.floor(timeoutMs * 0.8) });
    // Something is left of the time for leaving the group. What the user assigned is not revoked by anybody.
    const left = Math.max(0, timeoutMs * 0.9 - (performance.now() - began));
    if (!this.#assigned) await this.#session.leave(Math.ceil(left));
  }

  protected override ended(): void {
    this.#session.end(null);
  }
}

function throwAt(result: PartitionResult, doing: string): void {
  if (result.error)
    throw ConsumeError.at(result.error, result, { doing: `${doing} ${result.topic}/${result.partition}` });
}
