import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { normalizeAdminConfig } from '../../lib/config/config';
import { checkSecurity } from '../../lib/config/security';
import { ConfigError } from '../../lib/core/errors';

const directory = mkdtempSync(join(tmpdir(), 'security-'));
const file = join(directory, 'some.pem');
writeFileSync(file, '');
afterAll(() => rmSync(directory, { recursive: true }));

function check(config: object, features = 'ssl,sasl_plain'): ConfigError | null {
  const all = { 'bootstrap.servers': 'localhost:9092', 'security.protocol': 'ssl', ...config } as never;
  try {
    checkSecurity(normalizeAdminConfig(all), features);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
}

test.each([
  ['a file', { 'ssl.ca.location': file, 'ssl.key.location': file, 'ssl.certificate.location': file }],
  ['a directory of authorities', { 'ssl.ca.location': directory }],
  ["the system's authorities", { 'ssl.ca.location': 'probe' }],
  ['nothing', {}],
  ['what is not used', { 'security.protocol': 'plaintext', 'ssl.ca.location': '/nope.pem' }],
])('%s is accepted', (_, config) => expect(check(config)).toBeNull());

test.each([
  ['ssl.ca.location', '/nope.pem', "'ssl.ca.location': /nope.pem cannot be read: ENOENT"],
  ['ssl.certificate.location', '/nope.pem', "'ssl.certificate.location': /nope.pem cannot be read: ENOENT"],
  ['ssl.certificate.location', directory, `'ssl.certificate.location': ${directory} cannot be read: EISDIR`],
  ['ssl.key.location', '/secret.key', "'ssl.key.location': the file cannot be read: ENOENT"],
])('%s that cannot be read', (key, path, message) => {
  for (const protocol of ['ssl', 'SASL_SSL']) {
    const config = { 'security.protocol': protocol, 'sasl.mechanisms': 'PLAIN', [key]: path };
    expect(check(config)).toMatchObject({ message, key });
  }
});

test('SASL without a mechanism', () => {
  const sasl = { 'security.protocol': 'sasl_plaintext' };
  expect(check(sasl)).toMatchObject({
    key: 'sasl.mechanisms',
    message: expect.stringMatching(
      /^set 'sasl.mechanisms' \(PLAIN, .*\); GSSAPI, librdkafka's default, is not in this/,
    ),
  });
  expect(check(sasl, 'ssl,sasl_gssapi')).toBeNull();
  expect(check({ ...sasl, 'sasl.mechanism': 'PLAIN' })).toBeNull();
});
