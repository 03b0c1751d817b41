/**
 * Random schedules of assignments, revocations, losses, crashes, slow and failing handlers and failing commits. Every
 * invariant is checked after every step; a failing seed is printed and replays with `SIM_SEED=<seed> npm run test:sim`.
 */

import { Lane } from '../../lib/consume/lane/lane';
import { Rebalances } from '../../lib/consume/rebalance';
import { Feed } from '../../lib/consume/stream/feed';
import { mutants } from './mutants';
import { expectCaught, simulate } from './simulator';

const SCHEDULES = Number(process.env.SIM_SCHEDULES ?? 100_000);
const START = Number(process.env.SIM_START ?? 1);
const SEED = process.env.SIM_SEED;

test(`${SEED === undefined ? SCHEDULES : 1} schedules keep every promise`, async () => {
  if (SEED !== undefined) {
    await simulate(Number(SEED));
    return;
  }
  let delivered = 0;
  for (let seed = START; seed < START + SCHEDULES; seed++) {
    const result = await simulate(seed).catch((error: Error) => {
      error.message = `SIM_SEED=${seed}\n${error.message}`;
      throw error;
    });
    delivered += result.delivered;
  }
  expect(delivered).toBeGreaterThan(SCHEDULES);
}, 900_000);

// What a wrong implementation does is noticed: the net has no hole there.
const mutations: [keyof typeof mutants, RegExp][] = [
  ['endBeforeDrain', /I[238]|I11/],
  ['snapshotDrain', /I8/],
  ['waitForBuffer', /I8/],
  ['skipRebalanceId', /I7|I8/],
  ['restoreOffsets', /I[23]|I14/],
  ['commitForNoLane', /I14/],
];

test.each(mutations)('the mutation %s is caught', async (name, rule) => {
  const undo = mutants[name]();
  await expectCaught((seed) => simulate(seed), rule).finally(undo);
});

test('a surface that drops the buffer is caught', async () => {
  await expectCaught((seed) => simulate(seed, true), /I[24]/);
});

const patches: [string, () => jest.SpyInstance, RegExp][] = [
  [
    'a seek forgets nothing',
    () =>
      jest.spyOn(Lane.prototype, 'rewound').mockImplementation(function (this: Lane) {
        this.endSeek();
        return { messages: 0, bytes: 0 };
      }),
    /I[245]/,
  ],
  ['what a commit names is not done', () => jest.spyOn(Lane.prototype, 'settleBelow').mockReturnValue(), /I5|I11/],
  ['nobody waits for deserializers', () => jest.spyOn(Lane.prototype, 'decodeAhead').mockReturnValue(), /I13/],
  [
    'lanes stay with partitions$ when it is left',
    () => jest.spyOn(Feed.prototype, 'recall').mockReturnValue(),
    /I(4|8|10)/,
  ],
  ['closing asks nobody', () => jest.spyOn(Rebalances.prototype, 'leave').mockResolvedValue(), /I12/],
];

test.each(patches)('the mutation is caught: %s', async (_, patch, rule) => {
  const spy = patch();
  await expectCaught((seed) => simulate(seed), rule).finally(() => spy.mockRestore());
});

test('a seed is the same schedule every time', async () => {
  for (const seed of [3, 77, 4711]) {
    const [first, second] = [await simulate(seed), await simulate(seed)];
    expect(second.trace).toEqual(first.trace);
  }
});
