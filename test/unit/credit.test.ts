import { setImmediate as turn } from 'node:timers/promises';
import { CreditReturn } from '../../lib/consume/credit-return';
import { systemClock } from '../../lib/core/clock';

test('credit of one turn of the event loop goes back in one call for each lane', async () => {
  const given: number[][] = [];
  const credits = new CreditReturn(systemClock, (...credit) => given.push(credit));
  for (let i = 0; i < 100; i++) credits.add(i % 2, 1, 10);
  expect(given).toEqual([]);
  await turn();
  expect(given).toEqual([
    [0, 50, 500],
    [1, 50, 500],
  ]);
  credits.add(1, 2, 3);
  await turn();
  expect(given[2]).toEqual([1, 2, 3]);
});

test.each([
  ['messages', 4096, 1],
  ['bytes', 1, 256 << 10],
])('many %s go back at once', async (_, messages, bytes) => {
  const given: number[][] = [];
  const credits = new CreditReturn(systemClock, (...credit) => given.push(credit));
  credits.add(7, messages, bytes);
  expect(given).toEqual([[7, messages, bytes]]);
  await turn();
  expect(given.length).toBe(1);
});
