/**
 * Dumps that the programs of a later version made. What counts is the server that was dumped: PostgreSQL 17.12 has an
 * option of its own on every column, which pg_dump 18 writes and no other server takes; and pg_dump from 17 on begins with a
 * setting that older servers refuse. The archives in the fixtures hold the option, whatever the 17 of this engine does.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { hashFile } from "../../../src/dump/inspect.ts";
import { openTarget } from "../../../src/resolve/target.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import {
  type Bench,
  createSmall,
  databasesLike,
  dump,
  fingerprint,
  makeBench,
  openLive,
  pathOf,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { runOk } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { createAttver, dumpByClient, openByClient, readAttverFacts } from "../../support/newer-client.ts";

const fixtures = join(import.meta.dir, "../../support/fixtures");
let bench: Bench;
let on15: TestServer;
let on17: TestServer;
let on18: TestServer;
/** What attver.sql makes, on 17. */
const source = uniqueName("attver");
let facts: unknown;
/** The archives of the fixtures, and what pg_dump 18 makes of the source now: each holds the same. */
const archives: Record<string, string> = {};
let plain = "";

beforeAll(async () => {
  bench = await makeBench();
  [on15, on17, on18] = await Promise.all([sharedServer(15), sharedServer(17), sharedServer(18)]);
  await createAttver(on17, source);
  facts = await readAttverFacts(on17, source);
  archives["a custom archive"] = join(fixtures, "archive-attver.dump");
  archives["a packed directory"] = join(fixtures, "archive-attver.tar");
  const folder = join(bench.folder, "directory");
  await mkdir(folder);
  await runOk("tar", ["-C", folder, "-xf", join(fixtures, "archive-attver.tar")]);
  archives["a directory"] = folder;
  archives["a custom archive made now"] = await dumpByClient(bench, on18, on17, source, ["-Fc"]);
  archives["a tar made now"] = await dumpByClient(bench, on18, on17, source, ["-Ft"]);
  plain = await Bun.file(await dumpByClient(bench, on18, on17, source)).text();
});
afterAll(() => bench.remove());

/** The plain dump as pg_dump 18 makes it of a 17.12, also where this 17 has the option not. */
function plainWithOption(): string {
  if (plain.includes("SET (pg_attver=")) return plain;
  return plain
    .replaceAll("SET (n_distinct", "SET (pg_attver=22120600, n_distinct")
    .replace(
      /^ALTER TABLE public\.t OWNER/m,
      "ALTER TABLE ONLY public.t ALTER COLUMN b SET (pg_attver=22120600);\n\n$&",
    );
}

const leftOutNotes = () => bench.notes.filter((note) => note.startsWith("left out: "));

describe.each([17, 18])("what pg_dump 18 made of PostgreSQL 17.12 goes into %d", (major) => {
  const server = () => (major === 17 ? on17 : on18);

  test.each([
    ["a custom archive", 1],
    ["a custom archive", 2],
    ["a packed directory", 1],
    ["a packed directory", 2],
    ["a directory", 2],
    ["a custom archive made now", 2],
    ["a tar made now", 1],
  ])("%s, by %d", async (name, jobs) => {
    const path = archives[name] ?? "";
    const file = name === "a directory" ? join(path, "toc.dat") : path;
    const before = await hashFile(file, () => undefined);
    bench.notes.length = 0;
    const database = uniqueName("in");
    await restore(bench, await openLive(server(), database, bench), path, { jobs });
    expect(await readAttverFacts(server(), database)).toEqual(facts);
    if (!name.endsWith("now")) expect(leftOutNotes()).toEqual([expect.stringContaining("pg_attver")]);
    expect(await hashFile(file, () => undefined)).toBe(before);
  });

  test.each([
    ["none", (text: string) => Buffer.from(text)],
    ["gzip", (text: string) => gzipSync(text)],
    ["zstd", (text: string) => zstdCompressSync(text)],
  ])("a plain dump, %s", async (name, pack) => {
    const path = join(bench.folder, `plain-${major}-${name}`);
    await Bun.write(path, pack(plainWithOption()));
    bench.notes.length = 0;
    const database = uniqueName("in");
    await restore(bench, await openLive(server(), database, bench), path);
    expect(await readAttverFacts(server(), database)).toEqual(facts);
    expect(leftOutNotes()).toEqual([expect.stringContaining("pg_attver")]);
  });

  test("by programs that do not run beside the server", async () => {
    const live = await openByClient(bench, on18, server(), uniqueName("in"));
    for (const name of ["a custom archive", "a packed directory", "a directory"]) {
      await restore(bench, live, archives[name] ?? "", { jobs: 2 });
      expect(await readAttverFacts(server(), live.database)).toEqual(facts);
    }
  });
});

