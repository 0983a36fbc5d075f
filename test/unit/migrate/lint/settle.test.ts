import { expect, test } from "bun:test";
import { settleFindings } from "../../../../src/migrate/lint/settle.ts";
import type { Finding } from "../../../../src/migrate/migration.ts";
import { scriptOf } from "./lint.ts";

const FILE = "migrations/7_x.up.sql"; // that of scriptOf
const finding = (rule: string, level: Finding["level"] = "warning"): Finding => ({
  ...{ rule, level, file: FILE, line: 1, column: 1, message: "is wrong" },
});
const settings = { enabled: true, ignore: [] as string[], levels: {} };
const settle = (found: Finding, sql = "", more: Partial<typeof settings> = {}) =>
  settleFindings([found], [{ version: 7n, digits: "7", name: "x", up: scriptOf(sql) }], { ...settings, ...more });

test.each([
  ["-- pgrove-ignore empty-migration: filled by hand", []],
  ["-- pgrove-ignore empty", []],
  ["-- pgrove-ignore-file", []],
  ["-- pgrove-ignore text_order", [finding("empty-migration")]],
])("a comment in the file: %s", (sql, expected) => {
  expect(settle(finding("empty-migration"), sql)).toEqual(expected);
});

test("the configuration ignores a finding, or gives it another level", () => {
  expect(settle(finding("empty-migration"), "", { ignore: ["empty-migration"] })).toEqual([]);
  expect(settle(finding("behind_base", "error"), "", { levels: { behind_base: "warning" } })).toEqual([
    finding("behind_base"),
  ]);
});

test("what keeps migrations from being run stays", () => {
  const wrong = finding("wrong_name", "error");
  expect(settle(wrong, "-- pgrove-ignore wrong_name", { ignore: ["wrong_name"] })).toEqual([wrong]);
});
