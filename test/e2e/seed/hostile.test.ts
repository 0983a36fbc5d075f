/** Names and labels that break what is not quoted, and rows that cannot be made. */
import { expect, test } from "bun:test";
import { sharedServer } from "../../support/engine/server.ts";
import { readSeedState } from "../../support/seed/state.ts";
import { Grove } from "../../support/worktrees/grove.ts";

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Each becomes a schema, a table, a key, an enum and a column of one little family. */
const names = [
  `Odd "quoted"; drop table beside; --`,
  "with.dots.and spaces",
  "it's \\back\\slashed\t$1 %s {row}",
  "select",
  "__proto__",
  "constructor",
  'COPY x, line 5, column y: "z"',
  "ünï-💡-名",
  "l".repeat(63),
];

/** The name behind a letter, as long as PostgreSQL keeps it. */
const named = (letter: string, name: string) => quote(`${letter} ${name}`.slice(0, 60));

function familyOf(name: string): string {
  const [schema, odd, parent, key] = [named("s", name), quote(name), named("p", name), named("k", name)];
  const mood = `${schema}.${named("e", name)}`;
  return `
    create schema ${schema};
    create type ${mood} as enum ('${name.replaceAll("'", "''")}', '{"a",b}', 'N', 'NULL', '');
    create table ${schema}.${parent} (${odd} bigint generated always as identity primary key, email text not null unique);
    create table ${schema}.${odd} (
      ${odd} serial primary key, ${key} bigint not null references ${schema}.${parent}, label ${mood} not null,
      labels ${mood}[] not null, "Select" int check ("Select" between 3 and 9), constraint ${named("u", name)} unique (${key}));
    create index ${named("i", name)} on ${schema}.${odd} (label);`;
}

test("schemas, tables, columns, keys and enums of every name: few rows, many, the same again, cleaned", async () => {
  const sql = `create table beside (one int primary key); ${names.map(familyOf).join("\n")}`;
  await using grove = await Grove.create(await sharedServer(18), { sql });
  const before = await readSeedState(grove);
  const counts = async () => {
    const tables = (await grove.ask(
      grove.project,
      `select json_object_agg(c.oid::regclass, (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %s', c.oid::regclass), true, true, '')))[1]::text)
         from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname like 's %'`,
    )) as Record<string, string>;
    return [Object.keys(tables).length, ...new Set(Object.values(tables))];
  };
  for (const words of [
    ["all", "40"],
    ["all", "1200"],
    ["all", "1240", "--upsert"],
  ]) {
    const { entities } = (await grove.json(["seed", ...words])) as { entities: { entity: string }[] };
    expect(entities.length).toBe(2 * names.length + 1);
  }
  expect(await counts()).toEqual([2 * names.length, "1240"]);
  expect((await readSeedState(grove)).definitions.filter((line) => !/pgrove\./.test(line))).toEqual(before.definitions);
  await grove.ok(["seed", "all", "10", "--skip-triggers"]);
  await grove.ok(["seed", "--clean-force", "--generated", "all", "0"]);
  expect(await counts()).toEqual([2 * names.length, "0"]);
  expect(await grove.ask(grove.project, "select count(*)::int from beside")).toBe(0);
});

const TRAP = 'COPY x, line 5, column y: "z"';

test.each([50, 2000])(
  "of %i rows in tables and columns that look like PostgreSQL's own words, the bad one is named",
  async (rows) => {
    const [table, column] = [TRAP, "a: line 7"];
    const sql = `create table ${quote(table)} (id int primary key, "a" text, ${quote(column)} date, "Not: \\ read" int check ("Not: \\ read" * 2 <> 42))`;
    const field = (name: string, value: string) => `${JSON.stringify(name)}: {expression: ${JSON.stringify(value)}}`;
    const yaml = (fields: string) => `entities: {${JSON.stringify(table)}: {fields: {id: row, a: words, ${fields}}}}\n`;
    await using grove = await Grove.create(await sharedServer(18), { sql });
    await grove.commit("seeds", { "seeds/f.yaml": yaml(field(column, "row = 33 ? 'never' : '2026-01-01'")) });
    const run = ["seed", table, String(rows)];
    expect(await grove.fails(1, run)).toContain(`${table}, row 33, field ${column} = "never": `);
    await grove.commit("seeds", { "seeds/f.yaml": yaml(field("Not: \\ read", "row")) });
    expect(await grove.fails(1, run)).toContain(`field Not: \\ read`);
    expect(await grove.ask(grove.project, `select count(*)::int from ${quote(table)}`)).toBe(0);
  },
);

/** Columns that may not repeat, more rows than they have values, and how many they have. */
const tooSmall = [
  { columns: "v boolean not null unique", rows: 3, values: 2 },
  { columns: "v mood not null unique", rows: 5, values: 3 },
  { columns: "v char(1) not null unique", rows: 200_000, values: 36 },
  { columns: "v text not null unique check (v in ('a', 'b'))", rows: 3, values: 2 },
  { columns: "v int not null primary key check (v between 1 and 50)", rows: 51, values: 50 },
  { columns: "v mood not null, w boolean not null, unique (v, w)", rows: 7, values: 6, field: "t5 (v, w)" },
  { columns: "v int not null unique references p", rows: 9, values: 4 },
];

test("too few different values are said before anything is loaded: which field, how many are needed, how many there are", async () => {
  const parents = "create table p (id int primary key); insert into p values (1), (2), (3), (4);";
  const tables = tooSmall.map(({ columns }, place) => `create table t${place} (n bigserial, ${columns});`);
  const sql = `create type mood as enum ('a', 'b', 'c'); ${parents} ${tables.join("\n")}`;
  await using grove = await Grove.create(await sharedServer(18), { sql });
  const before = await readSeedState(grove);
  for (const [place, { columns, rows, values, field = `t${place}.v` }] of tooSmall.entries()) {
    const said = await grove.fails(3, ["seed", `t${place}`, String(rows)]);
    expect(said, columns).toContain(`${field}: ${rows} values needed, ${values} available`);
  }
  expect(await readSeedState(grove)).toEqual(before);
  await grove.ok(["seed", "t5", "6"]);
});
