import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { DumpFormat } from "../../../src/archive/codec.ts";
import { copyDatabase } from "../../../src/copy/copy.ts";
import {
  type Bench,
  copyRequest,
  createEveryKind,
  createSmall,
  databasesLike,
  dump,
  filesBelow,
  fingerprint,
  makeBench,
  openLive,
  pathOf,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";

const formats = takingTurns<DumpFormat>(["custom", "sql", "directory"], import.meta.path);
let bench: Bench;
let [on15, on17, on18]: TestServer[] = [];
const source = uniqueName("up");

function required(server: TestServer | undefined): TestServer {
  if (server === undefined) throw new Error("the server was not started");
  return server;
}

beforeAll(async () => {
  bench = await makeBench();
  [on15, on17, on18] = await Promise.all([sharedServer(15), sharedServer(17), sharedServer(18)]);
  for (const server of [required(on15), required(on17), required(on18)]) {
    await createEveryKind(server, server.major === 15 ? source : uniqueName("roles"));
  }
});
afterAll(() => bench.remove());

/**
 * The fingerprint without what a later version says in other words: it names not-null constraints and partitions' foreign keys, knows the privilege
 * MAINTAIN, qualifies less in views, has further columns in its catalogs, and brings extensions in versions of its own.
 */
function comparable(lines: readonly string[]): string[] {
  const parsed = lines.map((line): [string, string, Record<string, unknown>] => JSON.parse(line));
  return parsed
    .filter(([kind, , def]) => kind !== "constraint" || (def.kind !== "n" && def.derived !== true))
    .map(([kind, id, def]) => {
      if (kind === "extension") def.version = null;
      if (typeof def.view === "string") def.view = def.view.replaceAll(/\b\w+\./g, "");
      const locale = def.colllocale ?? def.colliculocale;
      for (const key of ["colllocale", "colliculocale", "collicurules", "pubgencols"]) delete def[key];
      if (kind === "publication" && Array.isArray(def.tables)) for (const table of def.tables) delete table.attnames;
      return JSON.stringify([kind, id, locale, def]).replaceAll("arwdDxtm", "arwdDxt");
    });
}

function differences(before: readonly string[], after: readonly string[]): string[] {
  const [a, b] = [comparable(before), comparable(after)];
  return [...a.filter((line) => !b.includes(line)), ...b.filter((line) => !a.includes(line))];
}

describe("upwards", () => {
  test.each(formats)("15 to 17 to 18 is equal: %s", async (format) => {
    const before = await fingerprint(required(on15), source);
    let path = pathOf(await dump(bench, await openLive(required(on15), source, bench), { format }));
    for (const server of [required(on17), required(on18)]) {
      const database = uniqueName("up");
      const live = await openLive(server, database, bench);
      await restore(bench, live, path);
      expect(differences(before, await fingerprint(server, database))).toEqual([]);
      path = pathOf(await dump(bench, live, { format }));
    }
  });

  test("copies between servers stream, and nothing lands on a disk", async () => {
    const to = uniqueName("copied");
    const [from, target] = [await openLive(required(on15), source, bench), await openLive(required(on17), to, bench)];
    const inside = "find /tmp -newermt '-1 hour' -name 'pgrove-*' | wc -l";
    const seen: string[][] = [];
    const tools = { ...bench.tools, progress: () => void seen.push([]) };
    const answer = await copyDatabase(tools, from, target, copyRequest());
    expect(answer.strategy).toBe("stream");
    expect(seen.length).toBeGreaterThan(0);
    const before = await fingerprint(required(on15), source);
    expect(differences(before, await fingerprint(required(on17), to))).toEqual([]);
    expect((await filesBelow(bench.folder)).filter((file) => !/\/(state|store)\//.test(file))).toEqual([]);
    for (const server of [required(on15), required(on17)]) {
      expect((await server.exec(["bash", "-c", inside])).stdout.trim()).toBe("0");
    }
  });
});

describe("downwards", () => {
  const untouched = async (body: (target: string) => Promise<{ code: string; exit: number; message: string }>) => {
    const target = uniqueName("old");
    await createSmall(required(on15), target, 3);
    const before = await fingerprint(required(on15), target);
    const error = await body(target);
    expect(error.exit).toBe(5);
    expect(error.message).toMatch(/\b18\./);
    expect(error.message).toMatch(/\b15\b/);
    expect(await fingerprint(required(on15), target)).toEqual(before);
    expect(await databasesLike(required(on15), target)).toEqual([target]);
    return error;
  };

  test.each(formats)("a dump of 18 is refused by 15: %s", async (format) => {
    const newer = uniqueName("newer");
    await createSmall(required(on18), newer, 3);
    const path = pathOf(await dump(bench, await openLive(required(on18), newer, bench), { format }));
    const withManifest = await untouched(async (target) =>
      rejection(restore(bench, await openLive(required(on15), target, bench), path)),
    );
    expect(withManifest.code).toBe("dump_newer");
    await Bun.file(`${path}.manifest.json`).delete();
    const alone = await untouched(async (target) =>
      rejection(restore(bench, await openLive(required(on15), target, bench), path)),
    );
    expect(alone.code).toBe("dump_newer");
  });

  test("a copy from 18 to 15 is refused", async () => {
    const newer = uniqueName("newer");
    await createSmall(required(on18), newer, 3);
    const from = await openLive(required(on18), newer, bench);
    const error = await untouched(async (target) =>
      rejection(copyDatabase(bench.tools, from, await openLive(required(on15), target, bench), copyRequest())),
    );
    expect(error.code).toBe("source_newer");
  });
});
