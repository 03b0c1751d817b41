import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse as parseMicro } from '../../bench/micro';
import { type Options, parseOptions, UsageError } from '../../bench/options';
import { rows } from '../../bench/report';
import { against, answers, caveats } from '../../bench/report/answers';
import { type ChartSpec, chartsOf, comparisons } from '../../bench/report/charts';
import { goalTable } from '../../bench/report/goals';
import { embed, html } from '../../bench/report/html';
import {
  chart,
  markdown,
  markdownTable,
  performanceSection,
  readmeSection,
  requirePublishable,
  withSection,
} from '../../bench/report/markdown';
import { bytes, describe as describeSubjects, groups, parseReport, type Report, short } from '../../bench/report/model';
import { groupTable, ratioTable, setupTable } from '../../bench/report/tables';
import { type Run, ratios } from '../../bench/stats';
import { SUBJECTS } from '../../bench/trials';

const EVIL = '<script>alert("&|`$</script>';

/** As the bench writes it: 5 runs of some subjects, one of them void, one with a name that nobody would choose. */
function sample(): Report {
  const runs: Run[] = [];
  const put = (suite: Run['suite'], subject: string, size: number, rate: number, more: object = {}) => {
    for (let run = 0; run < 5; run++) {
      const result = {
        messages: 1_000_003,
        seconds: 1_000_003 / (rate * (1 + run / 100)),
        cpuSeconds: 0.5,
        rssMb: 99.5,
      };
      runs.push({ suite, subject, size, run, result: { ...result, ...more } });
    }
  };
  for (const size of [100, 1000]) {
    put('consume', 'c-batch-queue', size, 2_345_678);
    put('consume', 'take', size, 2_300_000, { elu: 0.211 });
    put('consume', 'batches$', size, 2_250_000, { elu: 0.2 });
    put('consume', 'messages$', size, 1_900_000, { elu: 0.4 });
    put('consume', 'node-rdkafka', size, 190_000, { elu: 0.9 });
    put('consume', 'node-rdkafka-flowing', size, 150_000, { elu: 1 });
  }
  put('latency', 'c', 100, 1, { p50: 0.4, p99: 1.25, p999: 3, max: 9 });
  put('latency', 'messages$', 100, 1, { p50: 0.5, p99: 1.5, p999: 4, max: 12 });
  (runs[1] as Run).error = `void: ${EVIL}`;
  const summary = rows(runs);
  const stranger = { ...(summary[0] as Report['summary'][number]), suite: 'invented', subject: EVIL };
  return {
    format: 1,
    partial: false,
    startedAt: '2026-01-02T03:04:05.678Z',
    endedAt: '2026-01-02T04:04:05.678Z',
    machine: { cpu: 'A processor', cores: 8, memoryMb: 16_384, loadAtStart: [0.1, 0, 0] },
    versions: { node: '20.0.0', kafka: 'Apache Kafka 4.1.1, one node', librdkafka: '2.15.1 (static (/some/where))' },
    settings: { runs: 5, command: "npm run bench -- --kafka --subjects 'take,batches$'" },
    goals: { 'consume.batches$/c-batch-queue': 0.95 },
    subjects: describeSubjects(runs),
    ratios: ratios(runs),
    summary: [...summary, stranger],
    runs,
  };
}

const draw = (chart: ChartSpec) => ({ wide: `<svg><!-- ${chart.kind} --></svg>`, narrow: '<svg></svg>' });
const group = (report: Report, suite: string, size: number) => {
  const found = groups(report).find((one) => one.suite === suite && one.size === size);
  if (!found) throw new Error(`no ${suite} ${size}`);
  return found;
};

