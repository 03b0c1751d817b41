#!/usr/bin/env node
// `npx rdkafka-rx-healthcheck`: is the Kafka there that a service works with? For readiness probes and the HEALTHCHECK of an image.
// A broker has to answer a metadata request, through the same addon and librdkafka as the service's clients.
const { readdirSync, readFileSync, readlinkSync } = require('node:fs');
const { parseArgs } = require('node:util');

const HELP = `Asks Kafka for its metadata, and says whether it can be worked with from here.

  rdkafka-rx-healthcheck [options]

  --brokers HOST:PORT,…   default: KAFKA_BROKERS, else what process 1 was given by --brokers, else the embedded cluster that runs in it
  --topic NAME            has to be there, with a leader for every partition; can be given several times
  --timeout SECONDS       for all of it; default 5
  --config FILE           a JSON file with more configuration, such as security.protocol and sasl.username
  --help                  this text

Exit code 0: ready. 1: not ready, with the reason on standard error. 2: the options are wrong, or the configuration is.`;

class UsageError extends Error {}

function options() {
  const known = {
    brokers: { type: 'string' },
    topic: { type: 'string', multiple: true, default: [] },
    timeout: { type: 'string', default: '5' },
    config: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  };
  try {
    return parseArgs({ options: known, strict: true }).values;
  } catch ({ message }) {
    throw new UsageError(message);
  }
}

function seconds(text) {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value <= 3600) return value;
  throw new UsageError(`--timeout must be a number of seconds above 0 and up to 3600, not '${text}'`);
}

function configuration(file) {
  if (file === undefined) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch ({ message }) {
    throw new UsageError(`--config ${file} cannot be read: ${message}`);
  }
}

/** The `--brokers` of process 1; undefined where there is no such process to look at. */
function named() {
  const args = readOr('', () => readFileSync('/proc/1/cmdline', 'utf8')).split('\0');
  const at = args.findIndex((arg) => arg === '--brokers' || arg.startsWith('--brokers='));
  return at < 0 ? undefined : args[at].slice('--brokers='.length) || args[at + 1];
}

/** The loopback ports that process 1 listens on: the brokers of the cluster that it runs inside itself. */
function embedded() {
  const links = readOr([], () => readdirSync('/proc/1/fd')).map((fd) =>
    readOr('', () => readlinkSync(`/proc/1/fd/${fd}`)),
  );
  const own = new Set(links);
  const sockets = readOr('', () => readFileSync('/proc/1/net/tcp', 'utf8'))
    .trim()
    .split('\n')
    .slice(1);
  const listening = sockets
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local, , state, , , , , , inode]) =>
        state === '0A' && /^0100007F:/.test(local) && own.has(`socket:[${inode}]`),
    )
    .map(([, local]) => `127.0.0.1:${Number.parseInt(local.split(':')[1], 16)}`);
  return listening.join();
}

function readOr(otherwise, read) {
  try {
    return read();
  } catch {
    return otherwise; // not Linux, not this user's, or gone since
  }
}

async function check({ brokers, topic: topics, timeout, config: file }) {
  const ends = performance.now() + seconds(timeout) * 1000;
  const config = configuration(file);
  const servers =
    brokers || config['bootstrap.servers'] || process.env.KAFKA_BROKERS || readOr(undefined, named) || embedded();
  if (!servers)
    throw new UsageError(
      'no brokers: give --brokers or KAFKA_BROKERS, for process 1 has neither named ones nor a cluster inside it',
    );
  const { ConfigError, Consumer } = require('rdkafka-rx');
  let client;
  try {
    // A consumer without a group joins nothing, and unlike a producer it never makes a broker create a topic that it asks about.
    client = new Consumer({ ...config, 'bootstrap.servers': servers });
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error;
  }
  // What goes wrong on the way is the reason when the answer does not come.
  let last;
  client.errors$.subscribe((error) => {
    last = error.message;
  });
  const left = () => ({ timeoutMs: Math.max(1, Math.ceil(ends - performance.now())) });
  try {
    const answers = [];
    for (const topic of topics.length > 0 ? topics : [null]) {
      const { brokers: answered, topics: found } = await client.metadata(topic, left());
      answers.push(topic === null ? `${answered.length} brokers, by ${servers}` : leaders(topic, found));
    }
    return answers.join('\n');
  } catch (error) {
    if (last !== undefined && !error.message.includes(last)) error.message += ` (${last})`;
    throw error;
  } finally {
    await client.close({ timeoutMs: 500 });
  }
}

function leaders(name, topics) {
  const topic = topics.find((one) => one.name === name);
  if (!topic || topic.error || topic.partitions.length === 0)
    throw new Error(`topic '${name}' is not there${topic?.error ? `: ${topic.error.message}` : ''}`);
  const without = topic.partitions.filter(({ leader }) => leader < 0).map(({ id }) => id);
  if (without.length > 0) throw new Error(`topic '${name}' has no leader for partitions ${without.join(', ')}`);
  return `topic '${name}': ${topic.partitions.length} partitions`;
}

async function main() {
  const given = options();
  console.log(given.help ? HELP : await check(given));
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
