#!/usr/bin/env node
// Compiles the bench, then runs it: `node bench/run.mjs --help`, or the micro-benchmarks: `node bench/run.mjs micro --help`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..');
if (!existsSync(join(root, 'dist/index.js'))) {
  console.error('The bench measures the built package, and dist/ is not there: run `npm run build` first.');
  process.exit(1);
}
const require = createRequire(import.meta.url);
const compiled = spawnSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', here], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
const args = process.argv.slice(2);
const command = args[0] === 'micro' ? args.shift() : 'main';
await require(join(root, `build/bench/bench/${command}.js`)).main(args);