describe('tables', () => {
  test('every figure is that of the JSON: median, least and most', () => {
    const report = sample();
    for (const one of groups(report)) {
      const { head, rows: lines } = groupTable(report, one);
      one.rows.forEach((row, at) => {
        const cells = lines[at]?.cells ?? [];
        expect(cells[0]?.text).toBe(row.subject);
        const { perSecond } = row.figures;
        if (perSecond) {
          const figures = [perSecond.median, perSecond.min, perSecond.max].map((n) =>
            n < 1000 ? n.toFixed(1) : Math.round(n).toLocaleString('en-US'),
          );
          expect(cells[head.indexOf('messages/s')]).toEqual({ text: figures[0], range: `${figures[1]}–${figures[2]}` });
        }
        if (row.figures.p99) expect(cells[head.indexOf('p99 ms')]?.text).toBe(row.figures.p99.median.toFixed(2));
        expect(cells[head.indexOf('RSS MB')]?.text).toBe(row.figures.rssMb ? '100' : '–');
        expect(cells).toHaveLength(head.length);
      });
    }
  });

  test('ratios are those of the JSON, and where it has none those it would have', () => {
    const report = sample();
    const here = group(report, 'consume', 1000);
    const cellOf = (from: Report) => groupTable(from, here).rows[3]?.cells[2];
    const said = report.ratios['consume.1000.messages$/c-batch-queue'];
    expect(cellOf(report)?.text).toBe(said?.median.toFixed(2));
    expect(cellOf({ ...report, ratios: {} })).toEqual(cellOf(report));
    expect(ratioTable(report).rows.map(({ cells }) => cells[0]?.text)).toEqual(Object.keys(report.ratios));
  });

  test('goals of rates are least values, those of latencies most', () => {
    const spread = (median: number) => ({ median, min: median, max: median });
    const report = { ...sample(), ratios: { 'latency.100.a/b': spread(1.1), 'consume.100.a/b': spread(0.9) } };
    report.goals = { 'latency.a/b': 1.2, 'consume.a/b': 0.95 };
    expect(ratioTable(report).rows.map(({ cells }) => cells.slice(2).map(({ text }) => text))).toEqual([
      ['≤ 1.2', 'met', ''],
      ['≥ 0.95', 'missed', ''],
    ]);
  });

  test('a goal says what was seen, and what C has in its place', () => {
    const report = sample();
    report.goals = {
      'consume.batches$/c-batch-queue': 0.95,
      'consume.100.batches$/node-rdkafka': 11,
      'consume.1000.batches$/node-rdkafka': 20,
    };
    const lines = goalTable(report).rows.map(({ cells }) => cells.map(({ text }) => text));
    expect(lines).toEqual([
      ['consume, 100 B: batches$ / c-batch-queue', '≥ 0.95', '0.96', 'met', '–'],
      ['consume, 100 B: batches$ / node-rdkafka', '≥ 11', '11.8', 'met', '12.3'],
      ['consume, 1 kB: batches$ / c-batch-queue', '≥ 0.95', '0.96', 'met', '–'],
      ['consume, 1 kB: batches$ / node-rdkafka', '≥ 20', '11.8', 'missed, by C too', '12.3'],
      ['consume, 100 B: CPU of batches$ / the least of the other clients', '≤ 1', '1.00', 'met', '1.00'],
      ['consume, 100 B: CPU of messages$ / the least of the other clients', '≤ 1', '1.00', 'met', '1.00'],
    ]);
    expect(html(report, draw)).toContain('missed, by C too');
    expect(markdown(report)).toContain('missed, by C too');
    // Compared with C itself there is no limit, and C is not its own.
    const limits = ratioTable(report).rows.map(({ cells }) => [cells[0]?.text, cells[4]?.text]);
    expect(Object.fromEntries(limits)).toMatchObject({
      'consume.100.batches$/c-batch-queue': '',
      'consume.100.batches$/node-rdkafka': '12.346',
      'consume.100.c-batch-queue/node-rdkafka': '',
    });
  });

  test('every other client says how it was set up, and after whom', () => {
    const report = sample();
    expect(setupTable(report).rows.map(({ cells }) => cells.map(({ text }) => text !== ''))).toEqual(
      Array(2).fill(Array(5).fill(true)),
    );
    expect(SUBJECTS.filter(({ peer, setup }) => (peer === undefined) !== (setup === undefined))).toEqual([]);
    expect(markdown(report)).toContain('| consume node-rdkafka-flowing | node-rdkafka |');
    expect(html(report, draw)).toContain('bench/consumer-raw-rdkafka.js');
  });

  test('void runs are counted, and a suite that nobody knows has a table', () => {
    const report = sample();
    expect(groupTable(report, group(report, 'consume', 100)).rows[0]?.cells.at(-1)?.text).toBe('5, 1 void');
    expect(groupTable(report, group(report, 'invented', 100)).rows[0]?.cells[0]?.text).toBe(EVIL);
  });

  test('numbers are short where there is no room', () => {
    expect([0, 0.004, 3.456, 99.96, 875.4, 12_345, 999_499, 999_500, 2_345_678, 23_456_789].map(short)).toEqual([
      '0',
      '0.004',
      '3.46',
      '100',
      '875',
      '12.3 k',
      '999 k',
      '1.00 M',
      '2.35 M',
      '23.5 M',
    ]);
    expect([0, 100, 1000, 1024, 10_000, 1_000_000].map(bytes)).toEqual([
      '0 B',
      '100 B',
      '1 kB',
      '1,024 B',
      '10 kB',
      '1 MB',
    ]);
  });
});

