// Compiles lib/ to dist/ and examples/ to dist-examples/, from scratch when a source or an output file went away.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const below = (directory) =>
  existsSync(directory)
    ? readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(directory, join(entry.parentPath ?? entry.path, entry.name)))
    : [];

function compile(project, from, to, suffixes) {
  const sources = below(join(root, from)).filter((name) => name.endsWith('.ts'));
  if (sources.length === 0) return;
  const wanted = sources.flatMap((name) => suffixes.map((suffix) => name.slice(0, -'.ts'.length) + suffix)).sort();
  // A file that is left over would still be published, and its import would still work here; one that is missing is not
  // noticed by the compiler, which only looks at what has changed.
  if (below(join(root, to)).sort().join() !== wanted.join()) {
    rmSync(join(root, to), { recursive: true, force: true });
    rmSync(join(root, 'build', `${from}.tsbuildinfo`), { force: true });
  }
  const result = spawnSync(process.execPath, [tsc, '-p', join(root, project)], { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

compile('tsconfig.build.json', 'lib', 'dist', ['.js', '.js.map', '.d.ts']);
compile('tsconfig.examples.json', 'examples', 'dist-examples', ['.js', '.js.map']);
