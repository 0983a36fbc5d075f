import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findManifest, type Manifest, parseManifest, writeManifest } from "../../../src/dump/manifest.ts";
import { removeDump } from "../../../src/dump/remove-dumps.ts";
import {
  createdAt,
  fileStem,
  listDumps,
  publishDump,
  requireDump,
  requireLatestDump,
  requireStoredDump,
  requireStoreFolder,
  sourceOfName,
} from "../../../src/dump/store.ts";

let root = "";
let store = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-store-"));
  store = join(root, "store");
  await requireStoreFolder(store);
});
afterEach(() => rm(root, { recursive: true }));

const noon = new Date(2026, 0, 15, 14, 30, 22);

function manifest(values: Partial<Manifest> = {}): Manifest {
  return {
    ...{
      version: 1,
      name: "x",
      created_at: "2026-01-15T13:30:22.000Z",
      project: "onyx",
      source: "main",
      database: "onyx",
    },
    ...{ format: "custom", codec: "zstd", content: "all", partial: false, sha256: "00", size_bytes: 1, note: null },
    ...{ database_size_bytes: 1, server_version: "17.2", pg_dump_version: "17.2", encoding: "UTF8", collate: "C" },
    ...{ ctype: "C", locale_provider: "c", locale: null, extensions: [], roles: [], tablespaces: [], tables: [] },
    ...{ migration_version: null, git: null, duration_ms: 1, run: "r", pgrove_version: "0" },
    ...values,
  };
}

async function put(name: string, created?: string, source = "main"): Promise<string> {
  const path = join(store, name);
  await writeFile(path, name);
  if (created !== undefined) await writeManifest(path, manifest({ name, created_at: created, source }));
  return path;
}

const rejected = (promise: Promise<unknown>) =>
  promise.then(
    () => ({ code: "resolved" }),
    (error: unknown) => error,
  );

describe("the folder", () => {
  test("is its owner's alone when it is made, and keeps its mode when it was there", async () => {
    const open = join(root, "open");
    await mkdir(open, { mode: 0o755 });
    await requireStoreFolder(open);
    expect((await stat(store)).mode & 0o777).toBe(0o700);
    expect((await stat(open)).mode & 0o777).toBe(0o755);
  });

  test("that cannot be one is said", async () => {
    await writeFile(join(root, "file"), "");
    expect(await rejected(requireStoreFolder(join(root, "file", "store")))).toMatchObject({
      code: "store_unwritable",
      exit: 1,
    });
  });
});

describe("names", () => {
  test.each([
    ["main", "main"],
    ["feature/x", "feature-x"],
    ["a/../b", "a-..-b"],
    ["../../etc", "etc"],
    ["-rf *", "rf-"],
    [".hidden", "hidden"],
    ["日本 ; $(x)", "日本-x-"],
    ["\0\n", "database"],
    ["", "database"],
    ["...", "database"],
  ])("%p is %p in a file's name", (source, stem) => expect(fileStem(source)).toBe(stem));

  test("long ones are cut between characters", () => {
    const stem = fileStem("é".repeat(200));
    expect(stem).toBe("é".repeat(60));
  });

  test("dumps of one second have names of their own, also when they are published at once", async () => {
    const published = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const temporary = join(store, `.tmp${index}`);
        await writeFile(temporary, `dump ${index}`);
        const source = index % 2 === 0 ? "feature/x" : "feature-x";
        return publishDump(temporary, store, { source, at: noon, extension: "dump" }, async () => async () => {});
      }),
    );
    expect(new Set(published).size).toBe(12);
    const expected = ["", ...Array.from({ length: 11 }, (_, index) => `-${index + 2}`)];
    expect((await readdir(store)).sort()).toEqual(
      expected.map((copy) => `feature-x-20260115-143022${copy}.dump`).sort(),
    );
    const contents = await Promise.all(published.map((path) => Bun.file(path).text()));
    expect(contents).toEqual(Array.from({ length: 12 }, (_, index) => `dump ${index}`));
  });
});

