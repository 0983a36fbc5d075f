/** How `migrate up`, `down` and `goto` go: plan, rehearse, ask, save, run, and tell. */
import { EXIT, PgroveError, usageError } from "../../errors.ts";
import type { AppliedStep } from "../../migrate/run/apply.ts";
import type { Context } from "../context.ts";
import type { BackedUp } from "./backup.ts";
import { askFirst } from "./migrate-consent.ts";
import { type Course, completeRequest, type MigrateCommand, openCourse } from "./migrate-course.ts";
import { answerDone, answerNothing, answerPlan } from "./migrate-report.ts";
import { type Migrations, openMigrations } from "./migrations.ts";
import { withWayBack } from "./way-back.ts";

/** Runs the command. What has nothing to do ends after one session that only reads. */
export async function migrate(context: Context, command: MigrateCommand): Promise<void> {
  const migrations = await openMigrations(context, command.target);
  if (migrations.settings.command !== undefined) return await migrateByTool(context, command, migrations);
  const course = await openCourse(context, command, migrations);
  const { plan, changes } = course.planned;
  for (const text of plan.notes) context.output.note(text);
  if (plan.steps.length === 0) return await answerNothing(context, course);
  for (const text of changes.sentences) context.output.note(text);
  if (command.options.dryRun) return await answerPlan(context, course);
  const rehearsal = command.options.rehearse ? await rehearseFirst(context, course) : undefined;
  await askFirst(context, course);
  const backup = await saveFirst(context, course);
  const started = performance.now();
  const applied = await run(context, course, backup);
  const durationMs = performance.now() - started;
  if (applied.length > 0) {
    const { refreshSchemaFile } = await import("./schema-file.ts");
    await refreshSchemaFile(context, command.target, course.migrations);
  }
  await answerDone(context, course, { applied, durationMs, backup, rehearsal });
}

/** `migrations.command`: another tool's own commands. */
async function migrateByTool(context: Context, command: MigrateCommand, migrations: Migrations): Promise<void> {
  const { verb, target, word, toolWords } = command;
  const { dryRun, rehearse, lockWaitMs } = command.options;
  const { requireOwnMigrations } = await import("../../migrate/command-tool.ts");
  if (verb === "goto") return requireOwnMigrations(migrations.settings, verb);
  if (word !== undefined) {
    throw usageError(
      `pgrove.yaml has migrations.command, and ${word} would mean nothing to it`,
      `what the tool is to be told follows --: pgrove migrate ${verb} -- ${word}`,
    );
  }
  const { runCommandTool } = await import("./command-tool.ts");
  const backup = await chooseBackupKind(context, command, migrations);
  await runCommandTool(context, { verb, target, words: toolWords, dryRun, rehearse, backup, lockWaitMs });
}

async function run(context: Context, course: Course, backup: BackedUp | undefined): Promise<AppliedStep[]> {
  const { runMigrations } = await import("../../migrate/run/run.ts");
  const { command, live, planned } = course;
  const request = {
    ...(await completeRequest(context, course)),
    ...{ operation: `migrate ${command.verb}`, place: planned.ledger.place, lockWaitMs: command.options.lockWaitMs },
    agreed: planned.plan.steps,
  };
  try {
    return await runMigrations(await context.sessionTools(), live, request);
  } catch (error) {
    throw withWayBack(error, backup);
  }
}

async function rehearseFirst(context: Context, course: Course) {
  const { rehearseMigrations, renderRehearsal } = await import("./rehearsal.ts");
  const { command, live } = course;
  const rehearsal = await rehearseMigrations(context, command.target, await completeRequest(context, course));
  context.output.note(renderRehearsal(rehearsal, live.target.label));
  return rehearsal;
}

/** A backup that could not be made keeps from migrating; what to type for those who want it all the same. */
function withWayAround(error: unknown, way: string): unknown {
  if (!(error instanceof PgroveError) || (error.exit !== EXIT.failed && error.exit !== EXIT.missing)) return error;
  const { code, exit, hint } = error;
  const message = `no backup could be made, so nothing was migrated: ${error.message}`;
  return new PgroveError({
    code,
    exit,
    message,
    hint: [hint, way].filter((part) => part !== undefined).join("\n"),
    cause: error,
  });
}

async function chooseBackupKind(context: Context, command: MigrateCommand, { loaded, settings, target }: Migrations) {
  const { chooseBackup } = await import("../../migrate/settings.ts");
  const environment = target.environment === undefined ? undefined : loaded?.config.environments[target.environment];
  const configured = { ofEnvironment: environment?.backup, usual: settings.backup };
  return chooseBackup(command.options.backup, context.environment, configured);
}

async function saveFirst(context: Context, course: Course): Promise<BackedUp | undefined> {
  const { command, migrations, planned, isEmpty } = course;
  const kind = await chooseBackupKind(context, command, migrations);
  const [step] = planned.plan.steps;
  if (kind === "none" || isEmpty || step === undefined) return undefined;
  const { backUpBefore } = await import("./backup.ts");
  try {
    return await backUpBefore(context, command.target, { kind, step });
  } catch (error) {
    throw withWayAround(error, `${context.commandLine} --skip-backup    migrates without one`);
  }
}
