// Every message once and in order, while JavaScript is slow, credit is short and comes back in bits, lanes are held, and
// the call thread delivers in between. Then the end in the middle of all that: every promise settles, nothing comes after.
const { assert, consumer, producer, scale, withCluster } = require('./support');

const partitions = 16;
const at = (offset, partition = 0) => [{ topic: 't', partition, offset }];
const all = Array.from({ length: partitions }, (_, partition) => at(0, partition)[0]);

function busy(ms) {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** The offsets of a chunk. */
function offsets(chunk) {
  const header = new Int32Array(chunk, 0, 16);
  const count = header[2];
  const base = (header[4] >>> 0) + header[5] * 2 ** 32;
  const deltas = new Uint32Array(chunk, 64 + (header[3] & 2 ? count * 8 : 0), count);
  return Array.from(deltas, (delta) => base + delta);
}

/** A consumer of all partitions that knows for each lane which offset comes next, and owes what it was given. */
function reader(servers, options) {
  const owed = [];
  let chunks = 0;
  let ended = false;
  const next = new Map();
  const to = consumer(servers, { 'group.id': `g${Math.random()}` }, options, {
    assigned: (event) => {
      for (const lane of event.lanes) next.set(lane.lane, 0);
    },
    chunk: (chunk) => {
      assert(!ended, 'a chunk after close()');
      const lane = new Int32Array(chunk, 4, 1)[0];
      for (const offset of offsets(chunk)) {
        assert.equal(offset, next.get(lane), `lane ${lane}`);
        next.set(lane, offset + 1);
      }
      if (chunks++ % 10 === 0) busy(3);
    },
    eof: ({ lane, offset }) => assert.equal(offset, next.get(lane), 'the end came before the messages'),
    settle: (...credit) => owed.push(credit),
  });
  to.payBack = () => {
    for (const [lane, count, bytes] of owed.splice(0)) {
      const some = Math.floor(count / 3);
      to.client.credit(lane, some, Math.floor(bytes / 2));
      to.client.credit(lane, count - some, bytes - Math.floor(bytes / 2));
    }
  };
  to.end = async (timeoutMs) => {
    await to.client.close(timeoutMs);
    ended = true;
  };
  return to;
}

/** The promises of calls that block, and of commands. */
const questions = (to) => [
  to.client.metadata('t', 2000),
  to.client.committed(at(0), 2000),
  to.client.watermarks('t', 1, 2000),
  to.client.commit(at(1)),
  to.client.groupMetadata(),
];

withCluster(partitions, async (servers) => {
  const from = producer(servers, { 'linger.ms': '1' });
  const each = 400 * scale;
  for (let i = 0; i < each; i += 200) {
    for (let partition = 0; partition < partitions; partition++)
      from.send(200, { partition, bytes: 100 + partition * 40 });
  }
  await from.client.flush(30_000);
  assert.equal(from.delivered, each * partitions);

  const short = { laneMessages: 64, laneBytes: 32 * 1024, totalBytes: 96 * 1024 };
  const to = reader(servers, short);
  to.client.reportPolls(true);
  await to.client.assign(all);
  const timer = setInterval(to.payBack, 1);
  const asking = setInterval(() => {
    for (const promise of questions(to)) promise.catch(() => {});
    const [lane] = to.lanes.keys();
    to.client.pause(lane + Math.floor(Math.random() * partitions), Math.random() < 0.3);
  }, 20);
  await to.until(() => to.messages >= (each * partitions) / 2);
  clearInterval(asking);
  for (const lane of to.lanes.keys()) to.client.pause(lane, false);
  await to.until(
    () => to.messages >= each * partitions && to.events.filter((type) => type === 'eof').length >= partitions,
  );
  clearInterval(timer);
  assert.equal(to.messages, each * partitions);
  await to.end(5000);

  for (let i = 0; i < 8 * scale; i++) {
    const one = reader(servers, {});
    await one.client.assign(all);
    await one.until(() => one.messages > 0);
    const asked = questions(one);
    // What waits for JavaScript piles up.
    busy(Math.random() * 30);
    const closed = one.end(i % 2 ? 3000 : 0);
    busy(Math.random() * 30);
    await Promise.all([closed, Promise.allSettled(asked)]);
    one.payBack();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await from.client.close(1000);
});
