/** Log adapters, with the real pino and the console. */
import { Console } from 'node:console';
import { Writable } from 'node:stream';
import pino from 'pino';
import { type ClientView, type ConsumerEvent, KafkaError, type Logger, logTo } from 'rdkafka-rx';
import { EventHub } from '../../lib/core/event-hub';
import { Bench, next, thrown, withPassword } from './harness';

const bench = Bench.use();

function sink() {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(...String(chunk).trimEnd().split('\n'));
      done();
    },
  });
  return { lines, stream };
}

it('pino gets the level, the name of the client and the facility', async () => {
  const { lines, stream } = sink();
  const producer = bench.producer({ debug: 'broker,topic', 'client.id': 'logged' });
  logTo(producer, pino({ level: 'trace' }, stream));
  await next(producer.logs$, ({ facility }) => facility === 'CONNECTED');
  const records = lines.map((line) => JSON.parse(line));
  expect(producer.name).toMatch(/^logged#producer-\d+$/);
  const connected = records.find(({ facility }) => facility === 'CONNECTED');
  expect(connected).toMatchObject({ level: 20, client: producer.name, msg: expect.stringContaining('127.0.0.1') });
  expect(records.every(({ client }) => client === producer.name)).toBe(true);
});

it('errors have the error, and end with the client', async () => {
  const { lines, stream } = sink();
  const reader = bench.reader({ 'bootstrap.servers': '127.0.0.1:1' });
  logTo(reader, pino(stream));
  await next(reader.errors$, ({ code }) => code === 'ERR_KAFKA__ALL_BROKERS_DOWN');
  const down = lines.map((line) => JSON.parse(line)).find(({ err }) => err?.code === 'ERR_KAFKA__ALL_BROKERS_DOWN');
  expect(down).toMatchObject({
    level: 50,
    client: reader.name,
    err: { type: 'KafkaError' },
    msg: expect.stringContaining('bootstrap.servers'),
  });
  await reader.close();
  expect(reader.events.active).toBe(false);
});

it('the console gets lines', async () => {
  const [out, err] = [sink(), sink()];
  const reader = bench.reader({ 'bootstrap.servers': '127.0.0.1:1', debug: 'broker' });
  const logging = logTo(reader, new Console(out.stream, err.stream));
  await next(reader.errors$, ({ code }) => code === 'ERR_KAFKA__ALL_BROKERS_DOWN');
  expect(err.lines.find((line) => line.includes('KafkaError'))).toContain(`${reader.name}: KafkaError: `);
  expect(out.lines.find((line) => line.includes('BROKER'))).toContain(`${reader.name}: BROKER: `);
  logging.dispose();
  expect(reader.events.active).toBe(false);
});

it('secrets are masked', async () => {
  const secret = 'do-not-tell-anybody';
  const { lines, stream } = sink();
  const admin = bench.admin({ ...withPassword(secret), debug: 'all' });
  logTo(admin, pino({ level: 'trace' }, stream));
  await next(admin.errors$);
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.join('\n')).not.toContain(secret);
});

describe('levels', () => {
  const logged = (logger: Partial<Logger>, event: ConsumerEvent) => {
    const events = new EventHub<ConsumerEvent>();
    const client: ClientView = { kind: 'consumer', name: 'x#consumer-1', clientId: 'x', closed: false, events };
    using _ = logTo(client, logger as Logger);
    events.emit(event);
  };
  const loggerOf = (...levels: string[]) => {
    const calls: unknown[][] = [];
    const methods = levels.map((level) => [level, (...args: unknown[]) => calls.push([level, ...args])]);
    return { calls, logger: Object.fromEntries(methods) as Partial<Logger> };
  };

  it.each([
    [0, 'fatal'],
    [2, 'fatal'],
    [3, 'error'],
    [4, 'warn'],
    [5, 'info'],
    [6, 'info'],
    [7, 'debug'],
  ])("syslog's %i is %s", (level, expected) => {
    const { calls, logger } = loggerOf('fatal', 'error', 'warn', 'info', 'debug');
    logged(logger, { type: 'log', level, facility: 'F', message: 'm' });
    expect(calls).toEqual([[expected, { client: 'x#consumer-1', facility: 'F' }, 'm']]);
  });

  it('a fatal error is an error where there is nothing worse; the end of all streams is one, too', () => {
    const error = new KafkaError('ERR_KAFKA__FATAL', 'fenced', { fatal: true });
    for (const [worst, ...levels] of [
      ['fatal', 'error', 'warn', 'info', 'debug'],
      ['error', 'warn', 'info', 'debug'],
    ]) {
      const { calls, logger } = loggerOf(worst as string, ...levels);
      logged(logger, { type: 'error', error });
      logged(logger, { type: 'stream-error', error });
      expect(calls).toEqual([
        [worst, { client: 'x#consumer-1', err: error }, 'fenced'],
        ['error', { client: 'x#consumer-1', err: error }, 'fenced'],
      ]);
    }
  });

  it('what is no logger or no client is refused', () => {
    const { logger } = loggerOf('error', 'warn', 'debug');
    expect(thrown(() => logTo(bench.admin(), logger as Logger))).toMatchObject({
      name: 'ArgumentError',
      message: 'a logger needs the methods error, warn, info and debug; info is missing',
    });
    expect(thrown(() => logTo(null as never))).toMatchObject({
      name: 'ArgumentError',
      message: 'logTo() takes a consumer, a producer or an admin client, not object',
    });
  });
});
