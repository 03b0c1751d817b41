import { Client } from '../client/client';
import type { CommonEvent } from '../client/events';
import { type ClientOptions, checkClient, type RequestOptions, timeoutOf } from '../client/options';
import { weakly } from '../client/weakly';
import { normalizeAdminConfig } from '../config/config';
import { isObject, mustBe, objectWith } from '../core/check';
import { given } from '../core/describe';
import { ArgumentError } from '../core/errors';
import { EventHub } from '../core/event-hub';
import { checkTopicName, isTopic } from '../core/partition';
import type { AdminConfig } from '../generated/config';
import { native } from '../native/addon';
import type { Delivery } from '../native/events';
import type { NativeAdmin, NativeTopicResult, NativeTopicSpec } from '../native/interface';

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

/** -1: what the broker has configured. */
const positive = mustBe(
  'a positive integer',
  (value) => value === -1 || (Number.isInteger(value) && (value as number) > 0),
);
const name = mustBe('a non-empty string', isTopic);

const newTopic = objectWith<NewTopic>('the fields of a new topic', {
  topic: name,
  partitions: positive,
  replicationFactor: positive,
  config: mustBe(
    'an object of strings, numbers and booleans',
    (value) => isObject(value) && Object.values(value).every(isSetting),
  ),
});

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
    checkClient(options);
    super('admin', normalizeAdminConfig(config, { ...options, librdkafka: native.version }), options);
    const deliver = weakly(this as Admin, Admin.#receive);
    this.open((settings) => new native.Admin(settings, {}, deliver));
    this.announce();
  }

  /** @throws KafkaError such as `ERR_KAFKA_TOPIC_ALREADY_EXISTS`; ArgumentError */
  async createTopics(topics: readonly NewTopic[], options: RequestOptions = {}): Promise<void> {
    checkList(topics, "createTopics() takes an array of topics, such as [{ topic: 'orders', partitions: 12 }]");
    const specs = topics.map((wanted, i) => {
      newTopic(wanted, `topics[${i}]`);
      const { topic, partitions = -1, replicationFactor = -1, config = {} } = wanted;
      checkName(topic);
      const settings = Object.entries(config).filter(([, value]) => value !== undefined);
      return {
        name: topic,
        partitions,
        replication: replicationFactor,
        config: settings.map(([key, value]) => [key, String(value)] as const),
      };
    });
    return this.#run('create', specs, options, (client, ...rest) => client.createTopics(...rest));
  }

  /** @throws KafkaError such as `ERR_KAFKA_UNKNOWN_TOPIC_OR_PART`; ArgumentError */
  async deleteTopics(topics: readonly string[], options: RequestOptions = {}): Promise<void> {
    checkList(topics, "deleteTopics() takes an array of names, such as ['orders']");
    const specs = topics.map((topic) => ({ name: checkName(topic) }));
    return this.#run('delete', specs, options, (client, ...rest) => client.deleteTopics(...rest));
  }

  /** Raises the number of partitions of a topic to `total`. @throws KafkaError, ArgumentError */
  async createPartitions(topic: string, total: number, options: RequestOptions = {}): Promise<void> {
    const specs = [{ name: checkName(topic), partitions: total }];
    positive(total, `the total of partitions of ${topic}`);
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
    for (const item of items) admin.forward(item as object);
  };

  protected override async drain(): Promise<void> {}

  protected override ended(): void {
    this.events.end();
  }
}

function checkList(topics: unknown, takes: string): void {
  if (!Array.isArray(topics)) throw new ArgumentError(`${takes}, not ${given(topics)}`);
}

function checkName(topic: unknown): string {
  checkTopicName(topic, "a topic's name");
  return topic;
}

function isSetting(value: unknown): boolean {
  return value === undefined || ['string', 'number', 'boolean'].includes(typeof value);
}
