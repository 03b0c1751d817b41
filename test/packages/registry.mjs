// A registry on loopback that has our packages, and passes everything else on to the registry that npm is configured with.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
export const here = fileURLToPath(new URL('.', import.meta.url));

/** Node with the file that a package of the tools has as a command. */
export const tool = (path) => [process.execPath, join(here, 'node_modules', path)];

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** @returns {Promise<{ url: string, env: NodeJS.ProcessEnv, stop(): Promise<void> }>} `env` makes npm, pnpm and yarn use it */
export async function startRegistry(directory) {
  const upstream = spawnSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).stdout.trim();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const home = join(directory, 'home');
  mkdirSync(home, { recursive: true });
  const config = join(directory, 'verdaccio.json');
  const anyone = { access: '$all', publish: '$all', unpublish: '$all' };
  writeFileSync(
    config,
    JSON.stringify({
      storage: join(directory, 'storage'),
      uplinks: { npm: { url: upstream, maxage: '60m', timeout: '60s', max_fails: 1000, fail_timeout: '1s' } },
      packages: { '@rdkafka-rx/*': anyone, 'rdkafka-rx': anyone, '**': { access: '$all', proxy: 'npm' } },
      log: { type: 'stdout', format: 'pretty', level: 'warn' },
      max_body_size: '50mb',
      web: { enable: false },
    }),
  );
  const [node, verdaccio] = [process.execPath, require.resolve('verdaccio/bin/verdaccio')];
  const server = spawn(node, [verdaccio, '--config', config, '--listen', `127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = once(server, 'exit');
  let said = '';
  await new Promise((resolve, reject) => {
    exit.then(() => reject(new Error(`verdaccio ended:\n${said}`)), reject);
    const look = (text) => {
      said += text;
      if (said.includes(`http address - ${url}`)) resolve();
    };
    server.stdout.setEncoding('utf8').on('data', look);
    server.stderr.setEncoding('utf8').on('data', look);
  });

  // npm publishes with a token only; this registry takes any.
  const lines = [`registry=${url}`, `//127.0.0.1:${port}/:_authToken=anyone`, 'audit=false', 'fund=false'];
  writeFileSync(
    join(home, '.npmrc'),
    `${[...lines, 'fetch-retries=5', 'fetch-retry-mintimeout=1000', 'update-notifier=false'].join('\n')}\n`,
  );
  // What `npm run` and the user's own settings say about registries and caches must not reach the package managers.
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|pnpm_|yarn_|XDG_|INIT_CWD|NODE_OPTIONS|NODE_PATH|RDKAFKA_RX_|FORCE_COLOR)/i.test(name),
  );
  const env = {
    ...Object.fromEntries(kept),
    HOME: home,
    USERPROFILE: home,
    CI: 'true',
    NO_COLOR: '1',
    npm_config_userconfig: join(home, '.npmrc'),
  };
  const stop = async () => {
    server.kill('SIGTERM');
    await exit;
  };
  return { url, env, stop };
}
