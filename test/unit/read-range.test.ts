import { type Range, readRange } from '../../lib/consume/read-range';
import type { TopicPartitionOffset } from '../../lib/core/partition';
import type { Message } from '../../lib/message/message';
import { harness } from '../support/fake-lanes';

/** Partition p of `t` has offsets 10 to 19, written at times 1010 to 1019; partition 1 is empty. */
async function read(range: Range) {
  const world = harness({ group: false });
  let assigned: readonly TopicPartitionOffset[] = [];
  const stream = await readRange(
    {
      stream: (topics, options) => world.session.stream(topics, options),
      partitionsOf: async () => [0, 1, 2],
      offsetForTime: async ({ partition }, time) => (partition === 1 || time > 1019 ? -1 : Math.max(10, time - 1000)),
      watermarks: async ({ partition }) => (partition === 1 ? { low: 0, high: 0 } : { low: 10, high: 20 }),
      assign: (partitions) => {
        assigned = partitions;
      },
    },
    ['t'],
    range,
  );
  world.deliver({ type: 'assigned', id: 1, lanes: assigned.map((at, i) => ({ ...at, lane: i })) });
  assigned.forEach(({ offset }, lane) => {
    // More than was asked for, and more than was there.
    world.chunk(lane, offset, 25 - offset);
  });
  const seen: string[] = [];
  for await (const batch of stream)
    for (const { partition, offset } of batch as Iterable<Message>) seen.push(`${partition}@${offset}`);
  return { seen, assigned, source: world.source };
}

test('everything there is, to the end there was', async () => {
  const { seen, assigned, source } = await read({});
  expect(assigned).toEqual([
    { topic: 't', partition: 0, offset: 10 },
    { topic: 't', partition: 2, offset: 10 },
  ]);
  expect(seen).toHaveLength(20);
  expect(seen.at(-1)).toBe('2@19');
  expect(source.commits).toHaveLength(0);
});

test('between two times, or offsets, the last excluded', async () => {
  const times = await read({ from: { timestamp: new Date(1012) }, to: { timestamp: 1015 } });
  expect(times.seen).toEqual(['0@12', '0@13', '0@14', '2@12', '2@13', '2@14']);
  const offsets = await read({ from: { offset: 18 }, to: { offset: 99 } });
  expect(offsets.seen).toEqual(['0@18', '0@19', '2@18', '2@19']);
});

test('an empty range ends at once', async () => {
  const { seen, assigned } = await read({ from: { timestamp: 5000 } });
  expect([seen, assigned]).toEqual([[], []]);
});
