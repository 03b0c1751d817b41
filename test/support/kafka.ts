/**
 * A real Apache Kafka for tests and benchmarks: KRaft nodes (broker and controller in one) on loopback ports, storage
 * in a temporary directory, started from the jars of Maven Central. No Docker, no installation beside Java and Maven.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type KafkaJars, kafkaJars } from './kafka-jars';
import { JavaProcess, removeNow, temporaryDirectory } from './kafka-node';
import * as security from './kafka-security';
import { freePorts, LOG4J, properties, uuid } from './kafka-settings';
import * as wire from './kafka-wire';

const run = promisify(execFile);

/** JVM flags that start fast and stay small: right for tests, wrong for measuring throughput. */
const SMALL_JVM = ['-Xms128m', '-Xmx400m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const START_TIMEOUT_MS = 90_000;
export interface KafkaOptions {
  /** Number of nodes. Default 1. */
  brokers?: 1 | 3;
  /** Adds TLS and SASL listeners (see {@link KafkaSecurity}); the plaintext one stays. Default false. */
  security?: boolean;
  /** Starts processes of our own even when `KAFKA_BROKERS` names a Kafka. Default: true with `security`. */
  own?: boolean;
  /** Broker properties on top of the harness's own. */
  config?: Record<string, string | number | boolean>;
  /** Replaces the JVM flags, for a broker that is to be fast and not small. */
  jvm?: readonly string[];
  /** Parent of the storage directory. Default: the system's temporary directory. */
  dir?: string;
  /** Told what goes on, one line at a time. */
  progress?: (text: string) => void;
}

/** A node of a started Kafka. */
interface KafkaNode {
  id: number;
  /** `host:port` of each of the node's listeners, by listener name. */
  addresses: Record<string, string>;
  process: JavaProcess;
}

/** A running Kafka. `await using` stops it. */
export interface Kafka {
  /** Bootstrap list, plaintext. */
  readonly brokers: string;
  /** Kafka's version, or `external` for the one named in `KAFKA_BROKERS`. */
  readonly version: string;
  /** TLS and SASL material; undefined unless asked for. */
  readonly security: security.KafkaSecurity | undefined;
  /** Process ids of the nodes, in order; empty for an external Kafka. */
  readonly pids: readonly (number | undefined)[];
  /** Makes a topic and waits until every partition has its leader and all its replicas in sync. */
  createTopic(name: string, spec?: wire.TopicSpec): Promise<void>;
  deleteTopic(name: string): Promise<void>;
  /** Of the cluster, and of these topics; null: of all. */
  metadata(topics?: string[] | null): Promise<wire.Metadata>;
  /** Kills node `i` (from 0) as a crash would, and waits until it is gone. */
  kill9(i: number): Promise<void>;
  /** Freezes node `i`: sockets stay open, nothing answers. */
  sigstop(i: number): Promise<void>;
  sigcont(i: number): Promise<void>;
  /** Starts node `i` again (after a clean stop when it still runs) and waits until it serves. */
  restart(i: number): Promise<void>;
  /** Runs one of Kafka's own command line tools, e.g. `org.apache.kafka.tools.ConsumerPerformance`. */
  tool(mainClass: string, args: readonly string[]): Promise<string>;
  /** The last lines of node `i`'s log. */
  log(i: number, lines?: number): string;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts Kafka, or connects to the one that `KAFKA_BROKERS` names (then the calls that need a process of our own
 * reject with a sentence that says so; ask for `own` to have one).
 *
 * @throws Error that ends with the node's log when a node does not come up.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  const external = process.env.KAFKA_BROKERS;
  if (external && !(options.own ?? options.security)) return externalKafka(external);
  const jars = await kafkaJars(options.progress);
  for (let attempt = 1; ; attempt++) {
    const kafka = await OwnKafka.prepare(jars, options);
    try {
      await kafka.start();
      return kafka;
    } catch (error) {
      const portTaken = String(error).includes('Address already in use');
      await kafka.stop();
      // Somebody took a port between our look and the broker's bind.
      if (!portTaken || attempt === 3) throw error;
    }
  }
}

class OwnKafka implements Kafka {
  private stopping: Promise<void> | undefined;

  private constructor(
    private readonly jars: KafkaJars,
    private readonly dir: string,
    private readonly nodes: readonly KafkaNode[],
    readonly security: security.KafkaSecurity | undefined,
    private readonly progress: (text: string) => void,
  ) {}

  /** Writes settings and formats storage; starts nothing. */
  static async prepare(jars: KafkaJars, options: KafkaOptions): Promise<OwnKafka> {
    const count = options.brokers ?? 1;
    const dir = temporaryDirectory(options.dir ?? tmpdir(), 'rdkafka-rx-kafka-');
    try {
      const names = ['PLAINTEXT', 'CONTROLLER', ...(options.security ? security.SECURE_LISTENERS : [])];
      const ports = await freePorts(count * names.length);
      const addressesOf = (i: number) =>
        Object.fromEntries(names.map((name, n) => [name, `127.0.0.1:${ports[i * names.length + n]}`]));
      const all = Array.from({ length: count }, (_, i) => addressesOf(i));
      const bootstrap = (listener: string) => all.map((addresses) => addresses[listener]).join(',');

      const certificates = options.security ? await security.makeCertificates(join(dir, 'certs')) : undefined;
      const secured = certificates ? await security.securityProperties(certificates) : {};
      await writeFile(join(dir, 'log4j2.properties'), LOG4J);
      const clusterId = uuid();
      const nodes = await Promise.all(
        all.map(async (addresses, i) => {
          const id = i + 1;
          const home = join(dir, `node-${id}`);
          await mkdir(home);
          const voters = all.map((a, n) => `${n + 1}@${a.CONTROLLER}`).join(',');
          const file = join(home, 'server.properties');
          const settings = { ...properties(id, count, home, addresses, voters), ...secured, ...options.config };
          await writeFile(
            file,
            Object.entries(settings)
              .map(([key, value]) => `${key}=${value}\n`)
              .join(''),
          );
          const scram = options.security ? security.scramArguments() : [];
          await java(jars, dir, 'kafka.tools.StorageTool', ['format', '-t', clusterId, '-c', file, ...scram]);
          const args = [
            ...(options.jvm ?? SMALL_JVM),
            ...logging(dir, 'info'),
            ...['-cp', jars.classpath, 'kafka.Kafka', file],
          ];
          return { id, addresses, process: new JavaProcess(jars.java, args, join(home, 'node.log')) };
        }),
      );
      const material = certificates && {
        bootstrap: Object.fromEntries(security.SECURE_LISTENERS.map((name) => [name, bootstrap(name)])),
        ...{ ca: certificates.ca, rogueCa: certificates.rogueCa, server: certificates.server },
        ...{ client: certificates.client, rogueClient: certificates.rogueClient, user: security.SASL_USER },
      };
      return new OwnKafka(
        jars,
        dir,
        nodes,
        material as security.KafkaSecurity | undefined,
        options.progress ?? (() => {}),
      );
    } catch (error) {
      removeNow(dir);
      throw error;
    }
  }

  async start(): Promise<void> {
    this.progress(`starting Kafka ${this.jars.version}, ${this.nodes.length} node(s)`);
    for (const node of this.nodes) node.process.start();
    await this.ready();
  }

  get version(): string {
    return this.jars.version;
  }

  get brokers(): string {
    return this.nodes.map((node) => node.addresses.PLAINTEXT).join(',');
  }

  get pids(): readonly (number | undefined)[] {
    return this.nodes.map((node) => node.process.pid);
  }

  createTopic(name: string, spec?: wire.TopicSpec): Promise<void> {
    return createTopic(this.address(), name, spec);
  }

  deleteTopic(name: string): Promise<void> {
    return wire.deleteTopic(this.address(), name);
  }

  metadata(topics?: string[] | null): Promise<wire.Metadata> {
    return wire.metadata(this.address(), topics);
  }

  kill9(i: number): Promise<void> {
    return this.node(i).process.signal('SIGKILL');
  }

  sigstop(i: number): Promise<void> {
    return this.node(i).process.signal('SIGSTOP');
  }

  sigcont(i: number): Promise<void> {
    return this.node(i).process.signal('SIGCONT');
  }

  async restart(i: number): Promise<void> {
    const node = this.node(i);
    await node.process.stop(20_000);
    node.process.start();
    await this.ready();
  }

  tool(mainClass: string, args: readonly string[]): Promise<string> {
    return java(this.jars, this.dir, mainClass, args);
  }

  log(i: number, lines?: number): string {
    return this.node(i).process.logTail(lines);
  }

  stop(): Promise<void> {
    // The storage is thrown away, so a clean shutdown (seconds, and a quorum that must agree) would be for nothing.
    this.stopping ??= Promise.all(this.nodes.map((node) => node.process.signal('SIGKILL'))).then(() =>
      removeNow(this.dir),
    );
    return this.stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  private node(i: number): KafkaNode {
    const node = this.nodes[i];
    if (!node) throw new RangeError(`Kafka has nodes 0 to ${this.nodes.length - 1}, not ${i}`);
    return node;
  }

  /** Plaintext address of a node that runs. */
  private address(): string {
    const address = this.nodes.find((node) => node.process.alive)?.addresses.PLAINTEXT;
    if (!address) throw new Error('no node of this Kafka runs');
    return address;
  }

  /**
   * Waits until every node that runs accepts connections on all its listeners and tells the same, complete cluster:
   * brokers register with the controller only when they can serve.
   */
  private async ready(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    const waiting = new Set(this.nodes.filter((node) => node.process.alive));
    const expected = waiting.size;
    let last: unknown = 'not asked yet';
    while (waiting.size > 0) {
      for (const node of waiting) {
        if (!node.process.alive) {
          throw new Error(`Kafka node ${node.id} ended while starting. Its log ends:\n${node.process.logTail()}`);
        }
        try {
          const open = await Promise.all(Object.values(node.addresses).map((address) => wire.accepts(address)));
          if (open.includes(false)) continue;
          const seen = await wire.metadata(node.addresses.PLAINTEXT as string);
          if (seen.brokers.length >= expected && seen.controller >= 0) waiting.delete(node);
          else last = `it knows ${seen.brokers.length} of ${expected} brokers`;
        } catch (error) {
          last = error;
        }
      }
      if (waiting.size === 0) return;
      if (Date.now() > deadline) {
        const [node] = waiting;
        throw new Error(
          `Kafka node ${node?.id} was not ready in ${START_TIMEOUT_MS} ms (${last}):\n${node?.process.logTail()}`,
        );
      }
      await delay(100);
    }
  }
}

/** The Kafka somebody else runs: topics can be made, processes cannot be hurt. */
function externalKafka(brokers: string): Kafka {
  const address = brokers.split(',')[0]?.trim() ?? '';
  const notOurs = () => {
    return Promise.reject(
      new Error('KAFKA_BROKERS is set; this needs a Kafka of the harness: startKafka({ own: true })'),
    );
  };
  return {
    brokers,
    version: 'external',
    security: undefined,
    pids: [],
    createTopic: (name, spec) => createTopic(address, name, spec),
    deleteTopic: (name) => wire.deleteTopic(address, name),
    metadata: (topics) => wire.metadata(address, topics),
    kill9: notOurs,
    sigstop: notOurs,
    sigcont: notOurs,
    restart: notOurs,
    tool: notOurs,
    log: () => '(external Kafka)',
    stop: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function createTopic(address: string, name: string, spec: wire.TopicSpec = {}): Promise<void> {
  await wire.createTopic(address, name, spec);
  const deadline = Date.now() + 30_000;
  for (;;) {
    const topic = (await wire.metadata(address, [name]).catch(() => undefined))?.topics[0];
    const ready = topic?.partitions.filter(
      (p) => p.error === 0 && p.leader >= 0 && p.inSync.length === p.replicas.length,
    );
    if (topic?.error === 0 && ready?.length === (spec.partitions ?? 1)) return;
    if (Date.now() > deadline) throw new Error(`topic '${name}' has no leaders after 30 s: ${JSON.stringify(topic)}`);
    await delay(20);
  }
}

function logging(dir: string, level: 'info' | 'off'): string[] {
  return [`-Dlog4j2.configurationFile=${join(dir, 'log4j2.properties')}`, `-Dharness.level=${level}`];
}

async function java(jars: KafkaJars, dir: string, mainClass: string, args: readonly string[]): Promise<string> {
  const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  try {
    const command = [...flags, ...logging(dir, 'off'), '-cp', jars.classpath, mainClass, ...args];
    return (await run(jars.java, command, { maxBuffer: 64 << 20 })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${mainClass} failed: ${stderr || stdout || String(error)}`);
  }
}
