/** What the subjects of other clients share. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { TrialSpec } from '../trial';
import type { Meter } from './meter';

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

export interface ReadMessage {
  value: Buffer | null;
  offset: number;
}
export type Consumed = (error: unknown, messages: ReadMessage[]) => void;

/**
 * Reads `count` at a time through node-rdkafka's interface, which its fork has too, until the meter has all.
 *
 * @returns rejects when a read fails; how it goes otherwise, the meter tells
 */
export function readInTurns(
  consumer: { consume(count: number, callback: Consumed): void },
  meter: Meter,
  count: number,
): Promise<never> {
  return new Promise((_, reject) => {
    const next: Consumed = (error, messages) => {
      if (error) return reject(error);
      for (const { offset, value } of messages) if (!meter.message(offset, () => value)) return;
      consumer.consume(count, next);
    };
    consumer.consume(count, next);
  });
}

interface Delivered {
  offset: string;
  value: Buffer | null;
}

/** Starts `eachBatch` or `eachMessage`, as the trial says, of an interface like that of kafkajs, on all partitions at once. */
export function runEach(
  consumer: { run(options: object): Promise<void> },
  meter: Meter,
  { mode, partitions }: TrialSpec,
): Promise<void> {
  const partitionsConsumedConcurrently = partitions;
  if (mode === 'eachBatch') {
    const eachBatch = async ({ batch: { messages } }: { batch: { messages: Delivered[] } }) => {
      for (const { offset, value } of messages) meter.message(Number(offset), () => value);
    };
    return consumer.run({ eachBatch, eachBatchAutoResolve: true, partitionsConsumedConcurrently });
  }
  const eachMessage = async ({ message: { offset, value } }: { message: Delivered }) => {
    meter.message(Number(offset), () => value);
  };
  return consumer.run({ eachMessage, partitionsConsumedConcurrently });
}

/** Messages of a send: a partition's share of it is one batch on the wire, which the broker takes up to a mebibyte. */
export function batchOf(size: number, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(900_000 / (size + 32))));
}
