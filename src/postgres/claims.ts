/**
 * Who works on what, as advisory locks: they end with the session that holds them, so a killed run claims nothing.
 * A run holds (RUN_CLASS, hash of its id) for as long as it lives; a database that is being replaced or read is held as
 * (DATABASE_CLASS, hash of its name), exclusively or shared. Advisory locks count within one database only, so the
 * others' are looked up in pg_locks, which shows those of all.
 */
import { failure, refusal } from "../errors.ts";
import { pause } from "../sys/pause.ts";
import { applicationName, controlName, type RunId } from "../sys/run-id.ts";
import { dropDatabase, endDeadRunSessions, runOfScratch } from "./admin.ts";
import { codeOf } from "./connect.ts";
import { isLostCode } from "./lost-connection.ts";
import type { Sql } from "./toolbox.ts";

/** "pgru" and "pgdb" as numbers: the first key of the two kinds of lock. */
const RUN_CLASS = 0x70677275;
const DATABASE_CLASS = 0x70676462;

function hashKey(text: string): number {
  return Bun.hash.xxHash32(text) | 0;
}

/** Lets others see that this run lives. */
export async function claimRun(sql: Sql, run: RunId): Promise<void> {
  await sql`select pg_advisory_lock(${RUN_CLASS}::int, ${hashKey(run)}::int)`;
}

/** A database that a run works on, or what else it must have for itself, by name. */
export interface Claim {
  database: string;
  mode: "exclusive" | "shared";
}

export interface ClaimWait {
  /** How long others are waited for; 0: not at all. */
  waitMs: number;
  abort: AbortSignal;
  note(text: string): void;
}

const LOOK_EVERY_MS = 100;
const LOOK_JITTER_MS = 100;

/**
 * Claims databases for this session. Throws (exit 5) when another run still has one after the wait. Who waits holds none
 * of them meanwhile, so that two that want each other's do not wait for ever.
 */
export async function claimDatabases(sql: Sql, claims: readonly Claim[], wait: ClaimWait): Promise<void> {
  const started = performance.now();
  let isNoted = false;
  while (true) {
    const rival = await claimAll(sql, claims);
    if (rival === undefined) return;
    const leftMs = wait.waitMs - (performance.now() - started);
    if (leftMs <= 0) throw busyError(rival, wait.waitMs);
    if (!isNoted) wait.note(`${describeRival(rival)}; waiting until it is done`);
    isNoted = true;
    await pause(Math.min(leftMs, LOOK_EVERY_MS + Math.random() * LOOK_JITTER_MS), wait.abort);
  }
}

/** Who has a database that was to be claimed. */
interface Rival {
  database: string;
  /** The application's name of its session, where it is known. */
  who: string | undefined;
}

/** All of them, or none and who is in the way. */
async function claimAll(sql: Sql, claims: readonly Claim[]): Promise<Rival | undefined> {
  const held: Claim[] = [];
  for (const claim of claims) {
    const rival = await claimDatabase(sql, claim);
    if (rival === undefined) held.push(claim);
    else {
      for (const each of held) await unlock(sql, each);
      return rival;
    }
  }
  return undefined;
}

function describeRival({ database, who }: Rival): string {
  return `another run of pgrove is working on the database ${database}${who ? ` (${who})` : ""}`;
}

function busyError(rival: Rival, waitedMs: number): Error {
  const waited = waitedMs === 0 ? "" : `; it was waited for ${waitedMs / 1000} s`;
  return refusal(
    "database_busy",
    `${describeRival(rival)}${waited}`,
    "wait until it has ended, by --wait-lock 5m for one; pgrove history says what it is",
  );
}

async function unlock(sql: Sql, { database, mode }: Claim): Promise<void> {
  const key = hashKey(database);
  if (mode === "exclusive") await sql`select pg_advisory_unlock(${DATABASE_CLASS}::int, ${key}::int)`;
  else await sql`select pg_advisory_unlock_shared(${DATABASE_CLASS}::int, ${key}::int)`;
}

