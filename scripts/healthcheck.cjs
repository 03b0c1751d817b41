// Is the Kafka there that this container's process works with? The container's HEALTHCHECK: exit code 0 and a line, or 1 and why not.
//
// Kafka is what KAFKA_BROKERS or the `--brokers` of process 1 names; else the cluster that process 1 runs inside itself, whose brokers are
// the loopback ports that it listens on. A broker has to answer a metadata request, through the same addon and librdkafka.
const { readdirSync, readFileSync, readlinkSync } = require('node:fs');
const { Admin } = require('rdkafka-rx');

const TIMEOUT_MS = 5000;

function named() {
  const args = readFileSync('/proc/1/cmdline', 'utf8').split('\0');
  const at = args.findIndex((arg) => arg === '--brokers' || arg.startsWith('--brokers='));
  return at < 0 ? undefined : args[at].slice('--brokers='.length) || args[at + 1];
}

function embedded() {
  const links = readdirSync('/proc/1/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/1/fd/${fd}`);
    } catch {
      return ''; // closed since
    }
  });
  const own = new Set(links);
  const sockets = readFileSync('/proc/1/net/tcp', 'utf8').trim().split('\n').slice(1);
  const listening = sockets
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && own.has(`socket:[${inode}]`))
    .map(([, local]) => `127.0.0.1:${Number.parseInt(local.split(':')[1], 16)}`);
  return listening.join();
}

async function check() {
  const brokers = process.env.KAFKA_BROKERS || named() || embedded();
  if (!brokers) throw new Error('process 1 has no brokers: neither named ones nor a cluster inside it');
  const admin = new Admin({ 'bootstrap.servers': brokers });
  try {
    const { brokers: answered } = await admin.metadata(null, { timeoutMs: TIMEOUT_MS });
    return `${answered.length} brokers, by ${brokers}`;
  } finally {
    await admin.close();
  }
}

check().then(
  (answer) => console.log(answer),
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