describe('answers', () => {
  test('speak of the data', () => {
    const [reactive, c, peers] = answers(sample());
    expect(reactive?.answer).toContain('a stream of batches (`batches$`) is 2.2 % slower than `take`');
    expect(reactive?.answer).toContain('a stream of messages (`messages$`) is 17 % slower than `take`');
    expect(c?.answer).toContain('`c-batch-queue` in C reads 2.40 M messages/s; of that, `batches$` 0.96');
    expect(c?.points.join()).toContain('goal 0.95 met');
    expect(c?.points.join()).toContain('99th percentile is 1.50 ms, in C 1.25 ms: 1.20 ×');
    expect(peers?.answer).toContain('`batches$` reads 11.8 × as many messages per second as node-rdkafka (C: 12.3).');
    expect(peers?.tables?.map(({ title }) => title)).toEqual([
      'How many times as fast `batches$` is',
      'How many times as fast `messages$` is',
    ]);
  });

  test('a difference that some runs had the other way round is said to be one', () => {
    expect(against({ median: 0.96, min: 0.9, max: 1.02 }, 'take')).toBe(
      '4.0 % slower than `take` in the median, with runs on both sides of equal',
    );
    expect(against({ median: 1.004, min: 0.9, max: 1.2 }, 'take')).toBe('as fast as `take`');
    expect(against({ median: 12.04, min: 11, max: 13 }, 'kafkajs')).toBe('12.0 times as fast as `kafkajs`');
  });

  test('nothing is claimed of what was not measured', () => {
    const nothing = parseReport('{"format":1,"partial":true,"ratios":{},"summary":[],"runs":[]}', 'x.json');
    expect(answers(nothing).every(({ answer }) => answer.startsWith('Not measured'))).toBe(true);
    expect(caveats(nothing)).toEqual(['The run was interrupted.']);
    expect(html(nothing, draw)).toContain('Nothing was measured.');
    expect(markdown(nothing)).toContain('Not measured');
    expect(() => readmeSection(nothing)).toThrow('Nothing was measured');
  });

  test('what speaks against the figures is said', () => {
    const report = sample();
    report.settings = { quick: true };
    report.machine = { cores: 2, loadAtStart: [7.5, 1, 1] };
    const text = caveats(report).join(' ');
    expect(text).toMatch(/one machine.*quick run.*load of 7\.5 on 2 cores.*1 run does not count/);
  });
});

describe('charts', () => {
  test('hold the medians of the JSON', () => {
    const report = sample();
    const here = group(report, 'consume', 100);
    const [first] = chartsOf(report, here);
    const bars = first?.kind === 'bars' ? first.bars : [];
    expect(bars).toHaveLength(here.rows.length);
    for (const { label, value, min, max } of bars) {
      expect({ median: value, min, max }).toEqual(here.rows.find((row) => row.subject === label)?.figures.perSecond);
    }
    expect(Object.fromEntries(bars.map(({ label, kind }) => [label, kind]))).toMatchObject({
      'c-batch-queue': 'c',
      batches$: 'ours',
      'node-rdkafka-flowing': 'peer',
    });
  });

  test('batch sizes, loads and numbers of messages get axes of their own', () => {
    const rate = (median: number) => ({
      perSecond: { median, min: median, max: median },
      cpuPerMillion: { median: 1, min: 1, max: 1 },
    });
    const row = (suite: string, subject: string, median: number, more = {}) => ({
      ...{ suite, subject, size: 100, runs: 1, failed: 0, figures: rate(median), ...more },
    });
    const report: Report = { ...sample(), ratios: {}, runs: [] };
    report.summary = [
      ...['take@10', 'take@1000', 'batches$@10', 'batches$@1000', 'batches$@10+commit'].map((s, i) =>
        row('modes', s, 10 + i),
      ),
      ...['batches$@10k', 'batches$@10M', 'workers-1', 'workers-2'].map((s, i) => row('scale', s, 1000 + i)),
      ...['take', 'batches$'].flatMap((s) => [row('consume', s, 5), row('consume', s, 7, { variant: '64p-lz4' })]),
    ];
    report.settings = { partitions: [4], compressions: ['none'] };
    expect(chartsOf(report, group(report, 'modes', 100))[0]).toMatchObject({
      kind: 'matrix',
      columns: ['10', '1000'],
      rows: ['batches$+commit', 'batches$', 'take'],
    });
    expect(chartsOf(report, group(report, 'scale', 100)).map(({ kind }) => kind)).toEqual(['lines', 'bars']);
    const consume = groups(report).filter(({ suite }) => suite === 'consume');
    expect(consume.map(({ variant }) => variant)).toEqual(['', '64 partitions, lz4']);
    expect(comparisons(report, consume)[0]).toMatchObject({ columns: ['4p', '64p-lz4'], rows: ['take', 'batches$'] });
  });

  test('one bar alone is no chart', () => {
    const report = sample();
    const here = group(report, 'consume', 100);
    expect(chartsOf(report, { ...here, rows: here.rows.slice(0, 1) })).toEqual([]);
  });
});

