// Runs the mock and lifecycle tests on an instrumented addon: `node scripts/sanitize.mjs [address|thread] [jest arguments]`.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cxx, run, say } from './toolchain.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [first, ...rest] = process.argv.slice(2);
const chosen = ['address', 'thread'].includes(first) ? [first] : ['address', 'thread'];
const jestArguments = chosen.length === 1 ? rest : process.argv.slice(2);

if (process.platform !== 'linux') {
  say('the sanitizer runs are for Linux: they preload the runtime of gcc or clang into node.');
  process.exit(1);
}

const settings = {
  address: {
    runtime: 'libasan.so',
    // Leaks: node itself keeps much until exit, the tests count live handles instead.
    options: { ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1:abort_on_error=1:detect_stack_use_after_return=0' },
  },
  thread: {
    runtime: 'libtsan.so',
    // node is not instrumented: its own synchronisation is invisible, only what happens between our modules counts.
    options: {
      TSAN_OPTIONS: 'ignore_noninstrumented_modules=1:halt_on_error=1:second_deadlock_stack=1',
    },
  },
};

for (const sanitize of chosen) {
  const built = spawnSync(process.execPath, [join(root, 'scripts/build-native.mjs'), `--sanitize=${sanitize}`], {
    stdio: 'inherit',
  });
  if (built.status !== 0) process.exit(built.status ?? 1);
  const { runtime, options } = settings[sanitize];
  const preload = run(cxx, [`-print-file-name=${runtime}`]).stdout.trim();
  say(`${sanitize} sanitizer: mock and lifecycle tests with ${preload} preloaded.`);
  const env = {
    ...process.env,
    ...options,
    LD_PRELOAD: preload,
    RDKAFKA_RX_ADDON: join(root, 'build', sanitize, 'build/Release/rdkafka_rx.node'),
    RDKAFKA_RX_SANITIZER: sanitize,
  };
  const jest = [process.execPath, join(root, 'node_modules/jest/bin/jest.js')];
  const projects = ['--selectProjects', 'mock', 'lifecycle', '--maxWorkers=1', ...jestArguments];
  // The thread sanitizer's shadow memory needs an address space that is not shuffled.
  const command = sanitize === 'thread' ? ['setarch', '-R', ...jest] : jest;
  const result = spawnSync(command[0], [...command.slice(1), ...projects], { cwd: root, env, stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}
