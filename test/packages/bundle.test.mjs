// The package in a bundle, in a traced directory, and in a single executable application: each runs in an empty directory, where it has to
// bring the addon.
import assert from 'node:assert';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { nodeBinary } from '../../scripts/node-matrix.mjs';
import { sh } from './projects.mjs';
import { platformPackage, usingRegistry } from './support.mjs';

const timeout = 300_000;
const nodes = ['20', '24'];
let project;
const context = usingRegistry(async (context) => {
  project = context.project();
  const tools = [
    'esbuild@0.28',
    'webpack@5',
    'node-loader@2',
    '@vercel/nft@1',
    '@vercel/ncc@0.45',
    'postject@1.0.0-alpha.6',
  ];
  await project.add('rdkafka-rx', 'rxjs', ...tools);
  for (const version of nodes) nodeBinary(version);
});

const addon = () => join(project.cwd, 'node_modules', platformPackage, 'rdkafka_rx.node');

/** A directory in which nothing but what is copied there can be found. */
const empty = () => mkdtempSync(join(context.directory, 'deployed-'));

async function runs(directory, ...command) {
  const { stdout, stderr } = await sh(command, { cwd: directory, env: context.registry.env, timeoutMs: 60_000 });
  assert.deepEqual([stdout, stderr], ['consumed\n', '']);
}

/** Copies what a tool made, and runs it without the project. */
async function deploy(made, program) {
  const directory = empty();
  cpSync(join(project.cwd, made), directory, { recursive: true });
  await runs(directory, process.execPath, program);
  return directory;
}

const esbuild = (source, ...options) =>
  project.bin(
    'esbuild/bin/esbuild',
    source,
    '--bundle',
    '--platform=node',
    '--target=node20',
    '--log-level=warning',
    ...options,
  );

test('@vercel/nft traces the addon of this platform', { timeout }, async () => {
  project.write(
    'trace.cjs',
    `const { nodeFileTrace } = require('@vercel/nft');
     nodeFileTrace(['main.cjs']).then(({ fileList }) => console.log(JSON.stringify([...fileList])));`,
  );
  const files = JSON.parse((await project.node('trace.cjs')).stdout);
  assert.ok(files.includes(join('node_modules', platformPackage, 'rdkafka_rx.node')), files.join('\n'));
  const directory = empty();
  for (const file of files) cpSync(join(project.cwd, file), join(directory, file));
  await runs(directory, process.execPath, 'main.cjs');
});

test('@vercel/ncc puts it beside its one file', { timeout }, async () => {
  await project.bin('@vercel/ncc/dist/ncc/cli.js', 'build', 'main.cjs', '-o', 'out/ncc', '--quiet');
  await deploy('out/ncc', 'index.cjs');
});

test('webpack, with node-loader', { timeout }, async () => {
  const config = {
    mode: 'production',
    target: 'node20',
    entry: './main.cjs',
    output: { path: join(project.cwd, 'out/webpack'), filename: 'main.cjs' },
    module: { rules: [{ test: /\.node$/.source, loader: 'node-loader' }] },
  };
  project.write(
    'bundle.cjs',
    `const config = ${JSON.stringify(config)};
     for (const rule of config.module.rules) rule.test = new RegExp(rule.test);
     require('webpack')(config, (error, stats) => {
       if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
     });`,
  );
  await project.node('bundle.cjs');
  await deploy('out/webpack', 'main.cjs');
});

test('esbuild, with the loader copy: CommonJS and an ES module', { timeout }, async () => {
  await esbuild('main.cjs', '--loader:.node=copy', '--outdir=out/cjs', '--out-extension:.js=.cjs');
  await deploy('out/cjs', 'main.cjs');
  const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  const options = ['--format=esm', `--banner:js=${banner}`, '--outdir=out/esm', '--out-extension:.js=.mjs'];
  await esbuild('main.mjs', '--loader:.node=copy', ...options);
  await deploy('out/esm', 'main.mjs');
});

