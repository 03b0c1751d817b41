/** Mistakes: each has its class of error, a code that stays, and a sentence that says what to do; nothing is lost. */
import {
  Admin,
  ArgumentError,
  ClosedError,
  ConfigError,
  Consumer,
  DecodeError,
  json,
  KafkaError,
  ProduceError,
  Producer,
  UnsupportedError,
  utf8,
} from 'rdkafka-rx';
import { liveHandles, MockCluster } from 'rdkafka-rx/testing';
import { normalizeConsumerConfig } from '../../lib/config/config';
import { NEVER } from '../support/never';
import { Bench, gather, next, quick, rejection, texts, thrown, unique } from './harness';

const bench = Bench.use();
const servers = { 'bootstrap.servers': '127.0.0.1:1' };

/** The error has class, code and sentence. */
function expectError(error: unknown, kind: new (...args: never[]) => Error, code: string, sentence: RegExp): void {
  expect(error).toBeInstanceOf(kind);
  expect(error).toBeInstanceOf(KafkaError);
  expect((error as KafkaError).code).toBe(code);
  expect((error as Error).message).toMatch(sentence);
}

describe('configuration: nothing is opened', () => {
  const handles = () => liveHandles();
  it.each([
    ['a misspelt key', { 'group.idd': 'g' }, 'group.idd', /is not a configuration key; did you mean 'group.id'\?/],
    ['an unknown key', { 'no.such.thing.at.all': 1 }, 'no.such.thing.at.all', /is not a configuration key; see/],
    ['the name another client has', { brokers: 'x' }, 'brokers', /did you mean 'bootstrap.servers'\?/],
    ['a wrong type', { 'session.timeout.ms': true }, 'session.timeout.ms', /must be a whole number from 1 to 3600000/],
    ['out of range', { 'session.timeout.ms': 0 }, 'session.timeout.ms', /from 1 to 3600000, not 0/],
    ['a wrong word', { 'auto.offset.reset': 'first' }, 'auto.offset.reset', /must be one of .*'earliest'/],
    ['null', { 'client.id': null }, 'client.id', /is null; leave the key out to get the default/],
    ['a producer key', { acks: 1 }, 'acks', /is for producers; a consumer does not have it/],
    ['a callback of C', { rebalance_cb: () => {} }, 'rebalance_cb', /use rebalances\$/],
    ['a key that runs code', { 'plugin.library.paths': 'x' }, 'plugin.library.paths', /allowUnsafeConfig/],
    [
      'what librdkafka refuses',
      { 'ssl.ca.pem': 'no pem', 'security.protocol': 'ssl' },
      undefined,
      /librdkafka refuses/,
    ],
    [
      'a file that is not there',
      { 'security.protocol': 'ssl', 'ssl.ca.location': '/nope.pem' },
      'ssl.ca.location',
      /^'ssl.ca.location': \/nope.pem cannot be read: ENOENT$/,
    ],
    ['keys that contradict', { 'max.poll.interval.ms': 1000 }, undefined, /max.poll.interval.ms.*session.timeout.ms/],
  ])('%s', (_, config, key, sentence) => {
    const before = handles();
    const error = thrown(() => new Consumer({ ...servers, 'group.id': 'g', ...config } as never));
    expectError(error, ConfigError, 'ERR_KAFKA_CLIENT_CONFIG', sentence);
    expect((error as ConfigError).key).toBe(key);
    expect(handles()).toBe(before);
  });

  it.each([
    ['consumer', () => new Consumer({} as never)],
    ['producer', () => new Producer({} as never)],
    ['admin', () => new Admin({ 'bootstrap.servers': '' })],
  ])('no bootstrap.servers: %s', (_, make) => {
    expectError(
      thrown(make),
      ConfigError,
      'ERR_KAFKA_CLIENT_CONFIG',
      /'bootstrap.servers' is required.*localhost:9092/,
    );
  });

  it.each([undefined, null, 'localhost:9092', []])('no object but %j', (config) => {
    expectError(
      thrown(() => new Producer(config as never)),
      ConfigError,
      'ERR_KAFKA_CLIENT_CONFIG',
      /must be an object/,
    );
  });

  it('a feature newer than the linked librdkafka', () => {
    const config = { ...servers, 'group.protocol': 'consumer' } as const;
    const error = thrown(() => normalizeConsumerConfig(config, { librdkafka: '2.6.1' }));
    expectError(
      error,
      UnsupportedError,
      'ERR_KAFKA_CLIENT_UNSUPPORTED',
      /needs librdkafka .* or newer, but 2.6.1 is linked/,
    );
  });

  it('a secret is not repeated in the error', () => {
    const error = thrown(() => new Consumer({ ...servers, 'sasl.password': 12345678 } as never));
    expectError(error, ConfigError, 'ERR_KAFKA_CLIENT_CONFIG', /'sasl.password' must be a string, not a number/);
    expect(error.message).not.toContain('12345678');
  });
});

