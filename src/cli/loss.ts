/** What is lost when something replaces a target, in words. */
import type { Loss as Consented } from "../resolve/protection.ts";
import type { Loss } from "../unit/unit.ts";
import type { Context } from "./context.ts";
import { formatBytes, plural } from "./format.ts";

/** The beginning of a sentence: "the database app (45.3 MB, 2 sessions connected) of main", or "the schema x of …". */
export function describeLoss(loss: Loss, label: string): string {
  const { sizeBytes, sessions, schema, database } = loss;
  const size = formatBytes(sizeBytes);
  const place = schema ? `the schema ${schema} of the database ${database}` : `the database ${database}`;
  const connected = sessions.length === 0 ? "" : `, ${plural(sessions.length, "session")} connected`;
  return `${place} (${size}${connected}) of ${label}`;
}

/** The same for a dry run: what becomes of it, and what else goes. */
export function describeFate(loss: Loss, label: string): string {
  const fate = loss.kept ? "" : ", which is not kept";
  return `${describeLoss(loss, label)}${fate}${describeOlder(loss)}${describeStranger(loss)}`;
}

/** That it is not the worktree's own. */
export function describeStranger({ stranger }: Loss): string {
  return stranger === undefined ? "" : `; ${stranger}`;
}

/** What a dry run's document says of it; null where nothing is there. */
export function replacesDocument(loss: Loss | undefined) {
  if (loss === undefined) return null;
  const { sizeBytes, sessions, kept, older, stranger } = loss;
  const drops = older === undefined ? [] : [{ database: older.database, size_bytes: older.sizeBytes }];
  const warning = stranger === undefined ? {} : { stranger };
  return { size_bytes: sizeBytes, sessions: sessions.length, kept, drops, ...warning };
}

/** What is said in the question. */
export type Replacement = Pick<Consented, "what" | "instead" | "typed">;

/**
 * The same for the question, with what replaces it; where it is not kept, the way that loses nothing. What is not the
 * worktree's own wants more than a yes.
 */
export function describeReplacement(loss: Loss, label: string, by?: string): Replacement {
  const { kept, stranger: typed } = loss;
  const what = describeLoss(loss, label);
  const replaced = by === undefined ? "will be replaced" : `will be replaced by ${by}`;
  if (kept) return { what: `${what} ${replaced}${describeOlder(loss)}`, typed };
  const instead = "pgrove snapshot        saves what is there first";
  return { what: `${what} ${replaced}, and is not kept`, instead, typed };
}

/** What else goes: what the last one has kept under the name that is needed now. */
export function describeOlder({ older }: Loss): string {
  if (older === undefined) return "";
  return `, and what was kept the last time dropped (${older.database}, ${formatBytes(older.sizeBytes)})`;
}

/** The schema that is meant in whole databases, for targets that are schemas. */
export async function mainSchemas(context: Context): Promise<string[]> {
  const schema = (await context.config())?.config.database.schema;
  return schema ? [schema] : [];
}
