// Compiles the C baselines against the very librdkafka the addon is built from, into the project's cache.
// `node bench/baseline/build.mjs` prints where they are.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot, librdkafka } from '../../scripts/librdkafka.mjs';

const here = dirname(fileURLToPath(import.meta.url));
/** librdkafka's own benchmark, where node-rdkafka's package is installed: its sources come with it. */
const examples = join(here, '../node_modules/node-rdkafka/deps/librdkafka/examples');
const performance = join(examples, 'rdkafka_performance.c');
/** What becomes of which source. */
const programs = (include) => {
  const headers = [join(include, 'librdkafka'), join(examples, '../src')];
  return [
    ...['consume', 'produce', 'latency', 'launch'].map((name) => ({
      name,
      source: join(here, `${name}.c`),
      flags: [],
    })),
    ...(existsSync(performance)
      ? [
          {
            name: 'rdkafka_performance',
            source: performance,
            flags: ['-w', ...headers.flatMap((path) => ['-I', path])],
          },
        ]
      : []),
  ];
};

/** @returns {Promise<{ directory: string, version: string, librdkafka: string }>} where the programs lie and what they are linked with */
export async function buildBaselines() {
  const library = await librdkafka();
  const compiler = process.env.CC || 'cc';
  const flags = ['-O2', '-Wall', '-Wextra', '-isystem', library.include];
  const sources = [join(here, 'baseline.h'), ...programs(library.include).map(({ source }) => source)].map((file) =>
    readFileSync(file),
  );
  const recipe = createHash('sha256').update(JSON.stringify([library, compiler, flags]));
  for (const source of sources) recipe.update(source);
  const directory = join(cacheRoot(), `baseline-${recipe.digest('hex').slice(0, 12)}`);
  if (!existsSync(directory)) {
    const temp = `${directory}.tmp-${process.pid}`;
    mkdirSync(temp, { recursive: true });
    try {
      for (const { name, source, flags: own } of programs(library.include)) {
        const command = [...flags, ...own, source, '-o', join(temp, name), ...library.libs, '-lpthread', '-lm'];
        execFileSync(compiler, command, { stdio: ['ignore', 'ignore', 'inherit'] });
      }
      renameSync(temp, directory);
    } catch (error) {
      // Another process built the same thing first.
      if (!existsSync(directory)) throw error;
    } finally {
      rmSync(temp, { recursive: true, force: true });
    }
  }
  return { directory, version: library.version, librdkafka: `${library.version} (${library.source})` };
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
  console.log((await buildBaselines()).directory);
}
