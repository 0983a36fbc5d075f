/** What PostgreSQL checks at the end of a transaction, asked for before it: which entity's rows it refuses then. */
import { messageOf } from "../../errors.ts";
import { errorField } from "../../postgres/error-field.ts";
import { quoteIdentifier } from "../../postgres/identifier.ts";
import type { Transaction } from "../../postgres/schema.ts";
import { plural } from "../../sys/amounts.ts";
import type { EntityPlan, ForeignKey, SeedPlan } from "../entity.ts";
import { quoteTable } from "../table-sql.ts";
import { explainRowError, isAboutRows, RowsRefused } from "./load-error.ts";

/** Checks everything that waits for the end of the transaction. Throws RowsRefused where that is about an entity's rows. */
export async function checkDeferred(sql: Transaction, plan: SeedPlan): Promise<void> {
  try {
    await sql.savepoint((part) => part.unsafe("set constraints all immediate"));
  } catch (error) {
    const [schema, name] = [errorField(error, "schema_name"), errorField(error, "table_name")];
    const entity = plan.entities.find(({ table }) => table.name === name && table.schema === schema);
    if (entity !== undefined) throw explainRowError(error, plan, entity);
    throw (await findTriggers(sql, plan)) ?? error;
  }
}

interface WaitingTrigger {
  table: string;
  schema: string;
  name: string;
}

/** The entities whose rows a constraint trigger refuses: what it raises need not name its table. */
async function findTriggers(sql: Transaction, plan: SeedPlan): Promise<RowsRefused | undefined> {
  const tables = new Map(plan.entities.map((entity) => [quoteTable(entity.table), entity]));
  const triggers = await sql.unsafe<WaitingTrigger[]>(
    `select name as "table", n.nspname::text as schema, k.conname::text as name
       from json_array_elements_text($1::text::json) name
       join pg_constraint k on k.conrelid = name::regclass and k.contype = 't' and k.condeferrable
       join pg_namespace n on n.oid = k.connamespace order by k.conname, name`,
    [JSON.stringify([...tables.keys()])],
  );
  const names = new Map(
    triggers.map(({ schema, name }) => [`${quoteIdentifier(schema)}.${quoteIdentifier(name)}`, name]),
  );
  for (const [constraint, name] of names) {
    const cause = await refusalOf(sql, constraint);
    if (cause === undefined) continue;
    const blamed = triggers.flatMap((each) => (each.name === name ? (tables.get(each.table) ?? []) : []));
    return new RowsRefused(
      blamed.map((entity) => describeTrigger(entity, name, cause)),
      cause,
    );
  }
  return undefined;
}

/** What the checks of that name say; undefined where they are met, or where it is nothing about rows. */
async function refusalOf(sql: Transaction, constraint: string): Promise<unknown> {
  try {
    await sql.savepoint((part) => part.unsafe(`set constraints ${constraint} immediate`));
    return undefined;
  } catch (error) {
    if (isAboutRows(error)) return error;
    throw error;
  }
}

function describeTrigger({ entity, table, rows }: EntityPlan, name: string, cause: unknown) {
  const isPart = ({ columns }: ForeignKey) => columns.every((column) => table.primaryKey.includes(column));
  const parent = (table.foreignKeys.find(isPart) ?? table.foreignKeys[0])?.table.replace(/^public\./, "");
  const several = parent === undefined ? [`${entity}: {`] : [`${parent}: {}, ${entity}: {per: ${parent}, count: 2, `];
  return {
    ...{ entity, table },
    why: `${entity}: the constraint trigger ${name} refuses its ${plural(rows, "row")}: ${messageOf(cause)}`,
    hint: `in seeds/factories.yaml, with values that keep to it: entities: {${several}fields: {…}}}; or --skip-triggers, which fires none`,
  };
}
