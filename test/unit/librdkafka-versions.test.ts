/** Which librdkafka a build takes: what it says of one that it refuses. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const describeOnLinux = process.platform === 'linux' ? describe : describe.skip;

describeOnLinux('an installed librdkafka', () => {
  let prefix: string;
  beforeEach(() => {
    prefix = mkdtempSync(join(tmpdir(), 'librdkafka-'));
    mkdirSync(join(prefix, 'include/librdkafka'), { recursive: true });
    mkdirSync(join(prefix, 'lib'));
    writeFileSync(join(prefix, 'lib/librdkafka.so'), '');
  });
  afterEach(() => rmSync(prefix, { recursive: true }));

  function build(hex: string) {
    writeFileSync(join(prefix, 'include/librdkafka/rdkafka.h'), `#define RD_KAFKA_VERSION ${hex}\n`);
    return spawnSync(process.execPath, [resolve(__dirname, '../../scripts/librdkafka.mjs')], {
      encoding: 'utf8',
      env: { ...process.env, RDKAFKA_RX_LIBRDKAFKA: prefix },
    });
  }

  it.each([
    ['0x020601ff', '2.6.1'],
    ['0x020800ff', '2.8.0'],
    ['0x020a01ff', '2.10.1'],
    ['0x020f01ff', '2.15.1'],
  ])('%s is taken as %s', (hex, version) => {
    const { status, stdout } = build(hex);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ version, include: join(prefix, 'include') });
  });

  it.each([
    [
      '0x020002ff',
      /^rdkafka-rx: librdkafka 2\.0\.2 \(prefix \S+\) is refused because versions before 2\.6\.1 lose messages/,
    ],
    [
      '0x020600ff',
      /^rdkafka-rx: librdkafka 2\.6\.0 \(prefix \S+\) is refused because versions before 2\.6\.1 lose messages/,
    ],
    [
      '0x020a00ff',
      /^rdkafka-rx: librdkafka 2\.10\.0 \(prefix \S+\) is refused because it can bootstrap in an endless loop/,
    ],
  ])('%s is refused with a sentence that says why', (hex, sentence) => {
    const { status, stdout, stderr } = build(hex);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
