/** Programs that are not ours: how they are started for a trial, and how what they print is read. */
import { join } from 'node:path';
import { KAFKA_VERSION, kafkaJars } from '../test/support/kafka-jars';
import { bench, goBinary, pythonBinary } from './peers';
import type { Outside, TrialResult, TrialSpec } from './trial';

interface Command {
  command: string;
  args: string[];
  /** Figures in what the program printed. */
  read: (output: string) => TrialResult;
}

export async function outsideCommand(outside: Outside, spec: TrialSpec): Promise<Command> {
  if (outside === 'performance') return performance(spec);
  if (outside === 'java') return java(spec);
  const args = [JSON.stringify(spec)];
  const read = (output: string) => JSON.parse(output.trim().split('\n').at(-1) ?? '') as TrialResult;
  if (outside === 'go') return { command: goBinary(), args, read };
  return { command: pythonBinary(), args: [join(bench, 'outside/confluent_kafka_python.py'), ...args], read };
}

/** Lies beside the other programs: the launcher looks there for a name without a slash. */
const PERFORMANCE = 'rdkafka_performance';

function performance(spec: TrialSpec): Command {
  const common = ['-t', spec.topic, '-b', spec.brokers, '-c', String(spec.messages), '-q'];
  const set = (config: object) => Object.entries(config).flatMap(([key, value]) => ['-X', `${key}=${value}`]);
  if (spec.suite === 'produce') {
    const args = ['-P', ...common, '-s', String(spec.size), ...set(spec.config)];
    return { command: PERFORMANCE, args, read: (output) => readPerformance(output, spec) };
  }
  const config = { ...spec.config, 'auto.offset.reset': 'earliest', 'enable.auto.commit': true };
  const args = ['-G', spec.group, ...common, ...set(config)];
  return { command: PERFORMANCE, args, read: (output) => readPerformance(output, spec) };
}

/** `% 5000 messages (500000 bytes) consumed in 120ms: 41666 msgs/s …`, or `… produced (…), 5000 delivered …`. */
export function readPerformance(output: string, { size }: { size: number }): TrialResult {
  const found =
    /^% (\d+) messages (?:\(\d+ bytes\) consumed|produced \(\d+ bytes\), (\d+) delivered[^\n]*?) in (\d+)ms/m.exec(
      output,
    );
  if (!found) throw new Error(`rdkafka_performance said: ${output.trim().split('\n').slice(-3).join(' | ')}`);
  const messages = Number(found[2] ?? found[1]);
  return { messages, bytes: messages * size, seconds: Number(found[3]) / 1000 };
}

const JAVA_VERSIONS = { 'kafka-clients': KAFKA_VERSION };

async function java(spec: TrialSpec): Promise<Command> {
  const jars = await kafkaJars();
  const jvm = ['-Xms512m', '-Xmx512m', '-XX:+UseG1GC', '-Dlog4j2.level=off', '-cp', jars.classpath];
  if (spec.suite === 'produce') {
    const settings = { 'bootstrap.servers': spec.brokers, acks: 'all', 'linger.ms': 5, 'batch.size': 256 * 1024 };
    const large = spec.size > 900_000 ? { 'max.request.size': spec.size * 2, 'buffer.memory': 128 << 20 } : {};
    const properties = { ...settings, ...large, 'compression.type': spec.compression };
    const args = ['--topic', spec.topic, '--num-records', String(spec.messages), '--throughput', '-1'];
    args.push('--record-size', String(Math.max(1, spec.size)), '--producer-props');
    args.push(...Object.entries(properties).map(([key, value]) => `${key}=${value}`));
    const main = 'org.apache.kafka.tools.ProducerPerformance';
    const read = (output: string) => ({ ...readProducer(output, spec), versions: JAVA_VERSIONS });
    return { command: jars.java, args: [...jvm, main, ...args], read };
  }
  const args = ['--bootstrap-server', spec.brokers, '--topic', spec.topic, '--group', spec.group];
  args.push('--messages', String(spec.messages), '--timeout', '60000', '--fetch-size', String(8 << 20));
  const main = 'org.apache.kafka.tools.ConsumerPerformance';
  const read = (output: string) => ({ ...readConsumer(output, spec), versions: JAVA_VERSIONS });
  return { command: jars.java, args: [...jvm, main, ...args], read };
}

/** `5000 records sent, 41666.6 records/sec (…)`: the last such line is about all of them. */
export function readProducer(output: string, { size }: { size: number }): TrialResult {
  const found = [...output.matchAll(/^(\d+) records sent, ([\d.,]+) records\/sec/gm)].at(-1);
  if (!found) throw new Error(`kafka-producer-perf-test said: ${output.trim().split('\n').slice(-3).join(' | ')}`);
  const messages = Number(found[1]);
  return { messages, bytes: messages * size, seconds: messages / Number((found[2] as string).replace(',', '.')) };
}

/** Comma-separated columns under a heading; `fetch.time.ms` is the time without joining the group. */
export function readConsumer(output: string, { size }: { size: number }): TrialResult {
  const lines = output.split('\n').map((line) => line.split(',').map((cell) => cell.trim()));
  const heading = lines.findIndex((cells) => cells.includes('fetch.time.ms'));
  const cells = lines[heading + 1];
  if (heading < 0 || !cells) {
    throw new Error(`kafka-consumer-perf-test said: ${output.trim().split('\n').slice(-3).join(' | ')}`);
  }
  const column = (name: string) => Number(cells[lines[heading]?.indexOf(name) ?? -1]);
  const messages = column('data.consumed.in.nMsg');
  return { messages, bytes: messages * size, seconds: column('fetch.time.ms') / 1000 };
}
