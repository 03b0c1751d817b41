import { ArgumentError } from '../core/errors';
import { checkTopics, isPattern, matches, subscription, type Topic, type Topics } from './topic-pattern';

/** Which stream reads which topics. A topic belongs to one stream; all others belong to the stream without topics. */
export class Routes<S extends { readonly name: string }> {
  private readonly all: { readonly stream: S; readonly topics: readonly Topic[] | null }[] = [];

  get streams(): S[] {
    return this.all.map(({ stream }) => stream);
  }

  /** @throws ArgumentError when there is no topic, one is malformed, or another stream reads one of them. */
  check(topics: Topics): readonly Topic[] {
    const list = checkTopics(topics, 'a stream');
    for (const topic of list) {
      const holder = this.all.find((route) => route.topics?.some((other) => overlap(topic, other)));
      if (holder === undefined) continue;
      throw new ArgumentError(`topic ${topic} is already read by ${holder.stream.name}: a topic belongs to one stream`);
    }
    return list;
  }

  add(stream: S, topics: readonly Topic[] | null): void {
    this.all.push({ stream, topics });
  }

  /** Forgets the stream without topics: another takes its place. */
  dropDefault(): void {
    const at = this.all.findIndex(({ topics }) => topics === null);
    if (at >= 0) this.all.splice(at, 1);
  }

  isDefault(stream: S): boolean {
    return this.all.some((route) => route.stream === stream && route.topics === null);
  }

  /** Gives up the topics of a stream. @returns whether it had some. */
  remove(stream: S): boolean {
    const at = this.all.findIndex((route) => route.stream === stream && route.topics !== null);
    if (at >= 0) this.all.splice(at, 1);
    return at >= 0;
  }

  /** Union of the topics of all streams, as librdkafka takes them. */
  topics(): string[] {
    return this.all.flatMap(({ topics }) => (topics ?? []).map(subscription));
  }

  /** The readers of a topic: more than one when patterns turn out to overlap. */
  of(topic: string): S[] {
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
