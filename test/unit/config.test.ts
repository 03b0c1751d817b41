import { inspect } from 'node:util';
import fc from 'fast-check';
import {
  type ClientConfig,
  configErrorFromNative,
  normalizeAdminConfig,
  normalizeConsumerConfig,
  normalizeProducerConfig,
  requireGroup,
} from '../../lib/config/config';
import { ConfigError, UnsupportedError } from '../../lib/core/errors';
import { clientDefaults, configProperties, unavailableKeys } from '../../lib/generated/config';

const base = { 'bootstrap.servers': 'localhost:9092' };
type Config = Record<string, unknown>;
// Wrong input on purpose: the types would refuse most of it.
const consumer = (config: unknown, options = {}): ClientConfig => normalizeConsumerConfig(config as never, options);
const producer = (config: unknown, options = {}): ClientConfig => normalizeProducerConfig(config as never, options);
const entries = (config: Config) => Object.fromEntries(consumer({ ...base, ...config }).entries());

function refusal(make: () => unknown): ConfigError {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error('nothing was refused');
}
const refused = (config: Config) => refusal(() => consumer({ ...base, ...config })).message;

describe('what is accepted', () => {
  test('numbers, booleans, text and arrays become text', () => {
    expect(
      entries({
        'group.id': 'g',
        'session.timeout.ms': 6000,
        'fetch.wait.max.ms': '100',
        'socket.keepalive.enable': true,
        'log.connection.close': 'FALSE',
        debug: ['broker', 'topic'],
        'topic.blacklist': ['^a', '^b'],
        'security.protocol': 'SASL_SSL',
      }),
    ).toMatchObject({
      'group.id': 'g',
      'session.timeout.ms': '6000',
      'fetch.wait.max.ms': '100',
      'socket.keepalive.enable': 'true',
      'log.connection.close': 'false',
      debug: 'broker,topic',
      'topic.blacklist': '^a,^b',
      'security.protocol': 'sasl_ssl',
    });
  });

  test('a float, and a word beside a number', () => {
    const config = producer({ ...base, 'linger.ms': 0.5, acks: 'all', debug: 'msg, eos' });
    expect(Object.fromEntries(config.entries())).toMatchObject({ 'linger.ms': '0.5', acks: 'all', debug: 'msg,eos' });
  });

  test('bootstrap servers as an array, and under the other name', () => {
    expect(entries({ 'bootstrap.servers': ['a:1', 'b:2'] })['bootstrap.servers']).toBe('a:1,b:2');
    expect(consumer({ 'metadata.broker.list': 'a:1' }).get('bootstrap.servers')).toBe('a:1');
  });

  test('nested topic configuration is put in line', () => {
    expect(entries({ 'default.topic.config': { 'auto.offset.reset': 'earliest' } })['auto.offset.reset']).toBe(
      'earliest',
    );
  });

  test('undefined and polluting keys are ignored, prototypes stay clean', () => {
    const config = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "prototype": 2}');
    expect(Object.keys(entries({ ...config, 'group.id': undefined }))).not.toContain('group.id');
    expect(({} as Config).polluted).toBeUndefined();
    expect(consumer(Object.assign(Object.create({ 'client.id': 'inherited' }), base)).get('client.id')).toBe('rdkafka');
  });

  test('the object is neither changed nor kept', () => {
    const servers = ['a:1'];
    const config = Object.freeze({ 'bootstrap.servers': servers, 'default.topic.config': Object.freeze({}) });
    const checked = consumer(config);
    servers.push('b:2');
    expect(checked.get('bootstrap.servers')).toBe('a:1');
  });
});

describe('defaults', () => {
  test('ours are set where they apply, and give way', () => {
    expect(entries({ 'enable.auto.commit': true, 'queued.max.messages.kbytes': 1024 })).toMatchObject({
      'enable.auto.commit': 'true',
      'queued.max.messages.kbytes': '1024',
      'check.crcs': 'true',
      'enable.metrics.push': 'false',
      'enable.partition.eof': 'true',
      'enable.auto.offset.store': 'false',
      'fetch.queue.backoff.ms': '20',
    });
    expect(producer(base).entries().sort()).toEqual([
      ['bootstrap.servers', 'localhost:9092'],
      ['enable.metrics.push', 'false'],
      ['partitioner', 'murmur2_random'],
    ]);
    expect(Object.keys(clientDefaults).every((key) => key in configProperties)).toBe(true);
  });

  test('end of partition is always on', () => {
    expect(entries({ 'enable.partition.eof': false })['enable.partition.eof']).toBe('true');
  });

  test('get knows aliases and the defaults of librdkafka', () => {
    const config = producer({ ...base, 'linger.ms': 7 });
    expect(config.number('queue.buffering.max.ms')).toBe(7);
    expect(config.number('message.max.bytes')).toBe(1000000);
    expect(config.flag('enable.idempotence')).toBe(false);
    expect(config.get('transactional.id')).toBeUndefined();
    expect(config.get('toString')).toBeUndefined();
  });
});

