/** Each rule: a breach is found, the better way is not, nor what the same change has made, nor what a comment says is meant. */
import { describe, expect, test } from "bun:test";
import { STATEMENT_RULES } from "../../../../src/migrate/lint/rules.ts";
import { type LintOptions, rulesOf } from "./lint.ts";

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
    ],
    fine: [
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
    ],
    fine: [
      "alter table t add foreign key (a) references u not valid",
      "alter table t add column a bigint references u",
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
    ],
    fine: ["delete from t where a = 1", "update t set a = 1 where true", `${table} update t set a = ''`],
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
