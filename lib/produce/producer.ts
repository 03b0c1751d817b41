import { hasSubscribers } from '../client/channels';
import { Client } from '../client/client';
import type { CommonEvent } from '../client/events';
import { type ClientOptions, checkClient, type RequestOptions, timeoutOf } from '../client/options';
import { weakly } from '../client/weakly';
import { normalizeProducerConfig } from '../config/config';
import { abortable } from '../core/abort';
import { AbortError, ArgumentError, ClosedError, KafkaError, type NativeError } from '../core/errors';
import { EventHub } from '../core/event-hub';
import { observeEvents } from '../core/observe-events';
import type { ProducerConfig } from '../generated/config';
import { native } from '../native/addon';
import type { NativeProducer, ProducerDelivery } from '../native/interface';
import { sendBatchChannel, sendChannel } from './channels';
import { DeliveryLedger, type ProducerFlow } from './delivery-ledger';
import { Outbox } from './outbox';
import { checkRecord, checkSerializers, type ProducerRecord, type RecordBatch, type Serializers } from './record';
import { type BatchReport, type DeliveryReport, ProduceError, ReportColumns } from './report';
import { SendOrder } from './send-order';
import { type Columns, type Data, RecordSerializer } from './serialize';

export interface SendOptions {
  /**
   * Gives up waiting: the promise rejects with an `AbortError`. A record that was already handed over may still be
   * delivered; one whose serializer or turn was still waited for is not sent.
   */
  readonly signal?: AbortSignal;
}

export type ProducerEvent = CommonEvent;

/** Producers that wait for reports, referenced elsewhere or not. */
const busy = new Set<unknown>();

/** Default time limit of `flush()`, in ms. */
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
  readonly #serializer: RecordSerializer;
  readonly #order = new SendOrder();
  readonly #outbox: Outbox;
  readonly #ledger: DeliveryLedger;

  /**
   * @throws ConfigError when the configuration is wrong: nothing was opened then.
   */
  constructor(config: ProducerConfig, serializers: Serializers<K, V> = {}, options: ClientOptions = {}) {
    checkClient(options);
    checkSerializers(serializers);
    super('producer', normalizeProducerConfig(config, { ...options, librdkafka: native.version }), options);
    this.#serializer = new RecordSerializer(serializers as Serializers<never, never>);
    const records = this.config.number('queue.buffering.max.messages') || Number.POSITIVE_INFINITY;
    const keepAlive = (alive: boolean) => {
      if (alive) busy.add(this);
      else busy.delete(this);
      if (!this.closed) this.native.keepAlive(alive);
    };
    const bytes = this.config.number('queue.buffering.max.kbytes') * 1024;
    this.#ledger = new DeliveryLedger(records, bytes, keepAlive, errorOf);
    const deliver = weakly(this as Producer<never, never>, Producer.#receive);
    this.#outbox = new Outbox(this.open((settings) => new native.Producer(settings, {}, deliver)));
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
    const serializer = this.#serializer;
    try {
      checkRecord(record, record?.topic);
      if (serializer.async) return abortable(this.#sendLater(record, signal), signal);
      const key = serializer.key(record, record.topic) as Data;
      return abortable(this.#post(record, key, serializer.value(record, record.topic) as Data), signal);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  async #sendLater(record: ProducerRecord<K, V>, signal: AbortSignal | undefined): Promise<DeliveryReport> {
    const { topic } = record;
    const parts = Promise.all([this.#serializer.key(record, topic), this.#serializer.value(record, topic)]);
    const [key, value] = await this.#order.take(parts, signal);
    return this.#post(record, key, value);
  }

  #post(record: ProducerRecord<K, V>, key: Data, value: Data): Promise<DeliveryReport> {
    const promise = new Promise<DeliveryReport>(capture);
    const slot = this.#ledger.openOne(record, resolveCaptured);
    try {
      this.#ledger.count(slot, this.#outbox.add(record, record.topic, slot, 0, key, value, record.headers));
    } catch (error) {
      this.#ledger.fail(slot, 0, ProduceError.encode('headers', record, error));
      return promise;
    }
    this.#outbox.schedule();
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
    try {
      const columns = this.#serializer.columns(records, one);
      if (!(columns instanceof Promise)) return abortable(this.#postBatch(records, one, columns), signal);
      const sent = this.#order.take(columns, signal).then((ready) => this.#postBatch(records, one, ready));
      return abortable(sent, signal);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  #postBatch(
    records: readonly ProducerRecord<K, V>[],
    one: string | undefined,
    { keys, values, headers }: Columns,
  ): Promise<BatchReport> {
    return new Promise<BatchReport>((resolve, reject) => {
      const slot = this.#ledger.openBatch(records, one, resolve, reject);
      const outbox = this.#outbox;
      let bytes = 0;
      for (let i = 0; i < records.length; i++) {
        const record = records[i] as ProducerRecord<K, V>;
        const own = headers?.get(i) ?? record.headers;
        try {
          bytes += outbox.add(record, one ?? record.topic, slot, i, keys[i] ?? null, values[i] ?? null, own);
        } catch (error) {
          const target = { ...record, topic: one ?? record.topic };
          this.#ledger.fail(slot, i, ProduceError.encode('headers', target, error));
        }
      }
      if (bytes > 0) this.#ledger.count(slot, bytes);
      outbox.cross();
    });
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
    await abortable(this.#order.passed(), options.signal);
    this.#outbox.cross();
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
    this.#outbox.cross();
    await this.request('Cannot purge', (client) => client.purge(options.inFlight ?? true));
  }

  /** Waits for serializers. The native close sends what is queued, and reports what it could not: it needs some time too. */
  protected override async drain(timeoutMs: number): Promise<void> {
    await this.#order.drain(Math.floor(timeoutMs * 0.8));
  }

  protected override beforeClose(): void {
    this.#outbox.close();
    const error = new ClosedError('producer');
    this.#order.end(error);
    this.#ledger.rejectWaiters(error);
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

let codes: Map<number, NativeError> | undefined;

/** librdkafka's name and text for a code. */
function errorOf(code: number): NativeError {
  const flags = { fatal: false, retriable: false, abortable: false };
  codes ??= new Map(
    native.errorCodes().map(({ code, name, description }) => [code, { code, name, message: description, ...flags }]),
  );
  return codes.get(code) ?? { code, name: String(code), message: `error ${code}`, ...flags };
}
