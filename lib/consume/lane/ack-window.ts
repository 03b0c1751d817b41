/**
 * Which messages of a lane are done. Counted by delivery sequence, not by offset: offsets have gaps (compaction,
 * transaction markers). Everything below `base` is done; above it a ring of bits remembers what was done early.
 */
export class AckWindow {
  /** The first message that is not done. */
  base = 0;
  /** How many above `base` are done. */
  above = 0;
  private bits: Int32Array | null = null;
  private mask = 0;

  /** Marks [from, to) as done. @returns how many of them were not done before. */
  settle(from: number, to: number): number {
    if (from < this.base) from = this.base;
    if (from >= to) return 0;
    if (from > this.base) return this.mark(from, to);
    const early = this.above === 0 ? 0 : this.clear(from, to);
    this.base = to;
    this.above -= early;
    if (this.above > 0) this.advance();
    return to - from - early;
  }

  isSettled(seq: number): boolean {
    if (seq < this.base) return true;
    if (this.above === 0 || this.bits === null || seq - this.base > this.mask) return false;
    const at = seq & this.mask;
    return ((this.bits[at >>> 5] as number) & (1 << (at & 31))) !== 0;
  }

  /** How many of [from, to) are done. */
  count(from: number, to: number): number {
    let settled = 0;
    if (from < this.base) {
      settled = Math.min(to, this.base) - from;
      from = this.base;
    }
    if (this.above > 0) for (let seq = from; seq < to; seq++) if (this.isSettled(seq)) settled++;
    return settled;
  }

  /** Makes [from, to), at or above `base`, not done again. */
  truncate(from: number, to: number): void {
    if (this.above > 0) this.above -= this.clear(from, to);
  }

  /** Forgets everything and starts at `seq`. */
  reset(seq: number): void {
    this.base = seq;
    this.above = 0;
    this.bits?.fill(0);
  }

  private mark(from: number, to: number): number {
    if (this.bits === null || to - this.base > this.mask) this.grow(to - this.base);
    const bits = this.bits as unknown as Int32Array;
    let fresh = 0;
    for (let seq = from; seq < to; seq++) {
      const at = seq & this.mask;
      const word = bits[at >>> 5] as number;
      const bit = 1 << (at & 31);
      if ((word & bit) !== 0) continue;
      bits[at >>> 5] = word | bit;
      fresh++;
    }
    this.above += fresh;
    return fresh;
  }

  private clear(from: number, to: number): number {
    const bits = this.bits as Int32Array;
    // Beyond the ring nothing is set, and its positions stand for lower numbers.
    const end = Math.min(to, this.base + this.mask + 1);
    let cleared = 0;
    for (let seq = from; seq < end; seq++) {
      const at = seq & this.mask;
      const word = bits[at >>> 5] as number;
      const bit = 1 << (at & 31);
      if ((word & bit) === 0) continue;
      bits[at >>> 5] = word & ~bit;
      cleared++;
    }
    return cleared;
  }

  private advance(): void {
    const bits = this.bits as Int32Array;
    while (this.above > 0) {
      const at = this.base & this.mask;
      const word = bits[at >>> 5] as number;
      if (word === -1 && (at & 31) === 0) {
        bits[at >>> 5] = 0;
        this.base += 32;
        this.above -= 32;
        continue;
      }
      const bit = 1 << (at & 31);
      if ((word & bit) === 0) return;
      bits[at >>> 5] = word & ~bit;
      this.base++;
      this.above--;
    }
  }

  private grow(span: number): void {
    let capacity = 1024;
    while (capacity <= span) capacity *= 2;
    const old = this.bits;
    const oldMask = this.mask;
    this.bits = new Int32Array(capacity / 32);
    this.mask = capacity - 1;
    if (old === null || this.above === 0) return;
    for (let seq = this.base; seq <= this.base + oldMask; seq++) {
      const at = seq & oldMask;
      if (((old[at >>> 5] as number) & (1 << (at & 31))) === 0) continue;
      const to = seq & this.mask;
      this.bits[to >>> 5] = (this.bits[to >>> 5] as number) | (1 << (to & 31));
    }
  }
}
