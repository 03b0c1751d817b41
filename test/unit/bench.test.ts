import { cyclicDigest, digestOf, SAMPLE, stamp, topicDigest } from '../../bench/digest';
import { parseOptions, UsageError } from '../../bench/options';
import { goalOf, type Run, ratios, spread } from '../../bench/stats';
import { GOALS, RATIOS } from '../../bench/trials';

const payload = (sequence: number, size = 20) => {
  const buffer = Buffer.alloc(size);
  stamp(buffer, sequence);
  return buffer;
};

test('the expected digest is that of the payloads, and sees a wrong, cut or shifted one', () => {
  const partitions = 3;
  const all = Array.from({ length: 900 }, (_, i) => i);
  const sum = (of: number[]) => of.reduce((total, i) => (total + digestOf(payload(i))) >>> 0, 0);
  expect(topicDigest(20, 900, partitions, 'all')).toBe(sum(all));
  expect(topicDigest(20, 900, partitions, 'sampled')).toBe(
    sum(all.filter((i) => Math.floor(i / partitions) % SAMPLE === 0)),
  );
  expect(topicDigest(20, 900, partitions, 'all', 2)).toBe(sum(all.filter((i) => i % partitions < 2)));
  expect(cyclicDigest(20, 900, 100)).toBe(sum(all.map((i) => i % 100)));

  const good = payload(7);
  const digest = digestOf(good);
  expect(digestOf(payload(8))).not.toBe(digest);
  expect(digestOf(good.subarray(0, 19))).not.toBe(digest);
  expect(digestOf(Buffer.concat([Buffer.alloc(1), good.subarray(0, 19)]))).not.toBe(digest);
});

test('ratios are taken within a run, and void runs do not count', () => {
  const run = (subject: string, number: number, seconds: number, error?: string): Run => ({
    suite: 'consume',
    subject,
    size: 100,
    run: number,
    result: { messages: 1000, seconds },
    ...(error && { error }),
  });
  const runs = [
    ...[run('messages$', 0, 2), run('batches$', 0, 1)],
    ...[run('messages$', 1, 20), run('batches$', 1, 10)],
    ...[run('messages$', 2, 1), run('batches$', 2, 100, 'void')],
  ];
  expect(ratios(runs)).toEqual({ 'consume.100.messages$/batches$': { median: 0.5, min: 0.5, max: 0.5 } });
  expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
});

test('every goal is that of a ratio', () => {
  const known = Object.entries(RATIOS).flatMap(([suite, pairs]) => pairs.map(([a, b]) => `${suite}.${a}/${b}`));
  expect(known).toEqual(expect.arrayContaining(Object.keys(GOALS)));
  expect(goalOf('streams.100.run/take-none')).toBe(0.6);
  expect(goalOf('consume.100.take/c-batch-queue')).toBeUndefined();
});

test.each([
  [['--suit', 'consume'], /Unknown option '--suit'/],
  [['--suite', 'foo'], /knows no 'foo', only consume/],
  [['--runs', '0'], /--runs takes a whole number from 1/],
  [['--sizes', '1e3'], /--sizes takes a whole number/],
  [['--brokers', 'nohost'], /takes host:port/],
  [['--kafka', '--brokers', 'a:1'], /exclude each other/],
  [['--suite', 'latency'], /add --kafka/],
  [['extra'], /Unexpected argument 'extra'/],
])('%j is answered with one sentence', (args, sentence) => {
  expect(() => parseOptions(args)).toThrow(UsageError);
  expect(() => parseOptions(args)).toThrow(sentence);
});
