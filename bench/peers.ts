/** The other clients: whether they are here, why not, and how they are got. On demand, never with the toolkit itself. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheRoot, KAFKA_VERSION, kafkaJars } from '../test/support/kafka-jars';

const run = promisify(execFile);
export const bench = join(dirname(require.resolve('rdkafka-rx/package.json')), 'bench');

export const PYTHON_CLIENT = '2.16.1';
const packages = ['node-rdkafka', '@confluentinc/kafka-javascript', 'kafkajs', '@platformatic/kafka'];
/** What @platformatic/kafka runs on. */
const NEWER_NODE = '24';

interface Peer {
  isInstalled(): boolean;
  /** @throws Error that says why it cannot be had here */
  install(progress: (text: string) => void): Promise<void>;
}

/** By the names that subjects know them by. */
const PEERS: Record<string, Peer> = {
  'node-rdkafka': { isInstalled: () => hasPackage('node-rdkafka'), install: installPackages },
  '@confluentinc/kafka-javascript': {
    isInstalled: () => hasPackage('@confluentinc/kafka-javascript'),
    install: installPackages,
  },
  kafkajs: { isInstalled: () => hasPackage('kafkajs'), install: installPackages },
  '@platformatic/kafka': {
    isInstalled: () => hasPackage('@platformatic/kafka') && existsSync(nodeBinary(NEWER_NODE)),
    install: async (progress) => {
      await installPackages(progress);
      await installNode(NEWER_NODE, progress);
    },
  },
  rdkafka_performance: {
    isInstalled: () => existsSync(performanceSource()),
    install: async (progress) => {
      await installPackages(progress);
      if (!existsSync(performanceSource())) throw new Error("it comes with node-rdkafka's package, which is not here");
    },
  },
  'confluent-kafka-python': { isInstalled: () => existsSync(pythonBinary()), install: installPython },
  'kafka-clients': {
    isInstalled: () => existsSync(join(cacheRoot(), `kafka-${KAFKA_VERSION}-1`)),
    install: async (progress) => void (await kafkaJars(progress)),
  },
  'franz-go': { isInstalled: () => existsSync(goBinary()), install: installGo },
};

const reasons = new Map<string, string>();

export function isInstalled(peer: string): boolean {
  return PEERS[peer]?.isInstalled() ?? false;
}

/** Why it was not installed, as far as that was tried. */
export function reasonMissing(peer: string): string {
  return reasons.get(peer) ?? 'not installed: add --peers';
}

/** Installs all that can be had. What cannot is left out, and the report says why. */
export async function installPeers(progress: (text: string) => void): Promise<void> {
  for (const [name, peer] of Object.entries(PEERS)) {
    if (peer.isInstalled()) continue;
    try {
      await peer.install(progress);
      if (!peer.isInstalled()) throw new Error('its installation ended well and left nothing');
    } catch (error) {
      const reason = (error as Error).message.trim().split('\n').slice(-1)[0] as string;
      reasons.set(name, reason);
      progress(`${name} is left out: ${reason}`);
    }
  }
}

// --- packages of npm

function hasPackage(name: string): boolean {
  return existsSync(join(bench, 'node_modules', name, 'package.json'));
}

let npmCi: Promise<void> | undefined;

/** `npm ci` in bench/, once: compiles librdkafkas of others, which takes minutes. All are optional to npm. */
function installPackages(progress: (text: string) => void): Promise<void> {
  npmCi ??= (async () => {
    progress(`installing ${packages.join(', ')} under bench/ (npm ci; compiles for some minutes)`);
    // Where kafka-javascript's binary cannot be downloaded it is compiled, with the system's OpenSSL and zlib.
    const env = { ...process.env, CKJS_LINKING: 'dynamic' };
    const npm = spawn('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: bench,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    npm.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000);
    });
    const [code] = await once(npm, 'exit');
    if (code !== 0) throw new Error(`npm ci in ${bench} ended with code ${code}: ${said.trim().split('\n').pop()}`);
  })();
  return npmCi;
}

/** The official binary of another Node.js, as npm has it: what the package `node` itself downloads. */
export function nodeBinary(version: string): string {
  const name = `node-${process.platform}-${process.arch}`;
  return join(cacheRoot(), `node-${version}`, 'node_modules', name, 'bin/node');
}

async function installNode(version: string, progress: (text: string) => void): Promise<void> {
  if (existsSync(nodeBinary(version))) return;
  progress(`installing Node.js ${version} from npm`);
  const directory = join(cacheRoot(), `node-${version}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const name = `node-${process.platform}-${process.arch}@${version}`;
  await run('npm', ['install', '--ignore-scripts', '--no-save', '--silent', name], { cwd: directory });
}

/** librdkafka's own benchmark; compiled by bench/baseline/build.mjs when it is there. */
function performanceSource(): string {
  return join(bench, 'node_modules/node-rdkafka/deps/librdkafka/examples/rdkafka_performance.c');
}

// --- others

export function pythonBinary(): string {
  return join(cacheRoot(), `python-confluent-kafka-${PYTHON_CLIENT}`, 'bin/python');
}

async function installPython(progress: (text: string) => void): Promise<void> {
  progress(`installing confluent-kafka ${PYTHON_CLIENT} from PyPI into the cache`);
  const directory = dirname(dirname(pythonBinary()));
  try {
    await run('python3', ['-m', 'venv', directory]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:'];
    await run(pythonBinary(), [...pip, `confluent-kafka==${PYTHON_CLIENT}`]);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw new Error(`python3 or PyPI: ${lastLine(error)}`);
  }
}

const goSources = ['go.mod', 'go.sum', 'main.go'];

export function goBinary(): string {
  const recipe = createHash('sha256');
  for (const name of goSources) recipe.update(readFileSync(join(bench, 'outside/franz-go', name)));
  return join(cacheRoot(), `franz-go-${recipe.digest('hex').slice(0, 12)}`, 'bench');
}

/** Builds in a copy: go writes beside the sources when it has to. */
async function installGo(progress: (text: string) => void): Promise<void> {
  progress('building a franz-go program through the Go module proxy');
  const directory = dirname(goBinary());
  const temp = `${directory}.tmp-${process.pid}`;
  try {
    mkdirSync(temp, { recursive: true });
    for (const name of goSources) cpSync(join(bench, 'outside/franz-go', name), join(temp, name));
    await run('go', ['build', '-o', 'bench', '.'], { cwd: temp });
    renameSync(temp, directory);
  } catch (error) {
    rmSync(temp, { recursive: true, force: true });
    throw new Error(`go: ${lastLine(error)}`);
  }
}

function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr?.trim() || message).split('\n').slice(-1)[0] as string;
}
