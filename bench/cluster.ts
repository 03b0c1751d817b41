/** The Kafka that is measured against: real and ours, somebody's, or the embedded one. And the topics on it. */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Kafka, startKafka } from '../test/support/kafka';
import type { Options } from './options';
import { type Compression, HEARTBEAT_MS, type Subject } from './trial';

const run = promisify(execFile);

/** A broker for throughput, unlike the small one of the tests. */
const JVM = ['-Xms1g', '-Xmx1g'];

/** Kafka takes batches of a mebibyte by default. */
const LARGE_BYTES = 900_000;

export interface Cluster {
  brokers: string;
  /** For the report, e.g. `Apache Kafka 4.1.1, 1 node`. */
  description: string;
  /** Most messages of `size` bytes that a topic keeps; undefined: no limit worth naming. */
  capacity(size: number, partitions: number): number | undefined;
  createTopic(name: string, partitions: number, size: number): Promise<void>;
  deleteTopic(name: string): Promise<void>;
  stop(): Promise<void>;
}

export async function openCluster(options: Options, progress: (text: string) => void): Promise<Cluster> {
  if (options.cluster.kind === 'embedded') return embedded();
  if (options.cluster.kind === 'brokers') {
    process.env.KAFKA_BROKERS = options.cluster.brokers;
    const kafka = await startKafka();
    await kafka.metadata().catch((error: Error) => {
      throw new Error(
        `No Kafka answers at ${options.cluster.kind === 'brokers' && options.cluster.brokers}: ${error.message}`,
      );
    });
    return real(kafka, `Kafka at ${kafka.brokers}`);
  }
  const config = { 'file.delete.delay.ms': 1000, 'group.consumer.heartbeat.interval.ms': HEARTBEAT_MS };
  const kafka = await startKafka({ own: true, jvm: JVM, config, progress });
  return real(kafka, `Apache Kafka ${kafka.version}, one node, java ${JVM.join(' ')}`);
}

function real(kafka: Kafka, description: string): Cluster {
  return {
    brokers: kafka.brokers,
    description,
    capacity: () => undefined,
    createTopic: (name, partitions, size) =>
      kafka.createTopic(name, {
        partitions,
        ...(size > LARGE_BYTES && { config: { 'max.message.bytes': String(2 * size) } }),
      }),
    deleteTopic: (name) => kafka.deleteTopic(name),
    stop: () => kafka.stop(),
  };
}

async function embedded(): Promise<Cluster> {
  const host = fork(join(__dirname, 'subjects/cluster-host.js'), { detached: true });
  const ended = once(host, 'exit').then(([code]) => {
    throw new Error(`the embedded cluster ended with code ${code}`);
  });
  ended.catch(() => {});
  const answers = new Map<number, (error?: string) => void>();
  const brokers = await Promise.race([
    once(host, 'message').then(([message]) => (message as { brokers: string }).brokers),
    ended,
  ]);
  host.on('message', ({ id, error }: { id: number; error?: string }) => answers.get(id)?.(error));
  let calls = 0;
  return {
    brokers,
    description: 'embedded mock cluster of librdkafka, in a process of its own',
    // It keeps 5 MB and 100,000 messages a partition and drops the oldest, batch by batch; one batch is the margin.
    capacity: (size, partitions) => partitions * Math.min(90_000, Math.floor(4_000_000 / (size + 16))),
    async createTopic(topic, partitions) {
      const id = ++calls;
      const answered = new Promise<void>((resolve, reject) => {
        answers.set(id, (error) => (error === undefined ? resolve() : reject(new Error(error))));
      });
      host.send({ id, topic, partitions });
      await Promise.race([answered, ended]);
    },
    deleteTopic: () => Promise.resolve(), // gone with the process
    async stop() {
      if (host.exitCode !== null || host.signalCode !== null) return;
      const gone = once(host, 'exit');
      const killer = setTimeout(() => host.kill('SIGKILL'), 5000);
      host.disconnect();
      await gone;
      clearTimeout(killer);
    },
  };
}

/** Fills a topic with the C producer: sequence number i at partition i modulo P, offset i / P. */
export async function fillTopic(
  cluster: Cluster,
  programs: string,
  topic: {
    name: string;
    partitions: number;
    messages: number;
    size: number;
    compression: Compression;
  } & Subject['topic'],
): Promise<void> {
  await cluster.createTopic(topic.name, topic.partitions, topic.size);
  const args = ['--brokers', cluster.brokers, '--topic', topic.name, '--partitions', String(topic.partitions)];
  args.push('--messages', String(topic.messages), '--size', String(topic.size));
  if (topic.keys !== undefined) args.push('--keys', String(topic.keys));
  if (topic.batchBytes !== undefined) args.push('-X', `batch.size=${topic.batchBytes}`);
  if (topic.compression !== 'none') args.push('-X', `compression.codec=${topic.compression}`);
  if (topic.size > LARGE_BYTES) args.push('-X', `message.max.bytes=${topic.size + LARGE_BYTES}`);
  // Idempotence: no duplicate and no disorder, whatever is retried, or the expected digest would be wrong.
  args.push('-X', 'enable.idempotence=true', '-X', 'linger.ms=20');
  await run(join(programs, 'produce'), args);
}
