/** Where a worktree's data are, or are to be: a database or a schema on main's server, or a database on its own. */
import { databaseExists } from "../postgres/admin.ts";
import { isWorktreeMark } from "../postgres/ownership.ts";
import { ensureRole } from "../postgres/role.ts";
import { chooseDatabaseName } from "../repo/names.ts";
import { readRegistry, updateRow, type WorktreeRow } from "../repo/registry.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { worktreeTarget } from "../resolve/worktree-target.ts";
import { inDatabase, listDatabases, listRoles, listSchemas, markOf, onServer } from "../unit/marks.ts";
import { commentStatement } from "../unit/swap.ts";
import { openStarted } from "../work/lifecycle.ts";
import type { WorktreeTools } from "./tools.ts";

/** A worktree's data, there or not. */
export interface Located {
  /** As the server has it: a name may have been taken, or be known from the marks alone. */
  row: WorktreeRow;
  live: LiveTarget;
  exists: boolean;
}

/** What is asked for on the way. */
export interface Locating {
  /** The repository's identity. */
  repository: string;
  openMain: () => Promise<LiveTarget>;
  /** Start the worktree's own server when it does not run. */
  start: boolean;
}

/** Finds a worktree's data by the marks that they carry. */
export async function locateData(tools: WorktreeTools, row: WorktreeRow, locating: Locating): Promise<Located> {
  switch (row.isolation) {
    case "database":
      return await locateDatabase(tools, row, await locating.openMain());
    case "schema":
      return await locateSchema(tools, row, await locating.openMain(), locating.repository);
    case "container":
      return await locateOnOwnServer(tools, row, locating);
  }
}

/**
 * The database that carries the worktree's mark, whatever its name; else the name that a new one is to have. The row
 * follows: a database of that name may be somebody else's, and a lost registry is rebuilt from the marks.
 */
async function locateDatabase(tools: WorktreeTools, row: WorktreeRow, main: LiveTarget): Promise<Located> {
  const databases = await onServer(main, tools.operation.clock.now(), (sql) => listDatabases(sql, { sizes: false }));
  const own = databases.find(({ mark }) => isWorktreeMark(mark, row.id));
  const names = new Set(databases.map(({ database }) => database));
  const database = own?.database ?? (await chooseFree(tools, row, row.database, names, (each) => each.database));
  if (database !== row.database) await updateRow(tools.stateDir, row.id, { database });
  const located = { ...row, database };
  const target = await worktreeTarget(located, tools.loaded, tools.place);
  return { row: located, live: { ...main, target, database }, exists: own !== undefined };
}

/** The name, or another one when it is somebody else's. */
async function chooseFree(
  { stateDir, loaded }: WorktreeTools,
  row: WorktreeRow,
  name: string,
  names: ReadonlySet<string>,
  field: (row: WorktreeRow) => string | undefined,
): Promise<string> {
  if (!names.has(name)) return name;
  const { rows } = await readRegistry(stateDir);
  const isTaken = (candidate: string) => names.has(candidate) || rows.some((each) => field(each) === candidate);
  return chooseDatabaseName(loaded.config.project, row.name, isTaken);
}

/** As for a database, with a role beside it, which is made when it is not there. */
async function locateSchema(
  tools: WorktreeTools,
  row: WorktreeRow,
  main: LiveTarget,
  repository: string,
): Promise<Located> {
  return await inDatabase(main, tools.operation.clock.now(), async (sql) => {
    const schemas = await listSchemas(sql);
    const own = schemas.find(({ mark }) => isWorktreeMark(mark, row.id));
    // A schema is not given the name of anybody else's role.
    const foreign = (await listRoles(sql)).filter(({ mark }) => mark?.worktree !== row.id);
    const names = new Set([...schemas.map(({ schema }) => schema), ...foreign.map(({ role }) => role)]);
    const schema = own?.schema ?? (await chooseFree(tools, row, row.schema ?? "", names, (each) => each.schema));
    const role = { name: schema, password: row.role?.password ?? "" };
    const located = { ...row, database: main.database, schema, role };
    await ensureRole(sql, { ...role, schema, database: main.database, comment: markOf(row, repository) });
    await updateRow(tools.stateDir, row.id, { database: main.database, schema, role });
    const target = await worktreeTarget(located, tools.loaded, tools.place);
    return { row: located, live: { ...main, target }, exists: own !== undefined };
  });
}

/**
 * The database of a worktree's own server. A new container comes with an empty one, so it counts as there once it carries
 * the mark, or holds tables: then a run was stopped just before it wrote the mark.
 */
async function locateOnOwnServer(
  tools: WorktreeTools,
  row: WorktreeRow,
  { repository, start }: Locating,
): Promise<Located> {
  const target = await worktreeTarget(row, tools.loaded, tools.place);
  const live = await openStarted(target, tools, start);
  const located = { ...row, database: live.database };
  if (located.database !== row.database) await updateRow(tools.stateDir, row.id, { database: live.database });
  const now = tools.operation.clock.now();
  const databases = await onServer(live, now, (sql) => listDatabases(sql, { sizes: false }));
  const own = databases.find(({ database }) => database === live.database);
  if (own?.mark?.worktree === row.id) return { row: located, live, exists: true };
  const exists = own !== undefined && (await hasTables(live, now));
  if (exists) await markDatabase(tools, live, row, repository);
  return { row: located, live, exists };
}

async function hasTables(live: LiveTarget, now: Date): Promise<boolean> {
  const rows = await inDatabase(
    live,
    now,
    (sql) => sql`
      select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'f', 'v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
         and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
       limit 1`,
  );
  return rows.length > 0;
}

/** Writes the worktree's mark on a database that a container came with. */
export async function markDatabase(
  { operation }: WorktreeTools,
  live: LiveTarget,
  row: WorktreeRow,
  repository: string,
): Promise<void> {
  await onServer(live, operation.clock.now(), async (sql) => {
    if (await databaseExists(sql, live.database)) {
      await sql.unsafe(commentStatement(live.database, markOf(row, repository)));
    }
  });
}
