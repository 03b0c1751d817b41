import { inspect } from 'node:util';
import * as errors from '../../lib/core/errors';
import { errorCodes } from '../../lib/generated/errors';
import { ProduceError } from '../../lib/produce/report';

const { ConfigError, ConsumeError, DecodeError, KafkaError } = errors;
const native = (name: string, more: Partial<errors.NativeError> = {}): errors.NativeError => ({
  code: errorCodes[name as keyof typeof errorCodes] ?? 0,
  name: `ERR_${name}`,
  message: 'it went wrong',
  fatal: false,
  retriable: false,
  abortable: false,
  ...more,
});
const at = { topic: 'orders', partition: 3, offset: 17 };

describe('codes', () => {
  test('are librdkafka’s names, told apart by their prefix', () => {
    const codes = Object.keys(errorCodes).map((name) => errors.nativeCode(native(name)));
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.filter((code) => code.startsWith('ERR_KAFKA_CLIENT_'))).toEqual([]);
    for (const [name, number] of Object.entries(errorCodes)) expect(name.startsWith('_')).toBe(number < -1);
  });

  test('accept the name with its prefix, and survive a code without a name', () => {
    expect(errors.nativeCode(native('', { name: 'RD_KAFKA_RESP_ERR__TRANSPORT' }))).toBe('ERR_KAFKA__TRANSPORT');
    expect(errors.nativeCode(native('', { name: 'ERR_4711?', code: 4711 }))).toBe('ERR_KAFKA_4711');
  });
});

describe('fromNative', () => {
  test('keeps number, text and flags', () => {
    const error = KafkaError.fromNative(native('_FENCED', { fatal: true, message: 'fenced' }), {
      doing: 'Cannot commit',
    });
    expect(error).toMatchObject({
      code: 'ERR_KAFKA__FENCED',
      errno: -144,
      fatal: true,
      retriable: false,
      abortable: false,
    });
    expect(error.message).toMatch(/^Cannot commit: fenced\. Another producer uses the same 'transactional\.id'/);
  });

  test.each<[string, RegExp]>([
    ['_ALL_BROKERS_DOWN', /'bootstrap\.servers'/],
    ['_TRANSPORT', /advertised\.listeners/],
    ['_AUTHENTICATION', /'sasl\.username' and 'sasl\.password'/],
    ['SASL_AUTHENTICATION_FAILED', /'sasl\.mechanisms'/],
    ['UNKNOWN_TOPIC_OR_PART', /create the topic/],
    ['_MSG_TIMED_OUT', /that the brokers are reachable and that the topic exists$/],
    ['MSG_SIZE_TOO_LARGE', /'message\.max\.bytes'/],
    ['_UNKNOWN_PARTITION', /no such partition/],
    ['_MAX_POLL_EXCEEDED', /suspended.*Slow handlers do not cause this/],
  ])('%s has a hint', (name, hint) => expect(KafkaError.fromNative(native(name)).message).toMatch(hint));

  test('a hint names a consumer setting to consumers only', () => {
    const unknown = native('UNKNOWN_TOPIC_OR_PART');
    const record = { topic: 'orders' };
    const consumers = [KafkaError.fromNative(unknown, { consumer: true }), ConsumeError.at(unknown, at)];
    for (const { message } of consumers) expect(message).toMatch(/\(or set 'allow\.auto\.create\.topics'\)$/);
    const others = [KafkaError.fromNative(unknown), ProduceError.of(unknown, record, 'not-persisted')];
    for (const { message } of others) expect(message).toMatch(/create the topic first$/);
  });

  test('a token that is missing has a hint of its own', () => {
    const message = 'Failed to acquire SASL OAUTHBEARER token: no answer';
    expect(KafkaError.fromNative(native('_AUTHENTICATION', { message })).message).toMatch(
      /no answer\. Check .*oauthBearerToken/,
    );
  });

  test('a connection that is lost for its certificate has the hint of TLS', () => {
    const message = 'Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42';
    expect(KafkaError.fromNative(native('_TRANSPORT', { message })).message).toMatch(/Check 'ssl\.ca\.location'/);
  });

  test('what is transient can be tried again, unless it is fatal', () => {
    expect(KafkaError.fromNative(native('NOT_COORDINATOR')).retriable).toBe(true);
    expect(KafkaError.fromNative(native('NOT_COORDINATOR', { fatal: true })).retriable).toBe(false);
    expect(KafkaError.fromNative(native('INVALID_TXN_STATE', { retriable: true })).retriable).toBe(true);
    expect(KafkaError.fromNative(native('INVALID_TXN_STATE')).retriable).toBe(false);
  });
});

