/** What the comparison of two databases makes of option lists: only what no dump holds does not count. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  type Bench,
  dump,
  fingerprint,
  makeBench,
  openLive,
  pathOf,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { sharedServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await makeBench();
});
afterAll(() => bench.remove());

/** Puts an option into a catalog, as a server could that has one of its own. */
const force = (catalog: string, list: string, option: string, where: string) =>
  `set allow_system_table_mods = on; update ${catalog} set ${list} = array_append(${list}, '${option}=1') where ${where};`;

describe.each(takingTurns([15, 17, 18], import.meta.path))("PostgreSQL %d", (major) => {
  async function build(sql: string): Promise<string> {
    const server = await sharedServer(major);
    const database = uniqueName("options");
    await server.createDatabase(database);
    await server.psql(
      database,
      `create table t (a int, b text) with (fillfactor = 70, toast.autovacuum_enabled = false);
       alter table t alter a set (n_distinct = 5); create view v with (security_barrier) as select * from t; ${sql}`,
    );
    return database;
  }
  const read = async (database: string) => fingerprint(await sharedServer(major), database);

  test("a restored database is equal, until an option of it is lost or changed", async () => {
    const server = await sharedServer(major);
    const source = await build("");
    const path = pathOf(await dump(bench, await openLive(server, source, bench)));
    const database = uniqueName("options_back");
    await restore(bench, await openLive(server, database, bench), path);
    let before = await read(database);
    expect(before).toEqual(await read(source));
    for (const change of [
      "alter table t alter a set (n_distinct = 6)",
      "alter table t alter a reset (n_distinct)",
      "alter table t alter b set (n_distinct_inherited = 2)",
      "alter table t reset (fillfactor)",
      "alter table t reset (toast.autovacuum_enabled)",
      "alter view v reset (security_barrier)",
    ]) {
      await server.psql(database, change);
      const after = await read(database);
      expect(after.filter((line) => !before.includes(line))).toHaveLength(1);
      before = after;
    }
  });

  test("an option that nobody knows counts where this server's pg_dump writes it", async () => {
    const option = uniqueName("written");
    const attribute = "attrelid = 't'::regclass and attname = 'b'";
    const before = await read(await build(""));
    const inColumn = await read(await build(force("pg_attribute", "attoptions", option, attribute)));
    expect(inColumn.filter((line) => line.includes(option))).toHaveLength(1);
    expect(inColumn).not.toEqual(before);
    const inTable = await read(await build(force("pg_class", "reloptions", option, "oid = 't'::regclass")));
    expect(inTable.filter((line) => line.includes(option))).toHaveLength(1);
    expect(inTable).not.toEqual(before);
  });

  test("and does not where it writes none", async () => {
    const option = uniqueName("unwritten"); // pg_dump writes no options of a view's columns
    const attribute = "attrelid = 'v'::regclass and attname = 'a'";
    const strange = await build(force("pg_attribute", "attoptions", option, attribute));
    expect(await read(strange)).toEqual(await read(await build("")));
  });
});
