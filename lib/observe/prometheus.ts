/**
 * `rdkafka-rx/prometheus`: metrics of clients for Prometheus, through `prom-client`, an optional peer dependency.
 *
 * @packageDocumentation
 */
import { Counter, register as defaultRegister, Gauge, Histogram, type Registry } from 'prom-client';
import { ArgumentError, StateError } from '../core/errors';
import { type ClientView, requireClient } from './client-view';
import type { Sample } from './metric';
import { groupOf, metrics, Source, timingLabels, timings } from './metrics';

export interface MetricsOptions {
  /** The registry of the metrics. Default: prom-client's default registry. */
  readonly register?: Registry;
  /** Prefix of every name, such as `shop_`. Default: none. */
  readonly prefix?: string;
  /** Labels of every series of this client, such as `{ service: 'billing' }`. All clients of a registry need the same label names. */
  readonly labels?: Readonly<Record<string, string | number>>;
}

/** Handle of {@link collectMetrics}. Ends with `using`, `dispose()`, or the client. */
export interface MetricsCollection extends Disposable {
  /** Removes the client's series from the registry. */
  dispose(): void;
}

/** Labels of this library, and `le` of prom-client. */
const RESERVED = new Set(['client', 'le', ...metrics.flatMap(({ labels }) => labels)]);

type Labels = Record<string, string | number>;

/** The metrics of all clients of one registry: a registry accepts each name once. */
class Exporter {
  private static readonly of = new WeakMap<Registry, Exporter>();
  private readonly sources = new Map<Source, Labels>();
  private readonly histograms = new Map<string, Histogram>();
  /** Samples by metric, kept for one turn of the event loop: a scrape collects all metrics in one turn. */
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
    // After `registry.clear()` the metrics have to be registered again.
    if (known === undefined || register.getSingleMetric(known.prefix + timings[0]?.name) === undefined)
      return new Exporter(register, prefix, labelNames);
    if (known.prefix !== prefix || known.labelNames.join() !== labelNames.join()) {
      throw new ArgumentError(
        `all clients of a registry need the same prefix and label names: '${known.prefix}' and ` +
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
      if (known.client === client.name) throw new StateError(`${client.name} is already in this registry`);
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

  /** Removes all metrics after the last client. */
  private unregister(): void {
    if (Exporter.of.get(this.register) !== this) return;
    Exporter.of.delete(this.register);
    for (const { name } of [...metrics, ...timings]) this.register.removeSingleMetric(this.prefix + name);
  }
}

/**
 * Exports the metrics of a client: credit, lag, queue, rebalances, commits and deliveries, read with every scrape, and
 * librdkafka's statistics if `statistics.interval.ms` is set. Ends with the client, and keeps the client alive until then.
 *
 * @example
 * ```ts
 * const consumer = new Consumer({ 'bootstrap.servers': '…', 'group.id': 'orders', 'statistics.interval.ms': 15_000 });
 * collectMetrics(consumer, { labels: { service: 'billing' } });
 * ```
 * @throws ArgumentError; StateError when the client is closed or already in the registry
 */
export function collectMetrics(client: ClientView, options: MetricsOptions = {}): MetricsCollection {
  const { register = defaultRegister, prefix = '', labels = {} } = options;
  requireClient(client, 'collectMetrics()');
  if (typeof register?.registerMetric !== 'function') {
    throw new ArgumentError(`register must be a Registry of prom-client, not ${typeof register}`);
  }
  if (typeof prefix !== 'string' || !/^([a-zA-Z_:][\w:]*)?$/.test(prefix)) {
    throw new ArgumentError(
      `prefix may have letters, digits, _ and :, and must not begin with a digit; not ${String(prefix)}`,
    );
  }
  for (const [name, value] of Object.entries(labels)) {
    if (!/^[a-zA-Z_]\w*$/.test(name)) {
      throw new ArgumentError(
        `a label name may have letters, digits and _, and must not begin with a digit; not ${name}`,
      );
    }
    if (RESERVED.has(name)) throw new ArgumentError(`the label ${name} is reserved: choose another name`);
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new ArgumentError(`the label ${name} must be a string or a number, not ${typeof value}`);
    }
  }
  if (client.closed) throw new StateError(`${client.name} is closed`);
  const dispose = Exporter.for(register, prefix, Object.keys(labels).sort()).add(client, { ...labels });
  return { dispose, [Symbol.dispose]: dispose };
}
