/** Which fields may not repeat: by keys and unique indexes of the table, and by what the factory asks for. */

import type { FieldPlan, FieldSpec, JointPlan, TableShape } from "../entity.ts";
import type { Factory } from "../factory/factory.ts";
import { isTextType } from "../generate/site.ts";
import { meetsRule, type Rules } from "../rules.ts";
import { baseOf } from "../schema/schema-types.ts";
import type { Differing, KeyColumn, TableKey } from "./key-sources.ts";
import { constantDefault } from "./plan-cases.ts";
import { isMatched, isWithin, type Marked, markJoints, membersOf, type PlannedField } from "./plan-joints.ts";

/** What a key knows of its columns' values before they are made. */
export interface UniqueSite {
  table: TableShape;
  factory: Factory | undefined;
  keys: readonly TableKey[];
  rules: Rules;
  /** The version of the generators. */
  version: number;
  /** Whether so many values of the field differ that it can be unique by itself. */
  hasRoom(field: PlannedField): boolean;
}

/** From this version on keys that share columns hold together, and expressions are looked into. */
const JOINTS_SINCE_VERSION = 2;

/** A default that gives another value for each row. */
const VOLATILE = /^(?:nextval|gen_random_uuid|uuid_generate_v\w+|uuidv[47])\(/;

export interface UniqueFields {
  fields: readonly FieldPlan[];
  joints: readonly JointPlan[];
  unchecked: readonly (readonly string[])[];
}

/** The fields with `unique` or `uniqueGroup` where a key asks for it. */
export function markUnique(fields: readonly PlannedField[], site: UniqueSite): UniqueFields {
  const marked = new Map(fields.map((field) => [field.column.name, field]));
  const isOld = site.version < JOINTS_SINCE_VERSION;
  const keys = keysOf(site)
    .map((key) => openColumns(key, marked, site))
    .filter((columns) => columns.length > 0)
    .sort((a, b) => a.length - b.length);
  if (isOld) {
    markGroups(keys, marked, site);
    return { fields: [...marked.values()].map(asDistinct), joints: [], unchecked: uncheckedKeys(site) };
  }
  const left = keys.filter((key) => !markSingle(key, marked, site));
  const joints = markJoints(left.map(namesOf), marked, site.rules);
  return { fields: [...marked.values()].map(asDistinct), joints, unchecked: uncheckedKeys(site) };
}

/** What the factory alone wants to be unique. */
function uncheckedKeys({ table, factory }: UniqueSite): (readonly string[])[] {
  const known = [table.primaryKey, ...table.uniques.map(({ columns }) => columns)];
  const isSame = (key: readonly string[], other: readonly string[]) =>
    key.length === other.length && isWithin(key, other);
  return (factory?.unique ?? []).filter((key) => !known.some((other) => isSame(key, other)));
}

/** The field as it is where its values may not repeat, if they may not. */
function asDistinct({ distinct, ...field }: PlannedField): FieldPlan {
  const repeats = !field.unique && field.uniqueGroup === undefined;
  if (distinct === undefined || repeats) return field;
  const { otherwise: _, ...rest } = field;
  return { ...rest, spec: distinct };
}

function namesOf(key: readonly KeyColumn[]): string[] {
  return key.map(({ name }) => name);
}

/** As files of the first version have it: each key for itself, a column in the first group that it comes to. */
function markGroups(keys: readonly (readonly KeyColumn[])[], marked: Marked, site: UniqueSite): void {
  let groupNumber = 0;
  for (const key of keys) {
    const members = membersOf(namesOf(key), marked);
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
}

/** Makes one column of the key unique, if one can be: true when the key needs no more. */
function markSingle(key: readonly KeyColumn[], marked: Marked, site: UniqueSite): boolean {
  const choices = key.flatMap((each) => {
    const field = marked.get(each.name);
    const fitting = field === undefined ? undefined : asDiffering(field, each.differing, site);
    return fitting === undefined ? [] : [fitting];
  });
  const known = choices.find(({ unique }) => unique);
  const [only] = choices;
  const free = choices.find((each) => isFree(each) && site.hasRoom(each));
  const single = known ?? free ?? (key.length === 1 && only !== undefined && !isMatched(only) ? only : undefined);
  if (single === undefined) return false;
  marked.set(single.column.name, { ...single, unique: true });
  return true;
}

/** References take their values from elsewhere: they cannot be asked to differ by themselves. */
function isFree({ spec }: FieldPlan): boolean {
  return spec.kind === "generator";
}

const TIMES: ReadonlySet<string> = new Set(["timestamp", "timestamptz", "date"]);
const LETTERS = { name: "regex", options: { pattern: "^[a-z]{4,12}$" } };

/** The field made so that what is computed from it differs where its values do; fields of the file stay as they are. */
function asDiffering(field: PlannedField, differing: Differing, { factory }: UniqueSite): PlannedField {
  if (differing.by === "value" || field.spec.kind !== "generator" || factory?.fields.has(field.column.name))
    return field;
  const type = baseOf(field.column.type);
  const made = (spec: Omit<Extract<FieldSpec, { kind: "generator" }>, "kind">): PlannedField => {
    const { otherwise: _, distinct: __, ...rest } = field;
    return { ...rest, spec: { kind: "generator", ...spec } };
  };
  if (differing.by === "letters") {
    const isPlain = isTextType(type) && field.otherwise === undefined && field.spec.name !== "regex";
    return isPlain ? made(LETTERS) : field;
  }
  if (differing.by === "span") {
    const { days } = differing;
    const options = { from: `-${days * SPANS_BACK}d`, to: "now", step: `${days}d` };
    return TIMES.has(type.name) ? made({ name: "time", options }) : field;
  }
  if (differing.by !== "member") return field;
  const nested = differing.path.reduceRight<unknown>((inner, key) => ({ json: { fields: { [key]: inner } } }), "uuid");
  const isObject = typeof nested === "object" && nested !== null;
  const json: unknown = isObject ? Reflect.get(nested, "json") : undefined;
  return type.name.startsWith("json") && typeof json === "object" && json !== null
    ? made({ name: "json", options: { ...json } })
    : field;
}

/** So many days, months or years lie between the first and the last one. */
const SPANS_BACK = 1_000;

function keysOf({ keys, factory }: UniqueSite): TableKey[] {
  const written = (factory?.unique ?? []).map((columns) => ({
    columns,
    sources: columns.map((name): KeyColumn => ({ name, differing: { by: "value" } })),
  }));
  return [...keys, ...written];
}

/** The columns that have to make the difference; none where one that is not written here makes it already. */
function openColumns(key: TableKey, fields: Marked, { table, version }: UniqueSite): readonly KeyColumn[] {
  const isOld = version < JOINTS_SINCE_VERSION;
  if (!isOld && isAboutNone(key, fields, table)) return [];
  const sources = isOld
    ? key.columns.map((name): KeyColumn => ({ name, differing: { by: "value" } }))
    : ofStretch(key, fields);
  const nullsDistinct = !table.uniques.some((each) => !each.nullsDistinct && each.columns === key.columns);
  const differs = table.columns.some(({ name, default: fallback, generated }) => {
    const source = sources.find((each) => each.name === name);
    if (source === undefined || fields.has(name)) return false;
    if (fallback === null) return nullsDistinct && !generated && source.covered !== true;
    return VOLATILE.test(fallback);
  });
  return differs ? [] : sources.filter(({ name }) => fields.has(name));
}

/** Whether a partial index is about none of the rows: defaults, and NULL, are not what it asks for. */
function isAboutNone({ where }: TableKey, fields: Marked, { columns }: TableShape): boolean {
  return (
    where?.every(({ rules, certain }) =>
      columns.some((column) => {
        const rule = rules.get(column.name);
        if (rule === undefined || !certain || fields.has(column.name)) return false;
        const value = constantDefault(column);
        return value === undefined ? column.default === null && rule.present !== false : !meetsRule(rule, value);
      }),
    ) === true
  );
}

/** Shapes that are made so that they never overlap. */
const SHAPES_APART: ReadonlySet<string> = new Set(["box", "circle"]);

/** Of an exclusion the range alone, where pgrove makes it: then it overlaps with none, whatever the other columns are. */
function ofStretch({ sources, stretch }: TableKey, fields: Marked): readonly KeyColumn[] {
  const [range] = stretch ?? [];
  const field = range === undefined || stretch?.length !== 1 ? undefined : fields.get(range);
  const type = field === undefined ? undefined : baseOf(field.column.type);
  const isMade = field !== undefined && isFree(field) && (type?.kind === "range" || SHAPES_APART.has(type?.name ?? ""));
  return isMade ? sources.filter(({ name }) => name === range) : sources;
}

/** All of them are in one group already, whose combinations differ. */
function isGrouped(members: readonly FieldPlan[]): boolean {
  const groups = new Set(members.map(({ uniqueGroup }) => uniqueGroup));
  return groups.size === 1 && !groups.has(undefined);
}
