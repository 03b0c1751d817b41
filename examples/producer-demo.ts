/** A GUID a second. */
import { randomUUID } from 'node:crypto';
import { ProduceError, Producer, utf8 } from 'rdkafka-rx';
import { main } from './support/command';
import { everyInterval, kafkaOptions, reach, startCluster } from './support/kafka';

const command = {
  name: 'node dist-examples/producer-demo.js',
  summary: 'Produces a GUID a second, and prints where each one went.',
  options: kafkaOptions,
};

void main(command, async ({ brokers, topic, interval }, { signal }) => {
  await using cluster = brokers === null ? await startCluster(topic) : null;
  const servers = cluster?.bootstrapServers ?? (brokers as string);
  await reach(servers);
  await using producer = new Producer(
    { 'bootstrap.servers': servers, acks: -1, 'linger.ms': 5, 'message.timeout.ms': 3000 },
    { value: utf8 },
  );
  let produced = 0;
  await everyInterval(interval, signal, async () => {
    const guid = randomUUID();
    try {
      const { partition, offset } = await producer.send({ topic, value: guid });
      console.log(`Message '${guid}' produced to '${topic}/${partition} @${offset}'`);
      produced++;
    } catch (error) {
      // The brokers may come back: only what will never succeed ends the demo.
      if (!(error instanceof ProduceError) || !error.retriable) throw error;
      console.error(`Message '${guid}' was not produced: ${error.message}`);
    }
  });
  console.error(`Produced ${produced} messages.`);
});
