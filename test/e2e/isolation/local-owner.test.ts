/** Dumps of strangers in a private cluster: what they hold has an owner's rights, whatever pgrove does to it afterwards. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Repository } from "../../support/isolation/repository.ts";

const YAML = `project: owned
isolation: database
server: {local: {}}
database: {name: app}
prune: {after: 0s}
`;
const HEAD = "--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.0\n";
const TAIL = "\n--\n-- PostgreSQL database dump complete\n--\n";

let repository: Repository;
/** Whatever a stranger's SQL could run on this machine would make it. */
let canary: string;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "pgrove-canary-"));
  await chmod(folder, 0o777); // PostgreSQL's own account would write it
  canary = join(folder, "sings");
  repository = await Repository.create({ "pgrove.yaml": YAML, ".gitignore": ".env\n" });
  await chmod(repository.repo.path(), 0o711);
  await repository.ok(["up"]);
});

afterAll(async () => {
  await repository.ok(["down", "main"]);
  await repository[Symbol.asyncDispose]();
  await rm(join(canary, ".."), { recursive: true, force: true });
});

async function dumpOf(name: string, body: string): Promise<string> {
  const file = repository.repo.path(`${name}.sql`);
  await mkdir(repository.repo.path(), { recursive: true });
  await writeFile(file, HEAD + body.replaceAll("CANARY", canary) + TAIL);
  return file;
}

/** Tries to run a program, where it has come into a superuser's session. */
const EVIL = `
CREATE FUNCTION public.evil() RETURNS boolean LANGUAGE plpgsql AS $$
begin
  if (select bool_or(rolsuper) from pg_catalog.pg_roles where rolname in (current_user, session_user)) then
    begin
      execute 'reset role';
    exception when others then null;
    end;
    execute 'copy (select 1) to program ''touch CANARY''';
  end if;
  return true;
exception when others then return true;
end $$;
CREATE FUNCTION public.evil_event() RETURNS event_trigger LANGUAGE plpgsql AS $$ begin perform public.evil(); end $$;
CREATE FUNCTION public.evil_row() RETURNS trigger LANGUAGE plpgsql AS $$ begin perform public.evil(); return new; end $$;
`;

test.each([
  ["a program", "COPY (SELECT 1) TO PROGRAM 'touch CANARY';", 4, "COPY … PROGRAM"],
  ["a file", "CREATE TABLE t (a text); COPY t FROM '/etc/hostname';", 4, "COPY of a file"],
  ["settings of the server", "ALTER SYSTEM SET archive_command = 'touch CANARY';", 4, "ALTER SYSTEM"],
  ["a superuser", "ALTER ROLE postgres SUPERUSER;", 4, "role postgres"],
  ["a C function", "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/x', 'f';", 4, "function f"],
  [
    "a hidden program",
    "DO $$ begin execute 'copy (select 1) to program ''touch CANARY'''; end $$;",
    1,
    "may not do what it says",
  ],
  ["a function that reads files", "SELECT pg_catalog.pg_read_file('PG_VERSION');", 1, "may not do what it says"],
  ["a large object of a file", "SELECT pg_catalog.lo_import('/etc/hostname');", 1, "may not do what it says"],
  ["another role", "SET ROLE pgrove_administrator;", 4, "roles that postgres is not in"],
  [
    "another role in disguise",
    "DO $$ begin execute 'set role pgrove_administrator'; end $$;",
    1,
    "may not do what it says",
  ],
  [
    "an event trigger that heeds no setting",
    `${EVIL}CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION public.evil_event();
ALTER EVENT TRIGGER watch ENABLE ALWAYS;`,
    4,
    "event trigger watch",
  ],
  [
    "what an extension gives to superusers",
    "CREATE EXTENSION adminpack; SELECT pg_catalog.pg_file_write('CANARY', 'x', false);",
    1,
    "may not do what it says",
  ],
  [
    "a second statement behind an extension's comment",
    `CREATE EXTENSION pg_buffercache WITH SCHEMA public;
SET standard_conforming_strings = off;
COMMENT ON EXTENSION pg_buffercache IS '\\'; COPY (SELECT 1) TO PROGRAM $$touch CANARY$$; --';`,
    1,
    "error",
  ],
] as const)("a stranger's dump with %s", async (name, body, code, words) => {
  const file = await dumpOf(name.replaceAll(/\W/g, "-"), body);
  expect(await repository.fails(code, ["restore", file, "--into-new", "evil", "--yes"])).toContain(words);
  expect(existsSync(canary)).toBe(false);
  expect(await repository.ask("main", "select count(*)::int from pg_database where datname like '%evil%'")).toBe(0);
});

