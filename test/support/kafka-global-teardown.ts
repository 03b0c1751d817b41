/** Stops the Kafka that kafka-global-setup.ts started. */
import './kafka-global-setup';

export default async function teardown(): Promise<void> {
  await globalThis.rdkafkaRxKafka?.stop();
}
