/** Installs the other clients, on demand, into bench/node_modules. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const bench = join(dirname(require.resolve('rdkafka-rx/package.json')), 'bench');

export function isInstalled(peer: string): boolean {
  return existsSync(join(bench, 'node_modules', peer, 'package.json'));
}

/** `npm ci` in bench/: compiles a librdkafka of node-rdkafka's own, which takes minutes. */
export async function installPeers(progress: (text: string) => void): Promise<void> {
  progress('installing the other clients under bench/ (npm ci; compiles for some minutes)');
  const npm = spawn('npm', ['ci', '--no-audit', '--no-fund'], { cwd: bench, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(npm, 'exit');
  if (code !== 0)
    throw new Error(`npm ci in ${bench} ended with code ${code}: leave out --peers, or see what it said above.`);
}
