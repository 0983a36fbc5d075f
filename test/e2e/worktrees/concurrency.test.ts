/** Several runs at once: nothing is shared, nothing is lost, and whoever loses says so. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { findFreePort } from "../../support/free-port.ts";
import { Grove } from "../../support/worktrees/grove.ts";

let server: TestServer;

beforeAll(async () => {
  server = await sharedServer(18);
});

describe("12 worktrees by 4 processes at once", () => {
  let grove: Grove;
  beforeAll(async () => {
    grove = await Grove.create(server, {
      yaml: "ports: {web: 3000, api: 4000}\nenv: {set: {DATABASE_URL: '{url}', WEB_PORT: '{port.web}'}}\n",
    });
  });
  afterAll(() => grove[Symbol.asyncDispose]());

  test("no two share a port, a database or a number, and each is usable", async () => {
    const before = await grove.main();
    const process = async (number: number) => {
      for (const step of [1, 2, 3]) await grove.ok(["new", `task/${number}-${step}`]);
    };
    await Promise.all([1, 2, 3, 4].map(process));
    const made = (await grove.list()).slice(1);
    expect(made.length).toBe(12);
    expect(made.every(({ state }) => state === "ready")).toBe(true);
    const distinct = (values: unknown[]) => new Set(values).size;
    expect(distinct(made.map(({ database }) => database))).toBe(12);
    expect(distinct(made.flatMap(({ ports }) => Object.values(ports)))).toBe(24);
    expect(made.map(({ index }) => index).sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    for (const { path, database, ports } of made) {
      expect(await grove.variable(path, "DATABASE_URL")).toEndWith(`/${database}`);
      expect(await grove.variable(path, "WEB_PORT")).toBe(String(ports.web));
      expect(await grove.ask(database, "select count(*)::int from item")).toBe(50);
    }
    expect(await grove.main()).toEqual(before);
  });

  test("what one of them does, no other one sees", async () => {
    await grove.ok(["sql", "task-1-1", "-c", "delete from item"]);
    expect(await grove.ask(`${grove.project}_task_1_2`, "select count(*)::int from item")).toBe(50);
    expect(await grove.ask(grove.project, "select count(*)::int from item")).toBe(50);
  });

  test("prune beside them takes nothing", async () => {
    expect(await grove.json(grove.pruneNow)).toEqual({ version: 1, pruned: [], parked: [], waiting: [], kept: [] });
    expect((await grove.databases()).length).toBe(12);
  });
});

describe("the same at once", () => {
  let grove: Grove;
  beforeAll(async () => {
    grove = await Grove.create(server, { yaml: "ports: {web: 3000}\n" });
  });
  afterAll(() => grove[Symbol.asyncDispose]());

  test("a branch twice: one makes it, the other says that it is there", async () => {
    for (const branch of ["once", "again", "thrice"]) {
      const ended = await Promise.all([grove.repo.run(["new", branch]), grove.repo.run(["new", branch])]);
      expect(ended.map(({ code }) => code).sort()).toEqual([0, 5]);
      expect(ended.find(({ code }) => code === 5)?.stderr).toContain(`the branch ${branch} is checked out already`);
    }
    expect(await grove.linked()).toEqual(["again", "once", "thrice"]);
  });

  test("two branches that would have one name: both are made, under two names", async () => {
    for (const number of [1, 2, 3, 4]) {
      const made = await Promise.all([grove.make(`twin/${number}`), grove.make(`twin-${number}`)]);
      const [shorter, longer] = made.map(({ name }) => name).sort((a, b) => a.length - b.length);
      expect(shorter).toBe(`twin-${number}`);
      expect(longer).toMatch(new RegExp(`^twin-${number}-[0-9a-f]{8}$`));
      expect(new Set(made.map(({ database }) => database)).size).toBe(2);
    }
  });

  test("one worktree provisioned by several: what the first has made is not made again", async () => {
    await grove.git(["worktree", "add", "-q", grove.at("shared")]);
    const database = `${grove.project}_shared`;
    const runs = Array.from({ length: 6 }, () => grove.repo.run(["provision", "shared"]));
    const first = await Promise.race(runs.map(async (run) => ((await run).code === 0 ? await run : await never)));
    expect(first.code).toBe(0);
    await grove.ask(database, "create table kept ()");
    for (const { code, stderr } of await Promise.all(runs)) {
      if (code !== 0) expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringContaining(database) });
    }
    expect(await grove.ask(database, "select to_regclass('kept')::text")).toBe("kept");
    expect((await grove.rows()).filter(({ name }) => name === "shared").length).toBe(1);
  });

  test("git stumbles over another worktree when it has made the branch: the next try makes the worktree", async () => {
    await grove.make("beside");
    const shim = grove.repo.path("shim");
    const marker = grove.repo.path("stumbled");
    const commondir = join(grove.repo.folder, ".git/worktrees/beside/commondir");
    // The first `git worktree add` finds the other one half made.
    const script = `#!/bin/sh
case " $* " in *" worktree add "*) [ -e '${marker}' ] || first=1 ;; esac
[ -z "$first" ] || { touch '${marker}'; : >'${commondir}'; }
'${Bun.which("git")}' "$@"
code=$?
[ -z "$first" ] || { echo "$code" >'${marker}'; echo ../.. >'${commondir}'; }
exit $code
`;
    await mkdir(shim);
    await writeFile(join(shim, "git"), script, { mode: 0o755 });
    await grove.ok(["new", "stumbler"], { env: { PATH: `${shim}:${process.env.PATH}` } });
    expect(await readFile(marker, "utf8")).toBe("128\n");
    expect(await grove.ok(["url"], { cwd: grove.at("stumbler") })).toEndWith("_stumbler");
  });

  test("a port that something listens on is left alone, and stays so for the worktree's life", async () => {
    const port = await findFreePort(2);
    await grove.commit("one port", {
      "pgrove.yaml": `${await configOf(grove)}worktrees: {port_range: {from: ${port}, to: ${port + 1}}}\n`,
    });
    const listening = Bun.listen({ hostname: "127.0.0.1", port, socket: { data: () => undefined } });
    try {
      const made = await grove.make("second");
      expect(made.ports).toEqual({ web: port + 1 });
      await grove.ok(["provision", "second"]);
    } finally {
      listening.stop();
    }
    await grove.ok(["provision", "second"]);
    expect((await grove.list()).find(({ name }) => name === "second")?.ports).toEqual({ web: port + 1 });
  });
});

const never = new Promise<never>(() => undefined);

async function configOf(grove: Grove): Promise<string> {
  return await Bun.file(`${grove.repo.folder}/pgrove.yaml`).text();
}
