// Makes the package of the platform it runs on in build/packages/, to be published: builds the addon with everything static, strips
// it, and checks what it is: which symbols it shows, what it needs from the system, which glibc, how large.
//   npm run prebuild -- --any-glibc     only says it when the addon asks for a newer glibc than is promised: for this machine, not to publish
//   npm run prebuild -- --platform linux-arm64-musl --node 'qemu-aarch64-static -L ROOT ROOT/bin/node'
//                                       another Linux, by zig (scripts/cross.mjs). `--node` runs JavaScript as that platform does: the
//                                       addon is loaded by it, and produces and consumes. `--untried` in its place leaves that out.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildAddon } from './build-native.mjs';
import { crossEnvironment, crossTargets, pinnedLibraries } from './cross.mjs';
import { chooseDependencies, requireArchives } from './dependencies.mjs';
import { librdkafka, newest, pinnedSource } from './librdkafka.mjs';
import { pinnedCurl } from './librdkafka-curl.mjs';
import {
  glibcFloor,
  limits,
  manifest,
  packageName,
  platformManifest,
  platforms,
  root,
  thisPlatform,
} from './platforms.mjs';
import { billOfMaterials, debianPackage } from './sbom.mjs';
import { BuildError, compilerId, crossPlatform, requireToolchain, run, say } from './toolchain.mjs';

/** What the loader of each platform always has. Anything else might not be there, or be another version. */
const systemLibraries = {
  linux: /^(libc|libm|libdl|librt|libpthread|libgcc_s)\.so|^ld-linux|^libc\.musl-|^ld-musl/,
  darwin:
    /^\/usr\/lib\/lib(System|c\+\+|resolv)\b|^\/System\/Library\/Frameworks\/|^@rpath\/rdkafka_rx|rdkafka_rx\.node$/,
};
const entryPoints = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
const features = [
  'gzip',
  'snappy',
  'ssl',
  'sasl',
  'lz4',
  'zstd',
  'sasl_plain',
  'sasl_scram',
  'sasl_oauthbearer',
  'oidc',
];

function output(program, ...args) {
  const result = run(program, args, { maxBuffer: 1 << 26 });
  if (result.status !== 0)
    throw new BuildError(`${program} ${args.join(' ')} failed: ${result.stderr ?? result.error}`);
  return result.stdout;
}

/** The newest version of glibc that a symbol of this binary asks for, as `objdump -T` prints it. */
export function neededGlibc(file) {
  const versions = [...output('objdump', '-T', file).matchAll(/\(?GLIBC_(\d+\.\d+)/g)].map((match) => match[1]);
  return versions.sort((a, b) => order(a) - order(b)).at(-1) ?? null;
}

const order = (version) => version.split('.').reduce((sum, part) => sum * 1000 + Number(part), 0);

function checkLinux(file, libc) {
  const dynamic = output('objdump', '-T', file).split('\n');
  const shown = dynamic.filter((line) => / g .*DF? .*\.text/.test(line)).map((line) => line.trim().split(/\s+/).at(-1));
  refuse(
    'shows other symbols than its entry points',
    shown.filter((name) => !entryPoints.includes(name)),
  );
  refuse(
    'lacks an entry point',
    entryPoints.filter((name) => !shown.includes(name)),
  );
  // Weak ones are hooks that may stay empty.
  const wanted = dynamic
    .filter((line) => /^\S+ (?! w).*\*UND\*/.test(line))
    .map((line) => line.trim().split(/\s+/).at(-1));
  const foreign = /^(SSL|TLS|EVP|X509|BIO|PEM|OPENSSL|CRYPTO|ZSTD|LZ4|curl|inflate|deflate|rd_kafka)_?|^_ZN2v8|^uv_/;
  refuse(
    'takes from the process what should be inside',
    wanted.filter((name) => foreign.test(name)),
  );
  const needed = [...output('objdump', '-p', file).matchAll(/NEEDED\s+(\S+)/g)].map((match) => match[1]);
  refuse(
    'needs libraries that a system may not have',
    needed.filter((name) => !systemLibraries.linux.test(name)),
  );
  if (libc !== 'glibc') return libc;
  const glibc = neededGlibc(file);
  if (order(glibc) > order(glibcFloor)) {
    const short = `the addon needs glibc ${glibc}, and ${glibcFloor} is promised`;
    if (!process.argv.includes('--any-glibc'))
      throw new BuildError(
        `${short}: build on an older system, or make a package for this machine with \`npm run prebuild -- --any-glibc\`.`,
      );
    say(`${short}: a package for this machine, not to be published.`);
  }
  return `glibc ${glibc} or newer`;
}

function checkMac(file) {
  const shown = output('nm', '-gU', file)
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/).at(-1).replace(/^_/, ''));
  refuse(
    'shows other symbols than its entry points',
    shown.filter((name) => !entryPoints.includes(name)),
  );
  const needed = output('otool', '-L', file)
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(' ')[0]);
  refuse(
    'needs libraries that a system may not have',
    needed.filter((name) => !systemLibraries.darwin.test(name)),
  );
  return `macOS ${/minos (\S+)/.exec(output('otool', '-l', file))?.[1] ?? '12.0'} or newer`;
}

