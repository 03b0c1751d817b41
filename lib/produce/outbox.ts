import type { NativeProducer } from '../native/interface';
import type { ProducerRecord } from './record';
import { type RecordHeaders, RecordPack } from './record-pack';
import type { Data } from './serialize';

/** The records of a tick cross when they are this many bytes, even before the tick ends. */
const CROSS_BYTES = 256 * 1024;

/** Records on their way to the poll thread: packed, and handed over in one crossing per tick. */
export class Outbox {
  private readonly pack = new RecordPack();
  private readonly topics = new Map<string, number>();
  private lastTopic = '';
  private lastTopicId = -1;
  private scheduled = false;
  /** The producer closed: nothing more crosses. */
  private closed = false;

  constructor(private readonly target: Pick<NativeProducer, 'topic' | 'produce'>) {}

  /** Packs a record. @returns its bytes in the queue. @throws TypeError for headers that cannot be packed */
  add(
    record: Omit<ProducerRecord<unknown, unknown>, 'topic'>,
    topic: string,
    slot: number,
    index: number,
    key: Data,
    value: Data,
    headers: RecordHeaders | undefined,
  ): number {
    const { timestamp } = record;
    const at = timestamp === undefined ? 0 : typeof timestamp === 'number' ? timestamp : timestamp.getTime();
    const { pack } = this;
    const size = pack.add(this.topicId(topic), record.partition ?? -1, slot, index, at, key, value, headers);
    if (pack.length >= CROSS_BYTES) this.cross();
    return size;
  }

  private topicId(topic: string): number {
    if (topic === this.lastTopic) return this.lastTopicId;
    let id = this.topics.get(topic);
    if (id === undefined) {
      id = this.topics.size;
      this.target.topic(topic);
      this.topics.set(topic, id);
    }
    this.lastTopic = topic;
    this.lastTopicId = id;
    return id;
  }

  /** Hands the records over at the end of the tick. */
  schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.cross();
    });
  }

  /** Hands the records over now, in one crossing. */
  cross(): void {
    const { pack } = this;
    if (pack.length === 0 || this.closed) return;
    this.target.produce(pack.bytes, pack.length);
    pack.clear();
  }

  /** Hands over the last records. */
  close(): void {
    this.cross();
    this.closed = true;
  }
}
