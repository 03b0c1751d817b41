import { Command } from '../support/command';

// Processes that start on a busy machine.
jest.setTimeout(60_000);

const SMALL = ['--messages', '20000'];
let running: Command | undefined;

function start(...args: string[]): Command {
  running = Command.start('start', ...args);
  return running;
}

function signalled(signal: NodeJS.Signals, at: RegExp, ...args: string[]): Command {
  running = Command.signalled(signal, at, 'start', ...args);
  return running;
}

afterEach(() => running?.end());

/** Rows of the summary: phase and number of messages. */
function summary(stdout: string): Record<string, number> {
  const [, table = ''] = stdout.split(/^ +messages .*event loop busy$/m);
  const rows = [...table.matchAll(/^(produce|read in batches|read reactively) +([\d,]+) /gm)];
  return Object.fromEntries(rows.map(([, phase, messages]) => [phase, Number(messages?.replaceAll(',', ''))]));
}

test('without options it needs nothing, reads all it produced, twice, and says how it went', async () => {
  const { code, stdout, stderr } = await start(...SMALL).exit;
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(summary(stdout)).toEqual({ produce: 20_000, 'read in batches': 20_000, 'read reactively': 20_000 });
  // Sparse lines, not a line that is written over: this is not a terminal.
  expect(stdout).toMatch(/^produce +#{20} 100% {2}20,000 messages, [\d,]+ a second$/m);
  expect(stdout).not.toContain('\r');
});

test('few large messages go through too', async () => {
  const { code, stdout } = await start('--messages', '12', '--size', '900_000').exit;
  expect(code).toBe(0);
  expect(summary(stdout)).toEqual({ produce: 12, 'read in batches': 12, 'read reactively': 12 });
});

test('--help tells every option, and nothing runs', async () => {
  for (const flag of ['--help', '-h']) {
    const { code, stdout, stderr } = await start('--partitions', '2', flag).exit;
    expect([code, stderr]).toEqual([0, '']);
    for (const option of ['--brokers', '--messages', '--size', '--partitions']) expect(stdout).toContain(option);
    expect(stdout).toContain('npm start --');
  }
});

test.each([
  [['--mesages', '5'], 'There is no option --mesages; did you mean --messages?'],
  [['--xyz'], 'There is no option --xyz.'],
  [['-m'], 'There is no option -m.'],
  [['--messages'], '--messages needs a value'],
  [['--messages', '--size', '5'], '--messages needs a value'],
  [['--messages', 'many'], "--messages must be a whole number from 1 to 1,000,000,000, not 'many'."],
  [['--messages=0'], '--messages must be a whole number'],
  [['--size', '-1'], '--size must be a whole number from 1 to 900,000'],
  [['--size', '1.5'], '--size must be a whole number'],
  [['localhost:9092'], "'localhost:9092' is not an option"],
  [['--brokers', 'local host'], "--brokers must be HOST:PORT, with commas between several, not 'local host'."],
  [['--brokers', ''], '--brokers must be HOST:PORT'],
  [['--partitions', '1', '--messages', '1000000'], 'need --partitions 30 or more'],
  [['--messages', '1000000', '--size', '10000'], 'keeps messages in memory'],
])('%j is answered with one sentence and exit code 2', async (args, sentence) => {
  const { code, stdout, stderr } = await start(...args).exit;
  expect(stderr).toContain(sentence);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect([code, stdout]).toEqual([2, '']);
});

test('no broker there: one sentence and exit code 1, in bounded time', async () => {
  const address = '127.0.0.1:1';
  const { code, stdout, stderr } = await start('--brokers', address).exit;
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(`No broker answers at ${address}: check the address`);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s drains, tells what was done, and exits with %i', async (signal, expected) => {
  const { code, stdout, stderr } = await signalled(signal, /^produce .* messages/, '--messages', '16_000_000').exit;
  expect(stderr).toBe('');
  expect(code).toBe(expected);
  const done = summary(stdout);
  expect(Object.keys(done)).toEqual(['produce']);
  expect(done.produce).toBeGreaterThan(0);
  expect(done.produce).toBeLessThan(16_000_000);
  expect(stdout).toContain('Stopped:');
});

test('SIGINT while reading ends the reading too', async () => {
  const { code, stdout } = await signalled('SIGINT', /^produce .* 100%/, '--messages', '3_000_000').exit;
  expect(code).toBe(130);
  const done = summary(stdout);
  expect(done.produce).toBe(3_000_000);
  expect(done['read reactively'] ?? 0).toBeLessThan(3_000_000);
});
