/** What a script says is no verdict: psql's exit code is. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { sharedServer, type TestServer } from "../support/engine/server.ts";
import { binary, inContainer, makeRepo, type Repo } from "../support/faults/program.ts";
import { freshName } from "../support/faults/sample.ts";

let server: TestServer;
let database: string;
let repo: Repo;

beforeAll(async () => {
  server = await sharedServer(17);
  database = freshName("notices");
  await server.createDatabase(database);
  repo = await makeRepo(inContainer(server.container, database));
});

afterAll(async () => {
  await server.psql("postgres", `drop database ${database} with (force)`);
  await repo.remove();
});

const say = (text: string) => `do $$ begin raise notice '%', E'${text}'; end $$;\n`;
const ROWS = 3000;

/** Notices that look like the end, before a script that is longer than any pipe. */
const SCRIPT = [
  ...[
    "import: ERROR:  none found",
    "FATAL: ",
    "two lines\\nPANIC:  of them",
    "psql:<stdin>:1: ERROR:  no",
    "\\npgrove-exit 0",
  ].map(say),
  "drop table if exists t; create table t (a int);\n",
  ...Array.from({ length: ROWS }, (_, row) => `insert into t values (${row}); -- ${"x".repeat(200)}\n`),
].join("");
const LAST = "create table last_one ();\n";

async function expectAllOfIt(): Promise<void> {
  const count = "select count(*) || ' ' || (to_regclass('last_one') is not null) from t";
  expect(await server.psql(database, count)).toBe(`${ROWS} true`);
  await server.psql(database, "drop table t, last_one");
}

describe("a notice of any text stops nothing", () => {
  test("in a file", async () => {
    const path = repo.path("long.sql");
    writeFileSync(path, SCRIPT + LAST);
    const { code, stderr } = await repo.run(["sql", "-f", path]);
    expect(code).toBe(0);
    expect(stderr).toStartWith("long.sql:1: NOTICE:  import: ERROR:  none found\n");
    await expectAllOfIt();
  });

  test.each([0, 20])(
    "in a pipe, of which the rest comes when it was said (%p bytes into a statement)",
    async (into) => {
      const child = Bun.spawn([binary, "sql"], {
        ...{ cwd: repo.folder, env: repo.environment(), stdin: "pipe", stdout: "ignore", stderr: "pipe" },
      });
      const all = SCRIPT + LAST;
      const cut = all.indexOf("drop table") + into;
      child.stdin.write(all.slice(0, cut));
      await child.stdin.flush();
      let said = "";
      let sent = false;
      for await (const chunk of child.stderr) {
        said += new TextDecoder().decode(chunk);
        if (sent || !said.includes("psql:<stdin>:1: ERROR:  no")) continue;
        sent = true;
        child.stdin.write(all.slice(cut));
        await child.stdin.end();
      }
      expect(await child.exited).toBe(0);
      await expectAllOfIt();
    },
  );
});

test("an error is shown in psql's own words, and without the notices before it", async () => {
  const path = repo.path("wrong.sql");
  writeFileSync(path, `${say("ERROR:  none").repeat(30)}select 1\nfrom nowhere;\n${LAST}`);
  for (const flags of [[], ["-q"]]) {
    const { code, stderr } = await repo.run(["sql", "-f", path, ...flags]);
    expect(code).toBe(1);
    const error = stderr.slice(stderr.indexOf("error: "));
    expect(error).toStartWith(
      'error: wrong.sql:32: ERROR:  relation "nowhere" does not exist\n       LINE 2: from nowhere;',
    );
    expect(stderr.match(/NOTICE/g)?.length ?? 0).toBe(flags.length === 0 ? 30 : 0);
  }
  expect(await server.psql(database, "select to_regclass('last_one') is null")).toBe("t");
});
