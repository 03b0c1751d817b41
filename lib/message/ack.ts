/** Why an acknowledgement changed nothing. */
export type StaleReason = 'duplicate' | 'revoked' | 'lost' | 'rewound' | 'closed';

/** The result of an acknowledgement. `stale`: it had no effect; `why` says whether it was a repeat or the partition is gone. */
export type AckResult = { readonly stale: false } | { readonly stale: true; readonly why: StaleReason };

/** The lane of a message, as the message needs it: where it comes from, and where its acknowledgement goes. */
export interface AckTarget {
  /** Number of the assignment of the partition; never used again. */
  readonly id: number;
  readonly topic: string;
  readonly partition: number;
  /** Aborted when the partition is revoked or lost, or its stream ends. */
  readonly signal: AbortSignal;
  settle(seq: number): AckResult;
  settleRange(from: number, to: number): AckResult;
}
