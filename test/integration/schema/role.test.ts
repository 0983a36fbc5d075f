import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyDatabase } from "../../../src/copy/copy.ts";
import { openConnection } from "../../../src/postgres/connect.ts";
import { quoteIdentifier } from "../../../src/postgres/identifier.ts";
import { dropRole, ensureRole } from "../../../src/postgres/role.ts";
import { incomingName, schemaExists } from "../../../src/postgres/schema.ts";
import type { Sql } from "../../../src/postgres/toolbox.ts";
import { formatConnectionUrl } from "../../../src/postgres/url.ts";
import { asOwnRole, ownConnection } from "../../../src/resolve/reach.ts";
import { type LiveTarget, openTarget } from "../../../src/resolve/target.ts";
import { querySql, runSql } from "../../../src/sql/run-sql.ts";
import { applicationName, controlName, newRunId, type RunId } from "../../../src/sys/run-id.ts";
import {
  type Bench,
  copyRequest,
  createSmall,
  makeBench,
  openLive,
  rejection,
  uniqueName,
} from "../../support/database.ts";
import { run, waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import {
  mainOf,
  makeEmpty,
  makeEmptyWorktree,
  makeWorktree,
  ODD_NAMES,
  onDatabase,
  schemaOf,
  type TestWorktree,
  work,
} from "./worktree.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await makeBench();
});
afterAll(() => bench.remove());

function toolsOf() {
  const { runner, note } = bench.tools;
  return { runner, clientImage: "postgres:{major}", stageParent: bench.folder, note };
}

/** What the worktree's own programs see: a statement's rows, through the published port and with the role's password. */
function asRole<T>(worktree: TestWorktree, query: string): Promise<T[]> {
  return inSession(worktree, async (sql) => [...(await sql.unsafe(query))] as unknown as T[]);
}

async function inSession<T>({ live }: TestWorktree, body: (sql: Sql) => Promise<T>): Promise<T> {
  const reached = await live.server.reach(live.database);
  if (reached === undefined) throw new Error("the test's server publishes no port");
  const sql = await openConnection(ownConnection(reached, live.target), newRunId(new Date()), { label: "the role" });
  try {
    return await body(sql);
  } finally {
    await sql.end({ timeout: 2 });
  }
}

