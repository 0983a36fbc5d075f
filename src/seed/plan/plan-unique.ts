/** Which fields may not repeat: by keys and unique indexes of the table, and by what the factory asks for. */

import type { FieldPlan, TableShape } from "../entity.ts";
import type { Factory } from "../factory/factory.ts";
import type { Inference } from "./infer.ts";

/** A field that is planned, with what it is instead where its values may not repeat. */
export type PlannedField = FieldPlan & Pick<Inference, "distinct">;

/** What a key knows of its columns' values before they are made. */
export interface UniqueSite {
  table: TableShape;
  factory: Factory | undefined;
  /** Whether so many values of the field differ that it can be unique by itself. */
  hasRoom(field: PlannedField): boolean;
}

/** A default that gives another value for each row. */
const VOLATILE = /^(?:nextval|gen_random_uuid|uuid_generate_v\w+|uuidv[47])\(/;

/** The fields with `unique` or `uniqueGroup` where a key asks for it. */
export function markUnique(fields: readonly PlannedField[], site: UniqueSite): FieldPlan[] {
  const marked = new Map(fields.map((field) => [field.column.name, field]));
  const groups = keysOf(site)
    .map((columns) => openColumns(columns, marked, site.table))
    .filter((columns) => columns.length > 0)
    .sort((a, b) => a.length - b.length);
  let groupNumber = 0;
  for (const columns of groups) {
    const members = columns.flatMap((name) => marked.get(name) ?? []);
    if (members.some(({ unique }) => unique) || isGrouped(members)) continue;
    const single = members.length === 1 ? members[0] : members.find((each) => isFree(each) && site.hasRoom(each));
    if (single !== undefined) {
      marked.set(single.column.name, { ...single, unique: true });
      continue;
    }
    const uniqueGroup = groupNumber++;
    for (const member of members) {
      if (member.uniqueGroup === undefined) marked.set(member.column.name, { ...member, uniqueGroup });
    }
  }
  return [...marked.values()].map(asDistinct);
}

/** The field as it is where its values may not repeat, if they may not. */
function asDistinct({ distinct, ...field }: PlannedField): FieldPlan {
  const repeats = !field.unique && field.uniqueGroup === undefined;
  return distinct === undefined || repeats ? field : { ...field, spec: distinct };
}

function keysOf({ table, factory }: UniqueSite): (readonly string[])[] {
  const keys = [table.primaryKey, ...table.uniques.map(({ columns }) => columns), ...(table.apart ?? [])];
  return [...keys, ...(factory?.unique ?? [])];
}

/** The columns that have to make the difference; none where one that is not written here makes it already. */
function openColumns(
  columns: readonly string[],
  fields: ReadonlyMap<string, PlannedField>,
  table: TableShape,
): readonly string[] {
  const left = table.columns.filter(({ name }) => columns.includes(name) && !fields.has(name));
  const nullsDistinct = !table.uniques.some((key) => !key.nullsDistinct && key.columns === columns);
  const differs = left.some(({ default: fallback, generated }) => {
    if (fallback === null) return nullsDistinct && !generated;
    return VOLATILE.test(fallback);
  });
  return differs ? [] : columns.filter((name) => fields.has(name));
}

/** All of them are in one group already, whose combinations differ. */
function isGrouped(members: readonly FieldPlan[]): boolean {
  const groups = new Set(members.map(({ uniqueGroup }) => uniqueGroup));
  return groups.size === 1 && !groups.has(undefined);
}

/** References take their values from elsewhere: they cannot be asked to differ by themselves. */
function isFree({ spec }: FieldPlan): boolean {
  return spec.kind === "generator";
}
