/** What a scrape says of clients that really read and wrote. */
import { Registry } from 'prom-client';
import { collectMetrics } from 'rdkafka-rx/prometheus';
import { filter, firstValueFrom } from 'rxjs';
import { Bench, gather, next, rejection } from './harness';

const bench = Bench.use();

/** Values by series, without the labels of the client and its group. */
async function scrape(register: Registry): Promise<Record<string, number>> {
  const lines = (await register.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const [series = '', value] = line.split(/ (?=[^ ]*$)/);
      return [
        series
          .replaceAll(/(?<=[{,])(client|group_id)="[^"]*",?/g, '')
          .replace(',}', '}')
          .replace('{}', ''),
        Number(value),
      ];
    }),
  );
}

it('a consumer that has done half: messages, lag, credit, commits', async () => {
  const topic = await bench.topic();
  await bench.fill(topic, 10);
  const consumer = bench.consumer({ 'client.id': 'reader' }, {}, { commits: { ms: 60_000, onEof: false } });
  const register = new Registry();
  collectMetrics(consumer, { register });
  await consumer.subscribe(topic);
  const messages = [];
  for await (const batch of consumer) {
    messages.push(...batch);
    if (messages.length === 10) break;
  }
  for (const message of messages.slice(0, 5)) message.ack();
  await consumer.commit();
  await consumer.commit();

  const before = await scrape(register);
  expect(before).toMatchObject({
    'rdkafka_rx_client_info{kind="consumer",client_id="reader"}': 1,
    rdkafka_rx_consumer_assigned_partitions: 1,
    rdkafka_rx_consumer_gated_partitions: 0,
    rdkafka_rx_consumer_paused_partitions: 0,
    rdkafka_rx_consumer_credit_limit_bytes: 64 << 20,
    [`rdkafka_rx_consumer_received_messages_total{topic="${topic}"}`]: 10,
    [`rdkafka_rx_consumer_done_messages_total{topic="${topic}"}`]: 5,
    [`rdkafka_rx_consumer_unacked_messages{topic="${topic}",partition="0"}`]: 5,
    [`rdkafka_rx_consumer_buffered_messages{topic="${topic}",partition="0"}`]: 0,
    [`rdkafka_rx_consumer_lag{topic="${topic}",partition="0"}`]: 5,
    'rdkafka_rx_events_total{type="assigned"}': 1,
    // The second one had nothing to commit.
    'rdkafka_rx_events_total{type="commit"}': 1,
    rdkafka_rx_consumer_commit_duration_seconds_count: 1,
  });
  const { rdkafka_rx_consumer_credit_used_bytes: used, rdkafka_rx_consumer_commit_duration_seconds_sum: took } = before;
  expect(used).toBeGreaterThan(0);
  expect(took).toBeGreaterThan(0);
  expect(consumer.flow()).toMatchObject({
    bytes: used,
    partitions: [{ topic, partition: 0, offset: 5, lag: 5, unacked: 5, buffered: 0, gated: false, paused: false }],
  });

  for (const message of messages.slice(5)) message.ack();
  await consumer.commit();
  consumer.pause();
  expect(await scrape(register)).toMatchObject({
    rdkafka_rx_consumer_paused_partitions: 1,
    rdkafka_rx_consumer_credit_used_bytes: 0,
    [`rdkafka_rx_consumer_done_messages_total{topic="${topic}"}`]: 10,
    [`rdkafka_rx_consumer_lag{topic="${topic}",partition="0"}`]: 0,
    rdkafka_rx_consumer_commit_duration_seconds_count: 2,
  });

  await consumer.close();
  expect(await register.metrics()).toBe('\n');
});

it('a partition that stands still because nothing is acknowledged is gated', async () => {
  const topic = await bench.topic();
  await bench.fill(topic, 100);
  const consumer = bench.consumer({}, {}, { credit: { laneMessages: 20 } });
  const register = new Registry();
  collectMetrics(consumer, { register });
  await consumer.subscribe(topic);
  let taken = 0;
  const batches = [];
  while (taken < 20) {
    const batch = await consumer.take();
    taken += batch?.size ?? 0;
    batches.push(batch);
  }
  expect(await scrape(register)).toMatchObject({
    rdkafka_rx_consumer_gated_partitions: 1,
    [`rdkafka_rx_consumer_unacked_messages{topic="${topic}",partition="0"}`]: taken,
    [`rdkafka_rx_consumer_lag{topic="${topic}",partition="0"}`]: 100,
  });
  for (const batch of batches) batch?.ack();
  await gather(consumer, 100 - taken);
  // Acknowledgements are accounted for at the end of the turn.
  await consumer.commit();
  expect(await scrape(register)).toMatchObject({
    rdkafka_rx_consumer_gated_partitions: 0,
    [`rdkafka_rx_consumer_done_messages_total{topic="${topic}"}`]: 100,
  });
});

