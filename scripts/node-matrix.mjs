// The tests that need the addon, under each supported Node: `node scripts/node-matrix.mjs [versions] [-- jest arguments]`.
// The Nodes come from npm (packages node-<platform>-<arch>, which are the official binaries) into the cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot } from './librdkafka.mjs';
import { BuildError, run, say } from './toolchain.mjs';

/** The executable of this release line of Node: the running one, or one from npm. */
export function nodeBinary(version) {
  if (process.versions.node.split('.')[0] === version) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const directory = join(cacheRoot(), `node-${version}`);
  const binary = join(directory, 'node_modules', name, 'bin/node');
  if (!existsSync(binary)) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
    const install = ['install', '--ignore-scripts', '--no-save', '--silent', `${name}@${version}`];
    const result = run('npm', install, { cwd: directory });
    if (result.status !== 0) {
      throw new BuildError(`could not install ${name}@${version}: ${result.stderr.trim() || result.stdout.trim()}`);
    }
  }
  return binary;
}

function main() {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..');
  const separator = process.argv.indexOf('--');
  const named = process.argv.slice(2, separator < 0 ? undefined : separator);
  const jestArguments = separator < 0 ? ['--selectProjects', 'mock', 'lifecycle'] : process.argv.slice(separator + 1);
  const versions = named.length > 0 ? named : ['20', '22', '24'];

  let failed = false;
  for (const version of versions) {
    const binary = nodeBinary(version);
    const about = run(binary, ['-p', '"Node " + process.version + ", OpenSSL " + process.versions.openssl']);
    say(about.stdout?.trim() || `Node ${version} does not start: ${about.stderr}`);
    const jest = [join(root, 'node_modules/jest/bin/jest.js'), ...jestArguments];
    failed = spawnSync(binary, jest, { cwd: root, stdio: 'inherit' }).status !== 0 || failed;
  }
  process.exitCode = failed ? 1 : 0;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    main();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}
