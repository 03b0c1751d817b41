// The installed package under other runtimes and each release line of Node: what docs/runtimes.md says works.
import assert from 'node:assert';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { nodeBinary } from '../../scripts/node-matrix.mjs';
import { here } from './registry.mjs';
import { usingRegistry } from './support.mjs';

const nodes = ['20', '22', '24', '26'];
let project;
usingRegistry(async (context) => {
  project = context.project();
  await project.add('rdkafka-rx', 'rxjs');
  // Installed here, where no limit of a test runs.
  for (const version of nodes) nodeBinary(version);
});
const timeout = 120_000;
const require = createRequire(join(here, 'package.json'));

/** The executable inside the package for this platform: the scripts that would copy it did not run. */
function binary(name) {
  const { platform, arch } = process;
  const from = createRequire(require.resolve(`${name}/package.json`));
  const libc = name === 'deno' && platform === 'linux' ? '-glibc' : '';
  const scope = { bun: '@oven/bun-', deno: '@deno/' }[name];
  const directory = dirname(from.resolve(`${scope}${platform}-${arch}${libc}/package.json`));
  return join(directory, name === 'bun' ? 'bin/bun' : 'deno');
}

const programs = ['main.cjs', 'main.mjs', 'runtime.mjs'];
const runtimes = {
  ...Object.fromEntries(nodes.map((version) => [`Node ${version}`, () => [nodeBinary(version)]])),
  Bun: () => [binary('bun')],
  Deno: () => [binary('deno'), 'run', '--allow-all'],
};

for (const [name, command] of Object.entries(runtimes)) {
  for (const program of programs) {
    test(`${name}: ${program}`, { timeout }, async (t) => {
      const { stdout, stderr } = await project.sh([...command(), program], { timeoutMs: 60_000 });
      const lines = stdout.trim().split('\n');
      assert.equal(lines.at(-1), 'consumed');
      assert.equal(stderr, '');
      if (lines.length > 1) t.diagnostic(lines.slice(0, -1).join('; '));
    });
  }
}
