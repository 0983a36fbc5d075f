import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ArchiveEntry, readArchive } from "../../../src/archive/archive.ts";
import { listOfKept, rowsOfExtensions, wantsOf } from "../../../src/archive/archive-wants.ts";

const rolesOf = (entries: readonly ArchiveEntry[]) => [...new Set(wantsOf(entries).flatMap(({ roles }) => roles))];

/** Written by pg_dump 15 and 18; see make-archives.sh. */
const fixtures = join(import.meta.dir, "../../support/fixtures");
const archives = [
  { major: 15, path: join(fixtures, "archive-15.dump"), minor: 14 },
  { major: 18, path: join(fixtures, "archive-18.dump"), minor: 16 },
];

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-archive-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(bytes: Uint8Array): Promise<string> {
  const path = join(folder, "a.dump");
  await Bun.write(path, bytes);
  return path;
}

describe.each(archives)("an archive of pg_dump $major", ({ major, path, minor }) => {
  test("its head, tables, extensions and roles", async () => {
    const archive = await readArchive(path);
    expect(archive.version).toEqual({ major: 1, minor });
    expect(archive.database).toBe("archive");
    expect(archive.serverVersion).toStartWith(`${major}.`);
    expect(archive.dumpVersion).toStartWith(`${major}.`);
    const tagged = (kind: string) => archive.entries.filter((entry) => entry.kind === kind);
    expect(tagged("TABLE DATA").map(({ schema, tag }) => [schema, tag])).toEqual([
      ["odd ; schema", 'ta"ble'],
      ["public", "plain"],
    ]);
    expect(tagged("EXTENSION").map(({ tag }) => tag)).toEqual(["citext"]);
    expect(tagged("TABLE").every(({ owner, tablespace }) => owner === "postgres" && tablespace === "")).toBe(true);
    expect(rolesOf(archive.entries).sort()).toEqual(['archive "odd" ; role', "archive_reader", "postgres"]);
  });

  test("its list without an extension lacks that and its comment alone", async () => {
    const { entries } = await readArchive(path);
    const without = (...objects: string[]) =>
      listOfKept(entries, { owners: true, grants: true, objects: new Set(objects) });
    expect([without(), without("extension other")]).toEqual([undefined, undefined]);
    const left = entries.filter(
      ({ kind, tag }) => tag === "citext" || (kind === "COMMENT" && tag === "EXTENSION citext"),
    );
    expect(left.length).toBe(2);
    const kept = without("extension citext")?.trimEnd().split("\n");
    expect(kept).toEqual(entries.filter((entry) => !left.includes(entry)).map(({ id }) => `${id};`));
  });

  test("rows of tables that it does not make are an extension's, and go by name", async () => {
    const { entries } = await readArchive(path);
    expect(rowsOfExtensions(entries)).toEqual([]);
    const strange = entries.filter(({ kind, tag }) => !(kind === "TABLE" && tag === "plain"));
    const rows = rowsOfExtensions(strange);
    expect(rows).toEqual(["rows of public.plain"]);
    const kept = listOfKept(strange, { owners: false, grants: false, objects: new Set(rows) })?.split("\n") ?? [];
    const data = strange.filter(({ kind, tag }) => kind === "TABLE DATA" && tag === "plain").map(({ id }) => `${id};`);
    expect(data.length).toBe(1);
    expect(kept).not.toContain(data[0]);
  });

  test("is read at any offset of a file", async () => {
    const bytes = await Bun.file(path).bytes();
    const shifted = await written(Buffer.concat([Buffer.alloc(777, 1), bytes]));
    expect(await readArchive(shifted, 777)).toEqual(await readArchive(path));
  });

  test("cut off within its contents' list, it is damaged", async () => {
    const bytes = await Bun.file(path).bytes();
    const { entries } = await readArchive(path);
    for (let length = 5; length < bytes.length / 2; length += 7) {
      const reading = readArchive(await written(bytes.subarray(0, length)));
      await expect(reading).rejects.toMatchObject({ code: "dump_damaged", exit: 1 });
    }
    expect(entries.length).toBeGreaterThan(10);
  });

  test("of a later format, it says so", async () => {
    const bytes = Buffer.from(await Bun.file(path).bytes());
    bytes[6] = 17;
    await expect(readArchive(await written(bytes))).rejects.toMatchObject({ code: "archive_version", exit: 1 });
  });

  test("with nonsense in its head, it is damaged", async () => {
    const original = await Bun.file(path).bytes();
    for (const [position, value] of [
      [0, 0x51],
      [8, 0],
      [8, 9],
      [9, 200],
      [12, 255],
    ] as const) {
      const bytes = Buffer.from(original);
      bytes[position] = value;
      if (position === 12) bytes.fill(255, 12, 60);
      await expect(readArchive(await written(bytes))).rejects.toMatchObject({ code: "dump_damaged" });
    }
  });
});

