/** Produce-to-consume latency on an idle topic, one message at a time: the twin of bench/baseline/latency.c. */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Consumer, Producer } from 'rdkafka-rx';
import { stamp } from '../digest';
import type { TrialResult, TrialSpec } from '../trial';
import { percentiles, Vitals } from './meter';

const WARMUP = 50;
const GAP_MS = 5;

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const config = { 'bootstrap.servers': spec.brokers, ...spec.config };
  const consumer = new Consumer({ ...config, 'group.id': spec.group, 'auto.offset.reset': 'latest' });
  const producer = new Producer({ ...config, 'linger.ms': 0 });
  const payload = Buffer.alloc(Math.max(8, spec.size));
  const latencies: number[] = [];
  let next = -1;
  let sent = 0;
  let vitals: Vitals | undefined;
  let timedFrom = 0;

  const send = async () => {
    await delay(GAP_MS);
    next++;
    stamp(payload, next);
    sent = performance.now();
    await producer.send({ topic: spec.topic, partition: 0, value: payload });
  };
  const stream = consumer.stream(spec.topic);
  await new Promise<void>((resolve, reject) => {
    stream.messages$.subscribe({
      next: (message) => {
        const now = performance.now();
        const isOurs = message.value?.readUInt32LE(0) === next;
        message.ack();
        if (!isOurs) return;
        if (vitals === undefined && next >= WARMUP) {
          vitals = new Vitals();
          timedFrom = now;
        } else if (vitals !== undefined) {
          latencies.push(now - sent);
        }
        if (latencies.length === spec.messages) resolve();
        else send().catch(reject);
      },
      error: reject,
    });
    // The end of the partition is reached: the consumer waits for what comes next.
    const ends = stream.eof$.subscribe(() => {
      ends.unsubscribe();
      send().catch(reject);
    });
  });
  const seconds = (performance.now() - timedFrom) / 1000;
  const figures = await (vitals as Vitals | undefined)?.end();
  await producer.close();
  await consumer.close();
  const timed = { timed: latencies.length, seconds };
  return { messages: latencies.length, ...timed, ...figures, ...percentiles(Float64Array.from(latencies)) };
}
