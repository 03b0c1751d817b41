import { Client, type ClientOptions, type CommonEvent, type RequestOptions, timeoutOf, weakly } from './client';
import { normalizeAdminConfig } from './config';
import { ArgumentError, type KafkaError } from './errors';
import type { AdminConfig } from './generated/config';
import { type NativeAdmin, type NativeTopicResult, type NativeTopicSpec, native } from './native';
import { EventHub } from './stream/events';
import type { Delivery } from './stream/lane-source';

/** A topic to create. */
export interface NewTopic {
  readonly topic: string;
  /** Default: the broker's `num.partitions`. */
  readonly partitions?: number;
  /** Default: the broker's `default.replication.factor`. */
  readonly replicationFactor?: number;
  /** Topic configuration, such as `{ 'cleanup.policy': 'compact' }`. */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Topic administration. Every method resolves when the cluster has done it, and rejects with the first topic's error
 * otherwise.
 *
 * @example
 * ```ts
 * await using admin = new Admin({ 'bootstrap.servers': 'localhost:9092' });
 * await admin.createTopics([{ topic: 'orders', partitions: 12, replicationFactor: 3 }]);
 * ```
 */
export class Admin extends Client<NativeAdmin> {
  readonly events = new EventHub<CommonEvent>();

  /** @throws ConfigError when the configuration is wrong: nothing was opened then. */
  constructor(config: AdminConfig, options: ClientOptions = {}) {
    super('admin', normalizeAdminConfig(config, { ...options, librdkafka: native.version }), options);
    const deliver = weakly(this as Admin, Admin.#receive);
    this.open((settings) => new native.Admin(settings, {}, deliver));
    this.announce();
  }

  /** @throws KafkaError such as `ERR_KAFKA_TOPIC_ALREADY_EXISTS`; ArgumentError */
  createTopics(topics: readonly NewTopic[], options: RequestOptions = {}): Promise<void> {
    const specs = topics.map(({ topic, partitions = -1, replicationFactor = -1, config = {} }) => ({
      name: checkName(topic),
      partitions: checkCount('partitions', topic, partitions),
      replication: checkCount('replicationFactor', topic, replicationFactor),
      config: Object.entries(config).map(([key, value]) => [key, String(value)] as const),
    }));
    return this.#run('create', specs, options, (client, ...rest) => client.createTopics(...rest));
  }

  /** @throws KafkaError such as `ERR_KAFKA_UNKNOWN_TOPIC_OR_PART`; ArgumentError */
  deleteTopics(topics: readonly string[], options: RequestOptions = {}): Promise<void> {
    const specs = topics.map((topic) => ({ name: checkName(topic) }));
    return this.#run('delete', specs, options, (client, ...rest) => client.deleteTopics(...rest));
  }

  /** Raises the number of partitions of a topic to `total`. @throws KafkaError, ArgumentError */
  createPartitions(topic: string, total: number, options: RequestOptions = {}): Promise<void> {
    const specs = [{ name: checkName(topic), partitions: checkCount('the total of partitions', topic, total) }];
    return this.#run('add partitions to', specs, options, (client, ...rest) => client.createPartitions(...rest));
  }

  async #run(
    verb: string,
    specs: readonly NativeTopicSpec[],
    options: RequestOptions,
    call: (client: NativeAdmin, specs: readonly NativeTopicSpec[], timeoutMs: number) => Promise<NativeTopicResult[]>,
  ): Promise<void> {
    if (specs.length === 0) return;
    const names = specs.map(({ name }) => name).join(', ');
    const results = await this.request(`Cannot ${verb} ${names}`, (client) => call(client, specs, timeoutOf(options)));
    for (const { topic, error } of results) {
      if (error) throw this.toError(error, `Cannot ${verb} ${topic}`);
    }
  }

  static readonly #receive = (admin: Admin, items: readonly Delivery[]) => {
    for (const item of items) admin.#handle(item as object);
  };

  #handle(event: { readonly type?: string }): void {
    this.relay(event, (error) => this.events.emit({ type: 'error', error: error as KafkaError }));
  }

  protected override async drain(): Promise<void> {}

  protected override ended(): void {
    this.events.end();
  }
}

function checkName(topic: unknown): string {
  if (typeof topic === 'string' && topic !== '') return topic;
  throw new ArgumentError(`a topic's name must be a non-empty string, not ${JSON.stringify(topic) ?? 'undefined'}`);
}

function checkCount(what: string, topic: string, count: number): number {
  if (count === -1 || (Number.isInteger(count) && count > 0)) return count;
  throw new ArgumentError(`${what} of ${topic} must be a positive integer, not ${count}`);
}
