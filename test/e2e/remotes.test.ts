/** Dumps kept a second time, with the compiled program: what is typed, asked and said. Each kind by itself: test/integration/remote. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Sql } from "postgres";
import { sharedServer, type TestServer } from "../support/engine/server.ts";
import { withReadOnly } from "../support/faults/disk.ts";
import { inContainer, makeRepo, type Repo } from "../support/faults/program.ts";
import { makeSmall } from "../support/faults/sample.ts";
import { connect, type Fingerprint, readFingerprint } from "../support/faults/world.ts";

let server: TestServer;
let sql: Sql;
let repo: Repo;
let database = "";
let before: Fingerprint;
let disk = "";
const HERE = { PGROVE_MACHINE: "laptop" };

beforeAll(async () => {
  server = await sharedServer(17);
  sql = connect(server);
  database = await makeSmall(server);
  repo = await makeRepo(
    inContainer(server.container, database, "dumps: {remote: {dir: ../disk}, keep: {last: 1, remote: true}}\n"),
  );
  disk = join(repo.folder, "../disk");
  before = await readFingerprint(server, database);
});
afterAll(async () => {
  const mine = await sql<
    { name: string }[]
  >`select datname as name from pg_database where starts_with(datname, ${database})`;
  for (const { name } of mine) await sql.unsafe(`drop database "${name}" with (force)`);
  await sql.end();
  await repo.remove();
});

const run = (words: string, env = HERE) => repo.run(words.split(" "), { env });
const ok = async (words: string, env = HERE) => {
  const ended = await run(words, env);
  expect([words, ended.code, ended.code === 0 ? "" : ended.stderr]).toEqual([words, 0, ""]);
  return ended;
};
const names = async (words: string): Promise<string[]> => {
  const document: unknown = JSON.parse((await ok(`${words} --json`)).stdout);
  const dumps: unknown = Reflect.get(Object(document), "dumps");
  return Array.isArray(dumps) ? dumps.map((each) => `${Reflect.get(each, "host")}/${Reflect.get(each, "name")}`) : [];
};

test("a remote that is not there keeps a dump from no other", async () => {
  const s3 = 's3: {endpoint: "http://127.0.0.1:1", bucket: none}';
  const other = await makeRepo(inContainer(server.container, database, `dumps: {remote: {${s3}, dir: ../disk}}\n`));
  try {
    const there = join(other.folder, "../disk");
    await mkdir(there);
    await mkdir(other.store, { recursive: true });
    const path = join(other.store, "a.sql");
    await Bun.write(path, "--\n-- PostgreSQL database dump\n--\n--\n-- PostgreSQL database dump complete\n--\n");
    await other.ok(["trust", "--yes"]);
    await other.ok(["dumps", "adopt", path]);
    const elsewhere = join(other.folder, "../in");
    await mkdir(elsewhere);
    await cp(path, join(elsewhere, "a.sql"));
    await other.ok(["dumps", "adopt", elsewhere]); // of a folder what is new is taken, and what is there already is no failure
    const { code, stderr } = await other.run(["dumps", "push"], { env: { ...HERE, AWS_ACCESS_KEY_ID: "" } });
    expect([code, stderr]).toEqual([4, expect.stringContaining(`pushed  ${there}`)]);
    expect((await readdir(join(there, "faults/laptop"))).sort()).toEqual(["a.sql", "a.sql.manifest.json"]);
  } finally {
    await other.remove();
  }
});

test("from the approval to the restore after the machine is gone", async () => {
  expect(await run("dumps push")).toMatchObject({ code: 5, stderr: expect.stringContaining("../disk") });
  await ok("trust --yes");
  const absent = await run("dump --push");
  expect(absent).toMatchObject({ code: 4, stderr: expect.stringMatching(/warning: .* is not there.*\n[\s\S]*dumped/) });
  expect(repo.stored()).toHaveLength(2); // a disk that is not mounted is no reason to have no dump
  await rm(repo.store, { recursive: true });
  await mkdir(disk);
  const dumped = await ok("dump --push");
  const first = dumped.stdout.trim().split("/").at(-1) ?? "";
  expect(dumped.stderr).toContain(join("disk/faults/laptop", first));
  expect((await readdir(join(disk, "faults/laptop"))).sort()).toEqual([first, `${first}.manifest.json`]);
  expect((await ok("dumps push --verify")).stdout).toContain("is there");

  const second = (await ok("dump --push")).stdout.trim().split("/").at(-1) ?? "";
  expect(await names("dumps list --remote")).toEqual([`laptop/${second}`, `laptop/${first}`]);
  expect((await ok("dumps list --remote", { PGROVE_MACHINE: "other" })).stdout).toContain(`laptop/${second}`);
  expect((await run("dumps list --remote s3")).code).toBe(2);
  expect((await ok("dumps prune --remote --dry-run")).stdout).toMatch(new RegExp(`would remove\\s+${first}`));
  expect((await run("dumps prune --remote")).code).toBe(5); // nobody to ask
  expect((await ok("dumps prune --source @main --dry-run")).stdout).toMatch(new RegExp(`would remove\\s+${first}`));
  const wrap = await withReadOnly(disk);
  const readOnly = await repo.start(["dumps", "prune", "--remote", "--yes"], { env: HERE, wrap }).ended;
  expect(readOnly).toMatchObject({ code: 1, stderr: expect.stringContaining("cannot be written to (EROFS)\nhint:") });
  await ok("dumps prune --remote --yes");
  expect(await names("dumps list --remote")).toEqual([`laptop/${second}`]);

  await rm(repo.store, { recursive: true });
  await sql.unsafe(`drop database "${database}"`);
  await ok(`restore dir:${second} --yes`);
  expect((await readFingerprint(server, database)).tables).toEqual(before.tables);
  expect(repo.stored()).toEqual([]); // nothing of it stayed
  await ok("dumps pull --latest main", { PGROVE_MACHINE: "other" });
  expect(repo.stored()).toEqual([second, `${second}.manifest.json`]);
  expect((await ok("dumps verify --all")).stdout).toContain(`whole    ${second}`);
});
