import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ensureDir,
  errorCode,
  expandHome,
  isInside,
  isNoRoom,
  pathExists,
  publishFile,
  readTextIfExists,
  temporaryPathFor,
  writeFileAtomic,
} from "../../../src/sys/files.ts";

let base = "";
let count = 0;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "pgrove-files-"));
});
afterAll(async () => {
  await rm(base, { recursive: true });
});

async function freshFolder(): Promise<string> {
  const folder = join(base, `f${count++}`);
  await mkdir(folder);
  return folder;
}

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

test("that there is no room, the error or its cause says, of the disk or of a quota", () => {
  const refused = (code: string) => Object.assign(new Error("refused"), { code });
  expect([refused("ENOSPC"), refused("EDQUOT")].map(isNoRoom)).toEqual([true, true]);
  expect(isNoRoom(new Error("not written", { cause: refused("EDQUOT") }))).toBe(true);
  expect([refused("EIO"), new Error("ENOSPC"), "ENOSPC"].map(isNoRoom)).toEqual([false, false, false]);
});

describe("writeFileAtomic", () => {
  test("writes whole files for their owner alone, and leaves nothing beside them", async () => {
    const folder = await freshFolder();
    await writeFileAtomic(join(folder, "a"), "first");
    await writeFileAtomic(join(folder, "a"), new TextEncoder().encode("second"));
    await writeFileAtomic(join(folder, "b"), "", { mode: 0o644 });
    expect(await readFile(join(folder, "a"), "utf8")).toBe("second");
    expect([await modeOf(join(folder, "a")), await modeOf(join(folder, "b"))]).toEqual([0o600, 0o644]);
    expect((await readdir(folder)).sort()).toEqual(["a", "b"]);
  });

  test("leaves the old file and no temporary one when it cannot finish", async () => {
    const folder = await freshFolder();
    await mkdir(join(folder, "taken", "full"), { recursive: true });
    await expect(writeFileAtomic(join(folder, "taken"), "x")).rejects.toThrow();
    expect(await readdir(folder)).toEqual(["taken"]);
    await expect(writeFileAtomic(join(folder, "none", "x"), "x")).rejects.toThrow();
  });

  test("replaces a link instead of writing through it", async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, "victim"), "kept");
    await symlink(join(folder, "victim"), join(folder, "link"));
    await writeFileAtomic(join(folder, "link"), "new");
    expect(await readFile(join(folder, "victim"), "utf8")).toBe("kept");
    expect(await readFile(join(folder, "link"), "utf8")).toBe("new");
  });
});

describe("publishFile", () => {
  test("gives the final name once, and never overwrites", async () => {
    const folder = await freshFolder();
    const final = join(folder, "final");
    const [first, second] = [temporaryPathFor(final), temporaryPathFor(final)];
    expect(first).not.toBe(second);
    await writeFile(first, "one");
    await writeFile(second, "two");
    expect(await publishFile(first, final)).toBe(true);
    expect(await publishFile(second, final)).toBe(false);
    expect(await readFile(final, "utf8")).toBe("one");
    expect([await pathExists(first), await pathExists(second)]).toEqual([false, true]);
  });

  test("of many at once, one wins", async () => {
    const folder = await freshFolder();
    const final = join(folder, "final");
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const temporary = temporaryPathFor(final);
        await writeFile(temporary, String(index));
        return await publishFile(temporary, final);
      }),
    );
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect(await readFile(final, "utf8")).toBe(String(outcomes.indexOf(true)));
  });

  test("a folder or a dead link under that name is in the way", async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, "t"), "x");
    await mkdir(join(folder, "dir"));
    await symlink("/nowhere/at/all", join(folder, "dead"));
    expect(await publishFile(join(folder, "t"), join(folder, "dir"))).toBe(false);
    expect(await publishFile(join(folder, "t"), join(folder, "dead"))).toBe(false);
  });
});

