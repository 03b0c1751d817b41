/** `rdkafka-rx-healthcheck`, as a probe runs it: a process of its own, seen through its exit code and one line. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { MockCluster } from 'rdkafka-rx/testing';
import { expectHandles } from '../support/handles';

jest.setTimeout(60_000);

const script = resolve(__dirname, '../../scripts/healthcheck.cjs');
const directory = mkdtempSync(join(tmpdir(), 'rdkafka-rx-healthcheck-'));
let cluster: MockCluster;
beforeAll(async () => {
  cluster = await MockCluster.start({ topics: { orders: 3 } });
});
afterAll(async () => {
  await cluster.stop();
  await expectHandles(0);
  rmSync(directory, { recursive: true });
});

async function probe(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { KAFKA_BROKERS: _, ...rest } = process.env;
  const child = spawn(process.execPath, [script, ...args], { env: { ...rest, ...env } });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [code] = await once(child, 'close');
  return { code, out: out.trimEnd(), err: err.trimEnd() };
}

it('is 0 when a broker answers, named by an option or by the environment', async () => {
  const brokers = cluster.bootstrapServers;
  const ready = { code: 0, out: `1 brokers, by ${brokers}`, err: '' };
  expect(await probe(['--brokers', brokers])).toEqual(ready);
  expect(await probe([], { KAFKA_BROKERS: brokers })).toEqual(ready);
  expect(await probe(['--timeout=30', `--brokers=${brokers}`])).toEqual(ready);
});

it('is 0 when the topics are there, with leaders', async () => {
  expect(await probe(['--brokers', cluster.bootstrapServers, '--topic', 'orders'])).toEqual({
    code: 0,
    out: "topic 'orders': 3 partitions",
    err: '',
  });
});

it('is 1 when a topic is not there, and does not create it', async () => {
  const args = ['--brokers', cluster.bootstrapServers, '--topic', 'orders', '--topic', 'nowhere'];
  for (let asked = 0; asked < 2; asked++)
    expect(await probe(args)).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(/^topic 'nowhere' is not there/),
    });
});

it('is 1 with the reason when nothing listens there', async () => {
  expect(await probe(['--brokers', '127.0.0.1:1', '--timeout', '1'])).toEqual({
    code: 1,
    out: '',
    err: expect.stringMatching(/^Cannot get metadata: .*Connection refused/),
  });
});

it('is 1 when its time is over: a server that takes connections and never answers', async () => {
  const mute = createServer(() => {}).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const { port } = mute.address() as { port: number };
  const { code, out, err } = await probe(['--brokers', `127.0.0.1:${port}`, '--timeout', '0.5']);
  mute.close();
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/^Cannot get metadata: /);
});

it('takes more configuration from a file', async () => {
  const file = join(directory, 'kafka.json');
  writeFileSync(file, JSON.stringify({ 'bootstrap.servers': cluster.bootstrapServers, 'client.id': 'probe' }));
  expect((await probe(['--config', file])).code).toBe(0);
  writeFileSync(file, JSON.stringify({ 'client.idd': 'probe' }));
  expect(await probe(['--config', file, '--brokers', 'x:1'])).toMatchObject({
    code: 2,
    err: expect.stringContaining("'client.idd'"),
  });
});

it.each([
  [['--tmeout', '1'], /tmeout/],
  [['--timeout', 'soon'], /^--timeout must be a number of seconds above 0 and up to 3600, not 'soon'$/],
  [['--config', 'no/such.json'], /^--config no\/such\.json cannot be read: /],
  [['orders'], /orders/],
])('is 2 for %j, with what is wrong', async (args, reason) => {
  const { code, out, err } = await probe(args);
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(reason);
});

it('--help says every option and every exit code', async () => {
  const { code, out } = await probe(['--help']);
  expect(code).toBe(0);
  for (const part of ['--brokers', '--topic', '--timeout', '--config', 'Exit code 0', '1:', '2:'])
    expect(out).toContain(part);
});
