/** Extensions of a source that its copy cannot have: left out with what is theirs, and said. */
import type { ArchiveEntry } from "../archive/archive.ts";
import { isOfSkipped } from "../archive/archive-wants.ts";
import { refusal } from "../errors.ts";
import type { DatabaseFacts } from "../postgres/catalog.ts";
import { type RefusedExtension, readBelongings, tryExtensions } from "../postgres/refused-extensions.ts";
import { nameSome } from "../postgres/schema-dependencies.ts";
import { withSession } from "../postgres/session.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Work } from "../work/work.ts";
import { inScratch } from "./scratch.ts";

/** What a stream leaves out. */
export interface LeftExtensions {
  /** What pg_dump is told. */
  arguments: readonly string[];
  /** Whether an entry of its archive goes. */
  includes: (entry: ArchiveEntry) => boolean;
}

/**
 * Finds the extensions of the source that the scratch database may not have, and notes them. Undefined where there are
 * none. Throws (exit 5) when something else in the source needs one, naming it.
 */
export async function findLeftExtensions(
  work: Work,
  { toolbox, database, target }: LiveTarget,
  scratch: string,
  extensions: DatabaseFacts["extensions"],
): Promise<LeftExtensions | undefined> {
  const tried = extensions.map(({ name, schema }) => ({ name, home: schema }));
  const refused = await inScratch(work, scratch, (sql) => tryExtensions(sql, tried));
  if (refused.length === 0) return undefined;
  const names = refused.map(({ name }) => name);
  const { run } = work.operation;
  const theirs = await withSession({ toolbox, run }, database, (sql) => readBelongings(sql, names));
  const said = refused.map(sayRefused).join("; ");
  if (theirs.dependents.length > 0) {
    throw refusal(
      "extension_needed",
      `${target.label} cannot be copied: its copy may not have ${said}; and ${nameSome(theirs.dependents)} needs it`,
      "drop that in the source, or let it name what is the extension's only when it runs (EXECUTE in a function)",
    );
  }
  work.tools.note(
    `left out, since the server refuses it there: ${said}. Its rows are not copied, and its jobs not started`,
  );
  const skipping = { owners: false, grants: false, objects: new Set(names.map((name) => `extension ${name}`)) };
  return {
    arguments: theirs.filled.map((name) => `--exclude-table-data=${name}`),
    includes: (entry) => isOfSkipped(entry, skipping, theirs.named),
  };
}

/** `extension pg_cron (can only create extension in database app)`. */
export function sayRefused({ name, why }: RefusedExtension): string {
  return `extension ${name} (${why})`;
}
