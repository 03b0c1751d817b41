import { MockCluster } from 'rdkafka-rx/testing';
import { expectHandles } from '../support/handles';
import { Child, type Ended } from './child';

jest.setTimeout(60_000);

let cluster: MockCluster;
beforeAll(async () => {
  cluster = await MockCluster.start({ topics: { t: 4 } });
});
afterAll(async () => {
  await cluster.stop();
  await expectHandles(0);
});

const run = (body: string, args: readonly string[] = []): Child => new Child(cluster.bootstrapServers, body, { args });
const clean = { code: 0, signal: null, err: '' };

describe('a process ends by itself', () => {
  it.each([
    ['that only loaded the library', ''],
    ['with an open idle producer', 'new Producer(servers)'],
    ['with a producer that has delivered', "await new Producer(servers).send({ topic: 't', value: 'x' })"],
    ['with an open admin', 'await new Admin(servers).metadata()'],
    ['with an embedded cluster', "await MockCluster.start({ topics: ['a'] })"],
    [
      'after a send whose serializer failed',
      "await new Producer(servers).send({ topic: 't', value: {} }).catch(() => {})",
    ],
    [
      'after a send whose headers failed',
      "await new Producer(servers).send({ topic: 't', value: 'x', headers: { h: 7 } }).catch(() => {})",
    ],
    [
      'after a batch whose headers failed',
      "await new Producer(servers).sendBatch({ topic: 't', records: [{ value: 'x', headers: { h: 7 } }] }).catch(() => {})",
    ],
    ['after an empty batch', "await new Producer(servers).sendBatch({ topic: 't', records: [] })"],
    [
      'with everything closed',
      `const c = new Consumer(group), p = new Producer(servers), a = new Admin(servers);
       const assigned = first(c.rebalances$);
       await c.subscribe('t');
       await assigned;
       await Promise.all([c, p, a].map((client) => client.close()));
       if (liveHandles() !== 0) throw new Error('handles ' + liveHandles());`,
    ],
    [
      'after await using',
      `{ const c = new Consumer(group); await c[Symbol.asyncDispose](); if (liveHandles()) throw new Error('open'); }`,
    ],
  ])('%s', async (_, body) => {
    expect(await run(body).ended).toMatchObject(clean);
  });
});

it("a program's own exit listener may still look at its clients, and the exit code is kept", async () => {
  const child = run(`
    const c = new Consumer(servers);
    const assigned = first(c.rebalances$);
    await c.assign([{ topic: 't', partition: 0, offset: 'beginning' }]);
    await assigned;
    process.on('exit', () => {
      say('flow ' + c.flow().partitions.length);
      try { say('ends ' + JSON.stringify(c.cachedWatermarks({ topic: 't', partition: 0 }))); } catch (error) { say(error.code); }
      new Producer(servers);
    });
    process.exit(3);
  `);
  const { code, signal, out, err } = await child.ended;
  expect([code, signal, err]).toEqual([3, null, '']);
  expect(out).toMatch(/^flow 1\nends null\n/);
});

it.each(['Producer', 'Consumer'])(
  'a token that a %s asks for while it closes is not missed by anybody',
  async (kind) => {
    const child = run(`
    const oauth = { 'bootstrap.servers': '127.0.0.1:1', 'security.protocol': 'sasl_plaintext', 'sasl.mechanisms': 'OAUTHBEARER' };
    const oauthBearerToken = async () => ({ value: 'x', expiresAt: Date.now() + 60_000, principal: 'me' });
    const config = '${kind}' === 'Consumer' ? { ...oauth, 'group.id': 'g' } : oauth;
    const client = '${kind}' === 'Consumer' ? new Consumer(config, {}, { oauthBearerToken }) : new Producer(config, {}, { oauthBearerToken });
    await client.close();
    say('closed');
  `);
    expect(await child.ended).toMatchObject({ ...clean, out: 'closed\n' });
  },
);

