/** Which unit a target is: the one place that asks. */
import type { LiveTarget } from "../resolve/target.ts";
import { DatabaseUnit } from "./database-unit.ts";
import { SchemaUnit } from "./schema-unit.ts";
import type { Unit } from "./unit.ts";

/** The unit that a target is. */
export function unitOf(live: LiveTarget): Unit {
  const { schema } = live.target;
  return schema === undefined ? new DatabaseUnit(live) : new SchemaUnit(live, schema);
}

/** A database of the target's server, whatever the target itself is: it is no worktree's. */
export function databaseOf(live: LiveTarget, database: string): Unit {
  const { worktree: _, ...target } = live.target;
  return new DatabaseUnit({ ...live, target, database });
}
