// What every test file starts with: a registry that has the packages as they would be published.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { packageName, platformManifest, platforms, root, thisPlatform } from '../../scripts/platforms.mjs';
import { Project, sh } from './projects.mjs';
import { startRegistry } from './registry.mjs';

const packages = join(root, 'build/packages');
export const platformPackage = packageName(thisPlatform());
export const published = [platformPackage, 'rdkafka-rx'];
export const directoryOf = (name) => join(packages, name);

/**
 * Starts the registry before the tests of this file and publishes; ends and clears all after them. `prepare` runs in the
 * same hook: Node 20 does not wait for one before it starts the next.
 */
export function usingRegistry(prepare = async () => {}) {
  const directory = mkdtempSync(join(tmpdir(), 'rdkafka-rx-packages-'));
  const context = { directory, project: (manager) => new Project(directory, context.registry, manager) };
  before(async () => {
    context.registry = await startRegistry(directory);
    for (const platform of platforms) {
      const name = packageName(platform);
      if (name !== platformPackage) await publishStandIn(join(directory, name), platform, context.registry.env);
    }
    for (const name of published) await sh(['npm', 'publish'], { cwd: directoryOf(name), env: context.registry.env });
    await prepare(context);
  });
  after(async () => {
    await context.registry?.stop();
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  });
  return context;
}

/** The package of another platform: whoever loads it gets to know. A package manager must leave it out, yarn 1 by what it knows of. */
async function publishStandIn(cwd, platform, env) {
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, 'package.json'), JSON.stringify(platformManifest(platform, 'in a test')));
  writeFileSync(join(cwd, 'rdkafka_rx.node'), `not for ${packageName(platform)}`);
  await sh(['npm', 'publish'], { cwd, env });
}
