/** Rows that are planned from the schema alone really go into a table with every kind of column and constraint. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sql } from "../../../src/postgres/toolbox.ts";
import { type SeedPlan, type TableShape, tableKey } from "../../../src/seed/entity.ts";
import { loadFactories } from "../../../src/seed/factory/factory-file.ts";
import { proposeFactories } from "../../../src/seed/factory/init.ts";
import { readExistingRows } from "../../../src/seed/plan/plan-keys.ts";
import type { SeedWish } from "../../../src/seed/plan/plan-rows.ts";
import { planSeed } from "../../../src/seed/plan/plan-seed.ts";
import { readTables } from "../../../src/seed/schema/read-tables.ts";
import { uniqueName } from "../../support/database.ts";
import type { Major } from "../../support/engine/images.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { connectTo, loadPlan } from "../../support/seed/load.ts";

const schemaFile = join(import.meta.dir, "../../support/fixtures/seed-kinds.sql");
const today = new Date("2026-01-01T00:00:00Z");

function wishFor(wish: Partial<SeedWish>): SeedWish {
  return { counts: new Map(), firstRows: new Map(), defaultCount: 20, ...wish };
}

describe.each(takingTurns([15, 17, 18], import.meta.path))("a schema of every kind, PostgreSQL %d", (major: Major) => {
  const database = uniqueName("seed_kinds");
  let server: TestServer;
  let sql: Sql;
  let tables: ReadonlyMap<string, TableShape>;
  const notes: string[] = [];

  async function plan(wish: Partial<SeedWish>, dir = "/nonexistent"): Promise<SeedPlan> {
    const factories = await loadFactories(dir, { today });
    return await planSeed(factories, tables, wishFor(wish), readExistingRows(sql), (text) => notes.push(text));
  }

  /** As if earlier runs had numbered so many rows of everything. */
  function behind(rows: number): ReadonlyMap<string, number> {
    return new Map([...tables.values()].map(({ name }) => [name, rows]));
  }

  beforeAll(async () => {
    server = await sharedServer(major);
    await server.createDatabase(database);
    await server.psql(database, await Bun.file(schemaFile).text());
    sql = connectTo(server, database);
    tables = await readTables(sql);
  });
  afterAll(async () => {
    await sql.end();
    await server.psql("postgres", `drop database "${database}"`);
  });

  test("the tables are read with their types, keys and checks", () => {
    const users = tables.get("app.users");
    const column = (name: string) => users?.columns.find((each) => each.name === name);
    expect([...tables.keys()].filter((key) => /events|regions/.test(key))).toEqual(["app.events", "app.regions"]);
    expect(users?.primaryKey).toEqual(["id"]);
    expect(users?.uniques.map(({ columns }) => columns)).toEqual([
      ["tenant_id", "id"],
      ["tenant_id", "username"],
    ]);
    expect(users?.apart?.map(({ columns }) => columns)).toEqual([["email"]]);
    expect(column("id")).toMatchObject({ identity: "always", sequence: "app.users_id_seq", nullable: false });
    expect(column("username")?.type).toMatchObject({ name: "varchar", length: 12 });
    expect(column("score")?.type).toMatchObject({ precision: 6, scale: 2 });
    expect(column("tier")?.type).toMatchObject({ kind: "enum", labels: ["free", `it's "pro", really`, "team\\n"] });
    expect(column("email")?.type).toMatchObject({ kind: "domain", of: { name: "citext" } });
    expect(column("grade")).toMatchObject({ nullable: false, type: { kind: "domain", of: { name: "int4" } } });
    expect(column("tags")?.type).toMatchObject({ kind: "array", of: { name: "text" } });
    expect(column("stays")?.type).toMatchObject({ kind: "range", of: { name: "date" } });
    expect(tables.get("app.every_type")?.columns.find(({ name }) => name === "c_doubled")?.generated).toBe(true);
    expect(tables.get("app.tasks")?.foreignKeys.map(({ columns, table }) => [columns, table])).toEqual([
      [["tenant_id"], "app.tenants"],
      [["tenant_id", "project_code"], "app.projects"],
    ]);
    expect(tables.get("app.regions")?.partitions).toEqual([
      { strategy: "list", columns: ["region"], bounds: ["FOR VALUES IN ('eu', 'it''s')", "FOR VALUES IN ('us')"] },
      { strategy: "range", columns: ["id"], bounds: ["FOR VALUES FROM (MINVALUE) TO (1000)"] },
    ]);
    expect(tables.get("app.rooms")?.apart).toMatchObject([{ columns: ["during"], overlapping: ["during"] }]);
  });

  test("every table takes the rows that are planned for it, and again behind those", async () => {
    const first = await plan({});
    await loadPlan(server, database, first);
    const firstRows = new Map(first.entities.map(({ entity, rows }) => [entity, rows]));
    await loadPlan(server, database, await plan({ firstRows, count: 30 }));
    const counts = await Promise.all(
      first.entities.map(async ({ entity, table }) => {
        const [row] = await sql`select count(*)::int as rows from ${sql(table.schema)}.${sql(table.name)}`;
        return [entity, row?.rows];
      }),
    );
    // A parent of inherited tables is read with the rows of those that inherit from it.
    const expected = first.entities.map(({ entity }) => [entity, entity === "vehicles" ? 100 : 50]);
    expect(counts).toEqual(expected);
  });

  test("what init proposes is a file without mistakes, and its rows load", async () => {
    const dir = await mkdtemp(join(tmpdir(), "pgrove-init-"));
    try {
      await writeFile(join(dir, "factories.yaml"), await proposeFactories(tables, today));
      const proposed = await plan({ firstRows: behind(1_000) }, dir);
      expect(proposed.entities.map(({ table }) => tableKey(table)).toSorted()).toEqual([...tables.keys()].toSorted());
      await loadPlan(server, database, proposed);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test("children alone refer to the rows that are there, whatever the names", async () => {
    const odd = [...tables.keys()].find((key) => key.includes("Odd")) ?? "";
    const { entities, existing } = await plan({ only: [odd, "members", "tasks"], count: 5 });
    expect(entities.map(({ table, rows }) => [tableKey(table), rows])).toContainEqual([odd, 5]);
    expect(existing.get("app.users.id")?.length).toBeGreaterThan(0);
    await loadPlan(server, database, await plan({ only: [odd], count: 5, firstRows: behind(2_000) }));
  });
});

describe("the sample", () => {
  const database = uniqueName("devpocket");
  const sample = join(import.meta.dir, "../../../examples/devpocket");
  let server: TestServer;
  let sql: Sql;

  beforeAll(async () => {
    server = await sharedServer(17);
    await server.createDatabase(database);
    for (const file of ["migrations/001_accounts.up.sql", "migrations/002_terminal.up.sql", "seeds/base.sql"]) {
      await server.psql(database, await Bun.file(join(sample, file)).text());
    }
    sql = connectTo(server, database);
  });
  afterAll(async () => {
    await sql.end();
    await server.psql("postgres", `drop database "${database}"`);
  });

  async function load(wish: Partial<SeedWish>): Promise<SeedPlan> {
    const factories = await loadFactories(join(sample, "seeds"), { today });
    const plan = await planSeed(
      factories,
      await readTables(sql),
      wishFor(wish),
      readExistingRows(sql),
      () => undefined,
    );
    await loadPlan(server, database, plan);
    return plan;
  }

  const count = async (condition: string) => Number(await server.psql(database, `select count(*) from ${condition}`));

  test("the five families, with relations that hold", async () => {
    const plan = await load({ count: 200 });
    expect(plan.entities.map(({ entity }) => entity)).toEqual([
      "users",
      "ssh_profiles",
      "sessions",
      "commands",
      "sync_data",
    ]);
    for (const { entity, rows } of plan.entities) expect(rows, entity).toBeGreaterThanOrEqual(200);
    const tiers = await server.psql(database, "select string_agg(distinct tier::text, ' ') from users");
    expect(tiers.split(" ").toSorted()).toEqual(["free", "pro", "team"]);
    // A session goes through a profile of its own user; what is derived from a column agrees with it.
    expect(await count("sessions s join ssh_profiles p on p.id = s.ssh_profile_id")).toBeGreaterThan(100);
    expect(await count("sessions s join ssh_profiles p on p.id = s.ssh_profile_id where p.user_id <> s.user_id")).toBe(
      0,
    );
    expect(await count("commands where (exit_code = 0) <> (error is null)")).toBe(0);
    expect(await count("users where not exists (select from ssh_profiles where user_id = users.id)")).toBe(0);
    const blob = "decode(split_part(public_key, ' ', 2), 'base64')";
    const print = `'SHA256:' || rtrim(encode(sha256(${blob}), 'base64'), '=')`;
    expect(await count(`ssh_profiles where public_key is not null and fingerprint <> ${print}`)).toBe(0);
  });

  test.each([
    [{ only: ["ssh"], count: 15 }, { ssh_profiles: 15 }],
    [
      { only: ["sync", "sessions"], count: 7 },
      { sync_data: 7, sessions: 7 },
    ],
    [{ scenario: { name: "user_onboarding", params: new Map([["users", "5"]]) } }, { users: 5, ssh_profiles: 15 }],
  ] as const)("more of it behind what is there: %p", async (wish, expected) => {
    const [row] = await sql`select (select count(*)::int from users) as users`;
    const plan = await load({
      ...wish,
      firstRows: new Map(["users", "ssh_profiles", "sessions", "sync_data"].map((name) => [name, 5000])),
    });
    expect(Object.fromEntries(plan.entities.map(({ entity, rows }) => [entity, rows]))).toEqual(expected);
    expect(await count("users")).toBe((row?.users ?? 0) + ("users" in expected ? expected.users : 0));
  });
});