function refuse(what, names) {
  if (names.length > 0) throw new BuildError(`the addon ${what}: ${names.slice(0, 10).join(', ')}.`);
}

/** In a process of its own, so that what is stripped is what is asked. @param node the command that runs JavaScript on the platform */
function askAddon(file, node) {
  const script =
    'const a = require(process.argv.at(-1)); console.log(JSON.stringify([a.version, a.builtinFeatures()]))';
  const [version, built] = JSON.parse(output(...node, '-e', script, file));
  refuse(
    'was built without',
    features.filter((name) => !built.split(',').includes(name)),
  );
  return version;
}

/** Produces and consumes on the embedded cluster, as a user of the platform would. */
function tryAddon(file, node) {
  const program = join(root, 'dist-examples/start.js');
  const env = { ...process.env, RDKAFKA_RX_ADDON: file };
  const [command, ...args] = node;
  const result = run(command, [...args, program, '--messages', '100000'], { env });
  if (result.status !== 0)
    throw new BuildError(`the addon does not produce and consume: ${result.stdout}${result.stderr ?? result.error}`);
}

const argument = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : (process.argv[at + 1] ?? '');
};

/** What runs JavaScript on the package's platform; null where nothing does. */
function runtime(platform) {
  const named = argument('--node')?.split(/\s+/).filter(Boolean);
  if (named?.length) return named;
  if (!crossPlatform || packageName(platform) === packageName(thisPlatform())) return [process.execPath];
  if (process.argv.includes('--untried')) return null;
  throw new BuildError(
    `the addon of ${crossPlatform} does not load here: say with --node by which command it does, such as \`--node 'qemu-aarch64-static -L ROOT ROOT/bin/node'\`, or make the package with --untried.`,
  );
}

/** The platform of `linux-x64-musl`. @throws BuildError when there is no package of that name */
function platformOf(name) {
  const found = platforms.find((one) => packageName(one) === `@rdkafka-rx/${name}`);
  if (found) return found;
  throw new BuildError(`there is no platform '${name}': give one of ${crossTargets.join(', ')}.`);
}

