/** Prometheus' own program reads the alert rules and the metrics, and the rules fire of them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderPrometheus } from "../../../src/monitor/metrics/render.ts";
import { unpackPackage } from "../../support/engine/apt.ts";
import { runOk } from "../../support/engine/run.ts";

const ALERTS = join(import.meta.dir, "../../../docs/observability/alerts.yaml");
const folder = mkdtempSync(join(tmpdir(), "pgrove-promtool-"));
let promtool: string;

beforeAll(async () => {
  promtool = join(await unpackPackage("promtool", "trixie"), "usr/bin/promtool");
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true }));

test("the alert rules are ones", async () => {
  expect(await runOk(promtool, ["check", "rules", ALERTS])).toContain("SUCCESS");
});

test("the text of metrics is without a fault of form or name", async () => {
  const labels = { target: 'o"d\n\\' };
  const text = await renderPrometheus({
    project: "shop",
    samples: [
      { metric: "pgrove_up", labels, value: 1 },
      { metric: "pgrove_last_dump_timestamp_seconds", labels, value: 1_800_000_000.5 },
      { metric: "pgrove_table_rows", labels: { ...labels, schema: "public", table: "größe" }, value: 7 },
    ],
    ended: [],
  });
  await runOk(promtool, ["check", "metrics"], { stdin: text });
});

test("they fire when they should, and only then", async () => {
  copyFileSync(ALERTS, join(folder, "alerts.yaml"));
  const series = (name: string, values: string) => ({ series: `${name}{project="shop",target="main"}`, values });
  const at = (minutes: number, alertname: string, said?: { severity: string; summary: string; command: string }) => {
    const { severity = "", ...exp_annotations } = said ?? {};
    const exp_labels = { severity, project: "shop", target: "main" };
    return {
      eval_time: `${minutes}m`,
      alertname,
      exp_alerts: said === undefined ? [] : [{ exp_labels, exp_annotations }],
    };
  };
  const down = { summary: "shop: the database of main cannot be reached", command: "pgrove status main" };
  const old = { summary: "shop: the last dump of main is 1d 2h 10m 0s old", command: "pgrove dump main" };
  const pending = { summary: "shop: pending migrations at main: 2", command: "pgrove migrate status main" };
  const document = {
    rule_files: ["alerts.yaml"],
    evaluation_interval: "1m",
    tests: [
      {
        interval: "1m",
        input_series: [
          series("pgrove_up", "1x10 0x60"),
          series("pgrove_last_dump_timestamp_seconds", "0x2000"),
          series("pgrove_pending_migrations", "2x60 0x10"),
        ],
        alert_rule_test: [
          ...[at(9, "PgroveDatabaseDown"), at(30, "PgroveDatabaseDown", { severity: "critical", ...down })],
          ...[at(10, "PgroveDumpOld"), at(26 * 60 + 10, "PgroveDumpOld", { severity: "warning", ...old })],
          ...[at(10, "PgroveMigrationsPending"), at(65, "PgroveMigrationsPending")],
          at(40, "PgroveMigrationsPending", { severity: "warning", ...pending }),
        ],
      },
    ],
  };
  writeFileSync(join(folder, "rules-test.yaml"), JSON.stringify(document));
  expect(await runOk(promtool, ["test", "rules", join(folder, "rules-test.yaml")])).toContain("SUCCESS");
});
