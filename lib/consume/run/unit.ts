import { type AnyBatch, MessageBatch } from '../../message/batch';
import type { AnyMessage } from '../../message/message';

/** What a handler is called with. */
export type Unit = AnyMessage | AnyBatch;

const isBatch = (unit: Unit): unit is AnyBatch => 'segments' in unit;

export const seqOf = ({ chunk, index }: AnyMessage): number => chunk.firstSeq + index;

export const messagesOf = (unit: Unit): Iterable<AnyMessage> => (isBatch(unit) ? unit : [unit]);

export const firstOf = (unit: Unit): AnyMessage => (isBatch(unit) ? (unit.at(0) as AnyMessage) : unit);

export const sizeOf = (unit: Unit): number => (isBatch(unit) ? unit.size : 1);

export const signalOf = (unit: Unit): AbortSignal => (isBatch(unit) ? unit.signal : unit.chunk.lane.signal);

/** True for a batch over several partitions. */
export const isMixed = (unit: Unit): boolean => isBatch(unit) && unit.mixed;

/** False when every partition of the unit was taken away. */
export const isOwned = (unit: Unit): boolean =>
  isBatch(unit) ? unit.segments.some(({ chunk }) => !chunk.lane.signal.aborted) : !signalOf(unit).aborted;

/** The rest of a batch over several partitions after some of them were taken away. */
export function remaining<U extends Unit>(unit: U): U {
  if (!isBatch(unit) || !unit.mixed) return unit;
  const segments = unit.segments.filter(({ chunk }) => !chunk.lane.signal.aborted);
  return new MessageBatch<never, never>(segments, unit.reason, unit.eof) as unknown as U;
}
