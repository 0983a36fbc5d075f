/** Which references of an entity take one row together, and what the columns of a unique key draw from. */
import { type EntityPlan, type FieldPlan, type SeedPlan, tableKey } from "../entity.ts";
import { findGenerator } from "./catalogue.ts";
import { MAX_SPACE } from "./mix.ts";
import { isTextType } from "./site.ts";
import { countCodes, isTooShort } from "./text-length.ts";
import { plainType } from "./types.ts";

/**
 * What a field's row is chosen by: the foreign key it is part of, so that all its columns take the same row. A
 * reference outside of every key goes with the first one to the same entity: user_id and user_email are of one user.
 */
export function unitOf(entity: EntityPlan, { column, spec }: FieldPlan): string {
  if (spec.kind !== "reference") return column.name;
  const keys = entity.table.foreignKeys.filter(
    ({ columns, references }) => references[columns.indexOf(column.name)] === spec.column,
  );
  // Where several keys share the column, it is of the one whose columns all refer to the same row.
  const isWhole = (name: string) => {
    const mate = [...entity.fields, ...entity.later].find((each) => each.column.name === name)?.spec;
    const agrees =
      mate?.kind === "reference" && (mate.options.match === undefined) === (spec.options.match === undefined);
    return agrees && mate.entity === spec.entity;
  };
  const own = keys.find(({ columns }) => columns.every(isWhole)) ?? keys[0];
  if (own !== undefined) return own.name;
  const sibling = [...entity.fields, ...entity.later].find(
    (field) =>
      field.spec.kind === "reference" &&
      field.spec.entity === spec.entity &&
      entity.table.foreignKeys.some(({ columns }) => columns.includes(field.column.name)),
  );
  return sibling === undefined ? `@${spec.entity}` : unitOf(entity, sibling);
}

/** The field that decides for the whole unit: one that may not repeat, or is in a unique key, if there is any. */
export function leaderOf(entity: EntityPlan, field: FieldPlan): FieldPlan {
  if (field.spec.kind !== "reference") return field;
  const unit = unitOf(entity, field);
  const mates = entity.fields.filter((each) => each.spec.kind === "reference" && unitOf(entity, each) === unit);
  return mates.find(({ unique }) => unique) ?? mates.find(({ uniqueGroup }) => uniqueGroup !== undefined) ?? field;
}

/** Whether the field's row is the parent that the entity is made per: of several keys to it, the first is. */
export function isOfParent(entity: EntityPlan, field: FieldPlan): boolean {
  const isToParent = ({ spec }: FieldPlan) => spec.kind === "reference" && spec.entity === entity.per?.entity;
  if (!isToParent(field)) return false;
  const first = [...entity.fields, ...entity.later].find(isToParent);
  return first === undefined || unitOf(entity, first) === unitOf(entity, field);
}

/** How many values the field can have: undefined when rows never share one, however many there are. */
export function countSpace(plan: SeedPlan, entity: EntityPlan, field: FieldPlan): number | undefined {
  const { spec, column } = field;
  if (spec.kind === "constant") return 1;
  if (spec.kind === "sql") return spec.of && countSpace(plan, entity, { ...field, spec: spec.of });
  if (spec.kind === "reference") return countReferenced(plan, entity, spec);
  const type = plainType(column.type);
  const space = findGenerator(spec.name)?.space(spec.options, type, plan.now.getTime());
  if (space !== undefined) return Number(space < BigInt(MAX_SPACE) ? space : BigInt(MAX_SPACE));
  const length = isTextType(type) ? type.length : undefined;
  return length !== undefined && isTooShort(length) ? countCodes(length) : undefined;
}

function countReferenced(
  plan: SeedPlan,
  entity: EntityPlan,
  spec: Extract<FieldPlan["spec"], { kind: "reference" }>,
): number | undefined {
  if (spec.entity === entity.entity) return undefined;
  if (spec.among !== undefined) return spec.among.length;
  const planned = plan.entities.find((each) => each.entity === spec.entity);
  if (planned !== undefined && planned.rows > 0) return planned.rows;
  const table = planned === undefined ? spec.entity : tableKey(planned.table);
  return plan.existing.get(`${table}.${spec.column}`)?.length ?? 0;
}

/** One digit of a composite unique key: a column, or the columns of one foreign key. */
interface GroupDigit {
  unit: string;
  space: number;
}

/** How a composite unique key's columns are made to differ together. */
export interface UniqueGroup {
  /** A column that differs by itself: the others are free. */
  open?: string;
  /** One of its columns names the parent: the others need to differ only among its children. */
  belowParent: boolean;
  /** The units whose combinations are counted through. */
  digits: readonly GroupDigit[];
}

/** The composite unique key of that number. */
export function readGroup(plan: SeedPlan, entity: EntityPlan, group: number): UniqueGroup {
  const members = entity.fields.filter(({ uniqueGroup }) => uniqueGroup === group);
  const belowParent = members.some((field) => isOfParent(entity, field));
  const digits: GroupDigit[] = [];
  for (const field of members) {
    const unit = unitOf(entity, field);
    if (isOfParent(entity, field) || digits.some((digit) => digit.unit === unit)) continue;
    const space = countSpace(plan, entity, field);
    if (space === undefined) return { open: field.column.name, belowParent, digits: [] };
    digits.push({ unit, space });
  }
  return { belowParent, digits: limitProduct(digits) };
}

/** Numbers count exactly only so far: what is beyond that in a product is left unused. */
function limitProduct(digits: readonly GroupDigit[]): GroupDigit[] {
  let product = 1;
  return digits.map(({ unit, space }) => {
    const limited = Math.max(Math.min(space, Math.floor(MAX_SPACE / product)), Math.min(space, 1));
    product *= Math.max(1, limited);
    return { unit, space: limited };
  });
}
