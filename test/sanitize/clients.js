// Every call once and more, in the order of a normal life.
const { addon, assert, consumer, defaults, producer, rejects, scale, withCluster } = require('./support');

/** An assignment takes the place of the one before; a refused one ends it all the same. */
async function byHand(servers, from, offsets) {
  const to = consumer(servers, { 'group.id': 'by hand' });
  await to.client.assign(offsets);
  await to.client.assign(offsets.slice(0, 2));
  assert.equal(to.lanes.size, 2);
  await rejects(to.client.assign([offsets[0], offsets[0]]));
  await rejects(to.client.assign([{ topic: 'x'.repeat(600), partition: 0, offset: 0 }]));
  assert.equal(to.lanes.size, 0);
  await to.client.incrementalAssign(offsets.slice(0, 1));
  const read = to.messages;
  // Refused, because it is assigned: the lane there must go on listening.
  await rejects(to.client.incrementalAssign(offsets.slice(0, 1)));
  from.send(300, { partition: 0 });
  await to.until(() => to.messages >= read + 300);
  await to.client.incrementalUnassign(offsets.slice(0, 1));
  await rejects(to.client.incrementalUnassign(offsets.slice(0, 1)));
  await to.client.assign([]);
  await to.client.close(5000);
}

withCluster(4, async (servers, cluster) => {
  const from = producer(servers, { 'linger.ms': '1', 'queue.buffering.max.messages': '500' });
  for (let i = 0; i < 20 * scale; i++) from.send(200, { headers: i % 3, bytes: i % 2 ? 0 : 300 });
  await from.client.flush(20_000);
  const total = 4000 * scale;
  assert.equal(from.delivered, total, 'flush() resolved before the reports were there');
  from.send(1, { topic: 7 });
  await from.client.flush(1000);
  assert.equal(from.failed, 1);
  await from.client.metadata('t', 3000);
  await from.client.metadata(null, 3000);

  const to = consumer(servers, { 'session.timeout.ms': '30000' }, { laneBytes: 64 * 1024, totalBytes: 128 * 1024 });
  to.client.reportPolls(true);
  const offsets = [0, 1, 2, 3].map((partition) => ({ topic: 't', partition, offset: 3, metadata: 'mé' }));
  await to.client.subscribe(['t']);
  await to.until(() => to.messages >= total);
  assert.equal(to.messages, total);
  assert.equal((await to.client.commit(offsets)).length, 4);
  assert.equal((await to.client.committed(offsets, 3000))[2].offset, 3);
  assert.equal(to.client.storeOffsets(offsets), null);
  assert.equal(to.client.position(offsets).length, 4);
  await to.client.watermarks('t', 0, 3000);
  assert(to.client.cachedWatermarks('t', 0));
  await to.client.offsetsForTimes(offsets, 3000);
  await to.client.groupMetadata();
  await to.client.metadata('t', 3000);

  // Seeks one after the other, without waiting: each must be announced, in order.
  const before = to.messages;
  const seeks = [5, 0, 10, 1].map((offset) => to.client.seek([{ topic: 't', partition: 1, offset }]));
  await Promise.all(seeks);
  assert.equal(to.events.filter((type) => type === 'rewound').length, 4);
  await to.until(() => to.messages > before);
  await rejects(to.client.seek([]));
  const [lane] = to.lanes.keys();
  to.client.pause(lane, true);
  to.client.pause(lane, false);

  await to.client.subscribe([]);
  await to.until(() => to.lanes.size === 0);
  await to.client.close(5000);
  await byHand(servers, from, offsets);
  const make = (setting, options) => () => new addon.Consumer([setting], options, () => {});
  assert.throws(make(['bootstrap.servers', servers], defaults), { name: '_UNKNOWN_GROUP' });
  assert.throws(make(['no.such', 'x'], defaults), { name: '_INVALID_ARG' });
  assert.throws(make(['group.id', 'g'], {}), { name: 'TypeError', message: 'laneMessages must be a number' });
  assert.throws(make(['group.id', 'g'], { ...defaults, headers: undefined }), /^TypeError: headers must be a boolean$/);
  assert.throws(make(['group.id', 'g'], { ...defaults, laneBytes: 0 }), /^TypeError: .*must be above 0$/);
  assert.throws(() => from.client.metadata('t'), /^TypeError: timeoutMs must be a number$/);

  const admin = new addon.Admin([['bootstrap.servers', servers]], {}, () => {});
  await admin
    .createTopics([{ name: 'other', partitions: 2, replication: 1, config: [['retention.ms', '1']] }], 2000)
    .catch(() => {});
  await admin.deleteTopics([{ name: 'other' }], 2000).catch(() => {});
  await rejects(admin.createPartitions([{ name: 'other', partitions: 0 }], 2000));
  admin.createTopics([{ name: 'late' }], 2000).catch(() => {});
  await admin.close(0);

  await cluster.setTopicError('t', 3);
  await cluster.setTopicError('t', 0);
  await cluster.pushErrors(0, [[7, 0]], -1);
  from.send(50);
  await from.client.flush(10_000);
  await from.client.close(5000);
  assert.equal(from.settled.size, from.sent);
});
