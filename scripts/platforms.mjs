// The platforms that get a package, and how it is called.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { origin } from './origin.mjs';
import { BuildError } from './toolchain.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Each is one job of the release workflow. */
export const platforms = [
  { os: 'linux', cpu: 'x64', libc: 'glibc' },
  { os: 'linux', cpu: 'arm64', libc: 'glibc' },
  { os: 'linux', cpu: 'x64', libc: 'musl' },
  { os: 'linux', cpu: 'arm64', libc: 'musl' },
  { os: 'darwin', cpu: 'x64' },
  { os: 'darwin', cpu: 'arm64' },
  { os: 'win32', cpu: 'x64' },
];

/** The oldest glibc that the prebuilt addon runs on: Debian 12, Ubuntu 22.04, RHEL 9, Amazon Linux 2023. */
export const glibcFloor = '2.34';

/** Bytes, compressed, of a package at most. */
export const limits = { main: 600_000, platform: 8_000_000 };

/** The loader's own, so that what it looks for is what is built. */
function loader() {
  const file = join(root, 'dist/native/platform.js');
  if (!existsSync(file)) throw new BuildError('dist/ is missing: run `npm run build:ts` first.');
  return createRequire(import.meta.url)(file);
}

export const packageName = (platform) => loader().packageName(platform);
export const thisPlatform = () => loader().thisPlatform();

/** package.json of a platform's package. */
export function platformManifest({ os, cpu, libc }, about) {
  const { version, license, author, engines } = manifest;
  return {
    name: packageName({ os, cpu, libc }),
    version,
    description: `The addon of rdkafka-rx for ${[os, cpu, libc].filter(Boolean).join(' ')}, ${about}`,
    license,
    author,
    ...origin()?.manifest,
    type: 'commonjs',
    main: 'rdkafka_rx.node',
    files: ['rdkafka_rx.node', 'THIRD-PARTY.txt', 'sbom.cdx.json'],
    engines,
    os: [os],
    cpu: [cpu],
    libc: libc && [libc],
    // A scoped package is private unless it says so, and a private one gets no provenance.
    publishConfig: { access: 'public' },
  };
}

export const packages = join(root, 'build/packages');

/** package.json of a platform's package in build/packages; null where it was not built. */
export function built(platform, directory = packages) {
  const file = join(directory, packageName(platform), 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

/**
 * The platforms that the main package names: those given by name, such as `linux-x64-glibc,darwin-arm64`, `all` of them, or else those whose
 * packages were built. yarn does not install a package of which an optional dependency is not in the registry.
 * @throws BuildError when there is none, or one is unknown
 */
export function chosenPlatforms(names, directory = packages) {
  if (names === 'all') return platforms;
  const short = (platform) => packageName(platform).replace('@rdkafka-rx/', '');
  const known = platforms.map(short);
  const wanted = names?.split(',').filter(Boolean);
  const unknown = wanted?.filter((name) => !known.includes(name)) ?? [];
  if (unknown.length > 0)
    throw new BuildError(`there is no platform ${unknown.join(', ')}: give some of ${known.join(', ')}, or all.`);
  const chosen = platforms.filter((one) => (wanted ? wanted.includes(short(one)) : built(one, directory) !== null));
  if (chosen.length > 0) return chosen;
  throw new BuildError(
    'no package of a platform is in build/packages: build one with `npm run prebuild`, or name platforms with --platforms.',
  );
}

/**
 * package.json of the main package: no scripts, and the packages of these platforms as optional dependencies of the same version. The checkout's
 * own does not name those: `npm ci` builds here, and a lock file cannot hold what is not published yet.
 */
export function mainManifest(chosen) {
  const {
    private: _private,
    scripts: _scripts,
    devDependencies: _devDependencies,
    overrides: _overrides,
    ...kept
  } = manifest;
  return {
    ...kept,
    ...origin()?.manifest,
    optionalDependencies: Object.fromEntries(chosen.map((platform) => [packageName(platform), manifest.version])),
    publishConfig: { access: 'public' },
  };
}
