/** What worktrees have left that are gone waits, is parked, comes back with `provision`, and goes for good in the end. */
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { holdInPlace } from "../../support/faults/gates.ts";
import { connect } from "../../support/faults/world.ts";
import { Grove, nothingRemains } from "../../support/worktrees/grove.ts";

let server: TestServer;

beforeAll(async () => {
  server = await sharedServer(18);
});

const AT_ONCE = "prune: {after: 0s}\n";
const COUNT = "select count(*)::int from item";

interface Pruned {
  pruned: { worktree: string }[];
  parked: { worktree: string; id: string }[];
  waiting: { worktree: string; for_ms: number; waits_ms: number }[];
  kept: { worktree: string; reason: string; hint: string }[];
}

async function prune(grove: Grove, ...flags: string[]): Promise<Pruned> {
  return (await grove.json(["prune", "--yes", ...flags])) as unknown as Pruned;
}

/** Parks a worktree whose folder was deleted; resolves with its identity. */
async function park(grove: Grove, name: string): Promise<string> {
  await rm(grove.at(name), { recursive: true });
  const { parked, pruned } = await prune(grove);
  expect([parked.map(({ worktree }) => worktree), pruned]).toEqual([[name], []]);
  return parked[0]?.id ?? "";
}

/** Deeper than worktrees are looked for: it counts as gone. */
async function moveAway(grove: Grove, path: string): Promise<string> {
  const away = grove.repo.path("away", "from", "here", basename(path));
  await mkdir(dirname(away), { recursive: true });
  await rename(path, away);
  return away;
}

async function editRegistry(grove: Grove, edit: (rows: Record<string, never>[]) => void): Promise<void> {
  const registry = JSON.parse(await readFile(grove.registryFile, "utf8"));
  edit(registry.worktrees);
  await writeFile(grove.registryFile, JSON.stringify(registry));
}

async function isRenaming(grove: Grove, name: string): Promise<boolean> {
  const rows = await grove.sql`
    select 1 from pg_stat_activity
     where wait_event_type = 'Lock' and query ilike ${`alter database "${grove.project}_${name}"%`}`;
  return rows.length > 0;
}

