/**
 * Finds, loads and checks the addon. The only file that names a `.node`.
 *
 * A method of the addon that returns a promise is answered by the client's poll thread and rejects with a {@link NativeError}, a
 * plain object. All other methods return at once.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { LoadError } from '../core/errors';
import { oldestLibrdkafka } from './capabilities';
import type { NativeAddon } from './interface';
import { packageName, thisPlatform } from './platform';

/** The Node-API version that the addon is compiled for: a runtime with an older one crashes. */
const NODE_API = 9;
const FILE = 'rdkafka_rx.node';
/** Absent if a bundler turned this file into an ES module. */
const here = typeof __dirname === 'string' ? __dirname : undefined;

function load(): NativeAddon {
  const { napi, node } = process.versions;
  if (Number(napi) < NODE_API) {
    throw new LoadError(
      `rdkafka-rx needs Node 20.3 or newer (Node-API ${NODE_API}); this is ${node} (Node-API ${napi})`,
    );
  }
  // In this order: the addon of RDKAFKA_RX_ADDON, a local build (of this checkout, or by `rdkafka-rx-build`), an asset of a single
  // executable application, the package of this platform. Only a missing one leads to the next: a binary that does not load is an error.
  const named = process.env.RDKAFKA_RX_ADDON;
  if (named) {
    const path = resolve(named);
    if (!existsSync(path)) throw new LoadError(`RDKAFKA_RX_ADDON names ${path}, which does not exist`);
    return open(path);
  }
  const local = here === undefined ? undefined : join(here, '..', '..', 'build', 'Release', FILE);
  if (local !== undefined && existsSync(local)) return open(local);
  return fromExecutable() ?? fromPackage(packageName(thisPlatform()));
}

/** `require` by path, hidden from bundlers: they replace a `require` that they cannot resolve. */
const open = (path: string): NativeAddon => loading(path, () => createRequire(path)(path));

function loading(name: string, run: () => unknown): NativeAddon {
  try {
    return run() as NativeAddon;
  } catch (cause) {
    const { message } = cause as Error;
    const way = ways.find(([sign]) => sign.test(message))?.[1] ?? '';
    throw new LoadError(`The rdkafka-rx addon ${name} does not load: ${message}${way}`, { cause });
  }
}

/** Advice for an addon that does not load, by the message of the system's loader. */
const ways: readonly (readonly [sign: RegExp, way: string])[] = [
  [/GLIBC/, '; this system is older than the one it was built for: build one here with `npx rdkafka-rx-build`'],
  [
    /\brd_kafka_/,
    `; the installed librdkafka is too old: install ${oldestLibrdkafka} or newer, older ones lose messages`,
  ],
];

/**
 * In a single executable application: the asset `rdkafka_rx.node`, or else the file of that name next to the executable. The system
 * loads libraries from files only, so the asset goes to a temporary file, which is removed at once except on Windows.
 */
function fromExecutable(): NativeAddon | null {
  const sea = process.getBuiltinModule?.('node:sea');
  if (!sea?.isSea?.()) return null;
  const beside = join(dirname(process.execPath), FILE);
  let asset: ArrayBuffer;
  try {
    asset = sea.getRawAsset(FILE) as ArrayBuffer;
  } catch (cause) {
    if (existsSync(beside)) return open(beside);
    throw new LoadError(
      `This single executable application has no asset '${FILE}', and ${beside} is not there: add the file of ` +
        `${packageName(thisPlatform())} to the assets of its configuration, or put it beside the executable`,
      { cause },
    );
  }
  const directory = mkdtempSync(join(tmpdir(), 'rdkafka-rx-'));
  try {
    const file = join(directory, FILE);
    writeFileSync(file, Buffer.from(asset), { mode: 0o700 });
    return open(file);
  } finally {
    if (process.platform !== 'win32') rmSync(directory, { recursive: true });
  }
}

function fromPackage(name: string): NativeAddon {
  let cause: NodeJS.ErrnoException;
  try {
    return requirePackage(name) as NativeAddon;
  } catch (error) {
    cause = error as NodeJS.ErrnoException;
  }
  // The package itself is missing, not one of its dependencies.
  const absent =
    /^(ERR_)?MODULE_NOT_FOUND$/.test(cause.code ?? '') && new RegExp(`['"]${name}['"]`).test(cause.message);
  if (!absent) {
    return loading(name, () => {
      throw cause;
    });
  }
  // A bundle without the package may run in a project where it is installed.
  const found = here === undefined ? undefined : above(here, name);
  if (found !== undefined) return open(join(found, FILE));
  const elsewhere = above(process.cwd(), name);
  if (elsewhere !== undefined) {
    throw new LoadError(
      `The rdkafka-rx addon ${name} is installed in ${elsewhere}, where ${here ?? 'this bundle'} cannot find it: leave ` +
        `rdkafka-rx out of the bundle, or name ${join(elsewhere, FILE)} in RDKAFKA_RX_ADDON`,
      { cause },
    );
  }
  throw new LoadError(
    `There is no rdkafka-rx addon for this platform: install its optional package ${name} (a package manager ` +
      'leaves it out with --omit=optional, or with a lock file made on another platform), build one with ' +
      '`npx rdkafka-rx-build`, or name a built one in RDKAFKA_RX_ADDON',
    { cause },
  );
}

/** The directory of an installed package, found as `require` does: in each `node_modules` from `directory` upwards. */
function above(directory: string, name: string): string | undefined {
  const found = join(directory, 'node_modules', name);
  if (existsSync(join(found, 'package.json'))) return found;
  const parent = dirname(directory);
  return parent === directory ? undefined : above(parent, name);
}

/**
 * Requires each package by its literal name, so that bundlers and file tracers find the installed one; the `try` marks the others
 * as optional for them.
 */
function requirePackage(name: string): unknown {
  try {
    switch (name) {
      case '@rdkafka-rx/linux-x64-glibc':
        return require('@rdkafka-rx/linux-x64-glibc');
      case '@rdkafka-rx/linux-arm64-glibc':
        return require('@rdkafka-rx/linux-arm64-glibc');
      case '@rdkafka-rx/linux-x64-musl':
        return require('@rdkafka-rx/linux-x64-musl');
      case '@rdkafka-rx/linux-arm64-musl':
        return require('@rdkafka-rx/linux-arm64-musl');
      case '@rdkafka-rx/darwin-x64':
        return require('@rdkafka-rx/darwin-x64');
      case '@rdkafka-rx/darwin-arm64':
        return require('@rdkafka-rx/darwin-arm64');
      case '@rdkafka-rx/win32-x64':
        return require('@rdkafka-rx/win32-x64');
      default:
        throw Object.assign(new Error(`There is no package '${name}'`), { code: 'MODULE_NOT_FOUND' });
    }
  } catch (error) {
    // Bundlers replace a package that they do not find by a `require` that throws.
    throw error as Error;
  }
}

/** The addon. @throws LoadError when it is missing, does not load, or links an unsupported librdkafka */
export const native: NativeAddon = load();

if (native.refused) {
  throw new LoadError(
    `librdkafka ${native.version} is linked, which loses messages or hangs: use ${oldestLibrdkafka} or newer, except 2.10.0`,
  );
}