describe("isInside", () => {
  test.each([
    [".", true],
    ["a/b", true],
    ["a/../b", true],
    ["..a", true],
    ["...", true],
    ["..", false],
    ["../x", false],
    ["a/../../x", false],
    ["/", false],
  ])("%s: %p", async (path, expected) => {
    const folder = await freshFolder();
    expect(
      await isInside(folder, join(folder, path) === path ? path : path.startsWith("/") ? path : join(folder, path)),
    ).toBe(expected);
  });

  test("a folder whose name only begins alike is not inside", async () => {
    const folder = await freshFolder();
    await mkdir(`${folder}-other`);
    expect(await isInside(folder, `${folder}-other/x`)).toBe(false);
  });

  test("links are followed, also those to nothing, chained and relative ones", async () => {
    const folder = await freshFolder();
    const outside = await freshFolder();
    await symlink(outside, join(folder, "out"));
    await symlink(join(outside, "not-there"), join(folder, "dead"));
    await symlink("dead", join(folder, "chain"));
    await symlink("../escape", join(folder, "relative"));
    await mkdir(join(folder, "real"));
    await symlink("real", join(folder, "in"));
    for (const path of ["out", "out/new/file", "dead", "chain", "dead/below", "relative"]) {
      expect([path, await isInside(folder, join(folder, path))]).toEqual([path, false]);
    }
    expect(await isInside(folder, join(folder, "in/new"))).toBe(true);
    await symlink(folder, join(outside, "way-in"));
    expect(await isInside(join(outside, "way-in"), join(folder, "x"))).toBe(true);
  });

  test("a link to itself is an error, not an answer", async () => {
    const folder = await freshFolder();
    await symlink("loop", join(folder, "loop"));
    await expect(isInside(folder, join(folder, "loop"))).rejects.toThrow("ELOOP");
  });
});

describe("small ones", () => {
  test("readTextIfExists tells absent from unreadable", async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, "a"), "text");
    expect(await readTextIfExists(join(folder, "a"))).toBe("text");
    expect(await readTextIfExists(join(folder, "none"))).toBeUndefined();
    expect(await readTextIfExists(join(folder, "a", "below"))).toBeUndefined();
    await expect(readTextIfExists(folder)).rejects.toThrow("EISDIR");
  });

  test("what may never end is not read: a device, a pipe, a link to one; /dev/null does end", async () => {
    const folder = await freshFolder();
    await symlink("/dev/zero", join(folder, "zeros"));
    expect(Bun.spawnSync(["mkfifo", join(folder, "pipe")]).exitCode).toBe(0);
    for (const name of ["zeros", "pipe"]) {
      await expect(readTextIfExists(join(folder, name))).rejects.toThrow("is not a regular file");
    }
    expect(await readTextIfExists("/dev/null")).toBe("");
  });

  test("ensureDir makes folders for their owner alone, and does not change those that are there", async () => {
    const folder = await freshFolder();
    await chmod(folder, 0o755);
    await ensureDir(join(folder, "a", "b"));
    await ensureDir(folder);
    expect([await modeOf(folder), await modeOf(join(folder, "a", "b"))]).toEqual([0o755, 0o700]);
  });

  test("expandHome knows only one's own", () => {
    expect(expandHome("~", "/h")).toBe("/h");
    expect(expandHome("~/x", "/h")).toBe("/h/x");
    expect(expandHome("~x/y", "/h")).toBe("~x/y");
    expect(expandHome("a/~", "/h")).toBe("a/~");
  });

  test("errorCode reads system errors only", () => {
    expect(errorCode(Object.assign(new Error("x"), { code: "ENOENT" }))).toBe("ENOENT");
    expect(errorCode(Object.assign(new Error("x"), { code: 7 }))).toBeUndefined();
    expect(errorCode({ code: "ENOENT" })).toBeUndefined();
  });
});

// Of a process that is just ending Linux says ESRCH for a moment: one in some hundred is met in it.
test("a process that ends while its file is read has none", async () => {
  for (let round = 0; round < 100; round++) {
    const ending = Array.from({ length: 16 }, () => Bun.spawn(["true"]).pid);
    const readUntilGone = async (pid: number) => {
      while ((await readTextIfExists(`/proc/${pid}/stat`)) !== undefined);
      return pid;
    };
    expect(await Promise.all(ending.map(readUntilGone))).toEqual(ending);
  }
});
