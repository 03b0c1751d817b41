// The packages themselves, and installing them: sizes, checkers, package managers, what happens where there is no addon.
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheRoot } from '../../scripts/librdkafka.mjs';
import { limits } from '../../scripts/platforms.mjs';
import { managers, sh } from './projects.mjs';
import { tool } from './registry.mjs';
import { directoryOf, platformPackage, published, usingRegistry } from './support.mjs';

const context = usingRegistry();
const timeout = 300_000;
const npmVersion = spawnSync('npm', ['--version'], { encoding: 'utf8' }).stdout;
const knowsLibc = (manager) => manager !== 'yarn 1' && (manager !== 'npm' || Number.parseInt(npmVersion, 10) >= 10);

for (const name of published) {
  test(`${name}: size, and nothing runs at install`, { timeout }, async (t) => {
    const cwd = directoryOf(name);
    const { stdout } = await sh(['npm', 'pack', '--json', '--dry-run'], { cwd, env: context.registry.env });
    const [packed] = JSON.parse(stdout);
    const limit = name === 'rdkafka-rx' ? limits.main : limits.platform;
    t.diagnostic(`${name}: ${packed.size} bytes compressed of ${limit}, ${packed.unpackedSize} unpacked`);
    assert.ok(packed.size < limit);
    const manifest = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'));
    assert.equal(manifest.scripts, undefined);
    assert.equal(manifest.devDependencies, undefined);
    assert.equal(manifest.private, undefined);
    assert.ok(packed.files.some(({ path }) => path === 'LICENSE'));
  });

  test(`${name}: publint has nothing to say`, { timeout }, async () => {
    const { stdout } = await sh([...tool('publint/src/cli.js'), '--strict'], {
      cwd: directoryOf(name),
      env: process.env,
    });
    assert.match(stdout, /All good!/);
  });
}

test(`${platformPackage}: a bill of materials that is valid CycloneDX, of what the package says is inside`, {
  timeout,
}, async () => {
  const cwd = directoryOf(platformPackage);
  const text = readFileSync(join(cwd, 'sbom.cdx.json'), 'utf8');
  const { Spec, Validation } = createRequire(import.meta.url)('@cyclonedx/cyclonedx-library');
  assert.equal(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text), null);
  const { metadata, components } = JSON.parse(text);
  const { version } = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'));
  assert.deepEqual([metadata.component.name, metadata.component.version], [platformPackage, version]);
  const digest = createHash('sha256')
    .update(readFileSync(join(cwd, 'rdkafka_rx.node')))
    .digest('hex');
  assert.equal(metadata.component.components[0].hashes[0].content, digest);
  const [, inside] = /^Versions inside: (.*)\.$/m.exec(readFileSync(join(cwd, 'README.md'), 'utf8'));
  const listed = components.map(({ name, version }) => `${name} ${version}`);
  for (const one of inside.split(', ')) assert.ok(listed.includes(one), `${one} is not among ${listed}`);
  const [librdkafka] = components;
  assert.ok(librdkafka.components.some(({ name }) => name === 'lz4'));
  assert.equal(librdkafka.externalReferences[0].hashes[0].alg, 'SHA-512');
});

test('a main package that names one platform alone installs with every package manager', { timeout }, async () => {
  // With the package of another one missing in the registry yarn would not install it.
  const text = readFileSync(join(directoryOf('rdkafka-rx'), 'package.json'), 'utf8');
  const manifest = JSON.parse(text);
  const alone = join(context.directory, 'alone');
  cpSync(directoryOf('rdkafka-rx'), alone, { recursive: true });
  const version = '0.0.1-alone';
  const optionalDependencies = { [platformPackage]: manifest.version };
  writeFileSync(join(alone, 'package.json'), JSON.stringify({ ...manifest, version, optionalDependencies }));
  await sh(['npm', 'publish', '--tag', 'alone'], { cwd: alone, env: context.registry.env });
  for (const manager of Object.keys(managers)) {
    const project = context.project(manager);
    await project.add(`rdkafka-rx@${version}`, 'rxjs');
    assert.equal((await project.node('main.cjs')).stdout, 'consumed\n');
  }
});

