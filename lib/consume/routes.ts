import { ArgumentError } from '../core/errors';
import type { KafkaStream } from './stream/stream';
import { checkTopics, isPattern, matches, subscription, type Topic, type Topics } from './topic-pattern';

/** Which stream reads which topics. A topic belongs to one; what none has belongs to the stream without topics. */
export class Routes {
  private readonly all: { readonly stream: KafkaStream<never, never>; readonly topics: readonly Topic[] | null }[] = [];

  get streams(): KafkaStream<never, never>[] {
    return this.all.map(({ stream }) => stream);
  }

  /** @throws ArgumentError when there is no topic, one is none, or another stream has one of them. */
  check(topics: Topics): readonly Topic[] {
    const list = checkTopics(topics, 'a stream');
    for (const topic of list) {
      const holder = this.all.find((route) => route.topics?.some((other) => overlap(topic, other)));
      if (holder === undefined) continue;
      throw new ArgumentError(`topic ${topic} is already read by ${holder.stream.name}: a topic belongs to one stream`);
    }
    return list;
  }

  add<K, V>(stream: KafkaStream<K, V>, topics: readonly Topic[] | null): void {
    this.all.push({ stream: stream as unknown as KafkaStream<never, never>, topics });
  }

  /** Gives up the topics of a stream. @returns whether it had some. */
  remove(stream: KafkaStream<never, never>): boolean {
    const at = this.all.findIndex((route) => route.stream === stream && route.topics !== null);
    if (at >= 0) this.all.splice(at, 1);
    return at >= 0;
  }

  /** Union of the topics of all streams, as librdkafka takes them. */
  topics(): string[] {
    return this.all.flatMap(({ topics }) => (topics ?? []).map(subscription));
  }

  /** Who reads the topic: more than one when patterns turn out to overlap. */
  of(topic: string): KafkaStream<never, never>[] {
    const found = this.all.filter(({ topics }) => topics?.some((own) => matches(own, topic)));
    const readers = found.length > 0 ? found : this.all.filter(({ topics }) => topics === null);
    return readers.map(({ stream }) => stream);
  }
}

function overlap(one: Topic, other: Topic): boolean {
  return (
    subscription(other) === subscription(one) ||
    (typeof one === 'string' && !isPattern(one) && matches(other, one)) ||
    (typeof other === 'string' && !isPattern(other) && matches(one, other))
  );
}
