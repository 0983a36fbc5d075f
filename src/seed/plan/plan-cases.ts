/** Where a table's checks can be met in several ways: which of them are open, and what each makes of the columns. */
import { isDeepStrictEqual } from "node:util";
import type { CaseField, CasePlan, ColumnShape, FieldPlan } from "../entity.ts";
import { type ColumnRule, meetsRule, type Rules, type TableRules } from "../rules.ts";
import { type Inference, type InferSite, inferField, isTelling } from "./infer.ts";

/** Of this version on every way is gone by some of the rows; before it all rows went the first one. */
const CASES_SINCE_VERSION = 2;

/**
 * The rules with those cases that the table's columns leave open; of files of an older version one. Undefined where none
 * is: `absent` are columns that are always NULL.
 */
export function openCases(
  columns: readonly ColumnShape[],
  rules: TableRules,
  { version, absent }: { version: number; absent: ReadonlySet<string> },
): TableRules | undefined {
  const isOpen = (each: Rules) => columns.every((column) => mayMeet(column, each.get(column.name) ?? {}, absent));
  if (!isOpen(rules.common)) return undefined;
  const open = rules.cases.filter(isOpen);
  if (open.length === 0 && rules.cases.length > 0) return undefined;
  if (open.length > 1 && version >= CASES_SINCE_VERSION) return { common: rules.common, cases: open };
  const natural = open.find((each) => columns.every((column) => isNatural(column, each.get(column.name) ?? {})));
  return { common: natural ?? open[0] ?? rules.common, cases: [] };
}

/** Whether the column can be NULL, be there, or have a label, where the rule wants that. */
function mayMeet(
  { name, nullable, type }: ColumnShape,
  { present, oneOf }: ColumnRule,
  absent: ReadonlySet<string>,
): boolean {
  if (present === false && !nullable) return false;
  if (present === true && absent.has(name)) return false;
  return type.kind !== "enum" || oneOf === undefined || oneOf.some((value) => type.labels.includes(value));
}

/** Columns that some way of meeting the checks wants to be there. */
export function columnsWanted({ common, cases }: TableRules): ReadonlySet<string> {
  return new Set(
    [common, ...cases].flatMap((rules) =>
      [...rules].flatMap(([name, { present }]) => (present === true ? [name] : [])),
    ),
  );
}

/** Whether the column is there, or is NULL, as the rule wants it without anything being done for it. */
function isNatural(column: ColumnShape, { present }: ColumnRule): boolean {
  if (present === undefined) return true;
  return present === (!column.nullable || column.default !== null || isTelling(column));
}

/** Columns that some case says something of which all rows do not have in common. */
export function columnsInCases({ common, cases }: TableRules): ReadonlySet<string> {
  const isOwn = (name: string, rule: ColumnRule) => !isDeepStrictEqual(rule, common.get(name));
  return new Set(cases.flatMap((rules) => [...rules].flatMap(([name, rule]) => (isOwn(name, rule) ? [name] : []))));
}

/** The value that a column's default gives to every row, as text; undefined where it differs or is not plain. */
export function constantDefault({ default: written }: ColumnShape): string | undefined {
  const [, quoted, bare] =
    /^(?:'((?:[^']|'')*)'(?:::[^:']+)?|\(?(-?\d+(?:\.\d+)?|true|false)\)?(?:::[^:']+)?)$/s.exec(written ?? "") ?? [];
  return quoted?.replaceAll("''", "'") ?? bare;
}

/** The value that PostgreSQL computes for every row: GENERATED ALWAYS AS ('truck'). */
export function constantExpression(column: ColumnShape): string | undefined {
  return constantDefault({ ...column, default: column.expression ?? null });
}

/** Whether the column's default is right in every case, so that it is left to it. */
export function isDefaultRight(column: ColumnShape, { common, cases }: TableRules): boolean {
  const value = constantDefault(column);
  return (cases.length === 0 ? [common] : cases).every((rules) => {
    const rule = rules.get(column.name);
    if (rule === undefined) return true;
    if (value !== undefined) return meetsRule(rule, value);
    const { present, ...others } = rule;
    return present !== false && Object.keys(others).length === 0;
  });
}

/** What the column is in each case where pgrove itself decides about it. */
export function inferInCases(
  column: ColumnShape,
  planned: Inference | undefined,
  { cases, isWritten, ...site }: Omit<InferSite, "rules"> & { cases: readonly Rules[]; isWritten: boolean },
): (Inference & Pick<FieldPlan, "inCases">) | undefined {
  const inferred = cases.map((rules) => inferField(column, { ...site, rules }));
  const inCases = cases.map((rules, at): CaseField & Pick<Inference, "distinct"> => {
    const { present, ...demands } = rules.get(column.name) ?? {};
    const found = inferred[at];
    const isDemanded = present === true || Object.keys(demands).length > 0;
    if (present === false || found === undefined) return { presence: "null" };
    if (!isDemanded && !isWritten) return leftTo(column, found);
    const { source: _, ...made } = found;
    return { ...made, ...(present === true ? { presence: "present" as const } : {}) };
  });
  const first = planned ?? inferred.find((each) => each !== undefined);
  if (first === undefined) return undefined;
  const { source: _, ...alike } = first;
  const isSame = ({ presence, ...made }: CaseField) => presence !== "null" && isDeepStrictEqual(made, alike);
  const plain = inCases.every((each) => each.presence === undefined && isSame(each));
  return plain ? first : { ...first, source: "a check constraint", inCases };
}

/** Where a case says nothing of a column: what its default would be, or NULL. */
function leftTo(column: ColumnShape, { spec }: Inference): CaseField {
  const value = constantDefault(column);
  if (value !== undefined) return { spec: { kind: "constant", value } };
  return column.nullable ? { presence: "null" } : { spec };
}

/** What a reference is in each case: any row, or NULL. */
export function referInCases(column: ColumnShape, cases: readonly Rules[]): readonly CaseField[] | undefined {
  const presences = cases.map((rules) => rules.get(column.name)?.present);
  if (presences.every((present) => present === undefined)) return undefined;
  return presences.map((present) =>
    present === undefined ? {} : { presence: present ? ("present" as const) : ("null" as const) },
  );
}

/** How a field is decided elsewhere: whole, or a reference, which may be NULL where a case wants that. */
export type Decided = "whole" | "reference";

/** The cases as the rows' plan has them, with what they ask of the fields that are decided elsewhere. */
export function planCases(
  { common, cases }: TableRules,
  decided: ReadonlyMap<string, Decided>,
  selfReferring: ReadonlySet<string>,
): readonly CasePlan[] {
  return cases.map((rules) => ({
    tests: new Map(
      [...rules].flatMap(([name, rule]) => {
        const isCommon = isDeepStrictEqual(rule, common.get(name));
        return isCommon ? [] : testOf(name, rule, decided.get(name));
      }),
    ),
    afterFirst: [...rules].some(([name, { present }]) => present === true && selfReferring.has(name)),
  }));
}

/** What can be looked at in a value alone, and what other rows of the case do not have in common. */
function testOf(name: string, rule: ColumnRule, decided: Decided | undefined): [string, ColumnRule][] {
  if (decided === undefined) return [];
  const { after: _, near: _______, differs: __, equals: ___, minItems: ____, maxItems: _____, ...alone } = rule;
  const { present, json: ______, jsonKeys: ________, computed: _________, ...ofValue } = alone;
  const asked = decided === "whole" && present !== undefined ? { ...ofValue, present } : ofValue;
  return Object.keys(asked).length === 0 ? [] : [[name, asked]];
}
