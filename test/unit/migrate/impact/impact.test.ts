import { expect, test } from "bun:test";
import { mayLoseData } from "../../../../src/migrate/impact/impact.ts";

test.each([
  ["create table t (a text); insert into t values (1); update t set a = 2", false],
  ["create index droplets on t (a)", false],
  ["ALTER TABLE t DROP COLUMN a", true],
  ["truncate t", true],
  ["delete from t", true],
  ["alter table t alter a type int", true],
  ["do $$ begin end $$", true],
  ["call clean()", true],
])("a cheap look at whether data may be lost: %s", (sql, may) => {
  expect(mayLoseData(sql)).toBe(may);
});