describe('a process stays up', () => {
  it('with an open idle consumer, until it is closed', async () => {
    const child = run(`
      const c = new Consumer(group);
      const assigned = first(c.rebalances$);
      await c.subscribe('t');
      await assigned;
      process.on('SIGUSR2', () => { say('closing'); c.close().then(() => say('closed')); });
      say('idle');
    `);
    await child.said('idle');
    child.kill('SIGUSR2');
    const { code, out } = await child.ended;
    expect(out).toMatch(/idle\nclosing\nclosed/);
    expect(code).toBe(0);
  });

  it('with an open consumer that has nothing at all to do', async () => {
    const child = run(`
      new Consumer(servers);
      let turns = 0;
      const turn = () => { if (++turns < 5) setImmediate(turn); else setTimeout(() => { say('still up'); process.exit(3); }, 300).unref(); };
      turn();
    `);
    expect((await child.ended).out).toBe('still up\n');
  });

  it('while a send is pending', async () => {
    const { code, out } = await run(`
      const p = new Producer({ ...servers, 'linger.ms': 400 });
      p.send({ topic: 't', value: 'x' }).then(({ offset }) => say('delivered'));
    `).ended;
    expect([code, out]).toEqual([0, 'delivered\n']);
  });

  it('while a request is pending', async () => {
    const { code, out } = await run(`
      new Admin({ 'bootstrap.servers': '127.0.0.1:1' }).metadata(null, { timeoutMs: 300 }).catch(({ code }) => say(code));
    `).ended;
    expect([code, out]).toEqual([0, 'ERR_KAFKA__TRANSPORT\n']);
  });

  it('while close is pending', async () => {
    const { code, out } = await run(`
      const p = new Producer({ ...servers, 'linger.ms': 400 });
      p.send({ topic: 't', value: 'x' }).then(() => say('delivered'));
      p.close().then(() => say('closed'));
    `).ended;
    expect([code, out]).toEqual([0, 'delivered\nclosed\n']);
  });
});

describe('an abrupt end does not crash', () => {
  const busy = `
    const p = new Producer({ ...servers, 'linger.ms': 0, 'queue.buffering.max.messages': 1000 });
    const c = new Consumer(group);
    const assigned = first(c.rebalances$);
    await c.subscribe('t');
    let n = 0;
    c.messages$.subscribe((m) => { m.ack(); n++; });
    await assigned; // which an older librdkafka's cluster takes three seconds for, and forgets what is read too late
    (async () => {
      for (;;) {
        for (let i = 0; i < 100; i++) p.send({ topic: 't', value: 'x'.repeat(50) }).catch(() => {});
        await Promise.all([p.ready(), new Promise(setImmediate)]);
      }
    })();
    while (n < 100) await new Promise(setImmediate);
  `;

  it.each([
    ['process.exit', 'process.exit(5)', { code: 5, signal: null }],
    ['an uncaught exception', "setImmediate(() => { throw new Error('on purpose') })", { code: 1, signal: null }],
    ['an unhandled rejection', "Promise.reject(new Error('on purpose'))", { code: 1, signal: null }],
    [
      'process.abort of another library',
      "process.kill(process.pid, 'SIGTERM'); for (;;) await null;",
      { code: null, signal: 'SIGTERM' },
    ],
  ])('%s with busy clients', async (_, end, expected) => {
    expect(await run(`${busy}\n${end}`).ended).toMatchObject(expected);
  });

  // What comes after is the end of C libraries: a thread that still speaks TLS would meet an OpenSSL that is gone.
  it.each([
    ['process.exit', 'process.exit(5)', 5],
    ['an uncaught exception', "setImmediate(() => { throw new Error('on purpose') })", 1],
  ])('%s ends the threads of all clients first', async (_, end, code) => {
    const child = run(`process.on('exit', () => say('handles ' + liveHandles()));\n${busy}\n${end}`);
    expect(await child.ended).toMatchObject({ code, out: 'handles 0\n' });
  });

  it('SIGINT with open clients ends at once', async () => {
    const child = run(`${busy}\nsay('busy')`);
    await child.said('busy');
    child.kill('SIGINT');
    expect(await child.ended).toMatchObject({ code: null, signal: 'SIGINT' });
  });

  it('SIGINT with a handler drains, commits and exits', async () => {
    const child = run(`
      const p = new Producer(servers);
      const c = new Consumer(group);
      await c.subscribe('t');
      c.messages$.subscribe((m) => m.ack());
      const timer = setInterval(() => p.send({ topic: 't', value: 'x' }), 1);
      process.once('SIGINT', async () => {
        clearInterval(timer);
        await p.close();
        await c.close();
        say('handles ' + liveHandles());
        process.exitCode = 130;
      });
      await first(c.commits$);
      say('busy');
    `);
    await child.said('busy');
    child.kill('SIGINT');
    expect(await child.ended).toMatchObject({ code: 130, signal: null, out: 'busy\nhandles 0\n' });
  });

  it('process.exit at random moments of opening, joining, reading, committing and closing', async () => {
    const ends: Ended[] = [];
    for (let round = 0; round < 16; round += 2) {
      const one = (delay: number) =>
        run(`
          setTimeout(() => process.exit(9), ${delay});
          for (;;) {
            const p = new Producer({ ...servers, 'linger.ms': 0 });
            const c = new Consumer({ ...group, 'group.id': 'r' + Math.random() });
            await c.subscribe('t');
            p.send({ topic: 't', value: 'x' }).catch(() => {});
            const batch = await c.take();
            batch?.ack();
            c.commit().catch(() => {});
            await Promise.all([c.close({ timeoutMs: 50 }), p.close({ timeoutMs: 50 })]);
          }
        `).ended;
      ends.push(...(await Promise.all([one(round * 12), one(round * 12 + 7)])));
    }
    expect(ends.map(({ code, signal }) => signal ?? code)).toEqual(ends.map(() => 9));
  });
});

