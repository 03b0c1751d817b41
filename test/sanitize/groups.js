// Members that come and go, under each protocol, with a revoke that is drained, held and cut short.
const { assert, consumer, producer, scale, withCluster } = require('./support');

async function rounds(servers, settings, options, hooks) {
  const group = { 'group.id': `g${Math.random()}`, ...settings };
  const first = consumer(servers, group, options, hooks);
  await first.client.subscribe(['t']);
  await first.until(() => first.lanes.size === 6);
  for (let i = 0; i < 3 * scale; i++) {
    const second = consumer(servers, group, options, hooks);
    await second.client.subscribe(['t']);
    await second.until(() => second.lanes.size > 0);
    await second.until(() => first.lanes.size + second.lanes.size <= 6);
    const position = [...second.lanes.values()].map(({ topic, partition }) => ({ topic, partition, offset: 1 }));
    // All at once: a seek, a commit and the end of the member.
    const work = [second.client.seek(position), second.client.commit(position), second.client.close(5000)];
    const [, commit, close] = await Promise.allSettled(work);
    assert.equal(close.status, 'fulfilled');
    assert.equal(commit.status, 'fulfilled', 'a commit from before close() was answered by the broker');
    assert.equal(second.lanes.size, 0);
    await first.until(() => first.lanes.size === 6);
  }
  // A change of the subscription, and its end, while a rebalance may be waiting for JavaScript.
  const third = consumer(servers, group, options, hooks);
  await Promise.all([third.client.subscribe(['t']), first.client.subscribe(['t', '^t.*']), first.client.subscribe([])]);
  await first.until(() => first.lanes.size === 0);
  await Promise.all([first.client.close(5000), third.client.close(5000)]);
}

withCluster(6, async (servers) => {
  const from = producer(servers);
  for (let partition = 0; partition < 6; partition++) from.send(500, { partition });
  await from.client.flush(10_000);
  await from.client.close(1000);
  const eager = { 'partition.assignment.strategy': 'range' };
  const cooperative = { 'partition.assignment.strategy': 'cooperative-sticky' };
  const late = {};
  late.revoking = () => {}; // never released: the deadline ends it
  for (const settings of [eager, cooperative]) {
    await rounds(servers, settings, {}, {});
    await rounds(servers, settings, { holdAssign: true, revokeDrainMs: 0 }, {});
    await rounds(servers, settings, { revokeDrainMs: 20 }, late);
  }
  // An answer that librdkafka refuses: said to be fatal, and the consumer can still leave.
  let refused;
  const bad = {};
  bad.assigning = ({ id, partitions }) =>
    one.client.answerAssign(
      id,
      partitions.map((at) => ({ ...at, offset: -77 })),
    );
  bad.error = ({ error }) => {
    refused ??= error;
  };
  const one = consumer(servers, { ...eager, 'group.id': 'bad' }, { holdAssign: true }, bad);
  await one.client.subscribe(['t']);
  await one.until(() => refused !== undefined);
  assert(refused.fatal);
  const started = performance.now();
  await one.client.close(10_000);
  assert(performance.now() - started < 9000, 'the refused answer held the close up');
});
