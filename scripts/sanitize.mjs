// Runs programs against the raw addon under a sanitizer, with librdkafka built for it too.
//   node scripts/sanitize.mjs [address|thread] [program...]      programs of test/sanitize/, all when none is named
//   node scripts/sanitize.mjs address --jest [arguments]         the mock tests instead, without looking for leaks
// address: AddressSanitizer, LeakSanitizer at the natural end of each program, UndefinedBehaviorSanitizer for native/.
// thread: ThreadSanitizer for native/ and librdkafka. SCALE=n makes every program do n times as much.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cxx, run, say } from './toolchain.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const programs = join(root, 'test/sanitize');
const jest = process.argv.indexOf('--jest');
const named = process.argv.slice(2, jest < 0 ? undefined : jest);
const chosen = named.filter((name) => name === 'address' || name === 'thread');
const wanted = named.filter((name) => !chosen.includes(name));
const timeoutMs = 300_000 * Number(process.env.SCALE ?? 1);

if (process.platform !== 'linux') {
  say('the sanitizer runs are for Linux: they preload the runtime of gcc into node.');
  process.exit(1);
}

const settings = {
  address: {
    runtime: 'libasan.so',
    env: {
      ASAN_OPTIONS: `detect_leaks=${jest < 0 ? 1 : 0}:halt_on_error=1:exitcode=99`,
      LSAN_OPTIONS: `suppressions=${join(programs, 'leaks.txt')}:print_suppressions=0`,
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    },
    command: [],
  },
  thread: {
    runtime: 'libtsan.so',
    env: {
      // node is not instrumented: what it does inside is invisible, what happens between our modules counts.
      TSAN_OPTIONS: `ignore_noninstrumented_modules=1:halt_on_error=0:exitcode=99:second_deadlock_stack=1:history_size=4:suppressions=${join(programs, 'races.txt')}`,
      // Bounds on how long something takes are for machines that are not ten times slower.
      SLOW: '10',
    },
    // Its shadow memory needs an address space that is not shuffled.
    command: ['setarch', '-R'],
  },
};

const files = readdirSync(programs)
  .filter((name) => name.endsWith('.js') && name !== 'support.js')
  .map((name) => name.slice(0, -3))
  .filter((name) => wanted.length === 0 || wanted.includes(name));
let failed = 0;

for (const sanitize of chosen.length > 0 ? chosen : ['address', 'thread']) {
  const built = spawnSync(process.execPath, [join(root, 'scripts/build-native.mjs'), `--sanitize=${sanitize}`], {
    stdio: 'inherit',
  });
  if (built.status !== 0) process.exit(built.status ?? 1);
  const { runtime, env, command } = settings[sanitize];
  const options = {
    cwd: root,
    stdio: 'inherit',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    env: {
      ...process.env,
      ...env,
      LD_PRELOAD: run(cxx, [`-print-file-name=${runtime}`]).stdout.trim(),
      RDKAFKA_RX_ADDON: join(root, 'build', sanitize, 'build/Release/rdkafka_rx.node'),
    },
  };
  const check = (name, args) => {
    const started = performance.now();
    const [program, ...before] = [...command, process.execPath];
    const result = spawnSync(program, [...before, ...args], options);
    const good = result.status === 0;
    if (!good) failed++;
    const outcome = good ? 'passed' : `FAILED with ${result.status ?? result.signal}`;
    say(`${sanitize}: ${name} ${outcome} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  };
  if (jest >= 0) {
    const projects = ['--selectProjects', 'mock', '--maxWorkers=1', ...process.argv.slice(jest + 1)];
    check('mock tests', [join(root, 'node_modules/jest/bin/jest.js'), ...projects]);
  } else {
    for (const name of files) check(name, ['--expose-gc', join(programs, `${name}.js`)]);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
