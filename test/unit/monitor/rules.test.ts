import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { parseCondition } from "../../../src/config/condition.ts";
import { configSchema } from "../../../src/config/config-schema.ts";
import { MEASURES, type Measure } from "../../../src/config/measures.ts";
import { type Figures, figure, type Measured, none, unknown } from "../../../src/monitor/figures/figure.ts";
import { measureSeeding } from "../../../src/monitor/figures/repository.ts";
import { evaluate } from "../../../src/monitor/rules/evaluate.ts";
import { chooseRules, readRules, usualRules } from "../../../src/monitor/rules/rule.ts";
import { hintFor, sayFinding } from "../../../src/monitor/rules/words.ts";
import type { JournalEntry } from "../../../src/sys/journal.ts";
import { newRunId } from "../../../src/sys/run-id.ts";

const read = (checks: object) => {
  const parsed = v.safeParse(configSchema, { project: "p", server: { container: "c" }, checks });
  return parsed.success ? readRules(parsed.output.checks) : parsed.issues.map(({ message }) => message);
};

describe("the rules", () => {
  test("what pgrove.yaml says of a rule that pgrove has changes only that", () => {
    const usual = usualRules().find(({ name }) => name === "dump_age");
    const [changed] = chooseRules(readRules({ dump_age: { severity: "critical", for: 60_000 } as never }), [
      "dump_age",
    ]);
    expect(changed).toEqual({ ...usual, name: "dump_age", severity: "critical", forMs: 60_000 } as never);
    expect(read({ dump_age: { enabled: false } })).not.toContainEqual(expect.objectContaining({ name: "dump_age" }));
  });

  test("the example of alert rules works as it is written", () => {
    const checks = {
      migration_behind: { condition: "pending_migrations > 0", severity: "warning", message: "behind" },
      backup_failed: { condition: "last_backup_age > 24h", severity: "critical", message: "no backup" },
      seeding_failed: { condition: "seeding_error_rate > 0.1", severity: "warning", message: "errors" },
    };
    expect(read(checks).slice(-3)).toMatchObject(
      Object.entries(checks).map(([name, { severity, message }]) => ({ name, severity, message, forMs: 0 })),
    );
  });

  test("mistakes are told with what was meant", () => {
    expect(() => readRules({ dump_agee: { severity: "info" } as never })).toThrow("has no condition");
    expect(() => chooseRules(usualRules(), ["dump_agee"])).toThrow("there is no rule dump_agee");
    expect(read({ x: { condition: "dumps == 0", message: "{valeu}" } })).toEqual([expect.stringContaining("{valeu}")]);
    expect(read({ "X-1": { condition: "dumps == 0" } })).toEqual([expect.stringContaining("not a rule's name")]);
    expect(read({ x: { condition: "dumpz == 0" } })).toEqual([expect.stringContaining("did you mean dumps?")]);
  });

  test("every rule that pgrove has says a sentence with its figure, and a next command, of every measure", () => {
    for (const measure of Object.keys(MEASURES) as Measure[]) {
      const said = { rule: "r", target: "it's", measure, value: 1, limit: 2, subject: "public.t" };
      expect(sayFinding(said, undefined)).not.toContain("undefined");
      expect(hintFor(measure, "it's", "it's")).toStartWith("pgrove ");
      expect(hintFor(measure, "it's", "it's")).not.toMatch(/\bit's\b/); // quoted, where it is in it
    }
    const pending = { rule: "r", target: "main", measure: "pending_migrations" as const, limit: 0, subject: "" };
    expect([1, 2].map((value) => sayFinding({ ...pending, value }, undefined))).toEqual([
      "1 pending migration at main",
      "2 pending migrations at main",
    ]);
    const never = {
      rule: "r",
      target: "main",
      measure: "last_dump_age" as const,
      value: Infinity,
      limit: 1,
      subject: "",
    };
    expect(sayFinding(never, undefined)).toBe("main was never dumped");
    expect(sayFinding({ ...never, value: 7_500_000 }, "{target}: {value} > {limit} ({rule})")).toBe(
      "main: 2 h 5 min > 1 ms (r)",
    );
  });
});

test("a seed run that was refused is none that has failed", () => {
  const now = new Date("2026-01-15T12:00:00Z");
  const base = { version: 1 as const, at: now.toISOString(), run: newRunId(now), event: "end" as const, pid: 1 };
  const seed = { ...base, operation: "seed", target: "main", database: "d", by: "b", host: "h" };
  const failed: JournalEntry = { ...seed, result: "failed" };
  const refused: JournalEntry = { ...failed, details: { refused: true } };
  expect(measureSeeding([{ ...seed, result: "done" }, refused, failed], now)).toMatchObject({ value: 0.5 });
  expect(measureSeeding([refused], now)).toMatchObject({ state: "none" });
});

describe("a condition is judged", () => {
  const judge = (written: string, figures: Partial<Record<Measure, Measured>>) =>
    evaluate(parseCondition(written), new Map(Object.entries(figures)) as Figures).state;

  test.each([
    ["dumps > 0", { dumps: figure(1) }, "holds"],
    ["dumps > 1", { dumps: figure(1) }, "not"],
    ["last_dump_age > 999d", { last_dump_age: figure(Number.POSITIVE_INFINITY) }, "holds"],
    ["dumps > 0", { dumps: unknown("x") }, "unknown"],
    ["dumps > 0", {}, "none"],
    ["dumps > 0 and dead_rows > 5", { dumps: figure(0), dead_rows: unknown("x") }, "not"],
    ["dumps > 0 and dead_rows > 5", { dumps: figure(1), dead_rows: unknown("x") }, "unknown"],
    ["dumps > 0 and dead_rows > 5", { dumps: figure(1), dead_rows: none("x") }, "none"],
    ["dumps > 0 or dead_rows > 5", { dumps: figure(1), dead_rows: unknown("x") }, "holds"],
    ["dumps > 0 or dead_rows > 5", { dumps: figure(0), dead_rows: unknown("x") }, "unknown"],
    ["dumps > 0 or dead_rows > 5", { dumps: figure(0), dead_rows: none("x") }, "not"],
  ] as const)("%s of %j: %s", (written, figures, state) => {
    expect(judge(written, figures)).toBe(state);
  });
});
