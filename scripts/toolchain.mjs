// What a source build needs from the machine, each missing thing said in one sentence with the command that installs it.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A condition of the user's machine, not a bug: printed as its message alone, without a stack. */
export class BuildError extends Error {}

export const say = (line) => process.stderr.write(`rdkafka-rx: ${line}\n`);

export const cc = process.env.CC?.trim() || 'cc';
export const cxx = process.env.CXX?.trim() || 'c++';

/** The platform that the compilers of the environment are for (scripts/cross.mjs), such as linux-arm64-musl; empty for this machine's. */
export const crossPlatform = process.env.RDKAFKA_RX_CROSS?.trim() || '';
/** As Node calls it; undefined for this machine's. */
export const crossArchitecture = () => crossPlatform.split('-')[1];

const installers = [
  ['apt-get', (names) => `apt-get install ${names.apt}`],
  ['dnf', (names) => `dnf install ${names.dnf}`],
  ['apk', (names) => `apk add ${names.apk}`],
  ['pacman', (names) => `pacman -S ${names.pacman}`],
  ['brew', (names) => `brew install ${names.brew}`],
];

/** The command that installs something here, by the package manager this machine has. */
export function installHint(names) {
  if (process.platform === 'darwin' && names.xcode) return 'xcode-select --install';
  const found = installers.find(([tool]) => which(tool));
  return found ? found[1](names) : `apt-get install ${names.apt}`;
}

export function which(tool) {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', tool], { stdio: 'ignore' }).status === 0;
}

/** First word of a CC-like variable: CC="ccache gcc" is allowed. */
const words = (command) => command.split(/\s+/);

export function run(command, args, options = {}) {
  const [program, ...leading] = words(command);
  return spawnSync(program, [...leading, ...args], { encoding: 'utf8', ...options });
}

/** One step of a build, all that it says in the file `log`. @throws BuildError with the end of it */
export function step(name, program, args, { log, ...options }) {
  const output = openSync(log, 'a');
  const result = spawnSync(program, args, { ...options, stdio: ['ignore', output, output] });
  closeSync(output);
  if (result.status === 0) return;
  const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-25).join('\n');
  throw new BuildError(`${name} failed, the end of ${log}:\n${tail}`);
}

const gnu = { apt: 'build-essential', dnf: 'gcc gcc-c++ make', apk: 'build-base', pacman: 'base-devel', xcode: true };

/** @param installed librdkafka is there already */
export function requireToolchain(installed = false) {
  if (process.platform === 'win32') {
    // node-gyp finds the compiler itself.
    if (installed) return;
    throw new BuildError(
      'rdkafka-rx builds from source on Linux and macOS only; on Windows install the published package, build inside WSL, or name an installed librdkafka in RDKAFKA_RX_LIBRDKAFKA.',
    );
  }
  const missing = (what, names) => {
    throw new BuildError(`${what} is needed to build the addon: install it with \`${installHint(names)}\`.`);
  };
  if (run(cc, ['--version']).status !== 0) missing(`A C compiler (${cc})`, gnu);
  if (run(cxx, ['--version']).status !== 0) missing(`A C++ compiler (${cxx})`, gnu);
  if (!which('make')) missing('make', gnu);
  if (!which(process.env.PYTHON || process.env.npm_config_python || 'python3')) {
    missing('Python 3', {
      apt: 'python3',
      dnf: 'python3',
      apk: 'python3',
      pacman: 'python',
      brew: 'python3',
      xcode: true,
    });
  }
  if (!which('bash')) {
    missing('bash (for the configure script of librdkafka)', {
      apt: 'bash',
      dnf: 'bash',
      apk: 'bash',
      pacman: 'bash',
      brew: 'bash',
    });
  }
}

/** Does this C source compile and link with these flags? */
export function links(source, flags) {
  const directory = mkdtempSync(join(tmpdir(), 'rdkafka-rx-check-'));
  try {
    const file = join(directory, 'check.c');
    writeFileSync(file, source);
    return run(cc, [file, '-o', join(directory, 'check'), ...flags], { stdio: 'ignore' }).status === 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * A static archive that can go into the addon: the compiler finds it, and what the symbols pull in links into a shared object the way
 * binding.gyp links (-Bsymbolic: distributions build some archives without -fPIC, which suffices for symbols that cannot be replaced).
 */
export function staticArchive(name, symbols, searchFlags) {
  const searched = searchFlags.filter((flag) => flag.startsWith('-L')).map((flag) => join(flag.slice(2), name));
  const printed = run(cc, [`-print-file-name=${name}`]).stdout?.trim() ?? '';
  const found = [...searched, printed].find((candidate) => candidate.includes('/') && existsSync(candidate));
  if (!found) return null;
  const path = realpathSync(found);
  const mac = process.platform === 'darwin';
  const wanted = symbols.map((symbol) => `-Wl,-u,${mac ? '_' : ''}${symbol}`);
  const flags = mac ? ['-undefined', 'dynamic_lookup'] : ['-Wl,-Bsymbolic', '-Wl,--exclude-libs,ALL', '-Wl,-z,text'];
  return links('int rdkafka_rx_check;', ['-shared', '-fPIC', ...flags, ...wanted, path]) ? path : null;
}

export function pkgConfig(args, env = {}) {
  const result = spawnSync('pkg-config', args, { encoding: 'utf8', env: { ...process.env, ...env } });
  return result.status === 0 ? result.stdout.trim().split(/\s+/).filter(Boolean) : null;
}

/** Node's headers: what npm is told to use, else those beside the executable (official archives and distributions have them). */
export function nodeHeaders() {
  const roots = [
    process.env.npm_config_nodedir,
    process.env.npm_package_config_node_gyp_nodedir,
    join(dirname(process.execPath), '..'),
  ];
  const root = roots.find((candidate) => candidate && existsSync(join(candidate, 'include/node/node_api.h')));
  return root ? { root, include: join(root, 'include/node') } : null;
}

export const compilerId = () =>
  process.platform === 'win32'
    ? (process.env.VCToolsVersion ?? 'msvc')
    : execFileSync('sh', ['-c', `${cc} --version; ${cxx} --version`], { encoding: 'utf8' });
