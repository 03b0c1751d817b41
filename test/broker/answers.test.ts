/** What only a real broker answers: its refusals, its times, its limits. */
import { Admin, Consumer, type KafkaError, ProduceError, Producer } from 'rdkafka-rx';
import { filter, firstValueFrom, type Observable } from 'rxjs';
import { expectHandles } from '../support/handles';
import { type Kafka, startKafka } from '../support/kafka';

jest.setTimeout(60_000);

const next = <T>(source: Observable<T>, wanted: (value: T) => boolean) => firstValueFrom(source.pipe(filter(wanted)));

let kafka: Kafka;
const clients: { close(options?: { timeoutMs?: number }): Promise<void> }[] = [];
const keep = <C extends (typeof clients)[0]>(client: C): C => {
  clients.push(client);
  return client;
};
beforeAll(async () => {
  kafka = await startKafka();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close({ timeoutMs: 2_000 })));
});
afterAll(() => expectHandles(0));

const servers = () => ({ 'bootstrap.servers': kafka.brokers });
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => new Error('resolved'),
    (error: KafkaError) => error,
  );

let topics = 0;
async function makeTopic(spec: { partitions?: number; config?: Record<string, string> } = {}): Promise<string> {
  const topic = `answers-${process.pid}-${++topics}`;
  await kafka.createTopic(topic, spec);
  return topic;
}

it('the delivery report has the timestamp the record was given', async () => {
  const topic = await makeTopic();
  const report = await keep(new Producer(servers())).send({
    topic,
    key: 'k',
    value: 'v',
    timestamp: 1_700_000_000_123,
  });
  expect(report).toEqual({
    topic,
    partition: 0,
    offset: 0,
    timestamp: 1_700_000_000_123,
    persistence: 'persisted',
    error: null,
  });
});

it('with LogAppendTime the broker gives it', async () => {
  const topic = await makeTopic({ config: { 'message.timestamp.type': 'LogAppendTime' } });
  const before = Date.now();
  const { timestamp } = await keep(new Producer(servers())).send({ topic, value: 'v', timestamp: 1 });
  expect(timestamp).toBeGreaterThanOrEqual(before);
  const consumer = keep(new Consumer(servers()));
  await consumer.assign([{ topic, partition: 0, offset: 'beginning' }]);
  const message = (await consumer.take())?.at(0);
  expect([message?.timestamp, message?.timestampType]).toEqual([timestamp, 'append']);
});

it('offsetsForTimes finds the first offset at or after a time', async () => {
  const topic = await makeTopic({ partitions: 2 });
  const producer = keep(new Producer(servers()));
  for (const timestamp of [1000, 2000, 3000]) await producer.send({ topic, partition: 0, value: 'x', timestamp });
  const consumer = keep(new Consumer(servers()));
  const ask = async (timestamp: number | Date) =>
    (await consumer.offsetsForTimes([{ topic, partition: 0, timestamp }]))[0]?.offset;
  expect([await ask(0), await ask(1001), await ask(new Date(3000)), await ask(3001)]).toEqual([0, 1, 2, null]);
  expect(await consumer.offsetsForTimes([{ topic, partition: 1, timestamp: 0 }])).toEqual([
    { topic, partition: 1, offset: null },
  ]);
});

it('a message larger than the topic allows is refused by the broker; the next one goes', async () => {
  const topic = await makeTopic({ config: { 'max.message.bytes': '20000' } });
  const producer = keep(new Producer({ ...servers(), 'linger.ms': 0 }));
  const error = await failure(producer.send({ topic, value: Buffer.alloc(100_000, 'x') }));
  expect(error).toBeInstanceOf(ProduceError);
  expect(error).toMatchObject({ code: 'ERR_KAFKA_MSG_SIZE_TOO_LARGE', status: 'not-persisted' });
  expect(error.message).toMatch(/'max.message.bytes' of the topic/);
  expect((await producer.send({ topic, value: 'small' })).offset).toBe(0);
});

it('an unknown topic: the send rejects, the subscription says so, and both go on', async () => {
  const topic = `unborn-${process.pid}`;
  const producer = keep(new Producer({ ...servers(), 'topic.metadata.propagation.max.ms': 0 }));
  const error = await failure(producer.send({ topic, value: 'x' }));
  expect(error).toMatchObject({ name: 'ProduceError', status: 'not-persisted' });
  expect((error as KafkaError).code).toMatch(/^ERR_KAFKA_(_UNKNOWN_TOPIC|UNKNOWN_TOPIC_OR_PART)$/);
  const consumer = keep(
    new Consumer({
      ...servers(),
      'group.id': topic,
      'auto.offset.reset': 'earliest',
      'topic.metadata.refresh.interval.ms': 100,
    }),
  );
  const told = next(consumer.errors$, ({ code }) => code === 'ERR_KAFKA_UNKNOWN_TOPIC_OR_PART');
  await consumer.subscribe(topic);
  expect((await told).message).toContain(topic);
  await kafka.createTopic(topic);
  const taken = consumer.take();
  const later = keep(new Producer(servers()));
  await later.send({ topic, value: 'born' });
  expect((await taken)?.at(0)?.value?.toString()).toBe('born');
});

it('Admin makes topics with configuration, adds partitions and deletes them', async () => {
  const admin = keep(new Admin(servers()));
  const topic = `admin-${process.pid}`;
  await admin.createTopics([{ topic, partitions: 2, replicationFactor: 1, config: { 'cleanup.policy': 'compact' } }]);
  const partitions = async () => (await admin.metadata(topic)).topics[0]?.partitions.length;
  while ((await partitions()) !== 2);
  expect(await failure(admin.createTopics([{ topic }]))).toMatchObject({ code: 'ERR_KAFKA_TOPIC_ALREADY_EXISTS' });
  await admin.createPartitions(topic, 5);
  while ((await partitions()) !== 5);
  expect(await failure(admin.createPartitions(topic, 3))).toMatchObject({ code: 'ERR_KAFKA_INVALID_PARTITIONS' });
  await admin.deleteTopics([topic]);
  expect(await failure(admin.deleteTopics([topic]))).toMatchObject({ code: 'ERR_KAFKA_UNKNOWN_TOPIC_OR_PART' });
  const bad = admin.createTopics([{ topic: `${topic}-x`, config: { 'no.such.key': 1 } }]);
  expect(await failure(bad)).toMatchObject({ code: 'ERR_KAFKA_INVALID_CONFIG' });
});

it('two idempotent producers, each in order, with nothing twice', async () => {
  const topic = await makeTopic();
  const producers = [0, 1].map(() => keep(new Producer({ ...servers(), 'enable.idempotence': true, 'linger.ms': 0 })));
  await Promise.all(
    producers.flatMap((producer, p) =>
      Array.from({ length: 2000 }, (_, i) => producer.send({ topic, key: String(p), value: String(i) })),
    ),
  );
  const consumer = keep(new Consumer(servers()));
  await consumer.assign([{ topic, partition: 0, offset: 'beginning' }]);
  const seen: Record<string, number[]> = { 0: [], 1: [] };
  for (let left = 4000; left > 0; ) {
    const batch = await consumer.take();
    for (const { key, value } of batch ?? []) seen[String(key)]?.push(Number(value));
    left -= batch?.size ?? 0;
  }
  const expected = Array.from({ length: 2000 }, (_, i) => i);
  expect(seen).toEqual({ 0: expected, 1: expected });
});
