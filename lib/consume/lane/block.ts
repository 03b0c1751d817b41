/** Reasons for not delivering from a lane, as bits. Each has one owner, which sets and clears it. */
export const Block = {
  /** The user paused the partition. Owner: the session. */
  paused: 1,
  /** The buffer belongs to the position before a seek. Owner: the lane. */
  seeking: 2,
  /** The partition is being revoked. Owner: the rebalance. */
  revoking: 4,
  /** A message that cannot be decoded is being handled. Owner: the reader. */
  undecodable: 8,
  /** A managed handler has enough messages of the lane for now. Owner: the runner. */
  busy: 16,
  /** The stream, or the run over it, is ending. Owner: the stream. */
  stopping: 32,
} as const;

export type BlockReason = (typeof Block)[keyof typeof Block];
