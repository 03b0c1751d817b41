// `npm run test:packages`: makes the packages, publishes them to a registry on loopback, and uses them as their users do.
//   npm run test:packages -- --test-name-pattern=pnpm     some of it
// The tools of this directory are installed when they are not there; packages that projects need come through the registry.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { here } from './registry.mjs';

const root = join(here, '../..');

function run(what, command, args, cwd = root) {
  console.log(what);
  const result = spawnSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

if (!existsSync(join(here, 'node_modules/verdaccio/package.json')))
  run('installing the tools of test/packages', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], here);
if (!existsSync(join(root, 'bench/node_modules/node-rdkafka/build/Release/node-librdkafka.node')))
  run(
    'installing node-rdkafka under bench/ (compiles for some minutes)',
    'npm',
    ['ci', '--no-audit', '--no-fund'],
    join(root, 'bench'),
  );
run('building the package of this platform', 'npm', ['run', '--silent', 'prebuild']);
run('laying out the main package', 'npm', ['run', '--silent', 'stage']);
const files = ['install', 'use', 'runtimes'].map((name) => join(here, `${name}.test.mjs`));
const test = ['--test', '--test-reporter=spec', '--test-concurrency=1', ...process.argv.slice(2), ...files];
process.exitCode = spawnSync(process.execPath, test, { stdio: 'inherit' }).status ?? 1;