describe("a dump gets its name", () => {
  const named = { source: "main", at: noon, extension: "dump" };
  const put = async (path: string) => {
    const beside = `${path}.manifest.json`;
    if (await Bun.file(beside).exists()) return undefined;
    await writeFile(beside, "");
    return () => rm(beside);
  };

  test("once all is there that lies beside it", async () => {
    const temporary = join(store, ".tmp");
    await writeFile(temporary, "dump");
    const seen: string[][] = [];
    const path = await publishDump(temporary, store, named, async (each) => {
      const takeBack = await put(each);
      seen.push((await readdir(store)).filter((name) => !name.startsWith(".")));
      return takeBack;
    });
    const name = "main-20260115-143022.dump";
    expect(path).toBe(join(store, name));
    expect(seen).toEqual([[`${name}.manifest.json`]]);
  });

  test("and nothing stays beside a name that another took meanwhile, or where it fails", async () => {
    const temporary = join(store, ".tmp");
    await writeFile(temporary, "dump");
    const path = await publishDump(temporary, store, named, async (each) => {
      const takeBack = await put(each);
      if (!each.endsWith("-2.dump")) await writeFile(each, "another's");
      return takeBack;
    });
    const [name, next] = ["main-20260115-143022.dump", "main-20260115-143022-2.dump"];
    expect(path).toBe(join(store, next));
    expect((await readdir(store)).sort()).toEqual([next, `${next}.manifest.json`, name].sort());
    const gone = publishDump(join(store, ".gone"), store, { ...named, source: "x" }, put);
    expect(await rejected(gone)).toMatchObject({ code: "ENOENT" });
    expect((await readdir(store)).filter((each) => each.startsWith("x-"))).toEqual([]);
  });
});

describe("listDumps", () => {
  test("newest first, by the manifest's time, else by the file's", async () => {
    await put("b.dump", "2026-01-02T00:00:00.000Z");
    await put("c.sql.zst", "2026-01-03T00:00:00.000Z");
    const bare = await put("a.tar");
    await utimes(bare, noon, new Date("2026-01-02T12:00:00.000Z"));
    const dumps = await listDumps(store);
    expect(dumps.map(({ name }) => name)).toEqual(["c.sql.zst", "a.tar", "b.dump"]);
    expect(dumps.map(createdAt)).toEqual(
      ["2026-01-03T00:00Z", "2026-01-02T12:00Z", "2026-01-02T00:00Z"].map(Date.parse),
    );
    expect(dumps.map((dump) => dump.manifest?.source)).toEqual(["main", undefined, "main"]);
  });

  test("leaves out links, folders, manifests, unfinished and foreign files", async () => {
    await put("real.dump", "2026-01-02T00:00:00.000Z");
    await writeFile(join(root, "outside.dump"), "x");
    await symlink(join(root, "outside.dump"), join(store, "link.dump"));
    await mkdir(join(store, "folder.dump"));
    for (const name of [".real.dump.1.tmp", "notes.txt", "real.dump.bak"]) await writeFile(join(store, name), "x");
    expect((await listDumps(store)).map(({ name }) => name)).toEqual(["real.dump"]);
    expect(await listDumps(join(root, "nowhere"))).toEqual([]);
    expect(await rejected(listDumps(join(root, "outside.dump")))).toMatchObject({ code: "store_unreadable" });
  });

  test.each([
    ["a pipe", (path: string) => void Bun.spawnSync(["mkfifo", path])],
    ["a folder", (path: string) => mkdir(path)],
    ["a link", (path: string) => symlink(join(root, "elsewhere"), path)],
  ])("a manifest that is %s is not read and not waited for; the dump can be removed", async (_, make) => {
    await writeManifest(join(root, "x"), manifest());
    await rename(join(root, "x.manifest.json"), join(root, "elsewhere"));
    const path = await put("a.dump");
    await make(`${path}.manifest.json`);
    const [dump] = await listDumps(store);
    expect(dump?.manifest).toBeUndefined();
    expect(dump?.manifestError).toContain(`${path}.manifest.json is not a regular file`);
    if (dump !== undefined) await removeDump(dump);
    expect(await readdir(store)).not.toContain("a.dump");
    expect(await Bun.file(join(root, "elsewhere")).exists()).toBe(true);
  });

  test("shows a dump whose manifest is damaged, and why", async () => {
    const path = await put("x.dump", "2026-01-02T00:00:00.000Z");
    const text = await Bun.file(`${path}.manifest.json`).text();
    for (const damaged of [text.slice(0, -20), "", "null", "[]", text.replace('"version": 1', '"version": 2')]) {
      await writeFile(`${path}.manifest.json`, damaged);
      const [dump] = await listDumps(store);
      expect(dump).toMatchObject({ name: "x.dump", manifestError: expect.stringContaining("x.dump.manifest.json") });
      expect(dump).not.toHaveProperty("manifest");
    }
  });
});