describe('what is refused, in one sentence', () => {
  test.each<[Config, RegExp]>([
    [{ 'group.idd': 'g' }, /'group\.idd' is not a configuration key; did you mean 'group\.id'\?/],
    [{ groupId: 'g' }, /did you mean 'group\.id'/],
    [{ brokers: ['a'] }, /did you mean 'bootstrap\.servers'/],
    [{ toString: 'g' }, /'toString' is not a configuration key/],
    [{ 'session.timeout.ms': 'soon' }, /'session\.timeout\.ms' must be a whole number from 1 to 3600000, not 'soon'/],
    [{ 'session.timeout.ms': 0 }, /from 1 to 3600000, not 0/],
    [{ 'session.timeout.ms': 1.5 }, /whole number/],
    [{ 'session.timeout.ms': Number.NaN }, /not NaN/],
    [{ 'session.timeout.ms': '' }, /not ''/],
    [{ 'check.crcs': 1 }, /must be true or false, not 1/],
    [{ 'auto.offset.reset': 'newest' }, /must be one of 'smallest', 'earliest'.*not 'newest'/],
    [{ debug: ['broker', 'nothing'] }, /'debug' must be any of 'generic'/],
    [{ 'client.id': 5 }, /'client\.id' must be a string, not 5/],
    [{ 'client.id': null }, /is null; leave the key out/],
    [{ 'client.id': 'a\0b' }, /NUL character/],
    [{ 'linger.ms': 5 }, /'linger\.ms' is for producers; a consumer does not have it/],
    [
      { 'metadata.broker.list': 'other:1' },
      /'metadata\.broker\.list' and 'bootstrap\.servers' are the same setting with different values/,
    ],
    [{ 'default.topic.config': { 'auto.offset.rest': 'end' } }, /did you mean 'auto\.offset\.reset'/],
    [{ 'default.topic.config': 5 }, /'default\.topic\.config' must be an object/],
    [{ 'client.id': 'a', 'default.topic.config': { 'client.id': 'b' } }, /given twice/],
    [{ rebalance_cb: true }, /'rebalance_cb' is not available here: use rebalances\$/],
    [{ socket_cb: () => 0 }, /makes sense in a C program only/],
    [{ 'ssl.truststore.location': 'x' }, /use 'ssl\.ca\.location'/],
    [{ 'enable.auto.offset.store': true }, /always false here/],
    [{ 'plugin.library.paths': '/tmp/x.so' }, /load code or run commands; list it in the option allowUnsafeConfig/],
    [{ 'sasl.kerberos.principal': 'me; rm -rf /' }, /shell command/],
  ])('%p', (config, message) => {
    expect(refused(config)).toMatch(message);
  });

  test('no brokers', () => {
    for (const config of [{}, { 'bootstrap.servers': '' }, { 'bootstrap.servers': [] }]) {
      expect(refusal(() => consumer(config)).message).toMatch(/'bootstrap\.servers' is required/);
    }
  });

  test('no object', () => {
    for (const config of [undefined, null, 'localhost', 5, []])
      expect(refusal(() => consumer(config)).message).toMatch(/must be an object/);
  });

  test('keys of consumers and producers, by an admin client', () => {
    const make = () => normalizeAdminConfig({ ...base, 'group.id': 'g' } as never);
    expect(refusal(make).message).toMatch(/is for consumers; an admin client does not have it/);
  });

  test('dangerous keys pass when they are named', () => {
    const options = { allowUnsafeConfig: ['plugin.library.paths'] };
    expect(consumer({ ...base, 'plugin.library.paths': 'x.so' }, options).get('plugin.library.paths')).toBe('x.so');
    expect(() => consumer({ ...base, 'ssl.engine.location': 'x.so' }, options)).toThrow(ConfigError);
  });

  test('the key is on the error', () => {
    expect(refusal(() => consumer({ ...base, 'check.crcs': 1 }))).toMatchObject({
      key: 'check.crcs',
      code: 'ERR_KAFKA_CLIENT_CONFIG',
    });
  });

  test('a missing group, only by what needs it', () => {
    expect(requireGroup(consumer({ ...base, 'group.id': 'g' }), 'subscribe()')).toBe('g');
    expect(() => requireGroup(consumer(base), 'subscribe()')).toThrow(
      /subscribe\(\) needs a consumer group: set 'group\.id'/,
    );
  });
});

