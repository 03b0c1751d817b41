// clang-format over native/ and the C of bench/ and test/. --check only says what differs.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const clangFormat = join(root, 'node_modules/.bin/clang-format');
const files = ['native', 'bench', 'test']
  .filter((directory) => existsSync(join(root, directory)))
  .flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true })
      .filter((name) => /\.(cc|h|c)$/.test(name) && !name.includes('node_modules'))
      .map((name) => join(directory, name)),
  );
if (files.length > 0) {
  const mode = process.argv.includes('--check') ? ['--dry-run', '-Werror'] : ['-i'];
  process.exitCode =
    spawnSync(clangFormat, ['--style=file', ...mode, ...files], { cwd: root, stdio: 'inherit' }).status ?? 1;
}
