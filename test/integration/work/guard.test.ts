/** A protected database that is met under an address of which nobody knew. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readStatus } from "../../../src/monitor/status.ts";
import { formatMark } from "../../../src/postgres/ownership.ts";
import { parseConnectionUrl } from "../../../src/postgres/url.ts";
import { openTarget, type Target } from "../../../src/resolve/target.ts";
import { runSql } from "../../../src/sql/run-sql.ts";
import { withWork } from "../../../src/work/work.ts";
import { type Bench, makeBench, rejection, uniqueName } from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";

let server: TestServer;
let bench: Bench;
const database = uniqueName("guard");
const guards = ["production"];

beforeAll(async () => {
  server = await sharedServer(15);
  await server.createDatabase(database);
  bench = await makeBench();
});

afterAll(async () => {
  await server.psql("postgres", `drop database ${database} with (force)`);
  await bench.remove();
});

function serverTools() {
  const { runner, note } = bench.tools;
  return { runner, clientImage: "postgres:{major}", stageParent: bench.folder, note };
}

async function work(target: Omit<Target, "guards" | "name" | "login">, operation: string): Promise<unknown> {
  const live = await openTarget({ ...target, guards, name: "x", login: {} }, serverTools(), database);
  return await withWork(bench.tools, live, { operation, claims: [], avoid: [database] }, async () => "done");
}

function targets() {
  const byUrl = `postgres://postgres:${server.password}@127.0.0.1:${server.port}/${database}`;
  const url = {
    server: { kind: "url" as const, connection: parseConnectionUrl(byUrl) },
    label: "url",
    protected: false,
  };
  const production = {
    ...{ server: { kind: "container" as const, container: server.container }, label: "production" },
    ...{ environment: "production", protected: true },
  };
  return { url, production };
}

test("is known by what its server says, and nothing in it is changed", async () => {
  const { url, production } = targets();
  expect(await work(url, "restore")).toBe("done"); // never visited as production: nobody can know
  expect(await work(production, "dump")).toBe("done");
  expect(await work(url, "dump")).toBe("done");
  expect(await rejection(work(url, "restore"))).toMatchObject({
    ...{ code: "protected", exit: 5, hint: expect.stringContaining("--confirm production") },
  });
  const mark = formatMark({ kind: "worktree", worktree: "w" });
  await server.psql("postgres", `comment on database ${database} is '${mark}'`);
  expect(await work(url, "restore")).toBe("done"); // a worktree's own, on a copy of the server's files
});

test.each(["status", "sql"])("%s of the environment is a visit, too", async (how) => {
  const { url, production } = targets();
  const { stateDir } = bench.tools;
  await server.psql("postgres", `comment on database ${database} is null`);
  await rm(join(stateDir, "visited.json"), { force: true });
  expect(await work(url, "restore")).toBe("done");
  const target = { ...production, name: "production", login: { database } };
  const tools = serverTools();
  if (how === "status") await readStatus({ target, tools, storeDir: bench.folder, stateDir, now: new Date() });
  else {
    const source = { name: "sql", open: () => new Blob(["select 1"]).stream() };
    const sink = { output: async () => undefined, notice: () => undefined };
    await runSql(await openTarget(target, tools, database), bench.tools, source, "table", sink);
  }
  expect(await rejection(work(url, "restore"))).toMatchObject({ code: "protected" });
});
