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
  /** Released up to this sequence number. */
  private released = 0;
  /** Bytes of the first chunk that count as released. */
  private headReleased = 0;
  private owedMessages = 0;
  private owedBytes = 0;

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

  /** Bytes of the messages [from, to), counted up to `enough`. */
  bytesBetween(from: number, to: number, enough: number): number {
    let bytes = 0;
    for (let seq = from; seq < to && bytes < enough; ) {
      const chunk = this.at(seq) as Chunk;
      const end = Math.min(chunk.count, to - chunk.firstSeq);
      bytes += chunk.bytesOf(seq - chunk.firstSeq, end);
      seq = chunk.firstSeq + end;
    }
    return bytes;
  }

  /** The first message of [from, to) with this offset or a later one, or where offsets are no longer known; else `to`. */
  firstAtOrAfter(offset: number, from: number, to: number): number {
    let seq = from;
    for (const chunk of this.chunks) {
      if (!chunk.safe) break;
      let i = Math.max(0, seq - chunk.firstSeq);
      while (i < chunk.count && chunk.firstSeq + i < to && chunk.offsetAt(i) < offset) i++;
      seq = chunk.firstSeq + i;
      if (i < chunk.count) break;
    }
    return seq;
  }

  /** Credit of messages that are not released. */
  get outstanding(): Credit {
    let bytes = -this.headReleased;
    for (const chunk of this.chunks) bytes += chunk.byteLength;
    return { messages: this.end - this.released, bytes };
  }

  /** Releases the chunks that are settled up to `base`. Their credit is owed. @returns it */
  release(base: number): Credit {
    const messages = base - this.released;
    this.released = base;
    let bytes = -this.headReleased;
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
    this.headReleased =
      head && base > head.firstSeq ? Math.floor((head.byteLength * (base - head.firstSeq)) / head.count) : 0;
    bytes += this.headReleased;
    this.owedMessages += messages;
    this.owedBytes += bytes;
    return { messages, bytes };
  }

  /** Takes the credit of released messages that is not given back yet. */
  takeOwed(): Credit {
    const owed = { messages: this.owedMessages, bytes: this.owedBytes };
    this.owedMessages = this.owedBytes = 0;
    return owed;
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
    this.cursor = this.headReleased = 0;
    this.released = this.end;
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
