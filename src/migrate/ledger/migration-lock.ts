/**
 * One runner at a time. The lock is a session's, so that it outlives the scripts' own transactions and ends with the
 * process that holds it. Who waits asks again and again, each time in a transaction of its own: a session that waited
 * inside pg_advisory_lock would hold a snapshot, and CREATE INDEX CONCURRENTLY would wait for it for ever.
 *
 * The locks, for whoever wants to look into pg_locks or to take part:
 * - pgrove's: `pg_advisory_lock(0x70676d67, crc32('"pgrove"."migrations"'))`: two int4; the second is the CRC-32 of the
 *   ledger's qualified name as a signed number.
 * - golang-migrate's, while its table is kept: `pg_advisory_lock(n)`, one int8, n = crc32(schema NUL table NUL database) ×
 *   1486364155 modulo 2^32, with the database's name as it stands and as the path of a URL ("/name"): the tool uses
 *   either, depending on how it was started.
 */
import { failure, refusal } from "../../errors.ts";
import { withOpened } from "../../postgres/session.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import { pause } from "../../sys/pause.ts";
import type { LedgerPlace } from "./ledger-place.ts";
import { findHolder, type Holder } from "./lock-holder.ts";

/** "pgmg" as a number: the first key of pgrove's lock. */
export const MIGRATION_CLASS = 0x70676d67;

/** What golang-migrate multiplies its checksum with (its `database/util.go`). */
const GOLANG_MIGRATE_SALT = 1_486_364_155n;
const SQLX_SALT = 0x3d32ad9en;

/** An advisory lock by its keys: two int4 (class and key) or one int8 (class null). */
export interface LockKey {
  classKey: number | null;
  key: bigint;
}

/** The lock that a run holds. */
export interface HeldLock {
  /**
   * Throws (exit 1) when the session that holds the lock is gone: another run may be at work by now. Asks the server only
   * where it has not answered for a moment.
   */
  requireHeld(): Promise<void>;
}

export interface LockOptions {
  /** How long to wait for whoever has it; 0: not at all. */
  timeoutMs: number;
  abort: AbortSignal;
  note(text: string): void;
}

const POLL_MS = 100;
const POLL_JITTER_MS = 250;
const NOTE_AFTER_MS = 1_000;
const FRESH_MS = 250;
const ANSWER_MS = 15_000;

/** The second key of pgrove's lock for a ledger. */
export function migrationLockKey(place: Pick<LedgerPlace, "table">): LockKey {
  return { classKey: MIGRATION_CLASS, key: BigInt(Bun.hash.crc32(place.table) | 0) };
}

/** The keys that golang-migrate uses for a table: by a URL, and by an open connection. */
export function golangMigrateLockKeys(database: string, schema: string, table: string): LockKey[] {
  return [`/${database}`, database].map((name) => {
    const checksum = BigInt(Bun.hash.crc32([schema, table, name].join("\0")));
    return { classKey: null, key: (checksum * GOLANG_MIGRATE_SALT) % 2n ** 32n };
  });
}

/** The key that sqlx uses for a database. */
function sqlxLockKey(database: string): LockKey {
  return { classKey: null, key: SQLX_SALT * BigInt(Bun.hash.crc32(database)) };
}

/**
 * The body, while no other run migrates. `connect` opens a session that is the lock's own. Throws (exit 5) when another
 * run still has it after the time; the abort signal ends the wait.
 */
export async function withMigrationLock<T>(
  connect: () => Promise<Sql>,
  place: LedgerPlace,
  options: LockOptions,
  body: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  // The locks end with it.
  return await withOpened(connect, async (sql) => {
    await keepSession(sql);
    const keys = lockKeysOf(place);
    await acquireAll(sql, keys, place, options);
    return await body(watchLocks(sql, keys));
  });
}

