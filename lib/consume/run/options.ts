import {
  abortSignal,
  type Check,
  callback,
  millisecondsOrInfinity,
  objectWith,
  oneOf,
  positiveOrInfinity,
} from '../../core/check';
import type { StopOptions, StopSummary } from '../stream/options';
import { checkPolicy, type FailurePolicy, type Order } from './failure';

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
  concurrency: positiveOrInfinity('handlers'),
  failure: checkPolicy,
  signal: abortSignal,
  drainMs: millisecondsOrInfinity,
};
const batchRunOptions = objectWith<RunBatchOptions<never, never>>('the options of runBatch()', common);
const runOptions = objectWith<RunOptions<never, never>>('the options of run()', {
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
  callback(handler, `the handler of ${name}, which gets each ${unit},`);
  optionsOf(options, '');
}
