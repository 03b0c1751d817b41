/**
 * Jest global setup of the broker project: one Kafka for all its test files, named to them in `KAFKA_BROKERS`.
 * `KAFKA_NODES=3` starts three nodes. A `KAFKA_BROKERS` set outside is used as it is.
 */
import { type Kafka, startKafka } from './kafka';

declare global {
  var rdkafkaRxKafka: Kafka | undefined;
}

export default async function setup(): Promise<void> {
  if (process.env.KAFKA_BROKERS) return;
  const kafka = await startKafka({
    brokers: process.env.KAFKA_NODES === '3' ? 3 : 1,
    progress: (text) => process.stderr.write(`${text}\n`),
  });
  // Jest runs setup and teardown in the same process; the workers that run the tests inherit the environment.
  globalThis.rdkafkaRxKafka = kafka;
  process.env.KAFKA_BROKERS = kafka.brokers;
}
