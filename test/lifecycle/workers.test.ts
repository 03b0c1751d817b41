import { MockCluster } from 'rdkafka-rx/testing';
import { expectHandles } from '../support/handles';
import { Child, type Ended } from './child';

jest.setTimeout(120_000);

let cluster: MockCluster;
beforeAll(async () => {
  cluster = await MockCluster.start({ topics: { t: 4 } });
});
afterAll(async () => {
  await cluster.stop();
  await expectHandles(0);
});

const dist = JSON.stringify(require.resolve('../../dist/index.js'));

/** A worker's program: produces and reads without end, says 'busy' once it has read. */
const busy = (servers: string) => `
  const { Consumer, Producer } = require(${dist});
  const { parentPort } = require('node:worker_threads');
  const servers = { 'bootstrap.servers': '${servers}' };
  const p = new Producer({ ...servers, 'linger.ms': 0, 'queue.buffering.max.messages': 1000 });
  const c = new Consumer({ ...servers, 'group.id': 'w' + Math.random(), 'auto.offset.reset': 'earliest' });
  let n = 0;
  const assigned = new Promise((resolve) => c.rebalances$.subscribe(resolve));
  c.subscribe('t');
  c.messages$.subscribe((m) => { m.ack(); if (++n === 10) parentPort.postMessage('busy'); });
  (async () => {
    await assigned; // an older librdkafka's cluster takes three seconds for it, and forgets what is read too late
    for (;;) {
      for (let i = 0; i < 20; i++) p.send({ topic: 't', value: 'x' }).catch(() => {});
      await Promise.all([p.ready(), new Promise(setImmediate)]);
    }
  })();
`;

const run = (body: string, args: readonly string[] = []): Promise<Ended> =>
  new Child(
    cluster.bootstrapServers,
    `const { Worker } = require('node:worker_threads');
     const { once } = require('node:events');
     const busy = ${JSON.stringify(busy(cluster.bootstrapServers))};
     ${body}`,
    { args },
  ).ended;
const clean = { code: 0, signal: null, err: '' };

it('terminate() in the middle of polling, again and again', async () => {
  const body = `
    for (let round = 0; round < 20; round++) {
      const worker = new Worker(busy, { eval: true });
      await once(worker, 'message');
      await worker.terminate();
    }
    say('open ' + liveHandles());
  `;
  expect(await run(body)).toMatchObject({ ...clean, out: 'open 0\n' });
});

it('terminate() at random moments of opening and joining', async () => {
  const body = `
    for (let round = 0; round < 25; round++) {
      const worker = new Worker(busy, { eval: true });
      worker.on('error', (error) => { throw error; });
      await once(worker, 'online');
      await new Promise((resolve) => setTimeout(resolve, round * 6));
      await worker.terminate();
    }
    say('open ' + liveHandles());
  `;
  expect(await run(body)).toMatchObject({ ...clean, out: 'open 0\n' });
});

it('of a process that never loaded the addon itself', async () => {
  const alone = new Child(
    cluster.bootstrapServers,
    `const { execFileSync } = require('node:child_process');
     const source = ${JSON.stringify(`
       const { Worker } = require('node:worker_threads');
       const { once } = require('node:events');
       (async () => {
         for (let round = 0; round < 10; round++) {
           const worker = new Worker(BUSY, { eval: true });
           await once(worker, 'message');
           await worker.terminate();
         }
       })();
     `)}.replace('BUSY', () => ${JSON.stringify(JSON.stringify(busy(cluster.bootstrapServers)))});
     execFileSync(process.execPath, ['-e', source], { stdio: 'inherit' });`,
  );
  expect(await alone.ended).toMatchObject(clean);
});

it('several workers and the main thread at once, each with its own clients', async () => {
  const body = `
    const workers = Array.from({ length: 3 }, () => new Worker(busy, { eval: true }));
    const polling = Promise.all(workers.map((worker) => once(worker, 'message')));
    const c = new Consumer(group);
    await c.subscribe('t');
    await polling;
    const batch = await c.take();
    batch.ack();
    await workers[0].terminate();
    const p = new Producer(servers);
    await p.send({ topic: 't', value: 'after' });
    for (;;) {
      const more = await c.take();
      more.ack();
      if (more.size > 0) break;
    }
    await Promise.all(workers.map((worker) => worker.terminate()));
    await Promise.all([c.close(), p.close()]);
    say('open ' + liveHandles());
  `;
  expect(await run(body)).toMatchObject({ ...clean, out: 'open 0\n' });
});

it('a worker that closes its clients ends by itself', async () => {
  const source = `
    const { Consumer, Producer } = require(${dist});
    (async () => {
      const servers = { 'bootstrap.servers': '${'SERVERS'}' };
      const c = new Consumer({ ...servers, 'group.id': 'own' + Math.random() }), p = new Producer(servers);
      await p.send({ topic: 't', value: 'x' });
      await Promise.all([c.close(), p.close()]);
    })();
  `;
  const body = `
    const worker = new Worker(${JSON.stringify(source)}.replace('SERVERS', servers['bootstrap.servers']), { eval: true });
    const [code] = await once(worker, 'exit');
    say('exit ' + code + ', open ' + liveHandles());
  `;
  expect(await run(body)).toMatchObject({ ...clean, out: 'exit 0, open 0\n' });
});

it('process.exit of the main thread while workers are busy', async () => {
  const body = `
    const workers = Array.from({ length: 2 }, () => new Worker(busy, { eval: true }));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    process.exit(4);
  `;
  // Node 20 aborts now and then when the optimizing compiler's threads allocate for a worker that is just ended
  // (an assertion in its node_platform.cc): they are left out.
  const ends: Ended[] = [];
  for (let round = 0; round < 5; round++) ends.push(await run(body, ['--no-concurrent-recompilation']));
  expect(ends).toEqual(ends.map(() => ({ code: 4, signal: null, out: '', err: '' })));
});

it('process.exit inside of a worker', async () => {
  const body = `
    const worker = new Worker(busy + "; setTimeout(() => process.exit(6), 150)", { eval: true });
    const [code] = await once(worker, 'exit');
    say('exit ' + code + ', open ' + liveHandles());
  `;
  expect(await run(body)).toMatchObject({ ...clean, out: 'exit 6, open 0\n' });
});
