/** Runs a program in a process of its own, against the built package: what a user's process does at its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const dist = join(__dirname, '..', '..', 'dist');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** What every program starts with. `servers` is where the embedded cluster of the parent is. */
const prelude = (servers: string) => `
  const { Consumer, Producer, Admin } = require(${JSON.stringify(join(dist, 'index.js'))});
  const { MockCluster, liveHandles } = require(${JSON.stringify(join(dist, 'testing.js'))});
  const servers = { 'bootstrap.servers': ${JSON.stringify(servers)} };
  const quick = { 'heartbeat.interval.ms': 100 };
  const group = { ...servers, ...quick, 'group.id': 'g' + process.pid + Math.random(), 'auto.offset.reset': 'earliest' };
  const say = (text) => process.stdout.write(text + '\\n');
  const first = (source) => new Promise((resolve) => source.subscribe(resolve));
`;

export class Child {
  private readonly process: ChildProcess;
  private out = '';
  private err = '';
  private waiting: { text: string; resolve: () => void }[] = [];
  readonly ended: Promise<Ended>;

  /** The body of an async function. */
  constructor(servers: string, body: string, options: { args?: readonly string[]; env?: NodeJS.ProcessEnv } = {}) {
    const source = `${prelude(servers)}\n(async () => {\n${body}\n})();`;
    this.process = spawn(process.execPath, [...(options.args ?? []), '-e', source], {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
      for (const one of this.waiting.filter(({ text }) => this.out.includes(text))) one.resolve();
    });
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
    });
    this.ended = new Promise((resolve) =>
      this.process.on('close', (code, signal) => resolve({ code, signal, out: this.out, err: this.err })),
    );
  }

  /** Resolves when the program has said so; rejects when it ended without. */
  async said(text: string): Promise<void> {
    if (this.out.includes(text)) return;
    const seen = new Promise<void>((resolve) => this.waiting.push({ text, resolve }));
    const gone = this.ended.then(({ code, signal, err }) => {
      if (!this.out.includes(text)) throw new Error(`ended with ${code ?? signal} before it said "${text}": ${err}`);
    });
    await Promise.race([seen, gone]);
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }
}

/** Runs it to its end; null when it has not ended after `ms`, and is killed then. */
export async function runFor(child: Child, ms: number): Promise<Ended | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  const ended = await Promise.race([child.ended, late]);
  clearTimeout(timer);
  if (ended === null) {
    child.kill('SIGKILL');
    await child.ended;
  }
  return ended;
}
