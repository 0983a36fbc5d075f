/** Fault 16: names of dumps that climb, links in the store, folders and devices where files should be. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { runOk } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { inContainer, makeRepo, type Repo } from "../../support/faults/program.ts";
import { drop, makeSmall } from "../../support/faults/sample.ts";
import { type Fingerprint, readFingerprint, waitForNothing } from "../../support/faults/world.ts";

let server: TestServer;
let target: string;
let before: Fingerprint;
let repo: Repo;
let stored: string;

beforeAll(async () => {
  server = await sharedServer(17);
  target = await makeSmall(server);
  before = await readFingerprint(server, target);
  repo = await makeRepo(inContainer(server.container, target));
  stored = basename(await repo.ok(["dump"]));
});

afterAll(async () => {
  await waitForNothing(server, repo);
  await drop(server, target);
  await repo.remove();
});

test.each(["..", ".", "../victim.dump", "/etc/hostname", "sub/../../victim.dump", "", "-rf", "victim\0.dump", "~"])(
  "dumps remove %j never leaves the store",
  async (name) => {
    const victim = join(repo.store, "../victim.dump");
    writeFileSync(victim, "precious");
    if (name.includes("\0")) return expect(() => repo.start(["dumps", "remove", "--yes", "--", name])).toThrow();
    const ended = await repo.run(["dumps", "remove", "--yes", "--", name]);
    expect([2, 4]).toContain(ended.code ?? 0);
    expect(ended.stderr).not.toContain("has a bug");
    expect(readFileSync(victim, "utf8")).toBe("precious");
    expect(existsSync("/etc/hostname")).toBe(true);
    expect(repo.stored()).toContain(stored);
  },
);

test("a link in the store is not listed, not removed and not followed", async () => {
  const victim = repo.path("victim.dump");
  writeFileSync(victim, "precious");
  symlinkSync(victim, join(repo.store, "link-20260101-000000.dump"));
  symlinkSync("/dev/zero", join(repo.store, "endless-20260101-000000.dump"));
  mkdirSync(join(repo.store, "folder-20260101-000000.dump"));
  await runOk("mkfifo", [join(repo.store, "pipe-20260101-000000.dump")]);
  const listed = JSON.parse(await repo.ok(["dumps", "list", "--json"])) as { dumps: { name: string }[] };
  expect(listed.dumps.map(({ name }) => name)).toEqual([stored]);
  for (const name of ["link", "endless", "folder", "pipe"]) {
    const file = `${name}-20260101-000000.dump`;
    const removed = await repo.run(["dumps", "remove", "--yes", file]);
    expect({ name, ...removed }).toMatchObject({ code: 5, stdout: "" });
    const restored = await repo.run(["restore", file, "--yes"]);
    expect({ name, ...restored }).toMatchObject({ code: 4, stdout: "" });
  }
  expect(readFileSync(victim, "utf8")).toBe("precious");
  expect(await repo.ok(["dumps", "verify", "--all"])).toBe(`whole    ${stored}`);
  expect(await readFingerprint(server, target)).toEqual(before);
});

test.each([
  ["an empty folder", "empty"],
  ["a pipe", "pipe-20260101-000000.dump"],
  ["a device", "/dev/zero"],
  ["a link that leads in a circle", "circle.dump"],
])("restore from %s is refused", async (_, where) => {
  const path = where.startsWith("/") ? where : where.includes("-2026") ? join(repo.store, where) : repo.path(where);
  if (where === "empty") mkdirSync(path);
  if (where === "circle.dump") symlinkSync(path, path);
  const ended = await repo.run(["restore", path, "--yes"]);
  expect([1, 4]).toContain(ended.code ?? 0);
  expect(ended.stdout).toBe("");
  expect(ended.stderr).not.toContain("has a bug");
  expect(await readFingerprint(server, target)).toEqual(before);
});

test("a database whose name climbs is dumped into the store", async () => {
  const name = `../../..//${target}; $(touch x) %s`;
  await server.psql("postgres", `create database "${name}" template ${target}`);
  const quoted = JSON.stringify(name);
  await repo.configure(`project: faults\nserver: {container: ${server.container}}\ndatabase: {name: ${quoted}}\n`);
  await Bun.write(
    `${repo.folder}/.env.odd`,
    `DATABASE_URL=postgres://postgres:${server.password}@127.0.0.1:${server.port}/${encodeURIComponent(name)}\n`,
  );
  const path = await repo.ok(["dump", "--env-file", ".env.odd"]);
  expect(path).toStartWith(`${repo.store}/`);
  expect(basename(path)).toMatch(/^[\p{L}\p{N}_-][\p{L}\p{N}._-]*\.dump$/u);
  expect(await repo.ok(["dumps", "verify", basename(path)])).toStartWith("whole");
  await server.psql("postgres", `drop database "${name}"`);
});
