import { abortSignal, type Check, call, many, msOrNever, oneOf, shape } from '../../core/check';
import type { MessageBatch } from '../../message/batch';
import { Message } from '../../message/message';
import { BUSY, type Lane, REFUSED } from '../lane/lane';
import type { Feed } from '../stream/feed';
import type { StopSummary } from '../stream/options';
import type { KafkaStream, StopOptions } from '../stream/stream';
import { type BatchHandler, checkPolicy, type FailurePolicy, type MessageHandler, type Order } from './failure';
import { type Bucket, Runner, seqOf, type Unit, type Work } from './runner';

export type * from './failure';

export interface RunBatchOptions<K, V> extends StopOptions {
  /** Partitions handled at the same time. Default: all. With batches of scope `stream` always 1. */
  readonly concurrency?: number;
  readonly failure?: FailurePolicy<K, V>;
  /** Ends the run in an orderly way; the promise resolves. The stream can be read again. */
  readonly signal?: AbortSignal;
}

export interface RunOptions<K, V> extends RunBatchOptions<K, V> {
  /** Default `partition`. */
  readonly order?: Order;
  /** Handlers at the same time, over all partitions. Default: with order `partition` no limit, else 16. */
  readonly concurrency?: number;
}

export interface RunSummary extends StopSummary {
  /** Messages whose handler succeeded. */
  readonly processed: number;
  readonly skipped: number;
  readonly deadLettered: number;
  /** Calls of the handler beyond the first for a message or batch. */
  readonly retries: number;
}

const common = {
  concurrency: many('handlers'),
  failure: checkPolicy,
  signal: abortSignal,
  drainMs: msOrNever,
};
const batchRunOptions = shape<RunBatchOptions<never, never>>('the options of runBatch()', common);
const runOptions = shape<RunOptions<never, never>>('the options of run()', {
  ...common,
  order: oneOf('partition', 'key', 'none'),
});

/** @throws ArgumentError */
export function checkRun(handler: unknown, options: unknown): void {
  check('run()', 'message', handler, runOptions, options);
}

/** @throws ArgumentError */
export function checkRunBatch(handler: unknown, options: unknown): void {
  check('runBatch()', 'batch', handler, batchRunOptions, options);
}

function check(name: string, unit: string, handler: unknown, optionsOf: Check, options: unknown): void {
  call(handler, `the handler of ${name}, which gets each ${unit},`);
  optionsOf(options, '');
}

/** Messages of a lane read ahead of busy buckets, so that other keys can go on. */
const READ_AHEAD = 1024;

class MessageRunner extends Runner<Message<never, never>> {
  readonly name = 'run()';

  constructor(
    feed: Feed,
    handler: MessageHandler<never, never>,
    policy: FailurePolicy<never, never>,
    concurrency: number,
    private readonly order: Order,
  ) {
    // More buckets than handlers: a slow key holds up few others.
    super(
      feed,
      handler,
      policy,
      concurrency,
      order === 'key' ? 8 * 2 ** Math.ceil(Math.log2(Math.min(concurrency, 512))) : 0,
    );
  }

  protected dispatch(): void {
    const { feed } = this;
    while (this.demand) {
      const run = feed.nextRun();
      if (run === null) return;
      const { chunk, to } = run;
      const lane = chunk.lane as Lane;
      const work = this.workOf(lane);
      const first = lane.next;
      const { version } = feed;
      let seq = first;
      for (let i = run.from; i < to; i++) {
        lane.next = ++seq;
        if (!this.place(work, new Message<never, never>(chunk, i))) break;
        if (feed.version !== version) break;
      }
      feed.delivered(lane, first, seq);
      feed.host.flush();
    }
  }

