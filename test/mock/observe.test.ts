import { Registry } from 'prom-client';
import type { Statistics } from 'rdkafka-rx';
import { collectMetrics } from 'rdkafka-rx/prometheus';
import { firstValueFrom, take, toArray } from 'rxjs';
import { Bench, gather, next, quick, withPassword } from './harness';

const bench = Bench.use();

describe('errors$', () => {
  it('tells that no broker can be reached, with what to check', async () => {
    const consumer = bench.consumer({ 'bootstrap.servers': '127.0.0.1:1' });
    const told = next(consumer.errors$, ({ code }) => code === 'ERR_KAFKA__ALL_BROKERS_DOWN');
    const error = await next(consumer.errors$, ({ code }) => code === 'ERR_KAFKA__TRANSPORT');
    expect(error).toMatchObject({ name: 'KafkaError', fatal: false, retriable: true });
    expect(error.message).toMatch(/Connection refused.*Check 'bootstrap.servers'/);
    expect((await told).message).toMatch(/bootstrap.servers/);
  });

  const kinds = [
    ['an admin client', (config: Record<string, unknown>, options: object) => bench.admin(config, options)],
    ['a producer', (config: Record<string, unknown>, options: object) => bench.producer(config, {}, options)],
    [
      'a consumer that waits for its group',
      (config: Record<string, unknown>, options: object) => {
        const consumer = bench.consumer(config, {}, options);
        void consumer.subscribe('t');
        return consumer;
      },
    ],
  ] as const;

  it.each(kinds)('of %s tells once that no broker is left, not at every attempt', async (_, make) => {
    const client = make({ 'bootstrap.servers': '127.0.0.1:1', 'reconnect.backoff.ms': 10 }, {});
    const codes: string[] = [];
    client.errors$.subscribe(({ code }) => codes.push(code));
    await expect(client.metadata(null, { timeoutMs: 1_000 })).rejects.toMatchObject({ retriable: true });
    expect(codes.filter((code) => code === 'ERR_KAFKA__ALL_BROKERS_DOWN')).toHaveLength(1);
  });

  it.each(kinds)('of %s tells once what the provider of tokens failed with', async (_, make) => {
    const oauth = { 'security.protocol': 'sasl_plaintext', 'sasl.mechanisms': 'OAUTHBEARER' } as const;
    const oauthBearerToken = () => Promise.reject(new Error('the identity provider is down'));
    const client = make(oauth, { oauthBearerToken });
    const messages: string[] = [];
    client.errors$.subscribe(({ message }) => messages.push(message));
    await expect(client.metadata(null, { timeoutMs: 1_000 })).rejects.toMatchObject({ retriable: true });
    expect(messages.filter((message) => message.includes('identity provider'))).toHaveLength(1);
  });

  it.each(kinds)('of %s warns once when nobody listens', async (_, make) => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      const client = make({ 'bootstrap.servers': '127.0.0.1:1', 'reconnect.backoff.ms': 10 }, {});
      collectMetrics(client, { register: new Registry() });
      client.logs$.subscribe();
      await expect(client.metadata(null, { timeoutMs: 1_000 })).rejects.toMatchObject({ retriable: true });
      expect(warned.mock.calls).toEqual([
        [expect.stringMatching(/^rdkafka#.*127\.0\.0\.1:1.*errors\$/), 'RdkafkaRxWarning'],
      ]);
      const heard = make({ 'bootstrap.servers': '127.0.0.1:1' }, {});
      await next(heard.errors$, ({ code }) => code === 'ERR_KAFKA__ALL_BROKERS_DOWN');
      await client.close();
      expect(warned).toHaveBeenCalledTimes(1);
    } finally {
      warned.mockRestore();
    }
  });

  it.each<[string, unknown, RegExp]>([
    [
      'in another form',
      { token: 'secret-token' },
      /^oauthBearerToken must return { value, expiresAt }, .*not value is undefined/,
    ],
    ['none', undefined, /^oauthBearerToken must return { value, expiresAt }, a string and a number, not undefined$/],
    [
      'whose end is in seconds',
      { value: 'secret-token', expiresAt: Math.floor(Date.now() / 1000) + 3600 },
      /^The token was rejected \(its expiresAt, \d+, is in the past; the unit is milliseconds since the epoch\): /,
    ],
  ])('says what is wrong with a token %s', async (_, token, sentence) => {
    const oauth = { 'security.protocol': 'sasl_plaintext', 'sasl.mechanisms': 'OAUTHBEARER' } as const;
    const admin = bench.admin(oauth, { oauthBearerToken: () => token as never });
    const { message } = await next(admin.errors$);
    expect(message).toMatch(sentence);
    expect(message).not.toContain('secret-token');
  });

  it('of every kind of client', async () => {
    const config = { 'bootstrap.servers': '127.0.0.1:1' };
    const clients = [bench.producer(config), bench.admin(config), bench.reader(config)];
    for (const error of clients.map((client) => next(client.errors$))) {
      expect((await error).code).toMatch(/^ERR_KAFKA__(TRANSPORT|ALL_BROKERS_DOWN)$/);
    }
  });

  it('tells a subscription to a topic that is not there, and goes on', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 1);
    const consumer = bench.consumer(quick);
    await bench.cluster.setTopicError(`${topic}-not`, 'UNKNOWN_TOPIC_OR_PART');
    const told = next(consumer.errors$);
    await consumer.subscribe([`${topic}-not`, topic]);
    expect(await told).toMatchObject({ code: 'ERR_KAFKA_UNKNOWN_TOPIC_OR_PART' });
    expect((await gather(consumer, 1))[0]?.topic).toBe(topic);
  });
});

