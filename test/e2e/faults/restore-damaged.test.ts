/** Faults 7 and 9: a dump that is damaged, or that does not run, is refused before the target is touched. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { differs, flipBit, mangleByTerminal, randomBytes, truncate } from "../../support/faults/damage.ts";
import { seeded, thorough } from "../../support/faults/moments.ts";
import { type Ended, inContainer, makeRepo, type Repo } from "../../support/faults/program.ts";
import { drop, makeSmall } from "../../support/faults/sample.ts";
import { type Fingerprint, readFingerprint, waitForNothing } from "../../support/faults/world.ts";

const FORMATS = {
  custom: "whole.dump",
  gzip: "whole.sql.gz",
  zstd: "whole.sql.zst",
  plain: "whole.sql",
  tar: "whole.tar",
};
type Format = keyof typeof FORMATS;
const formats = Object.keys(FORMATS) as Format[];

let server: TestServer;
let source: string;
let target: string;
let before: Fingerprint;
let repo: Repo;
let damaged: string;

const whole = (format: Format) => repo.path(FORMATS[format]);

beforeAll(async () => {
  server = await sharedServer(17);
  source = await makeSmall(server);
  await server.psql(source, "create table noise as select i, md5(i::text) as text from generate_series(1, 20000) i");
  await server.psql(source, "create function twice(n int) returns int language sql as $$\n  select n * 2\n$$");
  target = await makeSmall(server);
  before = await readFingerprint(server, target);
  repo = await makeRepo(inContainer(server.container, source));
  for (const format of formats) await repo.ok(["dump", "-o", whole(format)]);
  await repo.configure(`project: faults\n${inContainer(server.container, target)}`);
  damaged = repo.path("damaged.dump");
});

afterAll(async () => {
  await waitForNothing(server, repo);
  await drop(server, source, target);
  await repo.remove();
});

/** Tries to restore the damaged file, with the whole one's manifest beside it or with none. */
async function tryRestore(manifestOf?: string, ...flags: string[]): Promise<Ended> {
  const manifest = `${damaged}.manifest.json`;
  if (manifestOf === undefined) rmSync(manifest, { force: true });
  else copyFileSync(`${manifestOf}.manifest.json`, manifest);
  return await repo.run(["restore", damaged, "--yes", ...flags]);
}

async function expectRefused(ended: Ended, words: RegExp): Promise<void> {
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toMatch(words);
  expect(ended.stderr).not.toContain("has a bug");
  expect(await readFingerprint(server, target)).toEqual(before);
  expect(repo.openRuns()).toEqual([]);
}

const DAMAGED = /the dump is damaged: its SHA-256 is not the one recorded when it was written/;

describe.each(formats)("%s, with its manifest", (format) => {
  test("a bit changed at 30 random places: each is found", async () => {
    const random = seeded(7);
    const places = Array.from({ length: 30 }, random);
    const found: boolean[] = [];
    for (const place of thorough ? places : [0, ...places.slice(0, 2), 0.999999]) {
      flipBit(whole(format), damaged, place);
      expect(differs(whole(format), damaged)).toBe(true);
      const ended = await tryRestore(whole(format));
      expect({ place, ...ended }).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toMatch(DAMAGED);
    }
    const files = places.map((place, index) => {
      const file = repo.path(`flipped-${index}.dump`);
      flipBit(whole(format), file, place);
      expect(differs(whole(format), file)).toBe(true);
      copyFileSync(`${whole(format)}.manifest.json`, `${file}.manifest.json`);
      return file;
    });
    const verdict = await repo.run(["dumps", "verify", ...files, "--json"]);
    expect(verdict.code).toBe(6);
    const { dumps } = JSON.parse(verdict.stdout) as { dumps: { whole: boolean; problem: string }[] };
    for (const { whole: isWhole, problem } of dumps) found.push(!isWhole && DAMAGED.test(problem));
    expect(found).toEqual(places.map(() => true));
    expect(await readFingerprint(server, target)).toEqual(before);
  });

  test("cut off, mangled by a terminal, emptied", async () => {
    const { size } = statSync(whole(format));
    for (const bytes of [0, 1, Math.floor(size / 2), size - 1]) {
      truncate(whole(format), damaged, bytes);
      await expectRefused(await tryRestore(whole(format)), DAMAGED);
    }
    mangleByTerminal(whole(format), damaged);
    expect(differs(whole(format), damaged)).toBe(true);
    await expectRefused(await tryRestore(whole(format)), DAMAGED);
  });

  test("whole, it is restored", async () => {
    copyFileSync(whole(format), damaged);
    const ended = await tryRestore(whole(format), "--into-new", `proof_${format}`);
    expect(ended).toMatchObject({ code: 0 });
    await drop(server, `proof_${format}`);
  });
});

describe.each(formats)("%s, without a manifest", (format) => {
  test("cut off at several places", async () => {
    const { size } = statSync(whole(format));
    for (const bytes of [3, 100, Math.floor(size * 0.3), Math.floor(size * 0.9), size - 4]) {
      // A tar ends with two empty blocks: without the last bytes nothing is lost.
      if (format === "tar" && bytes === size - 4) continue;
      // `--` and a newline close a plain dump: its last words are a little further up.
      truncate(whole(format), damaged, format === "plain" && bytes === size - 4 ? size - 60 : bytes);
      const ended = await tryRestore();
      await expectRefused(
        ended,
        /damaged|cut off|not a (whole )?dump|could not be restored|Unexpected EOF|end of file/,
      );
    }
  });
});

