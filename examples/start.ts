/** The first thing to run: produces messages, reads them in batches, reads them reactively, and says how it went. */
import { randomUUID } from 'node:crypto';
import { Admin, type BatchReport, Consumer, type KafkaStream, Producer } from 'rdkafka-rx';
import { MockCluster } from 'rdkafka-rx/testing';
import { tap } from 'rxjs';
import { brokers, Failure, integer, main, UsageError, withCommas } from './support/command';
import { reach } from './support/kafka';
import { Phase, Progress, table } from './support/measure';

const command = {
  name: 'npm start --',
  summary:
    'Produces messages, reads them in batches, then reactively, and shows rates and the share of the event loop.',
  options: {
    brokers,
    messages: integer('how many messages', { min: 1, max: 1_000_000_000 }, 3_000_000),
    size: integer('bytes of a message', { min: 1, max: 900_000 }, 100),
    partitions: integer(
      'partitions of the topic (default 4; without --brokers as many as hold the messages)',
      { min: 1, max: 1000 },
      undefined,
    ),
  },
};

interface Values {
  readonly brokers: string | null;
  readonly messages: number;
  readonly size: number;
  readonly partitions: number | undefined;
}

/** What a partition of the embedded cluster is given: it keeps 5 MB and 100,000 messages for sure, and a batch more fits. */
const KEPT = { bytes: 4_000_000, messages: 90_000 };
/** Of a message beside its value, in the log. */
const OVERHEAD = 20;
/** The embedded cluster keeps the messages in the memory of this process. */
const MOST_BYTES = 2_000_000_000;
const PARTITIONS = 4;
/** Limits of one `sendBatch`: all for one partition, so that they become few, large requests. */
const BATCH = { bytes: 1_000_000, messages: 4096 };
/** How many of those may wait for their reports. */
const IN_FLIGHT = 16;

/** @throws UsageError when the embedded cluster would forget messages. */
function partitionsOf({ brokers, messages, size, partitions }: Values): number {
  if (brokers !== null) return partitions ?? PARTITIONS;
  const each = size + OVERHEAD;
  if (messages * each > MOST_BYTES) {
    throw new UsageError(
      `The cluster inside this process keeps messages in memory: at most ${withCommas(Math.floor(MOST_BYTES / each))} ` +
        `of ${withCommas(size)} bytes; lower --messages, or name a Kafka with --brokers.`,
    );
  }
  const needed = Math.max(1, Math.ceil((messages * each) / KEPT.bytes), Math.ceil(messages / KEPT.messages));
  if (partitions !== undefined && partitions < needed) {
    throw new UsageError(
      `A partition of the cluster inside this process keeps at most 5 MB: ${withCommas(messages)} messages of ` +
        `${withCommas(size)} bytes need --partitions ${needed} or more; or name a Kafka with --brokers.`,
    );
  }
  return partitions ?? Math.max(PARTITIONS, needed);
}

void main(command, async (options, { signal }) => {
  const partitions = partitionsOf(options);
  await using kafka = options.brokers === null ? await embedded(partitions) : await named(options.brokers, partitions);
  const { servers, topic } = kafka;
  const phases: Phase[] = [];
  const progress = new Progress();
  const phase = (name: string, expected: number, run: (phase: Phase) => Promise<void>) => {
    if (signal.aborted) return Promise.resolve();
    const one = new Phase(name, expected);
    phases.push(one);
    return progress.during(one, () => run(one));
  };

  try {
    await phase('produce', options.messages, (one) => produce(servers, topic, partitions, options.size, one, signal));
    await phase('read in batches', options.messages, (one) => read(servers, topic, one, signal, inBatches));
    await phase('read reactively', options.messages, (one) => read(servers, topic, one, signal, reactively));
  } finally {
    if (phases.length > 0) console.log(`\n${table(phases)}`);
  }
  if (signal.aborted) return console.log('\nStopped: what was sent is answered for, what was read is committed.');
  const short = phases.find(({ messages, expected }) => messages !== expected);
  if (short) throw new Failure(`${short.name}: ${short.messages} messages came of ${short.expected}`);
  if (options.brokers === null) console.log('\nThe brokers ran in this process too, and used the same processors.');
});

