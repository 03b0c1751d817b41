// Workers that are terminated at any moment, from the loading of the addon to the middle of a crossing.
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const { assert, addon, consumer, producer, scale, withCluster } = require('./support');

if (isMainThread) {
  withCluster(4, async (servers) => {
    const from = producer(servers);
    from.send(2000);
    await from.client.flush(10_000);
    for (let i = 0; i < 15 * scale; i++) {
      const worker = new Worker(__filename, { workerData: { servers, group: i } });
      const failed = new Promise((_, reject) => worker.on('error', reject));
      failed.catch(() => {});
      await Promise.race([new Promise((resolve) => worker.once(i % 3 === 0 ? 'online' : 'message', resolve)), failed]);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 80));
      const started = performance.now();
      await worker.terminate();
      assert(performance.now() - started < 20_000 * Number(process.env.SLOW ?? 1), 'terminate() took long');
    }
    await from.client.close(1000);
  });
} else {
  const { servers, group } = workerData;
  const { parentPort } = require('node:worker_threads');
  const to = consumer(servers, { 'group.id': `w${group}` });
  const from = producer(servers, { 'linger.ms': '0' });
  // One after the other, without a place between them where a termination takes effect: from its moment on node refuses
  // to wrap what is made.
  const settings = [['bootstrap.servers', servers]];
  const ignore = () => {};
  // Straight, without a call of JavaScript in between where a termination takes effect: from its moment on node refuses
  // to wrap what is made.
  const [admin] = [
    new addon.Admin(settings, {}, ignore),
    new addon.Admin(settings, {}, ignore),
    new addon.Admin(settings, {}, ignore),
    new addon.Admin(settings, {}, ignore),
    new addon.Admin(settings, {}, ignore),
    new addon.Admin(settings, {}, ignore),
  ];
  const at = [0, 1, 2, 3].map((partition) => ({ topic: 't', partition, offset: 1, metadata: 'm' }));
  to.client.subscribe(['t']).catch(() => {});
  to.until(() => to.messages > 0).then(() => parentPort.postMessage('reading'));
  let seeking = false;
  const pump = () => {
    from.send(20, { headers: 2 });
    // Only as a member: with each commit of a stranger librdkafka starts to join anew, and never gets there.
    if (to.lanes.size > 0) to.client.commit(at).catch(() => {});
    to.client.metadata('t', 1000).catch(() => {});
    to.client.position(at);
    if (!seeking && to.messages > 0) {
      seeking = true;
      const sought = to.client.seek(at).catch(() => {});
      sought.then(() => {
        seeking = false;
      });
    }
    admin.createTopics([{ name: `n${Math.random()}`, config: [['a', 'b']] }], 1000).catch(() => {});
    if (Math.random() < 0.05)
      new addon.Producer([['bootstrap.servers', servers]], {}, () => {}).close(10).catch(() => {});
    setTimeout(pump, 2);
  };
  pump();
}
