/** Each rule: a breach is found, the better way is not, nor what the same change has made, nor what a comment says is meant. */
import { describe, expect, test } from "bun:test";
import { lintMigrations, toLintFiles } from "../../../../src/migrate/lint/lint.ts";
import { STATEMENT_RULES } from "../../../../src/migrate/lint/rules.ts";
import { type LintOptions, rulesOf, scriptOf } from "./lint.ts";

interface RuleCase extends LintOptions {
  rule: string;
  breaches: readonly string[];
  fine: readonly string[];
}

const outside = { transaction: false };
const table = "create table t (id bigint, a text);";

const CASES: readonly RuleCase[] = [
  {
    rule: "require-concurrent-index-creation",
    breaches: [
      "create index i on t (a)",
      "do $$ begin create index i on t (a); end $$",
      "do $$ begin execute 'create index i on t (a)'; end $$",
    ],
    fine: [
      "create index concurrently i on t (a)",
      `${table} create index i on t (a)`,
      "create temp table t (a int); create index i on t (a)",
      "create function f() returns void language plpgsql as $$ begin create index i on t (a); end $$",
    ],
  },
  {
    rule: "require-concurrent-index-deletion",
    breaches: ["drop index i", "drop index s.i, j"],
    fine: ["drop index concurrently i", `${table} create index i on t (a); drop index i`],
  },
  {
    rule: "require-concurrent-reindex",
    breaches: ["reindex table t", "reindex index i", "reindex (verbose) table t"],
    fine: ["reindex table concurrently t", "reindex (concurrently) table t", `${table} reindex table t`],
  },
  {
    rule: "require-concurrent-partition-detach",
    breaches: ["alter table t detach partition p"],
    fine: ["alter table t detach partition p concurrently", "create table p (a int); alter table t detach partition p"],
  },
  {
    rule: "require-concurrent-refresh",
    breaches: ["refresh materialized view v"],
    fine: [
      "refresh materialized view concurrently v",
      "create materialized view v as select 1; refresh materialized view v",
    ],
  },
  {
    rule: "ban-vacuum-full",
    breaches: ["vacuum full t", "vacuum (full) t"],
    fine: ["vacuum t", "vacuum (full off) t"],
    ...outside,
  },
  { rule: "ban-cluster", breaches: ["cluster t using i", "cluster"], fine: [`${table} cluster t using i`] },
  {
    rule: "ban-table-rewrite",
    breaches: [
      "alter table t set logged",
      "alter table t set unlogged",
      "alter table t set tablespace fast",
      "alter table t set access method heap",
      "alter table t alter column a set expression as (b * 2)",
      "alter index i set tablespace fast",
      "alter materialized view v set tablespace fast",
      "alter table all in tablespace slow set tablespace fast",
    ],
    fine: [
      `${table} alter table t set unlogged`,
      "create table p (id int) partition by range (id); alter table p set tablespace fast",
      `${table} create index i on t (a); alter index i set tablespace fast`,
      "alter table t set (fillfactor = 70)",
    ],
  },
  {
    rule: "require-check-before-partition-attach",
    before: [
      "create table p (id int); alter table p add constraint c check (id = 1) not valid",
      "create table q (id int check (id = 1)); create table r (id int check (id = 1))",
      "alter table r drop constraint r_id_check; create table s (id int, check (id is not null))",
    ],
    breaches: ["other", "p", "r", "s"].map((each) => `alter table t attach partition ${each} for values in (1)`),
    fine: [
      "alter table t attach partition q for values in (1)",
      "create table n (id int); alter table t attach partition n for values in (1)",
      "alter table p validate constraint c; alter table t attach partition p for values in (1)",
      "alter table p add check (id = 1); alter table t attach partition p for values in (1)",
    ],
  },
  {
    rule: "renaming-schema",
    breaches: ["alter schema app rename to shop"],
    fine: ["create schema app; alter schema app rename to shop", "alter index i rename to j"],
  },
  {
    rule: "prefer-jsonb",
    breaches: ["alter table t add column a json", "create table t (a json)", "create table t (a json[])"],
    fine: ["alter table t add column a jsonb", "create temp table t (a json)"],
  },
  {
    rule: "ban-lock-table",
    breaches: ["lock table t", "lock t in access exclusive mode"],
    fine: ["lock table t in share mode", `${table} lock table t`],
  },
  {
    rule: "adding-field-with-default",
    breaches: [
      "alter table t add column a uuid default gen_random_uuid()",
      "alter table t add column a int default mine(1)",
      "alter table t add column a int generated always as (id * 2) stored",
    ],
    fine: [
      "alter table t add column a int default 1",
      "alter table t add column a timestamptz default now()",
      "alter table t add column a int generated always as (id * 2) virtual",
      "create table t (a uuid default gen_random_uuid()); alter table t add column b uuid default gen_random_uuid()",
    ],
  },
  {
    rule: "adding-required-field",
    breaches: ["alter table t add column a text not null", "alter table t add a bigint primary key"],
    fine: [
      "alter table t add column a text",
      "alter table t add column a text not null default ''",
      `${table} alter table t add column b text not null`,
    ],
  },
  {
    rule: "adding-not-nullable-field",
    breaches: ["alter table t alter column a set not null"],
    fine: [
      `${table} alter table t alter column a set not null`,
      "alter table t add constraint c check (a is not null) not valid; alter table t validate constraint c; alter table t alter a set not null",
    ],
  },
  {
    rule: "adding-serial-primary-key-field",
    breaches: [
      "alter table t add column id bigserial",
      "alter table t add column id bigint generated always as identity primary key",
    ],
    fine: ["alter table t add column id bigint", "create table t (id bigint generated always as identity primary key)"],
  },
  {
    rule: "changing-column-type",
    breaches: ["alter table t alter column a type bigint"],
    fine: [
      `${table} alter table t alter column a type varchar`,
      "alter table t add column a int; alter table t alter column a type bigint",
    ],
  },
  {
    rule: "constraint-missing-not-valid",
    breaches: [
      "alter table t add constraint c check (a > 0)",
      "alter table t add constraint c check (a > 0) not valid; alter table t validate constraint c",
      "alter table t add column a bigint not null default 0 check (a >= 0)",
    ],
    fine: [
      `${table} alter table t add column b int check (b > 0)`,
      "alter table t add constraint c check (a > 0) not valid",
      "alter table t validate constraint c",
      `${table} alter table t add constraint c check (a <> '')`,
    ],
  },
  {
    rule: "adding-foreign-key-constraint",
    breaches: [
      "alter table t add foreign key (a) references u",
      "alter table t add column a bigint default 1 references u",
      "alter table t add column a bigint references u",
      "create table u (id bigint); alter table t add column a bigint default 1 references u",
    ],
    fine: [
      "alter table t add foreign key (a) references u not valid",
      "create table u (id bigint primary key); alter table t add column a bigint references u",
      "create table t (a bigint references u); alter table t add foreign key (a) references v",
    ],
  },
  {
    rule: "disallowed-unique-constraint",
    breaches: [
      "alter table t add constraint c unique (a)",
      "alter table t add primary key (id)",
      "alter table t add exclude (a with =)",
      "alter table t add column a int unique",
    ],
    fine: ["alter table t add constraint c unique using index i", `${table} alter table t add unique (a)`],
  },
  {
    rule: "unique-on-existing-rows",
    breaches: ["create unique index concurrently i on t (a)", "create unique index concurrently i on t (lower(a))"],
    fine: [
      "create index concurrently i on t (a)",
      `${table} create unique index i on t (a)`,
      "alter table t add a int; create unique index i on t (a)",
    ],
  },
  {
    rule: "ban-drop-foreign-key",
    breaches: ["alter table t drop constraint t_a_fkey"],
    fine: ["alter table t drop constraint t_a_check", `${table} alter table t drop constraint t_a_fkey`],
  },
  {
    rule: "ban-drop-column",
    breaches: ["alter table t drop column a", "do $$ begin alter table t drop a; end $$"],
    fine: [
      "alter table t alter a drop default",
      `${table} alter table public.t drop column a`,
      "alter table t add a int; alter table t drop a",
    ],
  },
  {
    rule: "ban-drop-table",
    breaches: [
      "drop table t",
      "drop table if exists s.t cascade",
      `${table} drop table other.t`,
      "drop materialized view v",
    ],
    fine: ["drop view t", `${table} drop table t`, "create table s.t (a int); drop table s.t"],
  },
  {
    rule: "ban-drop-schema",
    breaches: ["drop schema s cascade"],
    fine: ["drop schema s", "create schema s; drop schema s cascade"],
  },
  {
    rule: "ban-drop-owned",
    breaches: ["drop owned by a", "drop owned by current_user cascade"],
    fine: ["reassign owned by a to b"],
  },
  {
    rule: "ban-drop-database",
    breaches: ["drop database d"],
    fine: ["create database d; drop database d"],
    ...outside,
  },
  {
    rule: "ban-drop-not-null",
    breaches: ["alter table t alter column a drop not null"],
    fine: [`${table} alter table t alter column a drop not null`],
  },
  {
    rule: "ban-truncate-cascade",
    breaches: ["truncate t cascade", "create function f() returns void language sql as 'truncate t cascade'"],
    fine: ["truncate t, u"],
  },
  {
    rule: "ban-change-of-all-rows",
    breaches: [
      "update t set a = 1",
      "delete from t",
      "create function f() returns int language sql begin atomic delete from t; select 1; end",
      "with gone as (delete from t returning *) select count(*) from gone",
      "with gone as (delete from t returning *) insert into u select * from gone",
      "explain analyze delete from t",
      "create function f() returns setof t language plpgsql as $$ begin return query delete from t returning *; end $$",
      "do $$ declare r record; begin for r in delete from t returning * loop null; end loop; end $$",
      "truncate t",
      "truncate u, t restart identity",
      "merge into t using s on t.a = s.a when matched then delete",
    ],
    fine: [
      "delete from t where a = 1",
      "update t set a = 1 where true",
      `${table} update t set a = ''`,
      `${table} truncate t`,
      "with gone as (delete from t where a = 1 returning *) select count(*) from gone",
      "merge into t using s on t.a = s.a when matched and s.gone then delete when matched then update set a = s.a",
    ],
  },
  {
    rule: "ban-drop-type-cascade",
    breaches: ["drop type e cascade", "drop domain if exists s.d cascade", "drop extension citext cascade"],
    fine: ["drop type e", "create type e as enum ('a'); drop type e cascade", "drop view v cascade"],
  },
  {
    rule: "renaming-column",
    breaches: ["alter table t rename column a to b"],
    fine: [`${table} alter table t rename a to b`, "alter table t add a int; alter table t rename a to b"],
  },
  {
    rule: "renaming-table",
    breaches: ["alter table t rename to u"],
    fine: [`${table} alter table t rename to u; drop table u`],
  },
  {
    rule: "prefer-bigint-over-int",
    breaches: [
      "create table t (id int)",
      "create table t (user_id int)",
      "create table t (a int primary key)",
      "create table t (a int, unique (a))",
      "create table t (a int, foreign key (a) references u)",
      "create table t (a int generated always as identity)",
      "alter table t add a serial",
      "alter table t add a int, add constraint c unique (a)",
    ],
    fine: ["create table t (id bigint, amount int)", "create temp table t (id int)"],
  },
  {
    rule: "prefer-bigint-over-smallint",
    breaches: ["create table t (id smallint)", "create table t (a smallserial)"],
    fine: ["create table t (id bigint, month smallint)"],
  },
  {
    rule: "prefer-identity",
    breaches: ["create table t (id bigserial)"],
    fine: ["create table t (id bigint generated always as identity)"],
  },
  {
    rule: "prefer-text-field",
    breaches: ["create table t (a varchar(10))"],
    fine: ["create table t (a text, b varchar)"],
  },
  {
    rule: "prefer-timestamptz",
    breaches: ["create table t (a timestamp)"],
    fine: ["create table t (a timestamptz, b date)"],
  },
  {
    rule: "ban-char-field",
    breaches: ["create table t (a char(3))", "create table t (a character)"],
    fine: ["create table t (a text)"],
  },
  {
    rule: "ban-create-domain-with-constraint",
    breaches: ["create domain d as int check (value > 0)", "create domain d as int not null"],
    fine: ["create domain d as int"],
  },
  {
    rule: "ban-alter-domain-with-add-constraint",
    breaches: ["alter domain d add constraint c check (value > 0)"],
    fine: [
      "alter domain d add constraint c check (value > 0) not valid",
      "create domain d as int; alter domain d add check (value > 0)",
    ],
  },
  {
    rule: "ban-concurrent-index-creation-in-transaction",
    breaches: [
      "create index concurrently i on t (a); select 1",
      "begin; create index concurrently i on t (a); commit",
      "select 1; vacuum t",
      "select 1; alter table t detach partition p concurrently",
    ],
    fine: [
      "create index concurrently i on t (a)",
      "set lock_timeout = '1s'; create index concurrently i on t (a)",
      "create index i on t (a)",
    ],
  },
  {
    rule: "ban-concurrent-index-on-partitioned-table",
    before: ["create table t (a int) partition by range (a); create table p partition of t for values from (0) to (9)"],
    breaches: ["create index concurrently i on t (a)"],
    fine: ["create index concurrently i on p (a)", "create index i on only t (a)"],
    ...outside,
  },
  {
    rule: "ban-enum-value-use-in-transaction",
    breaches: [
      "alter type e add value 'b' after 'a'; alter table t alter s set default 'b'",
      "alter type e add value 'b' after 'a'; do $$ begin update t set s = 'b' where a = 1; end $$",
      "begin; alter type s.e add value 'b'; commit and chain; alter type s.e add value 'c'; insert into t values ('c'); commit",
    ],
    fine: [
      "alter type e add value 'b' after 'a'",
      "alter type e add value 'b' after 'a'; alter type e add value 'c' after 'b'",
      "create type e as enum ('a'); alter type e add value 'b' after 'a'; create table t (s e default 'b')",
      "begin; alter type e add value 'b' after 'a'; commit; alter table t alter s set default 'b'",
      "alter type e rename value 'a' to 'b'; alter table t alter s set default 'b'",
    ],
  },
  {
    rule: "transaction-nesting",
    breaches: ["begin; begin; commit", "commit; select 1"],
    fine: ["begin; select 1; commit", "begin; select 1; commit; begin; select 2; commit", "select 1"],
  },
  {
    rule: "ban-uncommitted-transaction",
    breaches: ["begin; select 1"],
    fine: ["begin; select 1; commit", "begin; rollback"],
  },
  {
    rule: "divided-transaction",
    breaches: ["begin; select 1; commit; select 2"],
    fine: ["begin; select 1; commit", "select 1"],
  },
  {
    rule: "require-timeout-settings",
    breaches: ["begin; alter table t add a int; commit; select 1"],
    fine: ["alter table t add a int", "set lock_timeout = '1s'; begin; alter table t add a int; commit"],
  },
  {
    rule: "prefer-robust-stmts",
    ...outside,
    breaches: [
      "create table t (a int)",
      "create index i on t (a)",
      "create index concurrently i on t (a)",
      "alter table t drop column a",
      "drop table t",
      "alter table t drop constraint c",
      "alter type e add value 'a' before 'b'",
    ],
    fine: [
      "create table if not exists t (a int)",
      "drop index concurrently if exists i; create index concurrently i on t (a)",
      "alter table t add column if not exists a int",
      "drop table if exists t",
      "begin; drop table t; commit",
      "alter type e rename value 'a' to 'b'",
    ],
  },
  {
    rule: "require-enum-value-ordering",
    breaches: ["alter type e add value 'a'"],
    fine: [
      "alter type e add value 'a' before 'b'",
      "create type e as enum ('b'); alter type e add value 'a'",
      "alter type e rename value 'a' to 'b'",
    ],
  },
  {
    rule: "ban-duplicate-column-assignments",
    breaches: [
      "create table t (a bigint, a text)",
      "update t set a = 1, a = 2 where true",
      "insert into t (a, a) values (1, 2)",
      "create view v (a, a) as select 1, 2",
    ],
    fine: ["create table t (a bigint, b text)", "update t set a[1] = 1, a[2] = 2 where true"],
  },
  {
    rule: "require-table-schema",
    levels: { "require-table-schema": "warning" },
    breaches: ["create table t (a bigint)", "select * from t", "alter table t add b bigint"],
    fine: ["create table s.t (a bigint)", "create temp table t (a bigint); select * from t"],
  },
];

