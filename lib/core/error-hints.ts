import type { ErrorName } from '../generated/errors';

/** What to do about a frequent error. */
export function hintFor(name: ErrorName, text: string, consumer: boolean): string | undefined {
  if (/OAUTHBEARER token/.test(text)) return TOKEN;
  // librdkafka reports a rejected certificate as a TLS error or as a lost connection, depending on which of its threads sees it first.
  if (name === '_TRANSPORT' && /SSL routines:/.test(text)) return HINTS._SSL;
  const hint = HINTS[name];
  return hint === NO_TOPIC && consumer ? `${hint} (or set 'allow.auto.create.topics')` : hint;
}

const UNREACHABLE =
  "Check 'bootstrap.servers' and 'security.protocol', that the broker is up, and that its advertised.listeners are " +
  'reachable from here';
const NO_TOPIC = 'Check the name, and create the topic first';
const NO_PARTITION = 'The topic has no such partition; partitions are numbered from 0';
const LOGIN = "Check 'security.protocol', 'sasl.mechanisms', 'sasl.username' and 'sasl.password'";
const TOKEN =
  "Check the option 'oauthBearerToken', or with 'sasl.oauthbearer.method' oidc the keys 'sasl.oauthbearer.client.*' and " +
  "'sasl.oauthbearer.token.endpoint.url'";
const ACL = 'This principal needs an ACL that allows it';
const GONE = 'The group has removed this consumer; its partitions are read again from the last commit';
const FENCED = "Another producer uses the same 'transactional.id'; close this one";

const HINTS: Partial<Record<ErrorName, string>> = {
  _TRANSPORT: UNREACHABLE,
  _RESOLVE: UNREACHABLE,
  _ALL_BROKERS_DOWN: UNREACHABLE,
  _AUTHENTICATION: LOGIN,
  SASL_AUTHENTICATION_FAILED: LOGIN,
  UNSUPPORTED_SASL_MECHANISM: LOGIN,
  _SSL: "Check 'ssl.ca.location', the client's certificate and key, and that the listener speaks TLS",
  _UNKNOWN_TOPIC: NO_TOPIC,
  UNKNOWN_TOPIC_OR_PART: NO_TOPIC,
  _UNKNOWN_PARTITION: NO_PARTITION,
  MSG_SIZE_TOO_LARGE:
    "Raise 'message.max.bytes' of the producer and 'max.message.bytes' of the topic, or send smaller records",
  _MSG_TIMED_OUT:
    "No broker acknowledged it within 'message.timeout.ms'; check that the brokers are reachable and that the topic exists",
  _QUEUE_FULL: "Wait for deliveries, or raise 'queue.buffering.max.messages' and 'queue.buffering.max.kbytes'",
  OFFSET_OUT_OF_RANGE: 'The log does not contain this offset (any more); seek to the beginning or the end',
  _AUTO_OFFSET_RESET:
    "The log does not contain the offset, or none is committed, and 'auto.offset.reset' is 'error'; assign the partition again with another offset",
  _MAX_POLL_EXCEEDED:
    "The process did not run for longer than 'max.poll.interval.ms': it was suspended or starved of CPU. Slow handlers do not cause this",
  UNKNOWN_MEMBER_ID: GONE,
  ILLEGAL_GENERATION: GONE,
  STALE_MEMBER_EPOCH: GONE,
  FENCED_INSTANCE_ID: "Another consumer uses the same 'group.instance.id'",
  INCONSISTENT_GROUP_PROTOCOL:
    "Members of one group need a common 'partition.assignment.strategy' and 'group.protocol'",
  TOPIC_AUTHORIZATION_FAILED: ACL,
  GROUP_AUTHORIZATION_FAILED: ACL,
  CLUSTER_AUTHORIZATION_FAILED: ACL,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: ACL,
  _FENCED: FENCED,
  PRODUCER_FENCED: FENCED,
  INVALID_PRODUCER_EPOCH: FENCED,
  TOPIC_ALREADY_EXISTS: 'Choose another name, or use the existing topic',
};

/** Transient errors. librdkafka sets its own `retriable` flag on some paths only. */
export const RETRIABLE: ReadonlySet<string> = new Set<ErrorName>([
  ...(['_TRANSPORT', '_ALL_BROKERS_DOWN', '_RESOLVE', '_TIMED_OUT', '_TIMED_OUT_QUEUE', '_WAIT_COORD'] as const),
  ...(['_QUEUE_FULL', '_RETRY', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION', 'REQUEST_TIMED_OUT'] as const),
  ...(['BROKER_NOT_AVAILABLE', 'REPLICA_NOT_AVAILABLE', 'NETWORK_EXCEPTION', 'NOT_ENOUGH_REPLICAS'] as const),
  ...(['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE'] as const),
  ...(['NOT_COORDINATOR', 'REBALANCE_IN_PROGRESS', 'NOT_CONTROLLER', 'CONCURRENT_TRANSACTIONS'] as const),
  ...(['KAFKA_STORAGE_ERROR', 'FENCED_LEADER_EPOCH', 'UNKNOWN_LEADER_EPOCH', 'OFFSET_NOT_AVAILABLE'] as const),
  ...(['UNSTABLE_OFFSET_COMMIT', 'THROTTLING_QUOTA_EXCEEDED', 'PREFERRED_LEADER_NOT_AVAILABLE'] as const),
]);
