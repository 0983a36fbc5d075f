/** What a restore or copy replaces, in words; a replaced schema, other than a database, is not kept. */
import { isSchemaLoss } from "../copy/schema.ts";
import type { Loss } from "../target/scratch.ts";
import type { Context } from "./context.ts";
import { formatBytes } from "./format.ts";
import { describeLoss } from "./loss.ts";

/** What would be replaced, as the beginning of a sentence: "the schema feature_x of app (4.2 MB), feature-x". */
export function describeReplaced(loss: Loss, label: string): string {
  if (!isSchemaLoss(loss)) return describeLoss(loss, label);
  return `the schema ${loss.schema} of the database ${loss.database} (${formatBytes(loss.sizeBytes)}) of ${label}`;
}

/** The same for the question, with the way that loses nothing. */
export function describeReplacement(loss: Loss, label: string): { what: string; instead?: string } {
  const what = describeReplaced(loss, label);
  if (!isSchemaLoss(loss)) return { what: `${what} will be replaced` };
  const instead = "pgrove snapshot        saves what is there first";
  return { what: `${what} will be replaced, and is not kept`, instead };
}

/** The schema that is meant in whole databases, for targets that are schemas. */
export async function mainSchemas(context: Context): Promise<string[]> {
  const schema = (await context.config())?.config.database.schema;
  return schema === undefined ? [] : [schema];
}
