// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Doubt,
  findDatabaseVariables,
  findDisagreements,
  parseEnv,
  readEnvFile,
} from "../../../src/config/env-file.ts";
import { cpuMsOf } from "../../support/cpu-time.ts";
import { patiently } from "../../support/patience.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pgrove-env-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function read(text: string | Uint8Array, environment?: Readonly<Record<string, string>>) {
  await writeFile(join(dir, ".env"), text);
  return await readEnvFile(join(dir, ".env"), environment);
}

describe("an env file", () => {
  test("is read as docker compose and dotenv read it", async () => {
    const lines = [
      "# a comment",
      "PLAIN=one # and another",
      "export EXPORTED = two",
      `DOUBLE="a\\nb # c"`,
      "SINGLE='a\\nb'",
      `MANY="first`,
      `second"`,
      "EMPTY=",
      "URL=postgres://u:p%40ss@h/d?a=b",
    ];
    expect(await read(`\uFEFF${lines.join("\r\n")}\r\n`)).toEqual({
      PLAIN: "one",
      EXPORTED: "two",
      DOUBLE: "a\nb # c",
      SINGLE: "a\\nb",
      MANY: "first\nsecond",
      EMPTY: "",
      URL: "postgres://u:p%40ss@h/d?a=b",
    });
  });

  test("puts its own variables in", async () => {
    const text = `U=me\nA=\${U}@\${HOST:-localhost}/\${NAME-x}\${UNSET}\nB=\${EMPTY:-d}\${EMPTY-d}\nEMPTY=\nC=\${EMPTY:-d}\${EMPTY-e}\n`;
    expect(await read(text)).toMatchObject({ A: "me@localhost/x", B: "dd", C: "d" });
  });

  test("leaves a password's dollar signs alone where they name nothing", async () => {
    const text = `A=pa$word\nB=pa$$w\nC='x\${A}y'\nD="q\\\${A}"\nE='old'\nE=\${A}\n`;
    expect(await read(text)).toEqual({ A: "pa$word", B: "pa$w", C: `x\${A}y`, D: `q\${A}`, E: "pa$word" });
  });

  test.each([
    ["abc#123", "abc#123"],
    ["abc # a comment", "abc"],
    ["abc\t#", "abc"],
    ["#abc", "#abc"],
    [" # nothing", ""],
    ["a b  ", "a b"],
    [`"a#b" # c`, "a#b"],
    ["'a#b'# c", "a#b"],
    [`'it\\'s \\n'`, "it's \\n"],
    [`"a\\"b\\\\c\\td\\$V"`, 'a"b\\c\td$V'],
    [`"it\\'s \\\`"`, "it\\'s \\`"],
    ["`$V \"'`", `$V "'`],
    ["a\\nb", "a\\nb"],
    ["$V/x", "v/x"],
    [`"$V"`, "v"],
    ["pre${V}post", "prevpost"],
    ["${NO:-d}${NO-e}", "de"],
    ["${E:-d}${E-e}", "d"],
    ["${V:+yes}${V+yes}", "yesyes"],
    ["${NO:+yes}${NO+yes}|${E:+yes}${E+yes}", "|yes"],
    ["${NO:-${E:-a$V}b}c", "avbc"],
    ["${V:?must}${E?must}", "v"],
    ["${NO:-", "${NO:-"],
    [`"x"y`, `"x"y`],
    ["'half", "'half"],
  ])("reads %s", async (written, value) => {
    expect((await read(`V=v\nE=\nA=${written}\nLAST=1\n`)).A).toBe(value);
  });

  test("says what is doubtful", () => {
    const doubts: Doubt[] = [];
    const lines = ["A=pa$word", "B=$${x}", "C=x${NO}y", `D="x"y`, "E=${NO:?set it}", "F='$x'", "G=${}"];
    const read = parseEnv(lines.join("\n"), {}, (doubt) => doubts.push(doubt));
    expect(read).toEqual({ A: "pa$word", B: "${x}", C: "xy", D: `"x"y`, F: "$x", G: "${}" });
    expect(doubts.map(({ name, isMissing }) => `${name}${isMissing ? "!" : ""}`)).toEqual([
      "A",
      "B",
      "C",
      "D",
      "E!",
      "G",
    ]);
    expect(doubts[4]?.what).toContain("set it");
  });

  test("runs no command", async () => {
    const ran = join(dir, "ran");
    const text = `A=$(touch ${ran})\nB=\`touch ${ran}\`\nC="$(touch ${ran})"\n`;
    expect((await read(text)).A).toBe(`$(touch ${ran})`);
    expect(await Bun.file(ran).exists()).toBe(false);
  });

  test("sees the environment only when it is handed over, and after the file's own", async () => {
    process.env.PGROVE_TEST_SECRET = "token";
    try {
      expect(await read(`URL=postgres://x:\${PGROVE_TEST_SECRET}@evil.example/\n`)).toEqual({
        URL: "postgres://x:@evil.example/",
      });
    } finally {
      delete process.env.PGROVE_TEST_SECRET;
    }
    expect(await read(`A=1\nB=\${A}\${C}\n`, { A: "2", C: "3" })).toEqual({ A: "1", B: "13" });
  });

  test("does not touch process.env, nor any prototype", async () => {
    const before = { ...process.env };
    await read(`PGROVE_TEST_NEW=1\n__proto__=x\nA=\${toString}\n`);
    expect({ ...process.env }).toEqual(before);
    expect(Reflect.get({}, "PGROVE_TEST_NEW")).toBeUndefined();
  });

  test.each([
    ["more than 1 MiB", "A=1\n".repeat(300_000), "1 MiB"],
    ["NUL bytes", "A=1\0", "NUL"],
    ["another encoding", new Uint8Array([0x41, 0x3d, 0xff, 0xfe]), "UTF-8"],
  ])("with %s is refused", async (_what, text, words) => {
    await expect(read(text)).rejects.toThrow(
      expect.objectContaining({ exit: 3, message: expect.stringContaining(words) }),
    );
  });

  test("that is a folder, or is not there, is refused", async () => {
    await mkdir(join(dir, "folder"));
    await expect(readEnvFile(join(dir, "folder"))).rejects.toThrow(expect.objectContaining({ exit: 3 }));
    await expect(readEnvFile(join(dir, "none"))).rejects.toThrow(expect.objectContaining({ exit: 4 }));
  });

  test.each([
    ["quotes that never end", "A='\n".repeat(50_000)],
    ["escaped quotes", `A="${'\\"'.repeat(100_000)}`],
    ["references in references", `A=${"${B:-".repeat(20)}${"$".repeat(200_000)}`],
    ["one long line", `A=${"${B:-".repeat(50_000)}`],
    ["spaces", `A${" ".repeat(200_000)}`],
    ["empty lines", "\n".repeat(200_000)],
  ])("of %s takes no time", async (_what, text) => {
    expect(await cpuMsOf(() => read(text))).toBeLessThan(patiently(2000));
  });
});