describe.each(takingTurns([15, 18], import.meta.path))("the role of a worktree, PostgreSQL %d", (major) => {
  const database = uniqueName("role");
  const [slashed, longest] = ODD_NAMES;
  let server: TestServer;
  let live: LiveTarget;
  let one: TestWorktree;
  let two: TestWorktree;

  beforeAll(async () => {
    server = await sharedServer(major);
    await createSmall(server, database, 5);
    await server.psql(database, "create extension citext; create extension hstore");
    live = await openLive(server, database, bench);
    one = await makeWorktree(live, slashed);
    two = await makeEmptyWorktree(bench, live, longest);
    const request = copyRequest({ comment: one.comment });
    await copyDatabase(bench.tools, mainOf(live, "public"), one.live, request);
    await server.psql(database, "create table secret as select 42 as a");
  });

  test("reads and writes its own schema, and nobody else's, with main's in its search_path for the extensions", async () => {
    await asRole(
      one,
      "insert into item (name) values ('own'); create table made (c citext default 'X'); drop table tag",
    );
    const rows = await asRole<{ own: number; same: boolean; path: string }>(
      one,
      "select (select count(*)::int from item) as own, 'a'::citext = 'A' as same, current_schema() as path",
    );
    expect(rows).toEqual([{ own: 6, same: true, path: slashed }]);
    await asRole(two, "create table theirs as select 1 as a");
    const forbidden = [
      "select * from public.item",
      "select * from secret", // not hidden by one of its own
      "update public.item set name = ''",
      "truncate public.tag",
      "drop table public.tag",
      "create table public.new (a int)",
      `select * from ${two.name}.theirs`,
      `create table ${two.name}.new (a int)`,
      `drop schema ${two.name} cascade`,
      `set role postgres`,
      `alter role ${quoteIdentifier(one.role.name)} superuser`,
    ];
    await inSession(one, async (sql) => {
      for (const query of forbidden) {
        await expect(sql.unsafe(query)).rejects.toThrow(/permission denied|must be owner|must be superuser/);
      }
    });
    expect(await server.psql(database, "select count(*) from public.item")).toBe("5");
    expect(await server.psql(database, `select count(*) from ${two.name}.theirs`)).toBe("1");
    const open = "select string_agg(nspname, ',') from pg_namespace, aclexplode(nspacl) where grantee = 0";
    expect(await server.psql(database, `${open} and nspname in ('${slashed}', '${two.name}')`)).toBe("");
  });

  test("comes into its schema by psql's URL, by sql, and without libpq's options", async () => {
    const reached = await one.live.server.reach(database);
    if (reached === undefined) throw new Error("the test's server publishes no port");
    const inside = { ...ownConnection(reached, one.live.target), host: "127.0.0.1", port: 5432 };
    const psql = await server.exec([
      "psql",
      "-XAtc",
      "select current_schema(), current_user",
      formatConnectionUrl(inside, "show"),
    ]);
    expect(psql).toMatchObject({ code: 0, stdout: `${slashed}|${one.role.name}\n` });
    const plain = formatConnectionUrl({ ...inside, parameters: {} }, "show");
    const path = await server.exec(["psql", "-XAtc", "select current_schemas(false)", plain]);
    expect(path.stdout).toContain(`public}`);
    const own = await openTarget(asOwnRole(one.live.target), toolsOf(), database);
    const source = { name: "sql", open: () => new Blob(["select current_schema(), current_user"]).stream() };
    const [result] = await querySql(own, bench.tools, source);
    expect(result?.rows).toEqual([{ current_schema: slashed, current_user: one.role.name }]);
    let said = "";
    const output = async (chunk: Uint8Array) => {
      said += new TextDecoder().decode(chunk);
    };
    await server.psql(database, `create schema "Main.*"`);
    await runSql(mainOf(live, "Main.*"), bench.tools, { ...source, name: "x" }, "csv", {
      output,
      notice: () => undefined,
    });
    expect(said).toContain("Main.*,postgres");
  });

  test("is not made over somebody else's, keeps its password out of the log, and goes with its schema", async () => {
    const theirs = uniqueName("theirs");
    await server.psql("postgres", `create role ${theirs}`);
    const request = { name: theirs, password: "x", schema: "y", database, comment: one.comment };
    const taken = await rejection(onDatabase(live, (sql) => ensureRole(sql, request)));
    expect(taken).toMatchObject({ code: "role_exists", exit: 5 });
    await server.psql("postgres", `drop role ${theirs}`);

    const worktree = await makeEmptyWorktree(bench, live, "short_lived");
    const password = "a-new-password-that-is-nowhere";
    await onDatabase(live, async (sql) => {
      await sql.unsafe("set log_statement = 'all'");
      const { name } = worktree.role;
      await ensureRole(sql, { name, password, schema: "short_lived", database, comment: worktree.comment });
    });
    const logs = await run("docker", ["logs", "--since", "1m", server.container]);
    expect(logs.stdout + logs.stderr).toContain("SCRAM-SHA-256$4096:");
    expect(logs.stdout + logs.stderr).not.toContain(password);
    worktree.role.password = password;
    await asRole(worktree, "create table t (a int); select lo_from_bytea(0, 'x')");
    const owns = await rejection(onDatabase(live, (sql) => dropRole(sql, worktree.role.name, idOf(worktree))));
    expect(owns).toMatchObject({ code: "role_owns", exit: 5 });
    expect(await rejection(onDatabase(live, (sql) => dropRole(sql, worktree.role.name, idOf(one))))).toMatchObject({
      code: "role_exists",
    });
    await work(bench, worktree.live, (inside) => schemaOf(worktree).drop(inside));
    await work(bench, worktree.live, (inside) => schemaOf(worktree).drop(inside)); // gone is gone
    await onDatabase(live, (sql) => dropRole(sql, worktree.role.name, idOf(worktree)));
    await onDatabase(live, (sql) => dropRole(sql, worktree.role.name, idOf(worktree)));
    const left = `select to_regnamespace('short_lived') is null, to_regrole('${quoteIdentifier(worktree.role.name)}') is null`;
    expect(await server.psql(database, left)).toBe("t|t");
  });

  test("serves a login that is no superuser", async () => {
    const [limited, own] = [uniqueName("limited"), uniqueName("own")];
    await server.psql(
      "postgres",
      `create role ${limited} login createrole createdb password 'pw'; create database ${own} owner ${limited}`,
    );
    await server.psql(
      own,
      `alter schema public owner to ${limited}; set role ${limited}; create extension citext;
      create table item (id serial primary key, name citext); insert into item (name) values ('x'), ('y')`,
    );
    const target = { ...live.target, login: { user: limited, password: "pw" } };
    const theirs = await openTarget(target, toolsOf(), own);
    const worktree = await makeWorktree(theirs, "feature_x");
    for (let round = 0; round < 2; round++) {
      await copyDatabase(
        bench.tools,
        mainOf(theirs, "public"),
        worktree.live,
        copyRequest({ comment: worktree.comment }),
      );
    }
    expect(await asRole<{ count: number }>(worktree, "select count(*)::int from item where name = 'X'")).toEqual([
      { count: 1 },
    ]);
    await work(bench, worktree.live, (inside) => schemaOf(worktree).drop(inside));
    await onDatabase(theirs, (sql) => dropRole(sql, worktree.role.name, idOf(worktree)));
  });
});

