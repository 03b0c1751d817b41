/** What the subjects of other clients share. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

// Peers live in a package of their own, next to the sources and not to what they are compiled to.
const bench = join(dirname(require.resolve('rdkafka-rx/package.json')), 'bench/package.json');

/** Loads a peer, of whatever type its caller says. */
export function peer<T>(name: string): T {
  return createRequire(bench)(name) as T;
}

export function versionOf(name: string): string {
  const file = join(dirname(bench), 'node_modules', name, 'package.json');
  return (createRequire(bench)(file) as { version: string }).version.replace(/^v/, '');
}

/** Sends pieces of work, so many at a time, until all messages are sent. */
export async function sendAll(
  messages: number,
  batch: number,
  open: number,
  send: (from: number, to: number) => Promise<unknown>,
): Promise<void> {
  let from = 0;
  const sender = async () => {
    while (from < messages) {
      const [start, end] = [from, Math.min(from + batch, messages)];
      from = end;
      await send(start, end);
    }
  };
  await Promise.all(Array.from({ length: open }, sender));
}
