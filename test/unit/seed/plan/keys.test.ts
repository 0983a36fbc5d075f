/** Keys of every kind, with the rows that are planned for them: nothing repeats that may not. */
import { describe, expect, test } from "bun:test";
import type { ApartKey, TableShape } from "../../../../src/seed/entity.ts";
import { compileEntity, prepareGenerators } from "../../../../src/seed/generate/compile.ts";
import { planSeed, type RunWish } from "../../../../src/seed/plan/plan-seed.ts";
import { column, id, reference, table, tablesOf, typeOf } from "./tables.ts";

type Row = Readonly<Record<string, string | null>>;

const NOTHING = {
  hasRows: async () => false,
  readKeys: async () => [],
  holds: async () => false,
  readHighest: async () => undefined,
};

/** The rows of the last of the tables. */
async function rowsOf(tables: readonly TableShape[], count = 200, wish: Partial<RunWish> = {}): Promise<Row[]> {
  const factories = {
    ...{ entities: new Map(), scenarios: new Map(), seed: 7, now: new Date("2026-01-01"), files: [] },
    generatorVersion: 2,
  };
  const whole = { counts: new Map(), firstRows: new Map(), defaultCount: 10, count, lenient: true, ...wish };
  const plan = await planSeed(factories, tablesOf(...tables), whole, NOTHING, () => undefined);
  await prepareGenerators(plan);
  const last = plan.entities.find((each) => each.table === tables.at(-1));
  if (last === undefined) throw new Error("it was left out");
  const maker = compileEntity(plan, last);
  const names = last.fields.map((field) => field.column.name);
  return Array.from({ length: last.rows }, (_, row) =>
    Object.fromEntries(maker.values(row).map((value, at) => [names[at] ?? "", value])),
  );
}

/** How many rows differ in what is taken from each. */
const differ = (rows: readonly Row[], take: (row: Row) => unknown) =>
  new Set(rows.map((row) => JSON.stringify(take(row)))).size;

const unique = (...columns: string[]) => ({ name: columns.join("_"), columns, nullsDistinct: true });
const users = table("users", [id]);
const orgs = table("orgs", [id]);
const teams = table("teams", [id]);
const userId = column("user_id", "int8");

describe("keys in which NULL is a value", () => {
  const a = column("a", "int4", { nullable: true });
  const b = column("b", "int4", { nullable: true });

  test("of columns that could be left to NULL, NULLS NOT DISTINCT", async () => {
    const uniques = [{ name: "a", columns: ["a"], nullsDistinct: false }];
    const rows = await rowsOf([table("t", [id, a], { uniques })]);
    expect(differ(rows, (row) => row.a)).toBe(200);
  });

  test("of coalesce(a, 0)", async () => {
    const apart = [{ name: "k", columns: ["a", "b"], elements: ["COALESCE(a, 0)", "COALESCE(b, 0)"] }];
    const rows = await rowsOf([table("t", [id, a, b], { apart })]);
    expect(differ(rows, (row) => [row.a ?? "0", row.b ?? "0"])).toBe(200);
  });

  test("are left to NULL where another column makes the difference", async () => {
    const name = column("name", "text");
    const apart = [{ name: "k", columns: ["a", "name"], elements: ["COALESCE(a, 0)", "name"] }];
    const [row] = await rowsOf([table("t", [id, a, name], { apart })]);
    expect(Object.keys(row ?? {})).not.toContain("a");
  });
});

