/** `seed --reset`: a snapshot, an empty database, the migrations. Seeds follow. */
import { replaceByEmpty } from "../../copy/empty.ts";
import { createSnapshot } from "../../copy/snapshot.ts";
import { configError } from "../../errors.ts";
import { withWork } from "../../work/work.ts";
import type { Context } from "../context.ts";
import { plural } from "../format.ts";
import { openMigrations } from "../migrate/migrations.ts";
import { readRunFacts } from "../migrate/run-facts.ts";
import { keptSnapshots } from "../snapshot-keep.ts";
import type { AnswerPart } from "./seed-answer.ts";
import { openSeeding, type Seeding } from "./seeding.ts";

export interface ResetChoice {
  /** Nobody is asked where the target is not protected. */
  force: boolean;
  dryRun: boolean;
}

/** Empties the target and migrates it; what was there is kept as a snapshot, which the answer names. */
export async function resetTarget(
  context: Context,
  seeding: Seeding,
  targetText: string | undefined,
  { force, dryRun }: ResetChoice,
): Promise<AnswerPart> {
  const { target, loaded } = seeding;
  if (loaded?.config.migrations.command !== undefined) {
    throw configError("--reset cannot run the migrations of another tool", "pgrove reset; or leave out --reset");
  }
  if (dryRun) return { document: { reset: { planned: true } }, lines: [["would reset", target.label]] };
  if (target.protected || !force) {
    await context.requireConsent({
      target,
      what: `all of ${target.label} will be replaced by an empty database with migrations and seeds`,
    });
  }
  const tools = await context.operationTools();
  const live = await context.openTarget(targetText); // with the login that may create databases
  const snapshot = await createSnapshot(tools, live, {
    keep: await keptSnapshots(context),
    whenConnected: async () => "disconnect",
  });
  context.output.note(
    `kept ${target.label} as the snapshot ${snapshot.name}: pgrove rewind ${snapshot.name} brings it back`,
  );
  await replaceByEmpty(tools, live, {
    ...{ like: async () => live.database, comment: "", discardPrevious: true },
    ...{ services: loaded?.config.services ?? [], consent: async () => undefined },
  });
  const migrated = await migrateToHead(context, seeding, targetText);
  return {
    document: { reset: { snapshot: snapshot.name, migrations: migrated } },
    lines: [
      ["reset", `${target.label}: ${plural(migrated, "migration")}; pgrove rewind ${snapshot.name} takes it back`],
    ],
  };
}

/** Resolves with the number of migrations that ran. */
async function migrateToHead(context: Context, seeding: Seeding, targetText: string | undefined): Promise<number> {
  const [migrations, { requireValid }, { applyWish }] = await Promise.all([
    openMigrations(context, targetText),
    import("../../migrate/files/files.ts"),
    import("../../migrate/run/apply.ts"),
  ]);
  const files = requireValid(await migrations.files());
  if (files.migrations.length === 0) return 0;
  const { table, lock_timeout: lockTimeoutMs, statement_timeout: statementTimeoutMs } = migrations.settings;
  const live = await openSeeding(context, seeding);
  const subject = { operation: "migrate up", claims: [{ database: live.database, mode: "shared" as const }] };
  const facts = await readRunFacts(context, migrations);
  const applied = await withWork(await context.operationTools(), live, subject, (work) =>
    applyWish(work, live, {
      ...{
        files,
        wish: { kind: "head" },
        allowOutOfOrder: true,
        settings: { lockTimeoutMs, statementTimeoutMs },
        facts,
      },
      ...(table === undefined ? {} : { table }),
    }),
  );
  return applied.length;
}
