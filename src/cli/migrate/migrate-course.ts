/** What `migrate up`, `down` and `goto` have found out before anything is changed. */

import { type MigrationFiles, requireValid } from "../../migrate/files/files.ts";
import type { StepImpact } from "../../migrate/impact/impact-model.ts";
import type { Direction } from "../../migrate/model.ts";
import type { ApplyRequest, Planned, PlanRequest } from "../../migrate/run/apply.ts";
import type { Wish } from "../../migrate/run/target-words.ts";
import { endSession } from "../../postgres/session.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import { enterSchema } from "../../resolve/target-session.ts";
import { newRunId } from "../../sys/run-id.ts";
import type { Context } from "../context.ts";
import type { RunOptions } from "./migrate-options.ts";
import { type Migrations, openLive } from "./migrations.ts";
import { readRunFacts } from "./run-facts.ts";

export interface MigrateCommand {
  verb: Direction | "goto";
  target: string | undefined;
  /** How far, as it was typed. */
  word?: string | undefined;
  /** What follows `--`: for another tool's command. */
  toolWords: readonly string[];
  /** The wish, once it is known how many migrations there are. */
  wish(known: number): Wish;
  options: RunOptions;
  /** Load the schema file first. */
  fromSchema?: boolean;
}

/** All that the parts of the way need to know. */
export interface Course {
  command: MigrateCommand;
  migrations: Migrations;
  live: LiveTarget;
  request: PlanRequest;
  planned: Planned;
  /** What the steps do to the data that is there; none where nobody would read it. */
  impacts: readonly StepImpact[];
  /** Nothing is there that a backup would save. */
  isEmpty: boolean;
}

/** Plans in one session that only reads. Throws (exit 3) for bad files, whatever the server says. */
export async function openCourse(context: Context, command: MigrateCommand, migrations: Migrations): Promise<Course> {
  const opening = openSession(context, command, migrations); // dials while the files are read
  opening.catch(() => undefined); // bad files are told first
  const files = await readFiles(migrations, opening);
  const { live, sql } = await opening;
  const { table } = migrations.settings;
  try {
    const request: PlanRequest = {
      ...{ files, wish: command.wish(files.migrations.length), allowOutOfOrder: command.options.allowOutOfOrder },
      ...(table === undefined ? {} : { table }),
    };
    await enterSchema(sql, live.target);
    const { planWish } = await import("../../migrate/run/apply.ts");
    const planned = await planWish(sql, live.target.schema, request);
    const course = { command, migrations, live, request, planned };
    if (planned.plan.steps.length === 0) return { ...course, impacts: [], isEmpty: false };
    return { ...course, ...(await lookCloser(context, course, sql)) };
  } finally {
    endSoon(sql);
  }
}

interface OpenSession {
  live: LiveTarget;
  sql: Sql;
}

async function openSession(context: Context, command: MigrateCommand, migrations: Migrations): Promise<OpenSession> {
  const { fromSchema = false, options } = command;
  const live = await openLive(context, migrations, options.waitMs);
  if (fromSchema && !options.dryRun) {
    const { startFromSchemaFile } = await import("./schema-start.ts");
    await startFromSchemaFile(context, migrations, live, options.lockWaitMs);
  }
  return { live, sql: await live.toolbox.connect(live.database, newRunId(context.clock.now())) };
}

async function readFiles(migrations: Migrations, opening: Promise<OpenSession>): Promise<MigrationFiles> {
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
  context: Context,
  { command, live, planned }: Omit<Course, "impacts" | "isEmpty">,
  sql: Sql,
): Promise<Pick<Course, "impacts" | "isEmpty">> {
  const { target, toolbox, database } = live;
  const [{ readShapes }, { requireOwnSession }, { isEmptyDatabase }, { wantsImpact }] = await Promise.all([
    import("../../migrate/run/apply.ts"),
    import("../../migrate/ledger/pooler.ts"),
    import("../../migrate/run/empty-database.ts"),
    import("./migrate-consent.ts"),
  ]);
  const shaped = await readShapes(planned.plan.steps);
  await requireOwnSession(sql, () => toolbox.connect(database, newRunId(context.clock.now())));
  const isEmpty = await isEmptyDatabase(sql, planned.ledger, target.schema);
  if (!wantsImpact(context, target.protected, command.options.dryRun)) return { impacts: [], isEmpty };
  const { describeImpact, mayLoseData } = await import("../../migrate/impact/impact.ts");
  const isWanted = command.options.dryRun || shaped.some(({ shape }) => mayLoseData(shape.sql));
  if (!isWanted) return { impacts: [], isEmpty };
  return { impacts: await describeImpact(sql, shaped), isEmpty };
}

/** What the run itself needs beyond the plan. */
export async function completeRequest(
  context: Context,
  { command, migrations, request }: Course,
): Promise<ApplyRequest> {
  const { statementTimeoutMs } = command.options;
  const { settings } = migrations;
  return {
    ...request,
    settings: {
      lockTimeoutMs: settings.lock_timeout,
      statementTimeoutMs: statementTimeoutMs ?? settings.statement_timeout,
    },
    facts: await readRunFacts(context, migrations),
  };
}
