import { setImmediate as turn } from 'node:timers/promises';
import { Accounting } from '../../lib/consume/accounting';
import { Backlog, type Credit } from '../../lib/consume/lane/backlog';
import type { Lane } from '../../lib/consume/lane/lane';
import { systemClock } from '../../lib/core/clock';
import type { Chunk } from '../../lib/message/chunk';

/** A lane of one chunk: all that the accounting needs of it. */
class FakeLane {
  ended: string | null = null;
  private readonly backlog = new Backlog();
  private base = 0;

  constructor(
    readonly id: number,
    count: number,
    byteLength: number,
  ) {
    this.backlog.push({ count, byteLength } as Chunk, 0);
  }

  settle(count: number): Lane {
    this.base += count;
    return this as unknown as Lane;
  }

  sweep(): Credit {
    return this.backlog.release(this.base);
  }

  takeOwed(): Credit {
    return this.backlog.takeOwed();
  }
}

function accounting() {
  const given: number[][] = [];
  const settled: number[][] = [];
  const made = new Accounting({
    clock: systemClock,
    source: { credit: (...credit) => given.push(credit) },
    settled: (lane, ...amounts) => settled.push([lane.id, ...amounts]),
    arrived: () => {},
    accounted: () => {},
  });
  return { made, given, settled };
}

test('credit of one turn of the event loop goes back in one call for each lane', async () => {
  const { made, given, settled } = accounting();
  const lanes = [new FakeLane(0, 100, 1000), new FakeLane(1, 100, 1000)] as const;
  for (let i = 0; i < 50; i++) {
    for (const lane of lanes) made.touch(lane.settle(1));
    made.flush();
  }
  expect(settled.length).toBe(100);
  expect(given).toEqual([]);
  await turn();
  expect(given).toEqual([
    [0, 50, 500],
    [1, 50, 500],
  ]);
  made.touch(lanes[1].settle(2));
  await turn();
  await turn();
  expect(given.slice(2)).toEqual([[1, 2, 20]]);
});

test.each([
  ['messages', 4096, 4096],
  ['bytes', 1, 256 << 10],
])('many %s go back at once', async (_, messages, bytes) => {
  const { made, given } = accounting();
  made.touch(new FakeLane(7, messages, bytes).settle(messages));
  made.flush();
  expect(given).toEqual([[7, messages, bytes]]);
  await turn();
  expect(given.length).toBe(1);
});

test('a lane that ended in the same turn gives back what it owes, and is not swept again', async () => {
  const { made, given } = accounting();
  const lane = new FakeLane(3, 10, 100);
  made.touch(lane.settle(4));
  made.flush();
  lane.ended = 'revoked';
  made.touch(lane.settle(6));
  await turn();
  expect(given).toEqual([[3, 4, 40]]);
});
