/**
 * What the keys of generated rows can be made again from: every cell is computed from its row's number, so the plan of a
 * run, kept in the ledger, tells its rows from others where the primary key is not one counted number.
 */
import type { Queries } from "../../postgres/schema.ts";
import type { EntityPlan, FieldPlan, SeedPlan, TableShape } from "../entity.ts";
import { compileEntity, prepareGenerators } from "../generate/compile.ts";
import type { SeedRun } from "../seed-ledger.ts";
import { type FillTools, fillTable } from "./fill.ts";

/** Of another form a recipe is not read. */
const FORM = 1;

type Recipe = Pick<SeedPlan, "seed" | "generatorVersion" | "entities"> & { form: number; now: string };

/** The recipe of the entity's primary key; null where rows that were there before, or SQL, decide about it. */
export function writeRecipe(plan: SeedPlan, entity: EntityPlan): string | null {
  const { seed, generatorVersion, now } = plan;
  const entities = withReferenced(plan, entity).map((each) => ({ ...each, table: shortenTable(each.table) }));
  const recipe: Recipe = { form: FORM, seed, generatorVersion, entities, now: now.toISOString() };
  return canRepeat(planOf(recipe), entity) ? JSON.stringify(recipe, pack) : null;
}

/** The entity, and all those that its rows are made per or refer to, at any distance. */
function withReferenced(plan: SeedPlan, entity: EntityPlan): EntityPlan[] {
  const found = [entity];
  for (const { per, fields, later } of found) {
    const references = [...fields, ...later].flatMap(({ spec }) => (spec.kind === "reference" ? [spec.entity] : []));
    for (const name of [...references, ...(per === undefined ? [] : [per.entity])]) {
      const other = plan.entities.find((each) => each.entity === name);
      if (other !== undefined && !found.some((each) => each.entity === name)) found.push(other);
    }
  }
  return found;
}

/** Of a table the generators only ask for its names and foreign keys. */
function shortenTable(table: TableShape): TableShape {
  const { schema, name, kind, primaryKey, foreignKeys } = table;
  return { schema, name, kind, primaryKey, foreignKeys, columns: [], uniques: [], checks: [], estimatedRows: -1 };
}

function planOf({ seed, generatorVersion, entities, now }: Recipe): SeedPlan {
  return { seed, generatorVersion, entities, now: new Date(now), existing: new Map() };
}

function canRepeat(plan: SeedPlan, entity: EntityPlan): boolean {
  const fields = keyFields(entity);
  if (fields.length === 0 || fields.length < entity.table.primaryKey.length) return false;
  if (fields.some(({ spec }) => spec.kind === "sql")) return false;
  try {
    compileEntity(plan, { ...entity, fields, later: [] }).values(entity.firstRow);
    return true;
  } catch {
    return false; // a key refers to rows that this run has not made
  }
}

function keyFields({ table, fields }: EntityPlan): FieldPlan[] {
  return fields.filter(({ column }) => table.primaryKey.includes(column.name));
}

/** JSON has neither bigints nor maps. */
function pack(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return { "pgrove:bigint": value.toString() };
  return value instanceof Map ? { "pgrove:map": [...value] } : value;
}

function unpack(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const [bigint, entries]: unknown[] = [Reflect.get(value, "pgrove:bigint"), Reflect.get(value, "pgrove:map")];
  if (typeof bigint === "string") return BigInt(bigint);
  return Array.isArray(entries) ? new Map(entries) : value;
}

/** What stands in the ledger was written by `writeRecipe`, if it is of its form. */
function isRecipe(value: unknown): value is Recipe {
  return typeof value === "object" && value !== null && Reflect.get(value, "form") === FORM;
}

/**
 * Puts the primary keys of a run's rows into a table with its columns. Resolves with false when the recipe cannot be
 * read. Throws a configError (exit 3) when it is of another version of the generators.
 */
export async function fillKeys(
  sql: Queries,
  run: Pick<SeedRun, "entity" | "firstRow" | "rows"> & { recipe: string },
  into: string,
  tools: FillTools,
): Promise<boolean> {
  const recipe: unknown = JSON.parse(run.recipe, unpack);
  if (!isRecipe(recipe)) return false;
  const plan = planOf(recipe);
  const entity = plan.entities.find((each) => each.entity === run.entity);
  if (entity === undefined) return false;
  await prepareGenerators(plan);
  const { firstRow, rows } = run; // those that this run has made of the plan's
  await fillTable(sql, plan, { ...entity, firstRow, rows, fields: keyFields(entity), later: [] }, tools, into);
  return true;
}