describe.each(CASES.map((each) => [each.rule, each] as const))("%s", (rule, { breaches, fine, ...options }) => {
  test.each([...breaches])("%s", async (sql) => {
    expect(await rulesOf(sql, options)).toContain(rule);
  });

  test("a comment says that it is meant", async () => {
    for (const sql of breaches)
      expect(await rulesOf(`-- pgrove-ignore-file ${rule}\n${sql}`, options)).not.toContain(rule);
  });

  test.each([...fine])("fine: %s", async (sql) => {
    expect(await rulesOf(sql, options)).not.toContain(rule);
  });
});

describe("earlier migrations say what was there", () => {
  const typed = "create table t (a varchar(20), n numeric(8,2), x varchar(20), d bigint, at timestamp(3));";
  const checked = "alter table t add constraint c check (d is not null) not valid";
  const validated = "alter table t validate constraint c";
  const parted = "create table t (a int) partition by list (a)";
  const procedure = "create procedure p() language plpgsql as $$ begin update t set d = 1 where d = 2; commit; end $$";

  test.each<[string, string, string[]]>([
    ["changing-column-type", "alter table t alter a type varchar(50)", [typed]],
    ["changing-column-type", "alter table t alter a type text", [typed]],
    ["changing-column-type", "alter table t alter a type text using a::text", [typed]],
    ["changing-column-type", "alter table t alter n type numeric(12,2)", [typed]],
    ["changing-column-type", "alter table t alter at type timestamp", [typed]],
    [
      "changing-column-type",
      "alter table u alter b type text",
      [typed, "alter table t rename to u", "alter table u rename a to b"],
    ],
    ["adding-not-nullable-field", "alter table t alter d set not null", [typed, checked, validated]],
    ["adding-not-nullable-field", `${validated}; alter table t alter d set not null`, [typed, checked]],
    [
      "adding-not-nullable-field",
      "alter table t alter d set not null",
      [
        typed,
        "alter table t add constraint b check (d is not null and d <> id) not valid",
        "alter table t validate constraint b",
      ],
    ],
    ["adding-not-nullable-field", "alter table t alter id set not null", ["create table t (id int, primary key (id))"]],
    [
      "adding-not-nullable-field",
      "alter table t alter d set not null",
      [typed, "alter table t add check (d is not null) not valid", "alter table t validate constraint t_d_check"],
    ],
    [
      "adding-not-nullable-field",
      "alter table t alter d set not null",
      [typed, "alter table t add not null d not valid", "alter table t validate constraint t_d_not_null"],
    ],
    [
      "adding-not-nullable-field",
      "alter table t alter d set not null",
      ["create table t (d int check (d is not null))"],
    ],
    [
      "adding-not-nullable-field",
      "alter table t alter d set not null",
      ["create table t (d int, check (not d is null))"],
    ],
    ["changing-column-type", 'alter table t alter a type text collate "default"', [typed]],
    ["require-concurrent-index-creation", "create index i on only t (a)", [parted]],
    ["unique-on-existing-rows", "create unique index i on only t (a)", [parted]],
  ])("%s does not object: %s", async (rule, sql, before) => {
    expect(await rulesOf(sql, { before })).not.toContain(rule);
  });

  test.each<[string, string, string[]]>([
    ["changing-column-type", "alter table t alter a type varchar(10)", [typed]],
    ["changing-column-type", "alter table t alter a type text using lower(a)", [typed]],
    ["changing-column-type", "alter table t alter n type numeric(12,3)", [typed]],
    ["changing-column-type", "alter table t alter d type numeric", [typed]],
    ["changing-column-type", 'alter table t alter a type text collate "C"', [typed]],
    [
      "adding-not-nullable-field",
      "alter table t alter d set not null",
      ["create table t (d int constraint c check (d is not null))", "alter table t drop constraint c"],
    ],
    ["changing-column-type", "alter table t alter a type text[] using array[a]", [typed]],
    ["adding-not-nullable-field", "alter table t alter d set not null", [typed, checked]],
    [
      "adding-not-nullable-field",
      "alter table t alter d set not null",
      [typed, checked, validated, "alter table t drop constraint c"],
    ],
    ["require-concurrent-index-creation", "create index i on only t (a)", [typed]],
    ["ban-drop-column", "create table if not exists t (a varchar(20)); alter table t drop column a", [typed]],
    ["ban-drop-column", "create table if not exists t (a int); alter table t drop column old", []],
    ["ban-drop-column", "alter table t add column if not exists a text; alter table t drop column a", [typed]],
    ["ban-drop-table", "create table if not exists t (a int); drop table t", [typed]],
    ["ban-concurrent-index-creation-in-transaction", "call p()", [procedure]],
  ])("%s objects: %s", async (rule, sql, before) => {
    expect(await rulesOf(sql, { before })).toContain(rule);
  });

  test("a table that is made IF NOT EXISTS, and was not there before, is new", async () => {
    const sql = "create table if not exists t (a bigint, b text); create index i on t (a); alter table t drop column b";
    expect(await rulesOf(sql, { before: ["create table u ()"] })).toEqual([]);
  });

  test("what takes a change back says nothing of what the next one finds", async () => {
    const up = (sql: string, version: bigint, down = "") => ({
      ...{ version, digits: `${version}`, name: "", up: scriptOf(sql) },
      ...(down === "" ? {} : { down: scriptOf(down) }),
    });
    const all = [up(typed, 1n, "drop table t"), up("alter table t alter a type text", 2n)];
    const settings = { enabled: true, ignore: ["prefer-text-field", "prefer-timestamptz"], levels: {} };
    expect(await lintMigrations(toLintFiles(all, []), settings, all)).toEqual([]);
  });
});

