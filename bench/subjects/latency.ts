/** Produce-to-consume latency on an idle topic, one message at a time: the twin of bench/baseline/latency.c. */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Consumer, Producer } from 'rdkafka-rx';
import { stamp } from '../digest';
import type { TrialResult, TrialSpec } from '../trials';

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
        if (next >= WARMUP) latencies.push(now - sent);
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
  await producer.close();
  await consumer.close();

  latencies.sort((a, b) => a - b);
  const percentile = (p: number) => latencies[Math.max(0, Math.ceil(p * latencies.length) - 1)] as number;
  return {
    messages: latencies.length,
    p50: percentile(0.5),
    p99: percentile(0.99),
    p999: percentile(0.999),
    max: percentile(1),
  };
}
