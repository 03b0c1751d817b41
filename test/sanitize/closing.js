// The end at every moment: at once, twice, with everything asked and nothing answered, with nobody at the other end.
const { addon, assert, consumer, producer, rejects, scale, withCluster } = require('./support');

const nowhere = '127.0.0.1:1';
const at = [{ topic: 't', partition: 0, offset: 0 }];

async function all(servers) {
  const to = consumer(servers, { 'group.id': `g${Math.random()}` });
  const from = producer(servers, { 'linger.ms': '50', 'message.timeout.ms': '60000' });
  const admin = new addon.Admin([['bootstrap.servers', servers]], {}, () => {});
  const asked = [
    to.client.subscribe(['t']),
    to.client.committed(at, 300),
    to.client.seek(at),
    to.client.commit(at),
    to.client.groupMetadata(),
    to.client.watermarks('t', 0, 300),
    from.client.flush(60_000),
    from.client.metadata('t', 300),
    admin.createTopics([{ name: 'x' }], 60_000),
  ].map((promise) => promise.catch(() => {}));
  from.send(100);
  if (Math.random() < 0.5) await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
  const started = performance.now();
  await Promise.all([to.client.close(200), from.client.close(200), admin.close(0)]);
  const took = performance.now() - started;
  assert(took < 20_000 * Math.max(1, Number(process.env.SLOW ?? 1)), `close took ${took} ms`);
  await Promise.all(asked);
  assert.equal(from.settled.size, 100, 'every record is settled when close() is');
  await rejects(to.client.close(1));
  await rejects(to.client.commit(at));
  to.client.credit(1, 1, 1);
  from.client.produce(new Uint8Array(8), 8);
}

withCluster(2, async (servers) => {
  for (let i = 0; i < 5 * scale; i++) {
    await Promise.all([all(servers), all(nowhere)]);
    await new addon.Producer([], {}, () => {}).close(0);
  }
  // The longest there is: no overflow, and nothing waits that long.
  const patient = producer(servers, { 'linger.ms': '100' });
  patient.send(10);
  await patient.client.close(2 ** 31 - 1);
  assert.equal(patient.delivered, 10);
  // A close from inside a delivery.
  const inside = consumer(servers, { 'group.id': 'inside' }, {}, { assigned: () => closed(inside.client.close(3000)) });
  let closed;
  const done = new Promise((resolve) => {
    closed = resolve;
  });
  await inside.client.subscribe(['t']);
  await done;
});
