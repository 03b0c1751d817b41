import { boolean, millisecondsOrInfinity, oneOf } from '../core/check';

/** How a consumer watches for stuck work. */
export interface WatchOptions {
  /** Report `gated` after this long without an acknowledgement while credit is used up. Default 5,000 ms. */
  readonly gatedMs?: number;
  /** Report `stalled` when a delivered message is not acknowledged after this long. Default 60,000 ms. */
  readonly maxProcessingMs?: number;
  /** What a stall does besides the event. Default `event`: nothing. */
  readonly onStall?: 'event' | 'failStream' | 'failConsumer';
  /** Report batches that were garbage collected without having been acknowledged (`leaked-batch`). Default false. */
  readonly leakDetection?: boolean;
}

/** For the options of a consumer. */
export const watchOptions = {
  gatedMs: millisecondsOrInfinity,
  maxProcessingMs: millisecondsOrInfinity,
  onStall: oneOf('event', 'failStream', 'failConsumer'),
  leakDetection: boolean,
} satisfies Record<keyof WatchOptions, unknown>;
