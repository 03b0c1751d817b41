import { startKafka } from '../support/kafka';
import { accepts } from '../support/kafka-wire';

jest.setTimeout(120_000);

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('the Kafka of this project serves and makes topics', async () => {
  const kafka = await startKafka();
  const name = `harness-${process.pid}`;
  await kafka.createTopic(name, { partitions: 3, config: { 'retention.ms': '3600000' } });
  expect((await kafka.metadata([name])).topics[0]?.partitions).toHaveLength(3);
  await expect(kafka.createTopic(name)).rejects.toThrow(/already exists/);
  await kafka.deleteTopic(name);
});

test('a Kafka of our own survives kill -9 and restart, and stop leaves nothing', async () => {
  const kafka = await startKafka({ own: true });
  await kafka.createTopic('kept', { partitions: 2 });
  const [first] = kafka.pids;
  await kafka.kill9(0);
  expect(await accepts(kafka.brokers)).toBe(false);
  await kafka.restart(0);
  expect((await kafka.metadata(['kept'])).topics[0]?.partitions).toHaveLength(2);
  const [second] = kafka.pids;
  await kafka.stop();
  expect([first, second].map((pid) => isRunning(pid as number))).toEqual([false, false]);
});
