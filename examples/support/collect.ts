import type { Consumer, Message } from 'rdkafka-rx';

/** Identity of a partition. */
const keyOf = ({ topic, partition }: { topic: string; partition: number }) => `${topic}/${partition}`;

/**
 * Collects messages until there are `size` of them, or every assigned partition has reached its end, or `signal` is
 * aborted. One end is not enough: the other partitions may have messages left.
 */
export async function collect<K, V>(
  consumer: Consumer<K, V>,
  size: number,
  signal: AbortSignal,
  start: () => Promise<void>,
): Promise<Message<K, V>[]> {
  const collected: Message<K, V>[] = [];
  const messages = consumer.own.messages();
  const end = () => void messages.return?.();
  const ended = new Set<string>();
  const unlisten = consumer.events.on((event) => {
    if (event.type !== 'eof') return;
    ended.add(keyOf(event));
    if (consumer.assignment().every((at) => ended.has(keyOf(at)))) end();
  });
  signal.addEventListener('abort', end);
  try {
    await start();
    if (signal.aborted) return collected;
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
