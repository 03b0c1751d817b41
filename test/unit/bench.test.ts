import { type Pairs, pairsOf, pairsTable, requireBuild } from '../../bench/against';
import { cyclicDigest, digestOf, prefixDigest, SAMPLE, stamp, topicDigest } from '../../bench/digest';
import { mergeReports } from '../../bench/merge';
import { microPairs } from '../../bench/micro';
import { parseOptions, UsageError } from '../../bench/options';
import { readConsumer, readPerformance, readProducer } from '../../bench/outside';
import { cycleOf, groups, messagesOf, tooOld } from '../../bench/plan';
import { cpuPerMillion, figure, goalOf, limitOf, meetsGoal, type Run, ratios, spread } from '../../bench/stats';
import type { Subject } from '../../bench/trial';
import { GOALS, RATIOS, SUBJECTS } from '../../bench/trials';

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

  // Of the beginnings of partitions: 300 of each is everything.
  expect(prefixDigest(20, [300, 300, 300], 'all')).toBe(sum(all));
  const begun = all.filter((i) => Math.floor(i / 3) < ([200, 65, 0][i % 3] as number));
  expect(prefixDigest(20, [200, 65, 0], 'all')).toBe(sum(begun));
  expect(prefixDigest(20, [200, 65, 0], 'sampled')).toBe(sum(begun.filter((i) => Math.floor(i / 3) % SAMPLE === 0)));

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

test('figures are those after the warm-up', () => {
  const run: Run = {
    ...{ suite: 'consume', subject: 'take', size: 100, run: 0 },
    result: { messages: 1000, timed: 900, seconds: 3, timedCpuSeconds: 0.9, cpuSeconds: 20 },
  };
  expect(figure(run)).toBe(300);
  expect(cpuPerMillion(run)).toBeCloseTo(1000);
  // A program that is not ours tells no more than its whole life.
  const other: Run = { ...run, result: { messages: 1000, seconds: 4, cpuSeconds: 2 } };
  expect(figure(other)).toBe(250);
  expect(cpuPerMillion(other)).toBeCloseTo(2000);
});

test('other conditions than the first have ratios of their own', () => {
  const run = (subject: string, seconds: number, variant?: string): Run => ({
    ...{ suite: 'consume', subject, size: 100, run: 0, ...(variant && { variant }) },
    result: { messages: 1000, seconds },
  });
  const runs = [run('messages$', 2), run('batches$', 1), run('messages$', 4, '64p-lz4'), run('batches$', 1, '64p-lz4')];
  expect(Object.entries(ratios(runs)).map(([key, { median }]) => [key, median])).toEqual([
    ['consume.100.messages$/batches$', 0.5],
    ['consume.100.64p-lz4.messages$/batches$', 0.25],
  ]);
});

test('consume and produce are planned with every size, number of partitions and compression, the rest with the first', () => {
  const options = {
    suites: ['consume', 'modes'],
    sizes: [100, 1000],
    partitions: [4, 64],
    compressions: ['none', 'lz4'],
  };
  const planned = groups(options as Parameters<typeof groups>[0]);
  const text = planned.map(({ suite, size, partitions, compression, variant }) =>
    [suite, size, partitions, compression, variant].join(' '),
  );
  expect(text).toEqual([
    ...[100, 1000].flatMap((size) => [
      `consume ${size} 4 none `,
      `consume ${size} 4 lz4 lz4`,
      `consume ${size} 64 none 64p`,
      `consume ${size} 64 lz4 64p-lz4`,
    ]),
    'modes 100 4 none ',
  ]);
});

test('what librdkafka is too old for is left out with the version that it needs', () => {
  const protocol = SUBJECTS.find(({ name }) => name === 'rebalance-consumer') as Subject;
  expect(tooOld(protocol, '2.8.0')).toBe('it needs librdkafka 2.12.0, and 2.8.0 is linked');
  expect(tooOld(protocol, '2.12.0')).toBeUndefined();
  expect(SUBJECTS.filter((subject) => tooOld(subject, '2.6.1')).map(({ name }) => name)).toEqual([protocol.name]);
});

test('how much is read', () => {
  const subject: Subject = { suite: 'consume', name: 'take', run: { module: 'consume', mode: 'take' } };
  const real = { messages: undefined, quick: false, cluster: { kind: 'kafka' } } as const;
  const of = (more: Partial<Subject>, size: number, options: object = {}, capacity?: number) =>
    messagesOf({ ...subject, ...more }, { size, partitions: 4 }, { ...real, ...options }, capacity);
  expect(of({}, 0)).toBe(10_000_000);
  expect(of({}, 100)).toBe(10_000_000);
  expect(of({}, 1000) * 1000).toBe(2_000_000_000);
  expect(of({}, 1_000_000) * 1_000_000).toBe(2_000_000_000);
  expect(of({ share: 0.1 }, 100)).toBe(1_000_000);
  expect(of({ suite: 'produce' }, 100)).toBe(5_000_000);
  expect(of({}, 1000, { messages: 50_000 })).toBe(10_000);
  expect(of({ share: 0.1 }, 100, { messages: 50_000 })).toBe(5_000);
  // Of large messages slow clients get more than their share.
  expect(of({ share: 0.1 }, 1000, { messages: 50_000 })).toBe(3_000);
  expect(of({ suite: 'produce' }, 100, { messages: 50_000 })).toBe(50_000);
  expect(of({}, 100, { quick: true })).toBe(1_000_000);
  expect(of({}, 100, {}, 4321)).toBe(4320);
  expect(of({ topic: { messages: 160_000 } }, 100, { messages: 5 })).toBe(160_000);
  // No batch of the largest size is left over.
  expect(of({ suite: 'modes', batch: 10_000 }, 100, { messages: 1_234_567 })).toBe(1_200_000);
});

