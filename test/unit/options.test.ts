/** Options that are no options, and values that make no sense: one sentence each, before anything is opened. */
import { checkClient, timeoutOf } from '../../lib/client/options';
import { closeOnSignals } from '../../lib/client/shutdown';
import { creditOf } from '../../lib/consume/credit';
import { checkConsumer, withDeserializers } from '../../lib/consume/options';
import { rangeOptions } from '../../lib/consume/read-range';
import { checkRun, checkRunBatch } from '../../lib/consume/run/options';
import { streamOptions } from '../../lib/consume/stream/options';
import { nearest } from '../../lib/core/describe';
import { ArgumentError } from '../../lib/core/errors';
import { checkSerializers } from '../../lib/produce/record';
import { bytes, json, utf8 } from '../../lib/serde/builtins';

function refused(check: () => unknown, sentence: RegExp): void {
  let error: unknown;
  try {
    check();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ArgumentError);
  expect((error as Error).message).toMatch(sentence);
}

const consumer = (options: unknown, deserializers: unknown = {}) =>
  checkConsumer(options as never, deserializers as never);
const stream = (options: unknown) => streamOptions(options, '');
const run = (options: unknown) => checkRun(() => {}, options);
const send = async () => {};

describe("a consumer's options", () => {
  test('all there are', () => {
    consumer(
      {
        credit: { laneMessages: 1, laneBytes: 2, totalBytes: undefined },
        commits: { count: 1, bytes: Number.POSITIVE_INFINITY, ms: 0, onEof: false },
        rebalance: { drainMs: 0, onAssigned: () => undefined, onRevoked: () => {}, onLost: () => {} },
        fields: ['key', 'value', 'timestamp', 'headers'],
        stream: { commit: 'none', batch: { count: 1, bytes: 1, ms: 0, onEof: true, scope: 'stream' } },
        gatedMs: 0,
        maxProcessingMs: Number.POSITIVE_INFINITY,
        onStall: 'failConsumer',
        leakDetection: true,
        oauthBearerToken: () => ({ value: '', expiresAt: 0 }),
        allowUnsafeConfig: ['ssl.providers'],
        librdkafka: '2.15.1',
        nothing: undefined,
      },
      { key: null, value: utf8 },
    );
  });

  test.each<[unknown, RegExp]>([
    [null, /^a consumer's options must be an object, not null$/],
    [{ fields: ['values'] }, /^fields must be an array of 'key', 'value', 'timestamp', 'headers', not \['values'\]$/],
    [{ fields: 'value' }, /^fields must be an array of .*, not 'value' \(a string\)$/],
    [{ rebalance: { drainMs: '5s' } }, /^rebalance.drainMs must be a number of milliseconds.*, not '5s' \(a string\)$/],
    [
      { rebalance: { onRevoke: () => {} } },
      /'onRevoke' is not one of the options of rebalance; did you mean 'onRevoked'/,
    ],
    [{ rebalance: { onLost: 5 } }, /^rebalance.onLost must be a function, not a number$/],
    [{ commits: { count: -1 } }, /^commits.count must be a number of messages from 1, not -1$/],
    [{ commits: { ms: 'x' } }, /^commits.ms must be a number of milliseconds/],
    [{ commits: 5 }, /^commits must be an object, not 5$/],
    [{ onStall: 'fail' }, /^onStall must be 'event', 'failStream' or 'failConsumer', not 'fail'$/],
    [{ gatedMs: Number.NaN }, /^gatedMs must be a number of milliseconds.*, not NaN$/],
    [{ leakDetection: 'yes' }, /^leakDetection must be true or false, not 'yes' \(a string\)$/],
    [
      { credit: { laneMessage: 2 } },
      /^'laneMessage' is not one of the options of credit; did you mean 'laneMessages'\?$/,
    ],
    [{ credit: { totalBytes: 0.5 } }, /^credit.totalBytes must be a positive integer: a number of bytes, not 0.5$/],
    [{ stream: { until: 'end' } }, /^stream.until must be 'forever' or 'eof', not 'end'$/],
    [{ stream: { value: utf8 } }, /'value' is not one of a stream's options/],
    [{ commit: 'ack' }, /^'commit' is not one of a consumer's options; did you mean 'commits'\?$/],
    [{ oauthBearerToken: 'secret' }, /^oauthBearerToken must be a function, not a string$/],
    [{ allowUnsafeConfig: 'x' }, /^allowUnsafeConfig must be an array of strings/],
  ])('%j', (options, sentence) => refused(() => consumer(options), sentence));

  test.each<[string, unknown, RegExp]>([
    ['a wrong name', { values: utf8 }, /^'values' is not one of the deserializers; did you mean 'value'\?$/],
    ['options in their place', { gatedMs: 5 }, /^'gatedMs' is not one of the deserializers: there are 'key', 'value'$/],
    [
      'one that was not called',
      { value: json },
      /^value must be a deserializer.*a function; call it first if it makes one, as json\(\) does$/,
    ],
    ['a name', { key: 'utf8' }, /^key must be a deserializer: an object with the method deserialize.*not 'utf8'/],
  ])('deserializers: %s', (_, deserializers, sentence) => refused(() => consumer({}, deserializers), sentence));

  test('what is undefined has its default', () => {
    expect(creditOf({ laneMessages: undefined, laneBytes: 5 } as never)).toMatchObject({
      laneMessages: 65_536,
      laneBytes: 5,
    });
    expect(withDeserializers({ value: undefined } as never, { value: utf8 })).toEqual({ value: utf8 });
    expect(withDeserializers<unknown, unknown>({ value: null }, { key: bytes, value: utf8 })).toEqual({
      key: bytes,
      value: null,
    });
  });
});

test('options and serializers of other clients', () => {
  checkClient({ allowUnsafeConfig: [] });
  refused(() => checkClient({ gatedMs: 5 } as never), /^'gatedMs' is not one of a client's options: there are/);
  checkSerializers({ value: utf8 as never });
  refused(() => checkSerializers({ values: utf8 } as never), /not one of the serializers; did you mean 'value'/);
  refused(
    () => checkSerializers({ value: { deserialize: () => {} } } as never),
    /with the method serialize.*not an object/,
  );
  refused(() => timeoutOf(5000 as never), /^options must be an object such as { timeoutMs: 5000 }, not 5000$/);
});

describe("a stream's options", () => {
  test('all there are', () => {
    const { signal } = new AbortController();
    stream({ key: null, value: json(), commit: 'delivery', until: 'eof', onDecodeError: 'skip', signal });
  });

  test.each<[unknown, RegExp]>([
    [{ until: 'end' }, /^until must be 'forever' or 'eof', not 'end'$/],
    [{ commit: 'manual' }, /^commit must be 'ack', 'delivery' or 'none', not 'manual'$/],
    [{ batch: { size: 100 } }, /^'size' is not one of the options of batch: there are 'count', 'bytes', 'ms'/],
    [{ batch: { count: '100' } }, /^batch.count must be a number of messages from 1, not '100' \(a string\)$/],
    [{ onDecodeError: 'ignore' }, /^onDecodeError must be 'stop' or 'skip', not 'ignore'$/],
    [{ value: json }, /^value must be a deserializer/],
    [{ signal: new AbortController() }, /^signal must be an AbortSignal, not an object \(AbortController\)$/],
  ])('%j', (options, sentence) => refused(() => stream(options), sentence));

  test('the ends of a range', () => {
    rangeOptions({ from: 'beginning', to: { offset: 0 } }, '');
    rangeOptions({ from: { timestamp: 0 }, to: { timestamp: new Date() } }, '');
    refused(() => rangeOptions({ form: 'end' }, ''), /'form' is not one of the ends of a range; did you mean 'from'/);
    refused(() => rangeOptions({ to: { offset: '5' } }, ''), /^to must be 'beginning', 'end', { offset }.*'5'/);
  });
});

describe('options of a run', () => {
  test('all there are', () => {
    const deadLetter = { producer: { send }, topic: () => 'dead' };
    run({ order: 'key', concurrency: Number.POSITIVE_INFINITY, drainMs: 5, signal: AbortSignal.abort() });
    for (const failure of ['stop', 'skip', () => 'skip', { attempts: 3, backoffMs: 0, maxBackoffMs: 1 }])
      run({ failure });
    run({ failure: { exhausted: { deadLetter } } });
  });

  test.each<[unknown, RegExp]>([
    [{ order: 'keys' }, /^order must be 'partition', 'key' or 'none', not 'keys'$/],
    [{ concurrency: 0 }, /^concurrency must be a number of handlers from 1, not 0$/],
    [{ drainMs: '5s' }, /^drainMs must be a number of milliseconds/],
    [
      { failure: 'retry' },
      /^failure must be 'stop', 'skip', { attempts, .* } or a function, not 'retry' \(a string\)$/,
    ],
    [{ failure: { retries: 3 } }, /^'retries' is not one of the options of failure: there are 'attempts', 'backoffMs'/],
    [
      { failure: { exhausted: 'deadletter' } },
      /^failure.exhausted must be 'stop', 'skip' or { deadLetter: { producer, topic } }, not 'deadletter'/,
    ],
    [
      { failure: { exhausted: { deadLetter: { producer: { send } } } } },
      /deadLetter.topic must be a topic.*undefined$/,
    ],
    [{ failure: { exhausted: { deadLetter: { topic: 't' } } } }, /deadLetter.producer must be a producer/],
  ])('%j', (options, sentence) => refused(() => run(options), sentence));

  test('the handler is a function', () => {
    refused(() => checkRun(undefined, {}), /^the handler of run\(\), .* must be a function, not undefined$/);
    refused(() => checkRun({ eachMessage: () => {} }, {}), /must be a function, not an object$/);
    refused(() => checkRunBatch('x', {}), /^the handler of runBatch\(\), which gets each batch, must be a function/);
    refused(() => checkRunBatch(() => {}, { order: 'key' }), /'order' is not one of the options of runBatch\(\)/);
  });
});

test('closeOnSignals takes an array of clients', () => {
  const client = { close: send };
  refused(() => closeOnSignals(client as never), /^closeOnSignals\(\) takes an array of clients.*not an object$/);
  refused(() => closeOnSignals([{}] as never), /which have a close\(\) method, not an object$/);
  refused(() => closeOnSignals([client], { signals: ['TERM'] } as never), /^signals must be an array of signals/);
  closeOnSignals([client], { timeoutMs: 5 }).dispose();
});

test('the nearest name', () => {
  const names = ['topic', 'partitions', 'replicationFactor', 'config'];
  expect(
    ['numPartitions', 'num_partitions', 'replication_factor', 'configEntries', 'topics'].map((name) =>
      nearest(name, names),
    ),
  ).toEqual(['partitions', 'partitions', 'replicationFactor', 'config', 'topic']);
  expect(nearest('x'.repeat(100), names)).toBeUndefined();
  expect(nearest('other', names)).toBeUndefined();
});
