import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemRunner } from "../../../src/sys/process.ts";
import { ownPlaceKey } from "../../../src/sys/run-record.ts";
import { type ShareRequest, sharePaths } from "../../../src/worktree/share.ts";
import { runOk } from "../../support/engine/run.ts";
import { hasReflinkDisk, onReflinkDisk } from "../../support/reflink-disk.ts";

let base = "";
let count = 0;

beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "pgrove-share-")));
});
afterAll(async () => {
  await rm(base, { recursive: true });
});

interface Pair {
  from: string;
  to: string;
  share(paths: readonly string[], options?: Partial<ShareRequest>): ReturnType<typeof sharePaths>;
}

/** A repository with these untracked files, and an empty linked worktree. */
async function makePair(files: Readonly<Record<string, string>>): Promise<Pair> {
  const [from, to] = [join(base, `main${count}`), join(base, `linked${count++}`)];
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
  await runOk("git", ["init", "-q", from]);
  await runOk("git", ["-C", from, ...author, "commit", "-q", "--allow-empty", "-m", "first"]);
  await runOk("git", ["-C", from, "worktree", "add", "-q", "--detach", to]);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(from, path)), { recursive: true });
    await writeFile(join(from, path), text);
  }
  const rest = { mode: "auto" as const, runner: systemRunner, abort: new AbortController().signal };
  return { from, to, share: (paths, options) => sharePaths({ from, to, paths, ...rest, ...options }) };
}

const PLAIN = { mode: "copy" as const };

test("files and folders arrive with their modes, times and links", async () => {
  const { from, to, share } = await makePair({
    "config/local/.env": "A=1\n",
    "node_modules/a/index.js": "a",
    "node_modules/a/bin/run": "run",
  });
  await chmod(join(from, "node_modules/a/bin/run"), 0o755);
  await utimes(join(from, "node_modules/a/index.js"), 1000, 1000);
  await symlink("a/bin/run", join(from, "node_modules/run"));
  await symlink("/nowhere", join(from, "dangling"));
  await chmod(join(from, "node_modules/a"), 0o555);
  const shared = await share(["config/local/.env", "node_modules/", "dangling"], PLAIN);
  expect(shared.map(({ how }) => how)).toEqual(["copy", "copy", "copy"]);
  expect(await readFile(join(to, "config/local/.env"), "utf8")).toBe("A=1\n");
  expect((await stat(join(to, "node_modules/a/bin/run"))).mode & 0o777).toBe(0o755);
  expect((await stat(join(to, "node_modules/a"))).mode & 0o777).toBe(0o555);
  expect((await stat(join(to, "node_modules/a/index.js"))).mtimeMs).toBe(1_000_000);
  expect(await readlink(join(to, "node_modules/run"))).toBe("a/bin/run");
  expect(await readlink(join(to, "dangling"))).toBe("/nowhere");
  await writeFile(join(to, "node_modules/a/index.js"), "mine");
  expect(await readFile(join(from, "node_modules/a/index.js"), "utf8")).toBe("a");
});

test("what is there already is never overwritten, not even by a second run", async () => {
  const { from, to, share } = await makePair({ ".env": "theirs", "node_modules/a": "theirs" });
  await writeFile(join(to, ".env"), "mine");
  await mkdir(join(to, "node_modules"));
  const reason = "it is there already";
  expect(await share([".env", "node_modules"])).toEqual([
    { path: ".env", how: "skipped", reason },
    { path: "node_modules", how: "skipped", reason },
  ]);
  expect(await readFile(join(to, ".env"), "utf8")).toBe("mine");
  expect(await readdir(join(to, "node_modules"))).toEqual([]);
  expect(await readFile(join(from, ".env"), "utf8")).toBe("theirs");
});

