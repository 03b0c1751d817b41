// Fetches a pinned source of librdkafka and builds it into a directory, in one atomic step.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildCurl } from './librdkafka-curl.mjs';
import { BuildError, cc, run, say, step } from './toolchain.mjs';

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** A build takes minutes. After this long a lock was left behind, and somebody else has its owner's number by now. */
const LOCK_MS = 3_600_000;

/** One builder at a time per directory; a lock whose owner has died is taken over. The second builder finds the directory there and has nothing to do. */
export async function withLock(target, build, what = 'librdkafka') {
  const lock = `${target}.lock`;
  mkdirSync(dirname(target), { recursive: true });
  let told = false;
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = Number(readOrEmpty(lock));
    if (owner > 0 && (!alive(owner) || ageOf(lock) > LOCK_MS)) {
      rmSync(lock, { force: true });
      continue;
    }
    if (!told) say(`another build (process ${owner}) is making ${what}: waiting for it.`);
    told = true;
    await delay(500);
  }
  try {
    if (!existsSync(target)) await build();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Since it was written, in ms; 0 when it is gone. */
const ageOf = (path) => Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());

const readOrEmpty = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

export async function buildInto(prefix, recipe) {
  const work = mkdtempSync(`${prefix}.build-`);
  try {
    say(`building librdkafka ${recipe.version} once into ${prefix} (about a minute on two cores) ...`);
    const log = `${prefix}.log`;
    rmSync(log, { force: true });
    const source = fetchSource(work, recipe);
    const curl = recipe.curl && buildCurl(work, recipe, log);
    compile(source, work, curl, recipe, log);
    const staged = join(work, 'out');
    mkdirSync(join(staged, 'include/librdkafka'), { recursive: true });
    mkdirSync(join(staged, 'lib'));
    mkdirSync(join(staged, 'doc'));
    for (const header of ['rdkafka.h', 'rdkafka_mock.h'])
      cpSync(join(source, 'src', header), join(staged, 'include/librdkafka', header));
    cpSync(join(source, 'src/librdkafka.a'), join(staged, 'lib/librdkafka.a'));
    if (curl) cpSync(curl.archive, join(staged, 'lib/libcurl.a'));
    for (const page of ['CONFIGURATION.md', 'STATISTICS.md', 'LICENSES.txt'])
      cpSync(join(source, page), join(staged, 'doc', page));
    cpSync(join(source, 'config.h'), join(staged, 'doc/config.h'));
    writeFileSync(join(staged, 'recipe.json'), `${JSON.stringify(recipe, null, 2)}\n`);
    renameSync(staged, prefix);
    // Only a failed build leaves its log behind.
    rmSync(log, { force: true });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The source alone, in a directory of the caller's. */
export function unpackInto(directory, recipe) {
  if (!directory || existsSync(directory)) throw new BuildError('give a directory that does not exist yet.');
  mkdirSync(dirname(directory), { recursive: true });
  const work = mkdtempSync(`${directory}.`);
  try {
    renameSync(fetchSource(work, recipe), directory);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** `npm pack` uses the registry, proxy and certificates npm is configured with, runs nothing of the package and installs none of its dependencies. */
function fetchSource(work, recipe) {
  const npm =
    process.env.npm_execpath?.endsWith('.js') && /npm-cli/.test(process.env.npm_execpath)
      ? [process.execPath, process.env.npm_execpath]
      : ['npm'];
  const args = [...npm.slice(1), 'pack', recipe.package, '--ignore-scripts', '--silent', '--pack-destination', work];
  // Outside the checkout: its package.json must not have a say, and `npm ci --dry-run` style settings of the caller neither.
  const packed = spawnSync(npm[0], args, {
    cwd: work,
    encoding: 'utf8',
    // npm is a batch file there.
    shell: process.platform === 'win32' && npm[0] === 'npm',
    env: { ...process.env, npm_config_dry_run: '' },
  });
  const archive = readdirSync(work).find((name) => name.endsWith('.tgz'));
  if (packed.status !== 0 || !archive) {
    const reason = (packed.stderr || packed.error?.message || '').trim().split('\n').at(-1);
    throw new BuildError(
      `could not fetch ${recipe.package} (librdkafka's source) through npm${reason ? `: ${reason}` : ''}. Check the connection, or use an installed librdkafka with RDKAFKA_RX_LIBRDKAFKA=system or =/prefix.`,
    );
  }
  const digest = `sha512-${createHash('sha512')
    .update(readFileSync(join(work, archive)))
    .digest('base64')}`;
  if (digest !== recipe.integrity)
    throw new BuildError(`${recipe.package} has the wrong integrity: expected ${recipe.integrity}, got ${digest}.`);
  const untar = spawnSync('tar', ['-xzf', join(work, archive), '-C', work, recipe.directory], { encoding: 'utf8' });
  if (untar.status !== 0) throw new BuildError(`could not unpack ${archive}: ${untar.stderr || untar.error?.message}`);
  return join(work, recipe.directory);
}

function compile(source, work, curl, recipe, log) {
  const { dependencies, cflags, sanitize } = recipe;
  const { cppflags, ldflags } = curl
    ? { cppflags: [`-I${curl.include}`], ldflags: [`-L${dirname(curl.archive)}`] }
    : stubLibraries(work, dependencies);
  const on = (mode) => (mode === 'none' ? 'disable' : 'enable');
  // An archive is named by its path, which configure does not take: it looks for libraries by name. curl's and the stand-ins come first,
  // for where the archives lie other libraries of those names may lie, too.
  const archives = dependencies.libs.filter((lib) => isAbsolute(lib)).map((lib) => `-L${dirname(lib)}`);
  const search = [...new Set([...ldflags, ...dependencies.libs.filter((flag) => flag.startsWith('-L')), ...archives])];
  const options = [
    '--disable-lz4-ext',
    '--disable-gssapi',
    `--${on(dependencies.tls)}-ssl`,
    `--${on(dependencies.zlib)}-zlib`,
    `--${on(dependencies.zstd)}-zstd`,
    `--${on(dependencies.curl)}-curl`,
    // ThreadSanitizer does not know glibc's C11 threads.
    ...(sanitize ? ['--disable-c11threads'] : []),
    `--CFLAGS=${cflags.join(' ')}`,
    `--CPPFLAGS=${[...dependencies.cflags, ...cppflags, ...(dependencies.tls === 'static' ? ['-DWITH_STATIC_LIB_libcrypto=1'] : [])].join(' ')}`,
    `--LDFLAGS=${[...search, ...(sanitize ? [`-fsanitize=${sanitize}`] : [])].join(' ')}`,
  ];
  // An empty pkg-config path: what to link was decided already, configure only has to agree.
  const env = { ...process.env, PKG_CONFIG_PATH: '', PKG_CONFIG_LIBDIR: work, MAKEFLAGS: '', MAKELEVEL: '' };
  step('configure of librdkafka', 'bash', ['./configure', ...options], { cwd: source, env, log });
  verifyFeatures(join(source, 'config.h'), dependencies, log);
  step('make of librdkafka', 'make', ['-C', 'src', `-j${availableParallelism()}`, 'librdkafka.a'], {
    cwd: source,
    env,
    log,
  });
}

/**
 * With the OpenSSL or zlib inside Node there is nothing to link yet: their symbols resolve from the node executable when the addon loads.
 * configure gets empty archives of those names to find, and a directory that has Node's openssl/ and zlib headers only.
 */
function stubLibraries(work, dependencies) {
  const names = [
    ...(dependencies.tls === 'node' ? ['ssl', 'crypto'] : []),
    ...(dependencies.zlib === 'node' ? ['z'] : []),
  ];
  if (names.length === 0) return { cppflags: [], ldflags: [] };
  const directory = join(work, 'node-libraries');
  mkdirSync(directory);
  const headers = [
    ...(dependencies.tls === 'node' ? ['openssl'] : []),
    ...(dependencies.zlib === 'node' ? ['zlib.h', 'zconf.h'] : []),
  ];
  for (const header of headers) symlinkSync(join(dependencies.nodeInclude, header), join(directory, header));
  writeFileSync(join(directory, 'empty.c'), 'int rdkafka_rx_empty;\n');
  run(cc, ['-c', 'empty.c', '-o', 'empty.o'], { cwd: directory });
  for (const name of names) run('ar', ['rc', `lib${name}.a`, 'empty.o'], { cwd: directory });
  return { cppflags: [`-I${directory}`], ldflags: [`-L${directory}`] };
}

/** configure disables in silence what it does not find: a feature that was chosen and is not in is an error here. */
function verifyFeatures(config, dependencies, log) {
  const text = readFileSync(config, 'utf8');
  const defines = { tls: 'WITH_SSL', zlib: 'WITH_ZLIB', zstd: 'WITH_ZSTD', curl: 'WITH_CURL' };
  for (const [name, define] of Object.entries(defines)) {
    const built = new RegExp(`^#define ${define} 1`, 'm').test(text);
    if (built !== (dependencies[name] !== 'none'))
      throw new BuildError(`librdkafka's configure did not agree about ${name} (${define}); see ${log}.`);
  }
}
