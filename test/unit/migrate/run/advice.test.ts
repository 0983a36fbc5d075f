import { expect, test } from "bun:test";
import { adviseOn, adviseOnWords } from "../../../../src/migrate/run/advice.ts";

test.each([
  ["1_x.up.sql:3: ERROR:  invalid transaction termination", "pgrove:no-transaction"],
  ["1_x.up.sql:3: ERROR:  VACUUM cannot run inside a transaction block", "pgrove:no-transaction"],
  ['1_x.up.sql:3: ERROR:  unsafe use of new value "c" of enum type mood', "a migration behind this one"],
  ['1_x.up.sql:3: ERROR:  cannot create index on partitioned table "t" concurrently', "ON ONLY"],
  ['1_x.up.sql:3: ERROR:  extension "nope" is not available', "image that has it"],
  ['1_x.up.sql:3: ERROR:  relation "t" already exists', "migrate baseline"],
  ['1_x.up.sql:3: ERROR:  role "ghost" does not exist', "CREATE ROLE"],
  ["1_x.up.sql:3: ERROR:  must be owner of table t", "owner"],
  ["1_x.up.sql:3: ERROR:  cannot alter type of a column used by a view or rule", "CREATE VIEW"],
  ['1_x.up.sql:3: ERROR:  column "a" of relation "t" contains null values', "UPDATE"],
  ['1_x.up.sql:3: ERROR:  column "a" of relation "t" contains null values', "DEFAULT"],
  ['1_x.up.sql:3: ERROR:  could not create unique index "i"', "twice"],
  ['1_x.up.sql:3: ERROR:  insert or update on table "u" violates foreign key constraint "f"', "NOT VALID"],
  ['1_x.up.sql:3: ERROR:  check constraint "c" of relation "t" is violated by some row', "NOT VALID"],
  ["1_x.up.sql:3: ERROR:  cannot drop table t because other objects depend on it", "CASCADE"],
])("what psql says has the same advice: %s", (said, advice) => {
  expect(adviseOnWords(said).join("\n")).toContain(advice);
});

test("a mistake in the file has none", () => {
  expect(adviseOnWords('1_x.up.sql:3: ERROR:  column "nope" does not exist')).toEqual([]);
});

test("a partitioned table with a default partition parts with none of them concurrently", () => {
  const message = "cannot detach partitions concurrently when a default partition exists";
  const said = Object.assign(new Error(message), { code: "55000" });
  expect(adviseOn(said).join("\n")).toContain("without CONCURRENTLY");
  expect(adviseOn(Object.assign(new Error("x is not in the state for it"), { code: "55000" }))).toEqual([]);
});
