import { hasSubscribers } from '../client/channels';
import { Client } from '../client/client';
import type { CommonEvent } from '../client/events';
import { type ClientOptions, checkClient, type RequestOptions, timeoutOf } from '../client/options';
import { weakly } from '../client/weakly';
import { normalizeProducerConfig } from '../config/config';
import { abortable } from '../core/abort';
import { AbortError, ArgumentError, ClosedError, KafkaError } from '../core/errors';
import { EventHub } from '../core/event-hub';
import { observeEvents } from '../core/observe-events';
import type { ProducerConfig } from '../generated/config';
import { native } from '../native/addon';
import type { NativeProducer, ProducerDelivery } from '../native/interface';
import type { Serializer } from '../serde/serde';
import { sendBatchChannel, sendChannel } from './channels';
import { Ledger, type ProducerFlow } from './delivery-ledger';
import {
  checkRecord,
  checkSerializers,
  type ProducerRecord,
  type RecordBatch,
  RecordContext,
  raw,
  type Serializers,
} from './record';
import { checkHeaders, type RecordHeaders, RecordPack } from './record-pack';
import { type BatchReport, type DeliveryReport, ProduceError, ReportColumns } from './report';
import { Turns } from './send-order';

export interface SendOptions {
  /**
   * Gives up waiting: the promise rejects with an `AbortError`. A record that was already handed over may still be
   * delivered; one whose serializer or turn was still waited for is not sent.
   */
  readonly signal?: AbortSignal;
}

export type ProducerEvent = CommonEvent;

/** Producers that wait for reports, whether or not somebody has them. */
const busy = new Set<unknown>();

/** A tick's records cross when they are this many bytes, even before the tick ends. */
const CROSS_BYTES = 256 * 1024;

/** After this long without the broker's answer `flush()` gives up, in ms. */
const FLUSH_MS = 30_000;

/**
 * Writes records to topics.
 *
 * Order: records of one partition are written in the order of the `send` calls. Set `enable.idempotence` to keep that
 * also when a broker fails and librdkafka tries again; `max.in.flight` 1 does not do it. Delivery: at least once, exactly once per
 * partition with `enable.idempotence`. Nothing blocks: a full queue is waited for on the producer's own thread, and
 * {@link Producer.ready} tells when to go on.
 *
 * @example
 * ```ts
 * await using producer = new Producer({ 'bootstrap.servers': 'localhost:9092' }, { key: utf8, value: json<Order>() });
 * const { partition, offset } = await producer.send({ topic: 'orders', key: order.id, value: order });
 * ```
 */
export class Producer<K = Uint8Array | string | null, V = Uint8Array | string | null> extends Client<
  NativeProducer,
  ProducerEvent
