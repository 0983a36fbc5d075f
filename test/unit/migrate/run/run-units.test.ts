import { describe, expect, test } from "bun:test";
import { canRunAgain, commitsOnItsWay, groupIntoUnits, isConcurrent } from "../../../../src/migrate/run/run-units.ts";
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
    ["begin; select 1; commit and chain; select 2; select 3; commit; select 4", "1-3 4-6 7-7"],
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

describe("what has failed, and may have committed a part of itself, is not run again from its start", () => {
  test.each<[string, boolean[], boolean[]]>([
    ["select 1", [true], [false]],
    ["call p()", [false], [true]],
    ["begin; call p(); commit", [true], [false]],
    ["do $$ begin update t set a = 1; end $$", [true], [false]],
    ["do $$ begin update t set a = 1; commit; end $$", [false], [true]],
    ["do $$ begin call p(); end $$", [false], [true]],
    ["do language plpython3u $$ plpy.commit() $$", [false], [true]],
    ["create index concurrently i on t (a)", [false], [false]],
    ["create index i on t (a)", [true], [false]],
    ["reindex table concurrently t", [false], [false]],
    ["begin; select 1; commit and chain; select 2; commit", [true, false], [false, false]],
  ])("%s", async (sql, again, commits) => {
    const units = await unitsOf(sql);
    expect([units.map(canRunAgain), units.map(commitsOnItsWay)]).toEqual([again, commits]);
  });
});
