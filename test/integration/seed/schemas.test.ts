/**
 * Schemas in the shapes of real ones, seeded as `seed init && seed all 200` does: every table that can have rows has
 * them, by a file of factories and from the schema alone. Each on one version of PostgreSQL, or on all of them.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { tableKey } from "../../../src/seed/entity.ts";
import { loadFactories } from "../../../src/seed/factory/factory-file.ts";
import { proposeFactories } from "../../../src/seed/factory/init.ts";
import { seedRows } from "../../../src/seed/load/rows.ts";
import { readTables } from "../../../src/seed/schema/read-tables.ts";
import { type Bench, makeBench, openLive, uniqueName } from "../../support/database.ts";
import { type Major, majors } from "../../support/engine/images.ts";
import { sharedServer } from "../../support/engine/server.ts";
import { thorough } from "../../support/faults/moments.ts";
import { connectTo } from "../../support/seed/load.ts";

const folder = join(import.meta.dir, "../../support/schemas");
const schemas = (await readdir(folder)).sort().map((file) => basename(file, ".sql"));
const cases = schemas.flatMap((schema, at) => {
  const own = thorough ? majors : [majors[at % majors.length]];
  return own.flatMap((major): [string, Major][] => (major === undefined ? [] : [[schema, major]]));
});

const ROWS = 200;

/** Tables that have fewer rows, since they have fewer values. */
const FEWER: Readonly<Record<string, number>> = {
  ...{ "ledger.account_types": 40, "public.terms": 60, "public.years": 101 },
};
/** Tables some of whose rows are found by trying, however many. */
const SOME: ReadonlySet<string> = new Set(["public.leases"]);
/** What cannot have any, or wants more than a row by itself can show: sums over rows, chains, calendars of two columns. */
const NONE = ["metrics.archive", ...["chain", "postings", "sign_offs", "weeks"].map((name) => `public.${name}`)];

let bench: Bench;
beforeAll(async () => {
  bench = await makeBench();
});
afterAll(() => bench.remove());

/** Rows by the table, of every table that is no partition. */
const COUNTS = `select json_object_agg(n.nspname || '.' || c.relname,
    (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from only %I.%I', n.nspname, c.relname), false, true, '')))[1]::text::int
    + case c.relkind when 'p' then (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %I.%I', n.nspname, c.relname), false, true, '')))[1]::text::int else 0 end)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_|^pgrove$' and n.nspname <> 'information_schema'`;

describe.each(cases)("%s on PostgreSQL %i", (schema, major) => {
  test("by a file that init writes, and from the schema alone", async () => {
    const server = await sharedServer(major);
    const database = uniqueName(`seed_${schema}`);
    await server.createDatabase(database);
    await server.psql(database, await Bun.file(join(folder, `${schema}.sql`)).text());
    const sql = connectTo(server, database);
    const tables = await readTables(sql);
    await sql.end();
    const live = await openLive(server, database, bench);
    const seed = async (dir: string) => {
      const factories = await loadFactories(dir, { today: new Date("2026-01-01") });
      return await seedRows(bench.tools, live, {
        ...{ factories, upsert: false, skipTriggers: false, loads: true, consent: async () => undefined },
        wish: { counts: new Map(), defaultCount: 10, count: ROWS, lenient: true },
      });
    };
    const dir = join(bench.folder, database);
    await mkdir(dir);
    await writeFile(join(dir, "factories.yaml"), await proposeFactories(tables, new Date("2026-01-01")));
    const known = ([table]: [string, number]) => !SOME.has(table);
    const counts = async () => {
      const found = JSON.parse(await server.psql(database, COUNTS)) as Record<string, number>;
      return Object.fromEntries(Object.entries(found).filter(known));
    };
    const expected = (times: number) =>
      Object.fromEntries(
        [...tables.keys()]
          .filter((table) => !SOME.has(table))
          .map((table) => [table, NONE.includes(table) ? 0 : (FEWER[table] ?? ROWS * times)]),
      );

    const first = await seed(dir);
    const surprising = first.leftOut.filter(({ table }) => ![...NONE, ...SOME].includes(tableKey(table)));
    expect(surprising.map(({ why }) => why)).toEqual([]);
    expect(await counts()).toEqual(expected(1));
    await seed(join(bench.folder, "none"));
    expect(await counts()).toEqual(expected(2));
    await server.psql("postgres", `drop database "${database}"`);
  });
});
