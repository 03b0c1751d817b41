// The installed package in the ways that projects use one.
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { here } from './registry.mjs';
import { usingRegistry } from './support.mjs';

const timeout = 300_000;
let project;
usingRegistry(async (context) => {
  project = context.project();
  const typescript = ['typescript@5.9', '@types/node@20'];
  const nest = ['@nestjs/common@11', '@nestjs/core@11', 'reflect-metadata'];
  await project.add('rdkafka-rx', 'rxjs', ...typescript, ...nest, 'esbuild@0.28', 'jest@30', 'vitest@3');
});

const consumed = async (...args) => assert.equal((await project.node(...args)).stdout, 'consumed\n');

/** Compiles one program as strictly as TypeScript does, all declarations included. */
async function compile(source, directory, options) {
  const strict = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
  };
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023'],
    types: ['node'],
    outDir: directory,
    ...strict,
    ...options,
  };
  project.write(`tsconfig.${directory}.json`, JSON.stringify({ compilerOptions, files: [source] }));
  await project.bin('typescript/bin/tsc', '-p', `tsconfig.${directory}.json`);
}

for (const [name, type, options] of [
  ['node16, CommonJS', 'commonjs', { module: 'node16', moduleResolution: 'node16' }],
  ['node16, modules', 'module', { module: 'node16', moduleResolution: 'node16' }],
  ['bundler', 'module', { module: 'esnext', moduleResolution: 'bundler' }],
]) {
  test(`strict TypeScript, moduleResolution ${name}`, { timeout }, async () => {
    const directory = name.replace(/\W+/g, '-');
    // The type of a file is that of the package.json above it, the source's too.
    const manifest = readFileSync(join(project.cwd, 'package.json'), 'utf8');
    project.write('package.json', JSON.stringify({ ...JSON.parse(manifest), type }));
    await compile('typed.ts', directory, options);
    await consumed(`${directory}/typed.js`);
    project.write('package.json', manifest);
  });
}

test('metrics and traces say what they need, and work when it is there', { timeout }, async () => {
  for (const [name, needed] of [
    ['rdkafka-rx/prometheus', 'prom-client'],
    ['rdkafka-rx/opentelemetry', '@opentelemetry/api'],
  ]) {
    const { stdout } = await project.node(
      '-e',
      `try { require('${name}') } catch ({ code, message }) { console.log(code, message.split('\\n')[0]) }`,
    );
    assert.equal(stdout, `MODULE_NOT_FOUND Cannot find module '${needed}'\n`);
  }
  await project.add('prom-client@15', '@opentelemetry/api@1.9');
  await compile('observed.ts', 'observed', { module: 'node16', moduleResolution: 'node16' });
  await consumed('observed/observed.js');
});

test('a NestJS service', { timeout }, async () => {
  const decorators = { experimentalDecorators: true, emitDecoratorMetadata: true };
  await compile('nest.ts', 'nest', {
    module: 'node16',
    moduleResolution: 'node16',
    ...decorators,
    skipLibCheck: true,
    exactOptionalPropertyTypes: false,
  });
  await consumed('nest/nest.js');
});

test('an esbuild bundle with the package beside it, and one that contains it', { timeout }, async () => {
  const bundle = ['--bundle', '--platform=node', '--target=node20', '--log-level=warning'];
  for (const [source, out, ...options] of [
    ['typed.ts', 'out/beside.mjs', '--external:rdkafka-rx', '--format=esm'],
    ['main.cjs', 'out/beside.cjs', '--external:rdkafka-rx'],
    ['main.cjs', 'out/inside.cjs', '--external:@rdkafka-rx/*'],
  ]) {
    const { stderr } = await project.bin('esbuild/bin/esbuild', source, ...bundle, ...options, `--outfile=${out}`);
    assert.equal(stderr, '');
    await consumed(out);
  }
});

test('jest, two files at a time', { timeout }, async () => {
  project.write(
    'jest.config.cjs',
    "module.exports = { testMatch: ['**/*.test.cjs'], maxWorkers: 2, testTimeout: 60_000, workerGracefulExitTimeout: 20_000 };",
  );
  const { stderr } = await project.bin('jest/bin/jest.js', '--config', 'jest.config.cjs');
  assert.match(stderr, /Tests: +2 passed, 2 total/);
  assert.doesNotMatch(stderr, /did not exit|force exited/);
});

test('vitest in threads, two files at a time', { timeout }, async () => {
  project.write(
    'vitest.config.mjs',
    "export default { test: { include: ['*.vitest.mjs'], pool: 'threads', testTimeout: 60_000 } };",
  );
  const { stdout } = await project.bin('vitest/vitest.mjs', 'run');
  assert.match(stdout, /Tests +2 passed/);
});

for (const first of ['ours', 'theirs']) {
  test(`beside node-rdkafka in one process, both over TLS; loaded first: ${first}`, { timeout }, async (t) => {
    const { stdout } = await project.node('symbols.cjs', join(here, 'node_modules/node-rdkafka'), first);
    assert.match(stdout, /^both: librdkafka /);
    t.diagnostic(stdout.trim());
  });
}
