import { Block } from '../lane/block';
import type { Feed } from '../stream/feed';
import type { StopOptions, StopSummary } from '../stream/options';
import { BatchRunner } from './batch-runner';
import type { BatchHandler, FailurePolicy, MessageHandler } from './failure';
import { MessageRunner } from './message-runner';
import type { RunBatchOptions, RunOptions, RunSummary } from './options';
import type { Runner } from './runner';
import type { Unit } from './unit';

/** What a run needs of its stream. */
export interface Drainable {
  readonly feed: Feed;
  /** Stops delivery, waits until nothing is in progress, and commits. */
  drain(drainMs: number): Promise<StopSummary>;
  /** Reads again after {@link Drainable.drain}. */
  reopen(): void;
  /** The outcome of the stream's own end. */
  summary(): Promise<StopSummary>;
  stop(options: StopOptions): Promise<StopSummary>;
}

export function runMessages<K, V>(
  stream: Drainable,
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
  stream: Drainable,
  handler: BatchHandler<K, V>,
  options: RunBatchOptions<K, V>,
): Promise<RunSummary> {
  const mixed = stream.feed.policy?.scope === 'stream';
  const most = mixed ? 1 : (options.concurrency ?? Number.POSITIVE_INFINITY);
  const policy = (options.failure ?? 'stop') as FailurePolicy<never, never>;
  return drive(stream, new BatchRunner(stream.feed, handler as BatchHandler<never, never>, policy, most, 0), options);
}

async function drive<U extends Unit>(
  stream: Drainable,
  runner: Runner<U>,
  { signal, drainMs = 10_000 }: RunBatchOptions<never, never>,
): Promise<RunSummary> {
  const { feed } = runner;
  feed.acquire(runner);
  // A stream that has come to its end by itself is not read again: running handlers are waited for as in a stop.
  const abort = () => (feed.surface === runner ? runner.requestStop() : void stream.stop({ drainMs }));
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  await runner.done;
  let summary: StopSummary;
  if (feed.surface === runner) {
    summary = await stream.drain(drainMs);
    runner.abandon();
    for (const lane of feed.lanes) {
      lane.unblock(Block.busy);
      lane.unblock(Block.undecodable);
    }
    feed.release(runner);
    stream.reopen();
  } else {
    // The stream came to its end. After a fatal error nothing can be waited for.
    if (runner.failure === null) await runner.whenIdle();
    summary = await stream.summary();
  }
  signal?.removeEventListener('abort', abort);
  if (runner.failure !== null) throw runner.failure;
  const { processed, skipped, deadLettered, retries } = runner;
  return { ...summary, processed, skipped, deadLettered, retries };
}
