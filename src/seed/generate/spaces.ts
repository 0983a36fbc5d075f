/** Whether there are enough values for every column that may not repeat any, told before anything is loaded. */
import { configError } from "../../errors.ts";
import type { EntityPlan, FieldPlan, SeedPlan } from "../entity.ts";
import { placeBelowParent } from "./references.ts";
import { countSpace, readGroup } from "./units.ts";

/** Throws one error (exit 3) that names every unique field or key with too few values, how many it has and needs. */
export function requireSpace(plan: SeedPlan): void {
  const lacks = plan.entities.flatMap((entity) => [...lacksOfFields(plan, entity), ...lacksOfGroups(plan, entity)]);
  if (lacks.length === 0) return;
  throw configError(
    ["there are too few values for what may not repeat:", ...lacks.map((lack) => `  ${lack}`)].join("\n"),
    "make fewer rows, or widen the field: more values, a wider min and max, {row} in a template",
  );
}

function lacksOfFields(plan: SeedPlan, entity: EntityPlan): string[] {
  return entity.fields.flatMap((field) => {
    const space = field.unique ? countSpace(plan, entity, field) : undefined;
    const needed = field.spec.kind === "reference" ? entity.rows : entity.firstRow + entity.rows;
    return space === undefined || space >= needed ? [] : [showLack(entity, [field], needed, space)];
  });
}

function lacksOfGroups(plan: SeedPlan, entity: EntityPlan): string[] {
  const numbers = new Set(entity.fields.flatMap(({ uniqueGroup }) => uniqueGroup ?? []));
  return [...numbers].flatMap((number) => {
    const { open, belowParent, digits } = readGroup(plan, entity, number);
    if (open !== undefined) return [];
    const space = digits.reduce((product, digit) => product * digit.space, 1);
    const needed = belowParent ? countSiblings(plan, entity) : firstNeeded(plan, entity, number) + entity.rows;
    const members = entity.fields.filter(({ uniqueGroup }) => uniqueGroup === number);
    return space >= needed
      ? []
      : [showLack(entity, members, needed, space, belowParent ? entity.per?.entity : undefined)];
  });
}

/** Rows of earlier runs have used values before; with keys of new parents none of them can meet. */
function firstNeeded(plan: SeedPlan, entity: EntityPlan, group: number): number {
  return hasNewReference(plan, entity, group) ? 0 : entity.firstRow;
}

/** Whether a column of the key refers to rows of this run. */
export function hasNewReference(plan: SeedPlan, entity: EntityPlan, group: number): boolean {
  return entity.fields.some(
    ({ uniqueGroup, spec }) =>
      uniqueGroup === group &&
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

function showLack(
  { entity }: EntityPlan,
  fields: readonly FieldPlan[],
  needed: number,
  space: number,
  parent?: string,
): string {
  const [first] = fields;
  const names = fields.map(({ column }) => column.name).join(", ");
  const whole = fields.length === 1 ? `${entity}.${names}` : `${entity} (${names})`;
  const per = parent === undefined ? "" : ` for each of ${parent}`;
  return `${whole}: ${needed} values needed${per}, ${space} available (${first?.source ?? ""})`;
}
