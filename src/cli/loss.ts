/** What is lost when something replaces a target, in words. */
import { isSchemaLoss } from "../unit/schema-unit.ts";
import type { Loss } from "../unit/scratch.ts";
import type { Context } from "./context.ts";
import { formatBytes, plural } from "./format.ts";

/** The beginning of a sentence: "the database app (45.3 MB, 2 sessions connected) of main", or "the schema x of …". */
export function describeLoss(loss: Loss, label: string): string {
  const size = formatBytes(loss.sizeBytes);
  if (isSchemaLoss(loss)) return `the schema ${loss.schema} of the database ${loss.database} (${size}) of ${label}`;
  const { sessions } = loss;
  const connected = sessions.length === 0 ? "" : `, ${plural(sessions.length, "session")} connected`;
  return `the database ${loss.database} (${size}${connected}) of ${label}`;
}

/** The same for the question; a replaced schema, other than a database, is not kept, so the way that loses nothing. */
export function describeReplacement(loss: Loss, label: string): { what: string; instead?: string } {
  const what = describeLoss(loss, label);
  if (!isSchemaLoss(loss)) return { what: `${what} will be replaced` };
  const instead = "pgrove snapshot        saves what is there first";
  return { what: `${what} will be replaced, and is not kept`, instead };
}

/** The schema that is meant in whole databases, for targets that are schemas. */
export async function mainSchemas(context: Context): Promise<string[]> {
  const schema = (await context.config())?.config.database.schema;
  return schema === undefined ? [] : [schema];
}
