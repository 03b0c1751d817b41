/**
 * What every subject must have read or written: a count, and a digest over the payloads.
 *
 * Payload (8 bytes or more): u32 sequence number, filler, u32 sequence number times 2654435761, little-endian, modulo
 * 2^32. The same as bench/baseline/baseline.h. Topics to read are filled so that sequence number i is at partition
 * i modulo P, offset i / P; the expected digest is known without reading anything.
 */

/** Every 64th offset of a partition is digested in `sampled` mode. */
export const SAMPLE = 64;

/** Whether a subject looks into every payload, or into one of {@link SAMPLE}. */
export type Touch = 'sampled' | 'all';

/** Contribution of one payload to the digest. */
export function digestOf(payload: Buffer): number {
  const { length } = payload;
  if (length < 8) return length;
  return (payload.readUInt32LE(0) + Math.imul(31, payload.readUInt32LE(length - 4))) >>> 0;
}

/** Writes sequence number `sequence` into a payload. */
export function stamp(payload: Buffer, sequence: number): void {
  if (payload.length < 8) return;
  payload.writeUInt32LE(sequence >>> 0, 0);
  payload.writeUInt32LE(Math.imul(sequence, 2654435761) >>> 0, payload.length - 4);
}

function expected(size: number, sequence: number): number {
  if (size < 8) return size;
  return (sequence + Math.imul(31, Math.imul(sequence, 2654435761))) >>> 0;
}

/** Digest of a topic filled with sequence numbers 0 to `messages` - 1 over `partitions`, of those below `counted`. */
export function topicDigest(
  size: number,
  messages: number,
  partitions: number,
  touch: Touch,
  counted = partitions,
): number {
  let sum = 0;
  for (let i = 0; i < messages; i++) {
    if (i % partitions >= counted) continue;
    if (touch === 'all' || Math.floor(i / partitions) % SAMPLE === 0) sum = (sum + expected(size, i)) >>> 0;
  }
  return sum;
}

/** Digest of the beginnings of a filled topic's partitions: of each, as many messages as `counts` says. */
export function prefixDigest(size: number, counts: readonly number[], touch: Touch): number {
  let sum = 0;
  for (const [partition, count] of counts.entries()) {
    for (let offset = 0; offset < count; offset += touch === 'all' ? 1 : SAMPLE) {
      sum = (sum + expected(size, offset * counts.length + partition)) >>> 0;
    }
  }
  return sum;
}

/** Digest of `messages` payloads whose sequence numbers repeat after `cycle`. */
export function cyclicDigest(size: number, messages: number, cycle: number): number {
  let sum = 0;
  for (let i = 0; i < messages; i++) sum = (sum + expected(size, i % cycle)) >>> 0;
  return sum;
}