describe('the page', () => {
  const page = html(sample(), draw);

  test('fetches nothing, and names no address', () => {
    const withoutData = page.replace(/<script type="application\/json"[\s\S]*?<\/script>/, '');
    expect(withoutData).not.toMatch(/https?:|\/\/[a-z]|@import|\burl\(|\ssrc=/i);
    expect([...withoutData.matchAll(/href="([^"]*)"/g)].filter(([, to]) => !to?.startsWith('#'))).toEqual([]);
    expect(page).toContain("default-src 'none'");
    expect(page).not.toContain('/some/where</dd>');
  });

  test('holds the JSON as it was', () => {
    const [, text = ''] = /<script type="application\/json" id="json">([\s\S]*?)<\/script>/.exec(page) ?? [];
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(sample())));
    expect(embed(sample())).not.toContain('<');
  });

  test('escapes names and messages of errors', () => {
    expect(page).not.toContain('<script>alert');
    expect(page).toContain('&lt;script&gt;alert(&quot;&amp;|`$&lt;/script&gt;');
  });

  test('has a table under the charts of every suite', () => {
    for (const id of ['suite-consume', 'suite-latency', 'suite-invented']) {
      const [, rest = ''] = page.split(`<section id="${id}">`);
      expect(rest).toContain('<table>');
    }
    expect(page.match(/<figure/g)?.length).toBeGreaterThan(4);
  });
});

