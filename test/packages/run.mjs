// `npm run test:packages`: makes the packages, publishes them to a registry on loopback, and uses them as their users do.
//   npm run test:packages -- --test-name-pattern=pnpm     some of it
// The tools of this directory are installed when they are not there; packages that projects need come through the registry.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nodeHeaders } from '../../scripts/toolchain.mjs';
import { here } from './registry.mjs';

const root = join(here, '../..');
const headers = nodeHeaders();

async function run(what, command, args, cwd = root) {
  const began = performance.now();
  const env = {
    ...process.env,
    // npm hands down its --silent, which would take away why something failed.
    npm_config_loglevel: 'error',
    // As for our addon: headers that are there need not be downloaded.
    ...(headers && { npm_config_nodedir: headers.root }),
  };
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
  process.once('exit', () => child.kill());
  const [code] = await once(child, 'close');
  if (code !== 0) {
    console.error(`not ${what}: ${command} ${args.join(' ')} in ${cwd} failed`);
    process.exit(code ?? 1);
  }
  console.log(`${what}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
}

const installed = (path) => existsSync(join(here, 'node_modules', path));

if (!installed('verdaccio/package.json'))
  await run('installed the tools', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], here);
// node-rdkafka has no binary to download, and its make uses one core for minutes: it is needed last, the rest goes on meanwhile.
const compiled = installed('node-rdkafka/build/Release/node-librdkafka.node')
  ? null
  : run('compiled node-rdkafka', 'npm', ['rebuild', 'node-rdkafka'], here);
// Nobody else gets this one: a machine newer than the floor may test as well. What is published is made without the switch.
await run('made the package of this platform', 'npm', ['run', '--silent', 'prebuild', '--', '--any-glibc']);
await run('laid out the main package', 'npm', ['run', '--silent', 'stage', '--', '--platforms', 'all']);
await tests('install', 'runtimes', 'bundle');
await compiled;
await tests('use');

/** Every file of tests runs, whatever became of those before. */
async function tests(...names) {
  const files = names.map((name) => join(here, `${name}.test.mjs`));
  const args = ['--test', '--test-reporter=spec', '--test-concurrency=1', ...process.argv.slice(2), ...files];
  const [code] = await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'close');
  if (code !== 0) process.exitCode = code ?? 1;
}
