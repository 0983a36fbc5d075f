/** Metrics as Prometheus and as JSON have them, through prom-client with a registry of its own. */
import type { Registry } from "prom-client";
import * as v from "valibot";
import { wasRefused } from "../../sys/journal.ts";
import { METRICS, type MetricAbout, type MetricName } from "./metric.ts";
import type { MetricsReading } from "./read-metrics.ts";

/** What Prometheus is told that its text is. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** From a tenth of a second to an hour. */
const BUCKETS_S = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

/** The text that Prometheus reads. */
export async function renderPrometheus(reading: MetricsReading): Promise<string> {
  return await (await fillRegistry(reading)).metrics();
}

/** `metrics --format json`, without its version. Durations in seconds, as their names say. */
export const metricsForm = v.object({
  metrics: v.array(
    v.object({
      ...{ name: v.string(), type: v.picklist(["gauge", "counter", "histogram"]), help: v.string() },
      values: v.array(
        v.object({
          /** A histogram's has others: `…_bucket`, `…_sum`, `…_count`. */
          name: v.string(),
          labels: v.record(v.string(), v.string()),
          value: v.number(),
        }),
      ),
    }),
  ),
});

export type MetricsDocument = v.InferOutput<typeof metricsForm>;

/** The same as a document. */
export async function metricsDocument(reading: MetricsReading): Promise<MetricsDocument> {
  const found = await (await fillRegistry(reading)).getMetricsAsJSON();
  return {
    metrics: found.flatMap(({ name, values }) => {
      if (!isMetric(name)) return [];
      const { type, help } = METRICS[name];
      return [{ name, type, help, values: values.map((each) => toValue(name, each)) }];
    }),
  };
}

function isMetric(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name);
}

function toValue(name: string, each: object) {
  const {
    labels = {},
    value = 0,
    metricName = name,
  } = { ...each } as {
    labels?: Record<string, string | number>;
    value?: number;
    metricName?: string;
  };
  const texts = Object.entries(labels).map(([key, label]) => [key, String(label)] as const);
  return { name: metricName, labels: Object.fromEntries(texts), value };
}

/** The default metrics are prom-client's own process, and nobody's here. */
async function fillRegistry({ project, samples, ended }: MetricsReading): Promise<Registry> {
  const { Counter, Gauge, Histogram, Registry } = await import("prom-client");
  const registry = new Registry();
  registry.setDefaultLabels({ project });
  const optionsFor = (name: MetricName) => {
    const { help, labels }: MetricAbout = METRICS[name];
    return { name, help, labelNames: [...labels], registers: [registry] };
  };
  for (const [name, group] of groupByMetric(samples)) {
    const gauge = new Gauge(optionsFor(name));
    for (const { labels, value } of group) gauge.set({ ...labels }, value);
  }
  const total = new Counter(optionsFor("pgrove_operations_total"));
  const failures = new Counter(optionsFor("pgrove_operation_failures_total"));
  const durations = new Histogram({ ...optionsFor("pgrove_operation_duration_seconds"), buckets: BUCKETS_S });
  for (const entry of ended) {
    const { operation, result, duration_ms } = entry;
    total.inc({ operation });
    failures.inc({ operation }, result === "failed" && !wasRefused(entry) ? 1 : 0); // from 0 on, so that the first failure is an increase
    if (duration_ms !== undefined) durations.observe({ operation }, duration_ms / 1000);
  }
  return registry;
}

function groupByMetric(samples: MetricsReading["samples"]): Map<MetricName, MetricsReading["samples"]> {
  return Map.groupBy(samples, ({ metric }) => metric);
}
