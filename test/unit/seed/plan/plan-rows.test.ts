import { describe, expect, test } from "bun:test";
import type { EntityPlan, FieldSpec, SeedPlan, TableShape } from "../../../../src/seed/entity.ts";
import type { Factories, Factory, FactoryField, Scenario } from "../../../../src/seed/factory/factory.ts";
import { compileEntity } from "../../../../src/seed/generate/compile.ts";
import { requireSpace } from "../../../../src/seed/generate/spaces.ts";
import type { ExistingRows } from "../../../../src/seed/plan/plan-keys.ts";
import { planSeed, type RunPlan, type RunWish } from "../../../../src/seed/plan/plan-seed.ts";
import { column, id, reference, table, tablesOf, typeOf } from "./tables.ts";

const users = table("users", [id, column("email", "text"), column("stuff", "text", { nullable: true })], {
  uniques: [{ name: "users_email_key", columns: ["email"], nullsDistinct: true }],
});
const orders = table(
  "orders",
  [id, column("user_id", "int8"), column("total", typeOf("numeric", { precision: 8, scale: 2 }))],
  {
    foreignKeys: [reference("user_id>users.id")],
  },
);
const lines = table("lines", [column("order_id", "int8"), column("line_no", "int4")], {
  primaryKey: ["order_id", "line_no"],
  foreignKeys: [reference("order_id>orders.id")],
});

/** What is there already: highest keys by "table.column", rows by table. */
function existing(rows: Readonly<Record<string, readonly string[]>> = {}): ExistingRows {
  return {
    hasRows: async ({ name }) => rows[name] !== undefined,
    readKeys: async ({ name }, columns) => columns.map(() => rows[name] ?? []),
    holds: async () => false,
    readHighest: async ({ name }) => (rows[name] === undefined ? undefined : BigInt(rows[name]?.at(-1) ?? 0)),
  };
}

function field(spec: FieldSpec): FactoryField {
  return { spec, nullShare: 0, source: "seeds/a.yaml:1:1" };
}

function factory(entity: string, more: Partial<Factory> = {}): Factory {
  return {
    ...{ entity, table: entity, aliases: [], fields: new Map(), unique: [], source: "seeds/a.yaml:1:1" },
    ...more,
  };
}

function factoriesOf(entities: readonly Factory[], scenarios: Readonly<Record<string, Scenario>> = {}): Factories {
  return {
    ...{
      entities: new Map(entities.map((each) => [each.entity, each])),
      scenarios: new Map(Object.entries(scenarios)),
    },
    ...{ seed: 7, now: new Date("2026-01-01"), generatorVersion: 2, files: ["seeds/a.yaml"] },
  };
}

interface Asked {
  tables: readonly TableShape[];
  factories?: Factories;
  wish?: Partial<RunWish>;
  rows?: Readonly<Record<string, readonly string[]>>;
  notes?: string[];
}

async function plan({ tables, factories = factoriesOf([]), wish = {}, rows, notes = [] }: Asked): Promise<RunPlan> {
  const whole = { counts: new Map(), firstRows: new Map(), defaultCount: 10, ...wish };
  return await planSeed(factories, tablesOf(...tables), whole, existing(rows), (text) => notes.push(text));
}

const volumes = ({ entities }: SeedPlan) => Object.fromEntries(entities.map(({ entity, rows }) => [entity, rows]));

function requireEntity({ entities }: SeedPlan, name: string): EntityPlan {
  const found = entities.find(({ entity }) => entity === name);
  if (found === undefined) throw new Error(`${name} is not in the plan`);
  return found;
}

const specs = (entity: EntityPlan) =>
  Object.fromEntries(entity.fields.map(({ column: { name }, spec }) => [name, spec]));