describe.concurrent("a worktree that is gone", () => {
  test("waits, whatever --yes says and the clock jumps to; what has come back begins anew", async () => {
    await using grove = await Grove.create(server);
    const { path, database } = await grove.make("gone", "--empty");
    const away = await moveAway(grove, path);
    const before = await grove.databaseNames();
    expect(await grove.ok(["prune", "--dry-run"])).toBe("nothing is due yet");
    expect(await grove.rows()).not.toContainEqual(expect.objectContaining({ gone: expect.anything() }));
    const { waiting } = await prune(grove);
    expect(waiting).toMatchObject([{ worktree: "gone", for_ms: 0, waits_ms: 7 * 24 * 3_600_000 }]);
    await editRegistry(grove, ([row]) => {
      const gone = Reflect.get(row ?? {}, "gone");
      Reflect.set(gone, "since", "2001-01-01T00:00:00.000Z");
      Reflect.set(gone, "seenAt", "2001-01-01T00:00:00.000Z");
    });
    const jumped = await prune(grove);
    expect(jumped).toMatchObject({ parked: [], pruned: [], waiting: [{ worktree: "gone" }] });
    expect(jumped.waiting[0]?.for_ms).toBeLessThan(3_600_000);
    expect(await grove.databaseNames()).toEqual(before);
    await rename(away, path);
    expect(await prune(grove)).toMatchObject({ parked: [], waiting: [], kept: [] });
    expect(await grove.rows()).not.toContainEqual(expect.objectContaining({ gone: expect.anything() }));
    expect(await grove.ok(["url", "gone"])).toEndWith(`/${database}`);
  });

  test("is not judged by another machine or user than the one that saw it, nor while somebody is connected", async () => {
    await using grove = await Grove.create(server, { yaml: AT_ONCE });
    const { path, database } = await grove.make("seen", "--empty");
    await rm(path, { recursive: true });
    const elsewhere = await grove.json(["prune", "--yes"], { env: { PGROVE_MACHINE: "another" } });
    expect(elsewhere).toMatchObject({ parked: [], kept: [{ reason: expect.stringContaining("seen last on") }] });
    const session = connect(server, database);
    await session`select 1`;
    const { kept } = await prune(grove);
    expect(kept).toMatchObject([{ worktree: "seen", reason: expect.stringContaining(`connected to ${database}`) }]);
    expect(await session`select 1 as one`).toMatchObject([{ one: 1 }]);
    await session.end();
    await editRegistry(grove, ([row]) => {
      Reflect.deleteProperty(Reflect.get(row ?? {}, "seen"), "by"); // an older pgrove's
    });
    expect((await prune(grove)).kept).toMatchObject([
      { reason: expect.stringContaining("not known on which machine") },
    ]);
    await grove.ok(["remove", "seen", "--yes"]);
  });

  test("is parked with all that was saved of it; remove takes it at once, prune when its time has come", async () => {
    await using grove = await Grove.create(server, { yaml: `${AT_ONCE.trim().slice(0, -1)}, keep: 0s}\n` });
    for (const name of ["given-up", "left"]) {
      await grove.make(name, "--empty");
      await grove.ok(["snapshot", "first", name]);
    }
    const id = await park(grove, "given-up");
    expect(await grove.ok(["remove", "given-up", "--dry-run"])).toContain("1 saved state (snapshot first)");
    const [count] = await grove.sql`
      select count(*)::int from pg_database where right(datname, 44) = ${`_parked_${id}`}`;
    expect(count).toEqual({ count: 2 });
    await grove.ok(["remove", "given-up", "--yes"]);
    const told = (await grove.json(["history"])).history as { operation: string }[];
    expect(told.map(({ operation }) => operation).slice(0, 2)).toEqual(["remove", "park"]);
    await park(grove, "left");
    expect(await grove.ok(["prune", "--list"])).toContain("pgrove provision left");
    expect(await grove.ok(["list"])).toMatch(/left .*parked: pgrove provision left$/m);
    expect((await prune(grove)).pruned.map(({ worktree }) => worktree)).toEqual(["left"]);
    expect(await grove.remains()).toEqual(nothingRemains);
  });
});

