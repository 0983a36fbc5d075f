/** What the tests of dump, restore and copy need around the feature functions: tools, live targets, fingerprints. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CopyRequest } from "../../src/copy/copy.ts";
import { type DumpRequest, type DumpResult, dumpDatabase } from "../../src/dump/dump.ts";
import { type RestoreRequest, type RestoreResult, restoreDump } from "../../src/dump/restore.ts";
import { requireDump, type StoredDump } from "../../src/dump/store.ts";
import { PgroveError } from "../../src/errors.ts";
import { databaseArgument } from "../../src/postgres/identifier.ts";
import { type LiveTarget, openTarget } from "../../src/resolve/target.ts";
import type { Login } from "../../src/server/server.ts";
import { systemClock } from "../../src/sys/clock.ts";
import type { OperationTools, ProgressEvent } from "../../src/sys/operation.ts";
import { systemRunner } from "../../src/sys/process.ts";
import { undocumentedOptions, unwrittenOptions } from "./catalog-options.ts";
import { withLock } from "./engine/lock.ts";
import type { TestServer } from "./engine/server.ts";

/** A test's own folder, its operation tools, and everything that was said through them. */
export interface Bench {
  folder: string;
  store: string;
  tools: OperationTools;
  notes: string[];
  progress: ProgressEvent[];
  interrupt: (reason: unknown) => void;
  remove(): Promise<void>;
}

