// What another runtime could do differently: buffers, promises across threads, streams, workers, timers, signals, the end of the process.
import assert from 'node:assert';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Admin, Consumer, Producer } from 'rdkafka-rx';
import { liveHandles, MockCluster } from 'rdkafka-rx/testing';
import { firstValueFrom, take, toArray } from 'rxjs';

const { bun, deno, node } = process.versions;
console.log(bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`);
const cluster = await MockCluster.start({ topics: { plain: 1, workers: 1 } });
const config = { 'bootstrap.servers': cluster.bootstrapServers };

const admin = new Admin(config);
assert.equal((await admin.metadata('plain')).topics[0].partitions.length, 1);
await admin.close();

const producer = new Producer(config);
const bytes = Buffer.from([0, 255, 128, 7]);
const sent = await producer.send({ topic: 'plain', key: 'k', value: bytes, headers: { h: 'v' } });
assert.equal(sent.offset, 0);
for (let i = 1; i < 500; i++) void producer.send({ topic: 'plain', value: `${i}` });
await producer.flush();

// Events, single reads, messages as an observable, a Node stream, a handler.
const consumer = new Consumer({ ...config, 'group.id': 'a', 'auto.offset.reset': 'earliest' });
const eof = firstValueFrom(consumer.eof$);
await consumer.subscribe('plain');
const batch = await consumer.take();
const [first] = batch;
assert.deepEqual([...first.value], [...bytes]);
assert.equal(first.headers.get('h')?.toString(), 'v');
batch.ack();
for (let count = batch.size; count < 500; ) {
  const more = await consumer.take();
  count += more.size;
  more.ack();
}
await eof;
await consumer.close();

const reader = (group) => new Consumer({ ...config, 'group.id': group, 'auto.offset.reset': 'earliest' });
const rx = reader('b');
const messages = await firstValueFrom(rx.stream('plain').messages$.pipe(take(500), toArray()));
assert.equal(messages.length, 500);
await rx.close();

const piped = reader('c');
let read = 0;
for await (const some of piped.stream('plain', { until: 'eof' }).readable()) {
  read += some.size;
  some.ack();
}
assert.equal(read, 500);
await piped.close();

const handled = reader('d');
const summary = await handled.stream('plain', { until: 'eof' }).run(async () => {}, { order: 'none', concurrency: 8 });
assert.deepEqual([summary.processed, summary.drained], [500, true]);
await handled.close();
await producer.close();

// A client in a worker, which ends by itself.
const source = `
  const { Producer } = require('rdkafka-rx');
  const producer = new Producer({ 'bootstrap.servers': '${cluster.bootstrapServers}' });
  producer.send({ topic: 'workers', value: 'x' }).then(async ({ offset }) => {
    await producer.close();
    require('node:worker_threads').parentPort.postMessage(offset);
  });
`;
const worker = new Worker(source, { eval: true });
// Both are awaited from here: a worker that ends right after its message can have `exit` emitted in the same turn.
const [[offset], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
assert.deepEqual([offset, code], [0, 0]);

await cluster.stop();
assert.equal(liveHandles(), 0);
console.log('consumed');
