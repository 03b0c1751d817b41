/** Metrics over a client that reports what it is told to: names, labels, ends. What a real run counts is in test/mock. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Registry } from 'prom-client';
import type { ClientView, ConsumerEvent, ConsumerFlow, ProducerFlow, Statistics } from 'rdkafka-rx';
import { collectMetrics, type MetricsOptions } from 'rdkafka-rx/prometheus';
import { EventHub } from '../../lib/core/event-hub';

const read = (path: string) => readFileSync(resolve(__dirname, '../..', path), 'utf8');

function fake(name = 'x#consumer-1', flow?: () => ConsumerFlow | ProducerFlow) {
  const events = new EventHub<ConsumerEvent>();
  const client: ClientView & { closed: boolean } = {
    kind: 'consumer',
    name,
    clientId: 'x',
    groupId: 'g',
    closed: false,
    events,
    ...(flow && { flow }),
  };
  return { client, events };
}

/** `metric{labels}` → value of a scrape. */
async function scrape(register: Registry): Promise<Map<string, number>> {
  const lines = (await register.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

const namesOf = (register: Registry) => register.getMetricsAsArray().map(({ name }) => name);

/** With the series of a histogram. */
function series(): Set<string> {
  const register = new Registry();
  using _ = collectMetrics(fake().client, { register });
  const all = register.getMetricsAsArray().flatMap((metric) => {
    const histogram = (metric as { type?: unknown }).type === 'histogram';
    return histogram ? ['_bucket', '_sum', '_count'].map((end) => metric.name + end) : [metric.name];
  });
  return new Set(all);
}

describe('the Grafana dashboard', () => {
  const dashboard = JSON.parse(read('docs/grafana-dashboard.json'));
  const panels = dashboard.panels.filter(({ type }: { type: string }) => type !== 'row');

  it('uses metrics and labels that are there', () => {
    const text = JSON.stringify(dashboard);
    const named = [...text.matchAll(/\b(?:lib)?rdkafka_\w+/g)].map(([name]) => name);
    expect(new Set(named).size).toBeGreaterThan(25);
    const known = series();
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('asks for its data source when it is imported, and every query is of it', () => {
    expect(dashboard.__inputs).toMatchObject([{ name: 'DS_PROMETHEUS', type: 'datasource', pluginId: 'prometheus' }]);
    const sources = [
      ...dashboard.templating.list,
      ...panels,
      ...panels.flatMap(({ targets }: { targets: object[] }) => targets),
    ];
    expect(sources.filter(({ datasource }) => datasource?.uid !== `\${${'DS_PROMETHEUS'}}`)).toEqual([]);
    const ids = dashboard.panels.map(({ id }: { id: number }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has panels side by side, none over another', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }: { gridPos: Record<string, number> }) =>
      Array.from({ length: (w as number) * (h as number) }, (_, i) => {
        return `${(x as number) + (i % (w as number))},${(y as number) + Math.floor(i / (w as number))}`;
      }),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(dashboard.panels.every(({ gridPos: { x, w } }: { gridPos: { x: number; w: number } }) => x + w <= 24)).toBe(
      true,
    );
  });
});

it('the guide names every metric of this library, and no other', () => {
  const page = read('docs/observability.md');
  const named = new Set([...page.matchAll(/`(rdkafka_rx_\w+)`/g)].map(([, name]) => name as string));
  const register = new Registry();
  using _ = collectMetrics(fake().client, { register });
  expect([...named].sort()).toEqual(
    namesOf(register)
      .filter((name) => name.startsWith('rdkafka_rx_'))
      .sort(),
  );
});

describe('statistics', () => {
  const window = { cnt: 3, min: 1, max: 9, avg: 5, p50: 4, p95: 8, p99: 9 };
  const statistics = {
    name: 'x#consumer-1',
    type: 'consumer',
    rxmsgs: 7,
    replyq: 2,
    brokers: {
      a: { name: 'a:1/1', source: 'learned', state: 'UP', rtt: window, int_latency: { ...window, cnt: 0 }, tx: 5 },
      b: { name: ':0/internal', source: 'internal', state: 'INIT', tx: 9 },
    },
    topics: {
      t: {
        topic: 't',
        age: 1,
        partitions: {
          0: { partition: 0, desired: true, txmsgs: 0, rxmsgs: 7, consumer_lag: 4, committed_offset: -1001 },
          1: { partition: 1, desired: false, txmsgs: 0, rxmsgs: 0, consumer_lag: 4 },
          '-1': { partition: -1, desired: true, txmsgs: 3 },
        },
      },
    },
    cgrp: { rebalance_cnt: 2, assignment_size: 1 },
  } as unknown as Statistics;

  it('have the names of librdkafka, and leave out what it does not know', async () => {
    const { client, events } = fake();
    const register = new Registry();
    using _ = collectMetrics(client, { register });
    for (let times = 0; times < 2; times++) {
      events.emit({ type: 'stats', json: JSON.stringify(statistics) });
      const found = await scrape(register);
      const named = Object.fromEntries([...found].filter(([name]) => !name.startsWith('rdkafka_rx_')));
      expect(named).toEqual({
        'librdkafka_rxmsgs_total{client="x#consumer-1"}': 7,
        'librdkafka_replyq{client="x#consumer-1"}': 2,
        'librdkafka_cgrp_rebalance_cnt_total{client="x#consumer-1"}': 2,
        'librdkafka_cgrp_assignment_size{client="x#consumer-1"}': 1,
        'librdkafka_broker_up{client="x#consumer-1",broker="a:1/1"}': 1,
        'librdkafka_broker_tx_total{client="x#consumer-1",broker="a:1/1"}': 5,
        'librdkafka_broker_rtt_microseconds{client="x#consumer-1",broker="a:1/1",quantile="0.5"}': 4,
        'librdkafka_broker_rtt_microseconds{client="x#consumer-1",broker="a:1/1",quantile="0.95"}': 8,
        'librdkafka_broker_rtt_microseconds{client="x#consumer-1",broker="a:1/1",quantile="0.99"}': 9,
        'librdkafka_topic_age_milliseconds{client="x#consumer-1",topic="t"}': 1,
        'librdkafka_partition_rxmsgs_total{client="x#consumer-1",topic="t",partition="0"}': 7,
        'librdkafka_partition_txmsgs_total{client="x#consumer-1",topic="t",partition="0"}': 0,
        'librdkafka_partition_consumer_lag{client="x#consumer-1",topic="t",partition="0"}': 4,
      });
    }
  });
});

describe('collectMetrics', () => {
  const at = { type: 'assigned', id: 1, partitions: [] } as const;
  const commit = { type: 'commit', offsets: [], ms: 30, error: null, willRetry: false } as const;

  it('counts events, and times commits and revocations', async () => {
    const { client, events } = fake();
    const register = new Registry();
    using _ = collectMetrics(client, { register, prefix: 'shop_', labels: { service: 'billing' } });
    events.emit(at);
    events.emit(commit);
    events.emit(commit);
    events.emit({ type: 'revoked', id: 2, partitions: [], drained: true, abandoned: [], waitedMs: 300 });
    const found = await scrape(register);
    const info = 'client="x#consumer-1",service="billing"';
    const labels = `${info},group_id="g"`;
    expect(found.get(`shop_rdkafka_rx_events_total{${labels},type="assigned"}`)).toBe(1);
    expect(found.get(`shop_rdkafka_rx_events_total{${labels},type="commit"}`)).toBe(2);
    const timing = 'shop_rdkafka_rx_consumer_commit_duration_seconds';
    expect(found.get(`${timing}_count{${labels}}`)).toBe(2);
    expect(found.get(`${timing}_sum{${labels}}`)).toBeCloseTo(0.06);
    expect(found.get(`${timing}_bucket{le="0.025",${labels}}`)).toBe(0);
    expect(found.get(`${timing}_bucket{le="0.05",${labels}}`)).toBe(2);
    expect(found.get(`shop_rdkafka_rx_consumer_revocation_duration_seconds_sum{${labels}}`)).toBeCloseTo(0.3);
    expect(found.get(`shop_rdkafka_rx_client_info{${info},kind="consumer",client_id="x",group_id="g"}`)).toBe(1);
  });

  it('events that may come have a series before the first one: a series that begins with 1 has no increase', async () => {
    const { client, events } = fake();
    const register = new Registry();
    using _ = collectMetrics(client, { register });
    const of = async (type: string) =>
      (await scrape(register)).get(`rdkafka_rx_events_total{client="x#consumer-1",group_id="g",type="${type}"}`);
    for (const type of ['lost', 'stalled', 'gated', 'error']) expect(await of(type)).toBe(0);
    // Those that come by the clock are not counted.
    expect(await of('stats')).toBeUndefined();
    events.emit({ type: 'lost', id: 3, partitions: [], abandoned: [] });
    expect(await of('lost')).toBe(1);
  });

  it("series of a consumer have its group's name, those of a producer have none", async () => {
    const flow = (): ConsumerFlow =>
      ({
        partitions: [{ topic: 't', partition: 0, buffered: 1, unacked: 2, lag: 3, gated: false, paused: false }],
        topics: new Map([['t', { received: 4, bytes: 5, done: 6 }]]),
        bytes: 7,
        credit: { totalBytes: 8 },
      }) as never;
    const register = new Registry();
    const producer = { ...fake('x#producer-1').client, kind: 'producer', groupId: null } as ClientView;
    using _ = collectMetrics(fake('x#consumer-1', flow).client, { register });
    using __ = collectMetrics(producer, { register });
    const names = [...(await scrape(register)).keys()];
    const lag = 'rdkafka_rx_consumer_lag{client="x#consumer-1",group_id="g",topic="t",partition="0"}';
    expect(names).toContain(lag);
    const mine = names.filter((name) => name.includes('x#consumer-1'));
    expect(mine.length).toBeGreaterThan(20);
    expect(mine.filter((name) => !name.includes('group_id="g"'))).toEqual([]);
    const other = names.filter((name) => name.includes('x#producer-1') && !name.includes('client_info'));
    expect(other.filter((name) => name.includes('group_id'))).toEqual([]);
    expect(other).toContain('rdkafka_rx_events_total{client="x#producer-1",type="error"}');
  });

  it('asks a client once for a scrape', async () => {
    const flow: ProducerFlow = {
      pending: 1,
      pendingBytes: 10,
      limits: { records: Number.POSITIVE_INFINITY, bytes: 100 },
      delivered: 5,
      failed: new Map([['ERR_KAFKA__MSG_TIMED_OUT', 2]]),
    };
    let asked = 0;
    const { client } = fake('x#producer-1', () => {
      asked++;
      return flow;
    });
    const register = new Registry();
    using _ = collectMetrics(client, { register });
    const found = await scrape(register);
    expect(asked).toBe(1);
    const labels = 'client="x#producer-1"';
    expect(found.get(`rdkafka_rx_producer_delivered_records_total{${labels}}`)).toBe(5);
    expect(found.get(`rdkafka_rx_producer_failed_records_total{${labels},code="ERR_KAFKA__MSG_TIMED_OUT"}`)).toBe(2);
    // There is no limit to tell.
    expect(found.has(`rdkafka_rx_producer_queue_limit_records{${labels}}`)).toBe(false);
    await register.getSingleMetricAsString('rdkafka_rx_producer_queued_records');
    expect(asked).toBe(2);
  });

  it('several clients share a registry; each goes with its end, and the last one leaves nothing', async () => {
    const register = new Registry();
    const [one, two] = [fake('x#consumer-1'), fake('x#consumer-2')];
    collectMetrics(one.client, { register });
    const second = collectMetrics(two.client, { register });
    for (const { events } of [one, two]) events.emit(commit);
    const both = [...(await scrape(register)).keys()];
    one.events.end();
    const left = [...(await scrape(register)).keys()];
    expect(both.filter((name) => name.includes('x#consumer-1')).length).toBeGreaterThan(5);
    expect(left).toEqual(both.filter((name) => name.includes('x#consumer-2')));
    second.dispose();
    expect(namesOf(register)).toEqual([]);
    expect(two.events.active).toBe(false);
    // And again, with other labels.
    using _ = collectMetrics(two.client, { register, labels: { other: 1 } });
    expect(namesOf(register).length).toBeGreaterThan(20);
  });

  it('goes on after the registry was cleared', async () => {
    const register = new Registry();
    collectMetrics(fake('x#consumer-1').client, { register });
    register.clear();
    using _ = collectMetrics(fake('x#consumer-2').client, { register });
    expect([...(await scrape(register)).keys()].filter((name) => !name.includes('x#consumer-2'))).toEqual([]);
  });

  it.each<[string, unknown, MetricsOptions, string]>([
    ['no client', {}, {}, 'collectMetrics() takes a consumer, a producer or an admin client, not object'],
    ['nothing', undefined, {}, 'collectMetrics() takes a consumer, a producer or an admin client, not undefined'],
    ['no registry', undefined, { register: {} as Registry }, 'register must be a Registry of prom-client, not object'],
    [
      'a prefix',
      undefined,
      { prefix: '1-' },
      'prefix may have letters, digits, _ and :, and must not begin with a digit; not 1-',
    ],
    [
      'a label',
      undefined,
      { labels: { 'a-b': 1 } },
      'a label name may have letters, digits and _, and must not begin with a digit; not a-b',
    ],
    ['our label', undefined, { labels: { topic: 't' } }, 'the label topic is reserved: choose another name'],
    ['a value', undefined, { labels: { a: true as never } }, 'the label a must be a string or a number, not boolean'],
  ])('refuses %s in one sentence', (what, client, options, message) => {
    const given = what === 'nothing' ? undefined : (client ?? fake().client);
    expect(() => collectMetrics(given as ClientView, { register: new Registry(), ...options })).toThrow(
      expect.objectContaining({ name: 'ArgumentError', message }),
    );
  });

  it('refuses other labels or another prefix in the same registry, the same client twice, and a closed one', () => {
    const register = new Registry();
    const { client } = fake();
    using _ = collectMetrics(client, { register, labels: { a: 1 } });
    const other = fake('x#consumer-2').client;
    const wrong = (options: MetricsOptions) => () => collectMetrics(other, { register, ...options });
    expect(wrong({ labels: { b: 1 } })).toThrow(
      `all clients of a registry need the same prefix and label names: '' and ["a"], not '' and ["b"]`,
    );
    expect(wrong({ labels: { a: 1 }, prefix: 'p_' })).toThrow(expect.objectContaining({ name: 'ArgumentError' }));
    expect(() => collectMetrics(client, { register, labels: { a: 2 } })).toThrow(
      'x#consumer-1 is already in this registry',
    );
    const { client: closed } = fake();
    closed.closed = true;
    expect(() => collectMetrics(closed)).toThrow('x#consumer-1 is closed');
  });
});