async function produce(
  servers: string,
  topic: string,
  partitions: number,
  size: number,
  phase: Phase,
  signal: AbortSignal,
): Promise<void> {
  await using producer = new Producer({ 'bootstrap.servers': servers, 'linger.ms': 5 });
  // The same bytes again and again: to make them is not what is measured.
  const value = Buffer.alloc(size, 'rdkafka-rx ');
  const most = Math.max(1, Math.min(BATCH.messages, Math.floor(BATCH.bytes / size)));
  const waiting: Promise<void>[] = [];
  for (let sent = 0, turn = 0; sent < phase.expected && !signal.aborted; turn++) {
    const count = Math.min(most, phase.expected - sent);
    const records = Array.from({ length: count }, () => ({ partition: turn % partitions, value }));
    sent += count;
    const counted = producer
      .sendBatch({ topic, records })
      .then((report: BatchReport) => phase.count(report.size, report.size * size));
    // The first failure ends the phase; the others, which nobody waits for by then, must not count as unhandled.
    counted.catch(() => {});
    waiting.push(counted);
    if (waiting.length >= IN_FLIGHT) await waiting.shift();
  }
  await Promise.all(waiting);
}

type Read = (stream: KafkaStream<Buffer | null, Buffer | null>, phase: Phase) => Promise<void>;

const inBatches: Read = async (stream, phase) => {
  for await (const batch of stream) {
    phase.count(batch.size, batch.bytes);
    batch.ack();
  }
};

const reactively: Read = async (stream, phase) => {
  const counted$ = stream.messages$.pipe(
    tap((message) => {
      phase.count(1, message.bytes);
      message.ack();
    }),
  );
  await counted$.forEach(() => {});
};

/** Reads the topic to its end, as a group of its own. */
async function read(servers: string, topic: string, phase: Phase, signal: AbortSignal, how: Read): Promise<void> {
  await using consumer = new Consumer({
    'bootstrap.servers': servers,
    'group.id': `${topic}-${phase.name.replaceAll(' ', '-')}`,
    'auto.offset.reset': 'earliest',
  });
  consumer.errors$.subscribe((error) => console.error(`\n${error.message}`));
  // Joining the group is not reading: a broker waits seconds for more members.
  consumer.events.on((event) => event.type === 'assigned' && phase.start());
  await how(consumer.stream(topic, { until: 'eof', signal }), phase);
}

interface Kafka extends AsyncDisposable {
  readonly servers: string;
  readonly topic: string;
}

async function embedded(partitions: number): Promise<Kafka> {
  const topic = 'start';
  const cluster = await MockCluster.start({ topics: { [topic]: partitions } });
  const servers = cluster.bootstrapServers;
  console.log(`A Kafka cluster inside this process, at ${servers}, with ${partitions} partitions.\n`);
  return { servers, topic, [Symbol.asyncDispose]: () => cluster.stop() };
}

/** A topic of this run's own, which is deleted afterwards. */
async function named(servers: string, partitions: number): Promise<Kafka> {
  await reach(servers);
  const topic = `rdkafka-rx-start-${randomUUID().slice(0, 8)}`;
  const admin = new Admin({ 'bootstrap.servers': servers });
  const close = () => admin.close();
  await admin.createTopics([{ topic, partitions }]).catch((error) => close().then(() => Promise.reject(error)));
  console.log(`Kafka at ${servers}, topic ${topic} with ${partitions} partitions, deleted afterwards.\n`);
  return {
    servers,
    topic,
    [Symbol.asyncDispose]: () => admin.deleteTopics([topic]).finally(close),
  };
}
