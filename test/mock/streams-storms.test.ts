/**
 * Faults while a stream reads and commits. Whatever happens: everything is processed at least once, in order within an
 * assignment, nothing is skipped, the committed offset never goes back and ends at the end, and the consumer closes in
 * time.
 */
import type { CommitEvent, Consumer, ConsumerEvent } from 'rdkafka-rx';
import type { ErrorCode } from 'rdkafka-rx/testing';
import { filter, firstValueFrom } from 'rxjs';
import { alone, Bench, missed, unique } from './harness';
import { outlivesNothing, stored, upTo } from './streams-kit';

const BROKERS = 3;
const PARTITIONS = 3;
/** Per partition: before the fault, while it lasts, and after it. */
const WAVES = [60, 60, 60] as const;
const ALL = WAVES.reduce((sum, count) => sum + count, 0);
outlivesNothing();
const bench = Bench.use({ brokers: BROKERS });
jest.setTimeout(60_000);

const tick = () => new Promise(setImmediate);

class Storm {
  /** Offsets by partition, in the order they were handled, all assignments in a row. */
  readonly handled: number[][] = upTo(PARTITIONS).map(() => []);
  readonly commits: number[][] = upTo(PARTITIONS).map(() => []);
  readonly faults: string[] = [];
  private processed = 0;
  private readonly waiting: { count: number; resolve: () => void }[] = [];

  private constructor(
    readonly topic: string,
    readonly group: string,
    readonly consumer: ReturnType<typeof bench.consumer>,
    private readonly producer: ReturnType<typeof bench.producer>,
  ) {}

  static async begin(): Promise<Storm> {
    const topic = unique('storm');
    await bench.cluster.createTopic(topic, { partitions: PARTITIONS, replicas: BROKERS });
    for (const partition of upTo(PARTITIONS))
      await bench.cluster.setLeader(topic, partition, 1 + (partition % BROKERS));
    const group = unique('group');
    await bench.cluster.setCoordinator('group', group, 1);
    const consumer = bench.consumer(
      {
        'group.id': group,
        'session.timeout.ms': 3000,
        'heartbeat.interval.ms': 100,
        'reconnect.backoff.ms': 20,
        'reconnect.backoff.max.ms': 100,
        'topic.metadata.refresh.interval.ms': 200,
        'fetch.wait.max.ms': 50,
        'fetch.error.backoff.ms': 20,
        debug: 'cgrp',
      },
      {},
      { commits: { ms: 20, count: 20 } },
    );
    const quickly = { 'reconnect.backoff.ms': 20, 'reconnect.backoff.max.ms': 100, 'enable.idempotence': true };
    const storm = new Storm(topic, group, consumer, bench.producer(quickly));
    consumer.events$.subscribe((event) => storm.note(event));
    return storm;
  }

  private note(event: ConsumerEvent): void {
    if (event.type !== 'commit') return;
    if (event.error !== null) this.faults.push(event.error.code);
    for (const { partition, offset, error } of event.offsets) if (error === null) this.commits[partition]?.push(offset);
  }

  /** Resolves when the consumer got an error for an answer to its heartbeat. */
  heartbeatFails(): Promise<unknown> {
    return firstValueFrom(this.consumer.logs$.pipe(filter(({ message }) => /heartbeat error response/i.test(message))));
  }

  async fill(wave: number): Promise<void> {
    const from = WAVES.slice(0, wave).reduce((sum, count) => sum + count, 0);
    const count = WAVES[wave] as number;
    await Promise.all(
      upTo(PARTITIONS).map((partition) =>
        this.producer.sendBatch({
          topic: this.topic,
          records: upTo(count).map((n) => ({ partition, value: `v${from + n}` })),
        }),
      ),
    );
  }