describe("the database's variables", () => {
  test("DATABASE_URL before DATABASE_* before PG*", () => {
    const all = { DATABASE_URL: "postgres://a/b", DATABASE_HOST: "h1", PGHOST: "h2" };
    expect(findDatabaseVariables(all)).toEqual({ source: "DATABASE_URL", url: "postgres://a/b" });
    expect(findDatabaseVariables({ ...all, DATABASE_URL: "" })).toEqual({ source: "DATABASE_*", host: "h1" });
    expect(findDatabaseVariables({ PGHOST: "h2" })).toEqual({ source: "PG*", host: "h2" });
  });

  test("all parts, and POSTGRES_* for the missing ones", () => {
    const parts = { DATABASE_HOST: "h", DATABASE_PORT: "5433", DATABASE_USER: "u", POSTGRES_USER: "other" };
    expect(findDatabaseVariables({ ...parts, POSTGRES_PASSWORD: "p", POSTGRES_DB: "d" })).toEqual({
      source: "DATABASE_*",
      host: "h",
      port: "5433",
      user: "u",
      password: "p",
      database: "d",
    });
  });

  test("a login alone does not say which database is meant", () => {
    expect(findDatabaseVariables({ PGPASSWORD: "x", DATABASE_USER: "u", POSTGRES_DB: "d", POSTGRES_USER: "u" })).toBe(
      undefined,
    );
    expect(findDatabaseVariables({})).toBeUndefined();
  });

  test("a service, or an address, says where it is, too", () => {
    expect(findDatabaseVariables({ PGSERVICE: "shop", PGUSER: "ann" })).toEqual({ source: "PG*", user: "ann" });
    expect(findDatabaseVariables({ PGHOSTADDR: "10.0.0.1" })).toEqual({ source: "PG*" });
  });

  test.each([
    [{ DATABASE_HOST: "h", DATABASE_PORT: "hunter2" }, "DATABASE_PORT"],
    [{ PGPORT: "65536" }, "PGPORT"],
    [{ PGPORT: "0" }, "PGPORT"],
  ])("a wrong one is named and never shown: %p", (variables, name) => {
    try {
      findDatabaseVariables(variables);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ exit: 3, message: expect.stringContaining(name) });
      expect(String(error)).not.toContain("hunter2");
    }
  });

  test("names, not values, where the shell says something else", () => {
    const file = { DATABASE_URL: "postgres://file/a", PGHOST: "same", PGUSER: "", OTHER: "1" };
    const shell = { DATABASE_URL: "postgres://shell/a", PGHOST: "same", PGUSER: "me", PGPORT: "1", OTHER: "2" };
    expect(findDisagreements(file, shell)).toEqual(["DATABASE_URL"]);
  });
});
