/** The end of the partition, seen before the message with this sequence number. */
interface EofMark {
  readonly seq: number;
  readonly offset: number;
}

/** The ends of the partition among the messages of a lane. */
export class EofMarks {
  private readonly marks: EofMark[] = [];
  private lastSeq = -1;
  private passed = -1;
  /** An end that was reported before librdkafka reported it. */
  private claimed: number | null = null;

  add(seq: number, offset: number): void {
    this.marks.push({ seq, offset });
    this.lastSeq = seq;
  }

  get next(): EofMark | undefined {
    return this.marks[0];
  }

  /** True when nothing was received after the last end: `end` is the sequence number of the next message. */
  isLast(end: number): boolean {
    return this.lastSeq === end;
  }

  /** Takes out the last end that delivery has reached. @returns its offset, null without one or when it was claimed */
  pass(next: number): number | null {
    let offset: number | null = null;
    while (this.marks.length > 0 && (this.marks[0] as EofMark).seq <= next)
      offset = (this.marks.shift() as EofMark).offset;
    if (offset !== null) this.passed = offset;
    return offset === this.claimed ? null : offset;
  }

  /**
   * Reports the end of a bounded read before librdkafka's own event, which comes a moment later and is then passed over.
   * @returns null when there is nothing to report
   */
  claim(bound: number | null): number | null {
    if (bound === null || this.marks.length > 0 || this.passed >= bound) return null;
    this.claimed = this.passed = bound;
    return bound;
  }

  clear(): void {
    this.marks.length = 0;
  }
}
