// Environments that end by themselves with everything open: in a delivery, by an exception, because nothing keeps them
// up, in the middle of a close, with a rebalance that waits for an answer, in the turn that made the clients.
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const { addon, assert, consumer, producer, scale, withCluster } = require('./support');

const at = [{ topic: 't', partition: 0, offset: 0 }];

/** What a worker does; it never comes to its end but for `idle`. */
const endings = {
  delivery: async (servers) => {
    const to = consumer(servers, {}, {}, { chunk: () => process.exit(0) });
    await to.client.assign(at);
  },
  exception: async (servers) => {
    const thrower = () => {
      throw new Error('thrown in a delivery');
    };
    const to = consumer(servers, {}, {}, { chunk: thrower });
    await to.client.assign(at);
  },
  idle: async (servers) => {
    const to = consumer(servers, { 'group.id': 'idle' });
    const from = producer(servers);
    await to.client.subscribe(['t']);
    await to.until(() => to.messages > 0);
    from.send(100);
    to.client.keepAlive(false);
  },
  closing: async (servers) => {
    const to = consumer(servers, { 'group.id': 'closing' });
    const from = producer('127.0.0.1:1', { 'linger.ms': '0' });
    const admin = new addon.Admin([['bootstrap.servers', '127.0.0.1:1']], {}, () => {});
    await to.client.subscribe(['t']);
    await to.until(() => to.messages > 0);
    from.send(1000, { headers: 2 });
    admin.createTopics([{ name: 'x' }], 60_000).catch(() => {});
    for (const client of [to.client, from.client, admin]) client.close(60_000).catch(() => {});
    setImmediate(() => process.exit(0));
  },
  unanswered: async (servers) => {
    const asked = () => process.exit(0);
    const to = consumer(servers, { 'group.id': 'unanswered' }, { holdAssign: true }, { assigning: asked });
    await to.client.subscribe(['t']);
  },
  blocked: async (servers) => {
    const to = consumer('127.0.0.1:1', {});
    to.client.committed(at, 1500).catch(() => {});
    to.client.metadata('t', 1500).catch(() => {});
    producer(servers).send(10);
    setTimeout(() => process.exit(0), Math.random() * 50);
  },
  atOnce: (servers) => {
    consumer(servers)
      .client.subscribe(['t'])
      .catch(() => {});
    producer(servers).send(10);
    new addon.MockCluster([], 1, () => {});
    process.exit(0);
  },
};

if (isMainThread) {
  withCluster(2, async (servers) => {
    const from = producer(servers);
    from.send(2000);
    await from.client.flush(10_000);
    for (let i = 0; i < 3 * scale; i++) {
      for (const ending of Object.keys(endings)) {
        const worker = new Worker(__filename, { workerData: { servers, ending } });
        const errors = [];
        worker.on('error', (error) => errors.push(error.message));
        const code = await new Promise((resolve) => worker.once('exit', resolve));
        const expected = ending === 'exception' ? ['thrown in a delivery'] : [];
        assert.deepEqual(errors, expected, ending);
        assert.equal(code, ending === 'exception' ? 1 : 0, ending);
      }
    }
    await from.client.close(1000);
  });
} else {
  const { servers, ending } = workerData;
  endings[ending](servers);
}
