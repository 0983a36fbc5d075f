/** A rehearsal: migrations run on a copy of the target, which is dropped again; the target is only read. */
import { messageOf, PgroveError } from "../../errors.ts";
import { databaseSizeBytes } from "../../postgres/admin.ts";
import type { Session } from "../../postgres/occupants.ts";
import { withSession } from "../../postgres/session.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import type { OperationTools } from "../../sys/operation.ts";
import { unitOf } from "../../unit/unit-of.ts";
import { type Work, withWork } from "../../work/work.ts";
import { diffLines, formatDiff } from "../schema/line-diff.ts";
import { readSchemaText } from "../schema/schema-text.ts";

/** A lock that a migration held until it was committed, on a table that was there before. */
export interface HeldLock {
  table: string;
  /** As PostgreSQL's documentation names it: "ACCESS EXCLUSIVE". */
  mode: string;
}

/** A migration that was rehearsed. */
export interface RehearsedStep {
  /** "up 7 add_users" */
  name: string;
  durationMs: number;
  locks: readonly HeldLock[];
}

export interface Rehearsal {
  /** How the copy was made. */
  strategy: "template" | "stream";
  sizeBytes: number;
  copyMs: number;
  steps: readonly RehearsedStep[];
  /** How the schema would change, line by line; "" when it would not. */
  difference: string;
}

export interface RehearsalRequest {
  /** Asked when the target has to be disconnected for a moment to be copied as a template. */
  whenBusy: (sessions: Session[]) => Promise<"disconnect" | "wait" | "stream">;
  /** Runs the migrations on the copy. */
  run: (work: Work, copy: LiveTarget, locks: LockReader) => Promise<readonly RehearsedStep[]>;
}

/** Reads what a session holds, inside of its transaction. */
export type LockReader = (sql: Sql) => Promise<HeldLock[]>;

const SHOWN = { around: 2, most: 80 };

/**
 * Rehearses as one operation. Throws as the migrations themselves would, saying that the target was not touched; the copy
 * is dropped in any case, by the next run when this one is killed.
 */
export async function rehearse(
  tools: OperationTools,
  live: LiveTarget,
  { whenBusy, run }: RehearsalRequest,
): Promise<Rehearsal> {
  const { database } = live;
  const claims = [{ database, mode: "shared" as const }];
  return await withWork(tools, live, { operation: "rehearse", claims, avoid: [database] }, async (work) => {
    const started = performance.now();
    const { database: copied, strategy } = await unitOf(live).save(work, whenBusy);
    const copyMs = performance.now() - started;
    const sizeBytes = await databaseSizeBytes(work.control, copied);
    const copy = asCopy(live, copied);
    const reader = { ...work.operation, runner: tools.runner };
    const before = await readSchemaText(copy, reader);
    const steps = await run(work, copy, await prepareLockReader(copy, work)).catch((error: unknown) => {
      throw asRehearsed(error, live.target.label);
    });
    const difference = formatDiff(diffLines(before, await readSchemaText(copy, reader)), SHOWN);
    return { strategy, sizeBytes, copyMs, steps, difference };
  });
}

/** The copy as a target: in it a worktree's schema belongs to the login, and the worktree's role has nothing. */
function asCopy(live: LiveTarget, database: string): LiveTarget {
  const { worktree: _, ...target } = live.target;
  return { ...live, database, target };
}

/** Only the tables that are there now count: nobody else waits for one that a migration makes. */
async function prepareLockReader({ toolbox, database }: LiveTarget, { operation }: Work): Promise<LockReader> {
  return await withSession({ toolbox, run: operation.run }, database, async (sql) => {
    const rows = await sql<{ oid: number }[]>`
      select c.oid::int8::float8 as oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'm', 'v') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;
    const present = new Set(rows.map(({ oid }) => oid));
    return async (session) => (await readLocks(session)).filter(({ oid }) => present.has(oid)).map(({ lock }) => lock);
  });
}

/** From weak to strong. https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES */
const MODES = [
  ["AccessShareLock", "ACCESS SHARE"],
  ["RowShareLock", "ROW SHARE"],
  ["RowExclusiveLock", "ROW EXCLUSIVE"],
  ["ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE"],
  ["ShareLock", "SHARE"],
  ["ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE"],
  ["ExclusiveLock", "EXCLUSIVE"],
  ["AccessExclusiveLock", "ACCESS EXCLUSIVE"],
] as const;

/** From this one on, somebody who writes has to wait. */
const FIRST_THAT_BLOCKS = 3;

/** The strongest lock of the session on each table, where it makes others wait. */
async function readLocks(sql: Sql): Promise<{ oid: number; lock: HeldLock }[]> {
  const rows = await sql<{ oid: number; table: string; mode: string }[]>`
    select c.oid::int8::float8 as oid, n.nspname || '.' || c.relname as table, l.mode
      from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
     where l.pid = pg_backend_pid() and l.granted and l.locktype = 'relation'
       and l.database = (select oid from pg_database where datname = current_database())
     order by 2`;
  const strongest = new Map<number, { oid: number; rank: number; table: string }>();
  for (const { oid, table, mode } of rows) {
    const rank = MODES.findIndex(([name]) => name === mode);
    if (rank > (strongest.get(oid)?.rank ?? FIRST_THAT_BLOCKS - 1)) strongest.set(oid, { oid, rank, table });
  }
  return [...strongest.values()].map(({ oid, rank, table }) => ({
    oid,
    lock: { table, mode: MODES[rank]?.[1] ?? "" },
  }));
}

function asRehearsed(error: unknown, label: string): unknown {
  if (!(error instanceof PgroveError) || error.code === "interrupted") return error;
  const details = { code: error.code, exit: error.exit, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  const message = `the rehearsal on a copy failed; ${label} was not touched\n${messageOf(error)}`;
  return new PgroveError({ ...details, message, cause: error });
}
