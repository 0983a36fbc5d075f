/** The ledgers of a repository's databases, told that migrations which they have applied have a new number. */
import { EXIT, PgroveError } from "../errors.ts";
import type { MigrationFiles } from "../migrate/files/read-migrations.ts";
import { matchRows, type RenumberedMigration } from "../migrate/files/renumber.ts";
import { adoptLedger } from "../migrate/ledger/adopt.ts";
import { findForeignChanges } from "../migrate/ledger/foreign-changes.ts";
import { readLedger } from "../migrate/ledger/ledger.ts";
import { type Renumbering, renumberLedger } from "../migrate/ledger/ledger-renumber.ts";
import type { RunFacts } from "../migrate/ledger/ledger-sql.ts";
import { withMigrationLock } from "../migrate/ledger/migration-lock.ts";
import { codeOf } from "../postgres/connect.ts";
import { endSession } from "../postgres/session.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { readRegistry } from "../repo/registry.ts";
import { asOwnRole } from "../resolve/reach.ts";
import type { LiveTarget, Target } from "../resolve/target.ts";
import { enterSchema } from "../resolve/target-session.ts";
import { mainTarget, worktreeTarget } from "../resolve/worktree-target.ts";
import { openServer } from "../server/open-server.ts";
import { inDatabase } from "../unit/marks.ts";
import { withWork } from "../work/work.ts";
import type { WorktreeTools } from "./tools.ts";

/** A database that has some of the migrations applied. */
export interface ConcernedLedger {
  live: LiveTarget;
  changes: readonly Renumbering[];
}

/**
 * The databases, main's and the worktrees', whose ledger has the migrations applied with the same text. Throws (exit 4)
 * when a server does not run, since nobody can say then.
 */
export async function findConcernedLedgers(
  tools: WorktreeTools,
  files: MigrationFiles,
  plan: readonly RenumberedMigration[],
): Promise<ConcernedLedger[]> {
  const concerned: ConcernedLedger[] = [];
  const silent: string[] = [];
  for (const target of await listTargets(tools)) {
    const live = await openIfRunning(target, tools);
    if (live === undefined) {
      silent.push(target.label);
      continue;
    }
    const ledger = await inTarget(live, tools, (sql) => readLedger(sql, whereOf(tools, files, target)));
    const changes = matchRows(ledger?.rows ?? [], plan, target.label);
    if (changes.length > 0) concerned.push({ live, changes });
  }
  if (silent.length > 0) throw notRunning(silent);
  return concerned;
}

function notRunning(labels: readonly string[]): PgroveError {
  const [first = ""] = labels;
  return new PgroveError({
    code: "not_running",
    message: `the server of ${labels.join(", ")} does not run, and its ledger may have these migrations applied: nothing was renumbered`,
    hint: `pgrove up ${first}`,
    exit: EXIT.missing,
  });
}

async function listTargets({ loaded, place, stateDir }: WorktreeTools): Promise<Target[]> {
  const { rows } = await readRegistry(stateDir);
  const ready = rows.filter(({ state }) => state === "ready");
  const main = await mainTarget(loaded, place);
  return [main, ...(await Promise.all(ready.map((row) => worktreeTarget(row, loaded, place))))].map(asOwnRole);
}

async function openIfRunning(target: Target, tools: WorktreeTools): Promise<LiveTarget | undefined> {
  const server = openServer(target.server, target.login, tools.server);
  if ((await server.inspect()).condition !== "running") return undefined;
  const [toolbox, { database }] = await Promise.all([server.open(), server.access()]);
  return { target, server, toolbox, database };
}

function whereOf({ loaded }: WorktreeTools, { layout }: MigrationFiles, { schema }: Target) {
  const { table } = loaded.config.migrations;
  return { layout, schema, table };
}

/** PostgreSQL's code for a database that is not there. */
const NO_DATABASE = "3D000";

/** Undefined when the database is not there (any more). */
async function inTarget<T>(
  live: LiveTarget,
  { operation }: WorktreeTools,
  body: (sql: Sql) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await inDatabase(live, operation.clock.now(), async (sql) => {
      await enterSchema(sql, live.target);
      return await body(sql);
    });
  } catch (error) {
    if (codeOf(error) === NO_DATABASE) return undefined;
    throw error;
  }
}

const LOCK_WAIT_MS = 10_000;

/** Gives the rows of one ledger their new numbers, and the other tool's table beside it: one transaction. */
export async function renumberInLedger(
  tools: WorktreeTools,
  files: MigrationFiles,
  { live, changes }: ConcernedLedger,
  facts: RunFacts,
): Promise<void> {
  const { operation } = tools;
  const subject = { operation: "migrate renumber", claims: [{ database: live.database, mode: "shared" as const }] };
  await withWork(operation, live, subject, async (work) => {
    const connect = async () => {
      const sql = await live.toolbox.connect(live.database, work.operation.run);
      await enterSchema(sql, live.target);
      return sql;
    };
    const sql = await connect();
    work.operation.defer(() => endSession(sql));
    const read = () => readLedger(sql, whereOf(tools, files, live.target));
    const { place } = await read();
    const options = { timeoutMs: LOCK_WAIT_MS, abort: work.operation.abort, note: operation.note };
    await withMigrationLock(connect, place, options, async () => {
      const ledger = await read();
      const known = await adoptLedger(sql, ledger, findForeignChanges(ledger, files));
      await renumberLedger(sql, known, changes, facts);
    });
  });
}
