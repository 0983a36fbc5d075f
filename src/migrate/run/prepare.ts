/** What `migrate up`, `down` and `goto` find out before anything is changed. */

import { endSession } from "../../postgres/session.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import { enterSchema } from "../../resolve/target-session.ts";
import { newRunId } from "../../sys/run-id.ts";
import { type MigrationFiles, requireValid } from "../files/read-migrations.ts";
import type { StepImpact } from "../impact/impact-model.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { ledgerWhere } from "../ledger/ledger-session.ts";
import { readRunFacts } from "../ledger/run-facts.ts";
import type { MigrateDialogue, MigrateRequest } from "../request.ts";
import type { MigrateTools } from "../tools.ts";
import { openLive, type TargetMigrations } from "../worktree-migrations.ts";
import type { ApplyRequest, Planned, PlanRequest, ShapedStep } from "./apply.ts";

/** A run that is planned, and all that the parts of its way need to know. */
export interface PreparedRun {
  request: MigrateRequest;
  migrations: TargetMigrations;
  live: LiveTarget;
  wished: PlanRequest;
  planned: Planned;
  /** What the steps do to the data that is there; none where nobody would read it. */
  impacts: readonly StepImpact[];
  /** Nothing is there that a backup would save. */
  isEmpty: boolean;
  /** One that is gone on with would do again what it has committed. */
  repeats: boolean;
}

type CloserLook = Pick<PreparedRun, "impacts" | "isEmpty" | "repeats">;

export type PrepareDialogue = Pick<MigrateDialogue, "readsImpact" | "tellSchemaStart">;

/** Plans in one session that only reads. Throws (exit 3) for bad files, whatever the server says. */
export async function prepareRun(
  tools: MigrateTools,
  request: MigrateRequest,
  migrations: TargetMigrations,
  dialogue: PrepareDialogue,
): Promise<PreparedRun> {
  const opening = openSession(tools, request, migrations, dialogue); // dials and asks while the files are read
  const reading = opening.then((open) => readAlong(open, request, migrations));
  reading.catch(() => undefined); // bad files are told first
  const files = await readFiles(migrations, opening);
  const { live, sql, ledger } = await reading;
  try {
    const wished: PlanRequest = {
      ...{ files, wish: request.wish(files.migrations.length), table: migrations.settings.table },
      allowOutOfOrder: request.options.allowOutOfOrder,
    };
    const { planOnLedger } = await import("./apply.ts");
    const planned = planOnLedger(ledger, wished);
    const run = { request, migrations, live, wished, planned };
    if (planned.plan.steps.length === 0) return { ...run, impacts: [], isEmpty: false, repeats: false };
    return { ...run, ...(await lookCloser(tools, run, sql, dialogue)) };
  } finally {
    endSoon(sql);
  }
}

interface OpenSession {
  live: LiveTarget;
  sql: Sql;
}

async function openSession(
  tools: MigrateTools,
  { fromSchema = false, options }: MigrateRequest,
  migrations: TargetMigrations,
  { tellSchemaStart }: PrepareDialogue,
): Promise<OpenSession> {
  const live = await openLive(tools, migrations, options.waitMs);
  if (fromSchema && !options.dryRun) {
    const { startFromSchemaFile } = await import("../schema/worktree-schema-file.ts");
    await startFromSchemaFile(tools, migrations, live, options.lockWaitMs, tellSchemaStart);
  }
  return { live, sql: await live.toolbox.connect(live.database, newRunId(tools.clock.now())) };
}

/** The ledger, as the target's session sees it. */
async function readAlong(
  open: OpenSession,
  { verb }: MigrateRequest,
  migrations: TargetMigrations,
): Promise<OpenSession & { ledger: Ledger }> {
  const { live, sql } = open;
  try {
    await enterSchema(sql, live.target);
    const { readLedger } = await import("../ledger/ledger.ts");
    const where = await ledgerWhere(migrations, live.target);
    return { ...open, ledger: await readLedger(sql, { ...where, downScripts: verb !== "up" }) };
  } catch (error) {
    endSoon(sql);
    throw error;
  }
}

async function readFiles(migrations: TargetMigrations, opening: Promise<OpenSession>): Promise<MigrationFiles> {
  try {
    return requireValid(await migrations.files());
  } catch (error) {
    opening.then(({ sql }) => endSoon(sql)).catch(() => undefined);
    throw error;
  }
}

/** Says goodbye without waiting for the answer: nothing depends on it. */
function endSoon(sql: Sql): void {
  endSession(sql).catch(() => undefined);
}

/** What is asked only when there is something to run. Every script is looked at: a bad one stops all before anything runs. */
async function lookCloser(
  tools: MigrateTools,
  { request, migrations, live, planned }: Omit<PreparedRun, keyof CloserLook>,
  sql: Sql,
  { readsImpact }: PrepareDialogue,
): Promise<CloserLook> {
  const { target, toolbox, database } = live;
  const { dryRun } = request.options;
  const [{ filesOf, readShapes }, { requireOwnSession }, { isEmptyDatabase }] = await Promise.all([
    import("./apply.ts"),
    import("../ledger/pooler.ts"),
    import("./empty-database.ts"),
  ]);
  const shaped = await readShapes(planned.plan.steps);
  if (!dryRun) await (await tools.sessionTools()).mayRun?.(filesOf(planned.plan.steps, migrations.root));
  await requireOwnSession(sql, () => toolbox.connect(database, newRunId(tools.clock.now())));
  const isEmpty = await isEmptyDatabase(sql, planned.ledger, target.schema);
  const repeats = await findRepeats(shaped);
  if (!dryRun && !target.protected && !readsImpact) return { impacts: [], isEmpty, repeats };
  const { describeImpact, mayLoseData } = await import("../impact/impact.ts");
  const isWanted = dryRun || shaped.some(({ shape }) => mayLoseData(shape.sql));
  if (!isWanted) return { impacts: [], isEmpty, repeats };
  return { impacts: await describeImpact(sql, shaped), isEmpty, repeats };
}

/** Only the first one may be in doubt. */
async function findRepeats([first]: readonly ShapedStep[]): Promise<boolean> {
  if (first?.step.again !== true) return false;
  const { repeatsCommitted } = await import("./run-script.ts");
  return await repeatsCommitted(first.step, first.shape);
}

/**
 * Whether somebody is asked first: for steps down, statements that lose data, a migration in doubt that is gone on with;
 * for everything in a protected place, and behind a rehearsal, since whoever rehearses wants to see how it went.
 */
export function needsAgreement({ request, live, planned, impacts, repeats }: PreparedRun): boolean {
  const destroys = planned.plan.steps.some(({ direction, fromStatement }) => direction === "down" || fromStatement > 1);
  const loses = impacts.some(({ destructive }) => destructive);
  return live.target.protected || request.options.rehearse || destroys || repeats || loses;
}

/** What the run itself needs beyond the plan. */
export async function completeRequest(
  tools: MigrateTools,
  { request, migrations, wished }: PreparedRun,
): Promise<ApplyRequest> {
  const { settings, root } = migrations;
  return {
    ...wished,
    settings: {
      lockTimeoutMs: settings.lock_timeout,
      statementTimeoutMs: request.options.statementTimeoutMs ?? settings.statement_timeout,
    },
    facts: await readRunFacts(tools, root),
  };
}