it('a listener that throws becomes an uncaught exception; the other listeners and the client go on', async () => {
  const { code, out } = await run(`
    process.on('uncaughtException', (error) => say('uncaught ' + error.message));
    const c = new Consumer(group);
    c.events.on((event) => { if (event.type === 'assigned') throw new Error('from a listener'); });
    const assigned = first(c.rebalances$);
    await c.subscribe('t');
    say((await assigned).type);
    await c.close();
  `).ended;
  expect(code).toBe(0);
  expect(out.split('\n').sort()).toEqual(['', 'assigned', 'uncaught from a listener']);
});

describe('clients that nobody closed', () => {
  const collect = `
    const collect = async (wanted) => {
      for (let i = 0; liveHandles() > wanted; i++) {
        if (i === 20_000) throw new Error('still ' + liveHandles());
        global.gc();
        await new Promise(setImmediate);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };`;

  it('are ended when they are collected', async () => {
    const body = `${collect}
      await (async () => {
        for (let i = 0; i < 20; i++) { new Producer(servers); new Admin(servers); }
      })();
      say('open ' + liveHandles());
      await collect(0);
      say('open ' + liveHandles());
    `;
    expect(await run(body, ['--expose-gc']).ended).toMatchObject({ ...clean, out: 'open 40\nopen 0\n' });
  });

  it('but an embedded cluster runs until it is stopped', async () => {
    const body = `
      const { bootstrapServers } = await MockCluster.start({ topics: ['own'] });
      for (let i = 0; i < 20; i++) { global.gc(); await new Promise(setImmediate); }
      const p = new Producer({ 'bootstrap.servers': bootstrapServers });
      say('offset ' + (await p.send({ topic: 'own', value: 'x' })).offset);
    `;
    expect(await run(body, ['--expose-gc']).ended).toMatchObject({ ...clean, out: 'offset 0\n' });
  });

  it('but one with records on their way delivers them', async () => {
    const body = `
      const sent = [];
      for (let i = 0; i < 20; i++) sent.push(new Producer({ ...servers, 'linger.ms': 100 }).send({ topic: 't', value: 'x' }));
      const timer = setInterval(() => global.gc(), 5);
      say('sent ' + (await Promise.all(sent)).length);
      clearInterval(timer);
    `;
    expect(await run(body, ['--expose-gc']).ended).toMatchObject({ ...clean, out: 'sent 20\n' });
  });

  it('but one with a consumer that is read stays', async () => {
    const body = `
      const p = new Producer(servers);
      const seen = new Promise((resolve) => {
        const c = new Consumer(group);
        c.subscribe('t');
        c.messages$.subscribe((m) => { m.ack(); if (String(m.value) === 'last') c.close().then(resolve); });
      });
      for (let i = 0; i < 50; i++) { global.gc(); await new Promise((resolve) => setTimeout(resolve, 2)); }
      await p.send({ topic: 't', value: 'last' });
      await seen;
      say('seen');
    `;
    expect(await run(body, ['--expose-gc']).ended).toMatchObject({ ...clean, out: 'seen\n' });
  });

  it('a hundred opened and closed leave nothing', async () => {
    const body = `
      for (let round = 0; round < 25; round++) {
        const clients = [new Producer(servers), new Consumer(group), new Admin(servers), new Consumer(servers)];
        await Promise.all(clients.map((client) => client.close()));
      }
      say('open ' + liveHandles());
    `;
    expect(await run(body).ended).toMatchObject({ ...clean, out: 'open 0\n' });
  });
});