describe("this machine's programs, at a server that somebody else runs", () => {
  const other = uniqueName("forced");
  const tools = () => ({
    runner: systemRunner,
    clientImage: on18.image,
    stageParent: bench.folder,
    note: () => undefined,
  });
  const open = (database: string) => {
    const connection = { host: "127.0.0.1", port: on15.port ?? 0, user: on15.user, password: on15.password };
    const server = { kind: "url" as const, connection: { ...connection, database, parameters: {} } };
    return openTarget({ server, login: {}, label: "a server by its URL", name: "url", protected: false }, tools());
  };
  beforeAll(async () => {
    await createAttver(on15, other);
    // As 17.12 keeps it, on a server whose pg_dump is read by every pg_restore.
    await on15.psql(
      other,
      `set allow_system_table_mods = on; update pg_attribute set attoptions = array_prepend('pg_attver=7', attoptions)
        where attrelid in ('t'::regclass, 'm'::regclass) and attnum > 0`,
    );
  });

  test.each(takingTurns(["custom", "sql", "directory"], import.meta.path))("%s", async (format) => {
    const path = pathOf(await dump(bench, await open(other), { format, jobs: format === "directory" ? 2 : 1 }));
    for (const jobs of [1, 2]) {
      bench.notes.length = 0;
      const database = uniqueName("in");
      await on15.createDatabase(database);
      await restore(bench, await open(database), path, { jobs });
      expect(await readAttverFacts(on15, database)).toEqual(await readAttverFacts(on15, other));
      expect(leftOutNotes()).toEqual([expect.stringContaining("pg_attver")]);
    }
    const inside = uniqueName("in");
    await restore(bench, await openLive(on15, inside, bench), path, { jobs: 2 });
    expect(await readAttverFacts(on15, inside)).toEqual(await readAttverFacts(on15, other));
  });

  test("a folder, of which a copy is made for it", async () => {
    const folder = join(bench.folder, uniqueName("folder"));
    await mkdir(folder);
    const packed = pathOf(await dump(bench, await open(other), { format: "directory" }));
    await runOk("tar", ["-C", folder, "-xf", packed]);
    const before = await hashFile(join(folder, "toc.dat"), () => undefined);
    const database = uniqueName("in");
    await on15.createDatabase(database);
    await restore(bench, await open(database), folder, { jobs: 2 });
    expect(await readAttverFacts(on15, database)).toEqual(await readAttverFacts(on15, other));
    expect(await hashFile(join(folder, "toc.dat"), () => undefined)).toBe(before);
    expect((await readdir(bench.folder)).filter((name) => name.startsWith(".pgrove-"))).toEqual([]);
  });
});

describe("an option that no list knows stays an error", () => {
  const strange = uniqueName("strange");
  beforeAll(async () => {
    await createSmall(on17, strange, 3);
    await on17.psql(
      strange,
      `set allow_system_table_mods = on; update pg_attribute set attoptions = '{made_up=1}' where attrelid = 'tag'::regclass and attname = 'tag'`,
    );
  });

  test.each(takingTurns(["custom", "sql", "directory"], import.meta.path))("%s", async (format) => {
    const path = pathOf(await dump(bench, await openLive(on17, strange, bench), { format }));
    const target = uniqueName("untouched");
    await createSmall(on17, target, 2);
    const before = await fingerprint(on17, target);
    const error = await rejection(restore(bench, await openLive(on17, target, bench), path));
    expect(error).toMatchObject({ code: "restore_failed", exit: 1 });
    expect(error.message).toContain('unrecognized parameter "made_up"');
    if (format === "sql") {
      const named = /psql:(\S+):(\d+): ERROR/.exec(error.message);
      const lines = Buffer.from(await Bun.file(path).bytes());
      expect(path.endsWith(named?.[1] ?? "?")).toBe(true);
      const text = new TextDecoder().decode(Bun.zstdDecompressSync(lines));
      expect(text.split("\n")[Number(named?.[2]) - 1]).toContain("made_up=1");
    } else {
      expect(error.message).toMatch(/from TOC entry \d+; .* TABLE tag /);
    }
    expect(await fingerprint(on17, target)).toEqual(before);
    expect(await databasesLike(on17, target)).toEqual([target]);
  });
});

