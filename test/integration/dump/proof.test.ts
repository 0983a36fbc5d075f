/** Dumps are proved by a restore: on a server of their own version, to the last row; and nothing else is. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openKeyring } from "../../../src/dump/authorship.ts";
import { compareContents } from "../../../src/dump/compare-contents.ts";
import { type Manifest, manifestPath } from "../../../src/dump/manifest.ts";
import { findProven, lastTried, trustedResults } from "../../../src/dump/proof.ts";
import { proveDumps } from "../../../src/dump/prove.ts";
import { listDumps } from "../../../src/dump/store.ts";
import { recordVerdicts, type Verdict, verifyDumps } from "../../../src/dump/verify.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import { withTargetSession } from "../../../src/resolve/target-session.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import {
  type Bench,
  createEveryKind,
  createSmall,
  databasesLike,
  dump,
  findDump,
  makeBench,
  openLive,
  pathOf,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { runOk } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { seeded, thorough } from "../../support/faults/moments.ts";

let server: TestServer;
let bench: Bench;
beforeAll(async () => {
  server = await sharedServer(17);
  bench = await makeBench();
});
afterAll(() => bench.remove());

/** `dumps verify`: the verdict, after it was written down. */
async function verify(
  on: Bench,
  path: string,
  { live, deep = true }: { live: LiveTarget | undefined; deep?: boolean },
): Promise<Verdict> {
  const { tools } = on;
  const servers = {
    ...{ runner: tools.runner, clientImage: "pgrove-test/postgres:{major}", stageParent: on.folder, note: tools.note },
  };
  const check = { keyring: await openKeyring(tools), reading: async () => ({ ...servers, live }) };
  const verdicts = await verifyDumps([await findDump(on, path)], tools, check);
  await proveDumps(tools, servers, verdicts, { live, deep, approveForeign: async () => undefined });
  await recordVerdicts(verdicts, tools);
  const [verdict] = verdicts;
  if (verdict === undefined) throw new Error("no verdict");
  return verdict;
}

async function provenOf(on: Bench, path: string) {
  return findProven(trustedResults(await findDump(on, path), await openKeyring(on.tools)));
}

describe("to the last row", () => {
  test("every kind of value comes back equal, and is written down as proved", async () => {
    const database = uniqueName("proved");
    await createEveryKind(server, database);
    await server.psql(
      database,
      `create table kept (id int, at timestamptz, span interval, price money, ratio float8, raw bytea, what regclass, gone int);
       alter table kept drop column gone;
       insert into kept select i, now() + i * interval '1 hour', i * interval '1 day 2 hours', i, 1 / 3.0 / i, '\\xff', 'kept'
         from generate_series(1, 500) i;
       create materialized view seen as select count(*) from kept; select lo_from_bytea(0, '\\x0102');
       create sequence counted; select nextval('counted');
       create table shut (id int); insert into shut values (1); alter table shut enable row level security;
       alter database ${database} set datestyle = 'German'; alter database ${database} set timezone = 'Asia/Kathmandu'`,
    );
    const live = await openLive(server, database, bench);
    const result = await dump(bench, live, { prove: true });
    const { tables, contents } = result.manifest;
    expect(tables.filter(({ hash }) => hash === undefined)).toEqual([]);
    expect(contents?.left_out).toContainValues(["public.seen", "public.kept.what"]);
    expect(contents?.sequences).toContainEqual({ schema: "public", name: "counted", value: "1 true" });
    const verdict = await verify(bench, pathOf(result), { live });
    expect(verdict.fault).toBeUndefined();
    expect(verdict).toMatchObject({ depth: "contents", serverVersion: result.manifest.server_version });
    expect(await provenOf(bench, pathOf(result))).toMatchObject({ depth: "contents", ok: true });
    expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
  });

  test("a row, a large object or a sequence that was changed by hand is found, and named", async () => {
    const database = uniqueName("changed");
    await createSmall(server, database, 50);
    await server.psql(
      database,
      "create table note (id int, body text, seen real); insert into note values (1, 'a', 0.1), (2, 'b', 0.2); select lo_from_bytea(4711, 'x'); create sequence counted",
    );
    const live = await openLive(server, database, bench);
    const result = await dump(bench, live);
    const again = uniqueName("again");
    await restore(bench, live, pathOf(result), { intoNew: again });
    const restored = await openLive(server, again, bench);
    const compared = () =>
      withTargetSession(restored, newRunId(new Date()), async (sql) => {
        return (await compareContents(sql, result.manifest)).differences;
      });
    expect(await compared()).toEqual([]);
    await server.psql(again, "update note set body = 'A' where id = 1; update note set body = 'A' where id = 1");
    expect(await compared()).toEqual(["public.note: its rows are not those that were dumped"]);
    // The same values, exchanged between two rows: counts and sums of columns would not tell.
    await server.psql(again, "update note set body = case id when 1 then 'b' else 'a' end");
    expect(await compared()).toEqual(["public.note: its rows are not those that were dumped"]);
    await server.psql(again, "truncate note; insert into note values (2, 'b', 0.2), (1, 'a', 0.1)");
    expect(await compared()).toEqual([]);
    await server.psql(again, "select lo_put(4711, 0, 'y'); select nextval('counted')");
    expect(await compared()).toEqual([
      "large objects: they are not those that were dumped",
      "sequence public.counted: 1 true, not 1 false",
    ]);
  });

  test("tables of more than 8 MiB have their contents recorded when that is asked for; then only are they proved", async () => {
    const database = uniqueName("large");
    await server.psql("postgres", `create database ${database}`);
    await server.psql(
      database,
      "create table small (id int); create table large as select i, repeat('x', 900) from generate_series(1, 10000) i",
    );
    const live = await openLive(server, database, bench);
    const { path = "", manifest } = await dump(bench, live);
    expect(manifest.tables.map(({ name, hash }) => [name, hash !== undefined])).toEqual([
      ["large", false],
      ["small", true],
    ]);
    expect(await verify(bench, path, { live })).toMatchObject({ depth: "restore" });
    expect(bench.notes.join("\n")).toContain("contents of 1 of 2 tables were compared");
    // It was tried as deep as it can be: `--deep --sample` takes another one next.
    const results = trustedResults(await findDump(bench, path), await openKeyring(bench.tools));
    expect(lastTried(results, "contents")).toBe(lastTried(results, "restore"));
    expect(await verify(bench, path, { live, deep: false })).toMatchObject({ depth: "restore" });
  });
});