describe("what a run makes", () => {
  test("without factories every table, parents first, and no bookkeeping", async () => {
    const ledger = table("schema_migrations", [column("version", "int8"), column("dirty", "bool")]);
    expect(volumes(await plan({ tables: [lines, orders, ledger, users] }))).toEqual({
      users: 10,
      orders: 10,
      lines: 10,
    });
    const { entities } = await plan({ tables: [lines, orders, users] });
    expect(entities.map(({ entity }) => entity)).toEqual(["users", "orders", "lines"]);
  });

  test("parents that have no rows come along, and that is said; those that have are referred to", async () => {
    const notes: string[] = [];
    const empty = await plan({ tables: [users, orders], wish: { only: ["orders"], count: 25 }, notes });
    expect(volumes(empty)).toEqual({ users: 10, orders: 25 });
    expect(notes).toEqual(["users has no rows yet, and others refer to it: 10 are made, too"]);
    const filled = await plan({
      tables: [users, orders],
      wish: { only: ["orders"], count: 25 },
      rows: { users: ["3", "8"] },
    });
    expect(volumes(filled)).toEqual({ orders: 25 });
    expect(specs(requireEntity(filled, "orders")).user_id).toMatchObject({ entity: "public.users", column: "id" });
    expect(filled.existing).toEqual(new Map([["public.users.id", ["3", "8"]]]));
  });

  test("keys go on behind the highest, or where they are told to begin", async () => {
    const rows = { users: ["1", "41"] };
    const wish = { only: ["users"], firstRows: new Map([["users", 12]]) };
    expect(requireEntity(await plan({ tables: [users], wish, rows }), "users")).toMatchObject({
      firstKeys: new Map([["id", 42n]]),
      firstRow: 12,
    });
    const again = { ...wish, firstRows: new Map(), firstKeys: new Map([["users", new Map([["id", 2n]])]]) };
    expect(requireEntity(await plan({ tables: [users], wish: again, rows }), "users").firstKeys).toEqual(
      new Map([["id", 2n]]),
    );
    expect(requireEntity(await plan({ tables: [users], wish: { only: ["users"] } }), "users").firstKeys).toEqual(
      new Map([["id", 1n]]),
    );
  });

  test("what may be NULL and tells nothing, and what has a default, is left out", async () => {
    const with_default = column("state", "text", { default: "'new'::text" });
    const telling = column("phone", "text", { nullable: true });
    const t = table("t", [
      id,
      with_default,
      telling,
      column("stuff", "text", { nullable: true }),
      column("g", "int4", { generated: true }),
    ]);
    expect(Object.keys(specs(requireEntity(await plan({ tables: [t] }), "t")))).toEqual(["id", "phone"]);
  });
});

describe("how many", () => {
  const children = factory("orders", { per: "users", count: { kind: "fixed", count: 3 }, aliases: ["o"] });
  const both = factoriesOf([factory("users", { count: { kind: "fixed", count: 4 } }), children], {
    start: {
      params: new Map([
        ["users", 2],
        ["each", 5],
      ]),
      counts: new Map([
        ["users", "{users}"],
        ["o", "{each}"],
      ]),
    },
  });
  const scenario = (params: Readonly<Record<string, string>>) => ({
    name: "start",
    params: new Map(Object.entries(params)),
  });

  test.each([
    ["the files' own counts", {}, {}, { users: 4, orders: 12 }],
    ["one number for all: children follow their parents", { count: 100 }, {}, { users: 100, orders: 300 }],
    ["a number of children alone, whoever they belong to", { only: ["o"], count: 15 }, {}, { users: 4, orders: 15 }],
    ["children alone, by the parents that come along", { only: ["orders"] }, {}, { users: 4, orders: 12 }],
    ["children alone of parents that are there", { only: ["o"] }, { users: ["1"] }, { orders: 10 }],
    ["a scenario's parameters as they are", { scenario: scenario({}) }, {}, { users: 2, orders: 10 }],
    ["and as they are given", { scenario: scenario({ users: "3" }) }, {}, { users: 3, orders: 15 }],
  ] as const)("%s", async (_, wish, rows, expected) => {
    expect(volumes(await plan({ tables: [users, orders], factories: both, wish, rows }))).toEqual(expected);
  });

  test.each([
    [{ only: ["user"] }, 'there is no entity or table "user"', "did you mean users?"],
    [
      { scenario: { name: "strt", params: new Map() } },
      'there is no scenario "strt" in seeds/a.yaml',
      "did you mean start? known: start",
    ],
    [
      { scenario: scenario({ usrs: "1" }) },
      'there is no parameter "usrs" of the scenario start',
      "did you mean users? known: users, each",
    ],
    [
      { scenario: scenario({ users: "many" }) },
      "--param users=many: the value must be a whole number",
      "--param users=50",
    ],
    [
      { count: 101, maxCount: 100 },
      "101 rows of users are more than the 100 that seeds.max_count (MAX_SEED_COUNT) allows",
      "ask for fewer, or raise seeds.max_count in pgrove.yaml",
    ],
  ] as const)("%p is refused", async (wish, message, hint) => {
    await expect(plan({ tables: [users, orders], factories: both, wish })).rejects.toMatchObject({ message, hint });
  });
});

