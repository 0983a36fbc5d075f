import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MEASURES } from "../../../src/config/measures.ts";
import { METRICS } from "../../../src/monitor/metrics/metric.ts";
import { usualRules } from "../../../src/monitor/rules/rule.ts";

test("docs/checks.md has every rule with its condition, every measure, and every metric", () => {
  const text = readFileSync(join(import.meta.dir, "../../../docs/checks.md"), "utf8");
  const rules = usualRules().map(
    ({ name, condition, severity }) => `| \`${name}\` | \`${condition.written}\` | ${severity} |`,
  );
  const measures = Object.entries(MEASURES).map(([name, { about, kind }]) => `| \`${name}\` | ${about} | ${kind} |`);
  const metrics = Object.entries(METRICS).map(([name, { type }]) => `| \`${name}\` | ${type} |`);
  for (const line of [...rules, ...measures, ...metrics]) expect(text).toContain(line);
});
