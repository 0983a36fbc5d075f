import { describe, expect, test } from "bun:test";
import { sharedServer } from "../../support/engine/server.ts";
import { Grove } from "../../support/worktrees/grove.ts";

const SHOP = `
  create table customer (id bigint generated always as identity primary key, email text not null unique, name text not null);
  create table purchase (id serial primary key, customer_id bigint not null references customer, amount int not null);
  create index purchase_customer on purchase (customer_id);`;

const YAML = "environments: {production: {env_file: .env.production, protected: true}}";

const create = async () => await Grove.create(await sharedServer(17), { sql: SHOP, yaml: YAML });

describe("seed", () => {
  test("files, entities, cleaning, a worktree's own, statistics: as they are typed", async () => {
    await using grove = await create();
    await grove.commit("seeds", {
      "seeds/base.sql":
        "insert into customer (email, name) values ('base@example.test', 'Base') on conflict do nothing;",
      "seeds/auth.sql":
        "insert into customer (email, name) values ('auth@example.test', 'Auth') on conflict do nothing;",
    });
    expect(await grove.json(["seed"])).toMatchObject({ files: { applied: ["seeds/base.sql"], unchanged: [] } });
    expect(await grove.json(["seed"])).toMatchObject({ files: { applied: [], unchanged: ["seeds/base.sql"] } });
    await grove.make("auth", "--copy", "main");
    const own = await grove.json(["seed", "-t", "auth"]);
    expect(own).toMatchObject({
      target: "auth",
      files: { applied: ["seeds/auth.sql"], unchanged: ["seeds/base.sql"] },
    });
    const made = await grove.json(["seed", "customer", "purchase", "25", "--stats"]);
    expect(made).toMatchObject({
      entities: [
        { entity: "customer", inserted: 25 },
        { entity: "purchase", inserted: 25 },
      ],
    });
    expect(await grove.ask(grove.project, "select count(*)::int from customer")).toBe(26);
    expect(await grove.fails(5, ["seed", "--clean", "all", "5"])).toContain("purchase (25 rows), customer (26 rows)");
    await grove.ok(["seed", "--clean-force", "all", "5"]);
    expect(await grove.ask(grove.project, "select count(*)::int from customer")).toBe(5);
    const { tables } = (await grove.json(["stats"])) as { tables: { name: string; rows: number }[] };
    expect(tables.find(({ name }) => name === "customer")?.rows).toBe(5);
    const plan = await grove.json(["seed", "customer", "100", "--dry-run"]);
    expect(plan).toMatchObject({ dry_run: true, plan: { entities: [{ entity: "customer", rows: 100 }] } });
    expect(await grove.ask(grove.project, "select count(*)::int from customer")).toBe(5);
  });

  test("a protected environment wants its name for everything that changes it", async () => {
    await using grove = await create();
    const { port, user, password } = grove.server;
    const url = `postgres://${user}:${password}@127.0.0.1:${port}/${grove.project}`;
    await grove.commit("env", { ".env.production": `DATABASE_URL=${url}\n`, "seeds/base.sql": "select 1;" });
    for (const words of [
      ["seed"],
      ["seed", "customer", "5"],
      ["seed", "customer", "5", "--clean-force"],
      ["seed", "--reset-force"],
    ]) {
      expect(await grove.fails(5, [...words, "-t", "@production", "--yes"])).toContain("production is protected");
    }
    expect(await grove.ask(grove.project, "select count(*)::int from customer")).toBe(0);
    await grove.ok(["seed", "customer", "5", "-t", "@production", "--confirm", "production"]);
    expect(await grove.ask(grove.project, "select count(*)::int from customer")).toBe(5);
  });

  test("--reset empties, migrates and seeds, and the snapshot brings back what was there", async () => {
    await using grove = await create();
    await grove.commit("files", {
      "migrations/001_city.up.sql": "create table city (name text primary key);",
      "seeds/base.sql": "insert into city values ('Ulm');",
    });
    await grove.ok(["seed", "customer", "5"]);
    const { reset } = (await grove.json(["seed", "--reset-force"])) as {
      reset: { snapshot: string; migrations: number };
    };
    expect(reset.migrations).toBe(1);
    expect(await grove.ask(grove.project, "select string_agg(name, '') from city")).toBe("Ulm");
    expect(await grove.ask(grove.project, "select to_regclass('customer')::text")).toBeNull();
    await grove.ok(["rewind", reset.snapshot, "--yes"]);
    expect(await grove.ask(grove.project, "select count(*)::int from customer")).toBe(5);
  });

  test("the numbers of the environment: the usual count, and the most", async () => {
    await using grove = await create();
    await grove.ok(["seed", "customer"], { env: { DEFAULT_SEED_COUNT: "7" } });
    expect(await grove.ask(grove.project, "select count(*)::int from customer")).toBe(7);
    await grove.fails(5, ["seed", "customer", "11"], { env: { MAX_SEED_COUNT: "10" } });
    await grove.fails(2, ["seed", "all", "customer", "5"]);
    expect(await grove.fails(2, ["seed", "custmer", "5"])).toContain("did you mean customer");
  });

  test("what cannot be meant is said, with what to type instead", async () => {
    await using grove = await create();
    await grove.commit("seeds", { "seeds/f.yaml": "entities: {customer: {count: 1000000000001}}\n" });
    const number = await grove.fails(2, ["seed", "--file", "seeds/f.yaml"]);
    expect(number).toContain("--file runs a file of SQL, and seeds/f.yaml is none");
    expect(await grove.fails(3, ["seed", "all"])).toContain("count must be a whole number up to a billion");
    await grove.commit("none", { "seeds/f.yaml": "" });
    for (const words of [
      ["10", "customer"],
      ["customer", "1e3"],
      ["customer", "2.5"],
      ["customer", "10", "purchase", "20"],
    ]) {
      const said = await grove.fails(2, ["seed", ...words]);
      expect(said).toMatch(/"[\d.e]+" is no entity or table/);
      expect(said).toMatch(/hint: {2}pgrove seed NAME 25 /);
    }
    const over = await grove.fails(5, ["seed", "all", "--except", "customer", "--except", "purchase"]);
    expect(over).toContain("--except customer --except purchase leaves nothing over");
    const older = await grove.fails(2, ["seed", "customer", "--older-than", "1h"]);
    expect(older).toContain("pgrove seed --clean --older-than 1h");
  });
});
