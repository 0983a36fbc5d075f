/** Whether a dump wants a mode of its own to be restored in. */
import { type ElevatedStatement, homeOf } from "../archive/elevated.ts";
import type { Skipping } from "../archive/wants.ts";
import { refusal } from "../errors.ts";
import { type RestoringMode, TIMESCALEDB } from "../unit/restoring-mode.ts";
import type { InspectedDump } from "./inspect.ts";

const OBJECT = `extension ${TIMESCALEDB}`;

/** TimescaleDB's mode, and what is left out beside the rest, since beginning it makes that; undefined without TimescaleDB. */
export function restoringOf(
  { dump, extensions, elevated: statements }: InspectedDump,
  { skipping, elevated }: { skipping: Skipping; elevated: readonly ElevatedStatement[] },
): (RestoringMode & { skipping: Skipping }) | undefined {
  const isMade = elevated.some(({ object }) => object === OBJECT);
  const isLeftOut = skipping.objects.has(OBJECT) && !isMade;
  if (!extensions.includes(TIMESCALEDB) || isLeftOut) return undefined;
  const recorded = dump.manifest?.extensions.find(({ name }) => name === TIMESCALEDB);
  const statement = statements.find((each) => each.object === OBJECT);
  const home = recorded?.schema || (statement && homeOf(statement)) || "public";
  const objects = home === "public" ? skipping.objects : new Set([...skipping.objects, `schema ${home}`]);
  return { version: recorded?.version || undefined, home, skipping: { ...skipping, objects } };
}

/** Throws (exit 5) for a dump with TimescaleDB, of which no part can be taken, and which goes into no schema of a database. */
export function requireNoTimescale(
  { dump, extensions }: InspectedDump,
  skipped: readonly string[],
  what: string,
): void {
  if (!extensions.includes(TIMESCALEDB) || skipped.includes(TIMESCALEDB)) return;
  throw refusal(
    "timescaledb_whole",
    `${dump.name} holds TimescaleDB, whose tables keep their rows in others: ${what}`,
    "restore it whole, beside: pgrove restore DUMP --into-new NAME",
  );
}
