/**
 * One Java process and its log, and the promise that none of them outlives this Node process: not after a normal exit,
 * an uncaught exception, a signal, nor (on Linux) a `kill -9` of this process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Asks the kernel to kill the child when its parent dies, however the parent dies. */
const DEATH_SIGNAL = ['/usr/bin/setpriv', '/bin/setpriv'].find(
  (path) => process.platform === 'linux' && existsSync(path),
);

const running = new Set<ChildProcess>();
const directories = new Set<string>();
let hooked = false;

/**
 * Makes a directory that is gone when this process ends. Its name carries the process id, so that what a killed
 * process left is recognised and removed here.
 */
export function temporaryDirectory(parent: string, prefix: string): string {
  hookExit();
  for (const name of readdirSync(parent)) {
    const owner = name.startsWith(prefix) ? Number(/^(\d+)-/.exec(name.slice(prefix.length))?.[1]) : Number.NaN;
    if (owner > 0 && !isRunning(owner)) rmSync(join(parent, name), { recursive: true, force: true });
  }
  const dir = mkdtempSync(join(parent, `${prefix}${process.pid}-`));
  directories.add(dir);
  return dir;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes a directory of {@link temporaryDirectory} now. */
export function removeNow(dir: string): void {
  directories.delete(dir);
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
}

/** A Java process with its output in a file. */
export class JavaProcess {
  private child: ChildProcess | undefined;

  constructor(
    private readonly java: string,
    private readonly args: readonly string[],
    /** File that holds everything the process printed, over all its starts. */
    readonly logFile: string,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  get alive(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  start(): void {
    if (this.alive) throw new Error('the process runs already');
    hookExit();
    const log = openSync(this.logFile, 'a');
    const command = [this.java, ...this.args];
    if (DEATH_SIGNAL) command.unshift(DEATH_SIGNAL, '--pdeathsig', 'KILL', '--');
    // Its own process group: Ctrl-C in the terminal is for this process, which then stops the brokers in order.
    const child = spawn(command[0] as string, command.slice(1), { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    child.unref();
    this.child = child;
    running.add(child);
    const forget = () => running.delete(child);
    child.once('exit', forget);
    child.once('error', forget);
  }

  /** Sends a signal; resolves when the process is gone, for the signals that end it. */
  async signal(name: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (!child || !this.alive) return;
    if (name === 'SIGSTOP' || name === 'SIGCONT') {
      child.kill(name);
      return;
    }
    child.ref(); // or an otherwise idle event loop would end before the exit is seen
    const gone = once(child, 'exit');
    child.kill(name);
    await gone;
  }

  /** Ends the process: politely at first, after `graceMs` with SIGKILL. */
  async stop(graceMs: number): Promise<void> {
    if (!this.alive) return;
    const child = this.child;
    child?.kill('SIGCONT'); // a frozen process cannot answer SIGTERM
    const killer = setTimeout(() => child?.kill('SIGKILL'), graceMs);
    try {
      await this.signal('SIGTERM');
    } finally {
      clearTimeout(killer);
    }
  }

  /** The last lines the process printed. */
  logTail(lines = 40): string {
    if (!existsSync(this.logFile)) return '(no log)';
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }
}

function hookExit(): void {
  if (hooked) return;
  hooked = true;
  process.on('exit', killAll); // also reached after an uncaught exception
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const onSignal = () => {
      // A program with its own handler decides when to end; its exit comes past killAll.
      if (process.listenerCount(name) > 1) return;
      killAll();
      process.off(name, onSignal);
      process.kill(process.pid, name);
    };
    process.on(name, onSignal);
  }
}

function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
  for (const dir of directories) rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
}
