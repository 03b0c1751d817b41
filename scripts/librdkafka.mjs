// Where librdkafka comes from. `node scripts/librdkafka.mjs include|path|libs|defines|docs|describe [sanitizer]` prints what binding.gyp
// and the generators need, building the library first when it is not in the cache.
//
//   RDKAFKA_RX_LIBRDKAFKA=(unset)    the newest of the pinned sources below, built once, static, into RDKAFKA_RX_CACHE
//                                    (default ~/.cache/rdkafka-rx)
//   RDKAFKA_RX_LIBRDKAFKA=2.8.0      another one of them
//   RDKAFKA_RX_LIBRDKAFKA=system     the system's, through pkg-config
//   RDKAFKA_RX_LIBRDKAFKA=/prefix    an installed one; the only way on Windows
//
// `node scripts/librdkafka.mjs source <directory>` unpacks the newest source there, for a build by other means.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseDependencies } from './dependencies.mjs';
import { buildInto, unpackInto, withLock } from './librdkafka-build.mjs';
import { pinnedCurl } from './librdkafka-curl.mjs';
import { BuildError, cc, compilerId, cxx, installHint, pkgConfig, requireToolchain, say } from './toolchain.mjs';

const source = (version, name, integrity) => ({
  package: name,
  integrity,
  directory: 'package/deps/librdkafka',
  version,
});

/**
 * Sources of librdkafka that npm packages carry. Only those files are used: none of a package's scripts run, none of its
 * dependencies are installed. The newest is what the addon has; the others are there to try it on them.
 */
export const newest = source(
  '2.15.1',
  '@confluentinc/kafka-javascript@1.10.1',
  'sha512-KVePUBn21EqCVP9mfxzEuM3SYJHHEF7X+iiC2e43QQgDSyEaksInmCGooT3w5q+cNAdkSCrK71j0ICfqoSqZLw==',
);
const older = [
  source(
    '2.6.1',
    '@confluentinc/kafka-javascript@1.0.0',
    'sha512-rMcoeTnQ3YtyFaJ5CsHZvwRC7SCleIk6fZ5sNh5cDbZa2ocuukyO5J5pIhyrUW1FwHm/sauLuXPgwS8xrfiBDQ==',
  ),
  source(
    '2.8.0',
    '@confluentinc/kafka-javascript@1.2.0',
    'sha512-F5nlX282Cl7pDKbgbBJwPJtJm/+Mf0pn9h/hrkcjpeCiwRi3UjNXZE698tLOYwG4RnbDV7ECZ01FFpXHaMqP4Q==',
  ),
];
const sources = [...older, newest];
export const versions = sources.map(({ version }) => version);
export const pinnedSource = (wanted) => sources.find(({ version }) => version === wanted);

const oldest = {
  version: '2.6.1',
  reason: 'versions before 2.6.1 lose messages that are consumed in batches and cannot log in to Kafka 4 with SCRAM',
};
const refused = { '2.10.0': 'it can bootstrap in an endless loop' };

export const cacheRoot = () =>
  process.env.RDKAFKA_RX_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'rdkafka-rx');

/**
 * @returns {{ version: string, source: string, include: string, libs: string[], defines: string[], docs: string | null, features: string[], missing: string[] }}
 */
export async function librdkafka(sanitize = '') {
  const wanted = process.env.RDKAFKA_RX_LIBRDKAFKA?.trim() || '';
  requireToolchain(isAbsolute(wanted));
  return checkVersion(await find(wanted, sanitize));
}

function find(wanted, sanitize) {
  const pinned = wanted === '' ? newest : pinnedSource(wanted);
  if (pinned) return fromPinnedSource(pinned, sanitize);
  return wanted === 'system' ? fromSystem() : fromPrefix(wanted);
}

async function fromPinnedSource(pinned, sanitize) {
  const { missing, ...dependencies } = chooseDependencies(sanitize);
  const cflags = ['-O2', '-g', '-fPIC', '-fvisibility=hidden', '-fstack-protector-strong'];
  if (sanitize) cflags.push(`-fsanitize=${sanitize}`, '-fno-omit-frame-pointer');
  const curl = dependencies.curl === 'static' && { curl: pinnedCurl };
  const recipe = { ...pinned, ...curl, cflags, dependencies, cc, cxx, compiler: compilerId(), sanitize, revision: 1 };
  const key = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12);
  const prefix = join(cacheRoot(), `librdkafka-${pinned.version}-${key}`);
  if (!existsSync(prefix)) await withLock(prefix, () => buildInto(prefix, recipe));
  return {
    version: headerVersion(join(prefix, 'include')),
    source: `${pinned.package}, static (${prefix})`,
    include: join(prefix, 'include'),
    libs: [
      join(prefix, 'lib/librdkafka.a'),
      ...(curl ? [join(prefix, 'lib/libcurl.a'), ...curlLibs] : []),
      ...dependencies.libs,
      ...systemLibs,
    ],
    defines: dependencies.defines,
    docs: join(prefix, 'doc'),
    features: dependencies.features,
    missing,
  };
}

const curlLibs =
  process.platform === 'darwin'
    ? ['CoreFoundation', 'CoreServices', 'SystemConfiguration'].map((name) => `-Wl,-framework,${name}`)
    : [];
const systemLibs = process.platform === 'darwin' ? ['-lpthread'] : ['-lpthread', '-lm', '-ldl', '-lrt'];

