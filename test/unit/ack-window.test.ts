import fc from 'fast-check';
import { AckWindow } from '../../lib/consume/lane/ack-window';

/** The obvious way to count. */
class Naive {
  readonly done = new Set<number>();
  start = 0;
  get base(): number {
    let base = this.start;
    while (this.done.has(base)) base++;
    return base;
  }
  settle(from: number, to: number): number {
    let fresh = 0;
    for (let seq = Math.max(from, this.start); seq < to; seq++) {
      if (!this.done.has(seq)) fresh++;
      this.done.add(seq);
    }
    return fresh;
  }
}

const step = fc.record({
  kind: fc.constantFrom('one', 'one', 'one', 'range', 'truncate', 'reset' as const),
  ahead: fc.integer({ min: -40, max: 3000 }),
  length: fc.integer({ min: 1, max: 300 }),
});

test('agrees with a set, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const window = new AckWindow();
      const naive = new Naive();
      for (const { kind, ahead, length } of steps) {
        const from = Math.max(0, window.base + (kind === 'one' ? ahead % 50 : ahead));
        const to = from + (kind === 'one' ? 1 : length);
        if (kind === 'reset') {
          naive.start = window.base + length;
          naive.done.clear();
          window.reset(naive.start);
        } else if (kind === 'truncate') {
          const high = Math.max(window.base, from);
          window.truncate(high, high + length);
          for (let seq = high; seq < high + length; seq++) naive.done.delete(seq);
        } else {
          expect(window.settle(from, to)).toBe(naive.settle(from, to));
        }
        expect(window.base).toBe(naive.base);
        expect(window.above).toBe([...naive.done].filter((seq) => seq >= naive.base).length);
        const near = Array.from({ length: 60 }, (_, i) => window.base + i);
        expect(near.filter((seq) => window.isSettled(seq))).toEqual(near.filter((seq) => naive.done.has(seq)));
      }
      expect(window.count(naive.start, window.base + 4000)).toBe(naive.done.size);
    }),
    { numRuns: 200 },
  );
});

test('stays right beyond 2^31 and 2^32', () => {
  const window = new AckWindow();
  for (const start of [2 ** 31 - 5, 2 ** 32 - 5, 2 ** 40]) {
    window.reset(start);
    for (const ahead of [3, 1, 9, 2, 0, 4, 5]) window.settle(start + ahead, start + ahead + 1);
    expect([window.base - start, window.above]).toEqual([6, 1]);
  }
});
