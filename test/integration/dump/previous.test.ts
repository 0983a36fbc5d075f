import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { formerNameWithSuffix } from "../../../src/postgres/identifier.ts";
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
import { sharedServer, type TestServer } from "../../support/engine/server.ts";

describe("the replaced database", () => {
  let server: TestServer;
  let bench: Bench;
  let path: string;

  beforeAll(async () => {
    server = await sharedServer(17);
    bench = await makeBench();
    const source = uniqueName("source");
    await createSmall(server, source, 5);
    path = pathOf(await dump(bench, await openLive(server, source, bench)));
  });
  afterAll(() => bench.remove());

  const createTarget = async (name = uniqueName("kept")): Promise<string> => {
    await server.createDatabase(name);
    await server.psql(name, "create table mark as select 1 as version");
    return name;
  };

  test("is kept until the next restore replaces it", async () => {
    const target = await createTarget();
    const live = await openLive(server, target, bench);
    const first = await restore(bench, live, path);
    const previous = `${target}_before_restore`;
    expect(first.previous).toBe(previous);
    expect(await server.psql(previous, "select version from mark")).toBe("1");

    await server.psql(target, "create table mark as select 2 as version");
    await restore(bench, live, path);
    expect(await server.psql(previous, "select version from mark")).toBe("2");
    expect(await databasesLike(server, target)).toEqual([target, previous]);
    expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
  });

  test("is found under the name that earlier versions gave to a long one", async () => {
    const target = await createTarget(uniqueName("long").padEnd(60, "x"));
    const live = await openLive(server, target, bench);
    const { previous = "" } = await restore(bench, live, path);
    const former = formerNameWithSuffix(target, "_before_restore");
    expect(former).not.toBe(previous);
    await server.psql("postgres", `alter database "${previous}" rename to "${former}"`);
    await server.psql(target, "create table mark as select 2 as version");
    expect((await restore(bench, live, path)).previous).toBe(previous);
    expect(await server.psql(previous, "select version from mark")).toBe("2");
    expect(await databasesLike(server, target.slice(0, 30))).toEqual([target, previous].sort());
  });

  test("is dropped at once with discardPrevious, and one kept earlier stays", async () => {
    const target = await createTarget();
    const live = await openLive(server, target, bench);
    await restore(bench, live, path);
    await server.psql(target, "create table mark as select 2 as version");
    expect(await restore(bench, live, path, { discardPrevious: true })).not.toHaveProperty("previous");
    expect(await server.psql(`${target}_before_restore`, "select version from mark")).toBe("1");
    expect(await server.psql(target, "select to_regclass('mark') is null, count(*) from item")).toBe("t|5");
    expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
  });

  test("a database of that name that somebody else made is never dropped", async () => {
    const target = await createTarget();
    const theirs = `${target}_before_restore`;
    await createTarget(theirs);
    await server.psql("postgres", `comment on database ${theirs} is 'the last one before we restore'`);
    const live = await openLive(server, target, bench);
    const [before, untouched] = [await fingerprint(server, theirs), await fingerprint(server, target)];
    const error = await rejection(restore(bench, live, path));
    expect(error).toMatchObject({ code: "name_taken", exit: 1 });
    expect(error.message).toContain(theirs);
    expect(await fingerprint(server, target)).toEqual(untouched);

    await restore(bench, live, path, { discardPrevious: true });
    expect(await server.psql(target, "select count(*) from item")).toBe("5");
    expect(await fingerprint(server, theirs)).toEqual(before);
  });

  test("with a replication slot or a prepared transaction of its own it is not dropped silently", async () => {
    const target = await createTarget();
    const live = await openLive(server, target, bench);
    const { previous = "" } = await restore(bench, live, path);
    const slot = uniqueName("slot");
    await server.psql(previous, `select pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
    await server.psql(target, "create table mark as select 3 as version");
    const error = await rejection(restore(bench, live, path));
    expect(error).toMatchObject({ code: "database_bound", exit: 5 });
    expect(error.message).toContain(`replication slot ${slot}`);
    expect(await server.psql(target, "select version from mark")).toBe("3");
    expect(await server.psql("postgres", `select pg_drop_replication_slot('${slot}')`)).toBe("");

    await server.psql(previous, `begin; insert into mark values (9); prepare transaction '${slot}'`);
    expect((await rejection(restore(bench, live, path))).message).toContain(`prepared transaction ${slot}`);
    await server.psql(previous, `rollback prepared '${slot}'`);
    await restore(bench, live, path);
    expect(await server.psql(target, "select to_regclass('mark') is null")).toBe("t");
  });

  test("two names that are one for the first 63 bytes keep two databases apart", async () => {
    const stem = `${uniqueName("long")}_`.padEnd(62, "x");
    const [a, b] = [await createTarget(`${stem}a`), await createTarget(`${stem}b`)];
    const kept = [await restore(bench, await openLive(server, a, bench), path)];
    kept.push(await restore(bench, await openLive(server, b, bench), path));
    const names = kept.map(({ previous }) => previous ?? "");
    expect(new Set(names).size).toBe(2);
    for (const name of names) {
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
      expect(await server.psql(name, "select version from mark")).toBe("1");
    }
  });
});