  /** Resolves when so many different messages were handled. */
  reached(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push({ count, resolve });
      this.check();
    });
  }

  private check(): void {
    for (const one of [...this.waiting]) {
      if (this.processed < one.count) continue;
      this.waiting.splice(this.waiting.indexOf(one), 1);
      one.resolve();
    }
  }

  run(): Promise<unknown> {
    const seen = new Set<string>();
    return this.consumer.stream(this.topic).run(async ({ partition, offset }) => {
      await tick();
      this.handled[partition]?.push(offset);
      seen.add(`${partition}@${offset}`);
      this.processed = seen.size;
      this.check();
    });
  }

  /** Resolves when the broker has confirmed the end of every partition. */
  async committedAll(): Promise<void> {
    const complete = () => this.commits.every((offsets) => offsets.at(-1) === ALL);
    if (complete()) return;
    await firstValueFrom(this.consumer.commits$.pipe(filter((_: CommitEvent) => complete())));
  }

  /** What has to hold after any fault. */
  async verify(run: Promise<unknown>): Promise<void> {
    await this.reached(PARTITIONS * ALL);
    await this.committedAll();
    await this.consumer.close({ timeoutMs: 8000 });
    await run;
    for (const [partition, offsets] of this.handled.entries()) {
      expect([...new Set(offsets)].sort((a, b) => a - b)).toEqual(upTo(ALL));
      const committed = this.commits[partition] as number[];
      expect(committed).toEqual([...committed].sort((a, b) => a - b));
      // Back only to where an assignment began, which is never before what was committed; forward one by one.
      for (let n = 1; n < offsets.length; n++) {
        expect(offsets[n] as number).toBeLessThanOrEqual((offsets[n - 1] as number) + 1);
      }
    }
    expect(await stored(bench, this.group, this.topic, PARTITIONS)).toEqual(upTo(PARTITIONS).map(() => ALL));
  }
}

/** Reads, lets the fault happen in the middle, and checks what has to hold. */
async function weather(
  fault: (storm: Storm) => Promise<void>,
  after?: (storm: Storm) => Promise<void>,
): Promise<Storm> {
  const storm = await Storm.begin();
  await storm.fill(0);
  const run = storm.run();
  run.catch(() => {});
  await storm.reached(20);
  await fault(storm);
  await storm.fill(1);
  await storm.reached(PARTITIONS * WAVES[0]);
  await after?.(storm);
  await storm.fill(2);
  await storm.verify(run);
  return storm;
}

const times = <const T extends ErrorCode>(count: number, ...some: T[]): T[] => upTo(count).flatMap(() => some);

afterEach(async () => {
  for (const api of ['OffsetCommit', 'Heartbeat', 'Fetch', 'JoinGroup', 'SyncGroup', 'FindCoordinator'] as const)
    await bench.cluster.clearErrors(api);
});

