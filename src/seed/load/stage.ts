/** Rows on their way: in a temporary table with the columns of the fields, from which they are taken set-wise. */
import { quoteIdentifier } from "../../postgres/identifier.ts";
import type { Queries } from "../../postgres/schema.ts";
import { type EntityPlan, isMade, type SeedPlan } from "../entity.ts";
import { mentionsColumn, quoteColumns, quoteTable, STAGE_TABLE } from "../table-sql.ts";
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
  const fields = entity.fields.filter(isMade);
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
    const { names, from } = computeFields(entity, stage, columns);
    const list = quoteColumns(names);
    const into = `insert into ${quoteTable(entity.table)} (${list}) overriding system value`;
    try {
      return (await sql.unsafe(`${into} select ${list} from ${from}`)).count;
    } catch (error) {
      throw explainRowError(error, plan, entity);
    }
  });
}

/** The stage with its computed fields beside it, one behind the other: what is computed may be computed from. */
export function computeFields({ fields }: EntityPlan, stage: string, columns: readonly string[]) {
  const open = new Map(
    fields.flatMap(({ column, spec }) => (spec.kind === "sql" ? [[column.name, spec.expression] as const] : [])),
  );
  let [names, from] = [columns, stage];
  while (open.size > 0) {
    const hangs = (expression: string) => [...open.keys()].some((name) => mentionsColumn(expression, name));
    const [name, expression] = [...open].find(([own, text]) => columns.includes(own) || !hangs(text)) ??
      [...open][0] ?? [""];
    const others = names.filter((each) => each !== name);
    from = `(select ${[...others.map(quoteIdentifier), `(${expression}) as ${quoteIdentifier(name)}`].join(", ")} from ${from}) computed`;
    names = [...others, name];
    open.delete(name);
  }
  return { names, from };
}

/** The stage as what a statement takes rows from: those of its columns that PostgreSQL computes are computed there. */
export function settledStage(entity: EntityPlan, stage: string, columns: readonly string[]): string {
  if (!entity.fields.some((field) => field.spec.kind === "sql" && isMade(field))) return stage;
  return `(select ${quoteColumns(columns)} from ${computeFields(entity, stage, columns).from})`;
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