/** The rules that are off until they are given a level, which have no other way to be kept. */
const ROLLBACK: Readonly<Record<string, string>> = {
  "ban-add-column": "alter table t add a bigint",
  "ban-add-composite-attribute": "alter type c add attribute a int",
  "ban-add-enum-value": "alter type e add value 'a' before 'b'",
  "ban-alter-database-options": "alter database d set work_mem = 1",
  "ban-alter-extension": "alter extension e update",
  "ban-alter-function-options": "alter function f() stable",
  "ban-alter-generated-expression": "alter table t alter a set expression as (1)",
  "ban-alter-identity": "alter table t alter a set generated always",
  "ban-alter-policy-condition": "alter policy p on t using (true)",
  "ban-alter-policy-roles": "alter policy p on t to someone",
  "ban-alter-role-options": "alter role r login",
  "ban-alter-row-level-security": "alter table t enable row level security",
  "ban-alter-sequence-values": "alter sequence s increment 2",
  "ban-alter-system-options": "alter system set work_mem = 1",
  "ban-alter-view-options": "alter view v set (security_invoker = true)",
  "ban-create-policy": "create policy p on t",
  "ban-detach-inheritance": "alter table t no inherit u",
  "ban-disable-trigger": "alter table t disable trigger a",
  "ban-drop-constraint": "alter table t drop constraint c",
  "ban-drop-default": "alter table t alter a drop default",
  "ban-drop-domain": "drop domain d",
  "ban-drop-extension": "drop extension e",
  "ban-drop-function": "drop function f()",
  "ban-drop-generated-expression": "alter table t alter a drop expression",
  "ban-drop-index": "drop index i",
  "ban-drop-policy": "drop policy p on t",
  "ban-drop-sequence": "drop sequence s",
  "ban-drop-trigger": "drop trigger a on t",
  "ban-drop-type": "drop type e",
  "ban-drop-view": "drop view v",
  "ban-new-write-restriction": "alter table t add constraint c check (a > 0) not valid",
  "ban-replace-view-function": "create or replace view v as select 1",
  "ban-replica-identity": "alter table t replica identity full",
  "ban-revoke": "revoke select on t from r",
  "ban-set-default": "alter table t alter a set default 1",
  "ban-set-schema": "alter table t set schema s",
  "renaming-object": "alter index i rename to j",
};

test.each(Object.entries(ROLLBACK))("%s is off until it is given a level", async (rule, sql) => {
  expect(await rulesOf(sql)).not.toContain(rule);
  expect(await rulesOf(sql, { levels: { [rule]: "warning" } })).toContain(rule);
  expect(await rulesOf("select 1; grant select on t to r", { levels: { [rule]: "warning" } })).toEqual([]);
});

test("every rule is tried here", () => {
  const tried = [...CASES.map(({ rule }) => rule), ...Object.keys(ROLLBACK)];
  expect(tried.toSorted()).toEqual(STATEMENT_RULES.map(({ name }) => name).toSorted());
});
