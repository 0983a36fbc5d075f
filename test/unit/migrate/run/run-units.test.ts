import { describe, expect, test } from "bun:test";
import { groupIntoUnits, isConcurrent } from "../../../../src/migrate/run/run-units.ts";
import { readShape } from "../../../../src/sql/script-shape.ts";
import { script } from "../../../support/migrate/fixtures.ts";

async function unitsOf(sql: string) {
  const shape = await readShape({ ...script("1_x.up.sql", sql), transaction: false });
  return groupIntoUnits(await shape.statements());
}

describe("what stands or falls together", () => {
  test.each<[string, string]>([
    ["select 1; select 2", "1-1 2-2"],
    ["begin; select 1; commit; select 2", "1-3 4-4"],
    ["select 1; start transaction; select 2; end; begin; select 3; rollback", "1-1 2-4 5-7"],
    ["begin; select 1; savepoint a; select 2; rollback to a; commit", "1-6"],
    ["do $$ begin perform 1; end $$; select 1", "1-1 2-2"],
    ["", ""],
  ])("%s", async (sql, expected) => {
    const units = await unitsOf(sql);
    expect(units.map(({ first, last }) => `${first}-${last}`).join(" ")).toBe(expected);
  });
});

test.each([
  ["create index concurrently i on t (a)", true],
  ["DROP INDEX CONCURRENTLY i", true],
  ["select 'concurrently'", false],
  ["create index i on t (a) -- not concurrently", false],
])("%p says CONCURRENTLY: %p", async (sql, expected) => {
  const [unit] = await unitsOf(sql);
  expect(unit !== undefined && isConcurrent(unit)).toBe(expected);
});