describe('answers that are errors', () => {
  it.each([
    ['passing', times(3, 'COORDINATOR_LOAD_IN_PROGRESS', 'REQUEST_TIMED_OUT')],
    ['of a coordinator that moved', times(2, 'NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE')],
    ['for good', times(2, 'OFFSET_METADATA_TOO_LARGE', 'INVALID_COMMIT_OFFSET_SIZE')],
    ['of the group', ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS']],
    ['of an unknown member', ['UNKNOWN_MEMBER_ID']],
    ['lost on the way', times(2, '_TRANSPORT')],
  ] as const)('to OffsetCommit: %s', async (_, errors) => {
    const storm = await weather(() => bench.cluster.pushErrors('OffsetCommit', errors));
    if (!errors.some((error) => error === '_TRANSPORT' || /COORDINATOR/.test(error)))
      expect(storm.faults).not.toEqual([]);
  });

  it.each([
    ['of a coordinator that moved', times(2, 'NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE'), null],
    ['of a rebalance', times(2, 'REBALANCE_IN_PROGRESS'), 'revoked'],
    ['of an old generation', ['ILLEGAL_GENERATION'], 'lost'],
    ['of an unknown member', ['UNKNOWN_MEMBER_ID'], 'lost'],
    ['lost on the way', times(2, '_TRANSPORT'), null],
  ] as const)('to Heartbeat: %s', async (_, errors, rebalance) => {
    await weather(async (storm) => {
      const felt = storm.heartbeatFails();
      const told =
        rebalance && firstValueFrom(storm.consumer.rebalances$.pipe(filter(({ type }) => type === rebalance)));
      await bench.cluster.pushErrors('Heartbeat', errors);
      await Promise.all([felt, told]);
    });
  });

  it.each([
    ['of leaders that moved', times(5, 'NOT_LEADER_FOR_PARTITION', 'FENCED_LEADER_EPOCH')],
    ['of brokers in trouble', times(5, 'KAFKA_STORAGE_ERROR', 'REPLICA_NOT_AVAILABLE', 'UNKNOWN')],
    ['of topics that seem to be gone', times(5, 'UNKNOWN_TOPIC_OR_PART')],
    ['lost on the way', times(6, '_TRANSPORT')],
  ] as const)('to Fetch: %s', async (_, errors) => {
    await weather(() => bench.cluster.pushErrors('Fetch', errors));
  });

  it.each([
    ['JoinGroup', ['COORDINATOR_LOAD_IN_PROGRESS', 'NOT_COORDINATOR', 'REBALANCE_IN_PROGRESS']],
    ['JoinGroup', ['UNKNOWN_MEMBER_ID', '_TRANSPORT']],
    ['SyncGroup', ['REBALANCE_IN_PROGRESS', 'NOT_COORDINATOR']],
    ['SyncGroup', ['UNKNOWN_MEMBER_ID', '_TRANSPORT']],
  ] as const)('to %s: %j', async (api, errors) => {
    await weather(async ({ consumer }) => {
      const again = firstValueFrom(consumer.rebalances$.pipe(filter(({ type }) => type === 'assigned')));
      await bench.cluster.pushErrors(api, errors);
      await bench.cluster.pushErrors('Heartbeat', ['REBALANCE_IN_PROGRESS']);
      await again;
    });
  });

  it('to FindCoordinator, when the coordinator is asked for', async () => {
    await weather(async (storm) => {
      const felt = storm.heartbeatFails();
      await bench.cluster.pushErrors(
        'FindCoordinator',
        times(2, 'COORDINATOR_NOT_AVAILABLE', 'REQUEST_TIMED_OUT', '_TRANSPORT'),
      );
      await bench.cluster.pushErrors('Heartbeat', ['NOT_COORDINATOR']);
      await felt;
    });
  });
});

describe('a cluster that changes', () => {
  it('coordinator moves, from broker to broker', async () => {
    await weather(
      ({ group }) => bench.cluster.setCoordinator('group', group, 2),
      ({ group }) => bench.cluster.setCoordinator('group', group, 3),
    );
  });

  it('leader moves, one at a time and all at once', async () => {
    await weather(
      ({ topic }) => bench.cluster.setLeader(topic, 0, 2),
      async ({ topic }) => {
        for (const partition of upTo(PARTITIONS)) await bench.cluster.setLeader(topic, partition, 3);
      },
    );
  });

  it.each([
    ['the coordinator', 1],
    ['a leader', 2],
  ])('%s is down and comes back', async (_, broker) => {
    const storm = await Storm.begin();
    await storm.fill(0);
    const run = storm.run();
    run.catch(() => {});
    await storm.reached(20);
    await missed(bench.cluster, storm.consumer, broker);
    await bench.cluster.brokerUp(broker);
    await storm.fill(1);
    await storm.fill(2);
    await storm.verify(run);
  });

  it('all brokers are down and come back', async () => {
    const storm = await Storm.begin();
    await storm.fill(0);
    const run = storm.run();
    run.catch(() => {});
    await storm.reached(20);
    for (const broker of [1, 2, 3]) await bench.cluster.brokerDown(broker);
    await alone(storm.consumer);
    for (const broker of [1, 2, 3]) await bench.cluster.brokerUp(broker);
    await storm.fill(1);
    await storm.fill(2);
    await storm.verify(run);
  });

  it('everything at once', async () => {
    const { cluster } = bench;
    await weather(
      async ({ topic, group }) => {
        await cluster.pushErrors(
          'OffsetCommit',
          times(2, 'NOT_COORDINATOR', 'REQUEST_TIMED_OUT', 'ILLEGAL_GENERATION'),
        );
        await cluster.pushErrors('Fetch', times(3, '_TRANSPORT', 'NOT_LEADER_FOR_PARTITION'));
        await cluster.pushErrors('Heartbeat', ['REBALANCE_IN_PROGRESS', 'NOT_COORDINATOR', 'UNKNOWN_MEMBER_ID']);
        await cluster.pushErrors('JoinGroup', ['COORDINATOR_LOAD_IN_PROGRESS', 'UNKNOWN_MEMBER_ID']);
        await cluster.setLeader(topic, 2, 1);
        await cluster.setCoordinator('group', group, 3);
      },
      async ({ topic, group }) => {
        await cluster.setLeader(topic, 0, 3);
        await cluster.setCoordinator('group', group, 2);
      },
    );
  });
});

it('a consumer closes in time in the middle of a storm, and the next one reads what is left', async () => {
  const storm = await Storm.begin();
  await storm.fill(0);
  const run = storm.run();
  run.catch(() => {});
  await storm.reached(20);
  for (const broker of [1, 2, 3]) await bench.cluster.brokerDown(broker);
  // Every broker is down: nothing but its own time can end the commit and the leaving.
  await storm.consumer.close({ timeoutMs: 1000 }).catch(() => {});
  for (const broker of [1, 2, 3]) await bench.cluster.brokerUp(broker);
  await run.catch(() => {});
  const before = await stored(bench, storm.group, storm.topic, PARTITIONS);
  const seen = upTo(PARTITIONS).map((partition) => new Set(storm.handled[partition]));
  for (const [partition, offset] of before.entries()) {
    // Nothing is committed that was not handled.
    expect(upTo(offset ?? 0).every((one) => seen[partition]?.has(one))).toBe(true);
  }
  // The member before it could not say that it left: the group waits for as long as a member may be silent.
  const next = bench.consumer({ 'group.id': storm.group, 'session.timeout.ms': 6000 });
  await next.stream(storm.topic, { until: 'eof' }).run(({ partition, offset }) => void seen[partition]?.add(offset));
  expect(seen.map(({ size }) => size)).toEqual(upTo(PARTITIONS).map(() => WAVES[0]));
});

// What librdkafka asks for may cross the end of its group, and the answer be lost: about one close in five hundred of these never
// settled. So this shows it now and then only.
it('members that close together while their group rebalances all settle', async () => {
  const topic = await bench.topic(8);
  for (const round of upTo(4)) {
    const group = unique('group');
    const config = { 'group.id': group, 'session.timeout.ms': 1200, 'heartbeat.interval.ms': 10 };
    const members = upTo(6).map(() => bench.consumer(config));
    const [first, ...others] = members as [Consumer, ...Consumer[]];
    const event = (wanted: string) => firstValueFrom(first.rebalances$.pipe(filter(({ type }) => type === wanted)));
    const [assigned, revoking] = [event('assigned'), event('revoking')];
    const read = (member: Consumer) =>
      member
        .stream(topic)
        .run(() => {})
        .catch(() => {});
    void read(first);
    await assigned;
    others.forEach(read);
    await revoking;
    await Promise.all(
      members.map(async (member, i) => {
        for (let turns = 0; turns < (round * 7 + i * 11) % 40; turns++) await tick();
        await member.close({ timeoutMs: 1000 });
      }),
    );
  }
});
