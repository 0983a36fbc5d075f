/** Rows on their way: in a temporary table with the columns of the fields, from which they are taken set-wise. */
import { quoteIdentifier } from "../../postgres/identifier.ts";
import type { Queries } from "../../postgres/schema.ts";
import type { EntityPlan, SeedPlan } from "../entity.ts";
import { quoteColumns, quoteTable, STAGE_TABLE } from "../table-sql.ts";
import { type FillTools, fillTable } from "./fill.ts";
import { explainRowError } from "./load-error.ts";

const STAGE = `pg_temp.${STAGE_TABLE}`;

/** The body, with the entity's rows in a temporary table; resolves with what it does. Fields of SQL are left out. */
export async function withStage<T>(
  sql: Queries,
  plan: SeedPlan,
  entity: EntityPlan,
  tools: FillTools,
  body: (stage: string, columns: readonly string[]) => Promise<T>,
): Promise<T> {
  const fields = entity.fields.filter(({ spec }) => spec.kind !== "sql");
  const columns = fields.map(({ column }) => column.name);
  const shape = `select ${quoteColumns(columns)} from ${quoteTable(entity.table)} with no data`;
  await sql.unsafe(`create temporary table ${STAGE_TABLE} on commit drop as ${shape}`);
  await fillTable(sql, plan, { ...entity, fields }, tools, STAGE);
  const result = await body(STAGE, columns);
  await sql.unsafe(`drop table ${STAGE}`);
  return result;
}

/** Loads an entity some of whose fields the server computes from the rest of the row. Resolves with its rows. */
export async function loadComputed(
  sql: Queries,
  plan: SeedPlan,
  entity: EntityPlan,
  tools: FillTools,
): Promise<number> {
  return await withStage(sql, plan, entity, tools, async (stage, columns) => {
    const computed = entity.fields.flatMap(({ column, spec }) =>
      spec.kind === "sql" ? [{ name: column.name, expression: `(${spec.expression})` }] : [],
    );
    const names = quoteColumns([...columns, ...computed.map(({ name }) => name)]);
    const values = [...columns.map(quoteIdentifier), ...computed.map(({ expression }) => expression)].join(", ");
    const into = `insert into ${quoteTable(entity.table)} (${names}) overriding system value`;
    try {
      return (await sql.unsafe(`${into} select ${values} from ${stage}`)).count;
    } catch (error) {
      throw explainRowError(error, plan, entity);
    }
  });
}

/** Fills the columns that close a cycle, once every row is there that they can refer to. */
export async function fillLater(sql: Queries, plan: SeedPlan, entity: EntityPlan, tools: FillTools): Promise<void> {
  if (entity.later.length === 0 || entity.rows === 0) return;
  const keys = entity.fields.filter(({ column }) => entity.table.primaryKey.includes(column.name));
  const filled = { ...entity, fields: [...keys, ...entity.later], later: [] };
  const table = quoteTable(entity.table);
  const set = entity.later.map(({ column: { name } }) => `${quoteIdentifier(name)} = s.${quoteIdentifier(name)}`);
  const same = keys.map(({ column: { name } }) => `t.${quoteIdentifier(name)} = s.${quoteIdentifier(name)}`);
  await withStage(sql, plan, filled, tools, async (stage) => {
    try {
      await sql.unsafe(`update ${table} t set ${set.join(", ")} from ${stage} s where ${same.join(" and ")}`);
    } catch (error) {
      throw explainRowError(error, plan, filled);
    }
  });
}
