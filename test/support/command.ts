/** Runs a compiled example as its user does: a process of its own, seen through its output and exit code. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

function newest(directory: string): number {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return Math.max(
    ...files.filter((file) => file.endsWith('.ts')).map((file) => statSync(join(directory, file)).mtimeMs),
  );
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Command {
  stdout = '';
  stderr = '';
  /** Resolves when the process has ended and its output is read. */
  readonly exit: Promise<Exit>;
  private readonly watchers = new Set<() => void>();

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.grow('stdout', text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.grow('stderr', text));
    this.exit = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  /** @throws Error when the example is not compiled as it is now. */
  static start(example: string, ...args: string[]): Command {
    return Command.spawn(example, args, []);
  }

  /** Starts it, and it gets `signal` in the moment in which it prints what matches. */
  static signalled(signal: NodeJS.Signals, at: RegExp, example: string, ...args: string[]): Command {
    const itself = ['--require', join(__dirname, 'signal-itself.cjs')];
    return Command.spawn(example, args, itself, { TEST_SIGNAL_ITSELF: JSON.stringify({ at: at.source, signal }) });
  }

  private static spawn(example: string, args: string[], options: string[], env: NodeJS.ProcessEnv = {}): Command {
    const compiled = join(root, 'dist-examples', `${example}.js`);
    if (!existsSync(compiled) || statSync(compiled).mtimeMs < newest(join(root, 'examples'))) {
      throw new Error('dist-examples is missing or older than examples: npm run build:ts');
    }
    return new Command(
      spawn(process.execPath, [...options, compiled, ...args], { cwd: root, env: { ...process.env, ...env } }),
    );
  }

  static run(example: string, ...args: string[]): Promise<Exit> {
    return Command.start(example, ...args).exit;
  }

  private grow(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text;
    for (const watch of this.watchers) watch();
  }

  /** Resolves when standard output matches, with what matched. Rejects when the process ends before that. */
  shows(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const watch = () => {
        const found = pattern.exec(this.stdout);
        if (found === null) return;
        this.watchers.delete(watch);
        resolve(found[0]);
      };
      this.watchers.add(watch);
      watch();
      this.exit.then(
        ({ code, stdout, stderr }) => reject(new Error(`it ended (${code}) before ${pattern}:\n${stdout}${stderr}`)),
        reject,
      );
    });
  }

  signal(name: NodeJS.Signals): Promise<Exit> {
    this.child.kill(name);
    return this.exit;
  }

  /** Whatever became of the test. */
  end(): void {
    this.child.kill('SIGKILL');
  }
}
