/** Loads rows that may be there already: new ones are inserted, changed ones updated, equal ones left alone. */
import { refusal } from "../errors.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import type { Queries } from "../postgres/schema.ts";
import type { FillTools } from "./fill.ts";
import { explainRowError } from "./load-error.ts";
import type { EntityPlan, SeedPlan, TypeShape } from "./model.ts";
import { withStage } from "./stage.ts";
import { quoteColumns, quoteTable } from "./table-sql.ts";

export interface UpsertCounts {
  inserted: number;
  updated: number;
  unchanged: number;
}

/** Loads the entity's rows by one of its table's unique keys. Throws (exit 5) when its rows have no whole unique key. */
export async function upsertEntity(
  sql: Queries,
  plan: SeedPlan,
  entity: EntityPlan,
  tools: FillTools,
): Promise<UpsertCounts> {
  const key = requireKey(plan, entity);
  return await withStage(sql, plan, entity, tools, async (stage, columns) => {
    try {
      const [counts] = await sql.unsafe<{ inserted: number; updated: number }[]>(
        upsertStatement(entity, stage, columns, key),
      );
      const { inserted = 0, updated = 0 } = counts ?? {};
      return { inserted, updated, unchanged: entity.rows - inserted - updated };
    } catch (error) {
      throw explainRowError(error, plan, entity);
    }
  });
}

function upsertStatement(
  { table, fields }: EntityPlan,
  stage: string,
  columns: readonly string[],
  key: readonly string[],
): string {
  const changeable = fields.filter(
    ({ column, spec }) =>
      spec.kind !== "sql" &&
      column.identity !== "always" &&
      !key.includes(column.name) &&
      !table.primaryKey.includes(column.name),
  );
  const names = changeable.map(({ column }) => quoteIdentifier(column.name));
  const compared = (alias: string) =>
    changeable.map(
      ({ column }) => `${alias}.${quoteIdentifier(column.name)}${isComparable(column.type) ? "" : "::text"}`,
    );
  const action =
    names.length === 0
      ? "nothing"
      : `update set ${names.map((name) => `${name} = excluded.${name}`).join(", ")}
         where row(${compared("t").join(", ")}) is distinct from row(${compared("excluded").join(", ")})`;
  const list = quoteColumns(columns);
  // A row that was inserted has no xmax; one that was updated carries the transaction that locked it.
  return `with loaded as (
      insert into ${quoteTable(table)} as t (${list}) overriding system value select ${list} from ${stage}
      on conflict (${quoteColumns(key)}) do ${action} returning (t.xmax = 0) as inserted)
    select count(*) filter (where inserted)::int as inserted, count(*) filter (where not inserted)::int as updated from loaded`;
}

const WITHOUT_EQUALITY = new Set(["json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"]);

function isComparable({ name, of, kind }: TypeShape): boolean {
  if (kind === "composite") return false;
  return !WITHOUT_EQUALITY.has(name) && (of === undefined || isComparable(of));
}

/**
 * The columns by which rows are recognised. What the factory calls unique comes first, since it stays the same when keys
 * are counted anew; but other entities' references are computed from the primary key.
 */
function requireKey(plan: SeedPlan, entity: EntityPlan): readonly string[] {
  const { table, fields } = entity;
  const made = new Set(fields.flatMap(({ column, spec }) => (spec.kind === "sql" ? [] : [column.name])));
  const whole = (columns: readonly string[]) => columns.length > 0 && columns.every((column) => made.has(column));
  const uniques = table.uniques.map(({ columns }) => columns).filter(whole);
  const meant = uniques.find((columns) => columns.every((name) => isUnique(entity, name)));
  const primary = whole(table.primaryKey) ? table.primaryKey : undefined;
  const counted = table.primaryKey.some((column) => column in entity.firstKeys);
  const key = counted && !isReferenced(plan, entity) ? (meant ?? primary) : (primary ?? meant);
  const chosen = key ?? uniques[0];
  if (chosen !== undefined) return chosen;
  throw refusal(
    "no_unique_key",
    `${entity.entity} has no unique key by which its rows could be recognised`,
    `give ${table.name} a primary key or a unique constraint whose columns the factory makes`,
  );
}

function isUnique({ fields }: EntityPlan, name: string): boolean {
  const field = fields.find(({ column }) => column.name === name);
  return field !== undefined && (field.unique || field.uniqueGroup !== undefined);
}

function isReferenced(plan: SeedPlan, { entity }: EntityPlan): boolean {
  return plan.entities.some(({ per, fields, later }) => {
    const refers = [...fields, ...later].some(({ spec }) => spec.kind === "reference" && spec.entity === entity);
    return per?.entity === entity || refers;
  });
}