test('a bundle without the addon takes the package that is installed beside it, or says where it is', {
  timeout,
}, async () => {
  const options = ['--external:@rdkafka-rx/*', '--outdir=out/external', '--out-extension:.js=.cjs'];
  await esbuild('main.cjs', ...options);
  // The tool did not find the package: it may be there when the bundle runs.
  const directory = empty();
  cpSync(join(project.cwd, 'out/external'), directory, { recursive: true });
  const failing = (cwd) =>
    sh([process.execPath, join(directory, 'main.cjs')], { cwd, env: context.registry.env }).then(
      () => assert.fail('it ran'),
      ({ stderr }) => stderr,
    );
  assert.match(
    await failing(directory),
    /There is no rdkafka-rx addon for this platform: install its optional package/,
  );
  const elsewhere = await failing(project.cwd);
  assert.doesNotMatch(elsewhere, /There is no rdkafka-rx addon/);
  assert.match(elsewhere, new RegExp(`is installed in .*${platformPackage}, where .* cannot find it`));
  cpSync(dirname(addon()), join(directory, 'node_modules', platformPackage), { recursive: true });
  await runs(directory, process.execPath, 'main.cjs');
});

for (const version of nodes) {
  test(`a single executable application, Node ${version}: the addon as an asset, or beside it`, {
    timeout,
  }, async () => {
    await esbuild('main.cjs', '--external:@rdkafka-rx/*', '--outfile=out/sea/main.cjs');
    const node = nodeBinary(version);
    for (const [name, assets] of [
      ['asset', { 'rdkafka_rx.node': addon() }],
      ['beside', undefined],
    ]) {
      const blob = join(project.cwd, `out/sea/${name}.blob`);
      const config = { main: 'out/sea/main.cjs', output: blob, disableExperimentalSEAWarning: true, assets };
      project.write('sea.json', JSON.stringify(config));
      await project.sh([node, '--experimental-sea-config', 'sea.json']);
      const directory = empty();
      const program = join(directory, 'service');
      cpSync(node, program);
      const fuse = ['--sentinel-fuse', 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'];
      await project.bin('postject/dist/cli.js', program, 'NODE_SEA_BLOB', blob, ...fuse);
      const env = { ...context.registry.env, TMPDIR: directory };
      if (assets === undefined) {
        const { stderr } = await sh([program], { cwd: directory, env }).catch((error) => error);
        assert.match(stderr, /This single executable application has no asset 'rdkafka_rx\.node'/);
        cpSync(addon(), join(directory, 'rdkafka_rx.node'));
      }
      const { stdout, stderr } = await sh([program], { cwd: directory, env, timeoutMs: 60_000 });
      assert.deepEqual([stdout, stderr], ['consumed\n', '']);
      // What was written for the system's loader is gone.
      assert.deepEqual(
        readdirSync(directory).filter((name) => name.startsWith('rdkafka-rx-')),
        [],
      );
      rmSync(directory, { recursive: true });
    }
  });
}

test('an addon that is installed and does not load says why, and not that there is none', { timeout }, async () => {
  const other = context.project();
  await other.add('rdkafka-rx', 'rxjs');
  const file = join(other.cwd, 'node_modules', platformPackage, 'rdkafka_rx.node');
  const said = async () =>
    (await other.node('-e', 'try { require("rdkafka-rx") } catch (error) { console.log(error.message) }')).stdout;
  writeFileSync(file, 'not an addon');
  assert.match(
    await said(),
    new RegExp(`^The rdkafka-rx addon ${platformPackage} does not load: .*(file too short|invalid ELF header|mach-o)`),
  );
  rmSync(file);
  assert.equal(existsSync(file), false);
  assert.match(await said(), new RegExp(`^The rdkafka-rx addon ${platformPackage} does not load: .*rdkafka_rx\\.node`));
});
