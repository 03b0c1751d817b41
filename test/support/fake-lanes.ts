import { Session } from '../../lib/consume/session';
import type { SessionOptions } from '../../lib/consume/session-options';
import type { LaneSource } from '../../lib/consume/source';
import type { Clock } from '../../lib/core/clock';
import type { CommitOutcome, OffsetToCommit, TopicPartitionOffset } from '../../lib/core/partition';
import type { Delivery } from '../../lib/native/events';
import { plainChunk } from './chunk-encoder';

/** Virtual time: timers run when a test says so, in order. */
export class TestClock implements Clock {
  time = 0;
  private timers: { at: number; id: number; run: () => void }[] = [];
  private id = 0;

  now = (): number => this.time;
  random = (): number => 0.5;
  immediate = (run: () => void): void => run();
  microtask = (run: () => void): void => queueMicrotask(run);

  setTimer(run: () => void, ms: number): number {
    this.timers.push({ at: this.time + ms, id: ++this.id, run });
    return this.id;
  }

  clearTimer(timer: unknown): void {
    this.timers = this.timers.filter(({ id }) => id !== timer);
  }

  get pending(): number {
    return this.timers.length;
  }

  /** Lets `ms` pass, with everything that becomes due. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settled();
      const next = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at || a.id - b.id)[0];
      if (next === undefined) break;
      this.time = Math.max(this.time, next.at);
      this.clearTimer(next.id);
      next.run();
    }
    this.time = end;
    await settled();
  }
}

/** After everything that promises have under way. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export interface PendingCommit {
  readonly offsets: readonly OffsetToCommit[];
  readonly answer: (outcomes?: readonly CommitOutcome[]) => void;
  readonly fail: (error: unknown) => void;
}

/** Records the commands of the core; commits are answered at once unless `manual`. */
export class FakeSource implements LaneSource {
  readonly credits: { lane: number; messages: number; bytes: number }[] = [];
  readonly pauses: { lane: number; paused: boolean }[] = [];
  readonly released: number[] = [];
  readonly answered: { id: number; partitions: readonly TopicPartitionOffset[] }[] = [];
  readonly commits: PendingCommit[] = [];
  readonly committed = new Map<string, number>();
  manual = false;

  credit(lane: number, messages: number, bytes: number): void {
    this.credits.push({ lane, messages, bytes });
  }
  pause(lane: number, paused: boolean): void {
    this.pauses.push({ lane, paused });
  }
  release(id: number): void {
    this.released.push(id);
  }
  answerAssign(id: number, partitions: readonly TopicPartitionOffset[]): void {
    this.answered.push({ id, partitions });
  }
  commit(offsets: readonly OffsetToCommit[]): Promise<readonly CommitOutcome[]> {
    return new Promise((resolve, reject) => {
      const ok = () => offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset, error: null }));
      const pending: PendingCommit = {
        offsets,
        answer: (outcomes = ok()) => {
          for (const { topic, partition, offset, error } of outcomes) {
            if (error === null) this.committed.set(`${topic}/${partition}`, offset);
          }
          resolve(outcomes);
        },
        fail: reject,
      };
      this.commits.push(pending);
      if (!this.manual) pending.answer();
    });
  }

  get creditedMessages(): number {
    return this.credits.reduce((sum, { messages }) => sum + messages, 0);
  }
  get creditedBytes(): number {
    return this.credits.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

export const CREDIT = { laneMessages: 16_384, laneBytes: 8 << 20, totalBytes: 64 << 20 };

export interface Harness {
  readonly session: Session;
  readonly source: FakeSource;
  readonly clock: TestClock;
  readonly events: { type: string }[];
  assign(id: number, lanes: Record<number, string>): void;
  revoke(id: number, lanes: number[], deadlineMs?: number): void;
  /** Messages with offsets `first` to `first + count - 1`. */
  chunk(lane: number, first: number, count: number): void;
  deliver(...items: Delivery[]): void;
}

export function harness(options: Partial<SessionOptions> = {}): Harness {
  const source = new FakeSource();
  const clock = new TestClock();
  const session = new Session({ source, clock, credit: CREDIT, group: true, ...options });
  const events: { type: string }[] = [];
  session.events.on((event) => events.push(event));
  const deliver = (...items: Delivery[]) => session.deliver(items);
  return {
    session,
    source,
    clock,
    events,
    deliver,
    assign: (id, lanes) =>
      deliver({
        type: 'assigned',
        id,
        lanes: Object.entries(lanes).map(([lane, name]) => {
          const [topic, partition] = name.split('/') as [string, string];
          return { lane: Number(lane), topic, partition: Number(partition), offset: -1001 };
        }),
      }),
    revoke: (id, lanes, deadlineMs = 30_000) => deliver({ type: 'revoking', id, lanes, deadlineMs }),
    chunk: (lane, first, count) => deliver(plainChunk(lane, first, count)),
  };
}
