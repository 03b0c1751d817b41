import { inspect } from 'node:util';
import { configErrorFromNative, normalizeConsumerConfig, normalizeProducerConfig } from '../../lib/config/config';
import { isSensitive, maskConfig, Redactor } from '../../lib/config/secrets';
import { ConsumeError, KafkaError } from '../../lib/core/errors';
import { configProperties } from '../../lib/generated/config';
import { ProduceError } from '../../lib/produce/report';

const base = { 'bootstrap.servers': 'localhost:9092' };
const expected = [
  'ssl.key.location',
  'ssl.key.password',
  'ssl.key.pem',
  'ssl.ca.pem',
  'ssl.certificate.pem',
  'ssl.keystore.password',
  'sasl.username',
  'sasl.password',
  'sasl.oauthbearer.config',
  'sasl.oauthbearer.client.secret',
  'sasl.oauthbearer.client.credentials.client.secret',
  'sasl.oauthbearer.assertion.file',
  'sasl.oauthbearer.assertion.private.key.file',
  'sasl.oauthbearer.assertion.private.key.passphrase',
  'sasl.oauthbearer.assertion.private.key.pem',
  'sasl.kerberos.kinit.cmd',
];

test.each(expected)('%s is a secret', (key) => {
  expect(isSensitive(key)).toBe(true);
  expect(configProperties[key]).toBeDefined();
});

test('ordinary keys are not', () => {
  const open = [
    'bootstrap.servers',
    'group.id',
    'ssl.ca.location',
    'sasl.mechanisms',
    'sasl.oauthbearer.token.endpoint.url',
  ];
  expect(open.filter(isSensitive)).toEqual([]);
});

describe('canaries', () => {
  const keys = Object.keys(configProperties).filter((key) => isSensitive(key));
  // Two names of one property have to agree.
  const canary = (key: string) => {
    const name = configProperties[key]?.alias ?? key;
    return `canary ${name.replaceAll('.', '')}Kx7 name=Zq9${name.length}`;
  };
  const config = Object.fromEntries(keys.map((key) => [key, canary(key)]));
  const url = 'https://robot:Canary-Login@idp.example/token';
  const given = { ...base, ...config, 'sasl.oauthbearer.token.endpoint.url': url };
  const options = { allowUnsafeConfig: ['sasl.kerberos.kinit.cmd'] };
  const forbidden = /Kx7|Zq9|Canary-Login/;
  const checked = normalizeConsumerConfig(given as never, options);
  const native = (message: string) => ({
    code: -185,
    name: 'ERR__INVALID_ARG',
    message,
    fatal: false,
    retriable: false,
    abortable: false,
  });

  test('there are many', () => expect(keys.length).toBeGreaterThanOrEqual(expected.length));

  test.each(keys)('%s', (key) => {
    const value = canary(key);
    const said = `Unrecognized ${key} beginning at: ${value.slice(7)} (${value}), url ${url}`;
    const context = { redact: checked.redact };
    const at = { topic: 't', partition: 0, offset: 1 };
    const errors: Error[] = [
      KafkaError.fromNative(native(said), context),
      ConsumeError.at(native(said), at, context),
      ProduceError.of(native(said), at, 'not-persisted', context),
      configErrorFromNative({ message: said }, checked, '2.15.1'),
    ];
    const sinks = errors.flatMap((error) => [
      error.message,
      String(error),
      error.stack,
      inspect(error),
      JSON.stringify(error),
    ]);
    sinks.push(
      inspect(checked, { showHidden: true, depth: 9 }),
      JSON.stringify(checked),
      JSON.stringify(maskConfig(given)),
      inspect(maskConfig(given)),
    );
    sinks.push(
      JSON.stringify(maskConfig({ 'default.topic.config': { [key]: value } })),
      inspect({ nested: { checked } }, { depth: 9 }),
    );
    for (const sink of sinks) expect(sink).not.toMatch(forbidden);
  });

  test.each(keys)('%s is not shown when it has the wrong type or place', (key) => {
    for (const bad of [[canary(key), 5], { a: canary(key) }, `${canary(key)}\0`]) {
      for (const normalize of [normalizeConsumerConfig, normalizeProducerConfig]) {
        try {
          normalize({ ...base, [key]: bad } as never);
          throw new Error('nothing was refused');
        } catch (error) {
          expect(inspect(error)).toContain(key);
          expect(inspect(error)).not.toMatch(forbidden);
        }
      }
    }
  });
});

describe('redact', () => {
  test('short secrets only as words of their own', () => {
    const redactor = new Redactor([['sasl.username', 'app']]);
    expect(redactor.redact("login of 'app' for application failed")).toBe("login of '***' for application failed");
  });

  test('lines of a key, and a long secret that was cut off', () => {
    const pem =
      '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwggSjAgEA\n-----END PRIVATE KEY-----';
    const redactor = new Redactor([['ssl.key.pem', pem]]);
    expect(redactor.redact('bad key BAQEFAASCBKcwggSjAgEA')).toBe('bad key ***');
    expect(redactor.redact('bad key MIIEvQIBADANBgkq')).toBe('bad key ***');
  });

  test('tokens that were got at run time, and any JSON web token', () => {
    const redactor = new Redactor();
    redactor.add('tok-123456');
    expect(redactor.redact('token tok-123456, eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.')).toBe('token ***, ***');
  });

  test('characters that mean something in a regular expression', () => {
    expect(new Redactor([['sasl.password', 'a.b*c(d[e]+$^|\\/-']]).redact('<a.b*c(d[e]+$^|\\/->')).toBe('<***>');
  });

  test('nothing to hide, nothing changed', () => {
    expect(new Redactor([['group.id', 'orders']]).redact('group orders at http://a:1/x')).toBe(
      'group orders at http://a:1/x',
    );
  });
});