test('what writers have ready to send does not fill the memory', () => {
  for (const size of [0, 1, 100, 1000, 10_000, 1_000_000, 10_000_000]) {
    expect(cycleOf(size) * size).toBeLessThanOrEqual(64 << 20);
    expect(cycleOf(size)).toBeGreaterThan(5);
  }
  expect(cycleOf(100)).toBe(100_000);
});

test('what other programs print is read', () => {
  const spec = { size: 100 };
  const consumed = '% 300000 messages (30000000 bytes) consumed in 184ms: 1630434 msgs/s (163.04 MB/s)\n';
  expect(readPerformance(consumed, spec)).toEqual({ messages: 300_000, bytes: 30_000_000, seconds: 0.184 });
  const produced =
    '% 300000 messages produced (30000000 bytes), 299999 delivered (offset 74999, 1 failed) in 269ms: 1115237 msgs/s and ' +
    '111.52 MB/s, 0 produce failures, 0 in queue, no compression\n';
  expect(readPerformance(produced, spec)).toEqual({ messages: 299_999, bytes: 29_999_900, seconds: 0.269 });
  const sent =
    '100 records sent, 20.0 records/sec (…)\n300000 records sent, 250000.0 records/sec (23.84 MB/sec), 5.1 ms …\n';
  expect(readProducer(sent, spec)).toEqual({ messages: 300_000, bytes: 30_000_000, seconds: 1.2 });
  const read =
    'start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, ' +
    'fetch.MB.sec, fetch.nMsg.sec\n' +
    '2026-01-01 10:00:00:000, 2026-01-01 10:00:01:000, 28.6102, 28.6, 300000, 300000.0, 500, 400, 71.5, 750000.0\n';
  expect(readConsumer(read, spec)).toEqual({ messages: 300_000, bytes: 30_000_000, seconds: 0.4 });
  for (const reader of [readPerformance, readProducer, readConsumer]) {
    expect(() => reader('No such topic', spec)).toThrow(/said: No such topic/);
  }
});

test('merged reports keep runs apart and give ratios of all of them', () => {
  const run = (subject: string, number: number, seconds: number): Run => ({
    ...{ suite: 'consume', subject, size: 100, run: number },
    result: { messages: 1000, seconds },
  });
  const leftOut = (subject: string) => [{ suite: 'consume', subject, reason: 'no go here' }];
  const [first, second] = [
    { format: 1, partial: false, leftOut: leftOut('franz-go'), runs: [run('messages$', 0, 2), run('batches$', 0, 1)] },
    {
      ...{ format: 1, partial: true, leftOut: leftOut('take') },
      runs: [run('messages$', 0, 4), run('batches$', 0, 1), run('franz-go', 0, 1)],
    },
  ];
  const whole = mergeReports([first, second] as Parameters<typeof mergeReports>[0]);
  expect(whole.partial).toBe(true);
  expect(whole.runs.map(({ run }) => run)).toEqual([0, 0, 1, 1, 1]);
  expect(whole.ratios['consume.100.messages$/batches$']).toEqual({ median: 0.375, min: 0.25, max: 0.5 });
  expect(whole.leftOut.map(({ subject }) => subject)).toEqual(['take']);
});

test('what C has in the place of a subject', () => {
  const spread = (median: number) => ({ median, min: median, max: median });
  const found = { 'consume.100.c-batch-queue/kafkajs': spread(8), 'produce.100.64p-lz4.c/kafkajs': spread(9) };
  const limit = (key: string) => limitOf(found, key)?.median;
  expect(limit('consume.100.batches$/kafkajs')).toBe(8);
  expect(limit('consume.100.64p.batches$/kafkajs')).toBeUndefined();
  expect(limit('produce.100.64p-lz4.sendBatch/kafkajs')).toBe(9);
  expect(limit('consume.100.c-batch-queue/kafkajs')).toBeUndefined();
  expect(limit('latency.100.messages$@10%/c@10%')).toBeUndefined();
});

