/** `migrate up --from-schema`: the schema file first, then what is pending. */
import { relative } from "node:path";
import { usageError } from "../../errors.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import type { Context } from "../context.ts";
import { plural } from "../format.ts";
import type { Migrations } from "./migrations.ts";
import { findSchemaFile, schemaFileRequest } from "./schema-file.ts";

/** Loads the schema file into the empty target. Throws (exit 2) where pgrove.yaml names none. */
export async function startFromSchemaFile(
  context: Context,
  migrations: Migrations,
  live: LiveTarget,
  lockWaitMs: number,
): Promise<void> {
  const file = findSchemaFile(migrations);
  if (file === undefined) {
    throw usageError("pgrove.yaml names no migrations.schema_file to start from", "leave out --from-schema");
  }
  const [{ startFromSchema }, { requireValid }] = await Promise.all([
    import("../../migrate/schema/schema-start.ts"),
    import("../../migrate/files/files.ts"),
  ]);
  requireValid(await migrations.files());
  const shown = relative(migrations.root, file);
  const request = { ...(await schemaFileRequest(migrations)), file, shown, lockWaitMs };
  const count = await startFromSchema(await context.sessionTools(), live, request);
  context.output.note(`  schema  ${shown} is loaded: ${plural(count, "migration")}`);
}