function fromSystem() {
  const names = {
    apt: 'librdkafka-dev',
    dnf: 'librdkafka-devel',
    apk: 'librdkafka-dev',
    pacman: 'librdkafka',
    brew: 'librdkafka',
  };
  const libs = pkgConfig(['--libs', 'rdkafka']);
  if (!libs) {
    throw new BuildError(
      `RDKAFKA_RX_LIBRDKAFKA=system needs pkg-config and librdkafka's headers: install them with \`${installHint(names)} pkg-config\`.`,
    );
  }
  const includes = [
    ...(pkgConfig(['--cflags-only-I', 'rdkafka']) ?? []).map((flag) => flag.slice(2)),
    '/usr/include',
    '/usr/local/include',
  ];
  const include = includes.find((directory) => existsSync(join(directory, 'librdkafka/rdkafka.h')));
  if (!include) throw new BuildError('pkg-config knows rdkafka, but librdkafka/rdkafka.h is not where it says.');
  return {
    version: headerVersion(include),
    source: 'system, through pkg-config',
    include,
    libs,
    defines: [],
    docs: null,
    features: [],
    missing: [],
  };
}

function fromPrefix(prefix) {
  if (!isAbsolute(prefix)) {
    throw new BuildError(
      `RDKAFKA_RX_LIBRDKAFKA is '${prefix}': give 'system', an absolute prefix, one of ${versions.join(', ')}, or nothing for the newest of these.`,
    );
  }
  const include = join(prefix, 'include');
  if (!existsSync(join(include, 'librdkafka/rdkafka.h'))) {
    throw new BuildError(
      `RDKAFKA_RX_LIBRDKAFKA=${prefix} has no include/librdkafka/rdkafka.h: install librdkafka there, or unset the variable.`,
    );
  }
  const directory = ['lib', 'lib64', ...multiarch(prefix)]
    .map((name) => join(prefix, name))
    .find((path) => libraryIn(path));
  if (!directory)
    throw new BuildError(
      `RDKAFKA_RX_LIBRDKAFKA=${prefix} has neither librdkafka-static.a nor a shared librdkafka in its lib directory.`,
    );
  const library = libraryIn(directory);
  // librdkafka-static.a is self-contained apart from what its build could only link dynamically: its .pc file names that.
  const libs = library.endsWith('.lib')
    ? [...archivesIn(directory), ...windowsLibs]
    : library.endsWith('.a')
      ? [library, ...privateLibs(directory), ...systemLibs]
      : [`-L${directory}`, '-lrdkafka', `-Wl,-rpath,${directory}`];
  return {
    version: headerVersion(include),
    source: `prefix ${prefix}`,
    include,
    libs,
    defines: library.endsWith('.lib') ? ['LIBRDKAFKA_STATICLIB'] : [],
    docs: null,
    features: [],
    missing: [],
  };
}

/** On Windows an archive does not say what else it needs: everything beside it does, and these of the system. */
const archivesIn = (directory) =>
  readdirSync(directory)
    .filter((name) => /\.lib$/i.test(name))
    .map((name) => join(directory, name));
const windowsLibs = ['ws2_32', 'secur32', 'crypt32', 'bcrypt', 'user32', 'advapi32', 'iphlpapi'].map(
  (name) => `${name}.lib`,
);

const multiarch = (prefix) =>
  existsSync(join(prefix, 'lib'))
    ? readdirSync(join(prefix, 'lib'))
        .filter((name) => name.includes('-linux-'))
        .map((name) => `lib/${name}`)
    : [];

function libraryIn(directory) {
  const names = ['librdkafka-static.a', 'librdkafka.so', 'librdkafka.dylib', 'rdkafka.lib'];
  const name = names.find((candidate) => existsSync(join(directory, candidate)));
  return name ? realpathSync(join(directory, name)) : null;
}

function privateLibs(directory) {
  const env = { PKG_CONFIG_PATH: join(directory, 'pkgconfig') };
  return (pkgConfig(['--libs-only-l', 'rdkafka-static'], env) ?? []).filter((flag) => flag !== '-lrdkafka');
}

/** RD_KAFKA_VERSION is 0xMMmmrrxx; xx is 0xff in a release. */
function headerVersion(include) {
  const text = readFileSync(join(include, 'librdkafka/rdkafka.h'), 'utf8');
  const hex = /^#define\s+RD_KAFKA_VERSION\s+0x([0-9a-f]{8})/im.exec(text)?.[1];
  if (!hex) throw new BuildError(`${include}/librdkafka/rdkafka.h does not define RD_KAFKA_VERSION.`);
  return [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.');
}

const order = (version) => version.split('.').reduce((sum, part) => sum * 1000 + Number(part), 0);

function checkVersion(found) {
  const way = 'unset RDKAFKA_RX_LIBRDKAFKA to build the newest version';
  const reason = refused[found.version] ?? (order(found.version) < order(oldest.version) ? oldest.reason : null);
  if (reason)
    throw new BuildError(`librdkafka ${found.version} (${found.source}) is refused because ${reason}: ${way}.`);
  return found;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [what = 'describe', sanitize = ''] = process.argv.slice(2);
  try {
    if (what === 'source') {
      unpackInto(sanitize, newest);
      process.exit();
    }
    const found = await librdkafka(sanitize);
    // -isystem: warnings of librdkafka's own header are not ours. The compiler's default directory must not be named so.
    const include = found.include === '/usr/include' ? '' : `-isystem${found.include}`;
    const lines = {
      include,
      path: found.include,
      libs: found.libs.join(' '),
      defines: found.defines.join(' '),
      docs: found.docs ?? '',
    };
    process.stdout.write(`${lines[what] ?? JSON.stringify(found, null, 2)}\n`);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}