describe('Markdown', () => {
  test('a pipe or a line break does not end a cell', () => {
    const table = markdownTable({
      head: ['a|b', 'c'],
      rows: [{ cells: [{ text: 'x\n|y' }, { text: '1', range: '0–2' }] }],
    });
    expect(table).toBe('| a\\|b | c |\n| --- | --: |\n| x \\|y | 1 (0–2) |');
    expect(markdown(sample())).toContain('| `batches$` | 2,295,000 (2,250,000–2,340,000) |');
  });

  test('the sections of the README and the guide say what was measured and where, the guide also how', () => {
    const sections = [readmeSection(sample()), performanceSection(sample())];
    const [readme, guide] = sections.map((section) => section.replaceAll(/\s+/g, ' ')) as [string, string];
    for (const text of [readme, guide]) {
      expect(text).toContain('Measured 2026-01-02 on 8 cores (A processor, 16 GB)');
      expect(text).toContain('against Apache Kafka 4.1.1, one node, Node 20.0.0, librdkafka 2.15.1');
      expect(text).not.toContain('/some/where');
    }
    for (const line of sections.join('\n').split('\n'))
      expect(line.startsWith('|') ? 0 : line.length).toBeLessThan(131);
    expect(readme).toContain('| rdkafka-rx, `messages$` and `send` | 1,938 | 1,938 |');
    expect(guide).toContain("`npm run bench -- --kafka --subjects 'take,batches$'`");
    expect(guide).toContain('| `messages$` | 1,938 k (1,900 k–1,976 k) |');
  });

  test("the README's section is short, and no figures of an interrupted run or of changed sources get there", () => {
    const { versions } = sample();
    expect(readmeSection(sample()).split('\n').length).toBeLessThan(25);
    expect(() => requirePublishable(sample())).not.toThrow();
    expect(() => requirePublishable({ ...sample(), partial: true })).toThrow(
      'The report is not published, because its run was interrupted: commit, and run the bench again to its end.',
    );
    expect(() => requirePublishable({ ...sample(), versions: { ...versions, commit: 'abc-dirty' } })).toThrow(
      /because its sources had uncommitted changes/,
    );
  });

  test("the README's chart has a bar for each client, the longest first, and is left out when nothing was read", () => {
    const svg = chart(sample()) ?? '';
    const widths = [...svg.matchAll(/<rect[^>]* width="([\d.]+)"/g)].map(([, width]) => Number(width));
    expect(widths.length).toBeGreaterThan(2);
    expect(widths).toEqual([...widths].sort((a, b) => b - a));
    expect(svg).toContain('rdkafka-rx, messages$</text>');
    expect(readmeSection(sample())).toContain('](docs/performance.svg)');
    const unread = { ...sample(), summary: sample().summary.filter(({ suite }) => suite !== 'consume') };
    expect(chart(unread)).toBeUndefined();
  });

  test('a report made of parts says how often each command was given', () => {
    const report = sample();
    const { settings } = report;
    const whole = { ...report, parts: [{ settings }, { settings: { command: 'npm run bench' } }, { settings }] };
    const text = performanceSection(whole).replaceAll(/\s+/g, ' ');
    expect(text).toContain("by `npm run bench -- --kafka --subjects 'take,batches$'` (2 times) and `npm run bench`.");
    expect(html(whole, draw)).toContain("take,batches$'</code> (2 times)</p>");
  });

  test.each([
    ['README.md', readmeSection],
    ['docs/performance.md', performanceSection],
  ] as const)('writing it twice is writing it once, and nothing else of %s moves', (page, make) => {
    const readme = readFileSync(resolve(__dirname, '../..', page), 'utf8');
    const section = make(sample());
    const once = withSection(readme, section);
    expect(withSection(once, section)).toBe(once);
    expect(once).toContain(section);
    const around = (text: string) => text.split(/<!-- performance: (?:begin|end)[\s\S]*?-->/);
    expect([around(once)[0], around(once)[2]]).toEqual([around(readme)[0], around(readme)[2]]);
    expect(withSection(once, around(readme)[1] ?? '')).toBe(readme);
    expect(() => withSection('no marks', section)).toThrow(UsageError);
  });
});

describe('the command line', () => {
  test.each([
    [['--from', 'x.json'], /say which, with --report, --markdown or --readme/],
    [['--from', 'x.json', '--report', 'x.html', '--runs', '3'], /--runs has no meaning beside it/],
  ])('%j is answered with one sentence', (args, sentence) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(sentence);
  });

  test.each([
    ['{"a"', /x\.json is not JSON/],
    ['null', /not a report that this bench wrote/],
    ['{"format":1}', /not a report that this bench wrote/],
    ['{"format":2,"summary":[],"runs":[]}', /format 2, and this bench reads format 1/],
  ])('the file %s is refused', (text, sentence) => {
    expect(() => parseReport(text, 'x.json')).toThrow(UsageError);
    expect(() => parseReport(text, 'x.json')).toThrow(sentence);
  });

  test('it is recorded without the files to be written', () => {
    const command = (...args: string[]) => (parseOptions(args) as Options).command;
    expect(command('--kafka', '--json', 'a b.json', '--subjects', 'take,batches$', '--report=x.html', '--readme')).toBe(
      "npm run bench -- --kafka --subjects 'take,batches$'",
    );
    expect(command('--json', 'x.json')).toBe('npm run bench');
  });

  test('of the micro-benchmarks', () => {
    expect(parseMicro(['--filter', 'Ack', '--ms', '50'])).toMatchObject({ filter: 'ack', ms: 50, pairs: 5 });
    expect(() => parseMicro(['--pairs', '3'])).toThrow('--pairs needs --against.');
    expect(parseMicro(['--help'])).toBeNull();
    expect(() => parseMicro(['--ms', '0'])).toThrow(/--ms takes a whole number/);
    expect(() => parseMicro(['--fast'])).toThrow(UsageError);
  });
});
