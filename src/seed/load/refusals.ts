/** What it means for an entity that its rows were refused: none of them, fewer of them, or rows that others have made. */
import { PgroveError } from "../../errors.ts";
import { codeOf } from "../../postgres/connect.ts";
import { errorField } from "../../postgres/error-field.ts";
import type { Queries } from "../../postgres/schema.ts";
import { plural } from "../../sys/amounts.ts";
import type { EntityPlan, SeedPlan } from "../entity.ts";
import { quoteTable } from "../table-sql.ts";
import { RowsRefused } from "./load-error.ts";

/** The code of rows that were sent and are not there. */
export const MISSING = "rows_missing";

/** Rows that cannot be made, or that a trigger drops, are left out as those are that PostgreSQL refuses. */
export function refusedOf(error: unknown, { entity, table }: EntityPlan): RowsRefused | undefined {
  if (error instanceof RowsRefused) return error;
  if (!(error instanceof PgroveError) || !["config", MISSING].includes(error.code)) return undefined;
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return new RowsRefused([{ entity, table, why: error.message, ...hint }], error);
}

/** The same of an entity that can have so many of its rows. Of keys that repeat, no other values were found. */
export function withMost({ refused, cause }: RowsRefused, most: number): RowsRefused {
  const isRepeated = codeOf(cause) === "23505";
  return new RowsRefused(
    refused.map(({ hint, ...each }) => ({ ...each, most, ...(isRepeated || hint === undefined ? {} : { hint }) })),
    cause,
  );
}

/**
 * The entity whose key repeats where that is not the refused one's own: its triggers put rows into a table that this run
 * has filled, and take keys from a sequence that does not follow before the end.
 */
export function findFilled({ cause }: RowsRefused, { entity }: EntityPlan, plan: SeedPlan): EntityPlan | undefined {
  if (codeOf(cause) !== "23505") return undefined;
  const [schema, name] = [errorField(cause, "schema_name"), errorField(cause, "table_name")];
  const own = plan.entities.find((each) => each.table.schema === schema && each.table.name === name);
  return own?.entity === entity ? undefined : own;
}

/** Whether it says how many rows there can be. */
export function isAboutFewer(error: unknown): boolean {
  return error instanceof RowsRefused && error.refused.some(({ most }) => most !== undefined);
}

/**
 * Where the rows have keys that are there already, and this transaction has filled the table though it has not loaded
 * it: triggers of other tables make its rows.
 */
export async function findTriggered(
  sql: Queries,
  { entity, table, rows }: EntityPlan,
  { cause }: RowsRefused,
): Promise<RowsRefused | undefined> {
  if (codeOf(cause) !== "23505") return undefined;
  const [may] = await sql.unsafe<{ readable: boolean }[]>(
    "select has_table_privilege($1::regclass, 'SELECT') as readable",
    [quoteTable(table)],
  );
  if (may?.readable !== true) return undefined;
  const made = await sql.unsafe(
    `select 1 from ${quoteTable(table)} t where age(t.xmin) <= age(pg_current_xact_id()::xid) limit 1`,
  );
  if (made.length === 0) return undefined;
  const why = `${entity}: it has the rows that triggers of other tables have made, and ${plural(rows, "row")} more would have the same keys`;
  return new RowsRefused(
    [{ entity, table, why, hint: `pgrove seed all --except ${entity}        leaves it to them` }],
    cause,
  );
}
