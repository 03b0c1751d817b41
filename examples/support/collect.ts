import type { Consumer, KafkaStream, Message } from 'rdkafka-rx';

const keyOf = ({ topic, partition }: { topic: string; partition: number }) => `${topic}/${partition}`;

/**
 * Collects messages until there are `size` of them, or every assigned partition has reached its end, or `signal` is
 * aborted. One end is not enough: the other partitions may have messages left.
 */
export async function collect<K, V>(
  consumer: Consumer<K, V>,
  size: number,
  signal: AbortSignal,
  start: () => Promise<KafkaStream<K, V>>,
): Promise<Message<K, V>[]> {
  const collected: Message<K, V>[] = [];
  let messages: AsyncIterableIterator<Message<K, V>> | undefined;
  let over = false;
  const end = () => {
    over = true;
    void messages?.return?.();
  };
  const ended = new Set<string>();
  const unlisten = consumer.events.on((event) => {
    if (event.type !== 'eof') return;
    ended.add(keyOf(event));
    if (consumer.assignment().every((at) => ended.has(keyOf(at)))) end();
  });
  signal.addEventListener('abort', end);
  try {
    messages = (await start()).messages();
    if (over || signal.aborted) return collected;
    for await (const message of messages) {
      collected.push(message);
      if (collected.length === size) break;
    }
    return collected;
  } finally {
    signal.removeEventListener('abort', end);
    unlisten();
  }
}
