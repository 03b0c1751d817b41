// Compiles lib/ to dist/ and examples/ to dist-examples/, from scratch when a source file went away.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const below = (directory, suffix) =>
  existsSync(directory)
    ? readdirSync(directory, { recursive: true })
        .filter((name) => name.endsWith(suffix) && !name.endsWith('.d.ts'))
        .map((name) => name.slice(0, -suffix.length))
    : [];

function compile(project, from, to) {
  const sources = new Set(below(join(root, from), '.ts'));
  if (sources.size === 0) return;
  // A file that is left over would still be published, and its import would still work here.
  const built = below(join(root, to), '.js');
  if (built.length === 0 || built.some((name) => !sources.has(name))) {
    rmSync(join(root, to), { recursive: true, force: true });
    rmSync(join(root, 'build', `${from}.tsbuildinfo`), { force: true });
  }
  const result = spawnSync(process.execPath, [tsc, '-p', join(root, project)], { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

compile('tsconfig.build.json', 'lib', 'dist');
compile('tsconfig.examples.json', 'examples', 'dist-examples');
