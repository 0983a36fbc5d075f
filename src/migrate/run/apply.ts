/** Brings a database to a wish: reads its ledger, plans, and runs the steps. Lock, journal and consent are the caller's. */
import { resolve } from "node:path";
import { failure, PgroveError, refusal } from "../../errors.ts";
import { endSession } from "../../postgres/session.ts";
import type { ConnectOptions, Sql } from "../../postgres/toolbox.ts";
import { entrySql, sessionOptions } from "../../resolve/reach.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import { readShape, type ScriptShape } from "../../sql/script-shape.ts";
import type { Work } from "../../work/work.ts";
import type { MigrationFiles } from "../files/read-migrations.ts";
import { adoptLedger } from "../ledger/adopt.ts";
import {
  currentRows,
  type ForeignChanges,
  findForeignChanges,
  requireNoForeignDoubt,
} from "../ledger/foreign-changes.ts";
import { type Ledger, readLedger } from "../ledger/ledger.ts";
import type { LedgerPlace } from "../ledger/ledger-place.ts";
import type { RunFacts } from "../ledger/ledger-sql.ts";
import { describeMigration, listMigrations, type Step } from "../migration.ts";
import { watchBlockers } from "./blockers.ts";
import { type Plan, planSteps } from "./plan-steps.ts";
import { requireFitForPsql, runByPsql } from "./run-psql.ts";
import { canGoOn, cannotContinue, runByStatements, runInTransaction, type StepSession } from "./run-script.ts";
import type { HowFar } from "./target-words.ts";

/** What is wished, and where its ledger is to be found. */
export interface PlanRequest {
  files: MigrationFiles;
  wish: HowFar;
  allowOutOfOrder: boolean;
  /** `migrations.table`, where it is set. */
  table?: string | undefined;
}

export interface ApplyRequest extends PlanRequest {
  settings: Pick<StepSession, "lockTimeoutMs" | "statementTimeoutMs" | "retryPauseMs">;
  facts: RunFacts;
  /** Inside each step's transaction, before its commit. */
  beforeCommit?(sql: Sql, step: Step): Promise<void>;
  /** Throws when the lock under which this runs is no longer held. Asked before each step. */
  requireHeld?(): Promise<void>;
  /** The steps that were agreed to; others are refused (exit 5). Left out, whatever the wish comes to is run. */
  agreed?: readonly Step[];
}

export interface AppliedStep {
  step: Step;
  durationMs: number;
}

/** What a wish comes to in a database, as it is now. */
export interface Planned {
  ledger: Ledger;
  changes: ForeignChanges;
  plan: Plan;
}

/** Plans in a session that is in the target's schema. Nothing is written. Throws what `planSteps` throws. */
export async function planWish(sql: Sql, schema: string | undefined, request: PlanRequest): Promise<Planned> {
  const { files, wish, table } = request;
  const ledger = await readLedger(sql, { layout: files.layout, schema, table, downScripts: mayGoDown(wish) });
  return planOnLedger(ledger, request);
}

/** Plans by a ledger that was read; for going down, with its down scripts. Throws what `planSteps` throws. */
export function planOnLedger(ledger: Ledger, { files, wish, allowOutOfOrder }: PlanRequest): Planned {
  const changes = findForeignChanges(ledger, files);
  requireNoForeignDoubt(ledger, changes);
  return { ledger, changes, plan: planSteps(files, currentRows(ledger, changes), wish, { allowOutOfOrder }) };
}

function mayGoDown(wish: HowFar): boolean {
  return wish.kind !== "head" && !(wish.kind !== "nothing" && wish.direction === "up");
}

/**
 * Plans and runs in `live.database`, through a session of its own. Resolves with what was run. Every script is looked at
 * before the first one is run.
 */
export async function applyWish(work: Work, live: LiveTarget, request: ApplyRequest): Promise<AppliedStep[]> {
  let current: Step | undefined;
  const notice: Notice = (message, code) => {
    if (code === NO_TRANSACTION) return;
    work.tools.note(current === undefined ? message : `${describeMigration(current)}: ${message}`);
  };
  const sql = await openSession(work, live, notice);
  const planned = await planWish(sql, live.target.schema, request);
  const { steps } = planned.plan;
  if (steps.length === 0) return [];
  requireAgreed(steps, request.agreed);
  const shaped = await readShapes(steps);
  await work.tools.mayRun?.(filesOf(steps, request.files.root));
  const { place } = await adoptLedger(sql, planned.ledger, planned.changes);
  const run = await prepareRun(work, live, sql, place, request);
  const done: AppliedStep[] = [];
  for (const { step, shape } of shaped) {
    work.operation.abort.throwIfAborted();
    await request.requireHeld?.();
    current = step;
    work.tools.progress({ phase: "migrate", subject: describeMigration(step) });
    const started = performance.now();
    try {
      await run(step, shape, step !== steps.at(-1));
    } catch (error) {
      throw tellDone(error, done, steps.length);
    }
    done.push({ step, durationMs: performance.now() - started });
  }
  return done;
}

