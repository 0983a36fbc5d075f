/** `migrations.schema_file` of a worktree: kept true after a change, and a quick start for an empty database. */
import { relative } from "node:path";
import { pathInWorktree } from "../../config/load-config.ts";
import { messageOf, PgroveError, usageError } from "../../errors.ts";
import { isOwnTarget } from "../../resolve/own-target.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import { givesRoles } from "../../resolve/worktree-target.ts";
import { requireValid } from "../files/read-migrations.ts";
import type { MigrateTools } from "../tools.ts";
import type { WorktreeMigrations } from "../worktree-migrations.ts";
import { type SchemaFileRequest, writeSchemaFile } from "./schema-file.ts";

/** The schema file of a worktree: absolute; undefined where pgrove.yaml names none. */
export function findSchemaFile({ loaded, settings, root }: WorktreeMigrations): string | undefined {
  const { schema_file: file } = settings;
  return file === undefined || loaded === undefined ? undefined : pathInWorktree(loaded, file, root);
}

/** What a schema file of this worktree holds beside the schema. */
export async function schemaFileRequest({ loaded, settings, files }: WorktreeMigrations): Promise<SchemaFileRequest> {
  const home = loaded && givesRoles(loaded.config) ? loaded.config.database.schema : undefined;
  return { files: await files(), table: settings.table, ...(home === undefined ? {} : { home }) };
}

/**
 * Writes the schema file after a change, where there is one and the target is the worktree's own database. What was
 * migrated stays migrated: that the file could not be written is told, not thrown.
 */
export async function refreshSchemaFile(
  tools: MigrateTools,
  targetText: string | undefined,
  migrations: WorktreeMigrations,
): Promise<void> {
  const file = findSchemaFile(migrations);
  if (file === undefined || !isOwnTarget(await tools.resolveTarget(targetText))) return;
  const shown = relative(migrations.root, file);
  const { note } = tools.targetPlace;
  try {
    const [live, operationTools] = [await tools.openTarget(targetText), await tools.operationTools()];
    const request = await schemaFileRequest(migrations);
    const { changed, foreign } = await writeSchemaFile(operationTools, live, file, request);
    if (changed) note(`  schema  ${shown} is written`);
    if (foreign.length > 0) note(`${shown} also holds what is not in this branch: ${foreign.join(", ")}`);
  } catch (error) {
    if (!(error instanceof PgroveError) || tools.interruptions().received() !== undefined) throw error;
    note(`the migrations are done, but ${shown} is not written: ${messageOf(error)}`);
  }
}

/** Loads the schema file into the empty target, and tells it. Throws (exit 2) where pgrove.yaml names none. */
export async function startFromSchemaFile(
  tools: MigrateTools,
  migrations: WorktreeMigrations,
  live: LiveTarget,
  lockWaitMs: number,
  tell: (file: string, count: number) => void,
): Promise<void> {
  const file = findSchemaFile(migrations);
  if (file === undefined) {
    throw usageError("pgrove.yaml names no migrations.schema_file to start from", "leave out --from-schema");
  }
  const { startFromSchema } = await import("./schema-start.ts");
  requireValid(await migrations.files());
  const shown = relative(migrations.root, file);
  const request = { ...(await schemaFileRequest(migrations)), file, shown, lockWaitMs };
  const sessionTools = await tools.sessionTools();
  await sessionTools.mayRun?.([file]);
  tell(shown, await startFromSchema(sessionTools, live, request));
}
