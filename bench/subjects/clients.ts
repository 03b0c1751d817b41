/** Opens, uses and closes clients one after another: no native handle may be left and memory must stay flat. */
import { performance } from 'node:perf_hooks';
import { Consumer, Producer } from 'rdkafka-rx';
import { liveHandles } from 'rdkafka-rx/testing';
import type { TrialResult, TrialSpec } from '../trial';

export async function run(spec: TrialSpec): Promise<TrialResult> {
  const config = { 'bootstrap.servers': spec.brokers, ...spec.config };
  const began = performance.now();
  let quarter = 0;
  for (let i = 0; i < spec.messages; i++) {
    if (i % 2 === 0) {
      const producer = new Producer(config);
      await producer.send({ topic: spec.topic, value: Buffer.from('one message') });
      await producer.close();
    } else {
      const consumer = new Consumer({ ...config, 'group.id': `${spec.group}-${i}`, 'auto.offset.reset': 'earliest' });
      const batch = await consumer.stream(spec.topic).take();
      batch?.ack();
      await consumer.close();
    }
    // Allocators and caches have their size by then; what grows after it leaks.
    if (i + 1 === Math.ceil(spec.messages / 4)) quarter = process.memoryUsage.rss();
  }
  return {
    messages: spec.messages,
    seconds: (performance.now() - began) / 1000,
    handles: liveHandles(),
    rssGrowthMb: (process.memoryUsage.rss() - quarter) / 2 ** 20,
  };
}