test("another version than the target's: a server of the dump's own, which is gone afterwards", async () => {
  const own = await makeBench();
  const older = await sharedServer(15);
  const database = uniqueName("older");
  await createSmall(older, database, 20);
  const result = await dump(own, await openLive(older, database, own));
  const live = await openLive(server, "postgres", own);
  const verdict = await verify(own, pathOf(result), { live });
  expect(verdict.fault).toBeUndefined();
  expect(verdict).toMatchObject({ depth: "contents", serverVersion: result.manifest.server_version });
  const containers = await runOk("docker", ["ps", "-a", "--format", "{{.Names}}"]);
  expect(containers.split("\n").filter((name) => name.includes("throwaway"))).toEqual([]);
  await own.remove();
});

describe("what is not what was dumped is never proved", () => {
  const forms = ["one byte changed", "cut off", "another's manifest", "compressed anew", "signed anew"] as const;

  test("whatever became of it", async () => {
    const live = await openLive(server, uniqueName("damaged"), bench);
    await createSmall(server, live.database, 400);
    await server.psql(live.database, "create table text_too as select i, md5(i::text) from generate_series(1, 2000) i");
    const [one, stranger] = [await makeBench(), await makeBench()];
    const good = pathOf(await dump(one, live, { codec: { name: "zstd" } }));
    await server.psql(live.database, "update text_too set md5 = 'x' where i = 1");
    const other = pathOf(await dump(one, live, { codec: { name: "gzip" } }));
    const foreign = pathOf(await dump(stranger, live, { codec: { name: "zstd" } }));
    const random = seeded(4711);
    for (let turn = 0; turn < (thorough ? 200 : 20); turn++) {
      const form = forms[turn % forms.length] ?? "cut off";
      const path = join(one.store, "main-tried.dump");
      const bytes = readFileSync(form === "compressed anew" ? other : form === "signed anew" ? foreign : good);
      const at = Math.floor(random() * bytes.length);
      if (form === "one byte changed" || form === "signed anew")
        bytes[at] = (bytes[at] ?? 0) ^ (1 + Math.floor(random() * 255));
      writeFileSync(path, form === "cut off" ? bytes.subarray(0, at) : bytes);
      copyFileSync(manifestPath(form === "another's manifest" ? other : good), manifestPath(path));
      if (form === "signed anew") {
        const manifest: Manifest = JSON.parse(readFileSync(manifestPath(foreign), "utf8"));
        const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
        const { signManifest } = await import("../../../src/dump/authorship.ts");
        writeFileSync(manifestPath(path), JSON.stringify(await signManifest({ ...manifest, sha256 }, stranger.tools)));
      }
      // Of what a restore may find, the reading finds some first: which, is not the matter here.
      const verdict = await verify(one, path, { live });
      expect([form, verdict.fault === undefined ? "whole" : "found"]).toEqual([
        ...[form, form === "signed anew" && verdict.fault === undefined ? "whole" : "found"],
      ]);
      expect(await provenOf(one, path)).toBeUndefined();
    }
    const names = (await listDumps(one.store)).map(({ name }) => name);
    expect(names).toContain("main-tried.dump");
    await Promise.all([one.remove(), stranger.remove()]);
  });
});
