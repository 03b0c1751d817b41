/** Reads a topic in several worker threads, each with a consumer of its own and its share of the partitions. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Consumer, type Message } from 'rdkafka-rx';
import { digestOf, SAMPLE } from '../digest';
import type { TrialResult, TrialSpec } from '../trials';
import { Vitals } from './meter';

interface Job {
  spec: TrialSpec;
  index: number;
  /** Messages read by all workers. */
  total: Int32Array;
}
/** `warm` and `end` come from whoever read the message that made it so; times of the one clock all threads share. */
type Report =
  | { type: 'ready' }
  | { type: 'warm'; at: bigint; total: number }
  | { type: 'end'; at: bigint; total: number }
  | { type: 'digest'; digest: number };

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const total = new Int32Array(new SharedArrayBuffer(4));
  const workers = Array.from({ length: spec.workers }, (_, index) => {
    const workerData: Job = { spec, index, total };
    return new Worker(__filename, { workerData });
  });
  let [ready, warm, end, timedFrom, digest] = [0, 0n, 0n, 0, 0];
  let vitals: Vitals | undefined;
  let figures: TrialResult | undefined;
  const finished = new Promise<void>((resolve, reject) => {
    let left = workers.length;
    const onReport = async (report: Report) => {
      if (report.type === 'ready') {
        if (++ready === workers.length) for (const worker of workers) worker.postMessage('go');
      } else if (report.type === 'warm') {
        vitals = new Vitals();
        [warm, timedFrom] = [report.at, report.total];
      } else if (report.type === 'end') {
        end = report.at;
        figures = await vitals?.end();
        for (const worker of workers) worker.postMessage('stop');
      } else {
        digest = (digest + report.digest) >>> 0;
        if (--left === 0) resolve();
      }
    };
    for (const worker of workers) {
      worker.on('message', (report: Report) => void onReport(report).catch(reject));
      worker.on('error', reject);
    }
  });
  await finished;
  await Promise.all(workers.map((worker) => worker.terminate()));
  const messages = Atomics.load(total, 0);
  const timed = { seconds: Number(end - warm) / 1e9, timed: spec.messages - timedFrom };
  // The event loop, its delay and its garbage are those of the main thread, which does nothing here.
  const { timedCpuSeconds } = figures ?? {};
  return { messages, digest, ...timed, ...(timedCpuSeconds !== undefined && { timedCpuSeconds }) };
}

async function work({ spec, index, total }: Job): Promise<void> {
  const port = parentPort as NonNullable<typeof parentPort>;
  const send = (report: Report) => port.postMessage(report);
  const consumer = new Consumer({ 'bootstrap.servers': spec.brokers, 'group.id': spec.group, ...spec.config });
  const step = spec.touch === 'all' ? 1 : SAMPLE;
  let digest = 0;
  consumer.batches$.subscribe({
    next: (batch) => {
      const first = (step - (batch.firstOffset % step)) % step;
      for (let i = first; i < batch.size; i += step) {
        digest = (digest + digestOf((batch.at(i) as Message).value as Buffer)) >>> 0;
      }
      batch.ack();
      const before = Atomics.add(total, 0, batch.size);
      const after = before + batch.size;
      if (before <= spec.warmup && after > spec.warmup)
        send({ type: 'warm', at: process.hrtime.bigint(), total: after });
      if (after >= spec.messages) send({ type: 'end', at: process.hrtime.bigint(), total: after });
    },
    error: (error: unknown) => {
      throw error;
    },
  });
  await consumer.metadata(spec.topic);
  send({ type: 'ready' });
  await once(port, 'message');
  const all = Array.from({ length: spec.partitions }, (_, partition) => partition);
  const mine = all.filter((partition) => partition % spec.workers === index);
  await consumer.assign(mine.map((partition) => ({ topic: spec.topic, partition, offset: 'beginning' as const })));
  await once(port, 'message');
  await consumer.close();
  send({ type: 'digest', digest });
}

if (!isMainThread) void work(workerData as Job);
