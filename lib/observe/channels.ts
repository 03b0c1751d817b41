/**
 * `diagnostics_channel` channels that report on every client of a process. Subscribers may also replace records and handlers. A
 * channel without a subscriber costs one property read per call.
 */
import type { Channel, TracingChannel } from 'node:diagnostics_channel';
import { type ClientMessage as ClientMessageOf, closeChannel, openChannel } from '../client/channels';
import {
  type CommitMessage as CommitMessageOf,
  commitChannel,
  type RunMessage as RunMessageOf,
  runChannel,
} from '../consume/channels';
import {
  type SendBatchMessage as SendBatchMessageOf,
  type SendMessage as SendMessageOf,
  sendBatchChannel,
  sendChannel,
} from '../produce/channels';
import type { ClientView } from './client-view';

/** Published on `open` and `close`. */
export type ClientMessage = ClientMessageOf<ClientView>;
/** Traced on `send`. A subscriber of `start` may replace the record. */
export type SendMessage = SendMessageOf<ClientView>;
/** Traced on `sendBatch`. A subscriber of `start` may replace the batch. */
export type SendBatchMessage = SendBatchMessageOf<ClientView>;
/** Traced on `commit`. */
export type CommitMessage = CommitMessageOf<ClientView>;
/** Published when `run()` or `runBatch()` is called. A subscriber may replace the handler. */
export type RunMessage = RunMessageOf<ClientView>;

/**
 * The channels: `rdkafka-rx:open`, `rdkafka-rx:close`, `rdkafka-rx:run`, and the tracing channels
 * `tracing:rdkafka-rx:send:start` and so on, for `send`, `sendBatch` and `commit`.
 */
export const channels = {
  /** A client was created. */
  open: openChannel as unknown as Channel<unknown, ClientMessage>,
  /** A client has closed. */
  close: closeChannel as unknown as Channel<unknown, ClientMessage>,
  /** `run()` or `runBatch()` was called. */
  run: runChannel as unknown as Channel<unknown, RunMessage>,
  /** From the call of `send` to the delivery report, which is the `result`. */
  send: sendChannel as unknown as TracingChannel<unknown, SendMessage>,
  /** From the call of `sendBatch` to the last delivery report. */
  sendBatch: sendBatchChannel as unknown as TracingChannel<unknown, SendBatchMessage>,
  /** From the request of a commit, automatic or explicit, to the broker's answer. */
  commit: commitChannel as unknown as TracingChannel<unknown, CommitMessage>,
} as const;
