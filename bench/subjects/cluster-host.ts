/** Holds the embedded cluster in a process of its own, so that its work is not counted as a subject's. */
import { MockCluster } from 'rdkafka-rx/testing';

interface CreateTopic {
  id: number;
  topic: string;
  partitions: number;
}

async function main(): Promise<void> {
  const cluster = await MockCluster.start({ brokers: 1 });
  process.on('message', async ({ id, topic, partitions }: CreateTopic) => {
    try {
      await cluster.createTopic(topic, { partitions });
      process.send?.({ id });
    } catch (error) {
      process.send?.({ id, error: String(error) });
    }
  });
  process.on('disconnect', () => void cluster.stop());
  process.on('SIGINT', () => {}); // the bench decides when the cluster ends
  process.send?.({ brokers: cluster.bootstrapServers });
}

void main();
