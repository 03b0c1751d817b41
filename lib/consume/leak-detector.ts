import type { Segment } from '../message/batch';
import type { ConsumerEvent } from './events';
import { Lane } from './lane/lane';

interface Tracked {
  readonly lane: Lane;
  readonly from: number;
  readonly to: number;
}

/** Reports batches that are garbage collected with messages that were not acknowledged. */
export class LeakDetector {
  private readonly registry = new FinalizationRegistry<Tracked>((tracked) => this.collected(tracked));

  constructor(private readonly emit: (event: ConsumerEvent) => void) {}

  /** @returns the segments over chunk objects of their own, which are collected together with the batch */
  track(segments: readonly Segment[]): readonly Segment[] {
    return segments.map(({ chunk, from, to }) => {
      const own = chunk.handout();
      if (chunk.lane instanceof Lane) {
        this.registry.register(own, { lane: chunk.lane, from: chunk.firstSeq + from, to: chunk.firstSeq + to });
      }
      return { chunk: own, from, to };
    });
  }

  private collected({ lane, from, to }: Tracked): void {
    // Delivered again to another reader in the meantime: not lost.
    if (lane.ended !== null || lane.next < to) return;
    const messages = to - from - lane.countSettled(from, to);
    if (messages <= 0) return;
    const { topic, partition } = lane;
    this.emit({ type: 'leaked-batch', topic, partition, offset: lane.watermark, messages });
  }
}
