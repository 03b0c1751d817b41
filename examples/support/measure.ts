/** What a phase of a run moved, how fast, and how busy it kept the event loop; shown while it runs and afterwards. */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { withCommas } from './command';

/** Between two updates of the line in a terminal, in ms. */
const LINE_MS = 100;
/** Between two lines where there is no terminal, in ms. */
const SPARSE_MS = 2000;
const BAR = 20;

export class Phase {
  messages = 0;
  bytes = 0;
  private began = performance.now();
  private loop: EventLoopUtilization = performance.eventLoopUtilization();
  private result: { readonly seconds: number; readonly busy: number } | null = null;

  constructor(
    readonly name: string,
    readonly expected: number,
  ) {}

  count(messages: number, bytes: number): void {
    this.messages += messages;
    this.bytes += bytes;
  }

  /** Time counts from here. */
  start(): void {
    this.began = performance.now();
    this.loop = performance.eventLoopUtilization();
  }

  end(): void {
    this.result ??= this.now();
  }

  now(): { readonly seconds: number; readonly busy: number } {
    if (this.result !== null) return this.result;
    return {
      seconds: (performance.now() - this.began) / 1000,
      busy: performance.eventLoopUtilization(this.loop).utilization,
    };
  }

  get line(): string {
    const part = this.messages / this.expected;
    const bar = '#'.repeat(Math.floor(part * BAR)).padEnd(BAR, '.');
    const rate = this.messages / this.now().seconds;
    const percent = `${Math.floor(part * 100)}%`.padStart(4);
    return `${this.name.padEnd(15)} ${bar} ${percent}  ${withCommas(this.messages)} messages, ${withCommas(rate)} a second`;
  }
}

/** One line that is written over in a terminal; elsewhere a line now and then. */
export class Progress {
  private readonly live = process.stdout.isTTY === true;
  private timer: NodeJS.Timeout | undefined;

  /** Shows the phase while `run` runs, and once more at its end. */
  async during(phase: Phase, run: () => Promise<void>): Promise<void> {
    this.timer = setInterval(() => this.show(phase), this.live ? LINE_MS : SPARSE_MS);
    phase.start();
    try {
      await run();
    } finally {
      phase.end();
      clearInterval(this.timer);
      this.show(phase);
      if (this.live) process.stdout.write('\n');
    }
  }

  private show({ line }: Phase): void {
    if (!this.live) console.log(line);
    // A line longer than the terminal would wrap, and could not be written over.
    else process.stdout.write(`\r\u001b[2K${line.slice(0, (process.stdout.columns || 80) - 1)}`);
  }
}

const COLUMNS = ['messages', 'MB', 'seconds', 'messages/s', 'MB/s', 'event loop busy'];

/** The summary of all phases. */
export function table(phases: readonly Phase[]): string {
  const rows = phases.map((phase) => {
    const { seconds, busy } = phase.now();
    const megabytes = phase.bytes / 1e6;
    return [
      phase.name,
      withCommas(phase.messages),
      withCommas(megabytes, 1),
      withCommas(seconds, 2),
      withCommas(phase.messages / seconds),
      withCommas(megabytes / seconds, 1),
      `${Math.round(busy * 100)}%`,
    ];
  });
  const all = [['', ...COLUMNS], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const cells = (row: string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)));
  return all.map((row) => cells(row).join('   ').trimEnd()).join('\n');
}
