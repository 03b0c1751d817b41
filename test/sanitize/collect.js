// What is kept outlives its client; what is dropped goes, also a client that nobody closed. Needs --expose-gc.
const { addon, assert, consumer, producer, scale, withCluster } = require('./support');

const turn = () => new Promise((resolve) => setImmediate(resolve));

withCluster(2, async (servers) => {
  const from = producer(servers);
  for (let i = 0; i < 10 * scale; i++) from.send(1000, { bytes: 200, headers: i % 2 });
  await from.client.flush(20_000);
  const kept = [];
  const to = consumer(
    servers,
    {},
    { laneBytes: 256 * 1024 },
    {
      chunk: (chunk, one) => {
        if (one.messages % 2 === 0) kept.push([chunk, Buffer.from(chunk.slice(0))]);
        if (kept.length % 5 === 0) global.gc();
      },
    },
  );
  await to.client.subscribe(['t']);
  await to.until(() => to.messages >= 10_000 * scale);
  await Promise.all([to.client.close(3000), from.client.close(3000)]);
  for (let i = 0; i < 3; i++) {
    global.gc();
    await turn();
  }
  assert(kept.length > 0);
  for (const [chunk, copy] of kept) assert(Buffer.from(chunk).equals(copy), 'kept bytes changed');
  kept.length = 0;
  // Clients that nobody closed and nobody holds: what they hold of JavaScript must not hold them.
  for (let i = 0; i < 5; i++) {
    (() => new addon.Producer([['bootstrap.servers', servers]], {}, () => {}))();
    (() => new addon.Admin([['bootstrap.servers', servers]], {}, () => {}))();
    (() => new addon.MockCluster([], 1, () => {}))();
  }
  for (let i = 0; i < 200 && addon.liveHandles() > 1; i++) {
    global.gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(addon.liveHandles(), 1, 'only the cluster is left');
});
