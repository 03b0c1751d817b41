/** How this client's subjects read: what they are configured with, and what they assign by hand. */
import type { TrialSpec } from '../trial';

export function consumerConfig({ brokers, group, config }: TrialSpec) {
  return { 'bootstrap.servers': brokers, 'group.id': group, 'auto.offset.reset': 'earliest' as const, ...config };
}

/** The beginnings of a trial's partitions, or of some of them. */
export function beginnings({ topic, partitions }: TrialSpec, isMine: (partition: number) => boolean = () => true) {
  const all = Array.from({ length: partitions }, (_, partition) => partition).filter(isMine);
  return all.map((partition) => ({ topic, partition, offset: 'beginning' as const }));
}
