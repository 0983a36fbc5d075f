import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../../src/errors.ts";
import { readEnvBlock, replaceBlock, writeEnvBlock } from "../../../src/worktree/env-block.ts";

let base = "";
let count = 0;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "pgrove-env-block-"));
});
afterAll(async () => {
  await rm(base, { recursive: true });
});

/** A new path for an env file, in a folder of its own; with this text where there is one. */
async function envFile(text?: string): Promise<string> {
  const folder = join(base, `f${count++}`);
  await mkdir(folder);
  const file = join(folder, ".env");
  if (text !== undefined) await writeFile(file, text);
  return file;
}

const VARIABLES = { DATABASE_URL: "postgres://app@127.0.0.1:5432/onyx_x", MESSAGE: "it's two\nlines" };

const ORIGINALS: readonly (readonly [string, string])[] = [
  ["empty", ""],
  ["ordinary", "# ours\nA=1\n\nexport B='two'\n"],
  ["without a last line break", "A=1\nB=2"],
  ["with Windows line breaks", "A=1\r\nB=2\r\n"],
  ["with Windows line breaks, but for the last", "A=1\r\nB=2"],
  ["with a byte order mark", "\uFEFFA=1\n"],
];

describe("writeEnvBlock", () => {
  test.each(ORIGINALS)("a file that is %s keeps every byte outside the block", async (_, original) => {
    const file = await envFile(original);
    expect(await writeEnvBlock(file, VARIABLES)).toEqual({ change: "changed", overridden: [] });
    const written = await readFile(file, "utf8");
    expect(written.startsWith(original)).toBe(true);
    expect(await readEnvBlock(written)).toEqual(VARIABLES);
    if (original.includes("\r\n")) expect(written).toMatch(/# >>> pgrove[^\n]*\r\nDATABASE_URL=[^\n]*\r\n/);
    expect(await readdir(join(file, ".."))).toEqual([".env"]);
  });

  test("a missing file is created for its owner alone", async () => {
    const file = await envFile();
    expect(await writeEnvBlock(file, VARIABLES)).toEqual({ change: "created", overridden: [] });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test("the same variables again write nothing; others change only the block, where it stands", async () => {
    const file = await envFile("A=1\n");
    await writeEnvBlock(file, { X: "1", Y: "2" });
    await writeFile(file, `${await readFile(file, "utf8")}Z=9\n`);
    await utimes(file, 1000, 1000);
    expect((await writeEnvBlock(file, { X: "1", Y: "2" })).change).toBe("unchanged");
    expect((await stat(file)).mtimeMs).toBe(1_000_000);
    expect((await writeEnvBlock(file, { X: "3" })).change).toBe("changed");
    const lines = (await readFile(file, "utf8")).split("\n");
    expect(lines.map((line) => line.slice(0, 12))).toEqual(["A=1", "# >>> pgrove", "X=3", "# <<< pgrove", "Z=9", ""]);
  });

  test("mode and owner stay, and a link stays a link", async () => {
    const file = await envFile();
    const real = join(file, "../config.env");
    await writeFile(real, "A=1\n");
    await chmod(real, 0o640);
    await symlink("config.env", file);
    const before = await stat(real);
    await writeEnvBlock(file, VARIABLES);
    const after = await stat(real);
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
    expect((await lstat(file)).isSymbolicLink()).toBe(true);
    expect(await readEnvBlock(await readFile(real, "utf8"))).toEqual(VARIABLES);
  });

  test("a link that leads out of the worktree, or nowhere, is refused and its destination left alone", async () => {
    const [main, linked] = [await envFile("A=1\n"), await envFile()];
    await symlink(main, linked);
    await expect(writeEnvBlock(linked, VARIABLES)).rejects.toMatchObject({ code: "link_escapes", exit: EXIT.refused });
    expect(await readFile(main, "utf8")).toBe("A=1\n");
    expect(await writeEnvBlock(linked, VARIABLES, base)).toMatchObject({ change: "changed" });
    const dangling = await envFile();
    await symlink("gone", dangling);
    await expect(writeEnvBlock(dangling, VARIABLES)).rejects.toMatchObject({ exit: EXIT.config });
  });

  test("a variable that a later line sets to something else is named", async () => {
    const file = await envFile("X=0\n");
    await writeEnvBlock(file, { X: "1", Y: "2" });
    await writeFile(file, `${await readFile(file, "utf8")}export X=3\nY=2\n`);
    expect(await writeEnvBlock(file, { X: "1", Y: "2" })).toEqual({ change: "unchanged", overridden: ["X"] });
  });

  test.each([
    ["A=1\n# >>> pgrove\nX=1\n", 2],
    ["# <<< pgrove\n", 1],
    ["# >>> pgrove\n# <<< pgrove\nA=1\n# >>> pgrove\n# <<< pgrove\n", 4],
    ["# >>> pgrove\n# >>> pgrove\n# <<< pgrove\n", 1],
  ])("a broken block is left as it is: %j", async (text, line) => {
    const file = await envFile(text);
    await expect(writeEnvBlock(file, VARIABLES)).rejects.toMatchObject({
      exit: EXIT.config,
      message: expect.stringContaining(`.env:${line}  `),
    });
    expect(await readFile(file, "utf8")).toBe(text);
  });

  test("bytes that are no text are left as they are", async () => {
    const file = await envFile();
    const bytes = new Uint8Array([0x41, 0x3d, 0xff, 0x0a]);
    await writeFile(file, bytes);
    await expect(writeEnvBlock(file, VARIABLES)).rejects.toMatchObject({ exit: EXIT.config });
    expect(new Uint8Array(await readFile(file))).toEqual(bytes);
  });
});

test("a comment that only looks like a mark is none", async () => {
  const text = "# >>> pgrove-like\n#>>> pgrove\n # >>> pgrove\nA=1\n";
  expect(await readEnvBlock(text)).toBeUndefined();
  expect(replaceBlock(text, ["X=1"]).startsWith(text)).toBe(true);
});
