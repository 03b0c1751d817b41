/**
 * Kafka for Node.js: a thin typed layer over librdkafka, with messages, end of partition and the poll loop as streams.
 *
 * @packageDocumentation
 */
export { Admin, type NewTopic } from './admin';
export type { AnyClient } from './any-client';
export { type BatchReason, MessageBatch } from './batch';
export {
  type ClientMessage,
  type CommitMessage,
  channels,
  type RunMessage,
  type SendBatchMessage,
  type SendMessage,
} from './channels';
export { Client, type CommonEvent } from './client';
export type { ClientOptions, OAuthBearerToken, RequestOptions } from './client-options';
export { type CommittedOffset, Consumer, type GroupMetadata } from './consumer';
export type { ConsumerOptions, Deserializers, MessageField } from './consumer-options';
export * from './errors';
export type {
  AdminConfig,
  ConsumerConfig,
  ConsumerTopicConfig,
  Csv,
  GlobalConfig,
  ProducerConfig,
  ProducerTopicConfig,
} from './generated/config';
export { type ErrorName, errorCodes } from './generated/errors';
export type * from './generated/statistics';
export type { BatchReport, DeliveryReport, ProducerFlow } from './ledger';
export { type Logger, type Logging, logTo } from './log';
export { type AckResult, Headers, Message, type StaleReason, type TimestampType } from './message';
export type { ClusterMetadata, TopicMetadata } from './native';
export type { PartitionStart, StartOffset } from './offsets';
export { Producer, type ProducerEvent, type SendOptions } from './producer';
export type { ProducerRecord, RecordBatch, Serializers } from './record';
export type { HeaderValue, RecordHeaders } from './record-pack';
export * from './serdes';
export { closeOnSignals, type SignalOptions, type SignalShutdown } from './shutdown';
export type { BatchOptions, CreditLimits } from './stream/batcher';
export type { CommitOptions } from './stream/committer';
export type {
  Abandoned,
  AutoCommitEvent,
  CommitEvent,
  ConsumerEvent,
  ErrorEvent,
  EventHub,
  RebalanceEvent,
  StreamEvent,
} from './stream/events';
export {
  type BatchHandler,
  type DeadLetter,
  type Decision,
  type FailureOptions,
  type FailurePolicy,
  type HandlerContext,
  HandlerError,
  type MessageHandler,
  type Order,
} from './stream/failure';
export { LeaseHeldError } from './stream/feed';
export type { ConsumerFlow, PartitionFlow, TopicFlow } from './stream/flow';
export type {
  ClientEvent,
  CommitOutcome,
  LaneAssignment,
  OffsetToCommit,
  TopicPartition,
  TopicPartitionOffset,
} from './stream/lane-source';
export { PartitionStream } from './stream/observable';
export * from './stream/operators';
export type { Range, RangePoint } from './stream/read-range';
export type { DrainOutcome, RebalanceOptions } from './stream/rebalance';
export type { RunBatchOptions, RunOptions, RunSummary } from './stream/run';
export type { KafkaStream, StopSummary, Topics } from './stream/stream';
export type { CommitMode, StopOptions, StreamOptions } from './stream/stream-options';
export type { WatchOptions } from './stream/watch';
