/** The snapshots of a server: databases that carry pgrove's mark. They are found by it, never by their names alone. */
import { didYouMean } from "../config/suggest.ts";
import { missingError, refusal, usageError } from "../errors.ts";
import { databaseExists } from "../postgres/admin.ts";
import { nameWithSuffix, quoteIdentifier, shortHash } from "../postgres/identifier.ts";
import { formatMark, type Mark, parseMark } from "../postgres/ownership.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { fileStamp } from "../sys/clock.ts";
import type { Standing } from "../unit/standing.ts";
import { commentStatement } from "../unit/swap.ts";
import type { Keeping } from "../unit/unit.ts";

/** The snapshot of the state that the last rewind left. It is not counted. */
export const BEFORE_REWIND = "before-rewind";

export interface Snapshot {
  name: string;
  /** The database that it is kept as. */
  database: string;
  /** What was saved: a database, or `database/schema`. */
  of: string;
  takenAt: Date;
  sizeBytes: number;
  /** What the database is: only that is dropped or replaced under its name. */
  standing: Standing;
  /** Counts up from snapshot to snapshot, since the clock may go back. */
  number: number;
}

/** What is saved under which name. */
export interface SnapshotKey {
  of: string;
  name: string;
}

/** Every snapshot of it, newest first. */
export async function listSnapshots(sql: Sql, of: string): Promise<Snapshot[]> {
  const databases = await sql<{ database: string; oid: number; owner: string; comment: string | null }[]>`
    select datname as database, oid::bigint::float8 as oid, pg_get_userbyid(datdba)::text as owner,
           shobj_description(oid, 'pg_database') as comment from pg_database`;
  const marked = databases.flatMap(({ database, oid, owner, comment }) => {
    const mark = parseMark(comment);
    const standing = { oid, owner, mark: comment };
    return mark?.kind === "snapshot" && mark.of === of ? [{ database, mark, standing }] : [];
  });
  if (marked.length === 0) return [];
  const sizes = await sql<{ database: string; bytes: number }[]>`
    select datname as database, pg_database_size(oid)::float8 as bytes
      from pg_database where datname in ${sql(marked.map(({ database }) => database))}`;
  const bytes = new Map(sizes.map((row) => [row.database, row.bytes]));
  return marked.map((each) => describe(each, bytes.get(each.database) ?? 0)).sort((a, b) => b.number - a.number);
}

function describe(
  { database, mark, standing }: { database: string; mark: Mark; standing: Standing },
  sizeBytes: number,
): Snapshot {
  const { of = "", name = "", at = "", number = "0" } = mark;
  return { name, database, of, takenAt: new Date(at), sizeBytes, standing, number: Number(number) };
}

/** The snapshot of that name. Throws (exit 4) when there is none, with the nearest one. */
export function requireSnapshot(snapshots: readonly Snapshot[], { of, name }: SnapshotKey): Snapshot {
  const found = snapshots.find((snapshot) => snapshot.name === name);
  if (found !== undefined) return found;
  const names = snapshots.map((snapshot) => snapshot.name);
  const nearest = didYouMean(name, names);
  const known = names.length === 0 ? "pgrove snapshot      takes one" : `there are: ${names.join(", ")}`;
  throw missingError(
    "snapshot_missing",
    `there is no snapshot ${name} of ${of}`,
    nearest === undefined ? known : `did you mean ${nearest}?`,
  );
}

/** The newest one; the state before a rewind does not count. Throws (exit 4) when there is none. */
export function requireNewest(snapshots: readonly Snapshot[], of: string): Snapshot {
  const newest = snapshots.find(({ name }) => name !== BEFORE_REWIND);
  if (newest !== undefined) return newest;
  throw missingError("snapshot_missing", `there is no snapshot of ${of}`, "pgrove snapshot      takes one");
}

/** Throws (exit 2) for what cannot be a snapshot's name. */
export function requireSnapshotName(name: string): string {
  if (name === BEFORE_REWIND) {
    throw usageError(`${BEFORE_REWIND} is the name of what a rewind leaves`, "choose another name");
  }
  if (/^[A-Za-z0-9._][A-Za-z0-9._-]{0,62}$/.test(name)) return name;
  throw usageError(
    `${JSON.stringify(name)} cannot be a snapshot's name`,
    "letters, digits, . _ and -, at most 63, and no - at the beginning",
  );
}

/** A name from the time, as dumps have it; with `-2`, `-3`… behind when it is taken. */
export function chooseSnapshotName(at: Date, snapshots: readonly Snapshot[]): string {
  const stamp = fileStamp(at);
  const taken = new Set(snapshots.map(({ name }) => name));
  for (let copy = 1; ; copy++) {
    const name = copy === 1 ? stamp : `${stamp}-${copy}`;
    if (!taken.has(name)) return name;
  }
}

/** A name's part of a database's name: longer ones are cut, so that something is left of what was saved. */
const MAX_NAME_PART = 32;

/** The name of the database that a snapshot is kept as: `shop_snapshot_before-import`, at most 63 bytes. */
export function snapshotDatabase({ of, name }: SnapshotKey): string {
  const hash = `_${shortHash(name)}`;
  const part = name.length <= MAX_NAME_PART ? name : name.slice(0, MAX_NAME_PART - hash.length) + hash;
  return nameWithSuffix(of.replaceAll("/", "."), `_snapshot_${part}`);
}

/** The mark of the next snapshot. */
export function nextMark(
  { of, name }: SnapshotKey,
  at: Date,
  snapshots: readonly Snapshot[],
  worktree: string | undefined,
): Mark {
  const number = 1 + Math.max(0, ...snapshots.map((snapshot) => snapshot.number));
  const whose = worktree === undefined ? {} : { worktree };
  return { kind: "snapshot", of, name, at: at.toISOString(), number: String(number), ...whose };
}

/** The statements that make a database a snapshot: marked, and closed to everybody. They may stand in a transaction. */
function sealStatements(database: string, mark: Mark): string[] {
  return [
    commentStatement(database, formatMark(mark)),
    `alter database ${quoteIdentifier(database)} is_template false allow_connections false`,
  ];
}

/**
 * The databases that the snapshot is in, newest first, found by their marks: earlier versions made long names in another
 * way, and a run that was killed may have left an older one. Throws (exit 5) when another database, which is none of the
 * snapshots, has the name that one would be kept under.
 */
export async function findSnapshotDatabases(
  sql: Sql,
  key: SnapshotKey,
  snapshots: readonly Snapshot[],
): Promise<string[]> {
  const database = snapshotDatabase(key);
  const isOurs = snapshots.some((snapshot) => snapshot.database === database);
  if (isOurs || !(await databaseExists(sql, database))) {
    return snapshots.filter(({ name }) => name === key.name).map((snapshot) => snapshot.database);
  }
  throw refusal(
    "name_taken",
    `there is a database ${database} that is no snapshot ${key.name} of ${key.of}; it stays as it is`,
    "rename it, or choose another name for the snapshot",
  );
}

/** How what is replaced is kept as a snapshot. */
export function keepAsSnapshot(key: SnapshotKey, mark: Mark, snapshots: readonly Snapshot[]): Keeping {
  return {
    name: snapshotDatabase(key),
    seal: (database) => sealStatements(database, mark),
    findOlder: (sql) => findSnapshotDatabases(sql, key, snapshots),
  };
}
