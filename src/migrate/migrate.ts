/** How `migrate up`, `down` and `goto` go: plan, rehearse, ask, save, run. */
import type { MigrateDialogue, MigrateRequest } from "./request.ts";
import type { AppliedStep } from "./run/apply.ts";
import type { PlannedBackup } from "./run/backup.ts";
import type { BackedUp } from "./run/backup-first.ts";
import { completeRequest, needsAgreement, type PreparedRun, prepareRun } from "./run/prepare.ts";
import type { Rehearsal } from "./run/rehearse.ts";
import { withWayBack } from "./run/way-back.ts";
import { chooseBackup } from "./settings.ts";
import type { ToolOutcome } from "./tool-commands.ts";
import type { MigrateTools } from "./tools.ts";
import { openMigrations, type TargetMigrations } from "./worktree-migrations.ts";

/** What came of it. */
export type MigrateOutcome =
  | { kind: "nothing"; run: PreparedRun }
  /** Of --dry-run: nothing was changed. */
  | { kind: "planned"; run: PreparedRun; backup: PlannedBackup | undefined }
  | { kind: "done"; run: PreparedRun; done: Migrated }
  | ToolOutcome;

export interface Migrated {
  /** None when another run was quicker. */
  applied: readonly AppliedStep[];
  durationMs: number;
  backup: BackedUp | undefined;
  rehearsal: Rehearsal | undefined;
}

/** Migrates, by another tool where pgrove.yaml has one. What has nothing to do ends after one session that only reads. */
export async function migrate(
  tools: MigrateTools,
  request: MigrateRequest,
  dialogue: MigrateDialogue,
): Promise<MigrateOutcome> {
  const migrations = await openMigrations(tools, request.target);
  if (migrations.settings.command !== undefined) {
    const { migrateByCommand } = await import("./tool-commands.ts");
    return await migrateByCommand(tools, migrations, request, backupKind(tools, request, migrations), dialogue);
  }
  const run = await prepareRun(tools, request, migrations, dialogue);
  const { plan, changes } = run.planned;
  const { note } = tools.targetPlace;
  for (const text of plan.notes) note(text);
  if (plan.steps.length === 0) return { kind: "nothing", run };
  for (const text of changes.sentences) note(text);
  if (request.options.dryRun) return { kind: "planned", run, backup: await planFirst(tools, run) };
  return { kind: "done", run, done: await goOn(tools, run, dialogue) };
}

async function goOn(tools: MigrateTools, run: PreparedRun, dialogue: MigrateDialogue): Promise<Migrated> {
  const { request, migrations, live, planned, impacts, repeats } = run;
  const { rehearse } = request.options;
  const rehearsal = rehearse ? await rehearseFirst(tools, run, dialogue) : undefined;
  if (needsAgreement(run)) {
    await dialogue.consent({ target: live.target, steps: planned.plan.steps, impacts, repeats, rehearsed: rehearse });
  }
  const backup = await saveFirst(tools, run, dialogue);
  const started = performance.now();
  const applied = await apply(tools, run, backup);
  const durationMs = performance.now() - started;
  if (applied.length > 0) {
    const { refreshSchemaFile } = await import("./schema/worktree-schema-file.ts");
    await refreshSchemaFile(tools, request.target, migrations);
  }
  return { applied, durationMs, backup, rehearsal };
}

async function rehearseFirst(tools: MigrateTools, run: PreparedRun, dialogue: MigrateDialogue): Promise<Rehearsal> {
  const { rehearseMigrations } = await import("./run/rehearse-migrations.ts");
  const { request, live } = run;
  const rehearsal = await rehearseMigrations(
    tools,
    request.target,
    await completeRequest(tools, run),
    dialogue.whenBusy,
  );
  dialogue.tellRehearsal(rehearsal, live.target);
  return rehearsal;
}

/** What would be saved first, and what would go for it. */
async function planFirst(tools: MigrateTools, run: PreparedRun): Promise<PlannedBackup | undefined> {
  const wanted = wantedBackup(tools, run);
  if (wanted === undefined) return undefined;
  const [{ planBackup }, { keptSnapshots }] = await Promise.all([
    import("./run/backup.ts"),
    import("../copy/snapshot-keep.ts"),
  ]);
  return await planBackup(run.live, { ...wanted, keep: await keptSnapshots(tools) }, tools.clock.now());
}

function wantedBackup(tools: MigrateTools, { request, migrations, planned, isEmpty }: PreparedRun) {
  const kind = backupKind(tools, request, migrations);
  const [step] = planned.plan.steps;
  return kind === "none" || isEmpty || step === undefined ? undefined : { kind, step };
}

async function saveFirst(
  tools: MigrateTools,
  run: PreparedRun,
  dialogue: MigrateDialogue,
): Promise<BackedUp | undefined> {
  const wanted = wantedBackup(tools, run);
  if (wanted === undefined) return undefined;
  const [{ backUpFirst }, { withWayAround }] = await Promise.all([
    import("./run/backup-first.ts"),
    import("./run/way-back.ts"),
  ]);
  try {
    return await backUpFirst(tools, run.request.target, wanted, dialogue);
  } catch (error) {
    throw withWayAround(error, `${dialogue.commandWith("--skip-backup")}    migrates without one`);
  }
}

function backupKind({ targetPlace }: MigrateTools, { options }: MigrateRequest, migrations: TargetMigrations) {
  const { loaded, settings, target } = migrations;
  const environment = target.environment === undefined ? undefined : loaded?.config.environments[target.environment];
  const configured = { ofEnvironment: environment?.backup, usual: settings.backup };
  return chooseBackup(options.backup, targetPlace.environment, configured);
}

async function apply(
  tools: MigrateTools,
  run: PreparedRun,
  backup: BackedUp | undefined,
): Promise<readonly AppliedStep[]> {
  const { runMigrations } = await import("./run/run-migrations.ts");
  const { request, live, planned } = run;
  const complete = {
    ...(await completeRequest(tools, run)),
    ...{ operation: `migrate ${request.verb}`, place: planned.ledger.place, lockWaitMs: request.options.lockWaitMs },
    agreed: planned.plan.steps,
  };
  try {
    return await runMigrations(await tools.sessionTools(), live, complete);
  } catch (error) {
    throw withWayBack(error, backup);
  }
}
