/** Which platform this process runs on, by the names of `os`, `cpu` and `libc` in package.json: the loader and `npm run prebuild` ask here. */
import { closeSync, openSync, readSync } from 'node:fs';

export interface Platform {
  readonly os: string;
  readonly cpu: string;
  /** On Linux only. */
  readonly libc?: 'glibc' | 'musl';
}

export function thisPlatform(): Platform {
  const { platform: os, arch: cpu, execPath } = process;
  return os === 'linux' ? { os, cpu, libc: libcOf(execPath) } : { os, cpu };
}

/** The package that has the addon of a platform. */
export const packageName = ({ os, cpu, libc }: Platform): string =>
  `@rdkafka-rx/${os}-${cpu}${libc === undefined ? '' : `-${libc}`}`;

function read(file: number, position: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  return buffer.subarray(0, readSync(file, buffer, 0, bytes, position));
}

const PT_INTERP = 3;

/** The path of the loader in a 64-bit little-endian ELF file, empty for another file, or without one. */
function loaderOf(at: (position: number, bytes: number) => Buffer): string {
  const header = at(0, 64);
  // The magic number, and the class of 64 bits.
  if (header.toString('latin1', 0, 5) !== '\x7fELF\x02') return '';
  const [table, size, count] = [Number(header.readBigUInt64LE(32)), header.readUInt16LE(54), header.readUInt16LE(56)];
  const entries = at(table, size * count);
  for (let entry = 0; entry < entries.length; entry += size) {
    if (entries.readUInt32LE(entry) !== PT_INTERP) continue;
    return at(Number(entries.readBigUInt64LE(entry + 8)), Number(entries.readBigUInt64LE(entry + 32))).toString(
      'latin1',
    );
  }
  return '';
}

/**
 * The C library of an executable, from the name of its dynamic loader in the program headers (`PT_INTERP`): `process.report` is slow, and
 * not every runtime has it.
 */
export function libcOf(executable: string): 'glibc' | 'musl' {
  try {
    const file = openSync(executable, 'r');
    try {
      return loaderOf((position, bytes) => read(file, position, bytes)).includes('/ld-musl-') ? 'musl' : 'glibc';
    } finally {
      closeSync(file);
    }
  } catch {
    return 'glibc';
  }
}
