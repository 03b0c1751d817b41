import { traced } from '../client/channels';
import type { ClientIdentity } from '../client/identity';
import type { ProducerRecord, RecordBatch } from './record';

/** Traced on `send`. A subscriber of `start` may replace the record. */
export interface SendMessage<C = ClientIdentity> {
  readonly client: C;
  record: ProducerRecord<unknown, unknown>;
}

/** Traced on `sendBatch`. A subscriber of `start` may replace the batch. */
export interface SendBatchMessage<C = ClientIdentity> {
  readonly client: C;
  batch: RecordBatch<unknown, unknown>;
}

export const sendChannel = traced<SendMessage>('rdkafka-rx:send');
export const sendBatchChannel = traced<SendBatchMessage>('rdkafka-rx:sendBatch');
