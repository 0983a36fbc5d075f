/** What docs/observability asks Prometheus for is what pgrove tells it. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { parse } from "yaml";
import { FIGURE_METRICS, METRICS, type MetricName } from "../../../src/monitor/metrics/metric.ts";
import { metricsDocument, metricsForm, renderPrometheus } from "../../../src/monitor/metrics/render.ts";
import { newRunId } from "../../../src/sys/run-id.ts";

const FOLDER = join(import.meta.dir, "../../../docs/observability");

/** A reading in which every metric has a value. */
const reading = {
  project: "shop",
  samples: (Object.keys(METRICS) as MetricName[])
    .filter((metric) => METRICS[metric].type === "gauge")
    .map((metric) => ({
      metric,
      labels: Object.fromEntries(METRICS[metric].labels.map((label) => [label, `a "${label}"\n\\`])),
      value: 1,
    })),
  ended: (["done", "failed", "refused"] as const).map((how) => ({
    ...{ version: 1 as const, at: new Date(0).toISOString(), run: newRunId(new Date(0)), event: "end" as const },
    ...{ operation: "dump", target: "main", database: "d", by: "b", host: "h", pid: 1, duration_ms: 1000 },
    ...(how === "refused" ? { result: "failed" as const, details: { refused: true } } : { result: how }),
  })),
};

/** Every `expr` and query of a document, however deep. */
function expressionsOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    typeof child === "string" && ["expr", "query", "definition"].includes(key) ? [child] : expressionsOf(child),
  );
}

const namesIn = (texts: readonly string[]) => new Set(texts.flatMap((text) => text.match(/\bpgrove_\w+/g) ?? []));

test.each([
  ["dashboard.json", (text: string): unknown => JSON.parse(text)],
  ["alerts.yaml", (text: string): unknown => parse(text)],
] as const)("every metric that %s names is told under that name", async (file, read) => {
  const text = await renderPrometheus(reading);
  const told = new Set([...text.matchAll(/^(pgrove_\w+)\{/gm)].map(([, name]) => name));
  const asked = namesIn(expressionsOf(read(readFileSync(join(FOLDER, file), "utf8"))));
  expect(asked.size).toBeGreaterThan(10);
  expect([...asked].filter((name) => !told.has(name))).toEqual([]);
});

test("the dashboard's panels have each its own number and place", () => {
  const { panels } = JSON.parse(readFileSync(join(FOLDER, "dashboard.json"), "utf8"));
  const all: { id: number; gridPos: { x: number; y: number; w: number } }[] = panels;
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  expect(new Set(all.map(({ gridPos: { x, y } }) => `${x} ${y}`)).size).toBe(all.length);
  for (const { gridPos } of all) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
});

test("names follow Prometheus' conventions, and every figure's metric is one", () => {
  for (const [name, { type }] of Object.entries(METRICS)) {
    expect(name).toMatch(/^pgrove_[a-z]+(_[a-z]+)*$/);
    expect(name.endsWith("_total")).toBe(type === "counter");
    expect(name).not.toMatch(/_(ms|milliseconds|kb|mb|percent)(_|$)/);
  }
  for (const { metric, as } of Object.values(FIGURE_METRICS)) {
    expect(metric.endsWith("_timestamp_seconds")).toBe(as === "moment");
    expect(metric.endsWith("_seconds")).toBe(as === "seconds" || as === "moment");
  }
});

test("labels that hold quotes and lines are escaped; the document has the form that it is said to have", async () => {
  expect(await renderPrometheus(reading)).toContain('pgrove_up{target="a \\"target\\"\\n\\\\",project="shop"} 1');
  const document = await metricsDocument(reading);
  expect(v.is(metricsForm, document)).toBe(true);
  const durations = document.metrics.find(({ name }) => name === "pgrove_operation_duration_seconds");
  expect(durations?.values.find(({ name }) => name.endsWith("_sum"))).toMatchObject({ value: 3 });
  expect(document.metrics.find(({ name }) => name === "pgrove_operation_failures_total")?.values).toMatchObject([
    { labels: { operation: "dump", project: "shop" }, value: 1 },
  ]);
});