describe("what pg_dump 18 made of PostgreSQL 15 goes back into it", () => {
  const old = uniqueName("old");
  beforeAll(async () => {
    await createSmall(on15, old, 50);
    await on15.psql(
      old,
      `create table note (line text); insert into note values ('SET transaction_timeout = 0;'), (E'\\\\restrict x');
       select lo_from_bytea(4242, 'large');`,
    );
  });

  test("a plain dump, without the setting that 15 does not know; rows that read the same stay", async () => {
    const path = await dumpByClient(bench, on18, on15, old);
    expect(await Bun.file(path).text()).toMatch(/^SET transaction_timeout = 0;$/m);
    bench.notes.length = 0;
    const database = uniqueName("back");
    await restore(bench, await openLive(on15, database, bench), path);
    expect(await fingerprint(on15, database)).toEqual(await fingerprint(on15, old));
    expect(leftOutNotes()).toEqual([expect.stringContaining("transaction_timeout")]);
  });

  test.each(["-Fc", "-Ft"])(
    "an archive (%s) that its own pg_restore cannot read, by newer programs",
    async (format) => {
      const path = await dumpByClient(bench, on18, on15, old, [format]);
      const own = await on15.exec(["pg_restore", "--list"], { stdin: Bun.file(path) });
      expect(own.code).not.toBe(0);
      const { target } = await openLive(on15, "postgres", bench);
      const tools = { runner: systemRunner, clientImage: on18.image, stageParent: bench.folder, note: () => undefined };
      const database = uniqueName("back");
      await restore(bench, await openTarget(target, tools, database), path, { jobs: 2 });
      expect(await fingerprint(on15, database)).toEqual(await fingerprint(on15, old));
    },
  );

  test("and a directory, unpacked beside the newer programs", async () => {
    const live = await openByClient(bench, on18, on15, old);
    const path = pathOf(await dump(bench, live, { format: "directory", jobs: 2 }));
    const { target } = await openLive(on15, "postgres", bench);
    const tools = { runner: systemRunner, clientImage: on18.image, stageParent: bench.folder, note: () => undefined };
    const database = uniqueName("back");
    await restore(bench, await openTarget(target, tools, database), path, { jobs: 2 });
    expect(await fingerprint(on15, database)).toEqual(await fingerprint(on15, old));
  });

  test("and is refused, by name, where there are none", async () => {
    const path = await dumpByClient(bench, on18, on15, old, ["-Fc"]);
    const target = uniqueName("untouched");
    await createSmall(on15, target, 3);
    const before = await fingerprint(on15, target);
    const live = await openLive(on15, target, bench);
    // Asked for a version that nobody has: this machine may have one that would do.
    const findPrograms = (major: number, what: string) => live.server.findPrograms(major + 900, what);
    const error = await rejection(restore(bench, { ...live, server: { ...live.server, findPrograms } }, path));
    expect(error).toMatchObject({ code: "programs_missing", exit: 4 });
    expect(error.message).toMatch(/is an archive that only pg_restore 17 and newer can read/);
    expect(error.hint).toContain("install postgresql-client");
    expect(await fingerprint(on15, target)).toEqual(before);
    expect(await databasesLike(on15, target)).toEqual([target]);
  });

  test("by programs that are newer than the server, which begin with a setting that it does not know", async () => {
    const live = await openByClient(bench, on18, on15, old);
    for (const format of ["custom", "sql", "directory"] as const) {
      const path = pathOf(await dump(bench, live, { format }));
      const database = uniqueName("back");
      await restore(bench, await openByClient(bench, on18, on15, database), path, { jobs: 2 });
      expect(await fingerprint(on15, database)).toEqual(await fingerprint(on15, old));
    }
  });
});