describe("what is computed from columns", () => {
  const posts = (expression: string, apart?: ApartKey) =>
    table(
      "posts",
      [id, column("title", "text"), column("slug", "text", { nullable: true, generated: true, expression })],
      {
        ...(apart === undefined ? { uniques: [unique("slug")] } : { apart: [apart] }),
      },
    );

  test("a generated column: its source differs", async () => {
    const rows = await rowsOf([posts("lower(replace(title, ' '::text, '-'::text))")], 3_000);
    expect(differ(rows, ({ title }) => title?.toLowerCase().replaceAll(" ", "-"))).toBe(3_000);
  });

  test.each([
    [
      "lower(regexp_replace(title, '[^a-zA-Z]+'::text, '-'::text, 'g'::text))",
      (title: string) => title.toLowerCase().replace(/[^a-z]+/g, "-"),
    ],
    ['"left"(title, 8)', (title: string) => title.slice(0, 8)],
  ])("where letters alone are left of it, or a part: %s", async (expression, compute) => {
    const rows = await rowsOf([posts(expression)], 1_000);
    expect(differ(rows, ({ title }) => compute(title ?? ""))).toBe(1_000);
  });

  test("an index over a day, a month, a member of JSON", async () => {
    const logs = (element: string, name: string, type: string) =>
      table("logs", [id, column(name, type)], { apart: [{ columns: [name], elements: [element] }] });
    const days = await rowsOf([logs("(at AT TIME ZONE 'UTC'::text)::date", "at", "timestamptz")]);
    expect(differ(days, ({ at }) => at?.slice(0, 10))).toBe(200);
    const months = await rowsOf([logs("date_trunc('month'::text, at)", "at", "timestamp")]);
    expect(differ(months, ({ at }) => at?.slice(0, 7))).toBe(200);
    const members = await rowsOf([logs("(data -> 'owner'::text) ->> 'key'::text", "data", "jsonb")]);
    expect(differ(members, ({ data }) => JSON.parse(data ?? "{}").owner.key)).toBe(200);
  });

  test("a partial index that the defaults keep out of asks for nothing", async () => {
    const emails = table("emails", [id, userId, column("main", "bool", { default: "false" })], {
      foreignKeys: [reference("user_id>users.id")],
      apart: [{ columns: ["user_id"], elements: ["user_id"], predicate: "main" }],
    });
    expect(await rowsOf([users, emails], 20, { only: ["emails"] })).toHaveLength(20); // of ten users
  });
});

describe("keys that hang on each other", () => {
  const links = ["user_id>users.id", "org_id>orgs.id", "team_id>teams.id"].map((key) => reference(key));
  const columns = [userId, column("org_id", "int8"), column("team_id", "int8")];

  test("several over the same columns", async () => {
    const keys = [
      ["user_id", "org_id"],
      ["user_id", "team_id"],
      ["org_id", "team_id"],
    ] as const;
    const members = table("members", [id, ...columns], {
      foreignKeys: links,
      uniques: keys.map((key) => unique(...key)),
    });
    const rows = await rowsOf([users, orgs, teams, members], 70, { only: ["members"] }); // of ten rows each
    expect(rows).toHaveLength(70);
    for (const key of keys) expect(differ(rows, (row) => key.map((name) => row[name]))).toBe(70);
  });

  test("more rows than there are combinations: so many are told", async () => {
    const pairs = table("pairs", [column("a", "int8"), column("b", "int8")], {
      primaryKey: ["a", "b"],
      foreignKeys: [reference("a>users.id"), reference("b>users.id")],
      checks: [{ name: "c", expression: "(a <> b)" }],
    });
    await expect(rowsOf([users, pairs], 95, { only: ["pairs"] })).rejects.toMatchObject({ entity: "pairs", rows: 90 });
  });

  test("two references to one table: never the same row, and in the order that a check wants", async () => {
    const pairs = (expression: string) =>
      table("pairs", [column("a", "int8"), column("b", "int8")], {
        primaryKey: ["a", "b"],
        foreignKeys: [reference("a>users.id"), reference("b>users.id")],
        checks: [{ name: "c", expression }],
      });
    const different = await rowsOf([users, pairs("(a <> b)")], 80, { only: ["pairs"] });
    expect(different.filter(({ a, b }) => a === b)).toEqual([]);
    expect(differ(different, ({ a, b }) => [a, b])).toBe(80);
    const ordered = await rowsOf([users, pairs("(a < b)")], 40, { only: ["pairs"] });
    expect(ordered.filter(({ a, b }) => Number(a) >= Number(b))).toEqual([]);
    expect(differ(ordered, ({ a, b }) => [a, b])).toBe(40);
  });

  test("rows of one tenant, each pair once", async () => {
    const tenants = table("tenants", [id]);
    const tenant = column("tenant_id", "int8");
    const own = { primaryKey: ["tenant_id", "id"], foreignKeys: [reference("tenant_id>tenants.id")] };
    const [projects, people] = [table("projects", [tenant, id], own), table("people", [tenant, id], own)];
    const members = table("members", [tenant, column("project_id", "int8"), column("person_id", "int8")], {
      primaryKey: ["tenant_id", "project_id", "person_id"],
      foreignKeys: [
        reference("tenant_id,project_id>projects.tenant_id,projects.id"),
        reference("tenant_id,person_id>people.tenant_id,people.id"),
      ],
    });
    const rows = await rowsOf([tenants, projects, people, members], 150);
    expect(differ(rows, (row) => row)).toBe(150);
    const made = await rowsOf([tenants, projects, members, people], 150);
    const tenantOf = new Map(made.map((row) => [row.id, row.tenant_id]));
    expect(rows.filter(({ tenant_id, person_id }) => tenantOf.get(person_id ?? null) !== tenant_id)).toEqual([]);
  });

  test("lines of an order: a smallint does not count on through all orders", async () => {
    const lines = table("lines", [userId, column("line", "int2")], {
      primaryKey: ["user_id", "line"],
      foreignKeys: [reference("user_id>users.id")],
    });
    const rows = await rowsOf([users, lines], 40_000);
    expect(differ(rows, (row) => row)).toBe(40_000);
    expect(rows.filter(({ line }) => Number(line) > 32_767)).toEqual([]);
  });
});

