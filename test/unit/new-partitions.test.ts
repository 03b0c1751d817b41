import { KafkaError } from 'rdkafka-rx';
import { NewPartitions } from '../../lib/consume/new-partitions';
import type { ClusterMetadata } from '../../lib/native/interface';

const BEGINNING = -2;

/** A cluster of topics with partition counts, and what the group has committed. */
function cluster(topics: Record<string, number>, subscription: string[]) {
  const commits = new Map<string, number>();
  const failures: Error[] = [];
  const asked: (string | null)[] = [];
  const starts = new NewPartitions({
    closed: false,
    subscription: () => subscription,
    metadata: async (topic) => {
      asked.push(topic);
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      const names = topic === null ? Object.keys(topics) : [topic];
      return {
        brokers: [],
        topics: names.map((name) => ({
          name,
          error: null,
          partitions: Array.from({ length: topics[name] ?? 0 }, (_, id) => ({ id })),
        })),
      } as unknown as ClusterMetadata;
    },
    committed: async (partitions) => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return partitions.map(({ topic, partition }) => {
        return { topic, partition, offset: commits.get(`${topic}/${partition}`) ?? null, metadata: null };
      });
    },
  });
  const assign = async (topic: string, ...partitions: number[]) => {
    const found = await starts.starts(partitions.map((partition) => ({ topic, partition })));
    // The count of the first assignment is taken beside it.
    await new Promise(setImmediate);
    return found;
  };
  return { topics, subscription, commits, failures, asked, assign };
}

describe('partitions that appear while their topic is subscribed', () => {
  it('begin at the beginning; those that were there follow the policy', async () => {
    const { topics, assign } = cluster({ orders: 2 }, ['orders']);
    expect(await assign('orders', 0, 1)).toEqual([]);
    topics.orders = 4;
    expect(await assign('orders', 0, 1, 2, 3)).toEqual([
      { topic: 'orders', partition: 2, offset: BEGINNING },
      { topic: 'orders', partition: 3, offset: BEGINNING },
    ]);
  });

  it('begin at the committed offset if there is one', async () => {
    const { topics, commits, assign } = cluster({ orders: 1 }, ['orders']);
    await assign('orders', 0);
    topics.orders = 3;
    commits.set('orders/1', 7);
    expect(await assign('orders', 0, 1, 2)).toEqual([{ topic: 'orders', partition: 2, offset: BEGINNING }]);
  });

  it('are those of a topic that is created later, by name or by pattern', async () => {
    for (const entry of ['orders', '^ord.*']) {
      const { topics, assign } = cluster({ other: 1 }, [entry, 'other']);
      await assign('other', 0);
      topics.orders = 1;
      expect(await assign('orders', 0)).toEqual([{ topic: 'orders', partition: 0, offset: BEGINNING }]);
    }
  });

  it('are not those of a topic that is subscribed to later', async () => {
    const { topics, subscription, assign } = cluster({ orders: 1, bills: 2 }, ['orders']);
    await assign('orders', 0);
    subscription.push('bills');
    expect(await assign('bills', 0, 1)).toEqual([]);
    topics.bills = 3;
    expect(await assign('bills', 2)).toEqual([{ topic: 'bills', partition: 2, offset: BEGINNING }]);
  });

  it('are counted again when the first count failed', async () => {
    const { topics, failures, asked, assign } = cluster({ orders: 1 }, ['orders']);
    failures.push(new Error('no broker'));
    await assign('orders', 0);
    expect(await assign('orders', 0)).toEqual([]);
    topics.orders = 2;
    expect(await assign('orders', 0, 1)).toEqual([{ topic: 'orders', partition: 1, offset: BEGINNING }]);
    expect(asked).toEqual(['orders', 'orders']);
  });

  it('wait for the committed offset while the coordinator does not answer', async () => {
    const { topics, failures, assign } = cluster({ orders: 1 }, ['orders']);
    await assign('orders', 0);
    topics.orders = 2;
    failures.push(new KafkaError('ERR_KAFKA_NOT_COORDINATOR', 'moved', { retriable: true }));
    expect(await assign('orders', 1)).toEqual([{ topic: 'orders', partition: 1, offset: BEGINNING }]);
    failures.push(new KafkaError('ERR_KAFKA_GROUP_AUTHORIZATION_FAILED', 'no'));
    await expect(assign('orders', 1)).rejects.toThrow('no');
  });
});