/** Claims one; says who is in the way, and claims nothing then. */
async function claimDatabase(sql: Sql, claim: Claim): Promise<Rival | undefined> {
  const { database, mode } = claim;
  const key = hashKey(database);
  const [row] =
    mode === "exclusive"
      ? await sql<{ ok: boolean }[]>`select pg_try_advisory_lock(${DATABASE_CLASS}::int, ${key}::int) as ok`
      : await sql<{ ok: boolean }[]>`select pg_try_advisory_lock_shared(${DATABASE_CLASS}::int, ${key}::int) as ok`;
  const others = await sql<{ pid: number; application: string; mode: string }[]>`
    select l.pid, coalesce(a.application_name, '') as application, l.mode
      from pg_locks l left join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.pid <> pg_backend_pid()
       and l.classid = ${DATABASE_CLASS}::bigint::oid and l.objid = (${key}::bigint & 4294967295)::oid`;
  const rival = others.find((other) => mode === "exclusive" || other.mode === "ExclusiveLock");
  if (row?.ok === true && rival === undefined) return undefined;
  if (row?.ok === true) await unlock(sql, claim);
  return { database, who: rival?.application ?? others[0]?.application };
}

/**
 * Throws (exit 1) when this session no longer holds its claim on a database: the connection was lost, and another run may
 * have claimed it meanwhile.
 */
export async function requireClaim(sql: Sql, database: string): Promise<void> {
  let cause: unknown;
  try {
    const rows = await sql`
      select 1 from pg_locks
       where locktype = 'advisory' and granted and objsubid = 2 and pid = pg_backend_pid()
         and classid = ${DATABASE_CLASS}::bigint::oid and objid = (${hashKey(database)}::bigint & 4294967295)::oid`;
    if (rows.length > 0) return;
  } catch (error) {
    if (!isLostCode(codeOf(error) ?? "")) throw error;
    cause = error;
  }
  throw failure(
    "claim_lost",
    `the connection to the server was lost on the way, and with it the claim on the database ${database}`,
    "nothing was replaced; try again",
    cause,
  );
}

/** The runs that hold their claim: those that live. */
async function listLivingKeys(sql: Sql): Promise<Set<number>> {
  const rows = await sql<{ key: number }[]>`
    select objid::bigint::float8 as key from pg_locks
     where locktype = 'advisory' and granted and objsubid = 2 and classid = ${RUN_CLASS}::bigint::oid`;
  return new Set(rows.map((row) => row.key | 0));
}

/** Whether a run holds its claim, or has sessions of any kind: one that only runs psql claims nothing. */
export async function isAtWork(sql: Sql, run: RunId): Promise<boolean> {
  if ((await listLivingKeys(sql)).has(hashKey(run))) return true;
  const names = [applicationName(run), controlName(run)];
  return (await sql`select 1 from pg_stat_activity where application_name in ${sql(names)} limit 1`).length > 0;
}

/** Scratch databases whose run no longer lives: a run claims itself before it makes one. */
export async function findDeadScratch(sql: Sql): Promise<{ run: RunId; database: string }[]> {
  const databases = await sql<{ name: string }[]>`
    select datname as name from pg_database where datname like 'pgrove\\_scratch\\_%'`;
  const living = await listLivingKeys(sql);
  return databases.flatMap(({ name }) => {
    const run = runOfScratch(name);
    return run === undefined || living.has(hashKey(run)) ? [] : [{ run, database: name }];
  });
}

/**
 * Drops the scratch databases of dead runs, with whatever still works in them. Resolves with their names; one that
 * cannot be dropped is told to `failed` and stays.
 */
export async function dropDeadScratch(sql: Sql, failed: (database: string, error: unknown) => void): Promise<string[]> {
  const dropped: string[] = [];
  for (const { run, database } of await findDeadScratch(sql)) {
    try {
      await endDeadRunSessions(sql, run);
      await dropDatabase(sql, database);
      dropped.push(database);
    } catch (error) {
      failed(database, error);
    }
  }
  return dropped;
}
