import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from "prom-client";
import type { MetricDefinition } from "./metric-definition.ts";

type Labels = Record<string, string>;

/** All metrics of a process, as they are passed to another. */
export type MetricValues = MetricObjectWithValues<MetricValue<string>>[];

/** Metrics by the names that their definitions have. */
export interface MetricRegistry<Name extends string> {
  add(name: Name, by: number, labels?: Labels): void;
  set(name: Name, value: number, labels?: Labels): void;
  observe(name: Name, seconds: number, labels?: Labels): void;
  /** Takes the place of all values of a gauge or counter, so that what is no more is not shown. */
  replace(name: Name, values: Iterable<{ value: number; labels: Labels }>): void;
  /** Forgets the value of a metric with these labels. */
  remove(name: Name, labels: Labels): void;
  /** Called before each reading. */
  onCollect(collect: () => void): void;
  read(): Promise<{ contentType: string; text: string }>;
  readValues(): Promise<MetricValues>;
}

/** A registry of its own, so that two agents in one process (as in tests) do not share their numbers. */
export function createMetricRegistry<Name extends string>(
  definitions: Readonly<Record<Name, MetricDefinition>>,
): MetricRegistry<Name> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  const collectors: (() => void)[] = [];
  for (const [name, { type, help, labels, buckets, together }] of Object.entries<MetricDefinition>(definitions)) {
    const options = {
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
      ...(together && { aggregator: together }),
    };
    if (type === "counter") counters.set(name, new Counter(options));
    else if (type === "gauge") gauges.set(name, new Gauge(options));
    else histograms.set(name, new Histogram({ ...options, buckets: [...(buckets ?? [])] }));
  }
  return {
    add: (name, by, labels = {}) => counters.get(name)?.inc(labels, by),
    set: (name, value, labels = {}) => gauges.get(name)?.set(labels, value),
    observe: (name, seconds, labels = {}) => histograms.get(name)?.observe(labels, seconds),
    replace(name, values) {
      const counter = counters.get(name);
      counter?.reset();
      const gauge = gauges.get(name);
      gauge?.reset();
      // Without labels a reset leaves a zero, which is a value.
      gauge?.remove({});
      for (const { value, labels } of values) {
        counter?.inc(labels, value);
        gauge?.set(labels, value);
      }
    },
    remove(name, labels) {
      for (const metrics of [counters, gauges, histograms]) metrics.get(name)?.remove(labels);
    },
    onCollect: (collect) => void collectors.push(collect),
    async read() {
      for (const collect of collectors) collect();
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
    async readValues() {
      for (const collect of collectors) collect();
      return registry.getMetricsAsJSON();
    },
  };
}

/**
 * What a process that has ended goes on to count for, added to what others before it did: its counters and histograms.
 * Without them a sum would go down, which Prometheus takes for a restart of all and counts once more.
 */
export async function addTotals(before: MetricValues, ended: MetricValues): Promise<MetricValues> {
  const totals = ended.filter(({ type }) => ["counter", "histogram"].includes(String(type)));
  return AggregatorRegistry.aggregate([before, totals]).getMetricsAsJSON();
}

/** The metrics of several processes as those of one program. */
export async function sumMetrics(processes: readonly MetricValues[]): Promise<{ contentType: string; text: string }> {
  const registry = AggregatorRegistry.aggregate([...processes]);
  return { contentType: registry.contentType, text: await registry.metrics() };
}
