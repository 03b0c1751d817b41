import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { libcOf, packageName, thisPlatform } from '../../lib/native/platform';

const directory = mkdtempSync(join(tmpdir(), 'rdkafka-rx-platform-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** An ELF file: its header, two program headers, and the name of its loader, as far behind them as patching tools put it. */
function executable(loader: string): string {
  const file = join(directory, 'executable');
  const [offset, entry] = [100_000, 56];
  const elf = Buffer.alloc(offset + loader.length + 1);
  elf.write('\x7fELF\x02', 'latin1');
  elf.writeBigUInt64LE(64n, 32);
  elf.writeUInt16LE(entry, 54);
  elf.writeUInt16LE(loader === '' ? 1 : 2, 56);
  elf.writeUInt32LE(1, 64);
  elf.writeUInt32LE(3, 64 + entry);
  elf.writeBigUInt64LE(BigInt(offset), 64 + entry + 8);
  elf.writeBigUInt64LE(BigInt(loader.length + 1), 64 + entry + 32);
  elf.write(loader, offset, 'latin1');
  writeFileSync(file, elf);
  return file;
}

it.each([
  ['/lib/ld-musl-x86_64.so.1', 'musl'],
  ['/lib/ld-musl-aarch64.so.1', 'musl'],
  ['/lib64/ld-linux-x86-64.so.2', 'glibc'],
  ['/nix/store/abc-glibc-2.40/lib/ld-linux-aarch64.so.1', 'glibc'],
])('%s is the loader of %s', (loader, libc) => {
  expect(libcOf(executable(loader))).toBe(libc);
});

it('takes an executable that cannot be read, or has no loader, for one of glibc', () => {
  expect(libcOf(join(directory, 'not there'))).toBe('glibc');
  expect(libcOf(executable(''))).toBe('glibc');
  writeFileSync(join(directory, 'script'), '#!/bin/sh');
  expect(libcOf(join(directory, 'script'))).toBe('glibc');
});

it('names the package as package.json names platforms', () => {
  expect(packageName({ os: 'linux', cpu: 'arm64', libc: 'musl' })).toBe('@rdkafka-rx/linux-arm64-musl');
  expect(packageName({ os: 'darwin', cpu: 'x64' })).toBe('@rdkafka-rx/darwin-x64');
});

it('knows the platform of this process', () => {
  const { os, cpu, libc } = thisPlatform();
  expect([os, cpu]).toEqual([process.platform, process.arch]);
  expect(libc !== undefined).toBe(process.platform === 'linux');
});