test("paths that lead out are skipped, whether by name or by a link", async () => {
  const { from, to, share } = await makePair({ "sub/secret": "x", "real/file": "x" });
  const outside = join(base, `outside${count++}`);
  await mkdir(outside);
  await writeFile(join(outside, "secret"), "x");
  await symlink(outside, join(from, "away")); // reading through it
  await symlink(outside, join(to, "sub")); // writing through it
  const shared = await share(["../x", "/etc/passwd", ".", "", ".git/config", "a/.git/x", "away/secret", "sub/secret"]);
  expect(shared.map(({ how }) => how)).toEqual(Array(8).fill("skipped"));
  expect(await readdir(outside)).toEqual(["secret"]);
  expect((await readdir(to)).sort()).toEqual([".git", "sub"]);
});

test("tracked and missing paths are skipped; a name that git takes for a pattern is only a name", async () => {
  const { from, share } = await makePair({ "tracked/file": "x", "*": "star", ":(top)x": "magic", "-n": "dash" });
  await runOk("git", ["-C", from, "add", "tracked"]);
  const shared = await share(["tracked", "tracked/file", "missing", "*", ":(top)x", "-n"], PLAIN);
  expect(shared.map(({ path, how, reason }) => [path, how, reason?.replace(from, "main")])).toEqual([
    ["tracked", "skipped", "git tracks it, and brings it"],
    ["tracked/file", "skipped", "git tracks it, and brings it"],
    ["missing", "skipped", "it is not there in main"],
    ["*", "copy", undefined],
    [":(top)x", "copy", undefined],
    ["-n", "copy", undefined],
  ]);
});

test("a folder that holds the worktree itself is skipped", async () => {
  const { from, share } = await makePair({ "trees/file": "x" });
  const inner = join(from, "trees/w");
  await mkdir(inner);
  expect(await share(["trees"], { to: inner })).toMatchObject([{ how: "skipped" }]);
});

test("hard links, when they are wished for", async () => {
  const { from, to, share } = await makePair({ "cache/a": "x" });
  const onReflinks = (await share(["cache"], { mode: "hardlink" }))[0]?.how === "reflink";
  const same = (await lstat(join(from, "cache/a"))).ino === (await lstat(join(to, "cache/a"))).ino;
  expect(same).toBe(!onReflinks);
});

test("a copy that fails or is aborted leaves nothing behind, nor does one whose process was killed", async () => {
  const { to, share } = await makePair({ "big/a": "x", "big/b": "y", small: "z" });
  const abort = new AbortController();
  abort.abort();
  await expect(share(["big"], { abort: abort.signal })).rejects.toMatchObject({ name: "AbortError" });
  const dead = Bun.spawn(["true"]);
  await dead.exited;
  const halfOf = (place: string, pid: number) => `.big.${place}.${pid}.0a1b2c3d.tmp`;
  const here = await ownPlaceKey();
  const atWork = halfOf(here, process.pid); // of a process that lives: perhaps it is at work
  const elsewhere = halfOf("0123abcd", dead.pid); // whether it lives cannot be seen from here
  for (const name of [halfOf(here, dead.pid), atWork, elsewhere]) await mkdir(join(to, name));
  await writeFile(join(to, "in-the-way"), "");
  expect(await share(["big"], PLAIN)).toEqual([{ path: "big", how: "copy" }]);
  expect((await readdir(to)).sort()).toEqual([atWork, elsewhere, ".git", "big", "in-the-way"].sort());
});

describe.skipIf(!hasReflinkDisk)("on a file system with reflinks", () => {
  test.each(["auto", "hardlink"])("mode %s shares the bytes, and a change stays on its side", async (mode) => {
    const client = join(import.meta.dir, "../../support/share-client.ts");
    const command = [process.execPath, client, join(base, `disk-${mode}`), mode, "node_modules", ".cache/x"];
    const answer: unknown = JSON.parse(await onReflinkDisk(join(base, `disk-${mode}`), command));
    const how = "reflink";
    const shared = [
      { path: "node_modules", how },
      { path: ".cache/x", how },
    ];
    expect(answer).toEqual({ shared, kept: true });
  });
});
