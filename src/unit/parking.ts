/**
 * What a worktree that is gone has left, put aside: under a name that carries the worktree's identity, with a mark that
 * says what it was called and what it was. Nothing in it changes, so that it can be brought back as it was.
 */
import { refusal } from "../errors.ts";
import { codeOf } from "../postgres/connect.ts";
import { nameWithSuffix, quoteIdentifier, quoteLiteral } from "../postgres/identifier.ts";
import { formatMark, type Mark } from "../postgres/ownership.ts";
import type { Queries } from "../postgres/schema.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { requireRoleStanding, requireSchemaStanding, requireStanding, type Standing } from "./standing.ts";

/** Whose it is, who puts it aside, and when. */
export interface ParkNote {
  repository: string;
  worktree: string;
  /** The worktree's. */
  name: string;
  machine: string;
  user: string;
  at: string;
}

/** Something that has another name and another comment from then on. */
export interface Renaming {
  kind: "database" | "schema" | "role";
  from: string;
  to: string;
  comment: string | null;
  /** What it is. */
  agreed: Standing;
}

/** What it is renamed to when it is put aside. What is there already stays. */
export function parkingOf(
  { kind, name, comment, agreed }: { kind: Renaming["kind"]; name: string; comment: string | null; agreed: Standing },
  note: ParkNote,
): Renaming {
  const mark: Mark = { kind: "parked", ...note, was: name, ...(comment === null ? {} : { comment }) };
  const to = nameWithSuffix(name, `_parked_${note.worktree}`);
  return { kind, from: name, to, comment: formatMark(mark), agreed };
}

/** What it was before it was put aside. */
export function readParked({ was, comment }: Mark): { was: string; comment: string | null } {
  return { was: was ?? "", comment: comment ?? null };
}

/**
 * Renames all of them, or none. Throws (exit 5) when one is not what was agreed to, somebody is connected, or a name is
 * taken.
 */
export async function renameMarked(sql: Sql, renamings: readonly Renaming[]): Promise<void> {
  try {
    await sql.begin(async (transaction) => {
      for (const each of renamings) await renameOne(transaction, each);
    });
  } catch (error) {
    throw explain(error);
  }
}

async function renameOne(sql: Queries, { kind, from, to, comment, agreed }: Renaming): Promise<void> {
  const [before, after] = [quoteIdentifier(from), quoteIdentifier(to)];
  if (from !== to) await sql.unsafe(`alter ${kind} ${before} rename to ${after}`);
  if (kind === "database") await requireStanding(sql, { database: from, agreed }, to);
  if (kind === "schema") await requireSchemaStanding(sql, { schema: from, agreed }, to);
  if (kind === "role") {
    await requireRoleStanding(sql, { role: from, agreed }, to);
    await sql.unsafe(`alter role ${after} nologin`); // whoever is given it gets its password anew
  }
  await sql.unsafe(`comment on ${kind} ${after} is ${comment === null ? "null" : quoteLiteral(comment)}`);
}

const IN_USE = "55006";
const TAKEN: ReadonlySet<string | undefined> = new Set(["42P04", "42P06", "42710"]);

function explain(error: unknown): unknown {
  const code = codeOf(error);
  const words = error instanceof Error ? error.message : String(error);
  if (code === IN_USE)
    return refusal("database_in_use", `${words}; nothing was renamed`, "disconnect them, then again");
  if (TAKEN.has(code)) return refusal("name_taken", `${words}; nothing was renamed`, "rename that, then again");
  return error;
}

/** Throws (exit 5), naming who, while somebody works in one of the databases or as one of the roles. */
export async function requireUnused(
  sql: Queries,
  { databases, roles }: { databases: readonly string[]; roles: readonly string[] },
): Promise<void> {
  const nobody = ""; // so that no list is empty
  const [session] = await sql<{ place: string; who: string }[]>`
    select coalesce(datname, '')::text as place, usename || ' (pid ' || pid || ')' as who
      from pg_stat_activity
     where pid <> pg_backend_pid() and usesysid is not null
       and (datname in ${sql([nobody, ...databases])} or usename in ${sql([nobody, ...roles])})
     order by pid limit 1`;
  if (session === undefined) return;
  throw refusal("in_use", `${session.who} is connected to ${session.place}: it may still be in use`, "disconnect them");
}
