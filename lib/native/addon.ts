/**
 * Loads the addon and declares its shape. The only file that names a `.node`, and it has no other logic.
 *
 * Every method that returns a promise is answered by the client's own thread and rejects with a {@link NativeError},
 * a plain object; the others return at once.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LoadError } from '../core/errors';
import { oldestLibrdkafka } from './capabilities';
import type { NativeAddon } from './interface';
import { packageName, thisPlatform } from './platform';

/** The version of Node-API that the addon is compiled for: a runtime with an older one crashes on it. */
const NODE_API = 9;

function load(): NativeAddon {
  const { napi, node } = process.versions;
  if (Number(napi) < NODE_API) {
    throw new LoadError(
      `rdkafka-rx needs Node 20.3 or newer (Node-API ${NODE_API}); this is ${node} (Node-API ${napi})`,
    );
  }
  // What is named, a build of one's own (this checkout's, or `rdkafka-rx-build`), then the package of this platform. Only "there is
  // none" goes on to the next: a binary that is there and does not load says why.
  const named = process.env.RDKAFKA_RX_ADDON;
  if (named) {
    const path = resolve(named);
    if (!existsSync(path)) throw new LoadError(`RDKAFKA_RX_ADDON names ${path}, which is not there`);
    return open(path);
  }
  const local = join(__dirname, '..', '..', 'build', 'Release', 'rdkafka_rx.node');
  if (existsSync(local)) return open(local);
  const prebuilt = packageName(thisPlatform());
  try {
    return open(prebuilt);
  } catch (error) {
    const cause = error instanceof LoadError ? (error.cause as NodeJS.ErrnoException) : undefined;
    if (cause?.code !== 'MODULE_NOT_FOUND') throw error;
    throw new LoadError(
      `There is no rdkafka-rx addon for this platform: install its optional package ${prebuilt} (a package manager ` +
        'leaves it out with --omit=optional, or with a lock file made on another platform), build one with ' +
        '`npx rdkafka-rx-build`, or name a built one in RDKAFKA_RX_ADDON',
      { cause },
    );
  }
}

/** What to do about an addon that does not load, by what the system's loader says of it. */
const ways: readonly (readonly [sign: RegExp, way: string])[] = [
  [/GLIBC/, '; this system is older than the one it was built for: build one here with `npx rdkafka-rx-build`'],
  [
    /\brd_kafka_/,
    `; the librdkafka that it finds is too old: install ${oldestLibrdkafka} or newer, older ones lose messages`,
  ],
];

function open(name: string): NativeAddon {
  try {
    return require(name) as NativeAddon;
  } catch (cause) {
    const { message } = cause as Error;
    const way = ways.find(([sign]) => sign.test(message))?.[1] ?? '';
    throw new LoadError(`The rdkafka-rx addon ${name} does not load: ${message}${way}`, { cause });
  }
}

/** The addon of this process. @throws LoadError when it is missing or too old. */
export const native: NativeAddon = load();

if (native.refused) {
  throw new LoadError(
    `librdkafka ${native.version} is linked, which loses messages or hangs: use ${oldestLibrdkafka} or newer, except 2.10.0`,
  );
}
