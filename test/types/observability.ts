/** What is watched has types: clients of any keys and values, handlers as they were. */
import type { Instrumentation } from '@opentelemetry/instrumentation';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import {
  type Admin,
  type Consumer,
  type ConsumerFlow,
  channels,
  type KafkaErrorCode,
  logTo,
  type Message,
  type MessageBatch,
  type Producer,
  type ProducerFlow,
} from 'rdkafka-rx';
import { KafkaInstrumentation, tracedHandler } from 'rdkafka-rx/opentelemetry';
import { collectMetrics, type MetricsCollection } from 'rdkafka-rx/prometheus';
import { is } from './assert';

interface Order {
  readonly id: string;
}

export function metrics(consumer: Consumer<string, Order>, producer: Producer<string, Order>, admin: Admin): void {
  is<MetricsCollection>()(collectMetrics(consumer));
  collectMetrics(producer, { register: new Registry(), prefix: 'a_', labels: { a: 'x', b: 1 } }).dispose();
  using _ = collectMetrics(admin);
  // @ts-expect-error a label of another type
  collectMetrics(admin, { labels: { a: true } });
  // @ts-expect-error no client
  collectMetrics({});
  is<ConsumerFlow>()(consumer.flow());
  is<ProducerFlow>()(producer.flow());
  is<ReadonlyMap<KafkaErrorCode, number>>()(producer.flow().failed);
  is<number | null | undefined>()(consumer.flow().partitions[0]?.lag);
  is<string>()(consumer.name);
  is<string | null>()(consumer.groupId);
  is<'consumer' | 'producer' | 'admin'>()(admin.kind);
}

export async function traces(consumer: Consumer<string, Order>): Promise<void> {
  const instrumentation: Instrumentation = new KafkaInstrumentation({ relation: 'link' });
  instrumentation.disable();
  // @ts-expect-error no such relation
  new KafkaInstrumentation({ relation: 'child' });
  const handler = tracedHandler(async (message: Message<string, Order>, retries: number) => message.value.id + retries);
  is<(message: Message<string, Order>, retries: number) => Promise<string>>()(handler);
  const batches = tracedHandler((batch: MessageBatch<string, Order>) => batch.size);
  is<(batch: MessageBatch<string, Order>) => number>()(batches);
  // Where it is given on the spot, the types come from there.
  await consumer.stream('orders').run(tracedHandler((message) => is<Order>()(message.value)));
  await consumer.stream('orders').runBatch(tracedHandler((batch) => is<Order[]>()(batch.values()), { consumer }));
  // @ts-expect-error a handler of other messages
  await consumer.stream('orders').run(tracedHandler((message: Message<string, number>) => message));
}

export function logs(consumer: Consumer<string, Order>): void {
  logTo(consumer, pino());
  logTo(consumer, console);
  logTo(consumer).dispose();
  // @ts-expect-error it cannot say what is wrong
  logTo(consumer, { info: () => {} });
}

channels.send.subscribe({
  start: ({ client, record }) => is<readonly [string, string]>()([client.name, record.topic] as const),
  end: () => {},
  asyncStart: () => {},
  asyncEnd: () => {},
  error: () => {},
});