> {
  readonly events = new EventHub<ProducerEvent>();
  readonly #reports = new EventHub<DeliveryReport>();
  readonly #pack = new RecordPack();
  readonly #ledger: Ledger;
  readonly #topics = new Map<string, number>();
  #lastTopic = '';
  #lastTopicId = -1;
  readonly #client: NativeProducer;
  readonly #key: Serializer<K>;
  readonly #value: Serializer<V>;
  #scheduled = false;
  readonly #turns = new Turns();
  /** `close()` has handed over the last records. */
  #over = false;

  /**
   * @throws ConfigError when the configuration is wrong: nothing was opened then.
   */
  constructor(config: ProducerConfig, serializers: Serializers<K, V> = {}, options: ClientOptions = {}) {
    checkClient(options);
    checkSerializers(serializers);
    super('producer', normalizeProducerConfig(config, { ...options, librdkafka: native.version }), options);
    this.#key = serializers.key ?? (raw as unknown as Serializer<K>);
    this.#value = serializers.value ?? (raw as unknown as Serializer<V>);
    const records = this.config.number('queue.buffering.max.messages') || Number.POSITIVE_INFINITY;
    this.#ledger = new Ledger(records, this.config.number('queue.buffering.max.kbytes') * 1024, (alive) => {
      if (alive) busy.add(this);
      else busy.delete(this);
      if (!this.closed) this.native.keepAlive(alive);
    });
    const deliver = weakly(this as Producer<never, never>, Producer.#receive);
    this.#client = this.open((settings) => new native.Producer(settings, {}, deliver));
    this.announce();
  }

  /**
   * Sends one record. Resolves with the broker's answer (the delivery report).
   *
   * @throws ProduceError when it is not delivered; its `status` says whether it may be in the log all the same.
   * @throws AbortError, ClosedError
   */
  send(record: ProducerRecord<K, V>, options?: SendOptions): Promise<DeliveryReport> {
    return hasSubscribers(sendChannel) ? this.#sendTraced(record, options) : this.#send(record, options);
  }

  /** Apart from `send`: what a closure holds is allocated at each call of the function around it. */
  #sendTraced(record: ProducerRecord<K, V>, options: SendOptions | undefined): Promise<DeliveryReport> {
    const call = { client: this, record };
    return sendChannel.tracePromise(() => this.#send(call.record, options), call);
  }

  #send(record: ProducerRecord<K, V>, options: SendOptions | undefined): Promise<DeliveryReport> {
    if (this.closed) return Promise.reject(new ClosedError('producer'));
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(new AbortError(signal.reason));
    if (this.#key.async || this.#value.async) return abortable(this.#sendLater(record, signal), signal);
    try {
      checkRecord(record, record?.topic);
      const { topic } = record;
      const key = this.#serialize('key', this.#key, record.key, topic, record) as Uint8Array | string | null;
      const value = this.#serialize('value', this.#value, record.value, topic, record) as Uint8Array | string | null;
      return abortable(this.#sendNow(record, key, value), signal);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  async #sendLater(record: ProducerRecord<K, V>, signal: AbortSignal | undefined): Promise<DeliveryReport> {
    checkRecord(record, record?.topic);
    const parts = Promise.all([
      this.#serialize('key', this.#key, record.key, record.topic, record),
      this.#serialize('value', this.#value, record.value, record.topic, record),
    ]);
    const [key, value] = await this.#turns.take(parts, signal);
    return this.#sendNow(record, key, value);
  }

  #sendNow(
    record: ProducerRecord<K, V>,
    key: Uint8Array | string | null,
    value: Uint8Array | string | null,
  ): Promise<DeliveryReport> {
    const promise = new Promise<DeliveryReport>(capture);
    const slot = this.#ledger.openOne(record, resolveCaptured);
    try {
      this.#ledger.count(slot, this.#add(record, record.topic, slot, 0, key, value, record.headers));
    } catch (error) {
      this.#ledger.refuse(slot, 0, ProduceError.encode('headers', record, error));
      return promise;
    }
    this.#schedule();
    return promise;
  }

  /**
   * Sends many records with one promise: the fastest way. Resolves when every record has its delivery report, with
   * all offsets as columns.
   *
   * @throws ProduceError for the first record that failed, when one did: its `report` tells about every record. Without one:
   * a record cannot be serialized, and nothing was sent.
   * @throws AbortError, ClosedError
   */
  sendBatch(batch: RecordBatch<K, V>, options?: SendOptions): Promise<BatchReport> {
    if (!hasSubscribers(sendBatchChannel)) return this.#sendBatch(batch, options);
    const call = { client: this, batch };
    return sendBatchChannel.tracePromise(() => this.#sendBatch(call.batch, options), call);
  }

  #sendBatch(batch: RecordBatch<K, V>, options: SendOptions | undefined): Promise<BatchReport> {
    if (this.closed) return Promise.reject(new ClosedError('producer'));
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(new AbortError(signal.reason));
    const { topic: one, records } = (Array.isArray(batch) ? { records: batch } : (batch ?? {})) as {
      topic?: string;
      records: ProducerRecord<K, V>[];
    };
    if (!Array.isArray(records)) {
      return Promise.reject(new ArgumentError('sendBatch takes an array of records, or { topic, records: [...] }'));
    }
    if (this.#key.async || this.#value.async) return abortable(this.#sendBatchLater(records, one, signal), signal);
    try {
      const keys = new Array<Uint8Array | string | null>(records.length);
      const values = new Array<Uint8Array | string | null>(records.length);
      let headers: Map<number, RecordHeaders> | undefined;
      // All or nothing: a record that cannot be serialized is found before any is sent.
      for (let i = 0; i < records.length; i++) {
        const record = records[i] as ProducerRecord<K, V>;
        const topic = one ?? record?.topic;
        checkRecord(record, topic);
        keys[i] = this.#serialize('key', this.#key, record.key, topic, record) as Uint8Array | string | null;
        values[i] = this.#serialize('value', this.#value, record.value, topic, record) as Uint8Array | string | null;
        if (record.headers !== undefined) headers = this.#headersOf(record, record.headers, topic, i, headers);
      }
      return abortable(this.#sendBatchNow(records, one, keys, values, headers), signal);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  async #sendBatchLater(
    records: readonly ProducerRecord<K, V>[],
    one: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<BatchReport> {
    let headers: Map<number, RecordHeaders> | undefined;
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as ProducerRecord<K, V>;
      const topic = one ?? record?.topic;
      checkRecord(record, topic);
      if (record.headers !== undefined) headers = this.#headersOf(record, record.headers, topic, i, headers);
    }
    const column = (part: 'key' | 'value') =>
      Promise.all(
        records.map((record) => {
          const serializer = (part === 'key' ? this.#key : this.#value) as Serializer<unknown>;
          return this.#serialize(part, serializer, record[part], one ?? record.topic, record);
        }),
      );
    const parts = (async () => Promise.all([column('key'), column('value')]))();
    const [keys, values] = await this.#turns.take(parts, signal);
    return this.#sendBatchNow(records, one, keys, values, headers);
  }

  /** Headers that can be packed; noted where they are not the record's own. @throws ProduceError */
  #headersOf(
    record: ProducerRecord<K, V>,
    own: RecordHeaders,
    topic: string,
    index: number,
    noted: Map<number, RecordHeaders> | undefined,
  ): Map<number, RecordHeaders> | undefined {
    try {
      const headers = checkHeaders(own);
      return headers === own ? noted : (noted ?? new Map<number, RecordHeaders>()).set(index, headers);
    } catch (cause) {
      throw ProduceError.encode('headers', { ...record, topic }, cause);
    }
  }

  #sendBatchNow(
    records: readonly ProducerRecord<K, V>[],
    one: string | undefined,
    keys: readonly (Uint8Array | string | null)[],
    values: readonly (Uint8Array | string | null)[],
    headers: ReadonlyMap<number, RecordHeaders> | undefined,
  ): Promise<BatchReport> {
    return new Promise<BatchReport>((resolve, reject) => {
      const slot = this.#ledger.openBatch(records, one, resolve, reject);
      let bytes = 0;
      for (let i = 0; i < records.length; i++) {
        const record = records[i] as ProducerRecord<K, V>;
        const own = headers?.get(i) ?? record.headers;
        try {
          bytes += this.#add(record, one ?? record.topic, slot, i, keys[i] ?? null, values[i] ?? null, own);
        } catch (error) {
          this.#ledger.refuse(
            slot,
            i,
            ProduceError.encode('headers', { ...record, topic: one ?? record.topic }, error),
          );
        }
      }
      if (bytes > 0) this.#ledger.count(slot, bytes);
      this.#cross();
    });
  }

  #serialize<T>(
    field: 'key' | 'value',
    serializer: Serializer<T>,
    data: T | null | undefined,
    topic: string,
    record: { readonly headers?: RecordHeaders },
  ): Uint8Array | string | null | Promise<Uint8Array | string | null> {
    if (data === null || data === undefined) return null;
    // The default for bytes, without a context that it would not look at.
    if ((serializer as unknown) === raw && data instanceof Uint8Array) return data;
    try {
      const out = serializer.serialize(data, new RecordContext(topic, field, record));
      if (typeof out === 'string' || out instanceof Uint8Array || out === null) return out;
      if (serializer.async) {
        return (out as Promise<Uint8Array | string | null>).catch((cause) => {
          throw ProduceError.encode(field, { ...record, topic }, cause);
        });
      }
      throw new TypeError(`it must be a string, a Uint8Array or null, not ${typeof out}`);
    } catch (cause) {
      throw ProduceError.encode(field, { ...record, topic }, cause);
    }
  }

  #add(
    record: Omit<ProducerRecord<K, V>, 'topic'>,
    topic: string,
    slot: number,
    index: number,
    key: Uint8Array | string | null,
    value: Uint8Array | string | null,
    headers: RecordHeaders | undefined,
  ): number {
    const { timestamp } = record;
    const at = timestamp === undefined ? 0 : typeof timestamp === 'number' ? timestamp : timestamp.getTime();
    const pack = this.#pack;
    const size = pack.add(this.#topicId(topic), record.partition ?? -1, slot, index, at, key, value, headers);
    if (pack.length >= CROSS_BYTES) this.#cross();
    return size;
  }

  #topicId(topic: string): number {
    if (topic === this.#lastTopic) return this.#lastTopicId;
    let id = this.#topics.get(topic);
    if (id === undefined) {
      id = this.#topics.size;
      this.#client.topic(topic);
      this.#topics.set(topic, id);
    }
    this.#lastTopic = topic;
    this.#lastTopicId = id;
    return id;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#cross();
    });
  }

  /** Hands the collected records over, in one crossing. */
  #cross(): void {
    const pack = this.#pack;
    if (pack.length === 0 || this.#over) return;
    this.#client.produce(pack.bytes, pack.length);
    pack.clear();
  }

  static readonly #receive = (producer: Producer<never, never>, items: readonly ProducerDelivery[]) =>
    producer.#deliver(items);

  #deliver(items: readonly ProducerDelivery[]): void {
    for (const item of items) {
      const { type } = item as { type?: string };
      if (type === undefined) {
        const listener = this.#reports.active ? (report: DeliveryReport) => this.#reports.emit(report) : undefined;
        this.#ledger.settle(new ReportColumns(item as ArrayBuffer), listener, this.config.redact);
      } else {
        this.forward(item as { type: string });
      }
    }
  }

  /** Records accepted and not yet answered for. */
  get pending(): number {
    return this.#ledger.pending;
  }

  /** What is under way and what became of the rest. Asks nobody and costs nothing between two calls. */
  flow(): ProducerFlow {
    return this.#ledger.flow();
  }

  /**
   * Resolves at once while there is room in the queue (`queue.buffering.max.messages`, `queue.buffering.max.kbytes`),
   * else when half of it is free. `await producer.ready()` between sends keeps memory bounded.
   *
   * @throws ClosedError, AbortError
   */
  ready(options: SendOptions = {}): Promise<void> {
    if (this.closed) return Promise.reject(new ClosedError('producer'));
    return abortable(this.#ledger.ready(), options?.signal);
  }

  /**
   * Every delivery report, also those whose promise nobody keeps. Hot and multicast: costs nothing while nobody listens.
   * A record that was not delivered has an `error` in its report.
   */
  get deliveries$() {
    return observeEvents(this.#reports, (report) => report);
  }

  /**
   * Sends what is queued without lingering, and resolves when every record sent before this call is answered for.
   *
   * @param options.timeoutMs - default 30,000.
   * @throws KafkaError `ERR_KAFKA__TIMED_OUT` when some are not in time. They stay queued.
   */
  async flush(options: RequestOptions & SendOptions = {}): Promise<void> {
    const deadline = performance.now() + timeoutOf(options, FLUSH_MS);
    this.assertOpen();
    await abortable(this.#turns.passed(), options.signal);
    this.#cross();
    const settled = this.#ledger.settled();
    let done = false;
    void settled.then(() => {
      done = true;
    });
    do {
      const left = Math.max(0, Math.ceil(deadline - performance.now()));
      const flushed = this.request('Cannot flush', (client) => client.flush(left)).catch((error: unknown) => {
        // In time or not is judged below, by our own records.
        if (!(error instanceof KafkaError) || error.code !== 'ERR_KAFKA__TIMED_OUT') throw error;
      });
      await abortable(Promise.race([settled, flushed]), options.signal);
    } while (!done && performance.now() < deadline);
    if (!done) {
      throw new KafkaError('ERR_KAFKA__TIMED_OUT', `${this.pending} records are not delivered yet`, {
        retriable: true,
      });
    }
  }

  /**
   * Drops what is queued, and with `inFlight` (default true) also what was sent and not answered: those may be in the
   * log. Every dropped record's promise rejects with `ERR_KAFKA__PURGE_QUEUE` or `ERR_KAFKA__PURGE_INFLIGHT`.
   */
  async purge(options: { inFlight?: boolean } = {}): Promise<void> {
    this.#cross();
    await this.request('Cannot purge', (client) => client.purge(options.inFlight ?? true));
  }

  /** Waits for serializers. The native close sends what is queued, and reports what it could not: it needs some time too. */
  protected override async drain(timeoutMs: number): Promise<void> {
    await this.#turns.drain(Math.floor(timeoutMs * 0.8));
  }

  protected override beforeClose(): void {
    this.#cross();
    this.#over = true;
    const error = new ClosedError('producer');
    this.#turns.end(error);
    this.#ledger.turnAway(error);
  }

  protected override ended(): void {
    this.#ledger.end(new ClosedError('producer'));
    this.#reports.end();
    this.events.end();
  }
}

// Hundreds of thousands of promises a second: one executor for all of them saves a closure each. An executor runs
// inside `new Promise`, so nothing comes between it and the lines that follow.
let resolveCaptured: (report: DeliveryReport | PromiseLike<DeliveryReport>) => void;

// Not the other function: a promise is rejected by resolving it with one that is, and what nobody keeps costs nothing.
const capture = (resolve: typeof resolveCaptured): void => {
  resolveCaptured = resolve;
};