test('npx rdkafka-rx-healthcheck', { timeout }, async () => {
  const project = context.project();
  await project.add('rdkafka-rx', 'rxjs');
  const probe = (...args) => project.sh(['npx', 'rdkafka-rx-healthcheck', ...args]).catch((error) => error);
  assert.match((await probe('--help')).stdout, /--timeout SECONDS/);
  const { code, stderr } = await probe('--brokers', '127.0.0.1:1', '--timeout', '1');
  assert.equal(code, 1);
  assert.match(stderr, /^Cannot get metadata: /m);
});

test('rdkafka-rx: the types resolve as the code does (attw)', { timeout }, async () => {
  const cwd = directoryOf('rdkafka-rx');
  const { stdout } = await sh([...tool('@arethetypeswrong/cli/dist/index.js'), '--pack', '.'], {
    cwd,
    env: context.registry.env,
  });
  assert.match(stdout, /No problems found/);
});

for (const manager of Object.keys(managers)) {
  test(`${manager}: install in an empty project, without scripts; require and import`, {
    timeout,
  }, async (t) => {
    // Once before for what the registry has to fetch itself; the caches of the package manager are its own.
    await context.project(manager).add('rdkafka-rx', 'rxjs');
    const project = context.project(manager);
    const seconds = await project.add('rdkafka-rx', 'rxjs');
    t.diagnostic(`${manager}: ${seconds.toFixed(1)} s`);
    // How long it takes is the machine's. That nothing is compiled or downloaded meanwhile is what the manifests say.
    const modules = join(project.cwd, 'node_modules', manager === 'pnpm' ? '.pnpm/node_modules' : '', '@rdkafka-rx');
    // Plug and Play has no node_modules; yarn 1 does not know of libc, nor does npm before 10 (Debian 13's).
    if (existsSync(modules)) {
      const others = readdirSync(modules).filter((name) => `@rdkafka-rx/${name}` !== platformPackage);
      assert.deepEqual(
        others.filter((name) => knowsLibc(manager) || !name.startsWith('linux-')),
        [],
      );
    }
    for (const program of ['main.cjs', 'main.mjs']) {
      const { stdout, stderr } = await project.node(program);
      assert.deepEqual([stdout, stderr], ['consumed\n', '']);
    }
  });
}

test('without the package of the platform: one sentence that names the ways out, and building it is one of them', {
  timeout,
}, async (t) => {
  const project = context.project();
  await project.add('--omit=optional', 'rdkafka-rx', 'rxjs');
  const missing = await project
    .node('-e', 'try { require("rdkafka-rx") } catch (error) { console.log(error.name, error.code, error.message) }')
    .then(({ stdout }) => stdout.trim());
  assert.match(missing, /^LoadError ERR_KAFKA_CLIENT_LOAD There is no rdkafka-rx addon for this platform: /);
  assert.ok(
    missing.includes(platformPackage) &&
      missing.includes('npx rdkafka-rx-build') &&
      missing.includes('RDKAFKA_RX_ADDON'),
  );
  assert.equal(missing.split('\n').length, 1);

  // Neither is a dependency of the package: nobody else needs them. Debian's Node finds the node-gyp of Debian's npm.
  const lacking = await project.sh(['npx', 'rdkafka-rx-build']).catch((error) => error);
  assert.match(
    lacking.stderr,
    /rdkafka-rx: node-(gyp|addon-api) is needed to build the addon: `npm install --save-dev node-gyp node-addon-api`/,
  );
  assert.doesNotMatch(lacking.stderr, /building librdkafka/);
  const began = performance.now();
  await project.add('--omit=optional', 'node-gyp@12', 'node-addon-api@8');
  // librdkafka itself may be in the cache already.
  await project.sh(['npx', 'rdkafka-rx-build'], { env: { RDKAFKA_RX_CACHE: cacheRoot() } });
  t.diagnostic(`built from source in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  assert.equal((await project.node('main.cjs')).stdout, 'consumed\n');
});

test("a build of one's own is preferred to the package", { timeout }, async () => {
  const project = context.project();
  await project.add('rdkafka-rx', 'rxjs');
  project.write('node_modules/rdkafka-rx/build/Release/rdkafka_rx.node', 'not an addon');
  const { stdout } = await project.node(
    '-e',
    'try { require("rdkafka-rx") } catch (error) { console.log(error.message) }',
  );
  assert.match(stdout, /^The rdkafka-rx addon .*build\/Release\/rdkafka_rx\.node does not load: /);
  rmSync(join(project.cwd, 'node_modules/rdkafka-rx/build'), { recursive: true });
  assert.equal((await project.node('main.cjs')).stdout, 'consumed\n');
});