it('missing group.id: the call says so, assign works', async () => {
  const reader = bench.reader();
  const error = await rejection(reader.subscribe('topic'));
  expectError(error, ConfigError, 'ERR_KAFKA_CLIENT_CONFIG', /set 'group.id', or use assign\(\)/);
  expectError(
    thrown(() => reader.stream('t')),
    ConfigError,
    'ERR_KAFKA_CLIENT_CONFIG',
    /set 'group.id'/,
  );
});

describe('unknown topic', () => {
  it('to a consumer: an error event that names it, and the topic is read once it is there', async () => {
    const topic = unique('unborn');
    await bench.cluster.setTopicError(topic, 'UNKNOWN_TOPIC_OR_PART');
    const consumer = bench.consumer({ 'topic.metadata.refresh.interval.ms': 50, ...quick }, { value: utf8 });
    const told = next(consumer.errors$);
    await consumer.subscribe(topic);
    expectError(
      await told,
      KafkaError,
      'ERR_KAFKA_UNKNOWN_TOPIC_OR_PART',
      new RegExp(`${topic}.*create the topic first \\(or set 'allow.auto.create.topics'\\)`),
    );
    await bench.cluster.setTopicError(topic, null);
    await bench.fill(topic, 1);
    expect(texts(await gather(consumer, 1))).toEqual(['v0']);
  });

  it('to a producer: the send rejects', async () => {
    const topic = unique('unborn');
    await bench.cluster.setTopicError(topic, 'UNKNOWN_TOPIC_OR_PART');
    const producer = bench.producer({ 'topic.metadata.propagation.max.ms': 0 });
    const error = await rejection(producer.send({ topic, value: 'x' }));
    expectError(error, ProduceError, 'ERR_KAFKA_UNKNOWN_TOPIC_OR_PART', /create the topic first$/);
    expect((await producer.send({ topic: await bench.topic(), value: 'x' })).offset).toBe(0);
  });
});

it('message too large: that send rejects, the next one goes', async () => {
  const topic = await bench.topic();
  const producer = bench.producer({ 'message.max.bytes': 2_000 });
  const error = await rejection(producer.send({ topic, value: Buffer.alloc(5_000) }));
  expectError(error, ProduceError, 'ERR_KAFKA_MSG_SIZE_TOO_LARGE', /Raise 'message.max.bytes'/);
  expect(error).toMatchObject({ status: 'not-persisted' });
  expect((await producer.send({ topic, value: 'small' })).offset).toBe(0);
});

