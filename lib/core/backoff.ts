/** Milliseconds to wait after failure number `attempt`, from 1: doubled each time up to `mostMs`, with jitter of one half. */
export function backoff(attempt: number, firstMs: number, mostMs: number, random: () => number): number {
  return Math.min(mostMs, firstMs * 2 ** (attempt - 1)) * (0.5 + random() / 2);
}