describe('classes', () => {
  test('say what and where', () => {
    const cause = new TypeError('it is not valid UTF-8');
    const decode = new DecodeError('value', at, Buffer.from('secret payload'), cause);
    expect(decode).toMatchObject({
      name: 'DecodeError',
      ...at,
      part: 'value',
      cause,
      raw: Buffer.from('secret payload'),
    });
    expect(decode.message).toBe('Cannot decode the value of orders/3 @17: it is not valid UTF-8');
    expect(ConsumeError.at(native('OFFSET_OUT_OF_RANGE'), { ...at, offset: -1 }).message).toMatch(
      /^Cannot read orders\/3: it went/,
    );
    const produce = ProduceError.of(native('MSG_SIZE_TOO_LARGE'), { topic: 'orders' }, 'not-persisted');
    expect(produce).toMatchObject({
      topic: 'orders',
      partition: -1,
      status: 'not-persisted',
      record: { topic: 'orders' },
    });
    expect(produce.message).toMatch(/^Cannot produce to orders: /);
    expect(new errors.ClosedError('consumer').message).toBe('The consumer is closed; create a new one');
    expect(new errors.AbortError('why')).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'why' });
  });

  test('show neither raw bytes nor records, but all that a log needs', () => {
    const decode = new DecodeError('key', at, Buffer.from('secret'), new Error('no'));
    const produce = new ProduceError('ERR_KAFKA__STATE', 'no', { topic: 't', ...{ value: 'secret' } }, 'persisted');
    for (const error of [decode, produce]) {
      expect(inspect(error) + JSON.stringify(error)).not.toMatch(/secret|73 65 63/);
    }
    expect(JSON.parse(JSON.stringify(decode))).toMatchObject({
      name: 'DecodeError',
      message: decode.message,
      ...at,
      part: 'key',
    });
  });

  test('raw is a copy', () => {
    const slab = Buffer.from('abc');
    const { raw } = new DecodeError('key', at, slab, new Error('no'));
    slab.fill(0);
    expect(raw?.toString()).toBe('abc');
  });

  test('instanceof follows the family, also for a second installation', () => {
    const decode = new DecodeError('key', at, null, new Error('no'));
    for (const type of [DecodeError, ConsumeError, KafkaError, Error]) expect(decode).toBeInstanceOf(type);
    for (const type of [ConfigError, ProduceError]) expect(decode).not.toBeInstanceOf(type);
    for (const value of [null, undefined, 5, {}, new Error('x'), Object.create(null)])
      expect(value).not.toBeInstanceOf(KafkaError);

    let other: typeof errors | undefined;
    jest.isolateModules(() => {
      other = require('../../lib/core/errors');
    });
    expect(other?.ConfigError).not.toBe(ConfigError);
    const foreign = new (other as typeof errors).ConfigError('no');
    expect(foreign).toBeInstanceOf(ConfigError);
    expect(foreign).toBeInstanceOf(KafkaError);
    expect(foreign).not.toBeInstanceOf(ConsumeError);
  });

  test('every class that is exported is told apart by its own name, in each installation', () => {
    const all = (module: object) =>
      Object.entries(module).filter(([, value]) => value === KafkaError || value?.prototype instanceof Error);
    const here = all(require('../../lib'));
    expect(here.length).toBeGreaterThan(10);
    jest.isolateModules(() => {
      const there: Record<string, { prototype: object }> = require('../../lib');
      for (const [name, type] of here) {
        const foreign: unknown = Object.create(there[name]?.prototype ?? null);
        expect(here.filter(([, other]) => foreign instanceof other).map(([name]) => name)).toContain(name);
        expect(there[name]).not.toBe(type);
      }
    });
  });

  test('a subclass of a user is an ordinary class', () => {
    class Mine extends ConfigError {}
    expect(new Mine('no')).toBeInstanceOf(Mine);
    expect(new Mine('no')).toBeInstanceOf(ConfigError);
    expect(new ConfigError('no')).not.toBeInstanceOf(Mine);
  });
});
