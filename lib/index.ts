/**
 * Kafka for Node.js: a thin typed layer over librdkafka, with messages, end of partition and the poll loop as streams.
 *
 * @packageDocumentation
 */
export { Admin, type NewTopic } from './admin/admin';
export { Client } from './client/client';
export type { CommonEvent, ErrorEvent } from './client/events';
export type { ClientOptions, OAuthBearerToken, RequestOptions } from './client/options';
export { closeOnSignals, type SignalOptions, type SignalShutdown } from './client/shutdown';
export type { CommitOptions } from './consume/committer';
export { Consumer, type GroupMetadata } from './consume/consumer';
export type { CreditLimits } from './consume/credit';
export type {
  Abandoned,
  AutoCommitEvent,
  CommitEvent,
  ConsumerEvent,
  RebalanceEvent,
  StreamEvent,
} from './consume/events';
export type { ConsumerFlow, PartitionFlow, TopicFlow } from './consume/flow';
export type { CommittedOffset, Watermarks } from './consume/offset-queries';
export type { Committable } from './consume/offsets-to-commit';
export * from './consume/operators';
export type { ConsumerOptions, Deserializers, MessageField } from './consume/options';
export type { Range, RangePoint } from './consume/read-range';
export type { DrainOutcome, RebalanceOptions } from './consume/rebalance-options';
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
} from './consume/run/failure';
export type { RunBatchOptions, RunOptions, RunSummary } from './consume/run/options';
export type { BatchOptions } from './consume/stream/batcher';
export { StreamBusyError } from './consume/stream/feed';
export type { KafkaStream } from './consume/stream/kafka-stream';
export type { CommitMode, StopOptions, StopSummary, StreamOptions } from './consume/stream/options';
export type { PartitionStream } from './consume/stream/partitions';
export type { Topics } from './consume/topic-pattern';
export type { WatchOptions } from './consume/watch-options';
export {
  AbortError,
  ArgumentError,
  type ClientErrorCode,
  ClosedError,
  ConfigError,
  ConsumeError,
  DecodeError,
  KafkaError,
  type KafkaErrorCode,
  type KafkaErrorOptions,
  LoadError,
  type MessagePosition,
  type NativeError,
  type NativeErrorContext,
  StateError,
  UnsupportedError,
} from './core/errors';
export type { EventHub, Events } from './core/event-hub';
export type {
  CommitOutcome,
  OffsetToCommit,
  PartitionStart,
  StartOffset,
  TopicPartition,
  TopicPartitionOffset,
} from './core/partition';
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
export type { AckResult, StaleReason } from './message/ack';
export { type BatchReason, MessageBatch } from './message/batch';
export { Headers } from './message/headers';
export { type AnyMessage, Message, type TimestampType } from './message/message';
export type { ClientEvent, LaneAssignment } from './native/events';
export type { ClusterMetadata, TopicMetadata } from './native/interface';
export {
  type ClientMessage,
  type CommitMessage,
  channels,
  type RunMessage,
  type SendBatchMessage,
  type SendMessage,
} from './observe/channels';
export type { ClientView } from './observe/client-view';
export { type Logger, type Logging, logTo } from './observe/log';
export type { ProducerFlow } from './produce/delivery-ledger';
export { Producer, type ProducerEvent, type SendOptions } from './produce/producer';
export type { ProducerRecord, RecordBatch, Serializers } from './produce/record';
export type { HeaderValue, RecordHeaders } from './produce/record-pack';
export {
  type BatchReport,
  type DeliveryReport,
  type PersistenceStatus,
  ProduceError,
  type ProduceTarget,
} from './produce/report';
export { bytes, float64, int32, int64, json, nil, utf8, uuid } from './serde/builtins';
export { nullable } from './serde/nullable';
export type * from './serde/serde';