it('a rebalance: revoked, and how long it waited', async () => {
  const topic = await bench.topic();
  await bench.fill(topic, 3);
  const consumer = bench.consumer();
  const register = new Registry();
  collectMetrics(consumer, { register });
  const revoked = firstValueFrom(consumer.rebalances$.pipe(filter(({ type }) => type === 'revoked')));
  await consumer.subscribe(topic);
  const batch = await consumer.take();
  // It waits for what is being processed.
  void next(consumer.rebalances$, ({ type }) => type === 'revoking').then(() => batch?.ack());
  await consumer.unsubscribe();
  const event = await revoked;
  expect(await scrape(register)).toMatchObject({
    'rdkafka_rx_events_total{type="revoking"}': 1,
    'rdkafka_rx_events_total{type="revoked"}': 1,
    rdkafka_rx_consumer_revocation_duration_seconds_count: 1,
    rdkafka_rx_consumer_revocation_duration_seconds_sum: (event as { waitedMs: number }).waitedMs / 1000,
    rdkafka_rx_consumer_assigned_partitions: 0,
  });
});

it('a producer: deliveries, failures by code, the queue', async () => {
  const topic = await bench.topic();
  const producer = bench.producer({ 'queue.buffering.max.messages': 1000 });
  const register = new Registry();
  collectMetrics(producer, { register, labels: { service: 'shop' } });
  await producer.send({ topic, value: 'x' });
  await producer.sendBatch({ topic, records: [{ value: 'y' }, { value: 'z' }] });
  await rejection(producer.send({ topic, value: 'x', partition: 7 }));
  const refused = producer.send({ topic, value: 'a', headers: [['h', 7 as never]] });
  await rejection(refused);
  const waiting = producer.send({ topic, value: '12345' });
  expect(await scrape(register)).toMatchObject({
    'rdkafka_rx_producer_delivered_records_total{service="shop"}': 3,
    'rdkafka_rx_producer_failed_records_total{service="shop",code="ERR_KAFKA__UNKNOWN_PARTITION"}': 1,
    'rdkafka_rx_producer_failed_records_total{service="shop",code="ERR_KAFKA_CLIENT_ENCODE"}': 1,
    'rdkafka_rx_producer_queued_records{service="shop"}': 1,
    'rdkafka_rx_producer_queue_limit_records{service="shop"}': 1000,
    'rdkafka_rx_producer_queue_limit_bytes{service="shop"}': 1 << 30,
  });
  expect(producer.flow().pendingBytes).toBeGreaterThanOrEqual(5);
  await waiting;
  expect(producer.flow()).toMatchObject({ pending: 0, pendingBytes: 0, delivered: 4 });
});

it('records that were never answered for have failed', async () => {
  const producer = bench.producer({ 'bootstrap.servers': '127.0.0.1:1' });
  const sent = rejection(producer.send({ topic: 't', value: 'x' }));
  await producer.close({ timeoutMs: 0 });
  await sent;
  const { pending, failed } = producer.flow();
  expect([pending, [...failed.values()]]).toEqual([0, [1]]);
});

it("librdkafka's statistics of every kind of client, and errors by code", async () => {
  const topic = await bench.topic();
  const every = { 'statistics.interval.ms': 20 };
  const [producer, consumer, admin] = [bench.producer(every), bench.consumer(every), bench.admin(every)];
  const register = new Registry();
  for (const client of [producer, consumer, admin]) collectMetrics(client, { register });
  // A window is of one interval: the next one may have no requests in it, and may come in the same turn.
  let scraped: Promise<string> | undefined;
  const answered = next(producer.statistics$, ({ brokers }) => {
    if (Object.values(brokers).some(({ rtt }) => rtt.cnt > 0)) scraped = register.metrics();
    return scraped !== undefined;
  });
  await producer.send({ topic, value: 'x' });
  await answered;
  const rtt = `librdkafka_broker_rtt_microseconds\\{client="${producer.name}",.*quantile="0.99"\\} \\d`;
  expect(await scraped).toMatch(new RegExp(rtt));
  await consumer.subscribe(topic);
  (await consumer.take())?.ack();
  await consumer.commit();
  await next(producer.statistics$, ({ txmsgs }) => txmsgs === 1);
  await next(consumer.statistics$, ({ topics }) => topics[topic]?.partitions[0]?.committed_offset === 1);
  await next(admin.statistics$);
  const text = await register.metrics();
  const value = (series: string) =>
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')
      .at(-1);
  const at = `topic="${topic}",partition="0"`;
  expect(value(`librdkafka_txmsgs_total{client="${producer.name}"}`)).toBe('1');
  expect(value(`librdkafka_partition_txmsgs_total{client="${producer.name}",${at}}`)).toBe('1');
  expect(value(`librdkafka_rxmsgs_total{client="${consumer.name}"}`)).toBe('1');
  expect(value(`librdkafka_partition_committed_offset{client="${consumer.name}",${at}}`)).toBe('1');
  expect(value(`librdkafka_partition_consumer_lag{client="${consumer.name}",${at}}`)).toBe('0');
  expect(value(`librdkafka_cgrp_assignment_size{client="${consumer.name}"}`)).toBe('1');
  expect(text).toMatch(new RegExp(`librdkafka_broker_up\\{client="${producer.name}",broker="127.0.0.1:\\d+/1"\\} 1`));
  expect(value(`librdkafka_metadata_cache_cnt{client="${admin.name}"}`)).toBeDefined();

  const lost = bench.reader({ 'bootstrap.servers': '127.0.0.1:1' });
  using _ = collectMetrics(lost, { register });
  await next(lost.errors$, ({ code }) => code === 'ERR_KAFKA__ALL_BROKERS_DOWN');
  expect(await scrape(register)).toMatchObject({ 'rdkafka_rx_errors_total{code="ERR_KAFKA__ALL_BROKERS_DOWN"}': 1 });
});
