// Another platform's compiler and libraries, for `npm run prebuild -- --platform linux-x64-musl`: zig compiles for every Linux, and the
// sources of OpenSSL, zlib and Zstandard are pinned, as librdkafka's and curl's are. Each is built once, static, into RDKAFKA_RX_CACHE.
//
//   RDKAFKA_RX_ZIG=/path/to/zig    default: `zig`, else the Python package ziglang (`pip install ziglang==0.17.1`)
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cacheRoot } from './librdkafka.mjs';
import { withLock } from './librdkafka-build.mjs';
import { fetchCrate } from './librdkafka-curl.mjs';
import { BuildError, installHint, run, say, step, which } from './toolchain.mjs';

/** What zig and OpenSSL call each platform. The glibc of a target is the floor that the packages promise. */
const targets = {
  'linux-x64-glibc': { zig: 'x86_64-linux-gnu.2.34', openssl: 'linux-x86_64' },
  'linux-arm64-glibc': { zig: 'aarch64-linux-gnu.2.34', openssl: 'linux-aarch64' },
  'linux-x64-musl': { zig: 'x86_64-linux-musl', openssl: 'linux-x86_64' },
  'linux-arm64-musl': { zig: 'aarch64-linux-musl', openssl: 'linux-aarch64' },
};
export const crossTargets = Object.keys(targets);

/** Rust's packages of these libraries carry their sources, and a published version of one never changes. */
export const pinnedLibraries = {
  OpenSSL: {
    package: 'openssl-src',
    version: '300.6.1+3.6.3',
    sha256: '46eb8fb9fb3b61ce1c0f8a026c4c1a0714d3a9e138e7fbde78753ce2babc3846',
  },
  zlib: {
    package: 'libz-sys',
    version: '1.1.33',
    sha256: 'fee3f59f4321dab0c78d828942e7aa09d0bd8ad6e78a501977e6bf3d02938045',
  },
  Zstandard: {
    package: 'zstd-sys',
    version: '2.1.3+zstd.1.5.7',
    sha256: 'f729a06d0257428fd9d997ac8db7e1407bd0262ab016b085b36bc52957c0052d',
  },
};

/** @throws BuildError with the command that installs zig */
function findZig() {
  const named = process.env.RDKAFKA_RX_ZIG?.trim();
  const script = 'import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), "zig"))';
  const packaged = () => run('python3', ['-c', script]).stdout?.trim();
  const zig = named || (which('zig') ? 'zig' : packaged());
  const version = zig ? run(zig, ['version']) : null;
  if (version?.status === 0) return { zig, version: version.stdout.trim() };
  throw new BuildError(
    named
      ? `RDKAFKA_RX_ZIG is '${named}', which does not run as zig.`
      : 'building for another platform needs zig: install it with `pip install ziglang==0.17.1`.',
  );
}

/**
 * The environment in which the build scripts make the addon of `platform`: compilers for it, and pkg-config that finds its libraries alone.
 * Builds the libraries when they are not in the cache.
 */
export async function crossEnvironment(platform) {
  const target = targets[platform];
  if (!target) throw new BuildError(`zig does not build for ${platform} here: give one of ${crossTargets.join(', ')}.`);
  const { zig, version } = findZig();
  const tools = { perl: 'perl', make: 'make', cargo: 'cargo', cmake: 'cmake', 'pkg-config': 'pkg-config' };
  for (const [tool, name] of Object.entries(tools))
    if (!which(tool))
      throw new BuildError(
        `building for another platform needs ${tool}: install it with \`${installHint({ apt: name, apk: name, dnf: name, pacman: name, brew: name })}\`.`,
      );
  const recipe = { target, pinnedLibraries, zig, version, revision: 2 };
  const key = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12);
  const prefix = join(cacheRoot(), `cross-${platform}-${key}`);
  if (!existsSync(prefix)) await withLock(prefix, () => buildLibraries(prefix, recipe), `the libraries of ${platform}`);
  const bin = join(prefix, 'bin');
  writeTools(bin, zig, target);
  const at = (name) => join(bin, name);
  return {
    CC: at('cc'),
    CXX: at('c++'),
    AR: at('ar'),
    RANLIB: at('ranlib'),
    PKG_CONFIG_PATH: join(prefix, 'lib/pkgconfig'),
    PKG_CONFIG_LIBDIR: join(prefix, 'lib/pkgconfig'),
    // The linker strips the addon: this machine's `strip` may not know the processor.
    LDFLAGS: '-s',
    RDKAFKA_RX_CROSS: platform,
  };
}

/**
 * Compilers as one word each, for configure scripts, CMake and gyp. zig's linker refuses --exclude-libs, where the version script of the
 * addon hides the same symbols, and `-z text`, which it always does. It knows no file names, and clang would answer with this machine's.
 */
