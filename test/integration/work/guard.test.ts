/** A protected database that is met under an address of which nobody knew. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { formatMark } from "../../../src/postgres/ownership.ts";
import { parseConnectionUrl } from "../../../src/postgres/url.ts";
import { openTarget, type Target } from "../../../src/resolve/target.ts";
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

async function work(target: Omit<Target, "guards" | "name" | "login">, operation: string): Promise<unknown> {
  const { runner, note } = bench.tools;
  const tools = { runner, clientImage: "postgres:{major}", stageParent: bench.folder, note };
  const live = await openTarget({ ...target, guards, name: "x", login: {} }, tools, database);
  return await withWork(bench.tools, live, { operation, claims: [], avoid: [database] }, async () => "done");
}

test("is known by what its server says, and nothing in it is changed", async () => {
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
