import { offsetsToCommit } from '../../lib/consume/offsets-to-commit';
import { ArgumentError, ClosedError } from '../../lib/core/errors';
import { checkPartition, checkPartitions } from '../../lib/core/partition';
import { checkRecord } from '../../lib/produce/record';
import { checkHeaders } from '../../lib/produce/record-pack';
import { SendOrder } from '../../lib/produce/send-order';
import { settled } from '../support/fake-lanes';

const refusal = (record: unknown, topic: unknown = 'orders'): string => {
  try {
    checkRecord(record as never, topic);
  } catch (error) {
    expect(error).toBeInstanceOf(ArgumentError);
    return (error as Error).message;
  }
  return 'accepted';
};

describe('a record', () => {
  test.each<[unknown, RegExp]>([
    [{}, /^a record for orders needs a value; null makes a tombstone$/],
    [{ value: undefined }, /needs a value; null makes a tombstone$/],
    [{ vlaue: 'x' }, /needs a value; null makes a tombstone; it has 'vlaue'$/],
    [{ messages: [] }, /needs a value; null makes a tombstone; many records go with sendBatch\({ topic, records }\)$/],
    [undefined, /^a record for orders is { topic, value }.*, not undefined$/],
    ['text', /^a record for orders is .*, not 'text' \(a string\)$/],
    [{ value: 'x', partition: '0' }, /must be an integer from 0 to 2147483647, or left out.*, not '0' \(a string\)$/],
    [{ value: 'x', timestamp: '1700000000000' }, /a Date or ms since the epoch, not '1700000000000' \(a string\)$/],
    [{ value: 'x', timestamp: 0 }, /and after 1970-01-01.*, which librdkafka takes for now, not 0$/],
    [{ value: 'x', timestamp: new Date(0) }, /and after 1970-01-01/],
    [{ value: null }, /^accepted$/],
    [{ value: '', timestamp: new Date(), partition: 0 }, /^accepted$/],
  ])('%j', (record, sentence) => expect(refusal(record)).toMatch(sentence));

  test('without a topic', () => {
    expect(refusal(undefined, null)).toMatch(/^a record is { topic, value }.*, not undefined$/);
    expect(refusal({ value: 'x' }, 7)).toMatch(/^a record needs a topic: a non-empty string, not 7$/);
  });
});

test('headers that are none', () => {
  const form = /^headers are { name: value } or \[\[name, value\], …\], not /;
  for (const headers of [[{ a: 'b' }], ['ab'], 'ab', null, 7])
    expect(() => checkHeaders(headers as never)).toThrow(form);
  expect(() => checkHeaders({ h: 7 } as never)).toThrow(/the value of header "h" must be/);
  const pairs = [['a', 'b']] as const;
  expect(checkHeaders(pairs)).toBe(pairs);
  expect(checkHeaders(new Map([['a', 'b']]))).toEqual([['a', 'b']]);
  expect(checkHeaders(pairs.values())).toEqual([['a', 'b']]);
});

test('partitions that are none say the form', () => {
  expect(() => checkPartition(undefined as never)).toThrow(/^{ topic, partition } is needed, not undefined$/);
  expect(() => checkPartition({ topic: 't', partition: '0' } as never)).toThrow(/not '0' \(a string\)$/);
  expect(() => checkPartitions('orders' as never, 'pause()')).toThrow(
    /^pause\(\) takes an array of { topic, partition }, not 'orders' \(a string\)$/,
  );
  expect(() => offsetsToCommit(null as never, null)).toThrow(
    /^{ topic, partition, offset }, a message or a batch is needed/,
  );
  expect(() => offsetsToCommit({ topic: 't', partition: 0, offset: '5' } as never, null)).toThrow(
    /not '5' \(a string\)$/,
  );
});

describe('turns', () => {
  const later = () => {
    let resolve: (text: string) => void = () => {};
    const promise = new Promise<string>((done) => (resolve = done));
    return { promise, resolve };
  };

  test('come in the order of the calls; who waits for all of them comes after', async () => {
    const turns = new SendOrder();
    const [a, b] = [later(), later()];
    const order: string[] = [];
    const take = async (parts: Promise<string>) => order.push(await turns.take(parts, undefined));
    void take(a.promise);
    void take(b.promise);
    void turns.passed().then(() => order.push('passed'));
    b.resolve('b');
    await settled();
    expect(order).toEqual([]);
    a.resolve('a');
    await settled();
    expect(order).toEqual(['a', 'b', 'passed']);
  });

  test('that fail leave the others their place; at the end those who wait are told', async () => {
    const turns = new SendOrder();
    const good = later();
    const failed = turns.take(Promise.reject(new Error('no schema')), undefined);
    await expect(failed).rejects.toThrow('no schema');
    const never = turns.take(new Promise<string>(() => {}), undefined);
    const behind = turns.take(good.promise, undefined);
    good.resolve('x');
    await settled();
    await turns.drain(1);
    turns.end(new ClosedError('producer'));
    await expect(never).rejects.toBeInstanceOf(ClosedError);
    await expect(behind).rejects.toBeInstanceOf(ClosedError);
  });
});
