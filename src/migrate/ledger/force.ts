/** Tells the ledger what is applied, and runs nothing: after repairs by hand, or for a schema that is there already. */
import { refusal, usageError } from "../../errors.ts";
import { endSession, withSession } from "../../postgres/session.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import type { OperationTools } from "../../sys/operation.ts";
import { newRunId, type RunId } from "../../sys/run-id.ts";
import { withWork } from "../../work/work.ts";
import { type MigrationFiles, requireValid } from "../files/read-migrations.ts";
import { describeMigration, type LedgerRow } from "../migration.ts";
import { findNamed, type Named } from "../run/target-words.ts";
import { writeLedger } from "./adopt.ts";
import { currentRows, type ForeignChanges, findForeignChanges, recordedRow } from "./foreign-changes.ts";
import { type Ledger, readLedger } from "./ledger.ts";
import type { LedgerPlace, LedgerWhere } from "./ledger-place.ts";
import type { RunFacts } from "./ledger-sql.ts";
import { withMigrationLock } from "./migration-lock.ts";
import { requireOwnSession } from "./pooler.ts";

export interface ForceRequest {
  action: "force" | "baseline";
  /** A version, a name's beginning, or `none` (`-1`); of a baseline left out for the newest file. */
  word: string | undefined;
  files: MigrationFiles;
  where: LedgerWhere;
  facts: RunFacts;
  /** How long to wait for another run that migrates this database. */
  lockTimeoutMs: number;
  /** Rejects when it is not agreed to. */
  consent(plan: ForcePlan): Promise<void>;
}

/** What the ledger is to say, and what it says now. */
export interface ForcePlan {
  /** The newest applied version now. */
  from: LedgerRow | undefined;
  /** Undefined: nothing is applied. */
  to: Named | undefined;
  /** Rows that are put in. */
  add: readonly LedgerRow[];
  /** Rows that are taken out; those that are put in again have been in doubt. */
  remove: readonly LedgerRow[];
  /** Something is in doubt now, and no more after it. */
  settles: boolean;
}

/** Plans by what the session's database says now. Writes nothing. */
export async function planForce(sql: Sql, request: ForceRequest): Promise<ForcePlan> {
  return (await readForce(sql, request)).plan;
}

/** Writes the ledger, under the lock and as an operation of its own, once the plan is agreed to. */
export async function forceLedger(tools: OperationTools, live: LiveTarget, request: ForceRequest): Promise<ForcePlan> {
  const { database } = live;
  const place = await findPlace(live, request, newRunId(tools.clock.now()));
  const claims = [{ database, mode: "shared" as const }];
  const subject = { operation: `migrate ${request.action}`, claims, control: database };
  return await withWork(tools, live, subject, async ({ operation }) => {
    const { abort, run, details } = operation;
    const connect = () => live.toolbox.connect(database, run);
    const sql = await connect();
    operation.defer(() => endSession(sql));
    const options = { timeoutMs: request.lockTimeoutMs, abort, note: tools.note };
    return await withMigrationLock(connect, place, options, async (lock) => {
      const found = await readForce(sql, request);
      await request.consent(found.plan);
      await lock.requireHeld();
      await writePlan(sql, found, request);
      details.version = found.plan.to?.digits ?? "none";
      return found.plan;
    });
  });
}

/** Where the ledger is; looked for before anything is locked, since a pooler would give the locks to somebody else. */
async function findPlace({ toolbox, database }: LiveTarget, request: ForceRequest, run: RunId): Promise<LedgerPlace> {
  return await withSession({ toolbox, run }, database, async (sql) => {
    await requireOwnSession(sql, () => toolbox.connect(database, run));
    return (await readForce(sql, request)).ledger.place;
  });
}

interface Found {
  ledger: Ledger;
  changes: ForeignChanges;
  plan: ForcePlan;
}

async function readForce(sql: Sql, request: ForceRequest): Promise<Found> {
  const { files, where, action, facts } = request;
  const ledger = await readLedger(sql, action === "baseline" ? { ...where, takesOver: true } : where);
  const changes = findForeignChanges(ledger, files);
  const rows = currentRows(ledger, changes);
  if (action === "baseline") requireEmpty(rows, changes);
  const to = findGoal(request, rows);
  const plan = toPlan(rows, to, requireValid(files), { ...facts, origin: action === "force" ? "forced" : "baseline" });
  return { ledger, changes, plan: { ...plan, settles: plan.settles || changes.doubt !== undefined } };
}

/** Throws (exit 5) when something is applied already. */
function requireEmpty(rows: readonly LedgerRow[], { doubt }: ForeignChanges): void {
  const last = rows.at(-1);
  if (last === undefined && doubt === undefined) return;
  const where = last === undefined ? "half-way at its first migration" : `at ${describeMigration(last)}`;
  throw refusal(
    "already_migrated",
    `the database is ${where} already, and a baseline is for one that no migration was applied to`,
    "pgrove migrate status; pgrove migrate force VERSION        sets another version",
  );
}

function findGoal({ word, files, action }: ForceRequest, rows: readonly LedgerRow[]): Named | undefined {
  if (action === "force" && (word === "none" || word === "-1")) return undefined;
  if (word !== undefined && word !== "head") {
    const others = rows.filter((row) => !files.migrations.some(({ version }) => version === row.version));
    return findNamed(word, action === "force" ? [...files.migrations, ...others] : files.migrations);
  }
  const newest = files.migrations.at(-1);
  if (newest === undefined) throw usageError("there are no migrations here", "pgrove migrate create NAME");
  return newest;
}

/** Everything up to the goal counts as applied, and nothing above it. Rows that stay, stay as they are. */
function toPlan(
  rows: readonly LedgerRow[],
  to: Named | undefined,
  files: MigrationFiles,
  recorded: RunFacts & { origin: LedgerRow["origin"] },
): ForcePlan {
  const isWithin = ({ version }: { version: bigint }) => to !== undefined && version <= to.version;
  const now = new Date();
  const remove = rows.filter((row) => !isWithin(row) || !row.success);
  const kept = new Set(rows.filter((row) => !remove.includes(row)).map(({ version }) => version));
  const wanted = new Map<bigint, Named>(remove.filter(isWithin).map((row) => [row.version, row]));
  for (const migration of files.migrations) if (isWithin(migration)) wanted.set(migration.version, migration);
  const add = [...wanted.values()]
    .filter(({ version }) => !kept.has(version))
    .map((each) => ({ ...recordedRow(each, { ...recorded, now }), upChecksum: vouchedChecksum(each, files) }));
  return { to, add, remove, from: rows.findLast(({ success }) => success), settles: rows.some((row) => !row.success) };
}

/** sqlx's table has the checksum of each file, also of those that nobody has run; elsewhere nobody vouches for them. */
function vouchedChecksum({ version }: Named, { layout, migrations }: MigrationFiles): string | null {
  if (layout !== "sqlx") return null;
  return migrations.find((each) => each.version === version)?.up?.checksum ?? null;
}

/** The other tool's changes and the plan's, in one transaction. */
async function writePlan(sql: Sql, { ledger, changes, plan }: Found, { facts, action }: ForceRequest): Promise<void> {
  const removed = new Set(plan.remove.map(({ version }) => version));
  await writeLedger(sql, ledger, {
    add: [...changes.add.filter(({ version }) => !removed.has(version)), ...plan.add],
    remove: [...changes.remove, ...removed],
    history: [
      {
        ...{ version: plan.to?.version ?? null, digits: plan.to?.digits ?? "", name: plan.to?.name ?? "" },
        ...{ ...facts, action, duration: "null", success: true, error: null },
      },
    ],
  });
}
