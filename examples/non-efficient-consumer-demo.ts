/** Batches by joining and leaving the group for each one: what a consumer without streams tempts one to write. */
import { Consumer } from 'rdkafka-rx';
import { collect } from './support/collect';
import { integer, main, text } from './support/command';
import { kafkaOptions, kafkaToRead, readable } from './support/kafka';

const command = {
  name: 'node dist-examples/non-efficient-consumer-demo.js',
  summary:
    'Reads in batches, the inefficient way: subscribes, collects until the batch is full or the end is reached,\n' +
    'prints and commits each message, unsubscribes, and starts over.',
  options: {
    ...kafkaOptions,
    group: text('NAME', 'the consumer group', 'non-efficient-consumer-demo'),
    'batch-size': integer('messages in a batch', { min: 1, max: 10_000 }, 3),
  },
};

void main(command, async (options, { signal }) => {
  await using kafka = await kafkaToRead(options);
  await using consumer = new Consumer(
    { ...kafka.config, 'group.id': options.group },
    { value: readable },
    // Every message is committed by itself below: leaving the group is not to wait for acknowledgements.
    { stream: { commit: 'none' } },
  );
  consumer.errors$.subscribe((error) => console.error(error.message));

  let [messages, rounds] = [0, 0];
  while (!signal.aborted) {
    const batch = await collect(consumer, options['batch-size'], signal, () => consumer.subscribe(options.topic));
    for (const message of batch) {
      console.log(`${message.topic}/${message.partition} @${message.offset}: '${message.value}'`);
      await consumer.commit(message);
      messages++;
    }
    // Not sooner: a group takes commits from its members only.
    await consumer.unsubscribe();
    rounds++;
  }
  console.error(`Read ${messages} messages, and joined and left the group ${rounds} times for it.`);
});
