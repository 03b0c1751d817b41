// Generated from librdkafka 2.15.1 by `npm run gen`. Do not edit.
// Sizes are in bytes unless it says otherwise. Fields that an older librdkafka does not send are absent at run time.

export interface Statistics {
  /** Handle instance name Example: `"rdkafka#producer-1"` */
  name: string;
  /** The configured (or default) `client.id` Example: `"rdkafka"` */
  client_id: string;
  /** Instance type (producer or consumer) Example: `"producer"` */
  type: string;
  /** librdkafka's internal monotonic clock (microseconds) Example: 12345678912345 */
  ts: number;
  /** Wall clock time in seconds since the epoch */
  time: number;
  /** Time since this client instance was created (microseconds) */
  age: number;
  /** Number of ops (callbacks, events, etc) waiting in queue for application to serve with rd_kafka_poll() */
  replyq: number;
  /** Current number of messages in producer queues */
  msg_cnt: number;
  /** Current total size of messages in producer queues */
  msg_size: number;
  /** Threshold: maximum number of messages allowed allowed on the producer queues */
  msg_max: number;
  /** Threshold: maximum total size of messages allowed on the producer queues */
  msg_size_max: number;
  /** Total number of requests sent to Kafka brokers */
  tx: number;
  /** Total number of bytes transmitted to Kafka brokers */
  tx_bytes: number;
  /** Total number of responses received from Kafka brokers */
  rx: number;
  /** Total number of bytes received from Kafka brokers */
  rx_bytes: number;
  /** Total number of messages transmitted (produced) to Kafka brokers */
  txmsgs: number;
  /** Total number of message bytes (including framing, such as per-Message framing and MessageSet/batch framing) transmitted to Kafka brokers */
  txmsg_bytes: number;
  /** Total number of messages consumed, not including ignored messages (due to offset, etc), from Kafka brokers. */
  rxmsgs: number;
  /** Total number of message bytes (including framing) received from Kafka brokers */
  rxmsg_bytes: number;
  /** Internal tracking of legacy vs new consumer API state */
  simple_cnt: number;
  /** Number of topics in the metadata cache. */
  metadata_cache_cnt: number;
  /** Dict of brokers, key is broker name, value is object. */
  brokers: Record<string, BrokerStatistics>;
  /** Dict of topics, key is topic name, value is object. */
  topics: Record<string, TopicStatistics>;
  /** Consumer group metrics. */
  cgrp?: ConsumerGroupStatistics;
  /** EOS / Idempotent producer state and metrics. */
  eos?: TransactionStatistics;
  /** Present after a fatal error: its text, its reason, and how many there were. */
  fatal?: { error: string; reason: string; cnt: number };
}

