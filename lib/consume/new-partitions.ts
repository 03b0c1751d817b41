import { setTimeout } from 'node:timers/promises';
import { KafkaError } from '../core/errors';
import { LOGICAL, type TopicPartition, type TopicPartitionOffset } from '../core/partition';
import type { ClusterMetadata } from '../native/interface';
import type { CommittedOffset } from './offset-queries';
import { isPattern, matches } from './topic-pattern';

/** How long one look at the cluster may take, in ms. A closing consumer waits for it. */
const METADATA_MS = 2000;

/** How long to wait before committed offsets are asked for again, in ms. */
const RETRY_MS = 100;

/** What the starts of new partitions need of their consumer. */
export interface NewPartitionsHost {
  readonly closed: boolean;
  /** Topics and patterns (with `^`) subscribed to. */
  subscription(): readonly string[];
  /** One topic, or with null all of them. */
  metadata(topic: string | null, timeoutMs: number): Promise<ClusterMetadata>;
  committed(partitions: readonly TopicPartition[]): Promise<CommittedOffset[]>;
}

/**
 * Where partitions begin that appeared while their topic was subscribed: at their beginning, also with `auto.offset.reset`
 * `latest`. A record may be written before the group learns of the partition; from the end it would be skipped. (KIP-842
 * describes the loss.) A committed offset comes first, as always.
 *
 * The partitions of each subscribed topic are counted once, when the group first assigns it. Those that are not counted
 * then, and topics that begin to match a pattern later, are new.
 */
export class NewPartitions {
  /** Topics and patterns whose partitions were counted, or are being counted. */
  private readonly counted = new Map<string, Promise<void>>();
  private readonly counts = new Map<string, number>();

  constructor(private readonly host: NewPartitionsHost) {}

  /** Where to start those of the partitions that are new and without a committed offset. */
  async starts(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffset[]> {
    const known = [...this.counted.keys()];
    this.count(this.host.subscription().filter((entry) => !this.counted.has(entry)));
    // The first assignment is not held up: what exists now is not new.
    if (known.length === 0) return [];
    await Promise.all(known.map((entry) => this.counted.get(entry)));
    const fresh = partitions.filter((at) => this.isNew(at, known));
    if (fresh.length === 0) return [];
    const committed = await this.committed(fresh);
    return committed
      .filter(({ offset }) => offset === null)
      .map(({ topic, partition }) => ({ topic, partition, offset: LOGICAL.beginning }));
  }

  private isNew({ topic, partition }: TopicPartition, known: readonly string[]): boolean {
    const count = this.counts.get(topic);
    if (count !== undefined) return partition >= count;
    return known.some((entry) => this.counted.has(entry) && matches(entry, topic));
  }

  private count(entries: readonly string[]): void {
    const patterns = entries.filter((entry) => isPattern(entry));
    const all = patterns.length > 0 ? this.host.metadata(null, METADATA_MS) : undefined;
    for (const entry of entries) {
      const found = isPattern(entry) ? all : this.host.metadata(entry, METADATA_MS);
      const done = (found as Promise<ClusterMetadata>).then(
        ({ topics }) => {
          if (!isPattern(entry)) this.remember(entry, 0);
          for (const { name, partitions } of topics) if (matches(entry, name)) this.remember(name, partitions.length);
        },
        // Counted at the next assignment.
        () => void this.counted.delete(entry),
      );
      this.counted.set(entry, done);
    }
  }

  /** Partitions are never removed; an answer with fewer is one of a topic that is being made. */
  private remember(topic: string, partitions: number): void {
    this.counts.set(topic, Math.max(partitions, this.counts.get(topic) ?? 0));
  }

  /** The assignment waits for the answer: a guess would skip records, or repeat them. */
  private async committed(partitions: readonly TopicPartition[]): Promise<CommittedOffset[]> {
    for (;;) {
      try {
        return await this.host.committed(partitions);
      } catch (error) {
        if (this.host.closed) return [];
        if (!(error instanceof KafkaError && error.retriable)) throw error;
        await setTimeout(RETRY_MS);
      }
    }
  }
}
