import { StateError } from '../core/errors';
import { checkTopics, forBroker, subscription, type Topics } from './topic-pattern';

/** What a subscription needs of its consumer. */
export interface SubscriptionHost {
  /** The configured `group.protocol`. */
  readonly protocol: string;
  /** The configured `partition.assignment.strategy`. */
  readonly strategy: string;
  /** Topics of the streams made by `consumer.stream()`. */
  streamTopics(): readonly string[];
  /** Subscribes to these topics and patterns in place of all earlier ones. */
  request(topics: readonly string[]): Promise<void>;
}

/** What a consumer reads: topics that its group shares out, or partitions that it assigned itself. Never both. */
export class Subscription {
  private own: readonly string[] = [];
  private assigned = false;

  constructor(private readonly host: SubscriptionHost) {}

  /** Topics and patterns (with `^`) subscribed to, of all streams. */
  get topics(): string[] {
    return [...new Set([...this.own, ...this.host.streamTopics()])];
  }

  get isSubscribed(): boolean {
    return this.topics.length > 0;
  }

  /** The consumer's own stream has topics. */
  get hasOwn(): boolean {
    return this.own.length > 0;
  }

  /** The consumer assigned partitions itself. */
  get isAssigned(): boolean {
    return this.assigned;
  }

  /** Replaces the topics of the consumer's own stream. @throws StateError after `assign`; ArgumentError */
  async subscribe(topics: Topics): Promise<void> {
    this.requireUnassigned('subscribe()');
    const list = checkTopics(topics, 'subscribe()').map(subscription);
    const before = this.own;
    this.own = list;
    try {
      await this.update();
    } catch (error) {
      this.own = before;
      throw error;
    }
  }

  async unsubscribe(): Promise<void> {
    this.dropOwn();
    await this.update();
  }

  /** Forgets the topics of the consumer's own stream. @returns whether it had some */
  dropOwn(): boolean {
    const had = this.hasOwn;
    this.own = [];
    return had;
  }

  /** Subscribes to the present topics again: a stream was made or ended. */
  update(): Promise<void> {
    return this.host.request(this.host.protocol === 'consumer' ? this.topics.map(forBroker) : this.topics);
  }

  /** @throws StateError while partitions are assigned */
  requireUnassigned(call: string): void {
    if (this.assigned) throw new StateError(`${call} cannot be mixed with assign(): call unassign() first`);
  }

  /** @throws StateError while subscribed */
  requireUnsubscribed(call: string): void {
    if (this.isSubscribed) throw new StateError(`${call} cannot be mixed with subscribe(): call unsubscribe() first`);
  }

  setAssigned(assigned: boolean): void {
    this.assigned = assigned;
  }

  /** After a revocation, or a loss, the group assigns again, and the same partitions may be among the new ones. */
  reassigns(lost: boolean): boolean {
    // The eager protocol revokes everything before it assigns anew.
    const eager = this.host.protocol !== 'consumer' && !this.host.strategy.includes('cooperative');
    return this.isSubscribed && (lost || eager);
  }
}
