// Lays the main package out in build/packages/rdkafka-rx as it is published: built files, the source of the addon for those who build it
// themselves, no scripts, and the package of each platform as an optional dependency of the same version.
//
// The checkout's own package.json does not name those packages: `npm ci` builds here, and a lock file cannot hold what is not published yet.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manifest, packageName, platforms, root } from './platforms.mjs';
import { say } from './toolchain.mjs';

if (!existsSync(join(root, 'dist/index.js'))) {
  say('dist/ is missing: run `npm run build:ts` first.');
  process.exit(1);
}

// `--release <tag>`: everything that is about to be published is of the tagged version, and there.
const release = process.argv.indexOf('--release');
if (release >= 0) {
  const tag = process.argv[release + 1];
  const versionOf = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : 'missing');
  const found = platforms.map((platform) => [
    packageName(platform),
    versionOf(join(root, 'build/packages', packageName(platform), 'package.json')),
  ]);
  const wrong = found
    .filter(([, version]) => version !== manifest.version)
    .map(([name, version]) => `${name} is ${version}`);
  if (tag !== `v${manifest.version}`) wrong.unshift(`the tag is ${tag}`);
  if (wrong.length > 0) {
    say(`not ready to publish ${manifest.version}: ${wrong.join(', ')}.`);
    process.exit(1);
  }
}

const directory = join(root, 'build/packages/rdkafka-rx');
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
for (const name of [...manifest.files, 'README.md', 'LICENSE'])
  cpSync(join(root, name), join(directory, name), { recursive: true });

const {
  private: _private,
  scripts: _scripts,
  devDependencies: _devDependencies,
  overrides: _overrides,
  ...json
} = manifest;
json.optionalDependencies = Object.fromEntries(platforms.map((platform) => [packageName(platform), manifest.version]));
json.publishConfig = { access: 'public' };
writeFileSync(join(directory, 'package.json'), `${JSON.stringify(json, null, 2)}\n`);
say(`rdkafka-rx@${manifest.version} in ${directory}`);
