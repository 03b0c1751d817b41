/** The embedded cluster itself, and Admin on it. */
import { connect } from 'node:net';
import { Client, KafkaError, Producer } from 'rdkafka-rx';
import { liveHandles, MockCluster } from 'rdkafka-rx/testing';
import { isAtLeast } from '../../lib/native/capabilities';
import { expectHandles } from '../support/handles';
import { NEVER } from '../support/never';
import { since } from '../support/since';
import { Bench, rejection, unique } from './harness';

const bench = Bench.use({ brokers: 2, topics: { given: 3 } });

it('has the brokers and topics it was started with', async () => {
  const { brokers, topics } = await bench.producer().metadata();
  expect(brokers.map(({ id }) => id)).toEqual([1, 2]);
  expect(topics.find(({ name }) => name === 'given')?.partitions).toHaveLength(3);
});

it('topics can be a list of names', async () => {
  await using cluster = await MockCluster.start({ topics: ['a', 'b'] });
  await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
  expect((await producer.metadata()).topics.map(({ name }) => name).sort()).toEqual(['a', 'b']);
});

it('makes topics with replicas', async () => {
  const topic = unique('replicated');
  await bench.cluster.createTopic(topic, { partitions: 2, replicas: 2 });
  const { topics } = await bench.producer().metadata(topic);
  expect(topics[0]?.partitions.map(({ replicas }) => [...replicas].sort())).toEqual([
    [1, 2],
    [1, 2],
  ]);
});

it('bootstrapServers is an address any client can connect to', async () => {
  for (const address of bench.cluster.bootstrapServers.split(',')) {
    const [host, port] = address.split(':');
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), host as string, () => {
        socket.destroy();
        resolve();
      });
      socket.on('error', reject);
    });
  }
});

it('errors for one broker are not given by another', async () => {
  const topic = await bench.topic();
  await bench.cluster.setLeader(topic, 0, 1);
  await bench.cluster.pushErrors('Produce', ['INVALID_RECORD'], { broker: 2 });
  const producer = bench.producer({ 'linger.ms': 0 });
  expect((await producer.send({ topic, value: 'x' })).offset).toBe(0);
  await bench.cluster.setLeader(topic, 0, 2);
  expect((await rejection(producer.send({ topic, value: 'x' }))).code).toBe('ERR_KAFKA_INVALID_RECORD');
});

it.each([-1, 0, 1.5, null as unknown as number])('a leader that is no broker is refused: %p', async (broker) => {
  const topic = await bench.topic();
  await expect(bench.cluster.setLeader(topic, 0, broker)).rejects.toThrow(/the leader must be a broker number/);
});

it('null between errors is a good answer, and clearErrors forgets the rest', async () => {
  const topic = await bench.topic();
  const producer = bench.producer({ 'linger.ms': 0 });
  await bench.cluster.pushErrors('Produce', [null, 'INVALID_RECORD', 'INVALID_RECORD']);
  expect((await producer.send({ topic, value: 'x' })).offset).toBe(0);
  expect((await rejection(producer.send({ topic, value: 'x' }))).code).toBe('ERR_KAFKA_INVALID_RECORD');
  await bench.cluster.clearErrors('Produce');
  expect((await producer.send({ topic, value: 'x' })).offset).toBe(1);
});

it('errors and requests go by number too', async () => {
  const topic = await bench.topic();
  await bench.cluster.pushErrors(0, [87]);
  const error = await rejection(bench.producer().send({ topic, value: 'x' }));
  expect(error.code).toBe('ERR_KAFKA_INVALID_RECORD');
});

describe.each([
  ['UNKNOWN_TOPIC_OR_PART', it],
  ['TOPIC_AUTHORIZATION_FAILED', since('2.10.1', 'a client that does not know the topic crashes on such an answer')],
] as const)('%s', (error, test) => {
  test('can be the answer to everything about a topic, for a while', async () => {
    const topic = await bench.topic();
    await bench.cluster.setTopicError(topic, error);
    const { topics } = await bench.producer().metadata(topic);
    expect(topics[0]?.error?.name).toMatch(new RegExp(`${error}$`));
    await bench.cluster.setTopicError(topic, null);
    expect((await bench.producer().send({ topic, value: 'x' })).offset).toBe(0);
  });
});

