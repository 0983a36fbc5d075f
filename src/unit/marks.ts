/** Whose the databases of a server are, by the marks that pgrove has left on them. */
import { connectForAdmin } from "../postgres/admin.ts";
import { codeOf } from "../postgres/connect.ts";
import { formatMark, isParkedMark, isWorktreeMark, type Mark, parseMark } from "../postgres/ownership.ts";
import { withOpened, withSession } from "../postgres/session.ts";
import type { ConnectOptions, Sql } from "../postgres/toolbox.ts";
import type { WorktreeRow } from "../repo/registry.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { thisObserver } from "../sys/machine.ts";
import { newRunId } from "../sys/run-id.ts";
import type { Work } from "../work/work.ts";
import type { Found, Standing } from "./standing.ts";
import { isPreviousMark, previousNames } from "./swap.ts";

export interface MarkedDatabase {
  database: string;
  sizeBytes: number;
  /** Undefined when it is none of pgrove's. */
  mark: Mark | undefined;
  /** It is what a restore or copy has replaced. */
  isPrevious: boolean;
  standing: Standing;
}

/** The comment that a worktree's database, schema or role carries. */
export function markOf(row: Pick<WorktreeRow, "id" | "name">, repository: string): string {
  const { machine, user } = thisObserver();
  return formatMark({ kind: "worktree", repository, worktree: row.id, name: row.name, machine, user });
}

/** The mark of what is made in a worktree's place; undefined for other targets, which carry none. */
export async function birthMark(
  { tools }: Pick<Work, "tools">,
  { target: { worktree } }: LiveTarget,
): Promise<string | undefined> {
  const repository = worktree === undefined ? undefined : await tools.repositoryIdentity?.();
  return worktree === undefined || repository === undefined ? undefined : markOf(worktree, repository);
}

/** What PostgreSQL says of a database that was dropped while it was looked at: 3D000 before version 16. */
const DROPPED: ReadonlySet<string | undefined> = new Set(["3D000", "42704"]);
const TRIES = 10;

/** All databases of a server, with their marks. Sizes are asked only when they are wanted: each is a walk over files. */
export async function listDatabases(sql: Sql, wanted: { sizes: boolean }): Promise<MarkedDatabase[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readDatabases(sql, wanted);
    } catch (error) {
      if (!DROPPED.has(codeOf(error)) || attempt === TRIES) throw error;
    }
  }
}

/**
 * As one row: postgres.js 3.4.9 counts the rows that came before an error to the next query's, whose result then begins
 * with holes.
 */
async function readDatabases(sql: Sql, wanted: { sizes: boolean }): Promise<MarkedDatabase[]> {
  const [row] = await sql<
    { databases: { database: string; oid: number; owner: string; comment: string | null; size: number }[] }[]
  >`
    select json_agg(json_build_object(
             'database', datname, 'oid', oid::bigint, 'owner', pg_get_userbyid(datdba),
             'comment', shobj_description(oid, 'pg_database'),
             'size', case when ${wanted.sizes} and has_database_privilege(oid, 'CONNECT')
                          then pg_database_size(oid) else 0 end) order by datname) as databases
      from pg_database`;
  return (row?.databases ?? []).map(({ database, oid, owner, comment, size }) => ({
    ...{ database, sizeBytes: size, mark: parseMark(comment), isPrevious: isPreviousMark(comment) },
    standing: { oid, owner, mark: comment?.startsWith("pgrove") ? comment : null },
  }));
}

/**
 * What belongs to one worktree among the databases: its own, first, then the snapshots of it (`snapshotsOf` says of what
 * else there are some), what a restore has replaced, and what was parked of all that. Found by the marks alone.
 */
export function findBelongings(
  databases: readonly MarkedDatabase[],
  worktree: string,
  snapshotsOf: readonly string[],
): MarkedDatabase[] {
  const own = databases.filter(({ mark }) => isWorktreeMark(mark, worktree));
  const names = own.map(({ database }) => database);
  const saved = [...names, ...snapshotsOf];
  const snapshots = databases.filter(({ mark }) => mark?.kind === "snapshot" && saved.includes(mark.of ?? ""));
  const previous = databases.filter((each) => each.isPrevious && names.flatMap(previousNames).includes(each.database));
  const parked = databases.filter(({ mark }) => isParkedMark(mark, worktree));
  return [...own, ...snapshots, ...previous, ...parked];
}

/** What was found, for comparison with what was shown. */
export function foundDatabase({ database, standing }: MarkedDatabase): Found {
  return { kind: "database", name: database, standing };
}

export function foundSchema({ schema, standing }: MarkedSchema): Found {
  return { kind: "schema", name: schema, standing };
}

export function foundRole({ role, standing }: MarkedRole): Found {
  return { kind: "role", name: role, standing };
}

/** What can be parked of it. */
export function parkable({ database, standing }: MarkedDatabase) {
  return { kind: "database" as const, name: database, comment: standing.mark, agreed: standing };
}

/** Asks a server something, in a session of its own that is in nobody's way. */
export async function onServer<T>({ toolbox }: LiveTarget, now: Date, body: (sql: Sql) => Promise<T>): Promise<T> {
  return await withOpened(() => connectForAdmin(toolbox, newRunId(now), []), body);
}

/** Asks the target's database something, in a session of its own. */
export async function inDatabase<T>(
  { toolbox, database }: LiveTarget,
  now: Date,
  body: (sql: Sql) => Promise<T>,
  options?: ConnectOptions,
): Promise<T> {
  return await withSession({ toolbox, run: newRunId(now) }, database, body, options);
}

/** Runs statements in one transaction. */
export async function runTogether(sql: Sql, statements: readonly string[]): Promise<void> {
  await sql.begin(async (transaction) => {
    for (const statement of statements) await transaction.unsafe(statement);
  });
}

export interface MarkedSchema {
  schema: string;
  mark: Mark | undefined;
  standing: Standing;
}

/** All schemas of the connected database, with their marks. */
export async function listSchemas(sql: Sql): Promise<MarkedSchema[]> {
  const rows = await sql<{ schema: string; oid: number; owner: string; comment: string | null }[]>`
    select nspname::text as schema, oid::bigint::float8 as oid, pg_get_userbyid(nspowner)::text as owner,
           obj_description(oid, 'pg_namespace') as comment from pg_namespace order by nspname`;
  return rows.map(({ schema, oid, owner, comment }) => ({
    ...{ schema, mark: parseMark(comment) },
    standing: { oid, owner, mark: comment?.startsWith("pgrove") ? comment : null },
  }));
}

export interface MarkedRole {
  role: string;
  mark: Mark | undefined;
  standing: Standing;
}

/** All roles of the server, with their marks. */
export async function listRoles(sql: Sql): Promise<MarkedRole[]> {
  const rows = await sql<{ role: string; oid: number; comment: string | null }[]>`
    select rolname::text as role, oid::bigint::float8 as oid, shobj_description(oid, 'pg_authid') as comment
      from pg_roles`;
  return rows.map(({ role, oid, comment }) => ({
    ...{ role, mark: parseMark(comment) },
    standing: { oid, owner: "", mark: comment?.startsWith("pgrove") ? comment : null },
  }));
}