/** For another platform the same again, in an environment that has its compilers. */
async function prebuildFor(name) {
  platformOf(name);
  const env = { ...process.env, ...(await crossEnvironment(name)) };
  const { status } = spawnSync(process.execPath, process.argv.slice(1), { env, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

/** npm runs a script of this name before every `npm run build` too, where nobody asked for a package. npm's title has the command. */
function isHook() {
  for (let pid = process.ppid, hops = 0; pid > 1 && hops < 3; hops++) {
    const [, parent, command = ''] =
      /^\s*(\d+)\s+(.*)/.exec(run('ps', ['-o', 'ppid=,args=', '-p', String(pid)]).stdout ?? '') ?? [];
    if (/^npm run/.test(command)) return !/\bprebuild\b/.test(command);
    pid = Number(parent ?? 0);
  }
  return false;
}

async function prebuild() {
  if (isHook()) return;
  const wanted = argument('--platform');
  if (wanted !== undefined && wanted !== crossPlatform) return prebuildFor(wanted);
  const platform = crossPlatform ? platformOf(crossPlatform) : thisPlatform();
  const name = packageName(platform);
  if (!platforms.some((one) => packageName(one) === name))
    throw new BuildError(`${name} is not one of the packages in scripts/platforms.mjs.`);
  process.env.RDKAFKA_RX_OPENSSL ||= 'static';
  process.env.RDKAFKA_RX_CURL ||= 'static';
  // First of all: what is missing is said before anything compiles.
  const node = runtime(platform);
  if (isOurs()) {
    requireToolchain();
    requireArchives(chooseDependencies(''));
  }
  const found = await librdkafka();
  const texts = licences(found);
  const inside = versionsInside(found);
  const { addon } = await buildAddon(crossPlatform ? `prebuilt-${crossPlatform}` : 'prebuilt');

  const directory = join(root, 'build/packages', name);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'rdkafka_rx.node');
  copyFileSync(addon, file);
  // A cross build is stripped by its linker: this machine's strip may not know the processor.
  if (platform.os === 'linux' && !crossPlatform) output('strip', '--strip-all', '--remove-section=.comment', file);
  if (platform.os === 'darwin') output('strip', '-x', file);
  const system = { linux: checkLinux, darwin: checkMac, win32: () => 'Windows 10 or newer' }[platform.os](
    file,
    platform.libc,
  );
  const version = node ? askAddon(file, node) : found.version;

  const json = platformManifest(platform, `with librdkafka ${version}`);
  writeFileSync(join(directory, 'package.json'), `${JSON.stringify(json, null, 2)}\n`);
  writeFileSync(
    join(directory, 'README.md'),
    `# ${name}\n\nThe native part of rdkafka-rx ${manifest.version}: librdkafka ${version} with TLS, SASL, OIDC, zstd, lz4, snappy and zlib inside. ` +
      `It runs on ${system}.\n\n${contents(version, inside)}\n\nInstall \`rdkafka-rx\`, which brings it along; do not use it by itself.\n`,
  );
  copyFileSync(join(root, 'LICENSE'), join(directory, 'LICENSE'));
  writeFileSync(join(directory, 'THIRD-PARTY.txt'), thirdParty(texts, contents(version, inside)));
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  const bill = billOfMaterials({ ...json, sha256 }, parts(version, inside, texts));
  writeFileSync(join(directory, 'sbom.cdx.json'), `${JSON.stringify(bill, null, 2)}\n`);
  const compressed = gzipSync(readFileSync(file)).length;
  if (compressed > limits.platform)
    throw new BuildError(`the addon has ${compressed} bytes compressed, ${limits.platform} are allowed.`);
  say(`${name}@${manifest.version}: librdkafka ${version}, ${system}`);
  if (node) tryAddon(file, node);
  else say('  not loaded, and so not tried');
  say(`  ${statSync(file).size} bytes, ${compressed} compressed, in ${directory}`);
}

/** Texts of the licences of what is inside, and which versions these are; librdkafka's own list covers what it contains. */
function thirdParty(texts, inside) {
  const [first, ...ours] = readFileSync(join(root, 'scripts/third-party.txt'), 'utf8').split('\n\n');
  return [first, inside, ...ours, texts].join('\n\n');
}

/** librdkafka's list of licences: beside a build of ours, or where its two installers put it. */
function licences({ docs, include }) {
  const places = [docs ?? '', ...['doc', 'licenses'].map((name) => join(include, '../share', name, 'librdkafka'))];
  const file = places.map((place) => join(place, 'LICENSES.txt')).find((path) => existsSync(path));
  if (!file)
    throw new BuildError(
      `the licences of librdkafka are not beside it: copy LICENSES.txt of its source to ${places.at(-1)}.`,
    );
  return readFileSync(file, 'utf8');
}

/** Where each library says its version. */
const headers = {
  OpenSSL: ['openssl/opensslv.h', /OPENSSL_VERSION_TEXT\s+"OpenSSL (\S+)/],
  zlib: ['zlib.h', /ZLIB_VERSION\s+"([^"]+)"/],
  Zstandard: [
    'zstd.h',
    /ZSTD_VERSION_MAJOR\s+(\d+)[\s\S]*?ZSTD_VERSION_MINOR\s+(\d+)[\s\S]*?ZSTD_VERSION_RELEASE\s+(\d+)/,
  ],
  curl: ['curl/curlver.h', /LIBCURL_VERSION\s+"([^"]+)"/],
};

const wantedLibrdkafka = () => process.env.RDKAFKA_RX_LIBRDKAFKA?.trim() || '';

/** librdkafka is built here, and what is linked beside it is chosen here. */
const isOurs = () => wantedLibrdkafka() === '' || pinnedSource(wantedLibrdkafka()) !== undefined;

/** What is linked in, and where it came from, for the bill of materials. */
function parts(version, inside, texts) {
  const carried = [...texts.matchAll(/^LICENSE\.(\S+)$/gm)].map(([, name]) => name);
  const archives = isOurs() ? chooseDependencies('').libs : [];
  const installed = { OpenSSL: 'libssl.a', zlib: 'libz.a', Zstandard: 'libzstd.a' };
  const origins = Object.fromEntries(
    Object.entries(installed).map(([name, file]) => {
      const archive = archives.find((path) => path.endsWith(`/${file}`));
      return [name, crossPlatform ? pinnedLibraries[name] : archive && debianPackage(archive)];
    }),
  );
  if (isOurs() && process.env.RDKAFKA_RX_CURL === 'static') origins.curl = pinnedCurl;
  const { version: napi } = JSON.parse(readFileSync(join(root, 'node_modules/node-addon-api/package.json'), 'utf8'));
  const compiler = /\d+\.\d+\.\d+/.exec(compilerId())?.[0] ?? 'unknown';
  return [
    {
      name: 'librdkafka',
      version,
      from: isOurs() ? (pinnedSource(wantedLibrdkafka()) ?? newest) : undefined,
      contains: carried,
    },
    ...inside.map(([name, one]) => ({ name, version: one, from: origins[name] })),
    { name: 'node-addon-api', version: napi },
    // Linked statically into the packages for Linux; on the other systems it is the system's.
    ...(process.platform === 'linux' ? [{ name: crossPlatform ? 'libc++' : 'libstdc++', version: compiler }] : []),
  ];
}

/** Of the libraries beside librdkafka, from the headers that it was built with. @throws BuildError when one does not say it */
function versionsInside({ include }) {
  const ours = isOurs();
  const flags = ours ? chooseDependencies('').cflags : [`-I${include}`];
  const directories = [
    ...flags.filter((flag) => flag.startsWith('-I')).map((flag) => flag.slice(2)),
    ...(crossPlatform
      ? []
      : [
          '/usr/include',
          `/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`,
          '/usr/local/include',
        ]),
  ];
  const known = ours && process.env.RDKAFKA_RX_CURL === 'static' ? { curl: pinnedCurl.version.split('curl-')[1] } : {};
  const found = Object.entries(headers).map(([name, [header, pattern]]) => {
    const file = directories.map((directory) => join(directory, header)).find((path) => existsSync(path));
    const parts = pattern.exec(file ? readFileSync(file, 'utf8') : '')?.slice(1);
    return [name, known[name] ?? parts?.join('.')];
  });
  refuse(
    'has libraries inside whose headers, and with them their versions, were not found',
    found.filter(([, version]) => version === undefined).map(([name]) => name),
  );
  return found;
}

const contents = (librdkafka, inside) =>
  `Versions inside: librdkafka ${librdkafka}, ${inside.map((one) => one.join(' ')).join(', ')}.\n` +
  `lz4, snappy, cJSON and what else is small are the copies that librdkafka ${librdkafka} carries in its own source.`;

try {
  await prebuild();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
