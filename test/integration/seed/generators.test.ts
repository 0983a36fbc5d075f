/** What PostgreSQL itself says of the generators: every type takes its values, and texts come back as they were. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Sql } from "../../../src/postgres/toolbox.ts";
import type { EntityPlan, FieldSpec, TypeShape } from "../../../src/seed/entity.ts";
import { findTypeGenerator } from "../../../src/seed/generate/by-type.ts";
import { compileEntity, generateRows } from "../../../src/seed/generate/compile.ts";
import { uniqueName } from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { connectTo } from "../../support/seed/load.ts";
import { entityPlan, fieldPlan, generator, seedPlan, typeShape } from "../../support/seed/plan-parts.ts";

const ROWS = 300;
const LABELS = ["fine", "tab\there", 'quote"d', "back\\slash", "a, b", "it's", "ünïcode", "NULL", "\\N", " "];

const database = uniqueName("seed_generators");
let server: TestServer;
let sql: Sql;

beforeAll(async () => {
  server = await sharedServer(17);
  await server.createDatabase(database);
  sql = connectTo(server, database);
  const labels = LABELS.map((label) => `'${label.replaceAll("'", "''")}'`).join(", ");
  await sql.unsafe(`create type mood as enum (${labels})`);
  await sql.unsafe("create type pair as (a int, b text, c mood)");
});

afterAll(async () => {
  await sql.end();
});

const MOOD = typeShape("mood", { kind: "enum", labels: LABELS });
const array = (name: string, of: TypeShape): TypeShape => typeShape(name, { kind: "array", of });
const range = (name: string, of: TypeShape): TypeShape => typeShape(name, { kind: "range", of });

/** As SQL writes the type, and its shape. */
const TYPES: readonly (readonly [string, TypeShape])[] = [
  ..."int2 int4 int8 numeric float4 float8 money oid text varchar name bool date time timetz timestamp timestamptz interval uuid json jsonb bytea inet cidr macaddr macaddr8 xml tsvector tsquery point line lseg box path polygon circle pg_lsn"
    .split(" ")
    .map((name) => [name, typeShape(name)] as const),
  ["numeric(5,2)", typeShape("numeric", { precision: 5, scale: 2 })],
  ["varchar(6)", typeShape("varchar", { length: 6 })],
  ["char(3)", typeShape("bpchar", { length: 3 })],
  ["bit", typeShape("bit")],
  ["bit(40)", typeShape("bit", { length: 40 })],
  ["varbit", typeShape("varbit")],
  ["mood", MOOD],
  ["mood[]", array("_mood", MOOD)],
  ["text[]", array("_text", typeShape("text"))],
  ["int4[]", array("_int4", typeShape("int4"))],
  ["jsonb[]", array("_jsonb", typeShape("jsonb"))],
  ["int4range", range("int4range", typeShape("int4"))],
  ["numrange", range("numrange", typeShape("numeric"))],
  ["daterange", range("daterange", typeShape("date"))],
  ["tsrange", range("tsrange", typeShape("timestamp"))],
  ["tstzrange", range("tstzrange", typeShape("timestamptz"))],
  ["tstzmultirange", range("tstzmultirange", range("tstzrange", typeShape("timestamptz")))],
  ["pair", typeShape("pair", { kind: "composite", attributes: [typeShape("int4"), typeShape("text"), MOOD] })],
];

async function load(table: string, columns: string, entity: EntityPlan): Promise<void> {
  await sql.unsafe(`create table ${table} (row serial, ${columns})`);
  const bytes = Buffer.concat([...generateRows(seedPlan([entity]), entity, 0, entity.rows)]);
  const names = entity.fields.map(({ column }) => `"${column.name}"`).join(", ");
  await server.psql(database, `copy ${table} (${names}) from stdin;\n${bytes.toString()}\\.\n`);
}

test("every type takes what is made for it", async () => {
  const fields = TYPES.map(([sqlName, type], index) => {
    const use = findTypeGenerator(type);
    if (use === undefined) throw new Error(`nothing is made for ${sqlName}`);
    return fieldPlan(`c${index}`, { kind: "generator", ...use }, { type });
  });
  const columns = TYPES.map(([sqlName], index) => `c${index} ${sqlName} not null`).join(", ");
  await load("every_type", columns, entityPlan("every_type", fields, { rows: ROWS }));
  expect((await sql`select count(*)::int as rows from every_type`)[0]?.rows).toBe(ROWS);
});

test("ranges that may not repeat do not overlap, which an exclusion constraint demands", async () => {
  const names = ["int4range", "daterange", "tstzrange"] as const;
  const fields = names.map((name, index) => {
    const subtype = ["int4", "date", "timestamptz"][index] ?? "";
    return fieldPlan(name, generator("range"), { type: range(name, typeShape(subtype)), unique: true });
  });
  const columns = names.map((name) => `"${name}" ${name}, exclude using gist ("${name}" with &&)`).join(", ");
  await load("apart", columns, entityPlan("apart", fields, { rows: ROWS }));
  expect((await sql`select count(*)::int as rows from apart`)[0]?.rows).toBe(ROWS);
});

test("texts of every kind come back as the values say", async () => {
  const specs: FieldSpec[] = [
    generator("one_of", { values: LABELS }),
    generator("paragraphs"),
    generator("user_agent"),
    generator("template", { pattern: "\\{{{row}\t\\N\r\n" }),
    { kind: "constant", value: "\\." },
  ];
  const fields = specs.map((spec, index) => fieldPlan(`c${index}`, spec, { nullShare: index === 0 ? 0.2 : 0 }));
  const entity = entityPlan("texts", fields, { rows: ROWS });
  await load("texts", specs.map((_, index) => `c${index} text`).join(", "), entity);
  const maker = compileEntity(seedPlan([entity]), entity);
  const rows = await sql.unsafe("select c0, c1, c2, c3, c4 from texts order by row").values();
  expect(rows.map((row) => [...row])).toEqual(Array.from({ length: ROWS }, (_, row) => maker.values(row)));
});
