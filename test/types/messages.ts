/** Keys and values have the types of their serdes, wherever they come out and go in. */
import {
  type AsyncDeserializer,
  type BatchReport,
  Consumer,
  type DeliveryReport,
  type Deserializer,
  int64,
  json,
  type KafkaStream,
  type Message,
  type MessageBatch,
  nullable,
  type ProduceError,
  Producer,
  type Serde,
  type Serializer,
  type SyncDeserializer,
  utf8,
} from 'rdkafka-rx';
import type { Observable } from 'rxjs';
import { is } from './assert';

interface Order {
  readonly id: string;
  readonly total: number;
}

const servers = { 'bootstrap.servers': 'localhost:9092' };
const at = { topic: 't', partition: 0 };

export async function reading(): Promise<void> {
  // Without deserializers: bytes, which may be null.
  const raw = new Consumer(servers);
  is<Observable<Message<Buffer | null, Buffer | null>>>()(raw.messages$);

  const orders = new Consumer(servers, { key: utf8, value: json<Order>() });
  is<Observable<Message<string, Order>>>()(orders.messages$);
  is<Observable<MessageBatch<string, Order>>>()(orders.batches$);
  const batch = await orders.take();
  is<MessageBatch<string, Order> | null>()(batch);
  if (batch === null) return;
  is<Order[]>()(batch.values());
  is<(string | null)[]>()(batch.keys());
  is<Float64Array>()(batch.offsets);
  for (const message of batch) {
    is<Order>()(message.value);
    is<number>()(message.offset);
    is<bigint>()(message.offsetBig);
    is<Buffer | null>()(message.rawValue);
    is<Buffer | null | undefined>()(message.headers.get('h'));
    // @ts-expect-error not a field of an order
    void message.value.price;
  }
  for await (const each of orders) is<MessageBatch<string, Order>>()(each);
  for await (const each of orders.messages()) is<Message<string, Order>>()(each);
  await orders.run((message) => is<Order>()(message.value));
  await orders.runBatch((many) => is<Order[]>()(many.values()));

  // A stream has the consumer's types, or its own.
  is<KafkaStream<string, Order>>()(orders.stream('a'));
  is<KafkaStream<string, bigint>>()(orders.stream<string, bigint>('b', { value: int64 }));

  const tombstones = new Consumer(servers, { value: nullable(json<Order>()) });
  is<Observable<Message<Buffer | null, Order | null>>>()(tombstones.messages$);

  const registry: AsyncDeserializer<Order> = { async: true, deserialize: async () => ({ id: '', total: 0 }) };
  is<Observable<Message<Buffer | null, Order>>>()(new Consumer(servers, { value: registry }).messages$);

  // Of one direction, or that answers later: nullable() gives what it was given.
  is<Serde<Order | null>>()(nullable(json<Order>()));
  is<AsyncDeserializer<Order | null>>()(nullable(registry));
  const own: SyncDeserializer<Order> = { deserialize: () => ({ id: '', total: 0 }) };
  is<SyncDeserializer<Order | null>>()(nullable(own));
  is<Deserializer<Order | null>>()(nullable(own as Deserializer<Order>));
  is<Observable<Message<Buffer | null, Order | null>>>()(
    new Consumer(servers, { value: nullable(registry) }).messages$,
  );
  const writer: Serializer<Order> = { async: true, serialize: async (order) => order.id };
  is<Serializer<Order | null>>()(nullable(writer as Serializer<Order>));
  const codec = { async: true as const, deserialize: async () => 'text', serialize: async (text: string) => text };
  const both = nullable<string>(codec);
  new Producer(servers, { value: both });
  new Consumer<Buffer | null, string | null>(servers, { value: both });
  // @ts-expect-error json was not called
  nullable(json);

  // Committing takes what was read, or offsets.
  await orders.commit(batch);
  await orders.commit(batch.at(0));
  await orders.commit({ ...at, offset: 1, metadata: 'm' });
  // @ts-expect-error without an offset
  await orders.commit(at);
  // @ts-expect-error an offset of text
  await orders.seek({ ...at, offset: '5' });
  await orders.seek({ ...at, offset: 'beginning' });
  await orders.seek({ ...at, offset: 5n });
  is<number | null>()(orders.position(at));
}

export const reportOf = (error: ProduceError): BatchReport | undefined => error.report;

export async function writing(): Promise<void> {
  // Without serializers: bytes and text.
  const raw = new Producer(servers);
  is<DeliveryReport>()(await raw.send({ topic: 't', key: 'k', value: new Uint8Array(1) }));
  await raw.send({ topic: 't', value: null });
  // @ts-expect-error there is no serializer for numbers
  await raw.send({ topic: 't', value: 5 });

  const orders = new Producer(servers, { key: utf8, value: json<Order>() });
  await orders.send({ topic: 't', key: 'k', value: { id: '1', total: 2 } });
  await orders.send({ topic: 't', key: null, value: null, headers: { a: 'x', b: [null, new Uint8Array(1)] } });
  await orders.send({ topic: 't', value: { id: '1', total: 2 }, headers: [['a', 'x']], timestamp: new Date() });
  is<BatchReport>()(await orders.sendBatch({ topic: 't', records: [{ value: { id: '1', total: 2 } }] }));
  await orders.sendBatch([{ topic: 't', value: { id: '1', total: 2 } }]);
  // @ts-expect-error a total of text
  await orders.send({ topic: 't', value: { id: '1', total: '2' } });
  // @ts-expect-error a key of another type
  await orders.send({ topic: 't', key: 5, value: { id: '1', total: 2 } });
  // @ts-expect-error no topic
  await orders.send({ value: { id: '1', total: 2 } });
  // @ts-expect-error a value is required; null is a tombstone
  await orders.send({ topic: 't' });
  // @ts-expect-error a header that is a number
  await orders.send({ topic: 't', value: null, headers: { h: 7 } });
}
