/** Reads a topic in several worker threads, each with a consumer of its own and its share of the partitions. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Consumer, type Message } from 'rdkafka-rx';
import { digestOf, SAMPLE } from '../digest';
import type { TrialResult, TrialSpec } from '../trial';
import { Vitals } from './meter';
import { beginnings, consumerConfig } from './reader';

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
  | { type: 'digest'; digest: number; own: OwnVitals };

/** Of a worker's own event loop and heap; processor time is the whole process's. */
type OwnVitals = Pick<TrialResult, 'elu' | 'loopP99' | 'gcMs' | 'gcCount'>;

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const total = new Int32Array(new SharedArrayBuffer(4));
  const workers = Array.from({ length: spec.workers }, (_, index) => {
    const workerData: Job = { spec, index, total };
    return new Worker(__filename, { workerData });
  });
  let [ready, warm, end, timedFrom, digest] = [0, 0n, 0n, 0, 0];
  let vitals: Vitals | undefined;
  let figures: TrialResult | undefined;
  const own: OwnVitals[] = [];
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
        own.push(report.own);
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
  const { timedCpuSeconds } = figures ?? {};
  return { messages, digest, ...timed, ...(timedCpuSeconds !== undefined && { timedCpuSeconds }), ...together(own) };
}

/** The busiest event loop and its delay, and the garbage of all. */
function together(all: OwnVitals[]): OwnVitals {
  const figures = (key: keyof OwnVitals) => all.map((one) => one[key] ?? 0);
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  return {
    elu: Math.max(...figures('elu')),
    loopP99: Math.max(...figures('loopP99')),
    gcMs: sum(figures('gcMs')),
    gcCount: sum(figures('gcCount')),
  };
}

async function work({ spec, index, total }: Job): Promise<void> {
  const port = parentPort as NonNullable<typeof parentPort>;
  const send = (report: Report) => port.postMessage(report);
  const consumer = new Consumer(consumerConfig(spec));
  const step = spec.touch === 'all' ? 1 : SAMPLE;
  let digest = 0;
  let vitals: Vitals | undefined;
  await consumer.metadata(spec.topic);
  send({ type: 'ready' });
  await once(port, 'message');
  const stream = await consumer.assign(beginnings(spec, (partition) => partition % spec.workers === index));
  stream.batches$.subscribe({
    next: (batch) => {
      const first = (step - (batch.firstOffset % step)) % step;
      for (let i = first; i < batch.size; i += step) {
        digest = (digest + digestOf((batch.at(i) as Message).value as Buffer)) >>> 0;
      }
      batch.ack();
      const before = Atomics.add(total, 0, batch.size);
      const after = before + batch.size;
      if (after > spec.warmup) vitals ??= new Vitals();
      if (before <= spec.warmup && after > spec.warmup)
        send({ type: 'warm', at: process.hrtime.bigint(), total: after });
      if (after >= spec.messages) send({ type: 'end', at: process.hrtime.bigint(), total: after });
    },
    error: (error: unknown) => {
      throw error;
    },
  });
  await once(port, 'message');
  const { elu, loopP99, gcMs, gcCount } = (await vitals?.end()) ?? {};
  await consumer.close();
  send({ type: 'digest', digest, own: { elu, loopP99, gcMs, gcCount } });
}

if (!isMainThread) void work(workerData as Job);