describe("requireDump", () => {
  const find = (text: string) => requireDump(text, store, root, root);

  test("by its name, by the beginning of one, by a path, in the current folder", async () => {
    await put("main-1.dump");
    await put("other-1.dump");
    await writeFile(join(root, "here.dump"), "x");
    expect((await find("main-1.dump")).path).toBe(join(store, "main-1.dump"));
    expect((await find("oth")).path).toBe(join(store, "other-1.dump"));
    expect((await find("here.dump")).path).toBe(join(root, "here.dump"));
    for (const path of ["./here.dump", "~/here.dump", join(root, "here.dump"), "store/../here.dump"]) {
      expect((await find(path)).path).toBe(join(root, "here.dump"));
    }
  });

  test("the store's dump wins over a file of the same name here", async () => {
    await put("same.dump");
    await writeFile(join(root, "same.dump"), "x");
    expect((await find("same.dump")).path).toBe(join(store, "same.dump"));
    expect((await find("./same.dump")).path).toBe(join(root, "same.dump"));
  });

  test("what is not there, not clear, or not a file", async () => {
    await put("main-1.dump");
    await put("main-2.dump");
    expect(await rejected(find("nothing"))).toMatchObject({ code: "dump_missing", exit: 4 });
    expect(await rejected(find("./nothing"))).toMatchObject({ code: "dump_missing", exit: 4 });
    expect(await rejected(find("main"))).toMatchObject({ code: "usage", exit: 2 });
    for (const text of ["", "a\0b"]) expect(await rejected(find(text))).toMatchObject({ code: "usage", exit: 2 });
    expect(await rejected(find("/dev/null"))).toMatchObject({ code: "not_a_dump", exit: 1 });
  });
});

describe("what removes stays in the store", () => {
  test.each(["../victim.dump", "/etc/hostname", "sub/x.dump", "..", ".", "", "./x.dump"])("%p", async (name) => {
    await writeFile(join(root, "victim.dump"), "x");
    expect(await rejected(requireStoredDump(name, store))).toMatchObject({ code: "usage", exit: 2 });
  });

  test("links, folders, manifests and other files are no dumps of it", async () => {
    await writeFile(join(root, "victim.dump"), "x");
    await symlink(join(root, "victim.dump"), join(store, "link.dump"));
    await mkdir(join(store, "folder.dump"));
    await put("real.dump", "2026-01-02T00:00:00.000Z");
    for (const name of ["link.dump", "folder.dump"]) {
      expect(await rejected(requireStoredDump(name, store))).toMatchObject({ code: "not_a_file", exit: 5 });
    }
    for (const name of ["real.dump.manifest.json", "real", "absent.dump"]) {
      expect(await rejected(requireStoredDump(name, store))).toMatchObject({ code: "dump_missing", exit: 4 });
    }
    await removeDump(await requireStoredDump("real.dump", store));
    expect((await readdir(store)).sort()).toEqual(["folder.dump", "link.dump"]);
    expect(await Bun.file(join(root, "victim.dump")).text()).toBe("x");
  });
});