export async function makeBench(): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), "pgrove-bench-"));
  const controller = new AbortController();
  const notes: string[] = [];
  const progress: ProgressEvent[] = [];
  const tools: OperationTools = {
    runner: systemRunner,
    clock: systemClock,
    stateDir: join(folder, "state"),
    userKey: join(folder, "user.key"),
    abort: controller.signal,
    progress: (event) => progress.push(event),
    note: (text) => notes.push(text),
  };
  return {
    ...{ folder, store: join(folder, "store"), tools, notes, progress },
    interrupt: (reason) => controller.abort(reason),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The target of a database in a test's container, opened as the commands open it. */
export async function openLive(
  server: Pick<TestServer, "container">,
  database: string,
  bench: Bench,
  login: Login = {},
): Promise<LiveTarget> {
  const target = {
    server: { kind: "container" as const, container: server.container },
    login,
    label: `${database} in the test`,
    name: "main",
    protected: false,
  };
  const { runner, note } = bench.tools;
  return openTarget(target, { runner, clientImage: "postgres:{major}", stageParent: bench.folder, note }, database);
}

/** `pgrove dump`, into the bench's store unless the request says otherwise. */
export async function dump(bench: Bench, live: LiveTarget, request: Partial<DumpRequest> = {}): Promise<DumpResult> {
  return dumpDatabase(bench.tools, live, {
    ...{ format: "custom", content: "all", tables: [], excludedTables: [], jobs: 1, project: "tests", git: null },
    ...{ pgroveVersion: "0.0.0", destination: { kind: "store", folder: bench.store } },
    ...request,
  });
}

/** `pgrove restore PATH --yes`. */
export async function restore(
  bench: Bench,
  live: LiveTarget,
  path: string,
  request: Partial<RestoreRequest> = {},
): Promise<RestoreResult> {
  return restoreDump(bench.tools, live, {
    ...{ findDump: () => findDump(bench, path), noOwner: false, jobs: 1, discardPrevious: false, services: [] },
    consent: async () => undefined,
    approveForeign: async () => undefined,
    ...request,
  });
}

/** The dump as `pgrove restore` finds it. */
export function findDump(bench: Bench, path: string): Promise<StoredDump> {
  return requireDump(path, bench.store, bench.folder, bench.folder);
}

/** `pgrove copy --yes`, without agreement to disconnect anybody. */
export function copyRequest(request: Partial<CopyRequest> = {}): CopyRequest {
  return {
    ...{ strategy: "auto", schemaOnly: false, discardPrevious: false, services: [] },
    ...{ consent: async () => undefined, whenBusy: async () => "stream" as const },
    ...request,
  };
}

/** The path of a dump that was written into the store. */
export function pathOf(result: DumpResult): string {
  if (result.path === undefined) throw new Error("the dump has no path");
  return result.path;
}

/** The error that a promise rejects with; an error of its own when it does not reject with a PgroveError. */
export async function rejection(promise: Promise<unknown>): Promise<PgroveError> {
  const error = await promise.then(
    (value) => new Error(`resolved with ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof PgroveError) return error;
  throw error;
}

let count = 0;

/** A database name that no other test has. */
export function uniqueName(prefix = "t"): string {
  return `${prefix}_${process.pid}_${Date.now().toString(36)}_${count++}`;
}

const fixtures = join(import.meta.dir, "fixtures");

/** The roles that the fixtures grant to: they belong to the server, not to a database. */
export async function ensureRoles(server: TestServer): Promise<void> {
  const roles = ["pgrove_owner", "pgrove_reader", 'pgrove "odd" ; role'];
  const create = roles.map((role) => {
    const quoted = role.replaceAll('"', '""');
    return `select 'create role "${quoted}"' where to_regrole('"${quoted}"') is null \\gexec`;
  });
  await withLock(`roles-${server.container}`, 30_000, () => server.psql("postgres", create.join("\n")));
}

/** A new database with every kind of object in it. */
export async function createEveryKind(server: TestServer, database: string): Promise<void> {
  await ensureRoles(server);
  await server.createDatabase(database);
  await server.psql(database, await Bun.file(join(fixtures, "every-kind.sql")).text());
  if (server.major < 18) return;
  const only18 = `create table app.virtual (a int, b int generated always as (a + 1) virtual, constraint named not null a no inherit);
    insert into app.virtual values (1), (2);
    create table app.spans (id int4range, during daterange, primary key (id, during without overlaps));
    alter table app.child add constraint unforced foreign key (id) references app.parent not enforced;`;
  await server.psql(database, only18);
}

/** A small database: two tables, a sequence, and rows. */
export async function createSmall(server: TestServer, database: string, rows = 100): Promise<void> {
  await server.createDatabase(database);
  await server.psql(database, smallSchema(rows));
}

/** The SQL of the small database. */
function smallSchema(rows: number): string {
  return `create table item (id serial primary key, name text not null, note text);
    create table tag (item int references item, tag text);
    insert into item (name, note) select 'item ' || g, nullif(repeat(md5(g::text), 3), '') from generate_series(1, ${rows}) g;
    insert into tag select g, E'tab\\t and \\\\ ' || g from generate_series(1, ${rows}) g;`;
}

/** The options of a server that its pg_dump leaves out, and those that it writes, by the server's container. */
const knownOptions = new Map<string, { leftOut: string[]; written: string[] }>();

/**
 * One line for every object of the database, its definition and its rows' hash in it. An option that a minor release has
 * brought, and that no dump of that server holds, is noted once on stderr and not part of it.
 */
export async function fingerprint(server: TestServer, database: string): Promise<string[]> {
  const known = knownOptions.get(server.container) ?? { leftOut: [], written: [] };
  knownOptions.set(server.container, known);
  const lines = await readCatalog(server, database, known.leftOut);
  const strange = undocumentedOptions(lines).filter((name) => !known.written.includes(name));
  if (strange.length === 0) return lines;
  const dump = await server.exec(["pg_dump", "--schema-only", "-U", server.user, databaseArgument(database)]);
  if (dump.code !== 0) throw new Error(`pg_dump of ${database}: ${dump.stderr}`);
  const unwritten = unwrittenOptions(strange, dump.stdout);
  for (const name of unwritten)
    process.stderr.write(`a new option of PostgreSQL ${server.major} (${server.container}): ${name}\n`);
  known.leftOut.push(...unwritten);
  known.written.push(...strange.filter((name) => !unwritten.includes(name)));
  return unwritten.length === 0 ? lines : await readCatalog(server, database, known.leftOut);
}

async function readCatalog(server: TestServer, database: string, leftOut: readonly string[]): Promise<string[]> {
  const query = await Bun.file(join(fixtures, "catalog.sql")).text();
  const names = leftOut.join(",").replaceAll("'", "''");
  const settings = `set search_path = ''; set jit = off; set row_security = off; set timezone = 'UTC';
    set fingerprint.left_out = '${names}';`;
  return (await server.psql(database, `${settings}\n${query}`)).split("\n");
}

/** What belongs to a database and is in no dump of it. */
export async function databaseProperties(server: TestServer, database: string): Promise<unknown> {
  const query = `select jsonb_build_object('owner', pg_get_userbyid(datdba), 'limit', datconnlimit, 'template', datistemplate,
      'encoding', pg_encoding_to_char(encoding), 'collate', datcollate, 'ctype', datctype,
      'provider', datlocprovider, 'locale', coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'),
      'rules', to_jsonb(d)->>'daticurules', 'comment', shobj_description(d.oid, 'pg_database'),
      'acl', (select jsonb_agg(a::text order by a::text) from unnest(datacl) a),
      'settings', (select jsonb_agg(jsonb_build_array(setrole::regrole::text, setconfig) order by setrole)
                     from pg_db_role_setting where setdatabase = d.oid))
    from pg_database d where datname = $name$${database}$name$`;
  return JSON.parse(await server.psql("postgres", query));
}

/** The names of the server's databases that begin like this. */
export async function databasesLike(server: TestServer, prefix: string): Promise<string[]> {
  const said = await server.psql(
    "postgres",
    `select datname from pg_database where starts_with(datname, $n$${prefix}$n$) order by 1`,
  );
  return said === "" ? [] : said.split("\n");
}

/** Every file below a folder, by its path within. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
