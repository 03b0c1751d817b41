import type { Chunk } from '../../message/chunk';

/** Messages and chunk bytes that count against the credit of the native side. */
export interface Credit {
  readonly messages: number;
  readonly bytes: number;
}

/**
 * The chunks of a lane from the first unsettled message to the last received one. Chunks stay until they are settled, so
 * that messages delivered and never acknowledged can be delivered again.
 */
export class Backlog {
  /** Sequence number of the first message not received. */
  end = 0;
  /** Leader epoch of the last chunk that was released, -1 when unknown. */
  private lastLeaderEpoch = -1;
  private readonly chunks: Chunk[] = [];
  /** Index of the chunk found last: delivery moves forward. */
  private cursor = 0;
  /** Credit was given back up to this sequence number. */
  private credited = 0;
  /** Bytes of the first chunk whose credit was given back. */
  private headCredited = 0;

  push(chunk: Chunk, now: number): void {
    chunk.firstSeq = this.end;
    chunk.arrivedAt = now;
    this.chunks.push(chunk);
    this.end += chunk.count;
  }

  /** The chunk that has `seq`. */
  at(seq: number): Chunk | undefined {
    let at = this.cursor;
    if ((this.chunks[at]?.firstSeq ?? seq + 1) > seq) at = 0;
    let chunk = this.chunks[at];
    while (chunk !== undefined && chunk.firstSeq + chunk.count <= seq) chunk = this.chunks[++at];
    this.cursor = at;
    return chunk;
  }

  /** The chunk that has `seq`, found without moving the cursor of delivery. */
  find(seq: number): Chunk | undefined {
    return this.chunks.find((chunk) => chunk.firstSeq + chunk.count > seq);
  }

  [Symbol.iterator](): IterableIterator<Chunk> {
    return this.chunks[Symbol.iterator]();
  }

  /** Credit that was taken and not given back. */
  get outstanding(): Credit {
    let bytes = -this.headCredited;
    for (const chunk of this.chunks) bytes += chunk.byteLength;
    return { messages: this.end - this.credited, bytes };
  }

  /** Releases the chunks that are settled up to `base`. @returns their credit */
  release(base: number): Credit {
    const messages = base - this.credited;
    this.credited = base;
    let bytes = -this.headCredited;
    while (this.chunks.length > 0) {
      const head = this.chunks[0] as Chunk;
      if (head.firstSeq + head.count > base) break;
      bytes += head.byteLength;
      this.lastLeaderEpoch = head.leaderEpoch;
      this.chunks.shift();
      this.cursor = Math.max(0, this.cursor - 1);
    }
    const head = this.chunks[0];
    // Bytes go back in proportion, or the rest of a big chunk could keep a batch from ever becoming full.
    this.headCredited =
      head && base > head.firstSeq ? Math.floor((head.byteLength * (base - head.firstSeq)) / head.count) : 0;
    return { messages, bytes: bytes + this.headCredited };
  }

  /** Leader epoch of the last message below `base`, -1 when unknown. */
  leaderEpochBelow(base: number): number {
    const head = this.chunks[0];
    return head !== undefined && head.firstSeq < base ? head.leaderEpoch : this.lastLeaderEpoch;
  }

  /** Drops what comes after `end`. Its credit dies with the lane. */
  truncate(end: number): void {
    this.end = end;
    while (this.chunks.length > 0 && (this.chunks[this.chunks.length - 1] as Chunk).firstSeq >= end) this.chunks.pop();
  }

  /** Drops everything; delivery goes on with the next chunk. @returns the credit it had */
  reset(): Credit {
    const credit = this.outstanding;
    this.clear();
    this.cursor = this.headCredited = 0;
    this.credited = this.end;
    return credit;
  }

  /** Delivery begins again with the first chunk. */
  rewind(): void {
    this.cursor = 0;
  }

  clear(): void {
    this.chunks.length = 0;
  }
}