describe("exclusions", () => {
  const room = reference("room_id>users.id");
  const roomId = column("room_id", "int8");
  const overlap = (rows: readonly Row[], ends: (row: Row) => [string, string]) => {
    const sorted = rows.map(ends).sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.filter(([low], at) => at > 0 && low < (sorted[at - 1]?.[1] ?? ""));
  };

  test("ranges do not overlap, however few rooms there are", async () => {
    const during = column("during", typeOf("tstzrange", { kind: "range", of: typeOf("timestamptz") }));
    const bookings = table("bookings", [id, roomId, during], {
      foreignKeys: [room],
      apart: [{ columns: ["room_id"], elements: ["room_id", "during"], overlapping: ["during"] }],
    });
    const rows = await rowsOf([users, bookings], 60, { only: ["bookings"] });
    const ends = ({ during: text }: Row) => /"(.*)","(.*)"/.exec(text ?? "")?.slice(1) as [string, string];
    expect(rows).toHaveLength(60);
    expect(overlap(rows, ends)).toEqual([]);
  });

  test("nor do those made of two columns", async () => {
    const shifts = table("shifts", [id, roomId, column("starts_at", "timestamptz"), column("ends_at", "timestamptz")], {
      foreignKeys: [room],
      checks: [{ name: "c", expression: "(ends_at > starts_at)" }],
      apart: [
        {
          columns: ["room_id"],
          elements: ["room_id", "tstzrange(starts_at, ends_at)"],
          overlapping: ["tstzrange(starts_at, ends_at)"],
        },
      ],
    });
    const rows = await rowsOf([users, shifts], 60, { only: ["shifts"] });
    const ends = ({ starts_at, ends_at }: Row): [string, string] => [starts_at ?? "", ends_at ?? ""];
    expect(rows).toHaveLength(60);
    expect(overlap(rows, ends)).toEqual([]);
    expect(rows.filter(({ starts_at, ends_at }) => (starts_at ?? "") >= (ends_at ?? ""))).toEqual([]);
  });
});

test("numbers in an order share what all of them leave", async () => {
  const t = table("t", [id, column("low", "int2"), column("high", "int2")], {
    checks: [
      { name: "a", expression: "((low >= 50) AND (low <= 160))" },
      { name: "b", expression: "((high >= 30) AND (high <= 260))" },
      { name: "c", expression: "(low < high)" },
    ],
  });
  const rows = await rowsOf([t]);
  expect(
    rows.filter(({ low, high }) => !(Number(low) < Number(high) && Number(low) <= 160 && Number(high) <= 260)),
  ).toEqual([]);
});

test("a unique column with one default for all rows is made", async () => {
  const t = table("t", [id, column("email", "text", { default: "''::text" })], { uniques: [unique("email")] });
  expect(differ(await rowsOf([t]), ({ email }) => email)).toBe(200);
});
