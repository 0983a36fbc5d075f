import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ArchiveCursor, readArchive, readEntry, readHead } from "../../../src/archive/archive.ts";
import { withoutLeftOut } from "../../../src/archive/archive-stream.ts";

const fixtures = join(import.meta.dir, "../../support/fixtures");
/** What pg_dump 18 made of a PostgreSQL 17.12. */
const path = join(fixtures, "archive-attver.dump");
const original = await Bun.file(path).bytes();

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield new Uint8Array(bytes.subarray(from, from + size));
}

async function pass(bytes: Uint8Array, size: number): Promise<{ passed: Buffer; found: string[][] }> {
  const chunks: Uint8Array[] = [];
  const found: string[][] = [];
  for await (const chunk of withoutLeftOut(inChunks(bytes, size), (names) => found.push([...names]))) {
    chunks.push(new Uint8Array(chunk));
  }
  return { passed: Buffer.concat(chunks), found };
}

/** The bytes at which two texts of one length differ, as text of the first. */
function differing(before: Uint8Array, after: Uint8Array): string {
  expect(after.length).toBe(before.length);
  return Buffer.from(before.filter((byte, index) => byte !== after[index])).toString();
}

test("the fixture holds the option: alone, beside others, and in names that look like it", async () => {
  const { entries, serverVersion, dumpVersion } = await readArchive(path);
  expect([serverVersion, dumpVersion].map((version) => version.slice(0, 2))).toEqual(["17", "18"]);
  const definitions = entries.map(({ definition }) => definition).join("\n");
  expect(definitions).toMatch(/ALTER COLUMN a SET \(pg_attver=\d+, n_distinct=5\);/);
  expect(definitions).toMatch(/ALTER COLUMN b SET \(pg_attver=\d+\);/);
  expect(definitions).toContain('"od""d pg_attver=1, ünï"');
  expect(
    entries
      .filter(({ leftOut }) => leftOut.names.length > 0)
      .map(({ kind }) => kind)
      .sort(),
  ).toEqual(["MATERIALIZED VIEW", "TABLE", "TABLE", "TABLE", "TABLE"].sort());
});

describe("an archive that passes through", () => {
  test("loses the option and nothing else, whatever the chunks", async () => {
    const { passed: whole } = await pass(original, original.length);
    for (const size of [1, 7, 100, 999, 1 << 16]) {
      const { passed, found } = await pass(original, size);
      expect(passed.equals(whole)).toBe(true);
      expect(found).toEqual([["pg_attver"]]);
    }
    const folder = await mkdtemp(join(tmpdir(), "pgrove-passed-"));
    await Bun.write(join(folder, "x.dump"), whole);
    const [before, { entries }] = [await readArchive(path), await readArchive(join(folder, "x.dump"))];
    await rm(folder, { recursive: true });
    expect(entries.flatMap(({ leftOut }) => leftOut.names)).toEqual([]);
    expect(entries.map(({ tag, kind }) => [tag, kind])).toEqual(before.entries.map(({ tag, kind }) => [tag, kind]));
    const definitions = entries.map(({ definition }) => definition).join("\n");
    expect(definitions).toMatch(/ALTER COLUMN a SET \( +n_distinct=5\);/);
    expect(definitions).toMatch(/ALTER COLUMN c SET \( +n_distinct_inherited=-0.5, n_distinct=7\);/);
    const taken = differing(original, whole);
    expect(taken.replaceAll(/ALTERTABLEONLY\S+?ALTERCOLUMN\S+?SET\(pg_attver=\d+\);|pg_attver=\d+,/g, "")).toBe("");
  });

  test("whose contents are megabytes is passed on entry by entry", async () => {
    const cursor = new ArchiveCursor(original);
    const { count, version, format } = readHead(cursor);
    const from = cursor.position;
    for (let index = 0; index < count; index++) readEntry(cursor, version.minor, format);
    const [entries, rest] = [original.subarray(from, cursor.position), original.subarray(cursor.position)];
    const times = 250;
    const number = Buffer.alloc(5); // a sign, and four bytes, the lowest first
    number.writeUInt32LE(count * times, 1);
    const long = Buffer.concat([original.subarray(0, from - 5), number, ...Array(times).fill(entries), rest]);
    const { passed } = await pass(original, original.length);
    const after = passed.subarray(from, from + entries.length);
    for (const size of [5_000, 1 << 16]) {
      const { passed, found } = await pass(long, size);
      expect(found).toEqual([["pg_attver"]]);
      const expected = Buffer.concat([long.subarray(0, from), ...Array(times).fill(after), rest]);
      expect(passed.equals(expected)).toBe(true);
    }
  });

  test("that needs nothing left out is the same, and so is what is none", async () => {
    const without = await Bun.file(join(fixtures, "archive-18.dump")).bytes();
    const none = Buffer.from("PGDMP and then nothing of the kind".repeat(5_000));
    const unknown = Buffer.from(original);
    unknown[6] = 99; // the format's version
    for (const bytes of [without, none, unknown, Buffer.alloc(0), original.subarray(0, 40)]) {
      for (const size of [13, 1 << 16]) {
        const { passed, found } = await pass(bytes, size);
        expect(passed.equals(bytes)).toBe(true);
        expect(found).toEqual([[]]);
      }
    }
  });

  test("is not held back once its contents were read", async () => {
    let given = 0;
    async function* long(): AsyncGenerator<Uint8Array> {
      yield* inChunks(original, 1000);
      for (; given < 8 << 20; given += 1 << 16) yield new Uint8Array(1 << 16);
    }
    let passed = -original.length;
    let most = 0;
    for await (const chunk of withoutLeftOut(long(), () => undefined)) {
      passed += chunk.length;
      most = Math.max(most, given - passed);
    }
    expect(passed).toBe(8 << 20);
    expect(most).toBeLessThan(1 << 18);
  });
});
