/** A commit never leaves for an assignment that is over: another member may own the partition and have committed further. */
import { StateError, utf8 } from 'rdkafka-rx';
import { native } from '../../lib/native/addon';
import type { Delivery } from '../../lib/native/events';
import { Bench, next, quick, unique } from './harness';

const bench = Bench.use();

/** A consumer that has read a batch of an assignment which is over; the partition is assigned to it again. */
async function reassigned() {
  const topic = await bench.topic();
  await bench.fill(topic, 5);
  const consumer = bench.consumer(quick, { value: utf8 });
  const stream = await consumer.subscribe(topic);
  const batch = await stream.take();
  if (batch === null) throw new Error('nothing was read');
  const message = batch.at(0);
  if (message === undefined) throw new Error('the batch is empty');
  const revoked = next(consumer.rebalances$, ({ type }) => type === 'revoked');
  batch.ack();
  await consumer.unsubscribe();
  await revoked;
  const assigned = next(consumer.rebalances$, ({ type }) => type === 'assigned');
  await consumer.subscribe(topic);
  await assigned;
  return { topic, consumer, batch, message, at: { topic, partition: 0 } };
}

describe('an assignment that is over', () => {
  it('refuses commit(message) and commit(batch), and the group stays where it is', async () => {
    const { consumer, batch, message, at } = await reassigned();
    expect(message.ack()).toMatchObject({ stale: true, why: 'revoked' });
    for (const what of [message, batch]) {
      const error = await consumer.commit(what).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(StateError);
      expect((error as Error).message).toContain('was taken away since this message was delivered (revoked)');
    }
    expect(await consumer.committed([at])).toMatchObject([{ offset: 5 }]);
  });

  it('refuses offsets of partitions that are not assigned to a subscribed consumer', async () => {
    const { consumer, topic } = await reassigned();
    const error = await consumer.commit({ topic, partition: 7, offset: 1 }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(StateError);
    expect((error as Error).message).toContain(`${topic}/7 is not assigned to this consumer`);
    await consumer.commit({ topic, partition: 0, offset: 5 });
  });

  it('is judged on the native side, when the event loop has not seen its end yet', async () => {
    const topic = await bench.topic();
    await bench.fill(topic, 5);
    let lane = 0;
    let opened: () => void = () => {};
    const assigned = new Promise<void>((resolve) => {
      opened = resolve;
    });
    const deliver = (items: readonly Delivery[]) => {
      for (const item of items) {
        if (!('type' in item) || item.type !== 'assigned' || item.lanes.length === 0) continue;
        lane = item.lanes[0]?.lane ?? 0;
        opened();
      }
    };
    const settings = {
      'bootstrap.servers': bench.cluster.bootstrapServers,
      'group.id': unique('group'),
      'enable.auto.commit': 'false',
    };
    const limits = { laneMessages: 100, laneBytes: 1 << 20, totalBytes: 1 << 20 };
    const options = { ...limits, revokeDrainMs: 0, holdAssign: false, scanKeys: false, scanValues: false };
    const fields = { key: true, value: true, timestamp: true, headers: true };
    const consumer = new native.Consumer(Object.entries(settings), { ...options, ...fields }, deliver);
    try {
      await consumer.assign([{ topic, partition: 0, offset: 0 }]);
      await assigned;
      const first = lane;
      expect(await consumer.commit([{ topic, partition: 0, offset: 3, lane: first }])).toMatchObject([{ error: null }]);
      // The lane ends and another begins: what was acknowledged of the first is committed no more.
      await consumer.assign([{ topic, partition: 0, offset: 0 }]);
      const late = await consumer.commit([{ topic, partition: 0, offset: 1, lane: first }]);
      expect(late).toMatchObject([{ topic, partition: 0, offset: 1, error: { name: '_ASSIGNMENT_LOST' } }]);
      expect(await consumer.committed([{ topic, partition: 0 }], 5000)).toMatchObject([{ offset: 3 }]);
    } finally {
      await consumer.close(2000);
    }
  });
});
