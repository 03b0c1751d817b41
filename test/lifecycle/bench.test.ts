import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// The bench is compiled first, and with it the C programs where that was not done before.
jest.setTimeout(180_000);

/** Enough for a rate, on a fast machine too. */
const SOME = '--suite consume --subjects c-batch-queue,take --sizes 100 --messages 500000'.split(' ');

const root = join(__dirname, '../..');
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'bench-test-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function bench(args: string[], onProgress: (text: string, interrupt: () => void) => void = () => {}) {
  const child = spawn(process.execPath, [join(root, 'bench/run.mjs'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onProgress(stderr, () => child.kill('SIGINT'));
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

test('Ctrl-C ends the trial under way and leaves a valid report of what was measured', async () => {
  const json = join(directory, 'partial.json');
  let wasInterrupted = false;
  const { code, stdout } = await bench([...SOME, '--runs', '1000', '--json', json], (progress, interrupt) => {
    if (wasInterrupted || !/run 2 of 1000: c-batch-queue/.test(progress)) return;
    wasInterrupted = true;
    interrupt();
  });
  expect(code).toBe(130);
  expect(stdout).toMatch(/^c-batch-queue .* 100 /m);
  const report = JSON.parse(readFileSync(json, 'utf8'));
  expect(report).toMatchObject({ format: 1, partial: true });
  expect(report.runs.filter((run: { error?: string }) => run.error !== undefined)).toEqual([]);
  expect(report.summary.map((row: { subject: string }) => row.subject)).toEqual(['c-batch-queue', 'take']);
  expect(report.ratios['consume.100.take/c-batch-queue'].median).toBeGreaterThan(0);
  // What the report is made of can be read again, and says that it is not whole.
  const markdown = join(directory, 'partial.md');
  expect((await bench(['--from', json, '--markdown', markdown])).code).toBe(0);
  expect(readFileSync(markdown, 'utf8')).toContain('The run was interrupted');
});

test('--against runs each trial here and there in turn, and reports the ratio of the two', async () => {
  const json = join(directory, 'against.json');
  const args = '--subjects take --suite consume --messages 500000 --runs 2'.split(' ');
  const { code, stdout, stderr } = await bench(['--against', root, ...args, '--json', json]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout).toMatch(/^consume take 100 B .* 2$/m);
  const report = JSON.parse(readFileSync(json, 'utf8'));
  expect(report.runs.map((run: { build: string; run: number }) => `${run.build} ${run.run}`)).toEqual([
    ...['here 0', 'there 0', 'here 1', 'there 1'],
  ]);
  expect(report.pairs).toMatchObject([{ pairs: 2, void: 0 }]);
  expect(report.pairs[0].figure.ratio.median).toBeGreaterThan(0);
  expect(report.pairs[0].cpu.ratio.median).toBeGreaterThan(0);
});

test('a broker that does not answer is one sentence, and no report of nothing', async () => {
  const { code, stderr, stdout } = await bench(['--brokers', '127.0.0.1:1', '--suite', 'produce']);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(`No Kafka answers at 127.0.0.1:1`);
  expect(stderr).not.toMatch(/^ +at /m);
});

test('an unknown option is one sentence', async () => {
  const { code, stderr } = await bench(['--qick']);
  expect(code).toBe(2);
  expect(stderr).toBe("Unknown option '--qick'.\nSee --help.\n");
});