describe('what cannot be decoded or encoded', () => {
  it('invalid UTF-8 asked as text, JSON that does not parse', async () => {
    const topic = await bench.topic();
    await bench.producer().sendBatch({ topic, records: [{ value: Buffer.from([0xff]) }, { value: '{"a"' }] });
    for (const [serde, i, sentence] of [
      [utf8, 0, /use the bytes serde/],
      [json(), 1, /Cannot decode the value of .*\/0 @1: .*JSON/],
    ] as const) {
      const reader = bench.reader({}, { value: serde as typeof utf8 });
      await reader.assign([{ topic, partition: 0, offset: 'beginning' }]);
      const messages = await gather(reader, 2);
      expectError(
        thrown(() => messages[i]?.value),
        DecodeError,
        'ERR_KAFKA_CLIENT_DECODE',
        sentence,
      );
    }
  });

  it('a value of the wrong type', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({}, { value: utf8 });
    const wrong = await rejection(producer.send({ topic, value: 7 as never }));
    expectError(
      wrong,
      ProduceError,
      'ERR_KAFKA_CLIENT_ENCODE',
      /Cannot serialize the value of a record for .*: a string was/,
    );
    const bytes = await rejection(bench.producer().send({ topic, value: { a: 1 } as never }));
    expectError(bytes, ProduceError, 'ERR_KAFKA_CLIENT_ENCODE', /configure a serializer for other types/);
    expect((await producer.send({ topic, value: 'right' })).offset).toBe(0);
  });

  it('headers of the wrong type', async () => {
    const topic = await bench.topic();
    const producer = bench.producer();
    for (const headers of [{ h: 7 }, [[1, 'x']], [['h', undefined]], [{ a: 'b' }], null]) {
      const error = await rejection(producer.send({ topic, value: 'x', headers: headers as never }));
      expectError(error, ProduceError, 'ERR_KAFKA_CLIENT_ENCODE', /Cannot serialize the headers .*header/);
    }
    const records = [{ value: 'a' }, { value: 'b', headers: { h: 7 } as never }];
    const error = await rejection(producer.sendBatch({ topic, records }));
    expectError(error, ProduceError, 'ERR_KAFKA_CLIENT_ENCODE', /header/);
    expect(producer.pending).toBe(0);
    // Nothing of the batch was sent.
    expect((await producer.send({ topic, value: 'c' })).offset).toBe(0);
    const later = bench.producer({}, { value: { async: true, serialize: async (text: string) => text } });
    expectError(
      await rejection(later.sendBatch({ topic, records })),
      ProduceError,
      'ERR_KAFKA_CLIENT_ENCODE',
      /^Cannot serialize the headers of a record for /,
    );
    expect((await later.send({ topic, value: 'd' })).offset).toBe(1);
  });

  it('headers that give their pairs once are sent by a batch', async () => {
    const topic = await bench.topic();
    const headers = [['a', 'b']] as const;
    await bench.producer().sendBatch({ topic, records: [{ value: 'x', headers: headers.values() }] });
    const [message] = (await bench.contents(topic))[0] ?? [];
    expect(String(message?.headers.get('a'))).toBe('b');
  });
});

describe('partition that does not exist', () => {
  it('to send to', async () => {
    const topic = await bench.topic(2);
    const producer = bench.producer();
    const error = await rejection(producer.send({ topic, partition: 2, value: 'x' }));
    expectError(error, ProduceError, 'ERR_KAFKA__UNKNOWN_PARTITION', /numbered from 0/);
    expect((await producer.send({ topic, partition: 1, value: 'x' })).offset).toBe(0);
  });

  it('to read', async () => {
    const topic = await bench.topic(1);
    // Metadata may be older than the partition: librdkafka gives it thirty seconds to turn up.
    const reader = bench.reader({ 'topic.metadata.propagation.max.ms': 0 });
    const told = next(reader.errors$);
    await reader.assign([{ topic, partition: 5, offset: 'beginning' }]);
    expectError(
      await told,
      KafkaError,
      'ERR_KAFKA__UNKNOWN_PARTITION',
      new RegExp(`${topic} \\[5\\].*numbered from 0`),
    );
    const asked = await rejection(reader.watermarks({ topic, partition: 5 }));
    expectError(asked, KafkaError, 'ERR_KAFKA__UNKNOWN_PARTITION', /watermarks of .*\/5/);
    await bench.fill(topic, 1);
    await reader.assign([{ topic, partition: 0, offset: 'beginning' }]);
    expect(await gather(reader, 1)).toHaveLength(1);
  });
});

