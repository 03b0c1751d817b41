/** What the nodes of the test Kafka are configured with, and the free ports they listen on. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { LISTENER_PROTOCOLS } from './kafka-security';

/** The level comes from the command line: nodes log at info, tools print nothing but their result. */
export const LOG4J = `status=error
name=harness
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{HH:mm:ss.SSS} %p %c{1} %m%n
rootLogger.level=\${sys:harness.level}
rootLogger.appenderRef.out.ref=out
`;

/** `server.properties` of node `id` of `count`. */
export function properties(id: number, count: number, home: string, addresses: Record<string, string>, voters: string) {
  const protocols: Record<string, string> = {
    PLAINTEXT: 'PLAINTEXT',
    CONTROLLER: 'PLAINTEXT',
    ...LISTENER_PROTOCOLS,
  };
  const listeners = Object.entries(addresses).map(([name, address]) => `${name}://${address}`);
  const majority = count > 1 ? 2 : 1;
  return {
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': voters,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    listeners: listeners.join(','),
    'advertised.listeners': listeners.filter((listener) => !listener.startsWith('CONTROLLER')).join(','),
    'listener.security.protocol.map': Object.keys(addresses)
      .map((name) => `${name}:${protocols[name]}`)
      .join(','),
    'log.dirs': join(home, 'data'),
    'num.network.threads': 2,
    'num.io.threads': 4,
    'log.cleaner.dedupe.buffer.size': 16 << 20,
    'default.replication.factor': count,
    'min.insync.replicas': majority,
    'offsets.topic.num.partitions': 4,
    'offsets.topic.replication.factor': count,
    'transaction.state.log.num.partitions': 4,
    'transaction.state.log.replication.factor': count,
    'transaction.state.log.min.isr': majority,
    'share.coordinator.state.topic.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': count,
    'share.coordinator.state.topic.min.isr': majority,
    'unclean.leader.election.enable': false,
    // A misspelt topic in a test must fail and not come into being.
    'auto.create.topics.enable': false,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'group.consumer.min.session.timeout.ms': 1000,
    'group.consumer.min.heartbeat.interval.ms': 200,
    'broker.session.timeout.ms': 6000,
    'broker.heartbeat.interval.ms': 1000,
    'message.max.bytes': 16 << 20,
    'replica.fetch.max.bytes': 16 << 20,
  };
}

/** A cluster id as Kafka writes it: 16 random bytes in base64url, not starting with a dash. */
export function uuid(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

/**
 * Free ports below the range the kernel hands out to outgoing connections: inside it, a client that reconnects to a
 * broker which is down can connect to itself, and the restarted broker finds its port taken.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
