/** `migrations.schema_file`, as the commands that change a schema keep it true. */
import { relative } from "node:path";
import { pathInWorktree } from "../../config/load.ts";
import { messageOf, PgroveError } from "../../errors.ts";
import type { SchemaFileRequest } from "../../migrate/schema/schema-file.ts";
import type { Context } from "../context.ts";
import { isOwnTarget } from "../own-target.ts";
import type { MigrationPlace } from "./migrations.ts";

/** The schema file of a worktree: absolute; undefined where pgrove.yaml names none. */
export function findSchemaFile({ loaded, settings, root }: MigrationPlace): string | undefined {
  const { schema_file: file } = settings;
  return file === undefined || loaded === undefined ? undefined : pathInWorktree(loaded, file, root);
}

/** What a schema file of this place holds beside the schema. */
export async function schemaFileRequest(place: MigrationPlace): Promise<SchemaFileRequest> {
  const { loaded, settings } = place;
  const home = loaded?.config.isolation === "schema" ? loaded.config.database.schema : undefined;
  return {
    files: await place.files(),
    ...(settings.table === undefined ? {} : { table: settings.table }),
    ...(home === undefined ? {} : { home }),
  };
}

/**
 * Writes the schema file after a change, where there is one and the target is the worktree's own database. What was
 * migrated stays migrated: that the file could not be written is told, not thrown.
 */
export async function refreshSchemaFile(
  context: Context,
  targetText: string | undefined,
  place: MigrationPlace,
): Promise<void> {
  const file = findSchemaFile(place);
  if (file === undefined || !isOwnTarget(await context.resolveTarget(targetText))) return;
  const shown = relative(place.root, file);
  try {
    const { writeSchemaFile } = await import("../../migrate/schema/schema-file.ts");
    const [live, tools] = [await context.openTarget(targetText), await context.operationTools()];
    const request = await schemaFileRequest(place);
    const { changed, foreign } = await writeSchemaFile(tools, live, file, request);
    if (changed) context.output.note(`  schema  ${shown} is written`);
    if (foreign.length > 0) {
      context.output.note(`${shown} also holds what is not in this branch: ${foreign.join(", ")}`);
    }
  } catch (error) {
    if (!(error instanceof PgroveError) || context.interrupted() !== undefined) throw error;
    context.output.note(`the migrations are done, but ${shown} is not written: ${messageOf(error)}`);
  }
}
