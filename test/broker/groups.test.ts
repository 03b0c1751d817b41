import { Consumer, type ConsumerConfig, Producer, type TopicPartition, utf8 } from 'rdkafka-rx';
import { filter, firstValueFrom, type Observable } from 'rxjs';
import { expectHandles } from '../support/handles';
import { type Kafka, startKafka } from '../support/kafka';

jest.setTimeout(120_000);

const PARTITIONS = 4;
const next = <T>(source: Observable<T>, wanted: (value: T) => boolean) => firstValueFrom(source.pipe(filter(wanted)));
const key = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`;

let kafka: Kafka;
let producer: Producer;
const open: Consumer<never, never>[] = [];

beforeAll(async () => {
  kafka = await startKafka();
  producer = new Producer({ 'bootstrap.servers': kafka.brokers });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((consumer) => consumer.close({ timeoutMs: 5_000 })));
});
afterAll(async () => {
  await producer.close();
  await expectHandles(0);
});

function member(group: string, config: Partial<ConsumerConfig> = {}): Consumer<Buffer | null, string> {
  const consumer = new Consumer(
    { 'bootstrap.servers': kafka.brokers, 'group.id': group, 'auto.offset.reset': 'earliest', ...config },
    { value: utf8 },
  );
  open.push(consumer as never);
  return consumer;
}

let topics = 0;
async function makeTopic(): Promise<string> {
  const topic = `groups-${process.pid}-${++topics}`;
  await kafka.createTopic(topic, { partitions: PARTITIONS });
  return topic;
}

const fill = (topic: string, count: number, from: number) =>
  producer.sendBatch({
    topic,
    records: Array.from({ length: count * PARTITIONS }, (_, i) => ({
      partition: i % PARTITIONS,
      value: String(from + Math.floor(i / PARTITIONS)),
    })),
  });

async function balanced(members: readonly Consumer<Buffer | null, string>[], sizes: readonly number[]): Promise<void> {
  const now = () => JSON.stringify(members.map((one) => one.assignment().length).sort());
  while (now() !== JSON.stringify([...sizes].sort())) {
    await Promise.race(members.map((one) => next(one.rebalances$, () => true)));
  }
}

describe.each([
  ['eager', { 'partition.assignment.strategy': 'range' }],
  ['cooperative', { 'partition.assignment.strategy': 'cooperative-sticky' }],
  ["group.protocol 'consumer'", { 'group.protocol': 'consumer' }],
] as [string, Partial<ConsumerConfig>][])('two members, %s', (_, config) => {
  it('read what a pattern finds, and nothing else', async () => {
    const prefix = await makeTopic();
    for (const end of ['-1', '-22', '-x']) await kafka.createTopic(prefix + end);
    const one = member(`pattern-${prefix}`, config);
    const assigned = next(one.rebalances$, ({ type, partitions }) => type === 'assigned' && partitions.length > 0);
    // Not to the end of the name, and with what POSIX does not know: the broker looks at whole names, librdkafka does not.
    await one.subscribe(new RegExp(`^${prefix}-\\d`));
    expect((await assigned).partitions.map(({ topic }) => topic).sort()).toEqual([`${prefix}-1`, `${prefix}-22`]);
  });

  it('share the partitions, one leaves, nothing is lost or read twice after its commit', async () => {
    const topic = await makeTopic();
    const group = `group-${topic}`;
    const [one, two] = [member(group, config), member(group, config)];
    const seen = new Map<string, number[]>();
    const lost: unknown[] = [];
    const join = async (reader: Pick<typeof one, 'rebalances$' | 'subscribe'>) => {
      reader.rebalances$.subscribe((event) => {
        if (event.type === 'lost') lost.push(event);
      });
      const stream = await reader.subscribe(topic);
      stream.messages$.subscribe((message) => {
        const offsets = seen.get(key(message)) ?? [];
        seen.set(key(message), offsets);
        offsets.push(message.offset);
        message.ack();
      });
    };
    await join(one);
    await balanced([one], [PARTITIONS]);
    await fill(topic, 1000, 0);
    await join(two);
    await balanced([one, two], [2, 2]);
    await fill(topic, 1000, 1000);
    await two.close();
    await balanced([one], [PARTITIONS]);
    const ends = Promise.all(
      Array.from({ length: PARTITIONS }, (_, partition) =>
        next(one.eof$, (eof) => eof.partition === partition && eof.offset === 3000),
      ),
    );
    await fill(topic, 1000, 2000);
    await ends;
    await one.commit();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      // Drained and committed before each partition moved: every message exactly once, in order.
      expect(seen.get(`${topic}/${partition}`)).toEqual(Array.from({ length: 3000 }, (_, i) => i));
    }
    expect((await one.committed()).map(({ offset }) => offset)).toEqual(new Array(PARTITIONS).fill(3000));
    expect(lost).toEqual([]);
  });
});

it('commits with their metadata survive the member, and the next one goes on there', async () => {
  const topic = await makeTopic();
  const group = `group-${topic}`;
  await fill(topic, 10, 0);
  const one = member(group);
  const assigned = next(one.rebalances$, ({ type }) => type === 'assigned');
  await one.subscribe(topic);
  await assigned;
  await one.commit(
    Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, offset: 6, metadata: `p${partition}` })),
  );
  await one.close();
  const two = member(group);
  await two.subscribe(topic);
  const values: string[] = [];
  while (values.length < 4 * PARTITIONS) {
    const batch = await two.take();
    values.push(...(batch?.values() ?? []));
    batch?.ack();
  }
  expect(values.sort()).toEqual(['6', '7', '8', '9'].flatMap((value) => new Array(PARTITIONS).fill(value)));
  await two.close();
  const three = member(group);
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }));
  expect(await three.committed(partitions)).toEqual(partitions.map((at) => ({ ...at, offset: 10, metadata: null })));
});

it('static members come back to what they had without a rebalance of the other', async () => {
  const topic = await makeTopic();
  const group = `group-${topic}`;
  const config = (id: string) => ({ 'group.instance.id': id, 'session.timeout.ms': 20_000 });
  const [one, two] = [member(group, config('one')), member(group, config('two'))];
  await one.subscribe(topic);
  await two.subscribe(topic);
  await balanced([one, two], [2, 2]);
  const mine = two.assignment().map(key);
  const events: string[] = [];
  one.rebalances$.subscribe(({ type }) => events.push(type));
  await two.close();
  const back = member(group, config('two'));
  await back.subscribe(topic);
  await balanced([back], [2]);
  expect(back.assignment().map(key)).toEqual(mine);
  expect(events).toEqual([]);
});
