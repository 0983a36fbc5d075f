/** What `seed --dry-run` answers: the plan of the run, with the first rows of each entity. */

import { type EntityPlan, type FieldPlan, type FieldSpec, type SeedPlan, tableKey } from "../../seed/entity.ts";
import { compileEntity, prepareGenerators } from "../../seed/generate/compile.ts";
import { requireSpace } from "../../seed/generate/spaces.ts";
import { visibleOnOneLine } from "../../sys/visible-text.ts";
import { formatCount, plural } from "../format.ts";
import { formatTable } from "../table.ts";

const SAMPLE_ROWS = 10;

/** Wider values are cut in what people see; --json has them whole. */
const WIDEST_CELL = 28;

interface EntityDocument {
  entity: string;
  table: string;
  rows: number;
  first_row: number;
  per: string | null;
  fields: { column: string; made_by: string; from: string; unique: boolean; later: boolean }[];
  sample: Record<string, string | null>[];
}

export interface PlanDocument extends Record<string, unknown> {
  seed: number;
  now: string;
  generator_version: number;
  rows: number;
  entities: EntityDocument[];
}

/** The plan with ten sample rows of each entity. Throws where a row of it could not be made. */
export async function describePlan(plan: SeedPlan): Promise<PlanDocument> {
  await prepareGenerators(plan);
  requireSpace(plan);
  return {
    ...{ seed: plan.seed, now: plan.now.toISOString(), generator_version: plan.generatorVersion },
    rows: plan.entities.reduce((sum, { rows }) => sum + rows, 0),
    entities: plan.entities.map((entity) => describeEntity(plan, entity)),
  };
}

function describeEntity(plan: SeedPlan, entity: EntityPlan): EntityDocument {
  const describe = (later: boolean) => (field: FieldPlan) => ({
    ...{ column: field.column.name, made_by: describeSpec(field.spec), from: field.source, later },
    unique: field.unique || field.uniqueGroup !== undefined,
  });
  return {
    ...{ entity: entity.entity, table: tableKey(entity.table), rows: entity.rows, first_row: entity.firstRow },
    per: entity.per?.entity ?? null,
    fields: [...entity.fields.map(describe(false)), ...entity.later.map(describe(true))],
    sample: sampleRows(plan, entity),
  };
}

function describeSpec(spec: FieldSpec): string {
  if (spec.kind === "generator") return spec.name;
  if (spec.kind === "reference") return `@${spec.entity}.${spec.column}`;
  return spec.kind === "sql" ? `sql: ${spec.expression}` : `constant: ${spec.value ?? "NULL"}`;
}

function sampleRows(plan: SeedPlan, entity: EntityPlan): Record<string, string | null>[] {
  // The server computes SQL once the rows are loaded.
  const fields = [...entity.fields, ...entity.later].filter(({ spec }) => spec.kind !== "sql");
  const maker = compileEntity(plan, { ...entity, fields, later: [] });
  return Array.from({ length: Math.min(SAMPLE_ROWS, entity.rows) }, (_, index) => {
    const values = maker.values(entity.firstRow + index);
    return Object.fromEntries(fields.map(({ column }, place) => [column.name, values[place] ?? null]));
  });
}

/** The same for people: a table of sample rows for each entity. */
export function renderPlan({ entities, rows, seed, now }: PlanDocument): string {
  const parts = entities.map(({ entity, table, rows: count, per, sample }) => {
    const title = `${entity}  ${table}  ${plural(count, "row")}${per === null ? "" : `, per ${per}`}`;
    const [first] = sample;
    if (first === undefined) return title;
    const cells = sample.map((row) => Object.values(row).map(cutCell));
    return `${title}\n${formatTable([Object.keys(first), ...cells], { indent: "  " })}`;
  });
  const total = `would make ${formatCount(rows)} rows of ${plural(entities.length, "entity", "entities")} (seed ${seed}, now ${now})`;
  return [...parts, total].join("\n\n");
}

function cutCell(value: string | null): string {
  if (value === null) return "NULL";
  const line = visibleOnOneLine(value);
  return line.length > WIDEST_CELL ? `${line.slice(0, WIDEST_CELL - 1)}…` : line;
}
