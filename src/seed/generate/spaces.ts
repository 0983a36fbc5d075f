/** Whether there are enough values for every column that may not repeat any, told before anything is loaded. */
import { configError, type PgroveError } from "../../errors.ts";
import type { EntityPlan, FieldPlan, SeedPlan } from "../entity.ts";
import { placeBelowParent } from "./references.ts";
import { countSpace, isOfParent, readGroup, unitOf } from "./units.ts";

/** Fields that may not repeat and have too few values for the rows that are planned. */
export interface Lack {
  entity: EntityPlan;
  /** The fields' names. */
  names: string;
  source: string;
  needed: number;
  space: number;
  /** How many rows there could be. */
  rows: number;
  /** The parent for each of whose rows so many are needed. */
  per?: string | undefined;
}

/** Throws one error (exit 3) that names every unique field or key with too few values, how many it has and needs. */
export function requireSpace(plan: SeedPlan): void {
  const lacks = findLacks(plan);
  if (lacks.length > 0) throw lackError(lacks);
}

export function lackError(lacks: readonly Lack[]): PgroveError {
  return configError(
    ["there are too few values for what may not repeat:", ...lacks.map((lack) => `  ${showLack(lack)}`)].join("\n"),
    "make fewer rows, or widen the field: more values, a wider min and max, {row} in a template",
  );
}

/** Every unique field or key with too few values. */
export function findLacks(plan: SeedPlan): Lack[] {
  return plan.entities.flatMap((entity) => [...lacksOfFields(plan, entity), ...lacksOfGroups(plan, entity)]);
}

function lacksOfFields(plan: SeedPlan, entity: EntityPlan): Lack[] {
  return entity.fields.flatMap((field) => {
    const space = field.unique ? countSpace(plan, entity, field) : undefined;
    const before = field.spec.kind === "reference" ? 0 : entity.firstRow;
    return space === undefined || space >= before + entity.rows ? [] : [lackOf(entity, [field], { before, space })];
  });
}

function lacksOfGroups(plan: SeedPlan, entity: EntityPlan): Lack[] {
  const numbers = new Set(entity.fields.flatMap(({ uniqueGroup }) => uniqueGroup ?? []));
  return [...numbers].flatMap((number) => {
    const members = entity.fields.filter(({ uniqueGroup }) => uniqueGroup === number);
    const joint = entity.joints?.find(({ columns }) => members.some(({ column }) => columns.includes(column.name)));
    if (joint !== undefined) return joint.keys.flatMap((key) => lacksOfJointKey(plan, entity, key));
    const { open, belowParent, digits } = readGroup(plan, entity, number);
    if (open !== undefined) return [];
    const space = digits.reduce((product, digit) => product * digit.space, 1);
    const before = belowParent ? 0 : firstNeeded(plan, entity, columnsOfGroup(entity, number));
    const needed = belowParent ? countSiblings(plan, entity) : before + entity.rows;
    if (space >= needed) return [];
    const lack = lackOf(entity, members, { before, space });
    return [belowParent ? { ...lack, needed, per: entity.per?.entity } : lack];
  });
}

/** Of keys that are chosen together, what each of them has for itself. */
function lacksOfJointKey(plan: SeedPlan, entity: EntityPlan, key: readonly string[]): Lack[] {
  const fields = entity.fields.filter(({ column }) => key.includes(column.name));
  const units = new Map(fields.map((field) => [unitOf(entity, field), field]));
  let space = 1;
  for (const field of units.values()) {
    const own = isOfParent(entity, field) ? undefined : countSpace(plan, entity, field);
    if (own === undefined) return [];
    space *= own;
  }
  const before = firstNeeded(plan, entity, key);
  return space >= before + entity.rows ? [] : [lackOf(entity, fields, { before, space })];
}

function lackOf(
  entity: EntityPlan,
  fields: readonly FieldPlan[],
  { before, space }: { before: number; space: number },
): Lack {
  const names = fields.map(({ column }) => column.name).join(", ");
  const rows = Math.max(0, space - before);
  return { entity, names, source: fields[0]?.source ?? "", needed: before + entity.rows, space, rows };
}

/** Rows of earlier runs have used values before; with keys of new parents none of them can meet. */
function firstNeeded(plan: SeedPlan, entity: EntityPlan, columns: readonly string[]): number {
  return hasNewReference(plan, entity, columns) ? 0 : entity.firstRow;
}

/** The columns of a composite unique key. */
export function columnsOfGroup({ fields }: EntityPlan, group: number): string[] {
  return fields.flatMap(({ uniqueGroup, column }) => (uniqueGroup === group ? [column.name] : []));
}

/** Whether one of the columns refers to rows of this run. */
export function hasNewReference(plan: SeedPlan, entity: EntityPlan, columns: readonly string[]): boolean {
  return entity.fields.some(
    ({ column, spec }) =>
      columns.includes(column.name) &&
      spec.kind === "reference" &&
      plan.entities.some((each) => each.entity === spec.entity && each.rows > 0),
  );
}

/** The most rows that hang on one parent. */
function countSiblings(plan: SeedPlan, entity: EntityPlan): number {
  const fanOut = entity.per?.fanOut;
  if (fanOut?.kind === "fixed") return fanOut.count;
  if (fanOut?.kind === "random") return fanOut.max;
  const place = placeBelowParent(plan, entity);
  if (fanOut === undefined || place === undefined) return entity.rows;
  return Math.max(0, ...[...fanOut.weights].map(([count, weight]) => (weight > 0 ? count : 0)));
}

function showLack({ entity: { entity }, names, source, needed, space, per }: Lack): string {
  const whole = names.includes(", ") ? `${entity} (${names})` : `${entity}.${names}`;
  return `${whole}: ${needed} values needed${per === undefined ? "" : ` for each of ${per}`}, ${space} available (${source})`;
}