function writeTools(bin, zig, { zig: target }) {
  mkdirSync(bin, { recursive: true });
  const write = (name, ...lines) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${lines.join('\n')}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  for (const [name, command] of [
    ['cc', 'cc'],
    ['c++', 'c++'],
  ])
    write(
      name,
      'case "$1" in -print-file-name=*) echo && exit ;; esac',
      'for argument do',
      '  shift',
      '  case "$argument" in -Wl,--exclude-libs,ALL | -Wl,-z,text | -m64 | -static-libstdc++) ;; *) set -- "$@" "$argument" ;; esac',
      'done',
      `exec ${zig} ${command} -target ${target} "$@"`,
    );
  for (const name of ['ar', 'ranlib']) write(name, `exec ${zig} ${name} "$@"`);
}

function buildLibraries(prefix, recipe) {
  const work = mkdtempSync(`${prefix}.build-`);
  const log = `${prefix}.log`;
  try {
    say(`building OpenSSL, zlib and Zstandard once for ${recipe.target.zig} (some minutes) ...`);
    rmSync(log, { force: true });
    // In the directory where they end up the tools have the paths that scripts will remember.
    const staged = join(work, 'out');
    const bin = join(staged, 'bin');
    writeTools(bin, recipe.zig, recipe.target);
    for (const directory of ['include', 'lib/pkgconfig', 'doc'])
      mkdirSync(join(staged, directory), { recursive: true });
    const sources = Object.fromEntries(
      Object.entries(pinnedLibraries).map(([name, pinned]) => [name, fetchCrate(work, pinned, log)]),
    );
    const build = { work, staged, bin, log };
    buildZlib(join(sources.zlib, 'src/zlib'), build);
    buildZstd(join(sources.Zstandard, 'zstd'), build);
    buildOpenssl(join(sources.OpenSSL, 'openssl'), recipe.target.openssl, build);
    for (const [module, libraries] of Object.entries({ openssl: '-lssl -lcrypto', zlib: '-lz', libzstd: '-lzstd' }))
      writeFileSync(
        join(staged, 'lib/pkgconfig', `${module}.pc`),
        `Name: ${module}\nDescription: ${module}\nVersion: 0\nCflags: -I${prefix}/include\nLibs: -L${prefix}/lib ${libraries}\n`,
      );
    renameSync(staged, prefix);
    rmSync(log, { force: true });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const flags = ['-O2', '-fPIC', '-fvisibility=hidden', '-fstack-protector-strong'];

/** Compiles every source into one archive. */
function archive(name, sources, options, { work, staged, bin, log }) {
  const directory = join(work, name);
  mkdirSync(directory);
  const objects = sources.map((source, at) => {
    const object = join(directory, `${at}.o`);
    step(`compiling ${source}`, join(bin, 'cc'), [...flags, ...options, '-c', source, '-o', object], { log });
    return object;
  });
  step(`archiving ${name}`, join(bin, 'ar'), ['rcs', join(staged, 'lib', name), ...objects], { log });
}

const sourcesIn = (directory) =>
  readdirSync(directory)
    .filter((name) => /\.[cS]$/.test(name))
    .sort()
    .map((name) => join(directory, name));

function buildZlib(source, build) {
  archive('libz.a', sourcesIn(source), ['-D_LARGEFILE64_SOURCE=1', '-DHAVE_UNISTD_H', '-DHAVE_STDARG_H'], build);
  for (const header of ['zlib.h', 'zconf.h']) cpSync(join(source, header), join(build.staged, 'include', header));
  cpSync(join(source, 'LICENSE'), join(build.staged, 'doc/zlib.txt'));
}

function buildZstd(source, build) {
  const sources = ['common', 'compress', 'decompress'].flatMap((part) => sourcesIn(join(source, 'lib', part)));
  archive('libzstd.a', sources, [], build);
  for (const header of ['zstd.h', 'zstd_errors.h', 'zdict.h'])
    if (existsSync(join(source, 'lib', header)))
      cpSync(join(source, 'lib', header), join(build.staged, 'include', header));
}

function buildOpenssl(source, target, { staged, bin, log }) {
  const env = { ...process.env, CC: join(bin, 'cc'), AR: join(bin, 'ar'), RANLIB: join(bin, 'ranlib'), MAKEFLAGS: '' };
  // no-module: the legacy provider, which old PKCS#12 files need, is inside, as a static addon cannot bring a second file. no-async: musl has
  // no ucontext. The directory of the authorities is that of Debian, Alpine and others, not one below the prefix.
  const options = [
    'no-shared',
    'no-module',
    'no-async',
    'no-afalgeng',
    'no-padlockeng',
    'no-tests',
    'no-apps',
    'no-docs',
  ].concat('--openssldir=/etc/ssl', '-fvisibility=hidden');
  const arguments_ = ['./Configure', target, ...options, `--prefix=${staged}`, '--libdir=lib'];
  step('configure of OpenSSL', 'perl', arguments_, { cwd: source, env, log });
  step('make of OpenSSL', 'make', [`-j${availableParallelism()}`, 'build_libs'], { cwd: source, env, log });
  for (const name of ['libssl.a', 'libcrypto.a']) cpSync(join(source, name), join(staged, 'lib', name));
  cpSync(join(source, 'include/openssl'), join(staged, 'include/openssl'), { recursive: true });
  cpSync(join(source, 'LICENSE.txt'), join(staged, 'doc/openssl.txt'));
}
