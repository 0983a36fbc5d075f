import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyDatabase } from "../../../src/copy/copy.ts";
import {
  type Bench,
  copyRequest,
  createSmall,
  databaseProperties,
  databasesLike,
  dump,
  ensureRoles,
  makeBench,
  openLive,
  pathOf,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Everything that belongs to a database and is in no dump of it, set to something unusual. */
function unusual(database: string): string {
  const name = quote(database);
  const odd = quote('pgrove "odd" ; role');
  return `
    alter database ${name} owner to pgrove_owner;
    alter database ${name} connection limit 42;
    comment on database ${name} is E'it''s "the" one; \\\\ $$ %\\nsecond line';
    alter database ${name} set search_path to "$user", "Odd ""Schema""; x, y", public;
    alter database ${name} set "my.setting" to E'it''s; "quoted" \\\\ = back';
    alter database ${name} set application_name to 'a=b=c';
    alter database ${name} set datestyle to 'German, DMY';
    alter database ${name} set temp_tablespaces to '';
    alter database ${name} set work_mem to '77MB';
    alter role pgrove_reader in database ${name} set search_path to '';
    alter role ${odd} in database ${name} set statement_timeout to '5min';
    revoke all on database ${name} from public;
    grant connect on database ${name} to pgrove_reader with grant option;
    grant create, temporary on database ${name} to ${odd};
  `;
}

const creations = [
  { name: "usual", options: () => "" },
  { name: "LATIN1 and C", options: () => "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'" },
  {
    name: "ICU",
    options: (major: number) =>
      `locale_provider icu icu_locale 'de-u-ks-level2'${major >= 16 ? " icu_rules '&V << w <<< W'" : ""}`,
  },
];

const tried = takingTurns([15, 18], import.meta.path);

describe.each(tried)("what belongs to the database itself, PostgreSQL %d", (major) => {
  const source = uniqueName("properties");
  let server: TestServer;
  let bench: Bench;
  let path: string;

  beforeAll(async () => {
    server = await sharedServer(major);
    bench = await makeBench();
    await ensureRoles(server);
    await createSmall(server, source, 20);
    path = pathOf(await dump(bench, await openLive(server, source, bench)));
  });
  afterAll(() => bench.remove());

  const createTarget = async (options: string): Promise<string> => {
    const target = `${uniqueName("Odd")} "d"; $b 'x' %ü`;
    await server.psql("postgres", `create database ${quote(target)} template template0 ${options}`);
    await server.psql("postgres", unusual(target));
    return target;
  };

  test.each(creations)("survives a restore: $name", async ({ options }) => {
    const target = await createTarget(options(major));
    const before = await databaseProperties(server, target);
    await restore(bench, await openLive(server, target, bench), path);
    expect(await databaseProperties(server, target)).toEqual(before);
    expect(await server.psql(target, "select count(*) from public.item")).toBe("20");
  });

  test("survives copies by stream and by template", async () => {
    const target = await createTarget("");
    const before = await databaseProperties(server, target);
    for (const strategy of ["stream", "template"] as const) {
      const [from, to] = [await openLive(server, source, bench), await openLive(server, target, bench)];
      const answer = await copyDatabase(bench.tools, from, to, copyRequest({ strategy }));
      expect(answer.strategy).toBe(strategy);
      expect(await databaseProperties(server, target)).toEqual(before);
      expect(await server.psql(target, "select count(*) from public.item")).toBe("20");
    }
  });

  test("a new copy on the same server gets the source's, except for the comment", async () => {
    const from = await createTarget("encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'");
    const before = Object(await databaseProperties(server, from));
    for (const strategy of ["stream", "template"] as const) {
      const to = uniqueName("new");
      const [a, b] = [await openLive(server, from, bench), await openLive(server, to, bench)];
      await copyDatabase(bench.tools, a, b, copyRequest({ strategy }));
      expect(await databaseProperties(server, to)).toEqual({ ...before, comment: null });
    }
  });

  test("a template stays one and can be replaced again and again", async () => {
    const target = uniqueName("template");
    await server.createDatabase(target);
    await server.psql("postgres", `alter database ${target} is_template true`);
    for (const discardPrevious of [false, false, true]) {
      await restore(bench, await openLive(server, target, bench), path, { discardPrevious });
      expect(await databaseProperties(server, target)).toMatchObject({ template: true });
    }
    expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
  });
});

describe("a role that is read-only by default", () => {
  let server: TestServer;
  let bench: Bench;
  beforeAll(async () => {
    server = await sharedServer(18);
    bench = await makeBench();
  });
  afterAll(() => bench.remove());

  test.each(["custom", "sql"] as const)("restores and copies (%s)", async (format) => {
    const user = uniqueName("reading");
    await server.psql("postgres", `create role ${user} login superuser password 'secret'`);
    await server.psql("postgres", `alter role ${user} set default_transaction_read_only = on`);
    const [source, target, copied] = [uniqueName("source"), uniqueName("restored"), uniqueName("copied")];
    await createSmall(server, source, 20);
    const open = (database: string) => openLive(server, database, bench, { user, password: "secret" });
    const written = pathOf(await dump(bench, await open(source), { format }));
    await restore(bench, await open(target), written);
    await copyDatabase(bench.tools, await open(target), await open(copied), copyRequest({ strategy: "stream" }));
    expect(await server.psql(copied, "select count(*) from item")).toBe("20");
  });
});
