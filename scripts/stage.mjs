// Lays the main package out in build/packages/rdkafka-rx as it is published: built files, the source of the addon for those who build it
// themselves, no scripts, and the packages of the platforms as optional dependencies of the same version: those that are in build/packages.
//   npm run stage -- --platforms linux-x64-glibc,linux-x64-musl     those, or all; whether they are there is not looked at
//   npm run stage -- --release v1.2.3                               to publish: everything is of that tag and of this repository
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { absoluteLinks, origin } from './origin.mjs';
import { built, chosenPlatforms, mainManifest, manifest, packageName, packages, root } from './platforms.mjs';
import { BuildError, say } from './toolchain.mjs';

const option = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : (process.argv[at + 1] ?? '');
};

/** @throws BuildError when something is not ready to be published as this tag */
function checkRelease(tag, chosen, where) {
  const wrong = chosen.flatMap((platform) => {
    const name = packageName(platform);
    const found = built(platform);
    if (found === null) return `${name} is missing`;
    if (found.version !== manifest.version) return `${name} is ${found.version}`;
    return found.repository?.url === where.manifest.repository.url
      ? []
      : `${name} names ${found.repository?.url ?? 'no repository'}`;
  });
  if (tag !== `v${manifest.version}`) wrong.unshift(`the tag is ${tag}`);
  if (wrong.length > 0) throw new BuildError(`not ready to publish ${manifest.version}: ${wrong.join(', ')}.`);
}

function stage() {
  const where = origin();
  const tag = option('--release');
  if (tag !== undefined && where === null)
    throw new BuildError(
      'not ready to publish: GITHUB_SERVER_URL and GITHUB_REPOSITORY, which GitHub Actions sets, have to say where the sources are, for npm signs no provenance without `repository`.',
    );
  if (!existsSync(join(root, 'dist/index.js'))) throw new BuildError('dist/ is missing: run `npm run build:ts` first.');
  const chosen = chosenPlatforms(option('--platforms'));
  if (tag !== undefined) checkRelease(tag, chosen, where);

  const directory = join(packages, 'rdkafka-rx');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const name of [...manifest.files, 'README.md', 'LICENSE'])
    cpSync(join(root, name), join(directory, name), { recursive: true });

  for (const page of where === null ? [] : ['README.md', 'CHANGELOG.md']) {
    const file = join(directory, page);
    writeFileSync(file, absoluteLinks(readFileSync(file, 'utf8'), where.home, `v${manifest.version}`));
  }
  writeFileSync(join(directory, 'package.json'), `${JSON.stringify(mainManifest(chosen), null, 2)}\n`);
  say(`rdkafka-rx@${manifest.version} in ${directory}, with ${chosen.map(packageName).join(', ')}`);
}

try {
  stage();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
