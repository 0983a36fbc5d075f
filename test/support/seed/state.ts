/** All of a database that a seed that fails must leave as it was: rows, definitions, and where sequences go on. */
import { waitFor } from "../engine/run.ts";
import type { Fingerprint } from "../faults/world.ts";
import type { Grove } from "../worktrees/grove.ts";

export interface SeedState {
  rows: Fingerprint;
  /** Indexes, constraints, triggers and the settings of their columns, as PostgreSQL prints them. */
  definitions: string[];
}

const DEFINITIONS = `
  select string_agg(line, E'\\n' order by line) from (
    select pg_get_indexdef(indexrelid) || ' valid ' || indisvalid || ' identity ' || indisreplident || ' cluster ' || indisclustered
           || coalesce(' comment ' || obj_description(indexrelid, 'pg_class'), '')
      from pg_index i join pg_class c on c.oid = i.indrelid where c.relnamespace not in (select oid from pg_namespace where nspname ~ '^pg_|^information')
    union all
    select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' valid ' || convalidated
           || coalesce(' comment ' || obj_description(oid, 'pg_constraint'), '')
      from pg_constraint where conrelid <> 0 and connamespace not in (select oid from pg_namespace where nspname ~ '^pg_|^information')
    union all
    select tgrelid::regclass || ' ' || pg_get_triggerdef(oid) || ' enabled ' || tgenabled::text from pg_trigger where not tgisinternal
  ) as all_lines(line)`;

export async function readSeedState(grove: Grove): Promise<SeedState> {
  const definitions = String(await grove.ask(grove.project, DEFINITIONS)).split("\n");
  return { rows: await grove.main(), definitions };
}

/** Waits until no session of pgrove is in the main database any more: the server notices a killed client a moment later. */
export async function waitForNoSessions(grove: Grove): Promise<void> {
  await waitFor("pgrove's sessions to end", 20_000, async () => (await sessionsIn(grove)).length === 0, 10);
}

/** The sessions of pgrove in the main database. */
export async function sessionsIn(grove: Grove): Promise<{ pid: number; waits: boolean }[]> {
  return await grove.sql<{ pid: number; waits: boolean }[]>`
    select pid, wait_event is not distinct from 'advisory' as waits from pg_stat_activity where datname = ${grove.project} and application_name like 'pgrove-%'`;
}
