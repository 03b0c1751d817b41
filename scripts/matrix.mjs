// The tests once for each of several versions of something: `[versions] [-- jest arguments]`.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError, say } from './toolchain.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * @param {{ versions: string[], projects: string[], prepare: (version: string) => Promise<{ about: string, node?: string, env?: object }> }} options
 * what runs when nothing is named, and what a version needs: the Node that runs the tests, variables for them
 */
export async function matrix({ versions, projects, prepare }) {
  const [own, given] = split(process.argv.slice(2));
  const jest = [join(root, 'node_modules/jest/bin/jest.js'), ...(given ?? ['--selectProjects', ...projects])];
  const failed = [];
  try {
    for (const version of own.length > 0 ? own : versions) {
      const { about, node = process.execPath, env } = await prepare(version);
      say(about);
      const options = { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } };
      if (spawnSync(node, jest, options).status !== 0) failed.push(about);
    }
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    failed.push(error.message);
  }
  for (const one of failed) say(`failed: ${one}`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}

function split(all) {
  const separator = all.indexOf('--');
  return separator < 0 ? [all, null] : [all.slice(0, separator), all.slice(separator + 1)];
}