describe("references", () => {
  test("a composite key is one link, and what it shares with another one must match", async () => {
    const tenants = table("tenants", [id]);
    const tenant = column("tenant_id", "int8");
    const key = { primaryKey: ["tenant_id", "code"], foreignKeys: [reference("tenant_id>tenants.id")] };
    const projects = table("projects", [tenant, column("code", "text")], key);
    const people = table("people", [tenant, column("code", "text")], key);
    const tasks = table("tasks", [id, tenant, column("project", "text"), column("person", "text")], {
      foreignKeys: [
        reference("tenant_id>tenants.id"),
        reference("tenant_id,project>projects.tenant_id,projects.code"),
        reference("tenant_id,person>people.tenant_id,people.code"),
      ],
    });
    const planned = await plan({ tables: [tasks, tenants, projects, people] });
    expect(specs(requireEntity(planned, "tasks"))).toMatchObject({
      tenant_id: { entity: "projects", column: "tenant_id", options: {} },
      project: { entity: "projects", column: "code", options: {} },
      person: { entity: "people", column: "code", options: { match: { tenant_id: "tenant_id" } } },
    });
  });

  test("a cycle is filled later on the side that may be NULL", async () => {
    const teams = table("teams", [id, column("captain_id", "int8", { nullable: true })], {
      foreignKeys: [reference("captain_id>players.id")],
    });
    const players = table("players", [id, column("team_id", "int8")], { foreignKeys: [reference("team_id>teams.id")] });
    const planned = await plan({ tables: [teams, players] });
    expect(planned.entities.map(({ entity }) => entity)).toEqual(["teams", "players"]);
    expect(requireEntity(planned, "teams").later.map(({ column: { name } }) => name)).toEqual(["captain_id"]);
    expect(Object.keys(specs(requireEntity(planned, "teams")))).toEqual(["id"]);
  });

  test("a column that is referred to is made, whatever its default", async () => {
    const key = column("id", "uuid", { default: "gen_random_uuid()" });
    const code = column("code", "text", { default: "'x'::text" });
    const parents = table("parents", [key, code], { uniques: [{ name: "u", columns: ["code"], nullsDistinct: true }] });
    const children = table("children", [id, column("code", "text")], { foreignKeys: [reference("code>parents.code")] });
    const planned = requireEntity(await plan({ tables: [parents, children] }), "parents");
    expect(planned.fields.map(({ column: { name }, unique }) => [name, unique])).toEqual([
      ["id", true],
      ["code", true],
    ]);
  });
});

