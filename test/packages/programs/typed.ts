// Compiled strictly, declarations of the package included, and run.
import { Consumer, json, type Message, Producer, utf8 } from 'rdkafka-rx';
import { MockCluster } from 'rdkafka-rx/testing';
import { map, toArray } from 'rxjs';

interface Order {
  readonly id: number;
}

async function main(): Promise<void> {
  await using cluster = await MockCluster.start({ topics: ['orders'] });
  const config = { 'bootstrap.servers': cluster.bootstrapServers };
  await using producer = new Producer(config, { key: utf8, value: json<Order>() });
  await producer.send({ topic: 'orders', key: 'a', value: { id: 7 } });

  await using consumer = new Consumer(
    { ...config, 'group.id': 'typed', 'auto.offset.reset': 'earliest' },
    { key: utf8, value: json<Order>() },
  );
  const ids: number[] = [];
  const orders = consumer.stream('orders', { until: 'eof' });
  await orders.messages$
    .pipe(
      map((message: Message<string, Order>) => {
        message.ack();
        return message.value.id;
      }),
      toArray(),
    )
    .forEach((all) => {
      ids.push(...all);
    });
  if (ids.join() !== '7') throw new Error(`got ${ids.join()}`);
  console.log('consumed');
}

void main();