describe("without a manifest", () => {
  test.each(["custom", "gzip", "zstd", "tar"] as const)("%s, mangled by a terminal", async (format) => {
    mangleByTerminal(whole(format), damaged);
    expect(differs(whole(format), damaged)).toBe(true);
    await expectRefused(await tryRestore(), /damaged|is not a dump|could not be restored|not a whole dump/);
  });

  test("plain, mangled by a terminal: a carriage return before every newline is named", async () => {
    mangleByTerminal(whole("plain"), damaged);
    const ended = await tryRestore();
    await expectRefused(ended, /carriage return/);
  });

  test("gzip carries a checksum: a bit changed anywhere behind its head is found", async () => {
    const random = seeded(8);
    for (let count = 0; count < 8; count++) {
      flipBit(whole("gzip"), damaged, 0.001 + 0.999 * random());
      await expectRefused(await tryRestore(), /damaged|dump_truncated|not a whole dump/);
    }
  });

  const foreign: [string, (path: string) => void, RegExp][] = [
    ["empty", (path) => writeFileSync(path, ""), /it is empty/],
    ["random bytes", (path) => randomBytes(path, 50_000, 1), /not a dump of PostgreSQL/],
    ["a picture", (path) => writeFileSync(path, Buffer.from("89504e470d0a1a0a0000000d49484452", "hex")), /not a dump/],
    ["SQL that is no dump", (path) => writeFileSync(path, "drop table marker;\n"), /not a whole dump/],
    ["a shell script", (path) => writeFileSync(path, "#!/bin/sh\nrm -rf /\n"), /not a whole dump/],
    [
      "an archive in gzip",
      (path) => writeFileSync(path, gzipSync(readFileSync(whole("custom")))),
      /compressed once more/,
    ],
    ["brotli", (path) => writeFileSync(path, brotliCompressSync(readFileSync(whole("plain")))), /not a (whole )?dump/],
    ["gzip of nothing", (path) => writeFileSync(path, gzipSync("")), /not a whole dump|empty/],
    ["an old archive's head only", (path) => writeFileSync(path, "PGDMP"), /damaged/],
    [
      "UTF-16",
      (path) => writeFileSync(path, Buffer.from(`\ufeff${readFileSync(whole("plain"))}`, "utf16le")),
      /UTF-16/,
    ],
  ];
  test.each(foreign)("%s", async (_, write, words) => {
    write(damaged);
    await expectRefused(await tryRestore(), words);
  });

  test("on stdin", async () => {
    truncate(whole("custom"), damaged, 5000);
    const ended = await repo.run(["restore", "-", "--yes"], { stdin: Bun.file(damaged) });
    await expectRefused(ended, /damaged|could not be restored/);
    expect(repo.stored()).toEqual([]);
    const empty = await repo.run(["restore", "-", "--yes"], { stdin: new Blob([""]) });
    await expectRefused(empty, /it is empty/);
  });
});

test("a damaged manifest, and one of another dump", async () => {
  copyFileSync(whole("custom"), damaged);
  writeFileSync(`${damaged}.manifest.json`, '{"version":1,"sha256":');
  await expectRefused(await repo.run(["restore", damaged, "--yes"]), /the manifest of the dump is damaged/);
  await expectRefused(await tryRestore(whole("gzip")), DAMAGED);
});

describe("fault 9: an SQL error half-way", () => {
  const failing = "create view public.broken as select no_such_column from public.marker";

  test("in a plain dump: the statement and its line are shown", async () => {
    const sql = readFileSync(whole("plain"), "utf8");
    const lines = sql.split("\n");
    const place = lines.findIndex((line) => line.startsWith("ALTER TABLE ONLY public.parent"));
    expect(place).toBeGreaterThan(0);
    lines.splice(place, 0, `${failing};`);
    writeFileSync(damaged, lines.join("\n"));
    const ended = await tryRestore();
    await expectRefused(ended, /column "no_such_column" does not exist/);
    expect(ended.stderr).toContain(`:${place + 1}: ERROR`);
    expect(ended.stderr).toContain(`STATEMENT:  ${failing};`);
    expect(ended.stderr).toContain("main was not touched");
  });

  test("in an archive: the statement is shown", async () => {
    // The check holds in the database that is dumped, and in no other.
    await server.psql(source, `create table asking (id int check (current_database() = '${source}' or id < 2))`);
    await server.psql(source, "insert into asking values (1), (2)");
    await repo.configure(`project: faults\n${inContainer(server.container, source)}`);
    rmSync(damaged, { force: true });
    rmSync(`${damaged}.manifest.json`, { force: true });
    await repo.ok(["dump", "-o", damaged]);
    await repo.configure(`project: faults\n${inContainer(server.container, target)}`);
    for (const jobs of ["1", "2"]) {
      const ended = await repo.run(["restore", damaged, "--yes", "--jobs", jobs]);
      await expectRefused(ended, /new row for relation "asking" violates check constraint/);
      expect(ended.stderr).toContain("main was not touched");
      expect(ended.stderr).toMatch(/COPY asking, line 2/);
    }
    expect(existsSync(damaged)).toBe(true);
  });
});
