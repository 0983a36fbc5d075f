/** What a generator is given of the place where it stands: its chance, and which number each row draws. */
import { configError, type PgroveError } from "../../errors.ts";
import type { EntityPlan, FieldPlan, SeedPlan } from "../entity.ts";
import type { CellSource } from "./cell-source.ts";
import { cellText } from "./cell-text.ts";
import { digitInJoint, findJoint } from "./joint-units.ts";
import { drawBelow, hashText, mixKeys } from "./mix.ts";
import { createPermutation } from "./permutation.ts";
import { placeBelowParent } from "./references.ts";
import type { CellSite, OfRow } from "./site.ts";
import { columnsOfGroup, hasNewReference } from "./spaces.ts";
import { plainType } from "./types.ts";
import { isOfParent, leaderOf, readGroup, unitOf } from "./units.ts";

/** The site of an entity's field; `salt` gives it a chance of its own beside the planned one. */
export function createSite(source: CellSource, entity: EntityPlan, field: FieldPlan, salt = ""): CellSite {
  const { plan } = source;
  const { column, spec } = field;
  const unit = unitOf(entity, field);
  const chosen = spec.kind === "reference" ? `${unit} row` : unit;
  const key = mixKeys(plan.seed, hashText(`${entity.entity}.${chosen}${salt}`));
  const leader = leaderOf(entity, field);
  const pickDigit = findDigit(source, entity, leader);
  const distinct = leader.unique || pickDigit !== undefined;
  const site: CellSite = {
    ...{ key, entity, distinct, type: plainType(column.type), nowMs: plan.now.getTime(), field: column.name },
    pick: (space) => {
      if (pickDigit !== undefined && pickDigit !== "open") return pickDigit;
      return distinct ? permuted(entity, field, key, space) : (row) => drawBelow(site.key, row, space);
    },
    findField: (name) => entity.fields.find((each) => each.column.name === name),
    fieldCell: (name) => source.cellOf(entity, name),
    fieldText: (name) => cellText(source.cellOf(entity, name)),
    cellText,
    partCell: (written, part, type) => source.partCell(written, part, type, site),
    mistake: (problem, hint) => explain(entity, field, problem, hint),
  };
  return site;
}

/** Each value once: by the row's number, or by its number in the run where the values are rows of this run. */
function permuted(entity: EntityPlan, { spec }: FieldPlan, key: number, space: number): OfRow<number> {
  const permute = createPermutation(space, key);
  const first = spec.kind === "reference" ? entity.firstRow : 0;
  return (row) => permute(row - first);
}

/** The field's part of a composite unique key; undefined when it is in none or is free to repeat. */
function findDigit(source: CellSource, entity: EntityPlan, field: FieldPlan): OfRow<number> | "open" | undefined {
  const { plan } = source;
  const { uniqueGroup } = field;
  if (field.unique || isOfParent(entity, field)) return undefined;
  const joint = findJoint(entity, field);
  if (joint !== undefined) return digitInJoint(source, entity, joint, field);
  if (uniqueGroup === undefined) return undefined;
  const { open, belowParent, digits } = readGroup(plan, entity, uniqueGroup);
  if (open !== undefined) return open === field.column.name ? "open" : undefined;
  const at = digits.findIndex(({ unit }) => unit === unitOf(entity, field));
  const below = digits.slice(0, at).reduce((product, { space }) => product * space, 1);
  const space = digits[at]?.space ?? 1;
  const count = digits.reduce((product, digit) => product * digit.space, 1);
  const index = combination(plan, entity, uniqueGroup, belowParent, count);
  return (row) => Math.floor(index(row) / below) % space;
}

/** The number of the row's combination of values; among the children of one parent, where that is part of the key. */
function combination(
  plan: SeedPlan,
  entity: EntityPlan,
  group: number,
  belowParent: boolean,
  count: number,
): OfRow<number> {
  const key = mixKeys(plan.seed, hashText(`${entity.entity} unique ${group}`));
  const permute = createPermutation(Math.max(1, count), key);
  const place = belowParent ? placeBelowParent(plan, entity) : undefined;
  if (place === undefined) {
    const first = hasNewReference(plan, entity, columnsOfGroup(entity, group)) ? entity.firstRow : 0;
    return (row) => permute(row - first);
  }
  return (row) => permute((place.siblingOf(row) + drawBelow(key, place.parentOf(row), count)) % count);
}

function explain({ entity }: EntityPlan, { column, source }: FieldPlan, problem: string, hint?: string): PgroveError {
  return configError(`${entity}.${column.name} (${source}): ${problem}`, hint);
}
