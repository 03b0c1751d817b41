// Lays the main package out in build/packages/rdkafka-rx as it is published: built files, the source of the addon for those who build it
// themselves, no scripts, and the package of each platform as an optional dependency of the same version.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { absoluteLinks, origin } from './origin.mjs';
import { mainManifest, manifest, packageName, platforms, root } from './platforms.mjs';
import { say } from './toolchain.mjs';

function give(up) {
  say(up);
  process.exit(1);
}

const where = origin();
const release = process.argv.indexOf('--release');
if (release >= 0 && where === null)
  give(
    'not ready to publish: GITHUB_SERVER_URL and GITHUB_REPOSITORY, which GitHub Actions sets, have to say where the sources are, for npm signs no provenance without `repository`.',
  );
if (!existsSync(join(root, 'dist/index.js'))) give('dist/ is missing: run `npm run build:ts` first.');

// `--release <tag>`: everything that is about to be published is of the tagged version and of this repository, and there.
if (release >= 0) {
  const tag = process.argv[release + 1];
  const wrong = platforms.flatMap((platform) => {
    const name = packageName(platform);
    const file = join(root, 'build/packages', name, 'package.json');
    if (!existsSync(file)) return `${name} is missing`;
    const { version, repository } = JSON.parse(readFileSync(file, 'utf8'));
    if (version !== manifest.version) return `${name} is ${version}`;
    return repository?.url === where.manifest.repository.url
      ? []
      : `${name} names ${repository?.url ?? 'no repository'}`;
  });
  if (tag !== `v${manifest.version}`) wrong.unshift(`the tag is ${tag}`);
  if (wrong.length > 0) give(`not ready to publish ${manifest.version}: ${wrong.join(', ')}.`);
}

const directory = join(root, 'build/packages/rdkafka-rx');
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
for (const name of [...manifest.files, 'README.md', 'LICENSE'])
  cpSync(join(root, name), join(directory, name), { recursive: true });

for (const page of where === null ? [] : ['README.md', 'CHANGELOG.md']) {
  const file = join(directory, page);
  writeFileSync(file, absoluteLinks(readFileSync(file, 'utf8'), where.home, `v${manifest.version}`));
}
writeFileSync(join(directory, 'package.json'), `${JSON.stringify(mainManifest(), null, 2)}\n`);
say(`rdkafka-rx@${manifest.version} in ${directory}`);
