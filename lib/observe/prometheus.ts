/**
 * `rdkafka-rx/prometheus`: metrics of clients for Prometheus, with `prom-client`, which has to be installed beside this
 * package.
 *
 * @packageDocumentation
 */
import { Counter, register as defaultRegister, Gauge, Histogram, type Registry } from 'prom-client';
import { ArgumentError, StateError } from '../core/errors';
import { type ClientView, requireClient } from './client-view';
import { groupOf, metrics, type Sample, Source, timingLabels, timings } from './metrics';

export interface MetricsOptions {
  /** Where the metrics are registered. Default: prom-client's own registry. */
  readonly register?: Registry;
  /** Put before every name, such as `shop_`. Default: nothing. */
  readonly prefix?: string;
  /** On every series of this client, such as `{ service: 'billing' }`. The names are the same for all clients of a registry. */
  readonly labels?: Readonly<Record<string, string | number>>;
}

/** What {@link collectMetrics} began. `using` or `dispose()` ends it, and so does the end of the client. */
export interface MetricsCollection extends Disposable {
  /** The client's series are taken out of the registry. */
  dispose(): void;
}

/** Labels of ours, and `le` of prom-client. */
const RESERVED = new Set(['client', 'le', ...metrics.flatMap(({ labels }) => labels)]);

type Labels = Record<string, string | number>;

/** All clients of one registry: a name can be registered once. */
class Exporter {
  private static readonly of = new WeakMap<Registry, Exporter>();
  private readonly sources = new Map<Source, Labels>();
  private readonly histograms = new Map<string, Histogram>();
  /** Samples of this turn, by metric: a scrape asks for every metric in one turn. */
  private samples: Map<string, Sample[]> | null = null;

  private constructor(
    private readonly register: Registry,
    readonly prefix: string,
    readonly labelNames: readonly string[],
  ) {
    const common = { registers: [register] };
    const names = ['client', ...labelNames];
    for (const { name, kind, help, labels } of metrics) {
      const config = { ...common, name: prefix + name, help, labelNames: [...names, ...labels] };
      const exporter = this;
      if (kind === 'gauge') {
        new Gauge({
          ...config,
          collect() {
            this.reset();
            for (const { labels, value } of exporter.take(name)) this.set(labels as Labels, value);
          },
        });
      } else {
        new Counter({
          ...config,
          collect() {
            this.reset();
            for (const { labels, value } of exporter.take(name)) this.inc(labels as Labels, value);
          },
        });
      }
    }
    for (const { name, help, buckets } of timings) {
      const labelNames = [...names, ...timingLabels];
      const config = { ...common, name: prefix + name, help, labelNames, buckets: [...buckets] };
      this.histograms.set(name, new Histogram(config));
    }
    Exporter.of.set(register, this);
  }

  static for(register: Registry, prefix: string, labelNames: readonly string[]): Exporter {
    const known = Exporter.of.get(register);
    // A registry that was cleared knows nothing of it any more.
    if (known === undefined || register.getSingleMetric(known.prefix + timings[0]?.name) === undefined)
      return new Exporter(register, prefix, labelNames);
    if (known.prefix !== prefix || known.labelNames.join() !== labelNames.join()) {
      throw new ArgumentError(
        `all clients of a registry have the same prefix and names of labels: '${known.prefix}' and ` +
          `${JSON.stringify(known.labelNames)}, not '${prefix}' and ${JSON.stringify(labelNames)}`,
      );
    }
    return known;
  }

  private take(metric: string): readonly Sample[] {
    if (this.samples === null) {
      this.samples = new Map();
      for (const [source, base] of this.sources) {
        for (const sample of source.samples()) {
          const labels = { ...base, ...sample.labels };
          const list = this.samples.get(sample.metric);
          if (list === undefined) this.samples.set(sample.metric, [{ ...sample, labels }]);
          else list.push({ ...sample, labels });
        }
      }
      queueMicrotask(() => {
        this.samples = null;
      });
    }
    return this.samples.get(metric) ?? [];
  }

  add(client: ClientView, labels: Labels): () => void {
    const all = { client: client.name, ...labels };
    for (const known of this.sources.values()) {
      if (known.client === client.name) throw new StateError(`${client.name} is in this registry already`);
    }
    const timed = { ...all, ...groupOf(client) } as Labels;
    const observe = (timing: string, seconds: number) => this.histograms.get(timing)?.observe(timed, seconds);
    const remove = () => {
      source.stop();
      if (!this.sources.delete(source)) return;
      for (const histogram of this.histograms.values()) histogram.remove(timed);
      if (this.sources.size === 0) this.unregister();
    };
    const source = new Source(client, observe, remove);
    this.sources.set(source, all);
    return remove;
  }

  /** The registry is as it was before the first client. */
  private unregister(): void {
    if (Exporter.of.get(this.register) !== this) return;
    Exporter.of.delete(this.register);
    for (const { name } of [...metrics, ...timings]) this.register.removeSingleMetric(this.prefix + name);
  }
}

/**
 * Makes metrics of a client: of its own loop (credit, lag, queue, rebalances, commits, deliveries), read when they are
 * scraped, and of librdkafka's statistics where `statistics.interval.ms` is set. Ends with the client; until then it keeps the
 * client alive.
 *
 * @example
 * ```ts
 * const consumer = new Consumer({ 'bootstrap.servers': '…', 'group.id': 'orders', 'statistics.interval.ms': 15_000 });
 * collectMetrics(consumer, { labels: { service: 'billing' } });
 * ```
 * @throws ArgumentError; StateError when the client is closed, or in the registry already
 */
export function collectMetrics(client: ClientView, options: MetricsOptions = {}): MetricsCollection {
  const { register = defaultRegister, prefix = '', labels = {} } = options;
  requireClient(client, 'collectMetrics()');
  if (typeof register?.registerMetric !== 'function') {
    throw new ArgumentError(`register must be a Registry of prom-client, not ${typeof register}`);
  }
  if (typeof prefix !== 'string' || !/^([a-zA-Z_:][\w:]*)?$/.test(prefix)) {
    throw new ArgumentError(
      `prefix must be letters, digits, _ and :, and not begin with a digit; not ${String(prefix)}`,
    );
  }
  for (const [name, value] of Object.entries(labels)) {
    if (!/^[a-zA-Z_]\w*$/.test(name)) {
      throw new ArgumentError(`a label's name must be letters, digits and _, and not begin with a digit; not ${name}`);
    }
    if (RESERVED.has(name)) throw new ArgumentError(`the label ${name} has a meaning of its own: choose another name`);
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new ArgumentError(`the label ${name} must be a string or a number, not ${typeof value}`);
    }
  }
  if (client.closed) throw new StateError(`${client.name} is closed: there is nothing to collect`);
  const dispose = Exporter.for(register, prefix, Object.keys(labels).sort()).add(client, { ...labels });
  return { dispose, [Symbol.dispose]: dispose };
}