describe("what must not repeat", () => {
  const uniqueOf = (entity: EntityPlan) =>
    Object.fromEntries(
      entity.fields.map(({ column: { name }, unique, uniqueGroup }) => [name, unique ? "alone" : (uniqueGroup ?? "")]),
    );

  test("keys, and pairs of references together", async () => {
    const joined = table("joined", [column("user_id", "int8"), column("order_id", "int8")], {
      primaryKey: ["user_id", "order_id"],
      foreignKeys: [reference("user_id>users.id"), reference("order_id>orders.id")],
    });
    const planned = await plan({ tables: [users, orders, joined] });
    expect(uniqueOf(requireEntity(planned, "users"))).toEqual({ id: "alone", email: "alone" });
    expect(uniqueOf(requireEntity(planned, "joined"))).toEqual({ user_id: 0, order_id: 0 });
  });

  test("of a reference and a name the name alone; of a reference and few values both together", async () => {
    const owned = (other: ReturnType<typeof column>) =>
      table("owned", [id, column("user_id", "int8"), other], {
        foreignKeys: [reference("user_id>users.id")],
        uniques: [{ name: "u", columns: ["user_id", other.name], nullsDistinct: true }],
      });
    const kind = column("kind", typeOf("kind", { kind: "enum", labels: ["a", "b"] }));
    const named = await plan({ tables: [users, owned(column("title", "text"))] });
    expect(uniqueOf(requireEntity(named, "owned"))).toEqual({ id: "alone", user_id: "", title: "alone" });
    const few = await plan({ tables: [users, owned(kind)] });
    expect(uniqueOf(requireEntity(few, "owned"))).toEqual({ id: "alone", user_id: 0, kind: 0 });
  });

  test("what the factory asks for, and what partial indexes do", async () => {
    const t = table("t", [id, column("a", "text"), column("b", "text")], { apart: [{ columns: ["b"] }] });
    const planned = await plan({ tables: [t], factories: factoriesOf([factory("t", { unique: [["a"]] })]) });
    expect(uniqueOf(requireEntity(planned, "t"))).toEqual({ id: "alone", a: "alone", b: "alone" });
  });
});

test("everything that the file has wrong about the schema is said at once", async () => {
  const fields = new Map<string, FactoryField>([
    ["emial", field({ kind: "constant", value: "x" })],
    ["email", field({ kind: "reference", entity: "teams", column: "id", options: {} })],
    ["stuff", field({ kind: "reference", entity: "orders", column: "idd", options: {} })],
  ]);
  const factories = factoriesOf([factory("users", { fields, unique: [["nam"]] })]);
  await expect(plan({ tables: [users, orders], factories, wish: { only: ["users"] } })).rejects.toThrow(
    [
      "the factories have 4 mistakes",
      '  seeds/a.yaml:1:1  there is no entity or table "teams"',
      '  seeds/a.yaml:1:1  orders has no column "idd"; did you mean "id"?',
      '  seeds/a.yaml:1:1  public.users has no column "emial"; did you mean "email"?',
      '  seeds/a.yaml:1:1  unique: public.users has no column "nam" (it has id, email, stuff)',
    ].join("\n"),
  );
});