describe('older librdkafka', () => {
  test('features name the version they need', () => {
    const config = { ...base, 'group.protocol': 'consumer' };
    expect(() => consumer(config, { librdkafka: '2.8.0' })).toThrow(UnsupportedError);
    expect(() => consumer(config, { librdkafka: '2.8.0' })).toThrow(
      /needs librdkafka 2\.12\.0 or newer, but 2\.8\.0 is linked/,
    );
    expect(consumer(config, { librdkafka: '2.12.0' }).get('group.protocol')).toBe('consumer');
    expect(consumer({ ...base, 'group.protocol': 'classic' }, { librdkafka: '2.6.1' }).get('group.protocol')).toBe(
      'classic',
    );
  });

  test('what rd_kafka_conf_set() does not know names the version linked', () => {
    const refuse = (key: string) =>
      configErrorFromNative(
        { message: `librdkafka 2.6.1 does not know the property "${key}"` },
        consumer(base),
        '2.6.1',
      );
    expect(refuse('https.ca.pem')).toBeInstanceOf(UnsupportedError);
    expect(refuse('max.future.ms').message).toMatch(/'max\.future\.ms' is unknown to the linked librdkafka 2\.6\.1/);
  });

  test('what librdkafka was built without says how to get it', () => {
    const refuse = (key: string) =>
      configErrorFromNative({ message: `librdkafka refused the value of "${key}"` }, consumer(base), '2.15.1');
    for (const key of ['sasl.oauthbearer.method', 'sasl.oauthbearer.client.secret', 'https.ca.location'])
      expect(refuse(key)).toMatchObject({ name: 'ConfigError', key, message: expect.stringMatching(/needs .* curl/) });
    expect(refuse('ssl.key.pem').message).not.toMatch(/curl/);
    const zstd = normalizeProducerConfig({ ...base, 'compression.type': 'zstd' });
    const refused = { message: 'librdkafka refused the value of "compression.type"' };
    expect(configErrorFromNative(refused, zstd, '2.15.1')).toMatchObject({
      key: 'compression.type',
      message: expect.stringMatching(/^'compression\.type' needs a librdkafka built with zstd, .* another codec/),
    });
  });
});

describe('every key of the table', () => {
  const sample = (key: string): unknown => {
    const { type, min, values } = configProperties[key]!;
    if (type === 'int' || type === 'float') return min;
    if (type === 'bool') return false;
    return values?.[0] ?? 'text';
  };
  test.each(Object.keys(configProperties))('%s', (key) => {
    const scope = configProperties[key]!.scope;
    const make = scope === 'P' ? producer : consumer;
    const config = {
      ...(configProperties[key]!.alias === 'metadata.broker.list' || key === 'metadata.broker.list' ? {} : base),
      [key]: sample(key),
    };
    const value = make(config, { allowUnsafeConfig: [key] }).get(key);
    expect(value).toBe(key === 'enable.partition.eof' ? 'true' : String(sample(key)));
    if (scope !== '*')
      expect(() => (scope === 'P' ? consumer : producer)(config)).toThrow(/is for (producers|consumers)/);
  });

  test.each(unavailableKeys)('%s is refused', (key) => {
    expect(refused({ [key]: 'x' })).toMatch(/is not available here: /);
  });
});

test('any value gives a configuration or a ConfigError, and text without NUL', () => {
  const key = fc.oneof(fc.constantFrom(...Object.keys(configProperties)), fc.string());
  fc.assert(
    fc.property(fc.dictionary(key, fc.anything(), { maxKeys: 4 }), (config) => {
      try {
        for (const [, value] of consumer({ ...base, ...config }).entries()) expect(value).not.toContain('\0');
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
      }
    }),
    { numRuns: 200 },
  );
});

test('a configuration shows itself without secrets', () => {
  const config = consumer({ ...base, 'sasl.password': 'hunter2!', 'client.id': 'me' });
  expect(inspect(config)).toMatch(/'sasl\.password': '\*\*\*'/);
  expect(JSON.parse(JSON.stringify(config))).toMatchObject({ 'sasl.password': '***', 'client.id': 'me' });
});