function lockKeysOf(place: LedgerPlace): LockKey[] {
  const { kind, schemaName, tableName } = place.companion;
  const own = migrationLockKey(place);
  if (kind === "sqlx") return [own, sqlxLockKey(place.database)];
  return kind === "golang-migrate" ? [own, ...golangMigrateLockKeys(place.database, schemaName, tableName)] : [own];
}

/** The server must not end an idle session, and has to notice within minutes when this machine is gone. */
async function keepSession(sql: Sql): Promise<void> {
  // Not every version has all of them.
  await sql.unsafe(`
    select set_config(name, value, false)
      from (values ('idle_session_timeout', '0'), ('statement_timeout', '0'), ('tcp_keepalives_idle', '30'),
                   ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '6')) wanted (name, value)
     where name in (select name from pg_settings)`);
}

/** Waits for the locks, one after the other; those that it has already, it keeps. */
async function acquireAll(sql: Sql, keys: readonly LockKey[], place: LedgerPlace, options: LockOptions): Promise<void> {
  const { timeoutMs, abort, note } = options;
  const started = performance.now();
  let isNoted = false;
  for (const key of keys) {
    while (!(await tryLock(sql, key))) {
      const waitedMs = performance.now() - started;
      const isOver = waitedMs >= timeoutMs;
      if (isOver || (!isNoted && waitedMs >= NOTE_AFTER_MS)) {
        const holder = await findHolder(sql, key);
        if (isOver && holder !== undefined) throw lockedError(place, holder, timeoutMs);
        if (holder !== undefined) note(`${describeHolder(place, holder)}; waiting until it is done`);
        isNoted = true;
      }
      const pollMs = POLL_MS + Math.random() * POLL_JITTER_MS;
      await pause(isOver ? pollMs : Math.min(pollMs, timeoutMs - waitedMs), abort);
    }
  }
}

async function tryLock(sql: Sql, { classKey, key }: LockKey): Promise<boolean> {
  const keys = classKey === null ? `${key}::bigint` : `${classKey}::int, ${key}::int`;
  const [row] = await sql.unsafe<{ ok: boolean }[]>(`select pg_try_advisory_lock(${keys}) as ok`);
  return row?.ok === true;
}

function describeHolder({ database }: LedgerPlace, { application, pid, since, user }: Holder): string {
  const name = application === "" ? user : application;
  return `${name} is migrating ${database} (pid ${pid}, connected since ${since.toISOString()})`;
}

function lockedError(place: LedgerPlace, holder: Holder, timeoutMs: number): Error {
  const waited = timeoutMs === 0 ? "" : `; it was waited for ${timeoutMs / 1000} s`;
  return refusal(
    "migrations_locked",
    `${describeHolder(place, holder)}${waited}`,
    `try again, or wait longer: --lock-timeout 10m\nif it hangs: pgrove sql -c 'select pg_terminate_backend(${holder.pid})'`,
  );
}

/** What the body is handed. */
function watchLocks(sql: Sql, keys: readonly LockKey[]): HeldLock {
  let confirmedAt = performance.now();
  return {
    requireHeld: async () => {
      if (performance.now() - confirmedAt <= FRESH_MS) return;
      if (!(await holdsLocks(sql, keys))) throw lockLost();
      confirmedAt = performance.now();
    },
  };
}

/** Whether this session has the locks. One that does not answer is lost. */
async function holdsLocks(sql: Sql, keys: readonly LockKey[]): Promise<boolean> {
  const asked = sql<{ held: number }[]>`
    select count(*)::int as held from pg_locks
     where locktype = 'advisory' and granted and pid = pg_backend_pid()`;
  const answered = asked.then(([row]) => (row?.held ?? 0) >= keys.length).catch(() => false);
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), ANSWER_MS).unref());
  return await Promise.race([answered, late]);
}

function lockLost(): Error {
  return failure(
    "lock_lost",
    "the connection that held the migration lock was lost; the run has stopped, since another one may be at work now",
    "pgrove migrate status, then pgrove migrate up",
  );
}