describe("what cannot have rows", () => {
  const events = table("events", [id], {
    kind: "partitioned",
    partitions: [{ strategy: "hash", columns: ["id"], bounds: [] }],
  });
  const strange = table("strange", [id, column("x", "tid")]);
  const parts = table("parts", [id, column("event_id", "int8")], { foreignKeys: [reference("event_id>events.id")] });
  const hints = table("hints", [id, column("event_id", "int8", { nullable: true })], {
    foreignKeys: [reference("event_id>events.id")],
  });
  const tables = [users, events, strange, parts, hints];

  test.each([
    [{ only: ["events"] }, "events: public.events has no partitions to put rows into"],
    [{ only: ["strange"] }, "strange: pgrove cannot make x, a tid, by itself: give it a field"],
    [{ only: ["parts"] }, "events: public.events has no partitions to put rows into"],
  ])("is an error where it was asked for: %p", async (wish, message) => {
    await expect(plan({ tables, wish })).rejects.toMatchObject({ message });
  });

  test("is left out where all are meant, with what cannot be without it", async () => {
    const planned = await plan({ tables, wish: { lenient: true } });
    expect(Object.keys(volumes(planned))).toEqual(["users", "hints"]);
    expect(planned.leftOut.map(({ entity, why }) => [entity, why])).toEqual([
      ["events", "public.events has no partitions to put rows into"],
      ["strange", "pgrove cannot make x, a tid, by itself: give it a field"],
      ["parts", "it needs rows of events, which is left out"],
    ]);
    expect(requireEntity(planned, "hints").fields.map(({ column: { name } }) => name)).toEqual(["id"]);
  });

  test("what is excepted gets none, and is no more than referred to", async () => {
    const wish = { lenient: true, except: ["users", "events", "strange"] };
    const planned = await plan({ tables: [...tables, orders], wish, rows: { users: ["3"] } });
    expect(Object.keys(volumes(planned))).toEqual(["hints", "orders"]);
    expect(planned.leftOut.map(({ entity }) => entity)).toEqual(["parts"]);
    await expect(plan({ tables, wish: { except: ["usrs"] } })).rejects.toMatchObject({ hint: "did you mean users?" });
  });

  test("dates from a fixed day to the present are counted as they are", async () => {
    const days = table("days", [id, column("day", "date")], {
      uniques: [{ name: "u", columns: ["day"], nullsDistinct: true }],
      checks: [{ name: "c", expression: "(day >= '2020-01-01'::date)" }],
    });
    const planned = await plan({ tables: [days], wish: { lenient: true, count: 200 } });
    expect(volumes(planned)).toEqual({ days: 200 });
  });

  test("what is counted and may not be another counted one of the row is the next to it", async () => {
    const follows = table("follows", [id, column("follower", "int4"), column("followed", "int4")], {
      uniques: [{ name: "u", columns: ["follower", "followed"], nullsDistinct: true }],
      checks: [{ name: "c", expression: "(follower <> followed)" }],
    });
    const [entity] = (await plan({ tables: [follows], wish: { count: 9 } })).entities;
    expect(entity?.fields.find(({ column }) => column.name === "follower")?.spec).toMatchObject({
      ...{ name: "expression", options: { value: '"followed" + 1' } },
    });
  });

  test("fewer rows where there are no more values", async () => {
    const kinds = table("kinds", [id, column("name", "text")], {
      uniques: [{ name: "u", columns: ["name"], nullsDistinct: true }],
      checks: [{ name: "c", expression: "(name = ANY (ARRAY['a'::text, 'b'::text]))" }],
    });
    const things = table("things", [id, column("kind_id", "int8")], { foreignKeys: [reference("kind_id>kinds.id")] });
    const notes: string[] = [];
    expect(volumes(await plan({ tables: [kinds, things], wish: { lenient: true, count: 9 }, notes }))).toEqual({
      ...{ kinds: 2, things: 9 },
    });
    expect(notes).toEqual(["kinds: 2 rows and no more: there are 2 values for name, which may not repeat"]);
    expect(volumes(await plan({ tables: [kinds, things], wish: { only: ["things"] } }))).toEqual({
      kinds: 2,
      things: 10,
    });
    const asked = await plan({ tables: [kinds], wish: { only: ["kinds"] } });
    expect(() => requireSpace(asked)).toThrow("kinds.name: 10 values needed");
  });
});

describe("keys and defaults", () => {
  const roles = table("roles", [id]);
  const withDefault = (fallback: string, more: Partial<ReturnType<typeof column>> = {}) =>
    table("members", [id, column("role_id", "int8", { default: fallback, ...more })], {
      foreignKeys: [reference("role_id>roles.id")],
    });

  test("a key goes before the sequence of a serial column, and before a default that no row has", async () => {
    const serial = withDefault("nextval('members_role_id_seq'::regclass)", { sequence: "public.members_role_id_seq" });
    for (const members of [serial, withDefault("7")]) {
      expect(specs(requireEntity(await plan({ tables: [roles, members] }), "members")).role_id).toMatchObject({
        ...{ kind: "reference", entity: "roles" },
      });
    }
  });

  test("in files of the first version a default stays", async () => {
    const planned = await plan({
      ...{ tables: [roles, withDefault("7")], factories: { ...factoriesOf([]), generatorVersion: 1 } },
    });
    expect(Object.keys(specs(requireEntity(planned, "members")))).toEqual(["id"]);
  });
});

