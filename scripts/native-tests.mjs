// Compiles the C++ programs of test/native/ under a sanitizer, into build/<sanitizer>/test/.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { librdkafka } from './librdkafka.mjs';
import { BuildError, compilerId, cxx, run, say } from './toolchain.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const files = (directory, pattern) =>
  readdirSync(directory, { recursive: true })
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(directory, name));
const tests = join(root, 'test/native');

/** `<name>_test.cc` is the test of the folder `native/<name>`, and so called. */
export const nativeTests = readdirSync(tests)
  .filter((file) => file.endsWith('_test.cc'))
  .map((file) => file.slice(0, -'_test.cc'.length));

// Undefined behaviour is its companion, as in binding.gyp; here nothing calls through node-addon-api.
const kinds = { address: '-fsanitize=address,undefined,float-cast-overflow', thread: '-fsanitize=thread' };
// Answered by the test for messages that it made by hand: test/native/support.h.
const wrapped = ['rd_kafka_message_timestamp', 'rd_kafka_message_leader_epoch', 'rd_kafka_message_headers'];

/** @returns {Promise<string>} the path of the program. */
export async function buildNativeTest(name, sanitize) {
  const library = await librdkafka(sanitize);
  const include = library.include === '/usr/include' ? [] : [`-isystem${library.include}`];
  return compile(`${name}_test`, sanitize, [
    `-I${join(root, 'native')}`,
    ...files(join(root, `native/${name}`), /\.cc$/),
    ...['-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter'],
    ...include,
    ...wrapped.map((symbol) => `-Wl,--wrap=${symbol}`),
    ...library.libs,
  ]);
}

/** @returns {string} the program that makes mistakes. */
export const buildCanary = (sanitize) => compile('canary', sanitize, ['-pthread', '-w']);

function compile(name, sanitize, more) {
  const directory = join(root, 'build', sanitize, 'test');
  const program = join(directory, name);
  const flags = ['-std=c++17', '-O1', '-g', '-fno-omit-frame-pointer', '-fno-sanitize-recover=all', '-fPIE', '-pie'];
  const args = [...flags, kinds[sanitize], join(tests, `${name}.cc`), ...more, '-o', program];
  const hash = createHash('sha256').update(JSON.stringify([args, compilerId()]));
  for (const folder of [tests, join(root, 'native')])
    for (const file of files(folder, /\./)) hash.update(file).update(readFileSync(file));
  const fingerprint = hash.digest('hex');
  const stamp = `${program}.stamp`;
  if (existsSync(program) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return program;
  say(`compiling test/native/${name}.cc for the ${sanitize} sanitizer ...`);
  mkdirSync(directory, { recursive: true });
  const result = run(cxx, args, { cwd: root });
  if (result.status !== 0) throw new BuildError(`test/native/${name}.cc did not compile:\n${result.stderr}`);
  writeFileSync(stamp, fingerprint);
  return program;
}
