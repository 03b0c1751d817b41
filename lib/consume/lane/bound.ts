import type { Chunk } from '../../message/chunk';

/** Where a bounded read of a lane ends: before an offset, and, once it was seen, before a sequence number. */
export class Bound {
  /** First offset not to be delivered. */
  private offset = Number.POSITIVE_INFINITY;
  /** First sequence number not to be delivered. */
  seq = Number.POSITIVE_INFINITY;

  /** Delivers nothing with this offset or a later one. */
  set(offset: number, chunks: Iterable<Chunk>, next: number): void {
    this.offset = offset;
    for (const chunk of chunks) this.look(chunk, next);
  }

  /** Looks for the bound in a chunk. */
  look(chunk: Chunk, next: number): void {
    if (this.seq !== Number.POSITIVE_INFINITY || !chunk.safe || chunk.offsetAt(chunk.count - 1) < this.offset) return;
    let at = 0;
    while (chunk.offsetAt(at) < this.offset) at++;
    this.seq = Math.max(next, chunk.firstSeq + at);
  }

  /** Delivers nothing that is received from now on. */
  cutAt(seq: number): void {
    this.seq = Math.min(this.seq, seq);
  }

  /** True when everything below the bound lies before `seq`; `end` and `position` are of the last message received. */
  reached(seq: number, end: number, position: number): boolean {
    return seq >= this.seq || (seq >= end && position >= this.offset);
  }

  /** The offset of the bound when it was given, else null. */
  get given(): number | null {
    return Number.isFinite(this.offset) ? this.offset : null;
  }
}