test("roles are found in grants, default privileges, policies and user mappings", () => {
  const entry = (kind: string, owner: string, definition: string): ArchiveEntry => ({
    ...{ id: 1, kind, owner, definition, tag: "", schema: "", tablespace: "", place: { start: 0, end: 0 } },
    dependencies: [],
    leftOut: { names: [], parts: [] },
  });
  const entries = [
    entry("TABLE", "owner one", "CREATE TABLE x (t text DEFAULT 'GRANT ALL ON x TO nobody;');"),
    entry(
      "ACL",
      "",
      'GRANT SELECT ON TABLE "a; b" TO bare;\nGRANT ALL ON TABLE x TO PUBLIC;\nGRANT SELECT(id) ON TABLE x TO "q""uoted; x" WITH GRANT OPTION;\n',
    ),
    entry(
      "ACL",
      "",
      "REVOKE ALL ON SCHEMA public FROM revoked;\nSET SESSION AUTHORIZATION grantor;\nGRANT SELECT ON TABLE x TO other;\nRESET SESSION AUTHORIZATION;\n",
    ),
    entry("DEFAULT ACL", "d", "ALTER DEFAULT PRIVILEGES FOR ROLE d IN SCHEMA s GRANT SELECT ON TABLES TO defaulted;\n"),
    entry(
      "POLICY",
      "",
      'CREATE POLICY "p TO x" ON t AS RESTRICTIVE FOR UPDATE TO p1, "p; 2" USING ((a <> \' TO nobody\'::text)) WITH CHECK (true);\n',
    ),
    entry("POLICY", "", "CREATE POLICY q ON t USING (true);\n"),
    entry("USER MAPPING", "", "CREATE USER MAPPING FOR \"m\" SERVER s OPTIONS (secret 'x');\n"),
  ];
  const roles = ["bare", "d", "defaulted", "grantor", "m", "other", "owner one", "p1", "p; 2", 'q"uoted; x', "revoked"];
  expect(rolesOf(entries).sort()).toEqual(roles.sort());
});

test("an archive that went through a terminal is damaged, also where no entry is left to be read in it", async () => {
  const bytes = await Bun.file(archives[1]?.path ?? "").bytes();
  const toTheDate = Buffer.from(bytes.subarray(0, 47)); // of November, whose number is that of a line end
  const mangled = Buffer.from(toTheDate.toString("latin1").replaceAll("\n", "\r\n"), "latin1");
  const short = Buffer.concat([mangled, Buffer.from([0, 2, 0, 0, 0]), Buffer.from("d3"), Buffer.alloc(2000)]);
  await expect(readArchive(await written(short))).rejects.toMatchObject({ code: "dump_damaged" });
  const whole = Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll("\n", "\r\n"), "latin1");
  await expect(readArchive(await written(whole))).rejects.toMatchObject({ code: "dump_damaged" });
});