describe('arguments', () => {
  const at = { topic: 't', partition: 0 };
  const bad = (offset: unknown) => ({ ...at, offset: offset as number });

  it.each([-1, 1.5, Number.NaN, 2 ** 53, 'start', null, -1n, 1n << 63n])('offset %p', async (offset) => {
    const reader = bench.reader();
    for (const call of [reader.assign([bad(offset)]), reader.incrementalAssign([bad(offset)])]) {
      expectError(
        await rejection(call),
        ArgumentError,
        'ERR_KAFKA_CLIENT_ARGUMENT',
        /the offset of t\/0 must be an integer from 0/,
      );
    }
    expect(reader.assignment()).toEqual([]);
  });

  it.each([-1, 1.5, 2 ** 53, '1', undefined])('offset %p to commit', async (offset) => {
    const consumer = bench.consumer();
    const error = await rejection(consumer.commit(bad(offset)));
    expectError(
      error,
      ArgumentError,
      'ERR_KAFKA_CLIENT_ARGUMENT',
      /the offset to commit for t\/0 must be an integer from 0/,
    );
  });

  it.each([-1, 0.5, '0', undefined])('partition %p', async (partition) => {
    const consumer = bench.reader();
    const wrong = { topic: 't', partition: partition as number };
    for (const call of [consumer.assign([wrong]), consumer.watermarks(wrong), consumer.seek({ ...wrong, offset: 0 })]) {
      expectError(
        await rejection(call),
        ArgumentError,
        'ERR_KAFKA_CLIENT_ARGUMENT',
        /the partition of t must be an integer/,
      );
    }
    if (partition !== undefined) {
      const error = await rejection(bench.producer().send({ ...wrong, value: 'x' }));
      expectError(error, ArgumentError, 'ERR_KAFKA_CLIENT_ARGUMENT', /or left out for the partitioner/);
    }
  });

  it.each(['', null, undefined, 7])('topic %p', async (topic) => {
    const name = topic as string;
    const consumer = bench.consumer();
    for (const call of [
      consumer.subscribe(name),
      consumer.subscribe([name]),
      consumer.assign([{ topic: name, partition: 0 }]),
      bench.producer().send({ topic: name, value: 'x' }),
      bench.producer().sendBatch([{ topic: name, value: 'x' }]),
      bench.cluster.createTopic(name),
    ]) {
      expectError(await rejection(call), ArgumentError, 'ERR_KAFKA_CLIENT_ARGUMENT', /topic/);
    }
  });

  it.each([Number.NaN, -1, 1.5, new Date('no'), '1'])('timestamp %p', async (timestamp) => {
    const error = await rejection(bench.producer().send({ topic: 't', value: 'x', timestamp: timestamp as number }));
    expectError(error, ArgumentError, 'ERR_KAFKA_CLIENT_ARGUMENT', /a Date or ms since the epoch/);
    const asked = await rejection(bench.reader().offsetsForTimes([{ ...at, timestamp: timestamp as number }]));
    expectError(asked, ArgumentError, 'ERR_KAFKA_CLIENT_ARGUMENT', /a Date or ms since the epoch/);
  });

  it('timestamp 0, which librdkafka takes for now', async () => {
    const error = await rejection(bench.producer().send({ topic: 't', value: 'x', timestamp: 0 }));
    expectError(error, ArgumentError, 'ERR_KAFKA_CLIENT_ARGUMENT', /after 1970-01-01/);
  });

  it('no topics, no records, no timeout', async () => {
    const error = (call: Promise<unknown>) => rejection(call);
    expectError(
      await error(bench.consumer().subscribe([])),
      ArgumentError,
      'ERR_KAFKA_CLIENT_ARGUMENT',
      /at least one topic/,
    );
    for (const none of [{}, undefined]) {
      const call = error(bench.producer().sendBatch(none as never));
      expectError(await call, ArgumentError, 'ERR_KAFKA_CLIENT_ARGUMENT', /records/);
    }
    for (const timeoutMs of [-1, Number.NaN, '1', Number.POSITIVE_INFINITY]) {
      const call = error(bench.admin().metadata(null, { timeoutMs: timeoutMs as number }));
      expectError(await call, ArgumentError, 'ERR_KAFKA_CLIENT_ARGUMENT', /number of milliseconds/);
    }
  });

  it('a record without a value is no tombstone, and none is no record', async () => {
    const topic = await bench.topic();
    const sync = bench.producer();
    const later = bench.producer({}, { value: { async: true, serialize: async (text: string) => text } });
    for (const producer of [sync, later] as Producer<never, never>[]) {
      for (const record of [{ topic }, { topic, vlaue: 'x' }, { topic, messages: [{ value: 'x' }] }] as never[]) {
        const [one, batch] = await Promise.all([producer.send(record), producer.sendBatch([record])].map(rejection));
        expectError(one, ArgumentError, 'ERR_KAFKA_CLIENT_ARGUMENT', /needs a value; null makes a tombstone/);
        expectError(batch, ArgumentError, 'ERR_KAFKA_CLIENT_ARGUMENT', /needs a value/);
      }
      for (const call of [
        producer.send(undefined as never),
        producer.sendBatch([undefined] as never),
        producer.sendBatch({ topic, records: [undefined] } as never),
      ]) {
        expectError(
          await rejection(call),
          ArgumentError,
          'ERR_KAFKA_CLIENT_ARGUMENT',
          /^a record .*is { topic, value }/,
        );
      }
    }
    expect((await sync.send({ topic, value: null })).offset).toBe(0);
  });

  it('no partition, or a topic in its place', async () => {
    const consumer = bench.consumer();
    const none = undefined as never;
    for (const call of [
      consumer.commit(null as never),
      consumer.watermarks(none),
      consumer.seek(none),
      consumer.assign('orders' as never),
      consumer.incrementalAssign([none]),
      consumer.incrementalUnassign('orders' as never),
      consumer.committed('orders' as never),
      consumer.offsetsForTimes([none]),
    ]) {
      expectError(await rejection(call), ArgumentError, 'ERR_KAFKA_CLIENT_ARGUMENT', /{ topic, partition/);
    }
    for (const call of [
      () => consumer.pause('orders' as never),
      () => consumer.resume({ topic: 't', partition: 0 } as never),
      () => consumer.position(none),
      () => consumer.cachedWatermarks(none),
      () => consumer.storeOffset(none),
    ]) {
      expectError(thrown(call), ArgumentError, 'ERR_KAFKA_CLIENT_ARGUMENT', /{ topic, partition/);
    }
  });

  it('options: refused before anything is opened', () => {
    const before = liveHandles();
    for (const make of [
      () => new Consumer(servers, {}, { gatedMs: Number.NaN }),
      () => new Consumer(servers, { values: utf8 } as never),
      () => new Consumer({ ...servers, 'group.id': 'g' }, {}, { stream: { until: 'end' } } as never),
      () => new Producer(servers, { value: json } as never),
      () => new Producer(servers, {}, { gatedMs: 5 } as never),
      () => new Admin(servers, { oauthBearerToken: 'token' } as never),
      () => bench.consumer().stream('t', { commit: 'manual' } as never),
    ]) {
      expectError(thrown(make), ArgumentError, 'ERR_KAFKA_CLIENT_ARGUMENT', / must be | is not one of /);
    }
    // The last one had to have a consumer.
    expect(liveHandles()).toBe(before + 1);
  });

  it('what returns a promise rejects, and never throws', async () => {
    const admin = bench.admin();
    const stream = bench.consumer().stream('t');
    const handler = () => {};
    for (const [call, sentence] of [
      [() => admin.createTopics([{ topic: '' }]), /topic must be a non-empty string/],
      [() => admin.createTopics({ topics: [] } as never), /createTopics\(\) takes an array of topics/],
      [() => admin.createTopics([{ topic: 't', numPartitions: 3 } as never]), /did you mean 'partitions'\?/],
      [() => admin.createTopics([{ topic: 't', partitions: '3' as never }]), /partitions must be a positive integer/],
      [() => admin.createTopics([{ topic: 't', config: { a: {} } as never }]), /config must be an object of strings/],
      [() => admin.deleteTopics('x' as never), /deleteTopics\(\) takes an array of names/],
      [() => admin.createPartitions('t', 0), /the total of partitions of t must be a positive integer/],
      [() => admin.metadata(null, 5 as never), /such as { timeoutMs: 5000 }/],
      [() => stream.run(undefined as never), /the handler of run\(\).* must be a function, not undefined/],
      [() => stream.run({ eachMessage: handler } as never), /must be a function, not an object/],
      [() => stream.run(handler, { order: 'keys' as never }), /order must be 'partition', 'key' or 'none'/],
      [() => stream.run(handler, { concurrency: 0 }), /concurrency must be/],
      [() => stream.runBatch(handler, { failure: 'retry' as never }), /failure must be 'stop', 'skip'/],
      [() => stream.stop({ drainMs: -1 }), /drainMs must be a number of milliseconds/],
      [() => bench.consumer().stop({ drainMs: '5s' as never }), /drainMs must be a number of milliseconds/],
      [() => bench.consumer().readRange('t', { form: 'end' } as never), /did you mean 'from'/],
      [() => bench.cluster.createTopic('t', { partition: 3 } as never), /did you mean 'partitions'/],
      [() => MockCluster.start({ broker: 3 } as never), /did you mean 'brokers'/],
    ] as [() => Promise<unknown>, RegExp][]) {
      expectError(await rejection(call()), ArgumentError, 'ERR_KAFKA_CLIENT_ARGUMENT', sentence);
    }
  });

  it('a time limit for close() that is none: the client stays open', async () => {
    const producer = bench.producer();
    const error = await rejection(producer.close({ timeoutMs: -1 }));
    expectError(error, ArgumentError, 'ERR_KAFKA_CLIENT_ARGUMENT', /number of milliseconds from 0 .* not -1$/);
    expect(producer.closed).toBe(false);
    expect((await producer.send({ topic: await bench.topic(), value: 'x' })).offset).toBe(0);
    await producer.close();
  });

  it('what a failure policy decides is looked at', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 1);
    const handler = () => Promise.reject(new Error('no'));
    const error = await rejection(
      bench
        .consumer()
        .stream(topic)
        .run(handler, { failure: () => 'retry' as never }),
    );
    expect(error).toMatchObject({ name: 'HandlerError' });
    expectError(
      (error.cause as AggregateError).errors[1],
      ArgumentError,
      'ERR_KAFKA_CLIENT_ARGUMENT',
      /^what the function of failure gives must be 'stop', 'skip', { retryAfterMs } or/,
    );
  });

  it('credit that could never fill', () => {
    const make = () => new Consumer(servers, {}, { credit: { laneMessages: 0 } });
    expectError(
      thrown(make),
      ArgumentError,
      'ERR_KAFKA_CLIENT_ARGUMENT',
      /credit.laneMessages must be a positive integer/,
    );
  });
});