describe('statistics$', () => {
  it('are typed objects at the interval asked for', async () => {
    const topic = await bench.topic();
    const producer = bench.producer({ 'statistics.interval.ms': 20, 'client.id': 'counted' });
    await producer.send({ topic, value: 'x' });
    const stats: Statistics = await next(producer.statistics$, ({ txmsgs }) => txmsgs >= 1);
    expect(stats).toMatchObject({ client_id: 'counted', type: 'producer', txmsgs: 1 });
    const broker = Object.values(stats.brokers).find(({ nodeid }) => nodeid === 1);
    expect(broker?.state).toBe('UP');
    expect(stats.topics[topic]?.partitions[0]?.txmsgs).toBe(1);
  });

  it('of a consumer tell its lag', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 3);
    const consumer = bench.consumer({ 'statistics.interval.ms': 20 });
    await consumer.subscribe(topic);
    await gather(consumer, 3);
    await consumer.commit();
    const stats = await next(
      consumer.statistics$,
      ({ topics }) => topics[topic]?.partitions[0]?.committed_offset === 3,
    );
    expect(stats.cgrp?.state).toBe('up');
    expect(stats.topics[topic]?.partitions[0]).toMatchObject({ hi_offset: 3, rxmsgs: 3 });
  });
});

describe('logs$', () => {
  it('have level, facility and message', async () => {
    const producer = bench.producer({ debug: 'broker,topic' });
    const line = await next(producer.logs$, ({ facility }) => facility === 'CONNECTED');
    expect(line).toMatchObject({ type: 'log', level: 7, message: expect.stringContaining('127.0.0.1') });
  });

  it('do not tell secrets', async () => {
    const secret = 'do-not-tell-anybody';
    const admin = bench.admin({ ...withPassword(secret), debug: 'all' });
    const lines = await firstValueFrom(admin.logs$.pipe(take(40), toArray()));
    expect(lines.map(({ message }) => message).join('\n')).not.toContain(secret);
    expect(JSON.stringify(admin)).not.toContain(secret);
  });
});

describe('poll$', () => {
  it('tells what the poll loop took', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 1_000);
    const consumer = bench.consumer();
    const polls: { messages: number; bytes: number; chunks: number; lanes: number; takeMicros: number }[] = [];
    const off = consumer.poll$.subscribe((poll) => polls.push(poll));
    const taken = () => polls.reduce((sum, { messages }) => sum + messages, 0);
    // A turn is reported after what it took.
    const all = next(consumer.poll$, () => taken() >= 1_000);
    await consumer.subscribe(topic);
    await gather(consumer, 1_000);
    await all;
    expect(taken()).toBe(1_000);
    expect(polls.every(({ bytes, chunks, lanes }) => bytes > 0 && chunks > 0 && lanes === 1)).toBe(true);
    off.unsubscribe();
    const seen = polls.length;
    await bench.fill(topic, 1);
    await gather(consumer, 1);
    expect(polls).toHaveLength(seen);
  });
});

it('events$ is one union, told apart by type; every slice comes from it', async () => {
  const topic = await bench.topic();
  await bench.fill(topic, 2);
  const consumer = bench.consumer();
  const types = new Set<string>();
  consumer.events$.subscribe(({ type }) => types.add(type));
  const listened: string[] = [];
  const off = consumer.events.on(({ type }) => listened.push(type));
  const ended = next(consumer.eof$);
  const committed = next(consumer.commits$);
  await consumer.subscribe(topic);
  await gather(consumer, 2);
  await ended;
  await consumer.commit();
  await committed;
  off();
  const count = listened.length;
  await consumer.close();
  expect([...types]).toEqual(expect.arrayContaining(['assigned', 'eof', 'commit', 'revoked']));
  expect(listened).toHaveLength(count);
  expect(listened).toEqual(expect.arrayContaining(['assigned', 'eof', 'commit']));
});
