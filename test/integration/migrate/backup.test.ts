/** What is saved before migrating, and under which name. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { createSnapshot, readSnapshots } from "../../../src/copy/snapshot.ts";
import { findManifest } from "../../../src/dump/manifest.ts";
import { type Backup, type BackupRequest, backUp } from "../../../src/migrate/run/backup.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import { type Bench, createSmall, makeBench, openLive } from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { openSql } from "../../support/migration-ledgers.ts";

let bench: Bench;
let server: TestServer;
let live: LiveTarget;

beforeAll(async () => {
  bench = await makeBench();
  server = await sharedServer(17);
  const database = `backup_${randomUUID().slice(0, 8)}`;
  await createSmall(server, database);
  live = await openLive(server, database, bench);
});

afterAll(async () => {
  for (const { database } of await readSnapshots(live, new Date())) {
    await server.psql("postgres", `drop database "${database}"`);
  }
  await bench.remove();
});

async function save(request: Pick<BackupRequest, "kind"> & Partial<BackupRequest>): Promise<Backup> {
  return await backUp(bench.tools, live, {
    ...{ step: { direction: "up", digits: "042", name: "add_users" }, keep: 5 },
    dump: { destination: { kind: "store", folder: bench.store }, project: "tests", git: null, pgroveVersion: "0" },
    whenConnected: async () => "wait",
    ...request,
  });
}

describe("a backup", () => {
  test("as a dump carries the version in its name, and the migration in its note", async () => {
    const { name, kind } = await save({ kind: "dump" });
    expect(kind).toBe("dump");
    expect(name).toMatch(/^main-before-042-\d{8}-\d{6}\.dump$/);
    const manifest = await findManifest(`${bench.store}/${name}`);
    expect(manifest).toMatchObject({ source: "main", note: "before migration 042 add_users" });
  });

  test("as a snapshot is named by the version, with a number where the name is taken", async () => {
    const down = { direction: "down", digits: "7", name: "" } as const;
    expect((await save({ kind: "snapshot", step: down })).name).toBe("before-down-7");
    await createSnapshot(bench.tools, live, { name: "before-042", keep: 5, whenConnected: async () => "wait" });
    expect((await save({ kind: "snapshot" })).name).toBe("before-042-2");
  });

  test("disconnects nobody who is not to be: a dump is made instead", async () => {
    const session = openSql(server, live.database);
    await session`select 1`;
    const asked: number[] = [];
    const saved = await save({
      kind: "snapshot",
      whenConnected: async (sessions) => {
        asked.push(sessions.length);
        return "dump";
      },
    });
    expect([saved.kind, asked]).toEqual(["dump", [1]]);
    expect(await session`select 1 as still`).toMatchObject([{ still: 1 }]);
    await session.end();
  });
});
