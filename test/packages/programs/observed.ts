// What needs a package beside this one: compiled strictly, and run.
import { trace } from '@opentelemetry/api';
import { Registry } from 'prom-client';
import { Consumer, Producer } from 'rdkafka-rx';
import { KafkaInstrumentation } from 'rdkafka-rx/opentelemetry';
import { collectMetrics } from 'rdkafka-rx/prometheus';
import { MockCluster } from 'rdkafka-rx/testing';

async function main(): Promise<void> {
  new KafkaInstrumentation();
  const register = new Registry();
  await using cluster = await MockCluster.start({ topics: ['orders'] });
  const config = { 'bootstrap.servers': cluster.bootstrapServers };
  await using producer = new Producer(config);
  collectMetrics(producer, { register });
  await producer.send({ topic: 'orders', value: 'x' });
  if (!/delivered_records_total\{.*\} 1$/m.test(await register.metrics())) throw new Error(await register.metrics());

  await using consumer = new Consumer({ ...config, 'group.id': 'observed', 'auto.offset.reset': 'earliest' });
  await consumer.stream('orders', { until: 'eof' }).run(() => {
    if (trace.getActiveSpan() === undefined) console.log('consumed');
  });
}

void main();
