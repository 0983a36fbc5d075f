/** `migrate lint` looks at what a branch adds, and ends as checks do. */
import { beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { Grove } from "../../support/worktrees/grove.ts";

let server: TestServer;

beforeAll(async () => {
  server = await sharedServer(17);
});

test("this branch's own migrations, named ones, all", async () => {
  await using grove = await Grove.create(server);
  await grove.commit("first", {
    "migrations/001_users.up.sql": "create table users (id bigint, old text);\nlock table t;\n",
  });
  await grove.git(["switch", "-q", "-c", "feature"]);
  const file = "migrations/002_old.up.sql";
  await grove.commit("second", { [file]: "-- why: nobody reads it\nalter table users drop column old;\n" });
  const lint = (args: string[], env = {}) => grove.repo.run(["migrate", "lint", ...args], { env });

  const own = await lint([]);
  expect(own.code).toBe(6);
  expect(own.stdout).toContain(`${file}:2:1: warning:`);
  expect(own.stdout).not.toContain("001_users");
  expect((await lint(["--all"])).stdout).toContain("001_users.up.sql:2:1");
  expect((await lint([], { GITHUB_ACTIONS: "true" })).stdout).toContain(
    `::warning file=${file},line=2,col=1,title=ban-drop-column::`,
  );
  const named = await lint(["migrations/001_users.up.sql", "--json"]);
  expect(JSON.parse(named.stdout)).toMatchObject({ version: 1, findings: [{ rule: "ban-lock-table", line: 2 }] });
  await grove.fails(4, ["migrate", "lint", "migrations/003.up.sql"]);
  await Bun.write(join(grove.repo.folder, "patch.sql"), "lock table t;\n");
  expect((await lint(["patch.sql"])).stdout).toContain("patch.sql:1:1: warning:");

  await grove.commit("meant", {
    [file]: "-- pgrove-ignore ban-drop-column: nobody reads it\nalter table users drop column old;\n",
  });
  expect((await lint([])).code).toBe(0);
});

test("a rule's name that is none in the configuration ends with exit 3", async () => {
  await using grove = await Grove.create(server, { yaml: "migrations: {lint: {ignore: [ban-drop-tabel]}}" });
  await grove.commit("first", { "migrations/001_a.up.sql": "select 1;\n" });
  expect(await grove.fails(3, ["migrate", "lint"])).toContain("ban-drop-table");
});