describe.concurrent("provision", () => {
  test("brings a parked one back as it was, its folder too; moved back by hand it needs no more", async () => {
    await using grove = await Grove.create(server, { yaml: AT_ONCE });
    const { database, path, ports } = await grove.make("it");
    await grove.ok(["snapshot", "first", "it"]);
    await grove.ok(["reset", "it", "--yes"]);
    await grove.ok(["sql", "it", "-c", "delete from item where id > 7"]);
    const before = await grove.databases();
    const row = (await grove.rows())[0];
    await park(grove, "it");
    expect(await grove.fails(4, ["url", "it"])).toContain("it");
    await grove.ok(["provision", "it"]);
    expect(await grove.databases()).toEqual(before);
    expect((await grove.rows())[0]).toMatchObject({ id: row?.id, path, ports, database });
    expect(await grove.ask(database, COUNT)).toBe(7);
    await grove.ok(["rewind", "first", "it", "--yes"]);
    expect(await grove.ask(database, COUNT)).toBe(50);

    const away = await moveAway(grove, path);
    expect((await prune(grove)).parked).toHaveLength(1);
    await rename(away, path);
    expect((await prune(grove)).kept).toMatchObject([{ hint: expect.stringContaining("pgrove provision it") }]);
    await grove.ok(["provision"], { cwd: path });
    expect((await grove.databases()).map(({ name }) => name)).toContain(database);
    expect(existsSync(path)).toBe(true);
  });

  test("asks for another name where its own is taken; what was saved of it follows", async () => {
    await using grove = await Grove.create(server, { yaml: AT_ONCE });
    await grove.make("first");
    await grove.ok(["snapshot", "kept", "first"]);
    await grove.ok(["sql", "first", "-c", "truncate item"]);
    const id = await park(grove, "first");
    expect(await grove.fails(5, ["new", "first"])).toContain("pgrove remove first");
    await grove.git(["worktree", "prune"]);
    const second = await grove.make("second", "--empty", "--name", "first");
    const refused = await grove.fails(5, ["provision", id]);
    expect(refused).toContain("pgrove provision first --name OTHER");
    await grove.ok(["provision", id, "--name", "again"]);
    const row = (await grove.rows()).find(({ name }) => name === "again");
    expect(row).toMatchObject({ id, branch: "first" });
    expect(row?.database).not.toBe(second.database);
    expect(await grove.ask(String(row?.database), COUNT)).toBe(0);
    await grove.ok(["rewind", "kept", "again", "--yes"]);
    expect(await grove.ask(String(row?.database), COUNT)).toBe(50);
    for (const name of ["again", "first"]) await grove.ok(["remove", name, "--yes"]);
    expect(await grove.databaseNames()).toEqual([]);
  });

  test("brings back a schema with its role and snapshots", async () => {
    await using grove = await Grove.create(server, { yaml: `isolation: schema\n${AT_ONCE}` });
    await grove.make("s");
    await grove.ok(["snapshot", "first", "s"]);
    await grove.ok(["sql", "s", "-c", "delete from item where id > 7"]);
    const schema = `${grove.project}_s`;
    const find = (name: string) => grove.ask(grove.project, `select to_regnamespace('${name}')::oid::int`);
    const oid = await find(schema);
    const id = await park(grove, "s");
    expect([await find(schema), await grove.ask("postgres", `select to_regrole('${schema}')::text`)]).toEqual([
      null,
      null,
    ]);
    expect(await grove.ask(grove.project, `select rolcanlogin from pg_roles where rolname like '%_parked_${id}'`)).toBe(
      false,
    );
    await grove.ok(["provision", "s"]);
    expect(await find(schema)).toBe(oid);
    const count = ["sql", await grove.ok(["url", "s"]), "-c", "select count(*) from item", "--format", "csv"];
    expect(await grove.ok(count)).toContain("7");
    await grove.ok(["rewind", "first", "s", "--yes"]);
    expect(await grove.ok(count)).toContain("50");
    await park(grove, "s");
    await grove.ok(["remove", "s", "--yes"]);
    const left = `select count(*)::int from pg_roles where rolname like '${grove.project}%'`;
    expect(await grove.ask("postgres", left)).toBe(0);
    expect(await grove.remains()).toEqual(nothingRemains);
  });

  test("prune killed between the data and the books: the next prune, or provision, goes on", async () => {
    await using grove = await Grove.create(server, { yaml: AT_ONCE });
    for (const name of ["a", "b"]) await grove.make(name);
    const before = await grove.databases();
    const strike = async (name: string) => {
      const away = await moveAway(grove, grove.at(name));
      await using stays = await holdInPlace(server, `${grove.project}_${name}`);
      const isParked = async () => !(await grove.databaseNames()).includes(`${grove.project}_${name}`);
      const striking = grove.strike(["prune", "--yes"], "SIGKILL", "the database is parked", isParked);
      await waitFor("the renaming to wait", 30_000, () => isRenaming(grove, name), 5);
      await using registry = await grove.holdRegistry();
      await stays.open();
      await striking;
      await registry.open();
      expect((await grove.rows()).map((row) => row.name)).toEqual(["a", "b"]);
      return away;
    };
    await rename(await strike("a"), grove.at("a"));
    await grove.ok(["provision", "a"]);
    await strike("b");
    expect((await prune(grove)).parked.map(({ worktree }) => worktree)).toEqual(["b"]);
    await grove.ok(["provision", "b"]);
    expect(await grove.databases()).toEqual(before);
  });
});
