/** Worktrees with a schema each in main's database, and a role of its own that owns it. */
import { beforeAll, describe, expect, test } from "bun:test";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { holdLocks } from "../../support/faults/gates.ts";
import { Grove } from "../../support/worktrees/grove.ts";

const YAML = `isolation: schema
migrations: {dir: migrations}
env: {set: {DATABASE_URL: "{url}", PRISMA_URL: "{url}&schema={schema}"}}
`;

const COUNT = "select count(*)::int from item";

const TABLES = `
  create table item as select i as id, 'item ' || i as name from generate_series(1, 50) i;
  create table schema_migrations (version bigint primary key, dirty boolean not null);
  insert into schema_migrations values (1, false);`;

async function makeGrove(server: TestServer): Promise<Grove> {
  const grove = await Grove.create(server, { yaml: YAML, sql: TABLES });
  await grove.commit("migrations", { "migrations/1_a.up.sql": "", "migrations/2_b.up.sql": "" });
  return grove;
}

/** Runs SQL over the URL that `pgrove url` prints; resolves with the first column of the first row. */
async function ask(grove: Grove, target: string, query: string): Promise<unknown> {
  return await askUrl(await grove.ok(["url", target]), query);
}

async function askUrl(url: string, query: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => undefined });
  try {
    return Object.values((await sql.unsafe(query))[0] ?? {})[0];
  } finally {
    await sql.end();
  }
}

/** The schemas and roles of the worktrees, and the saved states, by their names. */
async function leftovers(grove: Grove): Promise<string[]> {
  const names = await Promise.all([
    grove.sql`select rolname::text as name from pg_roles where starts_with(rolname, ${`${grove.project}_`})`,
    grove.sql`select datname::text as name from pg_database where starts_with(datname, ${`${grove.project}.`})`,
  ]);
  const schemas = await grove.ask(
    grove.project,
    `select json_agg(nspname order by nspname) from pg_namespace where starts_with(nspname, '${grove.project}_')`,
  );
  return [...names.flat().map(({ name }) => String(name)), ...((schemas ?? []) as string[])].sort();
}

describe.each(takingTurns([15, 18], import.meta.path))("on PostgreSQL %i", (major) => {
  test("new, url, list, dump, restore, snapshot, rewind, reset, copy, remove within the schema", async () => {
    await using grove = await makeGrove(await sharedServer(major));
    const main = await grove.main();
    const mapped = ["new", "heirs", "--restore", "any.dump", "--role-map", "a=b"];
    expect(await grove.fails(5, mapped)).toContain("belongs to its own role");
    await grove.make("feature/x");
    await grove.make("other");
    const schema = `${grove.project}_feature_x`;

    expect(await ask(grove, "feature-x", COUNT)).toBe(50);
    expect(await ask(grove, "feature-x", "select current_user || ' ' || current_schema")).toBe(`${schema} ${schema}`);
    const env = await readFile(join(grove.at("feature-x"), ".env"), "utf8");
    expect(env).toContain(`&schema=${schema}'\n`);
    for (const foreign of ["public", `${grove.project}_other`]) {
      const reading = ask(grove, "feature-x", `select count(*) from ${foreign}.item`);
      await expect(reading).rejects.toThrow("permission denied");
    }

    await grove.ok(["sql", "-c", "delete from item where id > 7; update schema_migrations set version = 2"], {
      cwd: grove.at("feature-x"),
    });
    const listed = await grove.json(["list"]);
    expect(listed.worktrees).toMatchObject([
      { name: "main", migrations: { version: "1", pending: 1 } },
      { name: "feature-x", schema, migrations: { version: "2", pending: 0 }, size_bytes: expect.any(Number) },
      { name: "other", migrations: { version: "1", pending: 1 } },
    ]);
    const [{ size_bytes: sizeBytes }] = listed.worktrees as [{ size_bytes: number }];
    expect(sizeBytes).toBeLessThan(1_000_000); // a whole database has 7 MB

    await grove.ok(["snapshot", "seven", "feature-x"]);
    await grove.ok(["dump", "feature-x"]);
    await grove.ok(["sql", "feature-x", "-c", "drop table item"]);
    await grove.ok(["rewind", "seven", "feature-x", "--yes"]);
    expect(await ask(grove, "feature-x", COUNT)).toBe(7);
    await grove.ok(["reset", "feature-x", "--yes"]);
    expect(await ask(grove, "feature-x", COUNT)).toBe(50);
    await grove.ok(["restore", "--latest", "feature-x", "--to", "feature-x", "--yes"]);
    expect(await ask(grove, "feature-x", COUNT)).toBe(7);
    await grove.ok(["copy", "feature-x", "--to", "other", "--yes"]);
    expect(await ask(grove, "other", COUNT)).toBe(7);
    const publicNow = async () =>
      Object.entries((await grove.main()).tables).filter(([name]) => name.startsWith("public."));
    expect(await publicNow()).toEqual(Object.entries(main.tables));

    await grove.ok(["dump", "main"]);
    await grove.ok(["sql", "main", "-c", "truncate item"]);
    await grove.ok(["restore", "--latest", "main", "--to", "main", "--yes"]);
    expect(await publicNow()).toEqual(Object.entries(main.tables));
    expect(await ask(grove, "other", COUNT)).toBe(7); // what main's restore replaces is main's schema alone

    expect(await grove.fails(5, ["remove", "feature-x"])).toContain(`schema ${schema} (`);
    await grove.ok(["remove", "feature-x", "--yes"]);
    expect(await leftovers(grove)).toEqual([`${grove.project}_other`, `${grove.project}_other`]);
    await rm(grove.at("other"), { recursive: true });
    expect(await grove.ok(grove.pruneNow)).toContain("1 worktree");
    expect(await leftovers(grove)).toEqual([]);
    expect((await grove.main()).tables).toEqual(main.tables);
  });
});