function idOf({ live }: TestWorktree): string {
  return live.target.worktree?.id ?? "";
}

describe("schemas that are not the worktree's", () => {
  test("are neither taken nor dropped; what dead runs left is cleared, and a living run's stays", async () => {
    const server = await sharedServer(18);
    const database = uniqueName("marks");
    await createSmall(server, database, 3);
    const live = await openLive(server, database, bench);
    await server.psql(database, "create schema ours; create table ours.t (a int)");
    const worktree = await makeWorktree(live, "ours");
    for (const doing of [
      () => makeEmpty(bench, worktree),
      () => work(bench, worktree.live, (inside) => schemaOf(worktree).drop(inside)),
    ]) {
      expect(await rejection(doing())).toMatchObject({ code: "schema_not_owned", exit: 5 });
    }
    expect(await server.psql(database, "select to_regclass('ours.t') is not null")).toBe("t");

    const [dead, alive] = [newRunId(new Date()), newRunId(new Date())];
    for (const name of [dead, alive])
      await server.psql(database, `create schema ${incomingName(name)}; create table ${incomingName(name)}.t (a int)`);
    const sessions = [
      await stay(server, database, applicationName(dead)),
      await stay(server, database, controlName(alive)),
    ];
    const other = await makeEmptyWorktree(bench, live, "other");
    const there = (name: RunId) => onDatabase(live, (sql) => schemaExists(sql, incomingName(name)));
    expect([await there(dead), await there(alive)]).toEqual([false, true]);
    expect(bench.notes.join("\n")).toContain(`dropped schemas of interrupted runs: ${incomingName(dead)}`);
    await sessions[1]?.end();
    await waitFor("the living run's end", 5_000, async () => {
      await makeEmpty(bench, other);
      return !(await there(alive));
    });
    await sessions[0]?.end();
  });
});

/** A session of that application_name that stays until it is ended. */
async function stay(server: TestServer, database: string, application: string) {
  const live = await openLive(server, database, bench);
  const reached = await live.server.reach(database);
  if (reached === undefined) throw new Error("the test's server publishes no port");
  const sql = await openConnection(reached, newRunId(new Date()), { label: "a test" });
  await sql.unsafe(`set application_name = '${application}'`);
  return { end: () => sql.end({ timeout: 1 }) };
}