describe('offset beyond 2^53', () => {
  it('is said with a bigint, and librdkafka gets every digit', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 1);
    const reader = bench.reader({ 'auto.offset.reset': 'error', debug: 'fetch' });
    const asked = next(reader.logs$, ({ message }) => /^.*Fetch topic .* at offset 9007199254740993 /.test(message));
    const told = next(reader.errors$);
    await reader.assign([{ topic, partition: 0, offset: 2n ** 53n + 1n }]);
    await asked;
    expectError(
      await told,
      KafkaError,
      'ERR_KAFKA__AUTO_OFFSET_RESET',
      /does not contain the offset.*assign the partition again with another offset/,
    );
    await reader.assign([{ topic, partition: 0, offset: 'beginning' }]);
    expect(await gather(reader, 1)).toHaveLength(1);
  });
});

it('a closed client: every call says so', async () => {
  const closed = {
    name: 'ClosedError',
    code: 'ERR_KAFKA_CLIENT_CLOSED',
    message: /is closed; create a new one/,
  };
  const producer = bench.producer();
  await producer.close();
  expect(await rejection(producer.send({ topic: 't', value: 'x' }))).toMatchObject({
    ...closed,
    message: expect.stringMatching(closed.message),
  });
});

it('an unreachable broker: requests reject in the time that each was given, and close waits for none', async () => {
  const nowhere = { 'bootstrap.servers': '127.0.0.1:1' };
  const patient = bench.consumer(nowhere);
  const settled: string[] = [];
  // Asked before the others, and given a hundred times as much. Its handle goes when librdkafka gives the call up, so not more.
  const waiting = rejection(patient.committed([{ topic: 't', partition: 0 }], { timeoutMs: 20_000 }));
  void waiting.then(() => settled.push('patient'));
  const consumer = bench.consumer(nowhere);
  const error = await rejection(consumer.metadata(null, { timeoutMs: 200 }));
  expectError(error, KafkaError, 'ERR_KAFKA__TRANSPORT', /Cannot get metadata: .*Check 'bootstrap.servers'/);
  expect(error).toMatchObject({ retriable: true });
  const errors = await Promise.all(
    [
      consumer.watermarks({ topic: 't', partition: 0 }, { timeoutMs: 100 }),
      consumer.committed([{ topic: 't', partition: 0 }], { timeoutMs: 100 }),
      bench.admin(nowhere).createTopics([{ topic: 't' }], { timeoutMs: 100 }),
    ].map(rejection),
  );
  for (const error of errors) {
    expect(error).toMatchObject({ retriable: true });
    expect(error.code).toMatch(/^ERR_KAFKA__(TIMED_OUT|TRANSPORT|WAIT_COORD|ALL_BROKERS_DOWN)$/);
    expect(error.message).toMatch(/^Cannot /);
  }
  expect(settled).toEqual([]);
  await Promise.all([consumer.close({ timeoutMs: NEVER }), patient.close({ timeoutMs: NEVER })]);
  expectError(await waiting, ClosedError, 'ERR_KAFKA_CLIENT_CLOSED', /./);
});

describe('the embedded cluster', () => {
  it('refuses what it cannot do', async () => {
    for (const brokers of [0, -1, 1.5, 101]) {
      expectError(
        await rejection(MockCluster.start({ brokers })),
        ArgumentError,
        'ERR_KAFKA_CLIENT_ARGUMENT',
        /from 1 to 100/,
      );
    }
    const topic = await bench.topic();
    const again = await rejection(bench.cluster.createTopic(topic));
    expectError(again, KafkaError, 'ERR_KAFKA_TOPIC_ALREADY_EXISTS', /Choose another name/);
    const wrong = await rejection(
      bench.cluster.pushErrors('Nonsense' as never, []).catch((error) => Promise.reject(error)),
    );
    expectError(wrong, ArgumentError, 'ERR_KAFKA_CLIENT_ARGUMENT', /is not a request; use one of Produce/);
  });

  it('stopped: says so', async () => {
    const cluster = await MockCluster.start();
    await cluster.stop();
    await cluster.stop();
    expectError(
      await rejection(cluster.createTopic('t')),
      ClosedError,
      'ERR_KAFKA_CLIENT_CLOSED',
      /mock cluster is closed/,
    );
  });
});