describe("on main's server", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await sharedServer(18);
  });

  test("down and restart of a worktree are refused, up and logs are main's", async () => {
    await using grove = await makeGrove(server);
    await grove.make("x");
    const started = await server.startTime();
    expect(await grove.fails(5, ["down", "x"])).toContain("pgrove down main");
    expect(await grove.fails(5, ["restart"], { cwd: grove.at("x") })).toContain("pgrove restart main");
    expect(await grove.ok(["up", "x"])).toContain("running");
    expect(await grove.ok(["logs", "x", "--tail", "5"])).not.toBe("");
    expect(await server.startTime()).toBe(started);
    await grove.ok(["remove", "x", "--yes"]);
    expect(await leftovers(grove)).toEqual([]);
  });

  test("--keep-database makes schema and role the user's, whom no later worktree of that name is given", async () => {
    await using grove = await makeGrove(server);
    const kept = `${grove.project}_x`;
    await grove.make("x");
    const url = await grove.ok(["url", "x"]);
    await grove.ok(["remove", "x", "--yes", "--keep-database"]);
    const again = await grove.json(["new", "x"]);
    expect(again.worktree).toMatchObject({ schema: expect.stringMatching(new RegExp(`^${kept}_[0-9a-f]{8}$`)) });
    await grove.ok(["remove", "x", "--yes"]);
    expect(await grove.ok(["prune", "--dry-run"])).not.toContain(kept);
    expect(await askUrl(url, COUNT)).toBe(50);

    // Killed before it has found another name, so that the registry has the user's.
    const hasRow = async () => (await grove.rows()).length > 0;
    await using unseen = await holdLocks(server, grove.project, "lock table pg_description in access exclusive mode");
    await grove.strike(["new", "x"], "SIGKILL", "the worktree to be registered", hasRow);
    await unseen.open();
    await grove.ok(["remove", "x", "--yes"]);
    expect(await leftovers(grove)).toEqual([kept, kept]);
    expect(await askUrl(url, COUNT)).toBe(50);
    await grove.ask(grove.project, `drop owned by ${kept}; drop role ${kept}`);
  });

  test("a login that may not create roles is refused before anything is made", async () => {
    await using grove = await makeGrove(server);
    const login = `${grove.project}_login`;
    await grove.sql.unsafe(`create role ${login} login password 'weak' createdb`);
    await using roles = new AsyncDisposableStack();
    roles.defer(async () => void (await grove.sql.unsafe(`drop role ${login}`)));
    const config = await readFile(join(grove.repo.folder, "pgrove.yaml"), "utf8");
    await grove.repo.configure(
      config.replace(/^database: .*$/m, `database: {name: ${grove.project}, user: ${login}, password: weak}`),
    );
    expect(await grove.fails(5, ["new", "x"])).toContain("may not create roles");
    expect(await grove.git(["branch", "--list", "x"])).toBe("");
    expect(await grove.remains()).toEqual({ linked: [], folders: [], databases: [], rows: [] });
  });

  test("a new that is killed when only its role is there is completed by provision, and taken away by remove", async () => {
    await using grove = await makeGrove(server);
    /** No schema can be made until it is struck. */
    const strike = async (name: string, role: string) => {
      await using unmade = await holdLocks(server, grove.project, "lock table pg_namespace in share mode");
      const hasRole = async () => (await leftovers(grove)).includes(`${grove.project}_${role}`);
      await grove.strike(["new", name], "SIGKILL", "the role to be there", hasRole);
      await unmade.open();
    };
    await strike("kept", "kept");
    await grove.ok(["provision", "kept"]);
    expect(await ask(grove, "kept", COUNT)).toBe(50);
    await strike("given-up", "given_up");
    await grove.ok(["remove", "given-up", "--yes"]);
    await grove.ok(["remove", "kept", "--yes"]);
    expect(await leftovers(grove)).toEqual([]);
    expect(await grove.scratch()).toEqual([]);
  });
});
