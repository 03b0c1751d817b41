/** The delay in ms after failure number `attempt` (from 1): doubles each time up to `mostMs`, with 50 % jitter. */
export function backoff(attempt: number, firstMs: number, mostMs: number, random: () => number): number {
  return Math.min(mostMs, firstMs * 2 ** (attempt - 1)) * (0.5 + random() / 2);
}
