/** Batches by assigning the partitions anew for each one: no group to join, but every batch starts fetching afresh. */
import { Consumer } from 'rdkafka-rx';
import { collect } from './support/collect';
import { integer, main, text } from './support/command';
import { kafkaOptions, kafkaToRead, readable } from './support/kafka';

const command = {
  name: 'node dist-examples/manual-consumer-demo.js',
  summary:
    'Reads in batches without joining the group: assigns all partitions from the committed offsets on, collects until\n' +
    'the batch is full or the end is reached, prints and commits each message, and starts over.',
  options: {
    ...kafkaOptions,
    group: text('NAME', 'the group that the offsets are committed for', 'manual-consumer-demo'),
    'batch-size': integer('messages in a batch', { min: 1, max: 10_000 }, 3),
  },
};

void main(command, async (options, { signal }) => {
  await using kafka = await kafkaToRead(options);
  await using consumer = new Consumer(
    { ...kafka.config, 'group.id': options.group },
    { value: readable },
    { stream: { commit: 'none' } },
  );
  consumer.errors$.subscribe((error) => console.error(error.message));

  const { topic } = options;
  const partitions = Array.from({ length: kafka.partitions }, (_, partition) => ({ topic, partition }));
  let [messages, rounds] = [0, 0];
  while (!signal.aborted) {
    const batch = await collect(consumer, options['batch-size'], signal, () => consumer.assign(partitions));
    rounds++;
    for (const message of batch) {
      console.log(`${message.topic}/${message.partition} @${message.offset}: '${message.value}'`);
      await consumer.commit(message);
      messages++;
    }
  }
  console.error(`Read ${messages} messages, and assigned the partitions ${rounds} times for it.`);
});
