import { objectWith, positiveInteger } from '../core/check';

const CREDIT: CreditLimits = { laneMessages: 65_536, laneBytes: 8 << 20, totalBytes: 64 << 20 };

/** The limits, with the defaults of those left out. */
export function creditOf(credit: Partial<CreditLimits> = {}): CreditLimits {
  const { laneMessages = CREDIT.laneMessages, laneBytes = CREDIT.laneBytes, totalBytes = CREDIT.totalBytes } = credit;
  return { laneMessages, laneBytes, totalBytes };
}

/** How many messages and bytes may be delivered and not done. */
export interface CreditLimits {
  /** Per partition. */
  readonly laneMessages: number;
  /** Per partition. */
  readonly laneBytes: number;
  /** All partitions together. */
  readonly totalBytes: number;
}

export const creditOptions = objectWith<CreditLimits>('the options of credit', {
  laneMessages: positiveInteger('messages'),
  laneBytes: positiveInteger('bytes'),
  totalBytes: positiveInteger('bytes'),
});
