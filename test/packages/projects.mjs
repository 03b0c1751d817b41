// Empty projects, and what a user does in them.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { here, tool } from './registry.mjs';

/** Runs a command to its end. @throws Error with all it printed, when it fails */
export function sh(command, { cwd, env, timeoutMs = 300_000 }) {
  return new Promise((resolve, reject) => {
    const [program, ...args] = command;
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) return resolve({ stdout, stderr });
      const how = signal ? `signal ${signal}` : `code ${code}`;
      reject(
        Object.assign(new Error(`${command.join(' ')} ended with ${how}\n${stdout}${stderr}`), {
          code,
          stdout,
          stderr,
        }),
      );
    });
  });
}

/** How each package manager adds packages without running their scripts, and runs a program of the project. */
export const managers = {
  npm: { add: (packages) => ['npm', 'install', '--ignore-scripts', ...packages] },
  pnpm: { add: (packages) => [...tool('pnpm/bin/pnpm.cjs'), 'add', '--ignore-scripts', ...packages] },
  'yarn 1': {
    add: (packages) => [...tool('yarn/bin/yarn.js'), 'add', '--ignore-scripts', '--no-progress', ...packages],
  },
  'yarn 4, Plug and Play': {
    add: (packages) => [...tool('@yarnpkg/cli-dist/bin/yarn.js'), 'add', ...packages],
    node: [...tool('@yarnpkg/cli-dist/bin/yarn.js'), 'node'],
    files: (url) => ({
      '.yarnrc.yml':
        `npmRegistryServer: '${url}'\nunsafeHttpWhitelist: ['127.0.0.1']\nenableScripts: false\n` +
        'enableTelemetry: false\nenableGlobalCache: false\nenableImmutableInstalls: false\nnpmMinimalAgeGate: 0\npnpEnableEsmLoader: true\n',
      // A project of its own, whatever is above it.
      'yarn.lock': '',
    }),
  },
};

/** An empty project with the programs of this directory in it. */
export class Project {
  constructor(directory, registry, manager = 'npm') {
    this.manager = managers[manager];
    this.env = registry.env;
    this.cwd = mkdtempSync(join(directory, 'project-'));
    cpSync(join(here, 'programs'), this.cwd, { recursive: true });
    this.write('package.json', JSON.stringify({ name: 'empty', version: '1.0.0', private: true }));
    for (const [name, text] of Object.entries(this.manager.files?.(registry.url) ?? {})) this.write(name, text);
  }

  write(name, text) {
    mkdirSync(join(this.cwd, name, '..'), { recursive: true });
    writeFileSync(join(this.cwd, name), text);
  }

  /** @returns seconds */
  async add(...packages) {
    const began = performance.now();
    await this.sh(this.manager.add(packages));
    return (performance.now() - began) / 1000;
  }

  sh(command, options = {}) {
    return sh(command, {
      cwd: this.cwd,
      env: { ...this.env, ...options.env },
      ...(options.timeoutMs ? { timeoutMs: options.timeoutMs } : {}),
    });
  }

  node(...args) {
    return this.sh([...(this.manager.node ?? [process.execPath]), ...args]);
  }

  /** A command of an installed package. */
  bin(path, ...args) {
    return this.node(join(this.cwd, 'node_modules', path), ...args);
  }
}