const crashes = !isAtLeast(Client.librdkafkaVersion, '2.10.1');
if (!crashes) process.stderr.write('left out: a refusal that only librdkafka before 2.10.1 needs\n');
(crashes ? it : it.skip)('an error that would crash clients of this librdkafka is refused', async () => {
  const topic = await bench.topic();
  const error = await rejection(bench.cluster.setTopicError(topic, 'LEADER_NOT_AVAILABLE'));
  expect(error).toMatchObject({ name: 'UnsupportedError', needed: '2.10.1' });
});

it('a request version can be taken away', async () => {
  await using cluster = await MockCluster.start({ topics: ['t'] });
  await cluster.setApiVersion('InitProducerId', -1, -1);
  await using producer = new Producer({
    'bootstrap.servers': cluster.bootstrapServers,
    'enable.idempotence': true,
    'message.timeout.ms': 5000,
  });
  const error = await rejection(producer.send({ topic: 't', value: 'x' }));
  expect(error).toBeInstanceOf(KafkaError);
  expect(error.message).not.toBe('');
  await producer.close({ timeoutMs: 100 });
});

it('many at once are independent, and stop leaves nothing', async () => {
  const before = liveHandles();
  const clusters = await Promise.all(Array.from({ length: 5 }, () => MockCluster.start({ topics: ['t'] })));
  expect(new Set(clusters.map(({ bootstrapServers }) => bootstrapServers)).size).toBe(5);
  await Promise.all(
    clusters.map(async ({ bootstrapServers }) => {
      await using producer = new Producer({ 'bootstrap.servers': bootstrapServers });
      expect((await producer.send({ topic: 't', value: 'x' })).offset).toBe(0);
    }),
  );
  await Promise.all(clusters.map((cluster) => cluster.stop()));
  await expectHandles(before);
});

describe('Admin', () => {
  it('asks for metadata', async () => {
    const { topics } = await bench.admin().metadata('given');
    expect(topics[0]?.partitions.map(({ id }) => id)).toEqual([0, 1, 2]);
  });

  it('with nothing to do resolves', async () => {
    const admin = bench.admin();
    await admin.createTopics([]);
    await admin.deleteTopics([]);
  });

  it('what the embedded cluster does not have is refused at once, with what to do instead', async () => {
    const admin = bench.admin();
    // At once: a request that waited for its time would wait longer than the test may take.
    const options = { timeoutMs: NEVER };
    for (const call of [
      admin.createTopics([{ topic: unique('new') }], options),
      admin.deleteTopics(['given'], options),
      admin.createPartitions('given', 9, options),
    ]) {
      const error = await rejection(call);
      expect(error).toBeInstanceOf(KafkaError);
      expect(error.code).toBe('ERR_KAFKA__UNSUPPORTED_FEATURE');
      expect(error.message).toMatch(/^Cannot (create|delete|add partitions to) .*MockCluster\.createTopic/);
    }
    expect((await rejection(admin.createTopics([{ topic: 'again' }]))).message).toMatch(/MockCluster\.createTopic/);
  });

  it.each([0, -2, 1.5, Number.NaN])('%p partitions are refused', async (partitions) => {
    const admin = bench.admin();
    for (const call of [
      () => admin.createTopics([{ topic: 'x', partitions }]),
      () => admin.createTopics([{ topic: 'x', replicationFactor: partitions }]),
      () => admin.createPartitions('x', partitions),
    ]) {
      const error = await rejection(Promise.resolve().then(call));
      expect(error).toMatchObject({
        name: 'ArgumentError',
        message: expect.stringMatching(/must be a positive integer/),
      });
    }
  });
});