/** Per broker statistics. */
export interface BrokerStatistics {
  /** Broker hostname, port and broker id. An IPv6 address is enclosed in brackets per RFC 3986 (`"[::1]:9092/13"`) Example: `"example.com:9092/13"` */
  name: string;
  /** Broker id (-1 for bootstraps) Example: 13 */
  nodeid: number;
  /** Broker hostname and port. An IPv6 address is enclosed in brackets per RFC 3986 (`"[::1]:9092"`) Example: `"example.com:9092"` */
  nodename: string;
  /** Broker source (learned, configured, internal, logical) Example: `"configured"` */
  source: string;
  /** Broker state (INIT, DOWN, CONNECT, AUTH, APIVERSION_QUERY, AUTH_HANDSHAKE, UP, UPDATE) Example: `"UP"` */
  state: string;
  /** Time since last broker state change (microseconds) */
  stateage: number;
  /** Number of requests awaiting transmission to broker */
  outbuf_cnt: number;
  /** Number of messages awaiting transmission to broker */
  outbuf_msg_cnt: number;
  /** Number of requests in-flight to broker awaiting response */
  waitresp_cnt: number;
  /** Number of messages in-flight to broker awaiting response */
  waitresp_msg_cnt: number;
  /** Total number of requests sent */
  tx: number;
  /** Total number of bytes sent */
  txbytes: number;
  /** Total number of transmission errors */
  txerrs: number;
  /** Total number of request retries */
  txretries: number;
  /** Microseconds since last socket send (or -1 if no sends yet for current connection). */
  txidle: number;
  /** Total number of requests timed out */
  req_timeouts: number;
  /** Total number of responses received */
  rx: number;
  /** Total number of bytes received */
  rxbytes: number;
  /** Total number of receive errors */
  rxerrs: number;
  /** Total number of unmatched correlation ids in response (typically for timed out requests) */
  rxcorriderrs: number;
  /** Total number of partial MessageSets received. The broker may return partial responses if the full MessageSet could not fit in the remaining Fetch response size. */
  rxpartial: number;
  /** Microseconds since last socket receive (or -1 if no receives yet for current connection). */
  rxidle: number;
  /** Request type counters. Object key is the request name, value is the number of requests sent. */
  req: Record<string, number>;
  /** Total number of decompression buffer size increases */
  zbuf_grow: number;
  /** Total number of buffer size increases (deprecated, unused) */
  buf_grow: number;
  /** Broker thread poll loop wakeups */
  wakeups: number;
  /** Number of connection attempts, including successful and failed, and name resolution failures. */
  connects: number;
  /** Number of disconnects (triggered by broker, network, load-balancer, etc.). */
  disconnects: number;
  /** Internal producer queue latency in microseconds. */
  int_latency: WindowStatistics;
  /** Internal request queue latency in microseconds. This is the time between a request is enqueued on the transmit (outbuf) queue and the time the request is written to the TCP socket. Additional buffering and latency may be incurred by the TCP stack and network. */
  outbuf_latency: WindowStatistics;
  /** Broker latency / round-trip time in microseconds. */
  rtt: WindowStatistics;
  /** Broker throttling time in milliseconds. */
  throttle: WindowStatistics;
  /** Partitions handled by this broker handle. Key is "topic-partition". */
  toppars: Record<string, BrokerPartitionStatistics>;
}

/** Rolling window statistics. The values are in microseconds unless otherwise stated. */
export interface WindowStatistics {
  /** Smallest value */
  min: number;
  /** Largest value */
  max: number;
  /** Average value */
  avg: number;
  /** Sum of values */
  sum: number;
  /** Number of values sampled */
  cnt: number;
  /** Standard deviation (based on histogram) */
  stddev: number;
  /** Memory size of Hdr Histogram */
  hdrsize: number;
  /** 50th percentile */
  p50: number;
  /** 75th percentile */
  p75: number;
  /** 90th percentile */
  p90: number;
  /** 95th percentile */
  p95: number;
  /** 99th percentile */
  p99: number;
  /** 99.99th percentile */
  p99_99: number;
  /** Values skipped due to out of histogram range */
  outofrange: number;
}

/** Topic partition assigned to broker. */
export interface BrokerPartitionStatistics {
  /** Topic name Example: `"mytopic"` */
  topic: string;
  /** Partition id Example: 3 */
  partition: number;
}

export interface TopicStatistics {
  /** Topic name Example: `"myatopic"` */
  topic: string;
  /** Age of client's topic object (milliseconds) */
  age: number;
  /** Age of metadata from broker for this topic (milliseconds) */
  metadata_age: number;
  /** Batch sizes in bytes. */
  batchsize: WindowStatistics;
  /** Batch message counts. */
  batchcnt: WindowStatistics;
  /** Partitions dict, key is partition id. */
  partitions: Record<string, PartitionStatistics>;
}

