// What the programs here share. They drive the addon as lib/ does, but without lib/, so that nothing comes between a
// sanitizer and the boundary; each ends by itself, so that leaks can be told.
const assert = require('node:assert');
const { writeSync } = require('node:fs');
const { join } = require('node:path');
const { isMainThread } = require('node:worker_threads');

const addon = require(
  process.env.RDKAFKA_RX_ADDON ?? join(__dirname, '..', '..', 'build', 'Release', 'rdkafka_rx.node'),
);
/** How much of everything: a sanitizer makes it slow, a stress run wants more. */
const scale = Number(process.env.SCALE ?? 1);

/** Options that lib/ passes: the addon has no defaults of its own. */
const defaults = {
  laneMessages: 65_536,
  laneBytes: 8 << 20,
  totalBytes: 64 << 20,
  revokeDrainMs: 15_000,
  key: true,
  value: true,
  timestamp: true,
  headers: true,
  scanKeys: false,
  scanValues: false,
  holdAssign: false,
};

/** A pack of `count` records (native/wire/format.h) of `bytes` each, with `headers` headers. */
function pack(count, { topic = 0, partition = -1, slot = 0, bytes = 100, headers = 0 } = {}) {
  const block = headers === 0 ? 0 : 4 + headers * 13;
  const size = (40 + 3 + bytes + block + 7) & ~7;
  const data = new Uint8Array(count * size);
  const view = new DataView(data.buffer);
  for (let i = 0; i < count; i++) {
    const at = i * size;
    view.setInt32(at, topic, true);
    view.setInt32(at + 4, partition, true);
    view.setUint32(at + 8, slot + i, true);
    view.setInt32(at + 16, 3, true);
    view.setInt32(at + 20, bytes, true);
    view.setUint32(at + 24, block, true);
    data.set([107, 48 + (i % 10), 48 + (Math.floor(i / 10) % 10)], at + 40);
    data.fill(97 + (i % 26), at + 43, at + 43 + bytes);
    if (headers === 0) continue;
    let to = at + 43 + bytes;
    view.setUint32(to, headers, true);
    to += 4;
    for (let k = 0; k < headers; k++, to += 13) {
      view.setUint32(to, 2, true);
      data.set([104, 48 + (k % 10)], to + 4);
      view.setInt32(to + 6, 3, true);
      data.set([1, 2, 3], to + 10);
    }
  }
  return data;
}

/** [slot, error] of every report in a column pack. */
function reports(buffer) {
  const [count] = new Int32Array(buffer, 0, 1);
  const words = (count * 4 + 7) & ~7;
  const slots = new Uint32Array(buffer, 8 + count * 16, count);
  const errors = new Int32Array(buffer, 8 + count * 16 + words * 2, count);
  return Array.from(slots, (slot, i) => [slot, errors[i]]);
}

function producer(servers, settings = {}) {
  const one = { delivered: 0, failed: 0, settled: new Set(), events: [] };
  const deliver = (items) => {
    for (const item of items) {
      if (item.type !== undefined) one.events.push(item);
      else
        for (const [slot, error] of reports(item)) {
          assert(!one.settled.has(slot), `slot ${slot} settled twice`);
          one.settled.add(slot);
          if (error === 0) one.delivered++;
          else one.failed++;
        }
    }
  };
  const all = { 'bootstrap.servers': servers, 'enable.metrics.push': 'false', ...settings };
  one.client = new addon.Producer(Object.entries(all), {}, deliver);
  one.client.topic('t');
  one.send = (count, options) => {
    const records = pack(count, { slot: one.settled.size + (one.sent ?? 0), ...options });
    one.sent = (one.sent ?? 0) + count;
    one.client.produce(records, records.length);
  };
  return one;
}

/** A consumer that gives its credit back at once, answers rebalances, and notes what it saw. */
function consumer(servers, settings = {}, options = {}, hooks = {}) {
  const one = { messages: 0, checksum: 0, lanes: new Map(), events: [], waiting: [] };
  const answer = {
    assigned: (event) => {
      for (const lane of event.lanes) one.lanes.set(lane.lane, lane);
    },
    revoked: (event) => {
      for (const lane of event.lanes) assert(one.lanes.delete(lane), 'a lane ended that was not there');
    },
    revoking: (event) => one.client.release(event.id),
    assigning: (event) => one.client.answerAssign(event.id, event.partitions),
  };
  const deliver = (items) => {
    for (const item of items) {
      if (item.type === undefined) {
        const [, lane, count] = new Int32Array(item, 0, 16);
        assert(one.lanes.has(lane), `a chunk of lane ${lane}, which is not assigned`);
        one.messages += count;
        const bytes = new Uint8Array(item);
        for (let i = 0; i < bytes.length; i += 61) one.checksum = (one.checksum + bytes[i]) | 0;
        hooks.chunk?.(item, one);
        if (hooks.settle) hooks.settle(lane, count, item.byteLength);
        else one.client.credit(lane, count, item.byteLength);
      } else {
        one.events.push(item.type);
        if (item.lane > 0 && item.type !== 'partition-error')
          assert(one.lanes.has(item.lane), `${item.type} of no lane`);
        // A hook answers instead; what is only noted is noted all the same.
        if (!hooks[item.type] || item.type.endsWith('ed')) answer[item.type]?.(item);
        hooks[item.type]?.(item);
      }
    }
    one.waiting = one.waiting.filter(([done, resolve]) => !done() || resolve());
  };
  const all = {
    'bootstrap.servers': servers,
    'group.id': 'g',
    'auto.offset.reset': 'earliest',
    'enable.auto.commit': 'false',
    'enable.auto.offset.store': 'false',
    'enable.partition.eof': 'true',
    'enable.metrics.push': 'false',
    // The embedded cluster lets a rebalance take a second less than this.
    'session.timeout.ms': '1500',
    'heartbeat.interval.ms': '50',
    'fetch.wait.max.ms': '10',
    ...settings,
  };
  one.client = new addon.Consumer(Object.entries(all), { ...defaults, ...options }, deliver);
  /** Resolves when done() holds, looked at after every delivery. */
  one.until = (done) =>
    new Promise((resolve) => {
      if (done()) resolve();
      else one.waiting.push([done, resolve]);
    });
  return one;
}

/** The process ends at once: what node has not freed by then is no leak, and its report would hide the error. */
function fail(error) {
  writeSync(2, `${error?.stack ?? JSON.stringify(error)}\n`);
  process.kill(process.pid, 'SIGKILL');
}
process.on('unhandledRejection', fail);
if (isMainThread) process.on('uncaughtException', fail);

/** Runs with an embedded cluster that has the topic `t`, and tells whether everything is gone afterwards. */
async function withCluster(partitions, run) {
  // A promise that nobody settles would let the process end as if all were well.
  let finished = false;
  process.on('exit', () => {
    if (!finished) process.stderr.write('it ended in the middle\n');
    if (!finished) process.exitCode ||= 1;
  });
  const cluster = new addon.MockCluster([], 1, () => {});
  await cluster.createTopic('t', partitions, 1);
  await cluster.setRebalanceDelay(0);
  await run(cluster.bootstrapServers(), cluster);
  await cluster.close(1000);
  // A call that librdkafka was still in may keep a handle a little longer than its client.
  for (let i = 0; i < 2000 && addon.liveHandles() > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(addon.liveHandles(), 0, 'handles are left');
  finished = true;
}

const rejects = (promise) =>
  promise.then(
    () => assert.fail('it resolved'),
    (error) => error,
  );

module.exports = { addon, assert, consumer, defaults, pack, producer, rejects, scale, withCluster };