test("what only a superuser makes is listed, and made by one after consent: nothing else is", async () => {
  const body = `${EVIL}
CREATE SCHEMA ext;
CREATE EXTENSION pg_buffercache WITH SCHEMA ext;
COMMENT ON EXTENSION pg_buffercache IS 'pages';
CREATE EXTENSION citext WITH SCHEMA ext;
CREATE TABLE public.t (id int PRIMARY KEY, v text);
CREATE VIEW public.schema_migrations AS SELECT 1::bigint AS version, public.evil() AS dirty;
INSERT INTO public.t VALUES (1, 'a');
CREATE INDEX ON public.t ((v || 'x')) WHERE id > 0;
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION public.evil_event();
CREATE PUBLICATION everything FOR ALL TABLES;`;
  const file = await dumpOf("elevated", body);
  const refused = await repository.fails(5, ["restore", file]);
  for (const object of ["extension pg_buffercache", "event trigger watch", "publication everything"]) {
    expect(refused).toContain(object);
  }
  expect(refused).not.toContain("citext");
  await repository.ok(["restore", file, "--yes"]);
  const owner = "select pg_get_userbyid(proowner) from pg_proc where proname = 'evil'";
  expect(await repository.ask("main", owner)).toBe("postgres");
  const made = `select (select pg_get_userbyid(extowner) from pg_extension where extname = 'pg_buffercache') || ' '
    || (select pg_get_userbyid(evtowner) from pg_event_trigger) || ' ' || (select nspname from pg_extension e
    join pg_namespace n on n.oid = extnamespace where extname = 'citext')`;
  expect(await repository.ask("main", made)).toBe("pgrove_administrator pgrove_administrator ext");
  await repository.ok(["dump"]);
  expect(await repository.fails(5, ["restore", "--latest", "--into-new", "again"])).toContain("event trigger watch");
  await repository.ok(["restore", "--latest", "--into-new", "again", "--yes"]);
  expect(existsSync(canary)).toBe(false);
});

test("no session of pgrove's brings a stranger's code to a superuser's rights", async () => {
  const body = `${EVIL}
CREATE FUNCTION public.pure(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'select case when public.evil() then $1 end';
CREATE FUNCTION public.pg_database_size(text) RETURNS bigint LANGUAGE sql AS 'select public.evil()::int::bigint';
CREATE FUNCTION public.same(name, text) RETURNS boolean LANGUAGE sql AS 'select public.evil()';
CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.same);
CREATE DOMAIN public.checked AS text CHECK (public.evil());
CREATE TABLE public.t (id int PRIMARY KEY, v text, c public.checked);
CREATE INDEX ON public.t (public.pure(v));
CREATE TRIGGER on_row BEFORE INSERT OR UPDATE OR DELETE ON public.t FOR EACH ROW EXECUTE FUNCTION public.evil_row();
ALTER TABLE public.t ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.t FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON public.t USING (public.evil());
INSERT INTO public.t SELECT i, i, i FROM generate_series(1, 50) i;
CREATE VIEW public.schema_migrations AS SELECT 1::bigint AS version, public.evil() AS dirty;
CREATE VIEW public.pgrove_migrations AS SELECT 1::bigint AS version, public.evil() AS success;
CREATE MATERIALIZED VIEW public.m AS SELECT public.pure(v) FROM public.t;
CREATE EVENT TRIGGER watch ON ddl_command_start EXECUTE FUNCTION public.evil_event();`;
  const file = await dumpOf("traps", body);
  await repository.ok(["restore", file, "--yes"]);
  await repository.ok(["status"]);
  await repository.ok(["list"]);
  await repository.ok(["snapshot", "s"]);
  await repository.ok(["new", "trap"]);
  await repository.ok(["copy", "main", "--to", "trap", "--strategy", "template", "--yes"]);
  await repository.ok(["rewind", "s", "--yes"]);
  await repository.ok(["dump"]);
  await repository.ok(["stats"]);
  await repository.repo.run(["migrate", "status"]);
  await repository.repo.run(["doctor"]);
  await repository.ok(["snapshots", "remove", "s", "--yes"]);
  await repository.ok(["remove", "trap", "--yes"]);
  await repository.ok(["down", "main"]);
  await repository.ok(["up"]);
  expect(existsSync(canary)).toBe(false);
  expect(await repository.ask("main", "select count(*)::int from public.t")).toBe(50);
});
