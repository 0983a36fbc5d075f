/** What servers said of themselves when they were visited: by it a database is known again under another address. */
import { join } from "node:path";
import * as v from "valibot";
import { loadTextFile } from "../config/text-file.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { ensureDir, pathExists, writeFileAtomic } from "../sys/files.ts";
import { objectAt, parseJson } from "../sys/untyped.ts";

/** A database's identity: its cluster's, which copies of its files share, and its own there. */
export interface Identity {
  system: string;
  oid: string;
}

/** One visit: under which label of a server, and which name. */
export interface Visit extends Identity {
  server: string;
  database: string;
  /** The protected environment that it was visited as. */
  environment?: string;
}

/** What the session's server says; undefined where the login may not ask, or there is no such database. */
export async function readIdentity(
  sql: Sql,
  database: string,
): Promise<(Identity & { comment: string | null }) | undefined> {
  const rows = await sql<{ system: string; oid: string; comment: string | null }[]>`
    select (select system_identifier::text from pg_catalog.pg_control_system()) as system, oid::text as oid,
           pg_catalog.shobj_description(oid, 'pg_database') as comment
      from pg_catalog.pg_database where datname = ${database}`.catch(() => []);
  return rows[0];
}

/** Whether they are one database, or copies of one cluster's: a database that was replaced has another oid and its name. */
export function isSameIdentity(one: Visit, other: Visit): boolean {
  return one.system === other.system && (one.oid === other.oid || one.database === other.database);
}

function fileOf(stateDir: string): string {
  return join(stateDir, "visited.json");
}

/** The visits; none where the file is not there or says something else: the next visit writes it anew. */
export async function readVisits(stateDir: string): Promise<readonly Visit[]> {
  const file = fileOf(stateDir);
  if (!(await pathExists(file))) return [];
  const visits: unknown = objectAt(parseJson(await loadTextFile(file, "the list of visits")), "visits");
  return Array.isArray(visits) ? visits.filter((visit) => v.is(visitForm, visit)) : [];
}

/** Remembers a visit in the place of the one before. */
export async function rememberVisit(stateDir: string, visit: Visit): Promise<void> {
  const before = await readVisits(stateDir);
  const isSame = (each: Visit) =>
    each.server === visit.server && each.database === visit.database && each.environment === visit.environment;
  const known = before.find(isSame);
  if (known !== undefined && known.system === visit.system && known.oid === visit.oid) return;
  const visits = [...before.filter((each) => !isSame(each)), visit];
  await ensureDir(stateDir);
  await writeFileAtomic(fileOf(stateDir), `${JSON.stringify({ version: 1, visits }, undefined, 2)}\n`);
}

const visitForm: v.GenericSchema<Visit> = v.looseObject({
  ...{ system: v.string(), oid: v.string(), server: v.string(), database: v.string() },
  environment: v.exactOptional(v.string()),
});
