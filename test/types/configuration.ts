/** Configuration: a typo, a wrong word or a key of the other client does not compile. */
import { Admin, type AdminConfig, Consumer, type ConsumerConfig, Producer, type ProducerConfig } from 'rdkafka-rx';

const servers = { 'bootstrap.servers': 'localhost:9092' };

// What is right compiles.
const consumer: ConsumerConfig = {
  ...servers,
  'group.id': 'g',
  'auto.offset.reset': 'earliest',
  'group.protocol': 'consumer',
  'session.timeout.ms': 6000,
  'partition.assignment.strategy': 'cooperative-sticky',
  'security.protocol': 'sasl_ssl',
  debug: ['consumer', 'cgrp'],
};
const producer: ProducerConfig = {
  ...servers,
  acks: -1,
  'enable.idempotence': true,
  'compression.type': 'zstd',
  'linger.ms': 0.5,
  debug: 'msg,broker',
};
const admin: AdminConfig = { 'bootstrap.servers': ['a:9092', 'b:9092'], 'client.id': 'x' };
new Consumer(consumer);
new Producer(producer);
new Admin(admin);

// A configuration without brokers is none.
// @ts-expect-error bootstrap.servers is required
new Consumer({ 'group.id': 'g' });
// @ts-expect-error bootstrap.servers is required
new Producer({});

// Typos.
// @ts-expect-error group.id
new Consumer({ ...servers, 'group.idd': 'g' });
// @ts-expect-error linger.ms
new Producer({ ...servers, 'linger.mss': 5 });
// @ts-expect-error brokers is another client's name
new Admin({ ...servers, brokers: ['a'] });

// Wrong types and words.
// @ts-expect-error a number
new Consumer({ ...servers, 'session.timeout.ms': '6000 ms' });
// @ts-expect-error a boolean
new Producer({ ...servers, 'enable.idempotence': 'yes' });
// @ts-expect-error earliest
new Consumer({ ...servers, 'auto.offset.reset': 'first' });
// @ts-expect-error not a codec
new Producer({ ...servers, 'compression.type': 'brotli' });
// @ts-expect-error not a debug context
new Producer({ ...servers, debug: ['everything'] });

// Keys of the other client, also when they come in a variable.
// @ts-expect-error for consumers
new Producer({ ...servers, 'group.id': 'g' });
// @ts-expect-error for producers
new Consumer({ ...servers, acks: 1 });
const acks = { ...servers, acks: 1 };
// @ts-expect-error for producers
new Consumer(acks);
const group = { ...servers, 'group.id': 'g' };
// @ts-expect-error for consumers
new Producer(group);

// What makes sense in C only.
// @ts-expect-error use rebalances$
new Consumer({ ...servers, rebalance_cb: () => {} });
// @ts-expect-error use deliveries$
new Producer({ ...servers, dr_cb: () => {} });
