import { expect, test } from "bun:test";
import { mayLoseData } from "../../../../src/migrate/impact/impact.ts";
import { EMPTY_CATALOG } from "../../../../src/migrate/impact/impact-catalog.ts";
import { describeStatement } from "../../../../src/migrate/impact/impact-statement.ts";
import { ChangeFacts } from "../../../../src/migrate/lint/facts.ts";
import { loadParser } from "../../../../src/sql/parser.ts";

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

test("what a role owns is lost with DROP OWNED, whatever it is", async () => {
  const [statement] = (await loadParser()).parse("drop owned by a, current_user");
  if (statement === undefined) throw new Error("no statement");
  const { losses } = describeStatement(statement.node, EMPTY_CATALOG, new ChangeFacts());
  expect(losses).toEqual([{ kind: "other", verb: "drops", what: "all that a, CURRENT_USER owns in this database" }]);
});
