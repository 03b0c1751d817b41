/** The same from an ES module. */
import { Admin, type Consumer } from 'rdkafka-rx';
import { MockCluster } from 'rdkafka-rx/testing';

export async function topicOf(consumer: Consumer): Promise<string[]> {
  await using cluster = await MockCluster.start({ brokers: 3 });
  await using admin = new Admin({ 'bootstrap.servers': cluster.bootstrapServers });
  const { topics } = await admin.metadata();
  void consumer;
  return topics.map((topic) => topic.name);
}
