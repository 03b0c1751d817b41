/** What is assigned by hand. */
import type { TrialSpec } from '../trials';

/** The beginnings of a trial's partitions, or of some of them. */
export function beginnings({ topic, partitions }: TrialSpec, isMine: (partition: number) => boolean = () => true) {
  return Array.from({ length: partitions }, (_, partition) => ({
    topic,
    partition,
    offset: 'beginning' as const,
  })).filter(({ partition }) => isMine(partition));
}
