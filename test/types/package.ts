/** Compiles against the built declarations under the names users import. */
import {
  type Admin,
  Consumer,
  json,
  type KafkaError,
  type Message,
  type MessageBatch,
  Producer,
  utf8,
} from 'rdkafka-rx';
import type { MockCluster } from 'rdkafka-rx/testing';

export type Names = [Admin, KafkaError, MessageBatch<string, Order>, MockCluster];

interface Order {
  readonly id: string;
  readonly total: number;
}

export const consumer: Consumer<string | null, Order | null> = new Consumer(
  { 'bootstrap.servers': 'localhost:9092', 'group.id': 'orders', 'auto.offset.reset': 'earliest' },
  { key: utf8, value: json<Order>() },
);

export const producer = new Producer(
  { 'bootstrap.servers': 'localhost:9092', acks: 'all' },
  { key: utf8, value: json<Order>() },
);

export async function copy(message: Message<string | null, Order | null>): Promise<number> {
  if (message.value === null) return 0;
  const report = await producer.send({ topic: 'orders', key: message.key, value: message.value });
  // @ts-expect-error A value of another type is not an order.
  await producer.send({ topic: 'orders', key: 'k', value: { id: 1 } });
  return report.offset;
}

// @ts-expect-error A misspelt key.
new Consumer({ 'bootstrap.server': 'localhost:9092', 'group.id': 'g' });
// @ts-expect-error A value that is none of the enumeration.
new Consumer({ 'bootstrap.servers': 'localhost:9092', 'group.id': 'g', 'auto.offset.reset': 'earlyest' });
// @ts-expect-error A producer's property on a consumer.
new Consumer({ 'bootstrap.servers': 'localhost:9092', 'group.id': 'g', 'linger.ms': 5 });
// @ts-expect-error A consumer's property on a producer.
new Producer({ 'bootstrap.servers': 'localhost:9092', 'group.id': 'g' });