/** The files that the steps run: absolute. What the ledger has kept is in none. */
export function filesOf(steps: readonly Step[], root: string): string[] {
  return [...new Set(steps.map(({ script }) => resolve(root, script.file)))];
}

/** A step, and how its script is to be run. */
export interface ShapedStep {
  step: Step;
  shape: ScriptShape;
}

/** Looks at every script. Throws (exit 3) at the first that cannot be run, (exit 5) at one that cannot be gone on with. */
export async function readShapes(steps: readonly Step[]): Promise<ShapedStep[]> {
  const shaped: ShapedStep[] = [];
  for (const step of steps) {
    const shape = await readShape(step.script); // in their order: the first mistake is told
    if (shape.runner === "psql") requireFitForPsql(step, shape);
    if (step.again === true && !canGoOn(step, shape)) throw cannotContinue(step);
    shaped.push({ step, shape });
  }
  return shaped;
}

type Notice = NonNullable<ConnectOptions["notice"]>;

/** Our own ROLLBACK's answer behind a mistake of syntax, for which not even the BEGIN before it was run. */
const NO_TRANSACTION = "25P01";

/** A session of the run in the target's schema, ended with the operation. */
async function openSession(work: Work, live: LiveTarget, notice?: Notice): Promise<Sql> {
  const { run } = work.operation;
  const sql = await live.toolbox.connect(live.database, run, {
    runsUsersSql: true,
    ...(notice === undefined ? {} : { notice }),
  });
  work.operation.defer(() => endSession(sql));
  const entry = entrySql(live.target);
  if (entry !== "") await sql.unsafe(entry);
  return sql;
}

/** Makes the function that runs one step. */
async function prepareRun(work: Work, live: LiveTarget, sql: Sql, place: LedgerPlace, request: ApplyRequest) {
  const [own] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  const { settings, facts, beforeCommit } = request;
  const { note } = work.tools;
  const { abort, run } = work.operation;
  const everyMs = Math.max(100, (settings.lockTimeoutMs || USUAL_WAIT_MS) / 2);
  const psql = {
    ...{ runner: work.tools.runner, run, abort, openToolbox: () => live.server.open() },
    ...{ database: live.database, options: sessionOptions(live.target) },
  };
  return async (step: Step, shape: ScriptShape, commitsLater: boolean): Promise<void> => {
    const waits = (who: string) => note(`${describeMigration(step)} waits for ${who}`);
    const watch = watchBlockers(work.control, own?.pid ?? 0, everyMs, waits);
    const session: StepSession = {
      ...{ sql, place, facts, ...settings, abort, note, commitsLater },
      enterSchema: entrySql(live.target),
      openBooks: () => live.toolbox.connect(live.database, run),
      blockers: watch.seen,
      ...(beforeCommit === undefined ? {} : { beforeCommit }),
    };
    try {
      if (shape.runner === "psql") await runByPsql(session, psql, step, shape);
      else if (shape.transaction === "ours") await runInTransaction(session, step, shape);
      else await runByStatements(session, step, shape);
    } finally {
      watch.stop();
    }
  };
}

/** How often to look who is in the way, where no lock_timeout says how long a wait may be. */
const USUAL_WAIT_MS = 5_000;

/** Throws (exit 5) when the database needs other steps now than those that were agreed to. */
function requireAgreed(steps: readonly Step[], agreed: readonly Step[] | undefined): void {
  if (agreed === undefined) return;
  const known = new Set(agreed.map(({ direction, version }) => `${direction} ${version}`));
  const other = steps.find(({ direction, version }) => !known.has(`${direction} ${version}`));
  if (other === undefined) return;
  throw refusal(
    "changed_meanwhile",
    `somebody else has migrated the database meanwhile: now ${describeMigration(other)} would be run, too (${other.direction})`,
    "pgrove migrate status, then try again",
  );
}

/** The error with what was done before it, so that nobody has to look. */
function tellDone(error: unknown, done: readonly AppliedStep[], total: number): unknown {
  if (!(error instanceof PgroveError) || error.exit !== 1 || done.length === 0) return error;
  const before = `done before it: ${listMigrations(done.map(({ step }) => step))} (${done.length} of ${total})`;
  return failure(error.code, `${error.message}\n${before}`, error.hint, error);
}