export interface PartitionStatistics {
  /** Partition Id (-1 for internal UA/UnAssigned partition) Example: 3 */
  partition: number;
  /** The id of the broker that messages are currently being fetched from */
  broker: number;
  /** Current leader broker id */
  leader: number;
  /** Partition is explicitly desired by application */
  desired: boolean;
  /** Partition not seen in topic metadata from broker */
  unknown: boolean;
  /** Number of messages waiting to be produced in first-level queue */
  msgq_cnt: number;
  /** Number of bytes in msgq_cnt */
  msgq_bytes: number;
  /** Number of messages ready to be produced in transmit queue */
  xmit_msgq_cnt: number;
  /** Number of bytes in xmit_msgq */
  xmit_msgq_bytes: number;
  /** Number of pre-fetched messages in fetch queue */
  fetchq_cnt: number;
  /** Bytes in fetchq */
  fetchq_size: number;
  /** Consumer fetch state for this partition (none, stopping, stopped, offset-query, offset-wait, active). Example: `"active"` */
  fetch_state: string;
  /** Current/Last logical offset query */
  query_offset: number;
  /** Next offset to fetch */
  next_offset: number;
  /** Offset of last message passed to application + 1 */
  app_offset: number;
  /** Offset to be committed */
  stored_offset: number;
  /** Partition leader epoch of stored offset */
  stored_leader_epoch: number;
  /** Last committed offset */
  committed_offset: number;
  /** Partition leader epoch of committed offset */
  committed_leader_epoch: number;
  /** Last PARTITION_EOF signaled offset */
  eof_offset: number;
  /** Partition's low watermark offset on broker */
  lo_offset: number;
  /** Partition's high watermark offset on broker */
  hi_offset: number;
  /** Partition's last stable offset on broker, or same as hi_offset is broker version is less than 0.11.0.0. */
  ls_offset: number;
  /** Difference between (hi_offset or ls_offset) and committed_offset). hi_offset is used when isolation.level=read_uncommitted, otherwise ls_offset. */
  consumer_lag: number;
  /** Difference between (hi_offset or ls_offset) and stored_offset. See consumer_lag and stored_offset. */
  consumer_lag_stored: number;
  /** Last known partition leader epoch, or -1 if unknown. */
  leader_epoch: number;
  /** Total number of messages transmitted (produced) */
  txmsgs: number;
  /** Total number of bytes transmitted for txmsgs */
  txbytes: number;
  /** Total number of messages consumed, not including ignored messages (due to offset, etc). */
  rxmsgs: number;
  /** Total number of bytes received for rxmsgs */
  rxbytes: number;
  /** Total number of messages received (consumer, same as rxmsgs), or total number of messages produced (possibly not yet transmitted) (producer). */
  msgs: number;
  /** Dropped outdated messages */
  rx_ver_drops: number;
  /** Current number of messages in-flight to/from broker */
  msgs_inflight: number;
  /** Next expected acked sequence (idempotent producer) */
  next_ack_seq: number;
  /** Next expected errored sequence (idempotent producer) */
  next_err_seq: number;
  /** Last acked internal message id (idempotent producer) */
  acked_msgid: number;
}

export interface ConsumerGroupStatistics {
  /** Local consumer group handler's state. Example: "up" */
  state: string;
  /** Time elapsed since last state change (milliseconds). */
  stateage: number;
  /** Local consumer group handler's join state. Example: "assigned" */
  join_state: string;
  /** Time elapsed since last rebalance (assign or revoke) (milliseconds). */
  rebalance_age: number;
  /** Total number of rebalances (assign or revoke). */
  rebalance_cnt: number;
  /** Last rebalance reason, or empty string. */
  rebalance_reason: string;
  /** Current assignment's partition count. */
  assignment_size: number;
}

export interface TransactionStatistics {
  /** Current idempotent producer id state. Example: "Assigned" */
  idemp_state: string;
  /** Time elapsed since last idemp_state change (milliseconds). */
  idemp_stateage: number;
  /** Current transactional producer state. Example: "InTransaction" */
  txn_state: string;
  /** Time elapsed since last txn_state change (milliseconds). */
  txn_stateage: number;
  /** Transactional state allows enqueuing (producing) new messages. */
  txn_may_enq: boolean;
  /** The currently assigned Producer ID (or -1). */
  producer_id: number;
  /** The current epoch (or -1). */
  producer_epoch: number;
  /** The number of Producer ID assignments since start. */
  epoch_cnt: number;
}
