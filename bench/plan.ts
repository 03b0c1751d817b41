/** How much each trial reads or writes, and on what topics: pure, from the options. */
import { capabilities, isSupported } from '../lib/native/capabilities';
import type { Options } from './options';
import { BATCH_SIZES } from './tables/modes';
import type { Compression, Subject, Suite } from './trial';

/** What a topic and its messages are like. Everything but the subjects that take turns. */
export interface Conditions {
  size: number;
  partitions: number;
  compression: Compression;
  /** Names what differs from the first of the lists on the command line: `64p`, `lz4`, `64p-lz4`. */
  variant?: string;
}

/** One suite under the same conditions. Within it the subjects take turns. */
export interface Group extends Conditions {
  suite: Suite;
}

/** At most so many messages are read from a real Kafka, and at most so many bytes for each of them of larger ones. */
const MOST_MESSAGES = 10_000_000;
const MOST_BYTES_EACH = 200;
/** And so much is written: it is slower. */
const WRITTEN = 0.5;
const EMBEDDED_MESSAGES = 5_000_000;

/** Topics of suite modes hold a multiple of it, so that no batch is left over that never fills. */
const LARGEST_BATCH = Math.max(...BATCH_SIZES);

const VARIED: readonly Suite[] = ['consume', 'produce'];
const BY_SIZE: readonly Suite[] = ['consume', 'produce'];

/** Why a subject cannot be measured with this librdkafka (`2.8.0`); undefined when it can. */
export function tooOld({ needs }: Pick<Subject, 'needs'>, linked: string): string | undefined {
  if (needs === undefined || isSupported(needs, linked)) return undefined;
  return `it needs librdkafka ${capabilities[needs]}, and ${linked} is linked`;
}

/** In the order in which they are run. */
export function groups(options: Pick<Options, 'suites' | 'sizes' | 'partitions' | 'compressions'>): Group[] {
  const [partitions, compression] = [options.partitions[0] as number, options.compressions[0] as Compression];
  return options.suites.flatMap((suite) => {
    const sizes = BY_SIZE.includes(suite) ? options.sizes : options.sizes.slice(0, 1);
    return sizes.flatMap((size): Group[] => {
      if (!VARIED.includes(suite)) return [{ suite, size, partitions, compression }];
      return options.partitions.flatMap((p) =>
        options.compressions.map((c) => {
          const variant = [p === partitions ? '' : `${p}p`, c === compression ? '' : c].filter(Boolean).join('-');
          return { suite, size, partitions: p, compression: c, ...(variant && { variant }) };
        }),
      );
    });
  });
}

/** Whether it reads a topic that is filled before. */
export function isReader({ suite, rounds }: Subject): boolean {
  return suite === 'consume' || suite === 'modes' || suite === 'scale' || (suite === 'streams' && rounds === undefined);
}

/** How many messages a subject writes, or its topic holds. A multiple of its partitions, and of its batches. */
export function messagesOf(
  subject: Subject,
  { size, partitions }: { size: number; partitions: number },
  options: Pick<Options, 'messages' | 'quick' | 'cluster'>,
  capacity: number | undefined,
): number {
  const own = subject.topic?.messages;
  const quick = options.quick ? 0.1 : 1;
  const wanted = own === undefined ? wantedOf(subject, size, options) * quick : own;
  const limits = [wanted];
  // The embedded cluster drops what is old; what is only written may be dropped.
  if (isReader(subject) && capacity !== undefined) limits.push(capacity);
  const most = Math.min(...limits);
  const unit = partitions * (subject.suite === 'modes' && most >= partitions * LARGEST_BATCH ? LARGEST_BATCH : 1);
  return Math.max(1, Math.floor(most / unit)) * unit;
}

function wantedOf(
  subject: Subject,
  size: number,
  { messages, cluster }: Pick<Options, 'messages' | 'cluster'>,
): number {
  const { share = 1 } = subject;
  const isOurs = messages === undefined && cluster.kind !== 'embedded';
  const most = messages ?? (isOurs ? MOST_MESSAGES : EMBEDDED_MESSAGES);
  const part = isOurs && !isReader(subject) ? WRITTEN : 1;
  // Of large messages all clients are about as fast, and so few of them as their share would tell nothing.
  const bytes = most * MOST_BYTES_EACH * Math.min(1, share * 3);
  return part * Math.min(most * share, bytes / Math.max(size, 1));
}

/** Payloads that writers have ready and send round and round. */
const PAYLOADS = 100_000;
const PAYLOAD_BYTES = 64 << 20;

/** How many of them: a gigabyte of large ones would be what their memory is measured by. */
export function cycleOf(size: number): number {
  return Math.min(PAYLOADS, Math.floor(PAYLOAD_BYTES / Math.max(size, 1)));
}
