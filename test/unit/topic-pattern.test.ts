import { ArgumentError } from '../../lib';
import { checkTopics, forBroker, matches, subscription } from '../../lib/consume/topic-pattern';

const names = [
  'orders',
  'orders-1',
  'orders-22',
  'orders_x',
  'Orders-X',
  'my.orders',
  'dlq.orders-1',
  'a',
  'b-1',
  'orders-y',
];
const patterns: (RegExp | string)[] = [
  /^orders-\d+$/,
  /orders-\d{2}/,
  /^orders[\w-]+$/,
  /^orders[-\w]+$/,
  /^(?:my|dlq)\.orders/,
  /^orders|b-\d$/,
  /\.orders/,
  /^[^.\-_]+$/,
  /^\w+?$/,
  /^\S+-\d??$/,
  /^orders-\D$/,
  /^dlq[.]orders/,
  /a/,
  /-\d/,
  /orders/gy,
  /^(?<kind>dlq)\./,
  '^orders-\\d+$',
  '^orders-[[:digit:]]+$',
  '^[[:upper:]][[:alnum:]-]*$',
  '^a|b',
];

describe('a pattern', () => {
  it.each(patterns)('%s finds the same topics as it does in JavaScript', (pattern) => {
    const wanted = names.filter((name) => matches(pattern, name));
    expect(wanted.length).toBeGreaterThan(0);
    if (typeof pattern !== 'string') {
      expect(wanted).toEqual(names.filter((name) => new RegExp(pattern.source).test(name)));
    }
    const sent = subscription(pattern);
    expect(sent).toMatch(/^\^/);
    // Nothing that POSIX, RE2 and JavaScript read differently is left in it.
    expect(sent).not.toMatch(/\\[a-zA-Z0-9]|\(\?|[*+?}]\?/);
    expect(names.filter((name) => new RegExp(sent).test(name))).toEqual(wanted);
    const whole = new RegExp(`^(?:${forBroker(sent)})$`);
    expect(names.filter((name) => whole.test(name))).toEqual(wanted);
  });

  it.each([
    [/^orders$/i, 'the flag i'],
    [/^orders$/m, 'the flag m'],
    [/^(?!dlq)/, '(?!'],
    [/^(?<!dlq)x/, '(?<!'],
    [/orders\b/, '\\b'],
    [/^(a)\1/, '\\1'],
    [/^[\]]/, '\\] in a set'],
    [/^[\D]/, '\\D in a set'],
    ['^(?=a)', '(?='],
  ])('%s is refused, and the error says why', (pattern, what) => {
    expect(() => subscription(pattern)).toThrow(ArgumentError);
    expect(() => subscription(pattern)).toThrow(
      `${pattern} cannot be subscribed to: ${what} is not known to librdkafka`,
    );
  });

  it('is sent as it is where that is portable', () => {
    expect(subscription(/^orders-/)).toBe('^orders-');
    expect(subscription(/orders$/)).toBe('^.*orders$');
    expect(subscription('orders')).toBe('orders');
    expect(forBroker('orders')).toBe('orders');
  });
});

it.each([
  [null, 'must be a non-empty string or a RegExp, not null'],
  ['a\0b', "must be a non-empty string or a RegExp, not 'a\\x00b' (a string)"],
  [7, 'must be a non-empty string or a RegExp, not 7'],
  ['', "must be a non-empty string or a RegExp, not '' (a string)"],
  [undefined, 'must be a non-empty string or a RegExp, not undefined'],
  [{}, 'must be a non-empty string or a RegExp, not an object'],
])('%p is no topic', (topic, text) => {
  expect(() => checkTopics([topic], 'a stream')).toThrow(text);
});

it.each([
  [{ topics: ['a'] }, 'a stream takes a topic, a RegExp, or an array of them'],
  [[], 'a stream needs at least one topic'],
])('%j are no topics', (topics, text) => {
  expect(() => checkTopics(topics, 'a stream')).toThrow(text);
});
