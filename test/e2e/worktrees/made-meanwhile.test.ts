/** A database that somebody makes under the name of one that pgrove is just building: it stays, and pgrove says so. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer } from "../../support/engine/server.ts";
import { freshName } from "../../support/faults/sample.ts";
import { patiently } from "../../support/patience.ts";
import { Grove } from "../../support/worktrees/grove.ts";

const TIMEOUT_MS = patiently(180_000);

let grove: Grove;
beforeAll(async () => {
  grove = await Grove.create(await sharedServer(17), { yaml: "environments: {c: {env_file: .env.c}}\n" });
  const { port, user, password } = grove.server;
  const url = `postgres://${user}:${password}@127.0.0.1:${port}/${grove.project}_c`;
  await grove.commit("an environment", { ".env.c": `DATABASE_URL=${url}\n` });
});
afterAll(() => grove[Symbol.asyncDispose]());

/** A plain dump whose load waits until the role is there; roles are the same in every database. */
const slowDump = (role: string) =>
  `create table mine (a int);
   do $$ begin while not exists (select from pg_roles where rolname = '${role}') loop perform pg_sleep(0.05); end loop; end $$;
   -- PostgreSQL database dump complete
`.replaceAll(/^ +/gm, "");

const WAYS: [way: string, args: (dump: string) => string[], database: () => string][] = [
  ["new --restore", (dump) => ["new", "a", "--restore", dump], () => `${grove.project}_a`],
  ["restore --into-new", (dump) => ["restore", dump, "--into-new", `${grove.project}_b`], () => `${grove.project}_b`],
  ["restore --to", (dump) => ["restore", dump, "--to", `@c`, "--discard-previous"], () => `${grove.project}_c`],
];

test.each(WAYS)(
  "%s --yes leaves it alone, exit 5",
  async (_way, args, nameOf) => {
    const [role, database] = [freshName("awaited"), nameOf()];
    await grove.commit("a dump", { [`${role}.sql`]: slowDump(role) });
    const program = grove.repo.start([...args(`./${role}.sql`), "--yes"]);
    const loading = `select count(*)::int from pg_stat_activity where query like '%${role}%' and pid <> pg_backend_pid()`;
    await waitFor("the dump to be loaded", 60_000, async () => (await grove.ask(grove.project, loading)) === 1, 50);
    await grove.sql.unsafe(`create database "${database}"`);
    await grove.ask(database, "create table precious as select 42 as answer");
    await grove.sql.unsafe(`create role "${role}"`);
    try {
      const { code, stderr } = await program.ended;
      expect([code, stderr]).toEqual([
        5,
        expect.stringContaining(`the database ${database} was made by somebody else`),
      ]);
      expect(await grove.ask(database, "select answer from precious")).toBe(42);
      expect(await grove.databaseNames()).toEqual(expect.not.arrayContaining([`${database}_before_restore`]));
    } finally {
      await grove.sql.unsafe(`drop role "${role}"`);
    }
  },
  TIMEOUT_MS,
);
