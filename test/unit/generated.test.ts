import type { AdminConfig, ConsumerConfig, ProducerConfig } from '../../lib/generated/config';
import { clientDefaults, configProperties, generatedFrom, unavailableKeys } from '../../lib/generated/config';
import { errorCodes } from '../../lib/generated/errors';
import type { Statistics, WindowStatistics } from '../../lib/generated/statistics';

test('names the librdkafka it came from', () => expect(generatedFrom).toMatch(/^2\.\d+\.\d+$/));

test('every property is complete', () => {
  for (const [key, property] of Object.entries(configProperties)) {
    const { type, min, max, values, alias, default: fallback } = property;
    const bounded = type === 'int' || type === 'float';
    expect([key, min !== undefined && max !== undefined && min <= max]).toEqual([key, bounded]);
    if (type === 'enum' || type === 'flags') expect(values?.length).toBeGreaterThan(1);
    if (type === 'bool') expect(typeof fallback).toBe('boolean');
    if (type === 'enum' && fallback !== undefined) expect(values).toContain(fallback);
    if (alias !== undefined) expect(configProperties[alias]).toMatchObject({ type, scope: property.scope });
    expect(unavailableKeys).not.toContain(key);
  }
  expect(Object.keys(configProperties).length).toBeGreaterThan(150);
  expect(Object.keys(clientDefaults).filter((key) => !(key in configProperties))).toEqual([]);
});

test('values that librdkafka names in prose only', () => {
  expect(configProperties.partitioner?.values).toContain('murmur2_random');
  expect(configProperties['partition.assignment.strategy']?.values).toEqual([
    'range',
    'roundrobin',
    'cooperative-sticky',
  ]);
  expect(configProperties['sasl.mechanisms']?.values).toContain('SCRAM-SHA-512');
  expect(configProperties.acks).toMatchObject({ type: 'int', min: -1, max: 1000, values: ['all'] });
  expect(configProperties['linger.ms']).toMatchObject({ type: 'float', min: 0, default: 5 });
});

test('callbacks and pointers of C are not offered', () => {
  expect(Object.keys(configProperties).filter((key) => /_cb$|opaque|interceptors/.test(key))).toEqual([]);
});

test('error codes have different numbers', () => {
  const numbers = Object.values(errorCodes);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(errorCodes).toMatchObject({ _TRANSPORT: -195, _TIMED_OUT: -185, NO_ERROR: 0, MSG_SIZE_TOO_LARGE: 10 });
});

test('types refuse what the run time refuses', () => {
  const servers = { 'bootstrap.servers': 'localhost:9092' } as const;
  const fine: ConsumerConfig = {
    ...servers,
    'group.id': 'g',
    debug: ['broker', 'cgrp'],
    'auto.offset.reset': 'earliest',
  };
  const csv: ConsumerConfig = {
    ...servers,
    debug: 'broker, cgrp',
    'partition.assignment.strategy': 'range,roundrobin',
  };
  const producer: ProducerConfig = { ...servers, acks: 'all', 'linger.ms': 0.5, 'default.topic.config': { acks: 1 } };
  const wrong = [
    // @ts-expect-error a key of producers
    { ...servers, 'linger.ms': 5 } satisfies ConsumerConfig,
    // @ts-expect-error a key of consumers
    { ...servers, 'group.id': 'g' } satisfies ProducerConfig,
    // @ts-expect-error a key of consumers
    { ...servers, 'group.id': 'g' } satisfies AdminConfig,
    // @ts-expect-error no brokers
    { 'group.id': 'g' } satisfies ConsumerConfig,
    // @ts-expect-error misspelt
    { ...servers, 'group.idd': 'g' } satisfies ConsumerConfig,
    // @ts-expect-error not in the set
    { ...servers, partitioner: 'java' } satisfies ProducerConfig,
    // @ts-expect-error not a flag
    { ...servers, debug: ['nothing'] } satisfies ConsumerConfig,
    // @ts-expect-error always false
    { ...servers, 'enable.auto.offset.store': true } satisfies ConsumerConfig,
    // @ts-expect-error callbacks are streams here
    { ...servers, rebalance_cb: true } satisfies ConsumerConfig,
  ];
  const lag = (statistics: Statistics): number | undefined => statistics.topics.orders?.partitions['0']?.consumer_lag;
  const p99 = (statistics: Statistics): WindowStatistics | undefined => Object.values(statistics.brokers)[0]?.rtt;
  expect([fine, csv, producer, wrong.length, lag.length, p99.length]).toHaveLength(6);
});
