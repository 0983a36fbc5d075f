import { expect, test } from "bun:test";
import type { PartitionLevel } from "../../../../src/seed/entity.ts";
import { readPartitions } from "../../../../src/seed/plan/infer-partitions.ts";

function rulesOf(strategy: PartitionLevel["strategy"], bounds: readonly string[], columns = ["k"]) {
  return readPartitions({ partitions: [{ strategy, columns, bounds }] }).get("k");
}

test("a list's values are all that there are", () => {
  const bounds = ["FOR VALUES IN ('eu', 'it''s, really')", "FOR VALUES IN (3, NULL)", "DEFAULT"];
  expect(rulesOf("list", bounds)).toEqual({ oneOf: ["eu", "it's, really", "3"] });
});

test("neighbouring ranges are one, in whatever order they are listed", () => {
  const bounds = [
    "FOR VALUES FROM ('2025-07-01') TO ('2026-01-01')",
    "FOR VALUES FROM ('2025-01-01') TO ('2025-07-01')",
    "FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')",
  ];
  expect(rulesOf("range", bounds)).toEqual({
    min: { value: "2025-01-01", inclusive: true },
    max: { value: "2026-01-01", inclusive: false },
  });
});

test.each([
  ["FOR VALUES FROM (MINVALUE) TO (1000)", { max: { value: "1000", inclusive: false } }],
  ["FOR VALUES FROM (10, 'a') TO (MAXVALUE, MAXVALUE)", { min: { value: "10", inclusive: true } }],
])("an open side demands nothing: %s", (bound, rule) => {
  expect(rulesOf("range", [bound])).toEqual(rule);
});

test("bounds over several columns that leave the first one a single value are about the next", () => {
  const partitions = [
    { strategy: "range", columns: ["k", "n"], bounds: ["FOR VALUES FROM (1, 10) TO (1, 20)"] } as const,
  ];
  expect(Object.fromEntries(readPartitions({ partitions }))).toEqual({
    k: { oneOf: ["1"] },
    n: { min: { value: "10", inclusive: true }, max: { value: "20", inclusive: false } },
  });
});

test("9 comes before 10, since numbers are no words", () => {
  const bounds = ["FOR VALUES FROM (10) TO (20)", "FOR VALUES FROM (9) TO (10)"];
  expect(rulesOf("range", bounds)).toEqual({
    min: { value: "9", inclusive: true },
    max: { value: "20", inclusive: false },
  });
});

test.each(["hash", "list", "range"] as const)("%s with a default alone, or none, demands nothing", (strategy) => {
  expect(rulesOf(strategy, [])).toBeUndefined();
  expect(rulesOf(strategy, ["DEFAULT"])).toBeUndefined();
  expect(rulesOf(strategy, ["FOR VALUES IN ('a')"], [])).toBeUndefined();
});