test("the latest of a source, by manifest or name", async () => {
  await put("main-20260101-000000.dump", "2026-01-01T00:00:00.000Z");
  await put("odd.dump", "2026-01-05T00:00:00.000Z", "staging");
  const named = await put("staging-20260109-000000-2.dump");
  await utimes(named, noon, new Date("2026-01-09T00:00:00.000Z"));
  expect((await requireLatestDump(store)).name).toBe("staging-20260109-000000-2.dump");
  expect((await requireLatestDump(store, "staging")).name).toBe("staging-20260109-000000-2.dump");
  expect((await requireLatestDump(store, "main")).name).toBe("main-20260101-000000.dump");
  expect((await requireLatestDump(store, "production", "main")).name).toBe("main-20260101-000000.dump");
  expect((await requireLatestDump(store, "main", "staging")).name).toBe("main-20260101-000000.dump");
  const error = await rejected(requireLatestDump(store, "production"));
  expect(error).toMatchObject({ code: "dump_missing", exit: 4, hint: expect.stringContaining("staging, main") });
  expect(await rejected(requireLatestDump(join(root, "empty")))).toMatchObject({ code: "dump_missing" });
});

describe("manifests", () => {
  test("are read back as they were written, for their owner alone", async () => {
    const path = await put("x.dump");
    expect(await findManifest(path)).toBeUndefined();
    const written = manifest({
      note: 'ü "x"\n',
      tables: [{ schema: "s", name: "t", rows: null, exact: false, bytes: 5 }],
    });
    await writeManifest(path, written);
    expect(await findManifest(path)).toEqual(written);
    expect((await stat(`${path}.manifest.json`)).mode & 0o777).toBe(0o600);
  });

  test("that lack what is relied on are none", () => {
    const whole = manifest();
    expect(parseManifest(JSON.stringify(whole))).toEqual(whole);
    for (const key of [
      "version",
      "sha256",
      "created_at",
      "size_bytes",
      "tables",
      "roles",
      "extensions",
      "encoding",
    ] as const) {
      const { [key]: _left, ...rest } = whole;
      expect(parseManifest(JSON.stringify(rest))).toBeUndefined();
    }
    expect(parseManifest(JSON.stringify({ ...whole, created_at: "yesterday" }))).toBeUndefined();
    expect(parseManifest(JSON.stringify({ ...whole, tables: [{ name: 5 }] }))).toBeUndefined();
  });
});

test("what a dump is of, its name says without ending, date and time", () => {
  const names = {
    main: ["main-20260115-133022.dump", "main-20260115-133022-2.sql.gz", "main-20260115-133022.dump.age"],
    app: [
      ...["app-20260101.sql.gz", "app_2026-01-01.dump", "app-2026-01-01T0200.sql", "app.2026-01-01_02-00-00.sql.zst"],
      ...["app-20260101T020000Z.backup", "2026-01-01-app.backup", "20260101_020000_app.dump", "app.sql.gz", "app"],
    ],
    // As much a part of a name as anything.
    ...{ "app-2": ["app-2.dump"], v20260101: ["v20260101.dump"], "x-1234567890": ["x-1234567890.dump"] },
    ...{ "feature-2026": ["feature-2026.dump"], "at-2026-01-01": ["at-2026-01-01-20260115-133022.dump"] },
    dump: ["2026-01-01.dump", "20260115-133022.sql.gz"],
  };
  for (const [source, all] of Object.entries(names))
    expect(all.map((name) => [name, sourceOfName(name)])).toEqual(all.map((name) => [name, source]));
});
