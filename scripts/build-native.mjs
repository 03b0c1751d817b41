// Builds the addon: finds or builds librdkafka, then node-gyp. Does nothing when nothing changed since the last build.
//   --sanitize=address|thread   an instrumented addon in build/<sanitizer>/, beside the normal one
//   --list-sources, --list-napi what binding.gyp compiles and includes
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { librdkafka } from './librdkafka.mjs';
import { BuildError, compilerId, nodeHeaders, say } from './toolchain.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
const napi = dirname(require.resolve('node-addon-api/package.json'));
const files = (directory, pattern) =>
  readdirSync(directory)
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(directory, name));
const sources = files(join(root, 'native'), /\.cc$/);

async function build(sanitize) {
  const library = await librdkafka(sanitize);
  const directory = sanitize ? join(root, 'build', sanitize) : root;
  const addon = join(directory, 'build/Release/rdkafka_rx.node');
  const stamp = join(directory, 'build/rdkafka_rx.stamp');
  const fingerprint = fingerprintOf(library, sanitize);
  if (existsSync(addon) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) {
    say(`addon is up to date (librdkafka ${library.version}).`);
    return;
  }
  say(
    `librdkafka ${library.version}: ${library.source}${library.features.length ? `; with ${library.features.join(', ')}, lz4, snappy` : ''}`,
  );
  for (const line of library.missing) say(line);
  if (sanitize) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'binding.gyp'), '{ "includes": ["../../binding.gyp"] }\n');
  }
  const headers = nodeHeaders();
  const common = ['-C', directory, '--loglevel=warn', ...(headers ? [`--nodedir=${headers.root}`] : [])];
  nodeGyp(directory, ['configure', ...common, '--', `-Droot=${root}`, `-Dsanitize=${sanitize}`]);
  nodeGyp(directory, ['build', ...common, `--jobs=${availableParallelism()}`]);
  writeFileSync(stamp, fingerprint);
}

function nodeGyp(cwd, args) {
  const program = require.resolve('node-gyp/bin/node-gyp.js');
  const result = spawnSync(process.execPath, [program, ...args], { cwd, stdio: 'inherit' });
  if (result.status !== 0) throw new BuildError('the addon did not compile: the messages above say where.');
}

/** Content, not times: `npm ci` writes node_modules anew, which must not cost a compilation. */
function fingerprintOf(library, sanitize) {
  const hash = createHash('sha256');
  for (const file of [
    ...files(join(root, 'native'), /\.(cc|h|map)$/),
    ...files(napi, /\.h$/),
    join(root, 'binding.gyp'),
  ])
    hash.update(`${file}\n`).update(readFileSync(file));
  hash.update(
    JSON.stringify({
      library,
      sanitize,
      compiler: compilerId(),
      headers: nodeHeaders(),
      flags: [process.env.CXXFLAGS, process.env.LDFLAGS],
    }),
  );
  return hash.digest('hex');
}

const argument = process.argv[2] ?? '';
// gyp wants sources relative to the directory of the .gyp file it runs.
if (argument === '--list-sources')
  process.stdout.write(`${sources.map((file) => relative(process.cwd(), file)).join('\n')}\n`);
else if (argument === '--list-napi') process.stdout.write(`${napi}\n`);
else {
  try {
    const sanitize = /^--sanitize=(address|thread)$/.exec(argument)?.[1] ?? '';
    if (argument && !sanitize)
      throw new BuildError(`unknown argument '${argument}': --sanitize=address or --sanitize=thread.`);
    await build(sanitize);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}
