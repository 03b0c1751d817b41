/**
 * `until: 'eof'` in random schedules: while topics grow and ends are answered late, what is read is all that there was
 * when it began, in order and once; then the readers see the end, and what they had is committed.
 */
import { mergeMap } from 'rxjs';
import { Lane } from '../../lib/consume/lane/lane';
import type { MessageBatch } from '../../lib/message/batch';
import type { Message } from '../../lib/message/message';
import { encodeChunk } from '../support/chunk-encoder';
import { harness, settled } from '../support/fake-lanes';
import { expectCaught, Random, Violation } from './simulator';

const SCHEDULES = Number(process.env.SIM_SCHEDULES ?? 100_000) / 20;
const TOPIC = 't';
const SURFACES = ['messages$', 'batches$', 'take', 'run', 'runBatch', 'partitions$'] as const;

class Partition {
  readonly records: number[] = [];
  end = 0;
  /** Of the native layer. */
  private position = 0;
  private eofAt = -1;
  readonly got: number[] = [];
  /** The first end that the stream was told of. */
  bound = Number.POSITIVE_INFINITY;

  constructor(
    readonly lane: number,
    private readonly random: Random,
  ) {}

  grow(): void {
    for (let n = this.random.below(6); n > 0; n--) {
      if (!this.random.chance(0.2)) this.records.push(this.end);
      this.end++;
    }
  }

  tell(offset: number): number {
    this.bound = Math.min(this.bound, offset);
    return offset;
  }

  /** What the native layer delivers next. */
  *take() {
    const records = this.records.filter((offset) => offset >= this.position).slice(0, 1 + this.random.below(5));
    if (records.length > 0) {
      this.position = (records.at(-1) as number) + 1;
      yield encodeChunk(
        this.lane,
        records.map((offset) => ({ offset, key: 'k', value: 'v' })),
      );
    }
    if (this.records.every((offset) => offset < this.position) && this.eofAt !== this.end) {
      this.position = this.eofAt = this.end;
      yield { type: 'eof' as const, lane: this.lane, offset: this.tell(this.end) };
    }
  }

  receive(offset: number): void {
    if (offset >= this.bound) throw new Violation(`B1: ${offset} was read, past the end at ${this.bound}`);
    if (offset !== this.records[this.got.length]) throw new Violation(`B2: ${offset} after ${this.got}`);
    this.got.push(offset);
  }
}

async function simulate(seed: number): Promise<number> {
  const random = new Random(seed);
  const partitions = Array.from({ length: 1 + random.below(3) }, (_, p) => new Partition(p + 1, random));
  for (const partition of partitions) partition.grow();
  const asked: (() => void)[] = [];
  const { session, source, clock, assign, deliver } = harness({
    endOffset: ({ partition: p }) => {
      const partition = partitions[p] as Partition;
      return new Promise((resolve) => asked.push(() => resolve(partition.tell(partition.end))));
    },
  });
  source.manual = true;
  const batch = random.chance(0.5) && { batch: { count: 1 + random.below(5), ms: random.below(50) } };
  const stream = session.stream<Buffer | null, Buffer | null>(TOPIC, { until: 'eof', ...batch });
  let failure: unknown = null;
  let over = false;
  const end = () => {
    over = true;
  };
  let tasks: (() => void)[] = [];
  const got = (messages: Iterable<Message>) => {
    try {
      for (const { partition, offset } of messages) (partitions[partition] as Partition).receive(offset);
    } catch (error) {
      failure ??= error;
    }
  };
  const push = (one: Message | MessageBatch) => {
    got('segments' in one ? one : [one]);
    tasks.push(() => one.ack());
  };
  const handle = (one: Message | MessageBatch) => {
    got('segments' in one ? one : [one]);
    return new Promise<void>((done) => tasks.push(done));
  };
  const surface = random.pick(SURFACES);
  if (surface === 'messages$') stream.messages$.subscribe({ next: push, complete: end });
  else if (surface === 'batches$') stream.batches$.subscribe({ next: push, complete: end });
  else if (surface === 'partitions$')
    stream.partitions$.pipe(mergeMap(({ messages$ }) => messages$)).subscribe({ next: push, complete: end });
  else if (surface === 'run') void stream.run(handle, { order: random.pick(['partition', 'key', 'none']) }).then(end);
  else if (surface === 'runBatch') void stream.runBatch(handle).then(end);
  else {
    void (async () => {
      for (let one = await stream.take(); one !== null; one = await stream.take()) push(one);
      end();
    })();
  }
  const settle = (share: number) => {
    const now = tasks.filter(() => random.chance(share));
    tasks = tasks.filter((task) => !now.includes(task));
    for (const task of now) task();
  };
  let answered = 0;
  const answer = () => source.commits[answered] && source.commits[answered++]?.answer();

  assign(1, Object.fromEntries(partitions.map(({ lane }, p) => [lane, `${TOPIC}/${p}`])));
  for (let step = 0; step < 30; step++) {
    const p = random.next();
    if (p < 0.2) random.pick(partitions).grow();
    else if (p < 0.5) deliver(...random.pick(partitions).take());
    else if (p < 0.6) asked.shift()?.();
    else if (p < 0.8) settle(0.5);
    else if (p < 0.9) answer();
    else await clock.advance(random.below(60));
    await settled();
    if (failure !== null) throw failure;
  }
  for (let round = 0; round < 40 && (!over || session.topics().length > 0); round++) {
    for (const ask of asked.splice(0)) ask();
    for (const partition of partitions) deliver(...partition.take());
    await settled();
    settle(1);
    await settled();
    while (answer()) await settled();
    await clock.advance(100);
    if (failure !== null) throw failure;
  }
  if (!over) throw new Violation(`B3: ${surface} does not see the end`);
  if (session.topics().length > 0) throw new Violation('B4: the topic is not given up');
  let read = 0;
  for (const [p, { records, bound, got, end }] of partitions.entries()) {
    const wanted = records.filter((offset) => offset < bound);
    if (got.length !== wanted.length) throw new Violation(`B3: ${p} ended at ${got}, and had ${wanted}`);
    const committed = source.committed.get(`${TOPIC}/${p}`) ?? 0;
    const last = wanted.at(-1) ?? -1;
    // What nobody wrote may count as read, what was not read may not.
    const next = records.find((offset) => offset >= bound) ?? end;
    if (committed <= last || committed > next)
      throw new Violation(`B5: ${p} is committed to ${committed}, between ${last} and ${next}`);
    read += got.length;
  }
  return read;
}

test(`${SCHEDULES} bounded reads end where they should`, async () => {
  let read = 0;
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    read += await simulate(seed).catch((error: Error) => {
      error.message = `seed ${seed}: ${error.message}`;
      throw error;
    });
  }
  expect(read).toBeGreaterThan(SCHEDULES);
}, 900_000);

const patches: [string, () => jest.SpyInstance, RegExp][] = [
  ['no end is set', () => jest.spyOn(Lane.prototype, 'setBound').mockReturnValue(), /B[13]/],
  ['the end of the partition is passed', () => jest.spyOn(Lane.prototype, 'boundHere').mockReturnValue(), /B1/],
];

test.each(patches)('the mutation is caught: %s', async (_, patch, rule) => {
  const spy = patch();
  await expectCaught(simulate, rule).finally(() => spy.mockRestore());
});
