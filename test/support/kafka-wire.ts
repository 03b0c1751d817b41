/**
 * The few Kafka requests the harness needs, written on a plain socket: it must be able to say "this broker is ready"
 * and to make topics without the client under test and without a two-second JVM for each topic.
 */
import { connect } from 'node:net';

const METADATA = 3;
const CREATE_TOPICS = 19;
const DELETE_TOPICS = 20;

/** Cluster as one broker describes it. */
export interface Metadata {
  brokers: { id: number; host: string; port: number }[];
  controller: number;
  topics: { name: string; error: number; partitions: PartitionMetadata[] }[];
}

export interface PartitionMetadata {
  error: number;
  id: number;
  leader: number;
  replicas: number[];
  inSync: number[];
}

export interface TopicSpec {
  partitions?: number;
  replication?: number;
  config?: Record<string, string>;
}

/** Asks `address` (`host:port`, no TLS, no SASL) for the cluster and for `topics` (none by default, null for all). */
export async function metadata(address: string, topics: string[] | null = [], timeoutMs = 2000): Promise<Metadata> {
  const body = new Writer().array(topics, (w, name) => w.string(name)).int8(0);
  const r = await request(address, METADATA, 4, body, timeoutMs);
  r.int32(); // throttle time
  const brokers = r.array(() => {
    const broker = { id: r.int32(), host: r.string() ?? '', port: r.int32() };
    r.string(); // rack
    return broker;
  });
  r.string(); // cluster id
  const controller = r.int32();
  const described = r.array(() => {
    const error = r.int16();
    const name = r.string() ?? '';
    r.int8(); // is internal
    const partitions = r.array(() => ({
      error: r.int16(),
      id: r.int32(),
      leader: r.int32(),
      replicas: r.array(() => r.int32()),
      inSync: r.array(() => r.int32()),
    }));
    return { name, error, partitions };
  });
  return { brokers, controller, topics: described };
}

/** Makes one topic. Rejects with the broker's error number and text. */
export async function createTopic(address: string, name: string, spec: TopicSpec = {}): Promise<void> {
  const body = new Writer()
    .int32(1)
    .string(name)
    .int32(spec.partitions ?? 1)
    .int16(spec.replication ?? 1)
    .int32(0) // no manual assignment of replicas
    .array(Object.entries(spec.config ?? {}), (w, [key, value]) => w.string(key).string(value))
    .int32(30_000)
    .int8(0);
  const r = await request(address, CREATE_TOPICS, 4, body, 35_000);
  r.int32(); // throttle time
  for (const [topic, error, message] of r.array(() => [r.string(), r.int16(), r.string()] as const)) {
    if (error !== 0) throw new Error(`Kafka did not create topic '${topic}': error ${error} ${message ?? ''}`);
  }
}

/** Deletes one topic. Rejects with the broker's error number. */
export async function deleteTopic(address: string, name: string): Promise<void> {
  const body = new Writer().array([name], (w, topic) => w.string(topic)).int32(30_000);
  const r = await request(address, DELETE_TOPICS, 3, body, 35_000);
  r.int32(); // throttle time
  for (const [topic, error] of r.array(() => [r.string(), r.int16()] as const)) {
    if (error !== 0) throw new Error(`Kafka did not delete topic '${topic}': error ${error}`);
  }
}

/** Whether something accepts a TCP connection at `address` right now. */
export function accepts(address: string, timeoutMs = 1000): Promise<boolean> {
  const { host, port } = split(address);
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const done = (ok: boolean) => {
      socket.destroy();
      resolve(ok);
    };
    socket.once('connect', () => done(true));
    socket.once('timeout', () => done(false));
    socket.once('error', () => done(false));
  });
}

function request(address: string, key: number, version: number, body: Writer, timeoutMs: number): Promise<Reader> {
  const { host, port } = split(address);
  const header = new Writer().int16(key).int16(version).int32(1).string('harness');
  const payload = Buffer.concat([header.bytes(), body.bytes()]);
  const size = Buffer.alloc(4);
  size.writeInt32BE(payload.length);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const socket = connect({ host, port, timeout: timeoutMs });
    const fail = (reason: string) => {
      socket.destroy();
      reject(new Error(`Kafka request ${key} to ${address}: ${reason}`));
    };
    socket.once('connect', () => socket.write(Buffer.concat([size, payload])));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received < 4) return;
      const all = Buffer.concat(chunks);
      if (received < 4 + all.readInt32BE(0)) return;
      socket.destroy();
      resolve(new Reader(all.subarray(8))); // past size and correlation id
    });
    socket.once('timeout', () => fail(`no answer in ${timeoutMs} ms`));
    socket.once('error', (error) => fail(error.message));
    socket.once('close', () => fail('connection closed')); // settles nothing when the answer came first
  });
}

function split(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}

class Writer {
  private readonly parts: Buffer[] = [];

  int8(value: number): this {
    return this.fixed(1, (b) => b.writeInt8(value));
  }

  int16(value: number): this {
    return this.fixed(2, (b) => b.writeInt16BE(value));
  }

  int32(value: number): this {
    return this.fixed(4, (b) => b.writeInt32BE(value));
  }

  string(value: string): this {
    const text = Buffer.from(value);
    this.int16(text.length).parts.push(text);
    return this;
  }

  array<T>(items: readonly T[] | null, write: (writer: this, item: T) => void): this {
    if (items === null) return this.int32(-1);
    this.int32(items.length);
    for (const item of items) write(this, item);
    return this;
  }

  bytes(): Buffer {
    return Buffer.concat(this.parts);
  }

  private fixed(size: number, write: (buffer: Buffer) => void): this {
    const buffer = Buffer.alloc(size);
    write(buffer);
    this.parts.push(buffer);
    return this;
  }
}

class Reader {
  private at = 0;
  constructor(private readonly buffer: Buffer) {}

  int8(): number {
    return this.buffer.readInt8(this.step(1));
  }

  int16(): number {
    return this.buffer.readInt16BE(this.step(2));
  }

  int32(): number {
    return this.buffer.readInt32BE(this.step(4));
  }

  string(): string | null {
    const length = this.int16();
    if (length < 0) return null;
    const start = this.step(length);
    return this.buffer.toString('utf8', start, start + length);
  }

  array<T>(read: () => T): T[] {
    const items: T[] = [];
    for (let left = this.int32(); left > 0; left--) items.push(read());
    return items;
  }

  private step(size: number): number {
    const start = this.at;
    this.at += size;
    return start;
  }
}
