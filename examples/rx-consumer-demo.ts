/** Batches with RxJS: the messages are an observable, and batching is one of its operators. */

import { Consumer } from 'rdkafka-rx';
import { bufferCount, concatMap, fromEvent, map, of, takeUntil, tap } from 'rxjs';
import { integer, main, text } from './support/command';
import { kafkaOptions, kafkaToRead, readable } from './support/kafka';

const command = {
  name: 'node dist-examples/rx-consumer-demo.js',
  summary:
    'Reads in batches, the reactive way: one subscription, buffered, each batch printed and committed. The group is\n' +
    'joined once, and fetching goes on while a batch is handled.',
  options: {
    ...kafkaOptions,
    group: text('NAME', 'the consumer group', 'rx-consumer-demo'),
    'batch-size': integer('messages in a batch', { min: 1, max: 10_000 }, 3),
  },
};

void main(command, async (options, { signal }) => {
  await using kafka = await kafkaToRead(options);
  await using consumer = new Consumer({ ...kafka.config, 'group.id': options.group }, { value: readable });
  consumer.errors$.subscribe((error) => console.error(error.message));
  await consumer.subscribe(options.topic);

  const aborted$ = signal.aborted ? of(null) : fromEvent(signal, 'abort').pipe(map(() => null));
  const cancelled$ = aborted$.pipe(tap(() => console.log('Cancelled.')));
  let messages = 0;
  const batches$ = consumer.messages$.pipe(
    tap({ finalize: () => console.log('Disposed.') }),
    // Before the buffer, so that what it holds when the demo is cancelled still comes, as a last, shorter batch.
    takeUntil(cancelled$),
    bufferCount(options['batch-size']),
    concatMap(async (batch) => {
      for (const message of batch) {
        console.log(`${message.topic}/${message.partition} @${message.offset}: '${message.value}'`);
        message.ack();
      }
      await consumer.commit();
      messages += batch.length;
    }),
  );
  await batches$.forEach(() => {});
  console.log(`Completed: read ${messages} messages.`);
});
