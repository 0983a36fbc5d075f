/** Loads rows that may be there already: new ones are inserted, changed ones updated, equal ones left alone. */
import { refusal } from "../../errors.ts";
import { quoteIdentifier } from "../../postgres/identifier.ts";
import type { Queries } from "../../postgres/schema.ts";
import { type EntityPlan, isMade, type SeedPlan, type TableShape, type TypeShape } from "../entity.ts";
import { quoteColumns, quoteTable, sortable } from "../table-sql.ts";
import type { FillTools } from "./fill.ts";
import { explainRowError } from "./load-error.ts";
import { settledStage, withStage } from "./stage.ts";

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
    const source = settledStage(entity, stage, columns);
    const parts: Parts = { entity, source, columns, key, same: sameKey(entity, key) };
    try {
      await sql.unsafe(`analyze ${stage} (${quoteColumns(key)})`);
      const update = updateStatement(parts);
      const updated = update === undefined ? 0 : (await sql.unsafe(update)).count;
      const inserted = (await sql.unsafe(insertStatement(parts))).count;
      return { inserted, updated, unchanged: entity.rows - inserted - updated };
    } catch (error) {
      throw explainRowError(error, plan, entity);
    }
  });
}

/** What both statements are made of. */
interface Parts {
  entity: EntityPlan;
  /** What the rows are taken from. */
  source: string;
  columns: readonly string[];
  key: readonly string[];
  /** The condition that `t`, the table, and `s`, the source, have the same key. */
  same: string;
}

function sameKey({ table, fields }: EntityPlan, key: readonly string[]): string {
  const nullsEqual = table.uniques.some(({ columns, nullsDistinct }) => columns === key && !nullsDistinct);
  const same = key.map((name) => {
    const [own, staged] = [`t.${quoteIdentifier(name)}`, `s.${quoteIdentifier(name)}`];
    const nullable = fields.some(({ column }) => column.name === name && column.nullable);
    return nullsEqual && nullable
      ? `(${own} = ${staged} or ${own} is null and ${staged} is null)`
      : `${own} = ${staged}`;
  });
  return same.join(" and ");
}

/**
 * Changes the rows that differ. ON CONFLICT … DO UPDATE would lock the equal ones, too, and so write each of them.
 * Undefined when there is nothing but the key.
 */
function updateStatement({ entity: { table, fields }, source, key, same }: Parts): string | undefined {
  const changeable = fields.filter(
    (field) =>
      isMade(field) &&
      field.column.identity !== "always" &&
      !key.includes(field.column.name) &&
      !table.primaryKey.includes(field.column.name),
  );
  if (changeable.length === 0) return undefined;
  const set = changeable.map(({ column: { name } }) => `${quoteIdentifier(name)} = s.${quoteIdentifier(name)}`);
  const compared = (alias: string) =>
    changeable.map(
      ({ column }) => `${alias}.${quoteIdentifier(column.name)}${isComparable(column.type) ? "" : "::text"}`,
    );
  return `update ${rowsOf(table)} t set ${set.join(", ")} from ${source} s
    where ${same} and row(${compared("t").join(", ")}) is distinct from row(${compared("s").join(", ")})`;
}

/** Inserts the rows whose key is new, in the order of the key: neighbours in an index are then still at hand. */
function insertStatement({ entity: { table, fields }, source, columns, key, same }: Parts): string {
  const list = quoteColumns(columns);
  const order = fields.flatMap(({ column }) => (key.includes(column.name) ? [sortable(column)] : []));
  return `insert into ${quoteTable(table)} (${list}) overriding system value
    select ${list} from ${source} s where not exists (select from ${rowsOf(table)} t where ${same}) order by ${order.join(", ")}`;
}

/** The rows that the table's unique keys are about: not those of tables that inherit from it. */
function rowsOf(table: TableShape): string {
  return `${table.kind === "table" ? "only " : ""}${quoteTable(table)}`;
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
  const made = new Set(fields.filter(isMade).map(({ column }) => column.name));
  const whole = (columns: readonly string[]) => columns.length > 0 && columns.every((column) => made.has(column));
  const uniques = table.uniques.map(({ columns }) => columns).filter(whole);
  const meant = uniques.find((columns) => columns.every((name) => isUnique(entity, name)));
  const primary = whole(table.primaryKey) ? table.primaryKey : undefined;
  const counted = table.primaryKey.some((column) => entity.firstKeys.has(column));
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