  /** Begins with the message, or queues it behind its key. @returns whether the lane may go on. */
  private place(work: Work, message: Message<never, never>): boolean {
    if (this.order === 'key') {
      const bucket = work.buckets[message.chunk.keyHash(message.index) & (work.buckets.length - 1)] as Bucket;
      if (!bucket.busy) {
        work.highest = Math.max(work.highest, seqOf(message));
        this.begin(work, bucket, message);
        return this.demand;
      }
      bucket.queue.push(message);
      if (++work.queued < READ_AHEAD) return true;
      work.lane.mask |= BUSY;
      return false;
    }
    if (!this.begin(work, null, message)) return this.demand;
    if (this.order === 'none') return this.demand;
    work.lane.mask |= BUSY;
    return false;
  }

  protected next(work: Work, bucket: Bucket | null): void {
    if (this.order !== 'key') {
      this.free(work);
      return;
    }
    // After the end of the stream what was queued is still processed; after a stop the rest was discarded.
    while (bucket !== null && !bucket.busy && bucket.queue.length > 0) {
      const message = bucket.queue.shift() as Message<never, never>;
      work.queued--;
      // Whoever had it before may have acknowledged it in the meantime.
      if (work.lane.window.isSettled(seqOf(message))) continue;
      work.highest = Math.max(work.highest, seqOf(message));
      this.begin(work, bucket, message);
    }
    if (work.queued < READ_AHEAD / 2) this.free(work);
  }
}

class BatchRunner extends Runner<MessageBatch<never, never>> {
  readonly name = 'runBatch()';

  protected dispatch(): void {
    while (this.demand) {
      const batch = this.feed.next();
      if (batch === null) return;
      const lane = (batch.segments[0] as { chunk: { lane: unknown } }).chunk.lane as Lane;
      if (this.begin(this.workOf(lane), null, batch)) lane.mask |= BUSY;
      this.feed.host.flush();
    }
  }

  protected next(work: Work): void {
    this.free(work);
  }
}

export function runMessages<K, V>(
  stream: KafkaStream<K, V>,
  handler: MessageHandler<K, V>,
  options: RunOptions<K, V>,
): Promise<RunSummary> {
  const { order = 'partition' } = options;
  const most = options.concurrency ?? (order === 'partition' ? Number.POSITIVE_INFINITY : 16);
  const policy = (options.failure ?? 'stop') as FailurePolicy<never, never>;
  const runner = new MessageRunner(stream.feed, handler as MessageHandler<never, never>, policy, most, order);
  return drive(stream, runner, options);
}

export function runBatches<K, V>(
  stream: KafkaStream<K, V>,
  handler: BatchHandler<K, V>,
  options: RunBatchOptions<K, V>,
): Promise<RunSummary> {
  const mixed = stream.feed.policy?.scope === 'stream';
  const most = mixed ? 1 : (options.concurrency ?? Number.POSITIVE_INFINITY);
  const policy = (options.failure ?? 'stop') as FailurePolicy<never, never>;
  return drive(stream, new BatchRunner(stream.feed, handler as BatchHandler<never, never>, policy, most, 0), options);
}

async function drive<K, V, U extends Unit>(
  stream: KafkaStream<K, V>,
  runner: Runner<U>,
  { signal, drainMs = 10_000 }: RunBatchOptions<K, V>,
): Promise<RunSummary> {
  const { feed } = runner;
  feed.acquire(runner);
  // A stream that has come to its end by itself is not read again: what still runs is waited for as in a stop.
  const abort = () => (feed.surface === runner ? runner.quit() : void stream.stop({ drainMs }));
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  await runner.over;
  let summary: StopSummary;
  if (feed.surface === runner) {
    summary = await stream.drain(drainMs);
    runner.abandon();
    for (const lane of feed.lanes) lane.mask &= ~(BUSY | REFUSED);
    feed.release(runner);
    stream.reopen();
  } else {
    // The stream came to its end. After a fatal error nothing can be waited for.
    if (runner.failure === null) await runner.settled();
    summary = await stream.summary();
  }
  signal?.removeEventListener('abort', abort);
  if (runner.failure !== null) throw runner.failure;
  const { processed, skipped, deadLettered, retries } = runner;
  return { ...summary, processed, skipped, deadLettered, retries };
}
