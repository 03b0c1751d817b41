/** What is published says where it comes from: manifests, and the links of the README. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
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
const both = `[it.mainManifest(it.platforms), it.platformManifest(${JSON.stringify(linux)}, 'with librdkafka')]`;

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
  const { status, stderr } = node(here, 'scripts/stage.mjs', '--platforms', 'all', '--release', 'v0.0.0-other');
  expect(status).toBe(1);
  expect(stderr).toContain(`not ready to publish ${version}: the tag is v0.0.0-other`);
});

describe('the main package names the platforms', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rdkafka-rx-release-'));
  beforeAll(() => {
    for (const name of ['linux-arm64-musl', 'darwin-arm64']) {
      mkdirSync(join(directory, '@rdkafka-rx', name), { recursive: true });
      writeFileSync(join(directory, '@rdkafka-rx', name, 'package.json'), JSON.stringify({ version }));
    }
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const dependencies = (names: string | undefined, at: string) =>
    evaluate(
      nowhere,
      'platforms.mjs',
      `it.mainManifest(it.chosenPlatforms(${JSON.stringify(names)}, ${JSON.stringify(at)})).optionalDependencies`,
    );

  it('whose packages were built', () => {
    expect(dependencies(undefined, directory)).toEqual({
      '@rdkafka-rx/linux-arm64-musl': version,
      '@rdkafka-rx/darwin-arm64': version,
    });
  });

  it('that are named, and all of them on demand', () => {
    expect(dependencies('win32-x64', directory)).toEqual({ '@rdkafka-rx/win32-x64': version });
    expect(Object.keys(dependencies('all', directory) as object)).toHaveLength(7);
  });

  it('and there is none without one', () => {
    const { status, stderr } = node(nowhere, 'scripts/stage.mjs', '--platforms', 'linux-x64-glib');
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^rdkafka-rx: there is no platform linux-x64-glib: give some of linux-x64-glibc, .*\.\n$/),
    ]);
    expect(() => dependencies(undefined, join(directory, 'nothing'))).toThrow(/no package of a platform/);
  });
});

it('the loader requires the package of each platform by its literal name, for bundlers', () => {
  const names = evaluate(nowhere, 'platforms.mjs', 'it.platforms.map(it.packageName)') as string[];
  const loader = readFileSync(resolve(root, 'lib/native/addon.ts'), 'utf8');
  expect([...loader.matchAll(/require\('(@rdkafka-rx\/[^']+)'\)/g)].map(([, name]) => name)).toEqual(names);
});

describe('the bill of materials', () => {
  it('names what is linked, where it came from, and what librdkafka carries', () => {
    const about = { name: '@rdkafka-rx/linux-x64-musl', version, description: 'x', sha256: 'ab' };
    const parts = [
      {
        name: 'librdkafka',
        version: '2.15.1',
        from: { package: '@scope/client@1.2.3', integrity: `sha512-${Buffer.from('digest').toString('base64')}` },
        contains: ['lz4', 'snappy'],
      },
      { name: 'OpenSSL', version: '3.6.3', from: { package: 'openssl-src', version: '300.6.1+3.6.3', sha256: 'cd' } },
    ];
    const call = `it.billOfMaterials(${JSON.stringify(about)}, ${JSON.stringify(parts)})`;
    const bill = evaluate(nowhere, 'sbom.mjs', call) as { serialNumber: string };
    expect(bill).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      metadata: { component: { purl: `pkg:npm/%40rdkafka-rx/linux-x64-musl@${version}` } },
      components: [
        {
          name: 'librdkafka',
          purl: 'pkg:github/confluentinc/librdkafka@v2.15.1',
          externalReferences: [
            {
              url: 'pkg:npm/%40scope/client@1.2.3',
              hashes: [{ alg: 'SHA-512', content: Buffer.from('digest').toString('hex') }],
            },
          ],
          components: [{ name: 'lz4' }, { name: 'snappy' }],
        },
        {
          name: 'OpenSSL',
          cpe: 'cpe:2.3:a:openssl:openssl:3.6.3:*:*:*:*:*:*:*',
          externalReferences: [{ url: 'pkg:cargo/openssl-src@300.6.1%2B3.6.3', hashes: [{ content: 'cd' }] }],
        },
      ],
    });
    expect(bill.serialNumber).toMatch(/^urn:uuid:[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    // The same on another day.
    expect(evaluate(nowhere, 'sbom.mjs', call)).toEqual(bill);
  });
});

it('prebuild says before it compiles which archive is missing, with the command that installs it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rdkafka-rx-prebuild-'));
  try {
    // A compiler that has no Zstandard.
    const cc = join(directory, 'cc');
    writeFileSync(cc, '#!/bin/sh\nfor a do [ -f "$a" ] && grep -q zstd.h "$a" && exit 1; done\nexec cc "$@"\n', {
      mode: 0o755,
    });
    const cache = join(directory, 'cache');
    const env = { CC: cc, RDKAFKA_RX_CACHE: cache, RDKAFKA_RX_LIBRDKAFKA: '', npm_lifecycle_event: '' };
    const { status, stderr } = node(env, 'scripts/prebuild.mjs');
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^rdkafka-rx: a package takes in zstd as static archives, .* install them with `.*zstd.*`\.\n$/,
      ),
    ]);
    expect(existsSync(cache)).toBe(false);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
