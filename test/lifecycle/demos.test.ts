import { Consumer, Producer, utf8 } from 'rdkafka-rx';
import { MockCluster } from 'rdkafka-rx/testing';
import { Command } from '../support/command';

// Processes that start on a busy machine.
jest.setTimeout(60_000);

const GUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const CONSUMERS = ['non-efficient-consumer-demo', 'manual-consumer-demo', 'rx-consumer-demo'] as const;
const DEMOS = ['producer-demo', ...CONSUMERS] as const;
const QUICK = ['--interval', '20'];

let running: Command | undefined;

function start(demo: string, ...args: string[]): Command {
  running = Command.start(demo, ...args);
  return running;
}

afterEach(() => running?.end());

/** Lines `topic/partition @offset: 'value'`. */
function read(stdout: string) {
  return [...stdout.matchAll(/^(\S+)\/(\d+) @(\d+): '(.*)'$/gm)].map(([, topic, partition, offset, value]) => {
    return { topic, partition: Number(partition), offset: Number(offset), value };
  });
}

/** In offset order per partition, from 0, none twice and none left out. */
function expectGapless(messages: ReturnType<typeof read>): void {
  for (const partition of new Set(messages.map((message) => message.partition))) {
    const offsets = messages.filter((message) => message.partition === partition).map(({ offset }) => offset);
    expect(offsets).toEqual(offsets.map((_, i) => i));
  }
}

test.each(DEMOS)('%s --help tells every option', async (demo) => {
  const { code, stdout, stderr } = await start(demo, '--help').exit;
  expect([code, stderr]).toEqual([0, '']);
  const options = [
    '--brokers',
    '--topic',
    '--interval',
    ...(demo === 'producer-demo' ? [] : ['--group', '--batch-size']),
  ];
  for (const option of options) expect(stdout).toContain(option);
  expect(stdout).toContain(`node dist-examples/${demo}.js`);
});

test.each(DEMOS)('%s answers a wrong option with one sentence and exit code 2', async (demo) => {
  const { code, stdout, stderr } = await start(demo, '--topik', 'x').exit;
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^There is no option --topik; did you mean --topic\? .*\n$/);
});

test('every demo says that there is no broker, and exits with 1', async () => {
  // At the same time: each waits five seconds for an answer.
  const exits = await Promise.all(DEMOS.map((demo) => Command.run(demo, '--brokers', '127.0.0.1:1')));
  for (const { code, stdout, stderr } of exits) {
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^No broker answers at 127\.0\.0\.1:1: check the address.*\n$/);
  }
});

test('producer-demo prints where every GUID went', async () => {
  const command = start('producer-demo', '--topic', 'guids', ...QUICK);
  await command.shows(/(^Message .*\n){5}/m);
  const { code, stdout, stderr } = await command.signal('SIGINT');
  expect(code).toBe(130);
  const lines = stdout.trimEnd().split('\n');
  for (const line of lines) expect(line).toMatch(new RegExp(`^Message '${GUID}' produced to 'guids/[01] @\\d+'$`));
  expectGapless(
    lines.map((line) => {
      const [, partition, offset] = /\/(\d+) @(\d+)'$/.exec(line) ?? [];
      return { topic: 'guids', partition: Number(partition), offset: Number(offset), value: '' };
    }),
  );
  expect(stderr).toContain(`Produced ${lines.length} messages.`);
});

describe.each(CONSUMERS)('%s', (demo) => {
  test('reads the GUIDs of a cluster of its own, in order and each once', async () => {
    const command = start(demo, '--topic', 'guids', ...QUICK);
    await command.shows(/(^guids\/.*\n){10}/m);
    const { code, stdout } = await command.signal('SIGINT');
    expect(code).toBe(130);
    const messages = read(stdout);
    expect(messages.length).toBeGreaterThanOrEqual(10);
    for (const { value } of messages) expect(value).toMatch(new RegExp(`^${GUID}$`));
    expectGapless(messages);
  });

  test('SIGTERM ends it with 143', async () => {
    const command = start(demo, ...QUICK);
    await command.shows(/(^rdkafka-rx-demo\/.*\n){3}/m);
    expect((await command.signal('SIGTERM')).code).toBe(143);
  });

  test('with brokers named it reads and commits there, and a missing topic is said', async () => {
    await using cluster = await MockCluster.start({ topics: { orders: 2 } });
    const config = { 'bootstrap.servers': cluster.bootstrapServers };
    await using producer = new Producer(config, { value: utf8 });
    const records = Array.from({ length: 7 }, (_, i) => ({ partition: i % 2, value: `order ${i}` }));
    await producer.sendBatch({ topic: 'orders', records });
    const options = ['--brokers', cluster.bootstrapServers, '--group', 'g', '--batch-size', '7'];

    const command = start(demo, '--topic', 'orders', ...options);
    await command.shows(/(^orders\/.*\n){7}/m);
    const { code, stdout, stderr } = await command.signal('SIGINT');
    expect([code, stderr]).toEqual([130, expect.not.stringContaining('Cannot')]);
    const messages = read(stdout);
    expect(messages.map(({ value }) => value).sort()).toEqual(records.map(({ value }) => value));
    expectGapless(messages);

    await using consumer = new Consumer({ ...config, 'group.id': 'g' });
    const partitions = [0, 1].map((partition) => ({ topic: 'orders', partition }));
    const committed = await consumer.committed(partitions);
    expect(committed.map(({ offset }) => offset)).toEqual([4, 3]);

    const missing = await start(demo, '--topic', 'nope', ...options).exit;
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/^There is no topic 'nope' at .*\n$/);
  });
});

test('rx-consumer-demo: cancel, dispose, completion, and the rest of the buffer in between', async () => {
  await using cluster = await MockCluster.start({ topics: { orders: 1 } });
  await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers }, { value: utf8 });
  await producer.sendBatch({ topic: 'orders', records: ['a', 'b', 'c', 'd', 'e'].map((value) => ({ value })) });
  const command = start('rx-consumer-demo', '--brokers', cluster.bootstrapServers, '--topic', 'orders');
  await command.shows(/@2: 'c'\n/);
  const { code, stdout } = await command.signal('SIGINT');
  expect(code).toBe(130);
  // The rest waits for the first batch's commit, when that is still on its way; leaving does not.
  expect(stdout.replace('Disposed.\n', '')).toMatch(
    /@2: 'c'\nCancelled\.\n.*@3: 'd'\n.*@4: 'e'\nCompleted: read 5 messages\.\n$/,
  );
  expect(stdout).toMatch(/Cancelled\.\n(.*\n)*Disposed\.\n(.*\n)*Completed/);
});

test('non-efficient-consumer-demo joins and leaves for every batch', async () => {
  const command = start('non-efficient-consumer-demo', '--batch-size', '1', ...QUICK);
  await command.shows(/(^rdkafka-rx-demo\/.*\n){3}/m);
  const { stdout, stderr } = await command.signal('SIGINT');
  const [, messages, rounds] = /Read (\d+) messages, and joined and left the group (\d+) times/.exec(stderr) ?? [];
  expect(Number(messages)).toBe(read(stdout).length);
  expect(Number(rounds)).toBeGreaterThanOrEqual(Number(messages));
});
