#!/usr/bin/env node
// Builds the addon: finds or builds librdkafka, then node-gyp. Does nothing when nothing changed since the last build.
// In the published package this is `rdkafka-rx-build`, which needs node-gyp and node-addon-api beside it.
//   --sanitize=address|thread   an instrumented addon in build/<sanitizer>/, beside the normal one
//   --prebuilt                  the one to publish in build/prebuilt/: the C++ library linked statically too
//   --list-sources, --list-napi what binding.gyp compiles and includes
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { librdkafka } from './librdkafka.mjs';
import { BuildError, compilerId, crossArchitecture, nodeHeaders, say } from './toolchain.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const napi = () => dirname(tool('node-addon-api', 'package.json'));
const files = (directory, pattern) =>
  readdirSync(directory, { recursive: true })
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(directory, name));
const sources = files(join(root, 'native'), /\.cc$/);

/** A file of a package that the build needs: beside this package, or in the project that the command runs in. */
function tool(name, file) {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      return createRequire(from).resolve(`${name}/${file}`);
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new BuildError(`${name} is needed to build the addon: \`npm install --save-dev node-gyp node-addon-api\`.`);
}

/** @param variant '' for the normal addon, 'address' or 'thread' for a sanitizer's, 'prebuilt' for the one to publish, 'prebuilt-<platform>' for another platform's; else a directory beside them */
export async function buildAddon(variant = '') {
  const sanitize = ['address', 'thread'].includes(variant) ? variant : '';
  const gyp = tool('node-gyp', 'bin/node-gyp.js');
  napi(); // what is missing is said before a minute of compiling
  const library = await librdkafka(sanitize);
  const directory = variant ? join(root, 'build', variant) : root;
  const addon = join(directory, 'build/Release/rdkafka_rx.node');
  const stamp = join(directory, 'build/rdkafka_rx.stamp');
  const fingerprint = fingerprintOf(library, variant);
  if (existsSync(addon) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) {
    say(`addon is up to date (librdkafka ${library.version}).`);
    return { addon, library };
  }
  say(
    `librdkafka ${library.version}: ${library.source}${library.features.length ? `; with ${library.features.join(', ')}, lz4, snappy` : ''}`,
  );
  for (const line of library.missing) say(line);
  if (variant) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'binding.gyp'), '{ "includes": ["../../binding.gyp"] }\n');
  }
  const headers = nodeHeaders();
  const arch = crossArchitecture();
  const common = [
    '-C',
    directory,
    '--loglevel=warn',
    ...(arch ? [`--arch=${arch}`] : []),
    ...(headers ? [`--nodedir=${headers.root}`] : []),
  ];
  const defines = [`-Droot=${root}`, `-Dsanitize=${sanitize}`, `-Dprebuilt=${variant.startsWith('prebuilt') ? 1 : 0}`];
  nodeGyp(gyp, directory, ['configure', ...common, '--', ...defines]);
  nodeGyp(gyp, directory, ['build', ...common, `--jobs=${availableParallelism()}`]);
  writeFileSync(stamp, fingerprint);
  return { addon, library };
}

function nodeGyp(program, cwd, args) {
  const env = { ...process.env, RDKAFKA_RX_NAPI: napi() };
  const result = spawnSync(process.execPath, [program, ...args], { cwd, env, stdio: 'inherit' });
  if (result.status !== 0) throw new BuildError('the addon did not compile: the messages above say where.');
}

/** Content, not times: `npm ci` writes node_modules anew, which must not cost a compilation. */
function fingerprintOf(library, variant) {
  const hash = createHash('sha256');
  for (const file of [
    ...files(join(root, 'native'), /\.(cc|h|map)$/),
    ...files(napi(), /\.h$/),
    join(root, 'binding.gyp'),
  ])
    hash.update(`${file}\n`).update(readFileSync(file));
  hash.update(
    JSON.stringify({
      library,
      variant,
      compiler: compilerId(),
      headers: nodeHeaders(),
      flags: [process.env.CXXFLAGS, process.env.LDFLAGS],
    }),
  );
  return hash.digest('hex');
}

async function main(argument) {
  // gyp wants sources relative to the directory of the .gyp file it runs.
  if (argument === '--list-sources')
    process.stdout.write(`${sources.map((file) => relative(process.cwd(), file)).join('\n')}\n`);
  // node-gyp changes the directory, so what was found before goes through the environment.
  else if (argument === '--list-napi') process.stdout.write(`${process.env.RDKAFKA_RX_NAPI ?? napi()}\n`);
  else {
    const variant = /^--(?:sanitize=(address|thread)|(prebuilt))$/.exec(argument);
    if (argument && !variant)
      throw new BuildError(`unknown argument '${argument}': --sanitize=address, --sanitize=thread or --prebuilt.`);
    await buildAddon(variant?.[1] ?? variant?.[2] ?? '');
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    await main(process.argv[2] ?? '');
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}