describe("checks that leave several ways", () => {
  const text = (name: string, nullable = false) => column(name, "text", { nullable });
  const ofChecks = (columns: readonly ReturnType<typeof column>[], ...expressions: string[]) =>
    table("t", [id, ...columns], { checks: expressions.map((expression, at) => ({ name: `c${at}`, expression })) });
  const orgs = table("orgs", [id]);
  const owners = table(
    "owners",
    [id, column("user_id", "int8", { nullable: true }), column("org_id", "int8", { nullable: true })],
    {
      foreignKeys: [reference("user_id>users.id"), reference("org_id>orgs.id")],
      checks: [{ name: "one", expression: "(num_nonnulls(user_id, org_id) = 1)" }],
    },
  );
  const rowsOf = async (asked: Asked, name: string) => {
    const planned = await plan(asked);
    const entity = requireEntity(planned, name);
    const maker = compileEntity(planned, entity);
    const names = entity.fields.map(({ column }) => column.name);
    return Array.from({ length: entity.rows }, (_, row) =>
      Object.fromEntries(maker.values(row).map((value, at) => [names[at] ?? "", value])),
    );
  };

  test("each row goes one of them", async () => {
    const t = ofChecks(
      [text("kind"), text("url", true), text("stuff", true)],
      "(((kind = 'link'::text) AND (url IS NOT NULL)) OR ((kind = 'text'::text) AND (stuff IS NOT NULL)))",
    );
    const rows = await rowsOf({ tables: [t], wish: { count: 60 } }, "t");
    expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set(["link", "text"]));
    expect(rows.filter(({ kind, url, stuff }) => (kind === "link" ? url : stuff) === null)).toEqual([]);
  });

  test("of files of the first version all go the first one that they went before", async () => {
    const t = ofChecks(
      [text("kind"), text("url", true), text("stuff", true)],
      "(((kind = 'text'::text) AND (stuff IS NOT NULL)) OR ((kind = 'link'::text) AND (url IS NOT NULL)))",
    );
    const factories = { ...factoriesOf([]), generatorVersion: 1 };
    const rows = await rowsOf({ tables: [t], factories }, "t");
    expect(rows.every(({ kind, url }) => kind === "link" && url !== null)).toBe(true);
  });

  test("of two references exactly one, and both parents are made for it", async () => {
    const rows = await rowsOf({ tables: [users, orgs, owners], wish: { only: ["owners"], count: 60 } }, "owners");
    expect(rows.map(({ user_id, org_id }) => [user_id, org_id].filter((each) => each !== null).length)).toEqual(
      rows.map(() => 1),
    );
    expect(new Set(rows.map(({ org_id }) => org_id === null)).size).toBe(2);
  });

  test("what the file writes is looked at", async () => {
    const t = ofChecks([text("kind"), text("stuff", true)], "((kind = 'a'::text) = (stuff IS NOT NULL))");
    const kind = field({ kind: "generator", name: "weighted", options: { weights: { a: 1, b: 2 } } });
    const factories = factoriesOf([factory("t", { fields: new Map([["kind", kind]]) })]);
    const rows = await rowsOf({ tables: [t], factories, wish: { count: 60 } }, "t");
    expect(new Set(rows.map((row) => row.kind))).toEqual(new Set(["a", "b"]));
    expect(rows.filter((row) => (row.kind === "a") !== (row.stuff !== null))).toEqual([]);
  });

  test("where only what cannot be referred to would do, the table is left out", async () => {
    const events = table("events", [id], {
      ...{ kind: "partitioned" as const, partitions: [{ strategy: "hash" as const, columns: ["id"], bounds: [] }] },
    });
    const marks = table("marks", [id, column("event_id", "int8", { nullable: true })], {
      foreignKeys: [reference("event_id>events.id")],
      checks: [{ name: "c", expression: "(num_nonnulls(event_id) = 1)" }],
    });
    const planned = await plan({ tables: [users, events, marks], wish: { lenient: true } });
    expect(planned.leftOut.map(({ entity }) => entity)).toEqual(["events", "marks"]);
  });
});
