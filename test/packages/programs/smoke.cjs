// What every kind of project does with the package: produce, consume, read as streams, commit, close. Given its modules.
const assert = require('node:assert');

module.exports = async function smoke({ Producer, Consumer, utf8, json }, { MockCluster, liveHandles }) {
  const cluster = await MockCluster.start({ topics: { orders: 2 } });
  const config = { 'bootstrap.servers': cluster.bootstrapServers };
  const producer = new Producer({ ...config, 'compression.codec': 'zstd' }, { key: utf8, value: json() });
  const records = Array.from({ length: 1000 }, (_, id) => ({ key: `k${id % 7}`, value: { id } }));
  const report = await producer.sendBatch({ topic: 'orders', records });
  assert.deepEqual([report.size, report.failed], [1000, 0]);

  const read = async (group, take) => {
    const consumer = new Consumer(
      { ...config, 'group.id': group, 'auto.offset.reset': 'earliest' },
      { key: utf8, value: json() },
    );
    const ids = [];
    await take(consumer.stream('orders', { until: 'eof' }), (batch) => {
      for (const message of batch) ids.push(message.value.id);
      batch.ack();
    });
    await consumer.close();
    const sorted = ids.sort((a, b) => a - b);
    assert.deepEqual(
      sorted,
      records.map(({ value }) => value.id),
    );
  };
  await read('iterator', async (stream, take) => {
    for await (const batch of stream) take(batch);
  });
  await read('observable', (stream, take) => stream.batches$.forEach(take));
  await producer.close();
  await cluster.stop();
  assert.equal(liveHandles(), 0);
};