test('every goal is that of a ratio', () => {
  const known = Object.entries(RATIOS).flatMap(([suite, pairs]) => pairs.map(([a, b]) => `${suite}.${a}/${b}`));
  const goals = Object.keys(GOALS).map((key) => key.replace(/\.\d+\./, '.'));
  expect(known).toEqual(expect.arrayContaining(goals));
  const subjects = new Set(SUBJECTS.map(({ suite, name }) => `${suite}.${name}`));
  for (const [suite, pairs] of Object.entries(RATIOS)) {
    for (const name of pairs.flat()) expect(subjects).toContain(`${suite}.${name}`);
  }
  expect(goalOf('consume.100.batches$/node-rdkafka')).toBe(12);
  expect(goalOf('consume.1000.batches$/node-rdkafka')).toBeUndefined();
  expect(meetsGoal('latency.100.messages$@10%/c@10%', 1.1)).toBe(true);
  expect(meetsGoal('consume.100.batches$/take', 0.5)).toBe(false);
  expect(meetsGoal('consume.100.take/c-batch-queue', 0.5)).toBeUndefined();
  expect(goalOf('streams.100.run/take-none')).toBe(0.6);
  expect(goalOf('consume.100.take/c-batch-queue')).toBeUndefined();
});

test('--against compares four trials at 100 bytes unless others are named, and makes no report', () => {
  expect(parseOptions(['--against', '..'])).toMatchObject({
    ...{ against: '..', suites: ['consume', 'produce'], sizes: [100], runs: 5 },
    subjects: ['batches$', 'messages$', 'send', 'sendBatch'],
  });
  expect(parseOptions(['--against', '..', '--subjects', 'take'])).toMatchObject({ subjects: ['take'] });
  expect(() => parseOptions(['--against', '..', '--readme'])).toThrow(/--readme has no meaning beside it/);
  expect(() => requireBuild('/nowhere')).toThrow('--against /nowhere: no built checkout is there. Run `npm ci` in it.');
});

test('two builds are compared by the ratio of their medians, with the spread of the pairs', () => {
  const run = (build: 'here' | 'there', number: number, seconds: number, cpu: number, error?: string): Run => ({
    ...{ suite: 'consume', subject: 'take', size: 100, run: number, build, ...(error && { error }) },
    result: { messages: 1000, seconds, timed: 1000, timedCpuSeconds: cpu },
  });
  const runs = [
    ...[run('here', 0, 1, 2), run('there', 0, 2, 1)],
    ...[run('here', 1, 2, 2), run('there', 1, 2, 2)],
    ...[run('here', 2, 4, 2), run('there', 2, 2, 4)],
    ...[run('here', 3, 9, 9), run('there', 3, 1, 1, 'void')],
  ];
  const [pairs] = pairsOf(runs) as [Pairs];
  expect(pairs).toMatchObject({ suite: 'consume', subject: 'take', pairs: 3, void: 1 });
  expect(pairs.figure?.ratio).toEqual({ median: 1, min: 0.5, max: 2 });
  expect(pairs.cpu?.ratio).toEqual({ median: 1, min: 0.5, max: 2 });
  expect(pairsTable([pairs])).toMatch(
    /consume take 100 B +500 +500 +1\.000 \(0\.500-2\.000\) +>= 0\.98 met .* <= 1\.02 met +3, 1 runs void$/,
  );
  // Nothing is claimed of a trial without a pair.
  expect(pairsTable(pairsOf(runs.slice(6)))).not.toMatch(/met|MISSED/);
});

test('micro-benchmarks of two builds are paired by name', () => {
  const result = (name: string, median: number) => ({
    ...{ group: 'serdes', name, note: '', median, min: median, p99: median, samples: 1 },
  });
  const compared = microPairs([
    [[result('json', 10), result('new', 1)], [result('json', 20)]],
    [[result('json', 30), result('new', 1)], [result('json', 20)]],
  ]);
  expect(compared.map(({ name, compared: found }) => [name, found?.ratio])).toEqual([
    ['json', { median: 1, min: 0.5, max: 1.5 }],
    ['new', undefined],
  ]);
});

test.each([
  [['--suit', 'consume'], /Unknown option '--suit'/],
  [['--suite', 'foo'], /knows no 'foo', only consume/],
  [['--runs', '0'], /--runs takes a whole number from 1/],
  [['--sizes', '1e3'], /--sizes takes a whole number/],
  [['--partitions', '4,0'], /--partitions takes a whole number from 1/],
  [['--compression', 'rar'], /knows no 'rar', only none/],
  [['--batch-sizes', '7'], /knows no '7', only 1, 10/],
  [['--merge', ','], /--merge names nothing/],
  [['--brokers', 'nohost'], /takes host:port/],
  [['--kafka', '--brokers', 'a:1'], /exclude each other/],
  [['--suite', 'latency'], /add --kafka/],
  [['extra'], /Unexpected argument 'extra'/],
])('%j is answered with one sentence', (args, sentence) => {
  expect(() => parseOptions(args)).toThrow(UsageError);
  expect(() => parseOptions(args)).toThrow(sentence);
});
