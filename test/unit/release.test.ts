/** What is published says where it comes from: manifests, and the links of the README. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(__dirname, '../..');
const script = (name: string) => pathToFileURL(resolve(root, 'scripts', name)).href;
const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));

const here = { GITHUB_SERVER_URL: 'https://git.example.com', GITHUB_REPOSITORY: 'someone/rdkafka-rx' };
const nowhere = { GITHUB_SERVER_URL: '', GITHUB_REPOSITORY: '' };
const node = (env: object, ...args: string[]) =>
  spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } });

/** The value of an expression over what a script exports. */
function evaluate(env: object, name: string, expression: string): unknown {
  const code = `import * as it from '${script(name)}'; console.log(JSON.stringify(${expression}))`;
  const { stdout, stderr } = node(env, '--input-type=module', '-e', code);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

const [linux] = evaluate(nowhere, 'platforms.mjs', 'it.platforms') as object[];
const both = `[it.mainManifest(), it.platformManifest(${JSON.stringify(linux)}, 'with librdkafka')]`;

it('the published manifests name the repository that the workflow runs in', () => {
  const [main, platform] = evaluate(here, 'platforms.mjs', both) as Record<string, unknown>[];
  const named = {
    repository: { type: 'git', url: 'git+https://git.example.com/someone/rdkafka-rx.git' },
    homepage: 'https://git.example.com/someone/rdkafka-rx#readme',
    bugs: { url: 'https://git.example.com/someone/rdkafka-rx/issues' },
  };
  expect(main).toMatchObject({ name: 'rdkafka-rx', version, ...named });
  expect(platform).toMatchObject({ name: '@rdkafka-rx/linux-x64-glibc', version, ...named });
  expect(main?.optionalDependencies).toMatchObject({ '@rdkafka-rx/linux-x64-glibc': version });
  for (const key of ['private', 'scripts', 'devDependencies']) expect(main).not.toHaveProperty(key);
  expect([main?.engines, platform?.engines]).toEqual([{ node: '>=20.3' }, { node: '>=20.3' }]);
});

it('elsewhere they name none', () => {
  for (const manifest of evaluate(nowhere, 'platforms.mjs', both) as object[])
    for (const key of ['repository', 'homepage', 'bugs']) expect(manifest).not.toHaveProperty(key);
});

it('relative links of the README lead to the files of the tag', () => {
  const links = [
    '[a](docs/a.md) and [b](docs/b.md#c), [anchor](#d)',
    '[far](https://example.com/x) ![chart](docs/chart.svg) [mail](mailto:a@example.com)',
  ].join('\n');
  const home = 'https://git.example.com/someone/rdkafka-rx';
  expect(evaluate(here, 'origin.mjs', `it.absoluteLinks(${JSON.stringify(links)}, it.origin().home, 'v1.2.3')`)).toBe(
    [
      `[a](${home}/blob/v1.2.3/docs/a.md) and [b](${home}/blob/v1.2.3/docs/b.md#c), [anchor](#d)`,
      `[far](https://example.com/x) ![chart](${home}/raw/v1.2.3/docs/chart.svg) [mail](mailto:a@example.com)`,
    ].join('\n'),
  );
  const readme = readFileSync(resolve(root, 'README.md'), 'utf8');
  const made = evaluate(here, 'origin.mjs', `it.absoluteLinks(${JSON.stringify(readme)}, it.origin().home, 'v1')`);
  expect(String(made).match(/\]\((?!https:|#)[^)]*\)/g)).toBeNull();
});

it('a release without a repository is refused in one sentence', () => {
  const { status, stderr } = node(nowhere, 'scripts/stage.mjs', '--release', `v${version}`);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^rdkafka-rx: not ready to publish: GITHUB_SERVER_URL and GITHUB_REPOSITORY, [^.]*\.\n$/);
});

it('a release with packages that are missing or of another version is refused', () => {
  const { status, stderr } = node(here, 'scripts/stage.mjs', '--release', 'v0.0.0-other');
  expect(status).toBe(1);
  expect(stderr).toContain(`not ready to publish ${version}: the tag is v0.0.0-other`);
});
