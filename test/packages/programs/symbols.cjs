// Two addons with an OpenSSL and a librdkafka each, and Node with its own OpenSSL, do TLS in one process.
//   node symbols.cjs <directory of node-rdkafka> <ours|theirs, whichever is loaded first>
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const { connect } = require('node:net');
const { createServer } = require('node:tls');

const [, , theirs, first] = process.argv;
const load = { ours: () => require('rdkafka-rx'), theirs: () => require(theirs) };
const loaded = {};
for (const one of first === 'ours' ? ['ours', 'theirs'] : ['theirs', 'ours']) loaded[one] = load[one]();
const { Admin } = loaded.ours;
const { MockCluster } = require('rdkafka-rx/testing');

async function main() {
  const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  openssl('req', '-x509', ...key, '-keyout', 'server.key', '-out', 'server.pem', '-days', '2', ...names);

  const cluster = await MockCluster.start();
  const [host, port] = cluster.bootstrapServers.split(':');
  const sockets = new Set();
  let handshakes = 0;
  const server = createServer({ key: readFileSync('server.key'), cert: readFileSync('server.pem') }, (secure) => {
    handshakes++;
    const plain = connect(Number(port), host);
    for (const socket of [secure, plain]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => [secure, plain].map((one) => sockets.delete(one.destroy())));
    }
    secure.pipe(plain).pipe(secure);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const config = {
    'bootstrap.servers': `127.0.0.1:${server.address().port}`,
    'security.protocol': 'ssl',
    'ssl.ca.location': `${process.cwd()}/server.pem`,
  };

  const admin = new Admin(config);
  const producer = new loaded.theirs.Producer(config);
  producer.on('event.error', () => {}); // the cluster says it is at its plaintext port
  const [mine, other] = await Promise.all([
    admin.metadata(null, { timeoutMs: 10_000 }),
    new Promise((resolve, reject) => {
      producer.connect({ timeout: 10_000 }, (error, metadata) => (error ? reject(error) : resolve(metadata)));
    }),
  ]);
  assert.equal(mine.brokers.length, 1);
  assert.equal(other.brokers.length, 1);
  assert.ok(handshakes >= 2, `${handshakes} handshakes`);
  await admin.close();
  await new Promise((resolve) => producer.disconnect(2_000, resolve));
  for (const socket of sockets) socket.destroy();
  server.close();
  await cluster.stop();
  const versions = [loaded.ours.Client.librdkafkaVersion, loaded.theirs.librdkafkaVersion];
  console.log(`both: librdkafka ${versions.join(' and ')}`);
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
