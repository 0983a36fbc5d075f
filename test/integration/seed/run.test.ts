import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type FilesRequest, planFiles, seedFiles } from "../../../src/seed/sql/run-files.ts";
import { readSeedFiles } from "../../../src/seed/sql/sql-files.ts";
import { type Bench, makeBench, openLive, rejection, uniqueName } from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";

describe.each(takingTurns([15, 18], import.meta.path))("SQL seed files on PostgreSQL %i", (major) => {
  let bench: Bench;
  let server: TestServer;
  beforeAll(async () => {
    bench = await makeBench();
    server = await sharedServer(major);
  });
  afterAll(() => bench.remove());

  /** A database with an empty table of cities, and a folder of seeds of its own. */
  async function prepare(seeds: Readonly<Record<string, string>>) {
    const database = uniqueName("seed_files");
    await server.createDatabase(database);
    await server.psql(database, "create table city (id int primary key, name text not null)");
    const live = await openLive(server, database, bench);
    const root = join(bench.folder, database);
    const write = async (files: Readonly<Record<string, string>>) => {
      await mkdir(join(root, "seeds"), { recursive: true });
      for (const [name, text] of Object.entries(files)) await writeFile(join(root, "seeds", name), text);
    };
    await write(seeds);
    const run = async (request: Partial<FilesRequest> = {}) =>
      await seedFiles(bench.tools, live, { ...(await wish(root)), ...request });
    const cities = async () => await server.psql(database, "select string_agg(name, ',' order by id) from city");
    return { database, live, root, write, run, cities };
  }

  async function wish(root: string): Promise<FilesRequest> {
    const files = await readSeedFiles({ root, dir: join(root, "seeds"), listed: undefined, names: ["staging"] });
    return { files, force: false, transaction: true, consent: async () => undefined };
  }

  test("base.sql comes first, then the target's own; what has not changed is skipped", async () => {
    const { run, write, cities } = await prepare({
      "base.sql": "insert into city values (1, 'Ulm');",
      "staging.sql": "update city set name = name || '!' where id = 1;",
      "other.sql": "insert into city values (9, 'Rom');",
    });
    expect(await run()).toEqual({ applied: ["seeds/base.sql", "seeds/staging.sql"], unchanged: [] });
    expect(await cities()).toBe("Ulm!");
    expect(await run()).toEqual({ applied: [], unchanged: ["seeds/base.sql", "seeds/staging.sql"] });
    await write({ "staging.sql": "insert into city values (2, 'Bern');" });
    expect(await run()).toEqual({ applied: ["seeds/staging.sql"], unchanged: ["seeds/base.sql"] });
    expect(await cities()).toBe("Ulm!,Bern");
  });

  test("line ends alone are no change; --force runs everything again", async () => {
    const { run, write, cities } = await prepare({
      "base.sql": "delete from city;\ninsert into city values (1, 'Ulm');\n",
    });
    await run();
    await write({ "base.sql": "delete from city;\r\ninsert into city values (1, 'Ulm');\r\n" });
    expect((await run()).applied).toEqual([]);
    expect((await run({ force: true })).applied).toEqual(["seeds/base.sql"]);
    expect(await cities()).toBe("Ulm");
  });

  test("rows of COPY and psql's own commands go through psql, in the same transaction", async () => {
    const rows = "copy city from stdin;\n1\tUlm\n2\tBern\n\\.\n";
    const { run, cities } = await prepare({ "base.sql": rows, "staging.sql": "insert into city values (3, 'Rom')" });
    await run();
    expect(await cities()).toBe("Ulm,Bern,Rom");
  });

  const failing = [
    {
      what: "SQL",
      files: {
        "base.sql": "insert into city values (1, 'Ulm');",
        "staging.sql": "select 1;\n  insert into cty values (2);",
      },
      place: "seeds/staging.sql:2:15",
    },
    {
      what: "psql",
      files: { "base.sql": "copy city from stdin;\n1\tUlm\n\\.\n", "staging.sql": "\n\ninsert into cty values (2);" },
      place: "seeds/staging.sql:3",
    },
    {
      what: "psql, behind much that it has said",
      files: {
        "base.sql": `copy city from stdin;\n1\tUlm\n\\.\n${"do $$ begin raise notice 'ERROR:  none'; end $$;\n".repeat(30)}`,
        "staging.sql": "\n\ninsert into cty values (2);",
      },
      place: 'seeds/staging.sql:3: ERROR:  relation "cty" does not exist',
    },
    {
      what: "an open quote",
      files: { "base.sql": "copy city from stdin;\n1\tUlm\n\\.\n", "staging.sql": "select 'open;" },
      place: "seeds/staging.sql",
    },
    { what: "rows without an end", files: { "base.sql": "copy city from stdin;\n1\tUlm\n" }, place: "seeds/base.sql" },
  ];
  test.each(failing)("a mistake in a later file leaves nothing: $what", async ({ files, place }) => {
    const { run, cities, live } = await prepare(files);
    expect((await rejection(run())).message).toContain(place);
    expect(await cities()).toBe("");
    const { pending } = await planFiles(bench.tools, live, await wish(join(bench.folder, live.database)));
    expect(pending).toHaveLength(Object.keys(files).length);
  });

  test("without a transaction each statement stands, and what cannot run in one is run", async () => {
    const text = "insert into city values (1, 'Ulm');\nvacuum city;\ninsert into city values (1, 'twice');";
    const { run, cities } = await prepare({ "base.sql": text });
    expect((await rejection(run())).exit).toBe(3);
    const error = await rejection(run({ transaction: false }));
    expect(error.message).toContain("seeds/base.sql");
    expect(await cities()).toBe("Ulm");
  });

  test("what a file sets is not there in the next one", async () => {
    const { run, cities } = await prepare({
      "base.sql": "set search_path to pg_catalog; set role pg_monitor;",
      "staging.sql": "insert into city values (1, 'Ulm');",
    });
    await run();
    expect(await cities()).toBe("Ulm");
  });

  test("a psql command that reaches beyond the database is refused before anything runs", async () => {
    const { run, cities } = await prepare({
      "base.sql": "insert into city values (1, 'Ulm');",
      "staging.sql": "\\! touch /tmp/x\n",
    });
    expect((await rejection(run())).exit).toBe(3);
    expect(await cities()).toBe("");
  });

  test("consent is asked with the files' names, and before anything runs", async () => {
    const { run, cities } = await prepare({ "base.sql": "insert into city values (1, 'Ulm');" });
    const asked: (readonly string[])[] = [];
    const refuse = async (files: readonly string[]) => {
      asked.push(files);
      throw new Error("no");
    };
    await run({ consent: refuse }).catch(() => undefined);
    expect(asked).toEqual([["seeds/base.sql"]]);
    expect(await cities()).toBe("");
  });

  test("two runs at once: the second is refused, or finds nothing to do", async () => {
    const { run, cities } = await prepare({ "base.sql": "insert into city values (1, 'Ulm'); select pg_sleep(0.2);" });
    const results = await Promise.allSettled([run(), run()]);
    expect(results.filter(({ status }) => status === "fulfilled").length).toBeGreaterThan(0);
    expect(await cities()).toBe("Ulm");
  });
});
