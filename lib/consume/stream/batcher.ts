import { boolean, millisecondsOrInfinity, objectWith, oneOf, positiveOrInfinity } from '../../core/check';
import { ArgumentError } from '../../core/errors';
import type { BatchReason } from '../../message/batch';
import type { CreditLimits } from '../credit';
import type { DeliveryLane } from '../lane/delivery-lane';

/** When a batch is handed out: as soon as one of the limits is reached. */
export interface BatchOptions {
  /** Messages. */
  readonly count?: number;
  /** Bytes of keys, values and headers. A larger message is a batch of its own. */
  readonly bytes?: number;
  /** Milliseconds that the oldest message may wait. Default 200: a tail always comes. */
  readonly ms?: number;
  /** The end of the partition (scope `stream`: of all of them) closes the batch. Default true. */
  readonly onEof?: boolean;
  /** `partition` (default): a batch has messages of one partition. `stream`: of all partitions of the stream. */
  readonly scope?: 'partition' | 'stream';
}

export const batchOptions = objectWith<BatchOptions>('the options of batch', {
  count: positiveOrInfinity('messages'),
  bytes: positiveOrInfinity('bytes'),
  ms: millisecondsOrInfinity,
  onEof: boolean,
  scope: oneOf('partition', 'stream'),
});

export type BatchPolicy = Required<BatchOptions>;

/**
 * Fills in defaults.
 *
 * @throws ArgumentError for values that make no sense, and for a batch larger than the credit: it could never be full.
 */
export function batchPolicy(options: BatchOptions | undefined, credit: CreditLimits): BatchPolicy | null {
  if (options === undefined) return null;
  batchOptions(options, 'batch');
  const { count = Number.POSITIVE_INFINITY, bytes = Number.POSITIVE_INFINITY, ms = 200 } = options;
  if (!Number.isFinite(ms))
    throw new ArgumentError('batch.ms must be finite: the rest of a partition would never come');
  // Taking goes on when less than half of the credit is in use, so that a half must be enough for a batch.
  refuse('count', count, 'laneMessages', credit.laneMessages / 2);
  refuse('bytes', bytes, 'laneBytes', Math.min(credit.laneBytes, credit.totalBytes) / 2);
  return { count, bytes, ms, onEof: options.onEof ?? true, scope: options.scope ?? 'partition' };
}

function refuse(name: string, wanted: number, limit: string, half: number): void {
  if (!Number.isFinite(wanted) || wanted <= half) return;
  throw new ArgumentError(
    `a batch of ${wanted} ${name === 'count' ? 'messages' : 'bytes'} can never be full: at most ${half} are taken while it waits; raise the credit '${limit}' to ${wanted * 2} or lower batch.${name}`,
  );
}

/** A batch that can be closed now: how many messages, and why. */
export interface Closing {
  readonly take: number;
  readonly reason: BatchReason;
}

/**
 * Decides whether what waits in a lane makes a batch. `flush`: whatever there is, is one. The byte limit may still cut
 * it shorter when it is taken.
 */
export function closing(
  lane: DeliveryLane,
  policy: BatchPolicy,
  now: number,
  flush: BatchReason | null,
): Closing | null {
  const waiting = lane.available;
  if (waiting === 0) return null;
  const toEof = policy.onEof ? lane.untilEof : -1;
  const atMark = toEof > 0 && toEof <= waiting;
  const atEof = atMark || (policy.onEof && lane.boundReceived);
  const take = atMark ? toEof : waiting;
  if (policy.count <= take) return { take: policy.count, reason: 'count' };
  if (atEof) return { take, reason: 'eof' };
  if (lane.bytesWaiting(policy.bytes) >= policy.bytes) return { take, reason: 'bytes' };
  if (flush !== null) return { take, reason: flush };
  if (now - lane.waitingSince >= policy.ms) return { take, reason: 'time' };
  return null;
}

/** The same over all lanes of a stream. */
export function closingMixed(
  lanes: readonly DeliveryLane[],
  policy: BatchPolicy,
  now: number,
  flush: BatchReason | null,
): Closing | null {
  let waiting = 0;
  let bytes = 0;
  let since = Number.POSITIVE_INFINITY;
  let atEnd = policy.onEof;
  for (const lane of lanes) {
    const some = lane.available;
    if (lane.untilEof < 0 && !lane.boundReceived) atEnd = false;
    if (some === 0) continue;
    waiting += some;
    if (Number.isFinite(policy.bytes)) bytes += lane.bytesWaiting(policy.bytes);
    if (lane.waitingSince < since) since = lane.waitingSince;
  }
  if (waiting === 0) return null;
  if (waiting >= policy.count) return { take: policy.count, reason: 'count' };
  if (bytes >= policy.bytes) return { take: waiting, reason: 'bytes' };
  if (flush !== null) return { take: waiting, reason: flush };
  if (atEnd) return { take: waiting, reason: 'eof' };
  if (now - since >= policy.ms) return { take: waiting, reason: 'time' };
  return null;
}
