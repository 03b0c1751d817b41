/**
 * Produce-to-consume latency at a fixed rate: the twin of `bench/baseline/latency.c --rate`. With rate 0 as many messages
 * as possible are kept on the way, which tells the greatest rate.
 */
import { performance } from 'node:perf_hooks';
import { Consumer, type Message, Producer } from 'rdkafka-rx';
import type { TrialResult, TrialSpec } from '../trial';
import { percentiles, Vitals } from './meter';

/** Sent and not yet received, at most, when no rate is given. */
const WINDOW = 10_000;
/** Payloads that take turns, at most: more than can be on the way between a call and its being packed. */
const POOL = 65_536;
const POOL_BYTES = 64 << 20;
/** A sender that falls behind its rate by more measures something else. */
const LEAST = 0.95;

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const config = { 'bootstrap.servers': spec.brokers, ...spec.config };
  const consumer = new Consumer({ ...config, 'group.id': spec.group, 'auto.offset.reset': 'latest' });
  const producer = new Producer({ ...config, 'linger.ms': 0 });
  const { topic, messages, rate, warmup } = spec;
  const size = Math.max(8, spec.size);
  const pool = Math.max(64, Math.min(POOL, Math.floor(POOL_BYTES / size)));
  const open = Math.min(WINDOW, pool / 4);
  const memory = Buffer.alloc(size * pool);
  const latencies = new Float64Array(messages - warmup);
  let [sent, received, began, ended, receivedFrom] = [0, 0, 0, 0, 0];
  let vitals: Vitals | undefined;

  await producer.metadata(topic);
  const stream = consumer.stream(topic);
  await new Promise<void>((resolve, reject) => {
    const send = () => {
      const at = (sent++ % pool) * size;
      const value = memory.subarray(at, at + size);
      value.writeDoubleLE(performance.now(), 0);
      producer.send({ topic, partition: 0, value }).catch(reject);
    };
    const sendDue = () => {
      const due = Math.min(messages, Math.floor(((performance.now() - began) / 1000) * rate));
      while (sent < due) send();
      if (sent === messages) ended = performance.now();
      else setTimeout(sendDue, 1);
    };
    const sendMany = () => {
      while (sent < messages && sent - received < open) send();
      if (sent < messages) setImmediate(sendMany);
    };
    stream.messages$.subscribe({
      next: (message: Message) => {
        const now = performance.now();
        if (received === warmup) {
          vitals = new Vitals();
          receivedFrom = now;
        }
        if (received >= warmup) latencies[received - warmup] = now - (message.value as Buffer).readDoubleLE(0);
        message.ack();
        if (++received === messages) resolve();
      },
      error: reject,
    });
    const ends = stream.eof$.subscribe(() => {
      ends.unsubscribe();
      began = performance.now();
      if (rate > 0) sendDue();
      else sendMany();
    });
  });
  const seconds = (performance.now() - receivedFrom) / 1000;
  const figures = await vitals?.end();
  await producer.close();
  await consumer.close();

  const sentPerSecond = rate > 0 ? messages / ((ended - began) / 1000) : latencies.length / seconds;
  if (sentPerSecond < LEAST * rate) {
    throw new Error(`only ${Math.round(sentPerSecond)} of ${Math.round(rate)} messages a second could be sent`);
  }
  const timed = { timed: latencies.length, seconds, sentPerSecond, rate };
  return { messages, ...timed, ...figures, ...percentiles(latencies) };
}
