/** The package as its users get it: by name, through require and import, with what its tarball holds. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { packageName, thisPlatform } from '../../lib/native/platform';

const root = resolve(__dirname, '../..');
const node = (...args: string[]): string =>
  execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

const names =
  'Object.keys(m).filter((name) => !["default", "__esModule", "module.exports"].includes(name)).sort().join()';

it.each(['rdkafka-rx', 'rdkafka-rx/testing', 'rdkafka-rx/prometheus', 'rdkafka-rx/opentelemetry'])(
  '%s has the same names for require and import',
  (specifier) => {
    const required = node('-e', `const m = require('${specifier}'); console.log(${names})`);
    const imported = node('--input-type=module', '-e', `import * as m from '${specifier}'; console.log(${names})`);
    expect(imported).toBe(required);
    expect(required).not.toBe('');
  },
);

it('gives import and require the same classes', () => {
  const script = `
    import { Consumer } from 'rdkafka-rx';
    import { createRequire } from 'node:module';
    console.log(createRequire(process.cwd() + '/x.js')('rdkafka-rx').Consumer === Consumer);
  `;
  expect(node('--input-type=module', '-e', script)).toBe('true');
});

it('has every file that its exports name, and hides the others', () => {
  const { exports } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | Record<string, string>>;
  };
  const files = Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  );
  expect(files.filter((file) => !existsSync(resolve(root, file)))).toEqual([]);
  expect(node('-p', "try { require('rdkafka-rx/dist/native/addon') } catch (error) { error.code }")).toBe(
    'ERR_PACKAGE_PATH_NOT_EXPORTED',
  );
});

it('runs nothing at install, and packs no tests, build results or download addresses', () => {
  const manifest = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
    gypfile: boolean;
  };
  expect(Object.keys(manifest.scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
  expect(manifest.gypfile).toBe(false);
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files } = { files: [] }] = JSON.parse(packed) as { files: { path: string }[] }[];
  const paths = files.map((file) => file.path);
  expect(paths).toEqual(expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'binding.gyp', 'LICENSE']));
  expect(paths.filter((path) => /^(test|bench|build|examples|\.ci)\/|\.node$|tsbuildinfo$/.test(path))).toEqual([]);
  expect(readFileSync(resolve(root, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
});

describe('an addon that cannot be loaded is one sentence', () => {
  /** The built package where no addon is beside it. */
  const directory = mkdtempSync(join(tmpdir(), 'rdkafka-rx-package-'));
  beforeAll(() => {
    cpSync(resolve(root, 'dist'), join(directory, 'dist'), { recursive: true });
    symlinkSync(resolve(root, 'node_modules'), join(directory, 'node_modules'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  function load(addon?: string): string {
    const { RDKAFKA_RX_ADDON: _, ...env } = process.env;
    const script = 'try { require("./dist") } catch ({ name, code, message }) { console.log(name, code, message) }';
    return execFileSync(process.execPath, ['-e', script], {
      cwd: directory,
      encoding: 'utf8',
      env: { ...env, ...(addon !== undefined && { RDKAFKA_RX_ADDON: addon }) },
    }).trimEnd();
  }

  it('none for this platform: it names the package, building one, and naming one', () => {
    const said = load();
    expect(said).toMatch(/^LoadError ERR_KAFKA_CLIENT_LOAD There is no rdkafka-rx addon for this platform: .+$/);
    for (const way of [packageName(thisPlatform()), 'npx rdkafka-rx-build', 'RDKAFKA_RX_ADDON'])
      expect(said).toContain(way);
  });

  it('one that is named and not there: nothing else is tried', () => {
    expect(load('nowhere/rdkafka_rx.node')).toBe(
      `LoadError ERR_KAFKA_CLIENT_LOAD RDKAFKA_RX_ADDON names ${join(directory, 'nowhere/rdkafka_rx.node')}, which does not exist`,
    );
  });

  it('one that is no addon: it says why', () => {
    writeFileSync(join(directory, 'wrong.node'), 'not an addon');
    expect(load('wrong.node')).toMatch(
      /^LoadError ERR_KAFKA_CLIENT_LOAD The rdkafka-rx addon .*wrong\.node does not load: .+$/,
    );
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux('one that finds too old a librdkafka: it says so', () => {
    const source = 'int rd_kafka_of_tomorrow(void); int call(void) { return rd_kafka_of_tomorrow(); }';
    writeFileSync(join(directory, 'tomorrow.c'), source);
    execFileSync('cc', ['-shared', '-fPIC', '-Wl,-z,now', '-o', 'tomorrow.node', 'tomorrow.c'], { cwd: directory });
    expect(load('tomorrow.node')).toMatch(
      /does not load: .*rd_kafka_of_tomorrow; the installed librdkafka is too old: install 2.6.1/,
    );
  });
});
