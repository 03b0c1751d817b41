/** Why an acknowledgement changed nothing. */
export type StaleReason = 'duplicate' | 'revoked' | 'lost' | 'rewound' | 'closed';

/** What an acknowledgement did. `stale`: nothing; the message was acknowledged before, or is no longer this reader's. */
export type AckResult = { readonly stale: false } | { readonly stale: true; readonly why: StaleReason };

/** Where a message comes from and where its acknowledgement goes. */
export interface AckTarget {
  /** Number of the assignment of the partition; never used again. */
  readonly id: number;
  readonly topic: string;
  readonly partition: number;
  /** Aborted when the partition is taken away. */
  readonly signal: AbortSignal;
  settle(seq: number): AckResult;
  settleRange(from: number, to: number): AckResult;
}
