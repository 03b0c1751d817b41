// The tests that need the addon, under each supported Node: `node scripts/node-matrix.mjs [versions] [-- jest arguments]`.
// The Nodes come from npm (packages node-<platform>-<arch>, which are the official binaries) into the cache.
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot } from './librdkafka.mjs';
import { matrix } from './matrix.mjs';
import { BuildError, run } from './toolchain.mjs';

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

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await matrix({
    versions: ['20', '22', '24'],
    projects: ['mock', 'lifecycle'],
    prepare: async (version) => {
      const node = nodeBinary(version);
      const about = run(node, ['-p', '"Node " + process.version + ", OpenSSL " + process.versions.openssl']);
      return { node, about: about.stdout?.trim() || `Node ${version} does not start: ${about.stderr}` };
    },
  });
}
