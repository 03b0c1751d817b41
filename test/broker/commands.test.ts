/** `npm start` and the demos with a real Kafka named. */
import { Consumer, Producer, utf8 } from 'rdkafka-rx';
import { Command } from '../support/command';
import { type Kafka, startKafka } from '../support/kafka';

jest.setTimeout(120_000);

let kafka: Kafka;
let running: Command | undefined;

beforeAll(async () => {
  kafka = await startKafka();
});
afterEach(() => running?.end());

function start(example: string, ...args: string[]): Command {
  running = Command.start(example, '--brokers', kafka.brokers, ...args);
  return running;
}

/** Resolves when the last topic that `npm start` made is gone: the answer to its deletion comes a little before. */
async function startTopicsGone(): Promise<void> {
  const own = (name: string) => name.startsWith('rdkafka-rx-start-');
  while ((await kafka.metadata(null)).topics.some(({ name }) => own(name))) await new Promise(setImmediate);
}

test('npm start produces, reads twice, and leaves no topic behind', async () => {
  const { code, stdout, stderr } = await start('start', '--messages', '20000', '--partitions', '3').exit;
  expect([code, stderr]).toEqual([0, '']);
  for (const phase of ['produce', 'read in batches', 'read reactively']) {
    expect(stdout).toMatch(new RegExp(`^${phase} +20,000 +2\\.0 `, 'm'));
  }
  await startTopicsGone();
});

test('npm start that is stopped leaves no topic behind either', async () => {
  const command = start('start', '--messages', '50_000_000');
  await command.shows(/^produce .* messages/m);
  const { code, stdout } = await command.signal('SIGINT');
  expect(code).toBe(130);
  expect(stdout).toContain('Stopped:');
  await startTopicsGone();
});

test.each(['non-efficient-consumer-demo', 'manual-consumer-demo', 'rx-consumer-demo'])('%s', async (demo) => {
  const topic = `${demo}-${process.pid}`;
  await kafka.createTopic(topic, { partitions: 2 });
  const config = { 'bootstrap.servers': kafka.brokers };
  await using producer = new Producer(config, { value: utf8 });
  await producer.sendBatch({
    topic,
    records: ['a', 'b', 'c', 'd', 'e', 'f'].map((value) => ({ value, partition: 0 })),
  });

  const command = start(demo, '--topic', topic, '--group', topic);
  await command.shows(/@5: 'f'\n/);
  const { code, stdout, stderr } = await command.signal('SIGINT');
  expect(code).toBe(130);
  expect(stderr).not.toContain('Cannot');
  const lines = ['a', 'b', 'c', 'd', 'e', 'f'].map((value, offset) => `${topic}/0 @${offset}: '${value}'`);
  expect(stdout.split('\n').filter((line) => line.includes('@'))).toEqual(lines);

  await using consumer = new Consumer({ ...config, 'group.id': topic });
  expect(await consumer.committed([{ topic, partition: 0 }])).toMatchObject([{ offset: 6 }]);
  await kafka.deleteTopic(topic);
});

test('producer-demo', async () => {
  const topic = `producer-demo-${process.pid}`;
  await kafka.createTopic(topic, { partitions: 1 });
  const command = start('producer-demo', '--topic', topic, '--interval', '20');
  await command.shows(/@4'\n/);
  const { code, stdout } = await command.signal('SIGTERM');
  expect(code).toBe(143);
  expect(stdout).toMatch(new RegExp(`^Message '[-0-9a-f]{36}' produced to '${topic}/0 @0'\n`));
  await kafka.deleteTopic(topic);
});
