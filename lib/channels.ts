/**
 * What tools may watch, or change on its way, in every client of a process: named channels of Node's
 * `diagnostics_channel`. With no subscriber a channel costs a look at a property, once a call.
 */
import { type Channel, channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import type { AnyClient } from './any-client';
import type { ProducerRecord, RecordBatch } from './record';
import type { OffsetToCommit } from './stream/lane-source';

/** Published with `open` and `close`. */
export interface ClientMessage {
  readonly client: AnyClient;
}

/** Traced with `send`. A subscriber of `start` may put another record in its place. */
export interface SendMessage {
  readonly client: AnyClient;
  record: ProducerRecord<unknown, unknown>;
}

/** Traced with `sendBatch`. A subscriber of `start` may put another batch in its place. */
export interface SendBatchMessage {
  readonly client: AnyClient;
  batch: RecordBatch<unknown, unknown>;
}

/** Traced with `commit`. */
export interface CommitMessage {
  readonly client: AnyClient;
  readonly offsets: readonly OffsetToCommit[];
}

/** Published when `run()` or `runBatch()` is called. A subscriber may put another handler in its place. */
export interface RunMessage {
  /** Undefined where streams run without a client, as in a simulation. */
  readonly client: AnyClient | undefined;
  /** The stream's name. */
  readonly stream: string;
  /** Called with each `Message` (`run`) or `MessageBatch` (`runBatch`) and a `HandlerContext`. */
  handler: (unit: never, context: never) => unknown;
}

const traced = <M extends object>(name: string): TracingChannel<unknown, M> => tracingChannel<unknown, M>(name);

/**
 * The channels. Their names are `rdkafka-rx:open`, `rdkafka-rx:close`, `rdkafka-rx:run`, and those of Node's tracing
 * channels: `tracing:rdkafka-rx:send:start` and so on, for `send`, `sendBatch` and `commit`.
 */
export const channels = {
  /** A client was made. */
  open: channel('rdkafka-rx:open') as Channel<unknown, ClientMessage>,
  /** A client is closed. */
  close: channel('rdkafka-rx:close') as Channel<unknown, ClientMessage>,
  /** A handler is about to run over a stream. */
  run: channel('rdkafka-rx:run') as Channel<unknown, RunMessage>,
  /** From the call of `send` to the delivery report, which is the `result`. */
  send: traced<SendMessage>('rdkafka-rx:send'),
  /** From the call of `sendBatch` to the last delivery report. */
  sendBatch: traced<SendBatchMessage>('rdkafka-rx:sendBatch'),
  /** From a commit's request, automatic or not, to the broker's answer. */
  commit: traced<CommitMessage>('rdkafka-rx:commit'),
} as const;

/** Somebody traces. Node before 20.13 has no word for it but that of the channel everybody subscribes to. */
export function listened(channel: { readonly hasSubscribers?: boolean; readonly start: { hasSubscribers: boolean } }) {
  return channel.hasSubscribers ?? channel.start.hasSubscribers;
}
