/** events$ is one union that `type` tells apart; its slices have the types of their members. */

import type {
  CommitEvent,
  Consumer,
  ConsumerEvent,
  KafkaError,
  KafkaErrorCode,
  Producer,
  RebalanceEvent,
  Statistics,
  TopicPartition,
  TopicPartitionOffset,
} from 'rdkafka-rx';
import type { Observable } from 'rxjs';
import { is, same } from './assert';

export function told(event: ConsumerEvent): string {
  switch (event.type) {
    case 'assigned':
      is<readonly TopicPartitionOffset[]>()(event.partitions);
      return event.type;
    case 'revoked':
      is<boolean>()(event.drained);
      is<readonly TopicPartition[]>()(event.partitions);
      return event.type;
    case 'lost':
      // @ts-expect-error nothing was drained
      return event.drained;
    case 'eof':
      is<number>()(event.offset);
      return event.topic;
    case 'error':
      is<KafkaError>()(event.error);
      return event.error.code;
    case 'log':
      is<number>()(event.level);
      return event.message;
    case 'commit':
      is<boolean>()(event.willRetry);
      return event.type;
    default:
      return event.type;
  }
}

// @ts-expect-error there is no such event
export const never: ConsumerEvent['type'] = 'no-such-event';

export function slices(consumer: Consumer, producer: Producer): void {
  is<Observable<ConsumerEvent>>()(consumer.events$);
  is<Observable<KafkaError>>()(consumer.errors$);
  is<Observable<Statistics>>()(consumer.statistics$);
  is<Observable<RebalanceEvent>>()(consumer.rebalances$);
  is<Observable<CommitEvent>>()(consumer.commits$);
  is<Observable<Statistics>>()(producer.statistics$);
  consumer.eof$.subscribe(({ topic, partition, offset }) => {
    is<string>()(topic);
    is<number>()(partition);
    is<number>()(offset);
  });
  consumer.statistics$.subscribe((stats) => {
    is<number>()(stats.txmsgs);
    is<number | undefined>()(stats.topics.t?.partitions[0]?.consumer_lag);
    // @ts-expect-error a misspelt counter
    void stats.txmsg;
  });
  producer.deliveries$.subscribe(({ offset, error }) => {
    is<number>()(offset);
    if (error !== null) is<'not-persisted' | 'possibly-persisted' | 'persisted'>()(error.status);
  });
}

// Codes are a closed set: a comparison with a code that does not exist does not compile.
export function codes(error: KafkaError): boolean {
  same<typeof error.code, KafkaErrorCode>();
  // @ts-expect-error no such code
  if (error.code === 'ERR_KAFKA_NO_SUCH_THING') return true;
  return error.code === 'ERR_KAFKA__TRANSPORT' || error.code === 'ERR_KAFKA_CLIENT_CLOSED';
}
