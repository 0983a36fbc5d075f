/** Fault 3: the place for the dump is full, read-only, or goes away; and file names that lead somewhere else. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { runOk, waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { startOnDisk, withFull } from "../../support/faults/disk.ts";
import { holdDumpEnds } from "../../support/faults/gates.ts";
import { waitForBytes } from "../../support/faults/moments.ts";
import { inContainer, makeRepo, type Repo } from "../../support/faults/program.ts";
import { drop, makeLarge } from "../../support/faults/sample.ts";
import { waitForNothing } from "../../support/faults/world.ts";
import { patiently } from "../../support/patience.ts";

const CODEC = ["--compress", "gzip:1"];
const PAGE = 4;

let server: TestServer;
let database: string;
let repo: Repo;
let wholeBytes: number;

beforeAll(async () => {
  server = await sharedServer(17);
  database = await makeLarge(server);
  const first = await makeRepo(inContainer(server.container, database));
  wholeBytes = statSync(await first.ok(["dump", ...CODEC])).size;
  await first.remove();
});

afterAll(() => drop(server, database));

beforeEach(async () => {
  repo = await makeRepo(inContainer(server.container, database));
});

afterEach(async () => {
  expect(repo.openRuns()).toEqual([]);
  await waitForNothing(server, repo);
  await repo.remove();
});

describe("a disk that is too small", () => {
  test("is found out before pg_dump starts where the tables are far too large", async () => {
    const { program, report } = await startOnDisk(repo, { size: 1024 }, ["dump", ...CODEC]);
    const ended = await program.ended;
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(/not enough room in .*: 2 MB free, about \d+ MB needed/);
    expect(ended.stderr).toContain("hint:");
    expect(report()).toEqual({ files: [], least: 1024 }); // nothing was ever written
  });

  test("full half-way: the partial file is removed", async () => {
    const { program, report } = await startOnDisk(repo, { size: 10 * 1024 }, ["dump", ...CODEC]);
    const ended = await program.ended;
    expect(wholeBytes).toBeGreaterThan(10 << 20);
    expect(report().files).toEqual([]);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain("(ENOSPC)");
  });

  test("full at the very last bytes: a cut-off file is not taken for a whole one", async () => {
    // One page less than would do to be too small: a dump's size differs by some bytes from one to the next.
    const size = (Math.floor((wholeBytes - 1) / 4096) - 1) * PAGE;
    const { program, report } = await startOnDisk(repo, { size }, ["dump", ...CODEC]);
    const ended = await program.ended;
    expect(report().files).toEqual([]);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain("the dump could not be written");
    expect(ended.stderr).toContain("(ENOSPC)");
  });

  test("no room for the manifest behind it: no dump without one", async () => {
    const size = Math.ceil(wholeBytes / 4096) * PAGE;
    const { program, report } = await startOnDisk(repo, { size }, ["dump", ...CODEC]);
    const ended = await program.ended;
    expect(report().files).toEqual([]);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain("(ENOSPC)");
    expect(ended.stderr).not.toContain("has a bug");
  });
});

test("full where pgrove writes down what it does: dumps can be removed all the same", async () => {
  const makeDump = async () => basename(await repo.ok(["dump", "--schema-only"]));
  const [, name] = [await makeDump(), await makeDump()];
  const wrap = await withFull(join(repo.folder, ".git/pgrove"));
  const remove = (...words: string[]) => repo.start(["dumps", ...words, "--yes"], { wrap }).ended;
  await repo.configure(`project: faults\n${inContainer(server.container, database)}dumps: {keep: {last: 1}}\n`);
  const pruned = await remove("prune");
  expect(pruned).toMatchObject({ code: 0, stderr: expect.stringContaining("not in the journal") });
  expect(repo.stored()).toEqual([name, `${name}.manifest.json`]);
  expect(await remove("remove", name)).toMatchObject({ code: 0 });
  expect(repo.stored()).toEqual([]);
});

describe("a folder that cannot be used", () => {
  test("read-only: found out before the server is asked anything", async () => {
    const { program, report } = await startOnDisk(repo, { size: 1024, readOnly: true }, ["dump"]);
    const ended = await program.ended;
    expect(report().files).toEqual([]);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain(`the dumps' folder cannot be used: ${repo.store} (EROFS)`);
    expect(await repo.journal()).toEqual([]);
  });

  test(
    "read-only: what lies there is listed, verified and restored all the same",
    async () => {
      const name = basename(await repo.ok(["dump", "--schema-only"]));
      const onDisk = async (args: string[]) =>
        (await startOnDisk(repo, { readOnly: true }, args)).program.ended.then(({ code, stdout }) => ({
          code,
          stdout,
        }));
      expect(await onDisk(["dumps", "list"])).toMatchObject({ code: 0, stdout: expect.stringContaining(name) });
      expect(await onDisk(["dumps", "verify", name])).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^whole/),
      });
      expect(await onDisk(["dumps", "prune", "--dry-run"])).toMatchObject({ code: 0 });
      const into = `${database}_read_only`;
      expect(await onDisk(["restore", name, "--into-new", into, "--yes"])).toMatchObject({ code: 0 });
      await drop(server, into);
      const copy = repo.path("copy.dump");
      copyFileSync(join(repo.store, name), copy);
      for (const words of [
        ["pin", name],
        ["remove", name, "--yes"],
        ["adopt", copy],
      ]) {
        const { program } = await startOnDisk(repo, { readOnly: true }, ["dumps", ...words]);
        const { code, stderr } = await program.ended;
        expect([words[0], code, stderr]).toEqual([
          words[0],
          1,
          expect.stringMatching(/the dumps' folder cannot be (used|changed): \S+ \(EROFS\)\nhint: /),
        ]);
      }
      expect(repo.stored()).toContain(name);
    },
    patiently(30_000),
  );

  test.each([
    ["its parent cannot hold it", "/proc/pgrove-dumps"],
    ["it is a file", "/etc/hostname"],
  ])("%s", async (_, folder) => {
    const ended = await repo.run(["dump"], { env: { BACKUP_DIR: folder } });
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain(`the dumps' folder cannot be used: ${folder}`);
    expect(await repo.journal()).toEqual([]);
  });

  test("it goes away during the dump", async () => {
    await using held = await holdDumpEnds(server, database);
    const dump = repo.start(["dump", ...CODEC]);
    await waitForBytes(repo, dump, 1);
    const away = repo.path("away");
    renameSync(repo.store, away);
    expect(dump.isRunning()).toBe(true);
    await held.open();
    const ended = await dump.ended;
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain(repo.store);
    expect(ended.stderr).not.toContain("has a bug");
    expect(existsSync(repo.store)).toBe(false);
    expect(readdirSync(away).filter((name) => !name.startsWith("."))).toEqual([]);
  });
});

describe("-o FILE", () => {
  test("a file that is there is kept, and with --yes replaced only by a whole dump", async () => {
    const file = repo.path("mine.dump");
    writeFileSync(file, "precious");
    const refused = await repo.run(["dump", "-o", file]);
    expect(refused).toMatchObject({ code: 5, stdout: "" });
    expect(await Bun.file(file).text()).toBe("precious");

    await using held = await holdDumpEnds(server, database);
    const dump = repo.start(["dump", "-o", file, "--yes", ...CODEC]);
    const partial = () => readdirSync(repo.path()).some((name) => name.endsWith(".tmp"));
    await waitFor("the partial file", 30_000, async () => partial() || !dump.isRunning(), 2);
    expect(partial()).toBe(true);
    dump.kill("SIGINT");
    expect(await dump.ended).toMatchObject({ code: 130 });
    await held.open();
    expect(await Bun.file(file).text()).toBe("precious");

    await repo.ok(["dump", "-o", file, "--yes", "--schema-only"]);
    expect(await repo.ok(["dumps", "verify", file])).toStartWith("whole");
  });

  test("a folder, a device, a pipe and a link to nowhere are left as they are", async () => {
    const folder = repo.path("folder.dump");
    mkdirSync(folder);
    const pipe = repo.path("pipe.dump");
    await runOk("mkfifo", [pipe]);
    const device = repo.path("null.dump");
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await runOk("mknod", [device, "c", "1", "3"]);
    for (const path of [folder, pipe, ...(isRoot ? [device] : [])]) {
      const before = lstatSync(path);
      const ended = await repo.run(["dump", "-o", path, "--yes", "--schema-only"]);
      expect({ path, ...ended }).toMatchObject({ code: 5, stdout: "" });
      expect(ended.stderr).toContain(`${path} is not a file`);
      expect(lstatSync(path).ino).toBe(before.ino);
    }
  });
});
