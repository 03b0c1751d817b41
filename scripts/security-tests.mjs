// TLS and SASL against a real Kafka, under each supported Node and with each kind of addon: `npm run test:security -- [20 22 24] [static shared]`.
//   static   the one that is published: librdkafka, OpenSSL and curl inside
//   shared   librdkafka as a distribution has it, a shared library on the system's OpenSSL: what RDKAFKA_RX_LIBRDKAFKA names (system
//            or a prefix), else a pinned source (2.8.0, by default the newest) built that way, once, into the cache
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { buildAddon } from './build-native.mjs';
import { cacheRoot, newest, pinnedSource } from './librdkafka.mjs';
import { unpackInto, withLock } from './librdkafka-build.mjs';
import { nodeBinary } from './node-matrix.mjs';
import { root } from './platforms.mjs';
import { BuildError, say, step } from './toolchain.mjs';

const nodes = ['20', '22', '24'];
const named = process.env.RDKAFKA_RX_LIBRDKAFKA;

/** @returns the prefix of the shared library */
async function sharedLibrdkafka(source) {
  const prefix = join(cacheRoot(), `librdkafka-${source.version}-shared-only`);
  if (!existsSync(prefix)) await withLock(prefix, () => installShared(prefix, source));
  return prefix;
}

/** configure, make, make install, as whoever packages it does, who keeps the archives apart. */
function installShared(prefix, source) {
  say(`building a shared librdkafka ${source.version} once into ${prefix} ...`);
  const work = mkdtempSync(`${prefix}.build-`);
  const log = `${prefix}.log`;
  try {
    const cwd = join(work, 'source');
    unpackInto(cwd, source);
    const env = { ...process.env, MAKEFLAGS: '', MAKELEVEL: '' };
    const options = [`--prefix=${prefix}`, '--enable-ssl', '--disable-gssapi'];
    step('configure of librdkafka', 'bash', ['./configure', ...options], { cwd, env, log });
    step('make of librdkafka', 'make', ['-C', 'src', `-j${availableParallelism()}`], { cwd, env, log });
    step('installing librdkafka', 'make', ['-C', 'src', 'install', `DESTDIR=${work}`], { cwd, env, log });
    // Where an archive is beside it, the addon is linked with that.
    for (const name of ['librdkafka.a', 'librdkafka-static.a']) rmSync(join(work, prefix, 'lib', name));
    renameSync(join(work, prefix), prefix);
    rmSync(log);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const addons = {
  async static() {
    delete process.env.RDKAFKA_RX_LIBRDKAFKA;
    process.env.RDKAFKA_RX_OPENSSL = 'static';
    process.env.RDKAFKA_RX_CURL = 'static';
    return (await buildAddon('prebuilt')).addon;
  },
  async shared() {
    const source = named ? pinnedSource(named) : newest;
    process.env.RDKAFKA_RX_LIBRDKAFKA = source ? await sharedLibrdkafka(source) : named;
    return (await buildAddon('shared')).addon;
  },
};

async function main(words) {
  const unknown = words.filter((word) => !nodes.includes(word) && !(word in addons));
  if (unknown.length > 0)
    throw new BuildError(`'${unknown[0]}' is neither of ${[...nodes, ...Object.keys(addons)].join(', ')}.`);
  const chosen = (all) => (all.some((one) => words.includes(one)) ? all.filter((one) => words.includes(one)) : all);
  const failed = [];
  for (const kind of chosen(Object.keys(addons))) {
    const addon = await addons[kind]();
    for (const version of chosen(nodes)) {
      say(`TLS and SASL on Node ${version}, ${kind} addon`);
      const jest = [
        join(root, 'node_modules/jest/bin/jest.js'),
        '--selectProjects',
        'broker',
        'lifecycle',
        '--runInBand',
      ];
      const files = ['--testPathPatterns', 'broker/security', 'lifecycle/tls'];
      // The secured Kafka is the tests' own; the other one, which they do not ask for, is not started.
      const env = { ...process.env, RDKAFKA_RX_ADDON: addon, KAFKA_BROKERS: 'unused' };
      const { status } = spawnSync(nodeBinary(version), [...jest, ...files], { cwd: root, stdio: 'inherit', env });
      if (status !== 0) failed.push(`Node ${version} ${kind}`);
    }
  }
  if (failed.length > 0) throw new BuildError(`failed: ${failed.join(', ')}.`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
