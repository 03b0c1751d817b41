/** The side of a lane that messages see: where they come from and who counts their acknowledgements. */
export interface LaneHandle {
  readonly topic: string;
  readonly partition: number;
  readonly signal: AbortSignal;
  settle(seq: number): AckResult;
  settleRange(from: number, to: number): AckResult;
}

/** Why an acknowledgement changed nothing. */
export type StaleReason = 'duplicate' | 'revoked' | 'lost' | 'rewound' | 'closed';

/** What an acknowledgement did. The objects are shared and frozen. */
export type AckResult = { readonly stale: false } | { readonly stale: true; readonly why: StaleReason };
