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

/**
 * The C library of an executable, from the name of its dynamic loader at the start of the file: `process.report` is slow, and not
 * every runtime has it.
 */
export function libcOf(executable: string): 'glibc' | 'musl' {
  try {
    const file = openSync(executable, 'r');
    try {
      const head = Buffer.alloc(4096);
      return head.toString('latin1', 0, readSync(file, head, 0, head.length, 0)).includes('/ld-musl-')
        ? 'musl'
        : 'glibc';
    } finally {
      closeSync(file);
    }
  } catch {
    return 'glibc';
  }
}
