// Runs programs against the native code under a sanitizer, with librdkafka built for it too.
//   node scripts/sanitize.mjs [address|thread] [program...]      those of test/sanitize/ and test/native/, or only the named
//   node scripts/sanitize.mjs address --jest [arguments]         the mock tests instead, without looking for leaks
// address: AddressSanitizer, LeakSanitizer at the natural end of each program, UndefinedBehaviorSanitizer for native/.
// thread: ThreadSanitizer for native/ and librdkafka. SCALE=n makes every program do n times as much.
// --json --outputFile=<file> writes the numbers as jest does. First of all a program with mistakes must be caught.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildCanary, buildNativeTest, nativeTests } from './native-tests.mjs';
import { BuildError, cxx, run, say } from './toolchain.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const programs = join(root, 'test/sanitize');
const FOUND = 99; // what a program ends with when its sanitizer found something
const timeoutMs = 300_000 * Number(process.env.SCALE ?? 1);

const settings = {
  address: {
    runtime: 'libasan.so',
    instrumented: '__asan_report_load8',
    env: (leaks) => ({
      ASAN_OPTIONS: `detect_leaks=${leaks ? 1 : 0}:halt_on_error=1:exitcode=${FOUND}`,
      LSAN_OPTIONS: `suppressions=${join(programs, 'leaks.txt')}:print_suppressions=0:exitcode=${FOUND}`,
      UBSAN_OPTIONS: `print_stacktrace=1:halt_on_error=1:exitcode=${FOUND}`,
    }),
    mistakes: {
      overflow: 'heap-buffer-overflow',
      'use-after-free': 'heap-use-after-free',
      leak: 'detected memory leaks',
      undefined: 'signed integer overflow',
    },
  },
  thread: {
    runtime: 'libtsan.so',
    instrumented: '__tsan_write8',
    env: () => ({
      // node is not instrumented: what it does inside is invisible, what happens between our modules counts.
      TSAN_OPTIONS: `ignore_noninstrumented_modules=1:halt_on_error=0:exitcode=${FOUND}:second_deadlock_stack=1:history_size=4:suppressions=${join(programs, 'races.txt')}`,
      // Bounds on how long something takes are for machines that are not ten times slower.
      SLOW: '10',
    }),
    mistakes: { race: 'data race' },
  },
};

function readArguments(argv) {
  const jest = argv.indexOf('--jest');
  const own = jest < 0 ? argv : argv.slice(0, jest);
  const output = own.find((one) => one.startsWith('--outputFile='))?.slice('--outputFile='.length);
  const named = own.filter((one) => one !== '--json' && !one.startsWith('--outputFile='));
  const scripts = readdirSync(programs)
    .filter((name) => name.endsWith('.js') && name !== 'support.js')
    .map((name) => name.slice(0, -3));
  const kinds = Object.keys(settings);
  const unknown = named.find((name) => ![...kinds, ...scripts, ...nativeTests].includes(name));
  if (unknown !== undefined)
    throw new BuildError(
      `'${unknown}' is none of the sanitizers (${kinds.join(', ')}) and programs (${[...nativeTests, ...scripts].join(', ')}).`,
    );
  const of = (all) => {
    const chosen = named.filter((name) => all.includes(name));
    return chosen.length > 0 ? chosen : null;
  };
  const some = of(nativeTests) !== null || of(scripts) !== null;
  return {
    kinds: of(kinds) ?? kinds,
    jest: jest < 0 ? null : argv.slice(jest + 1),
    natives: jest < 0 ? (of(nativeTests) ?? (some ? [] : nativeTests)) : [],
    scripts: jest < 0 ? (of(scripts) ?? (some ? [] : scripts)) : [],
    output,
  };
}

// The shadow memory of ThreadSanitizer needs an address space that is not shuffled, where that may be asked for.
const unshuffled = () => (spawnSync('setarch', ['-R', 'true']).status === 0 ? ['setarch', '-R'] : []);

async function sanitizer(kind, { jest, natives, scripts }, count) {
  const { runtime, instrumented, env, mistakes } = settings[kind];
  const before = kind === 'thread' ? unshuffled() : [];
  const environment = { ...process.env, ...env(jest === null) };
  const start = (command, more = {}, options = {}) => {
    const [program, ...args] = [...before, ...command];
    const all = { cwd: root, stdio: 'inherit', timeout: timeoutMs, killSignal: 'SIGKILL', ...options };
    return spawnSync(program, args, { ...all, env: { ...environment, ...more } });
  };
  const check = (name, test) => {
    const started = performance.now();
    const wrong = test();
    count(wrong === null);
    const took = ((performance.now() - started) / 1000).toFixed(1);
    say(`${kind}: ${name} ${wrong === null ? 'passed' : `FAILED: ${wrong}`} (${took} s)`);
  };
  const passes = (name, command, more) =>
    check(name, () => {
      const { status, signal } = start(command, more);
      return status === 0 ? null : `ended with ${status ?? signal}${status === FOUND ? ', the report is above' : ''}`;
    });

  const canary = buildCanary(kind);
  check('canary', () => {
    const seen = (mistake) => start([canary, mistake], {}, { stdio: 'pipe', encoding: 'utf8' });
    const none = seen('none');
    if (none.status !== 0) return `nothing is wrong, and it says\n${none.stderr}`;
    const missed = Object.entries(mistakes).find(([mistake, name]) => {
      const { status, stderr } = seen(mistake);
      return status !== FOUND || !stderr.includes(name);
    });
    return missed === undefined ? null : `a mistake of the kind '${missed[0]}' was not seen`;
  });
  for (const name of natives) {
    const program = await buildNativeTest(name, kind);
    passes(name, [program]);
  }
  if (jest === null && scripts.length === 0) return;

  const built = spawnSync(process.execPath, [join(root, 'scripts/build-native.mjs'), `--sanitize=${kind}`], {
    stdio: 'inherit',
  });
  if (built.status !== 0) throw new BuildError(`there is no addon for the ${kind} sanitizer.`);
  const addon = join(root, 'build', kind, 'build/Release/rdkafka_rx.node');
  if (!readFileSync(addon).includes(instrumented))
    throw new BuildError(`${addon} was not compiled for the ${kind} sanitizer: does CXXFLAGS say otherwise?`);
  const preload = run(cxx, [`-print-file-name=${runtime}`]).stdout.trim();
  if (!existsSync(preload))
    throw new BuildError(`${cxx} has no ${runtime}: it comes with gcc, on some systems in a package of its own.`);
  const node = { LD_PRELOAD: preload, RDKAFKA_RX_ADDON: addon };
  if (jest !== null) {
    const tests = [join(root, 'node_modules/jest/bin/jest.js'), '--selectProjects', 'mock', '--maxWorkers=1', ...jest];
    passes('mock tests', [process.execPath, ...tests], node);
  }
  for (const name of scripts) passes(name, [process.execPath, '--expose-gc', join(programs, `${name}.js`)], node);
}

let passed = 0;
let failed = 0;
try {
  if (process.platform !== 'linux')
    throw new BuildError('the sanitizer runs are for Linux: they preload the runtime of gcc into node.');
  const chosen = readArguments(process.argv.slice(2));
  for (const kind of chosen.kinds)
    await sanitizer(kind, chosen, (good) => {
      if (good) passed++;
      else failed++;
    });
  if (chosen.output !== undefined) {
    const report = { numPassedTests: passed, numFailedTests: failed, numRuntimeErrorTestSuites: 0 };
    writeFileSync(chosen.output, JSON.stringify(report));
  }
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  say(error.message);
  failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
