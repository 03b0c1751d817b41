/**
 * How long a cooperative rebalance interrupts the partitions that stay with a member: every partition gets a message
 * every few milliseconds, a second member joins, and the longest time between two deliveries is taken for each
 * partition kept.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Consumer, type ConsumerConfig, Producer } from 'rdkafka-rx';
import { HEARTBEAT_MS, type TrialResult, type TrialSpec } from '../trial';
import { percentiles } from './meter';

const EVERY_MS = 5;
/** How long is measured when nothing happens, and after each rebalance. */
const CALM_MS = 1000;
const TIMEOUT_MS = 30_000;

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const { topic, partitions } = spec;
  const connection = { 'bootstrap.servers': spec.brokers, ...spec.config };
  // Members learn of a rebalance with a heartbeat, and how often that is only makes the trial longer. With the new
  // protocol the broker says how often.
  const protocol: Partial<ConsumerConfig> =
    spec.mode === 'consumer'
      ? { 'group.protocol': 'consumer' }
      : { 'partition.assignment.strategy': 'cooperative-sticky', 'heartbeat.interval.ms': HEARTBEAT_MS };
  const config: ConsumerConfig = { ...connection, ...protocol, 'group.id': spec.group, 'auto.offset.reset': 'latest' };
  const producer = new Producer({ ...connection, 'linger.ms': 0 });
  let failure: unknown;
  const fail = (error: unknown) => {
    failure ??= error;
  };
  const value = Buffer.alloc(spec.size);
  const records = Array.from({ length: partitions }, (_, partition) => ({ partition, value }));
  const timer = setInterval(() => void producer.sendBatch({ topic, records }).catch(fail), EVERY_MS);

  const last: number[] = [];
  const longest: number[] = Array(partitions).fill(0);
  const member = (onDelivery?: (partition: number) => void) => {
    const consumer = new Consumer(config);
    consumer.stream(topic).batches$.subscribe({
      next: (batch) => {
        onDelivery?.(batch.partition);
        batch.ack();
      },
      error: fail,
    });
    return consumer;
  };
  const until = async (what: string, condition: () => boolean) => {
    const deadline = performance.now() + TIMEOUT_MS;
    while (!condition()) {
      if (failure !== undefined) throw failure;
      if (performance.now() > deadline) throw new Error(`${what}: not within ${TIMEOUT_MS / 1000} s`);
      await delay(10);
    }
  };

  const first = member((partition) => {
    const now = performance.now();
    const gap = now - (last[partition] ?? now);
    if (gap > (longest[partition] as number)) longest[partition] = gap;
    last[partition] = now;
  });
  const gaps: number[] = [];
  const calm: number[] = [];
  const deliversAll = () => {
    const since = performance.now();
    return () => last.filter((at) => at > since).length === partitions;
  };
  for (let round = 0; round < spec.messages; round++) {
    await until('all partitions with one member', () => first.assignment().length === partitions);
    await until('deliveries of all partitions', deliversAll());
    longest.fill(0);
    await delay(CALM_MS);
    calm.push(...longest);

    longest.fill(0);
    const seen = new Set<number>();
    const second = member((partition) => seen.add(partition));
    await until('the second member has its share', () => {
      const [one, two] = [first.assignment().length, second.assignment().length];
      return two > 0 && one + two === partitions && seen.size === two;
    });
    await delay(CALM_MS / 2);
    const now = performance.now();
    // A gap that has not ended yet counts as far as it goes.
    for (const { partition } of first.assignment()) {
      gaps.push(Math.max(longest[partition] as number, now - (last[partition] as number)));
    }
    await second.close();
  }
  clearInterval(timer);
  await producer.close();
  await first.close();
  const { p50, p99, max } = percentiles(Float64Array.from(gaps));
  return { messages: spec.messages, p50, p99, max, calmP99: percentiles(Float64Array.from(calm)).p99 };
}
