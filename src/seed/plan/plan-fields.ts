/** What each column of an entity is filled with: by the file, a foreign key, a sequence of keys, or the schema. */
import * as v from "valibot";
import { didYouMean } from "../../config/suggest.ts";
import {
  type CasePlan,
  type ColumnShape,
  type FieldPlan,
  type FieldSpec,
  type JointPlan,
  tableKey,
} from "../entity.ts";
import { findGenerator } from "../generate/catalogue.ts";
import type { ColumnRule, Rules } from "../rules.ts";
import { baseOf } from "../schema/schema-types.ts";
import { guardOf, type Inference, inferField } from "./infer.ts";
import { columnsInCases, type Decided, inferInCases, openCases, planCases, referInCases } from "./plan-cases.ts";
import { type ColumnSite, chooseColumns, unlinkedColumns } from "./plan-columns.ts";
import type { PlannedField } from "./plan-joints.ts";
import type { Link, LinkedDraft } from "./plan-links.ts";
import { markUnique } from "./plan-unique.ts";

/** An entity with its fields, but not yet its number of rows. */
export interface FieldDraft extends LinkedDraft {
  fields: readonly FieldPlan[];
  cases: readonly CasePlan[];
  joints: readonly JointPlan[];
  unchecked: readonly (readonly string[])[];
  /** Columns of whole numbers that go on behind the highest one there is, with the least number that they may have. */
  counted: ReadonlyMap<string, number>;
}

export interface FieldSite extends ColumnSite {
  /** Columns that rows elsewhere have to agree with: each of the rows that they refer to must be found. */
  matched: ReadonlySet<string>;
  mistakes: string[];
  /** Told where no rows can be made, and why. */
  unable(draft: LinkedDraft, why: string): void;
}

/** Plans the fields. What is wrong goes to the mistakes. */
export function planFields(given: FieldSite): FieldDraft {
  const { version, draft } = given;
  const open = openCases(draft.table.columns, given.rules, { version, absent: unlinkedColumns(draft) });
  if (open === undefined) given.unable(draft, "no rows can meet all of its checks: they want what it cannot refer to");
  const rules = open ?? given.rules;
  const site = { ...given, rules };
  checkWritten(site);
  const { written, natural } = chooseColumns(site);
  const counted = new Map<string, number>();
  const decided = new Map<string, Decided>();
  const planned = written.flatMap((column): PlannedField[] => {
    const found = planColumn(column, written, natural.includes(column), site);
    if (found === undefined) return [];
    const { spec, source, nullShare = 0, decided: how, ...more } = found;
    if (isCounted(spec)) counted.set(column.name, leastOf(rules.common.get(column.name)));
    if (how !== undefined) decided.set(column.name, how);
    const narrow = narrowColumn(column, rules.common);
    const { differs } = (version < DIFFERS_SINCE_VERSION ? undefined : rules.common.get(column.name)) ?? {};
    const different = differs === undefined ? {} : { differs };
    return [{ ...more, ...different, column: narrow, spec, source, unique: isCounted(spec), nullShare }];
  });
  const unique = markUnique(withStretches(planned, site), { ...site, ...draft, rules: rules.common, hasRoom });
  const selfReferring = new Set(draft.links.flatMap(({ entity, columns }) => (entity === draft.entity ? columns : [])));
  return { ...draft, ...unique, counted, cases: planCases(rules, decided, selfReferring) };
}

/** Two columns that an exclusion makes a range of are the two ends of a row's own stretch, where pgrove makes both. */
function withStretches(
  fields: readonly PlannedField[],
  { keys, draft, version, rules }: FieldSite,
): readonly PlannedField[] {
  if (version < STRETCHES_SINCE_VERSION) return fields;
  const isMade = (name: string) =>
    draft.factory?.fields.has(name) !== true &&
    fields.some(({ column, spec }) => column.name === name && spec.kind === "generator");
  const pairs = keys.flatMap(({ stretch = [] }) => (stretch.length === 2 && stretch.every(isMade) ? [stretch] : []));
  return fields.map((field) => {
    const pair = pairs.find((names) => names.includes(field.column.name));
    if (pair === undefined) return field;
    const { after } = rules.common.get(pair[1] ?? "") ?? {};
    const ofPair = after?.column === pair[0] ? after : undefined;
    const long = {
      ...(ofPair?.least === undefined ? {} : { at_least: ofPair.least }),
      ...(ofPair?.within === undefined ? {} : { within: ofPair.within }),
    };
    const options = pair[1] === field.column.name ? { of: pair[0] ?? "", ...long } : long;
    return { ...field, spec: { kind: "generator", name: "stretch", options }, source: "an exclusion constraint" };
  });
}

/** From these versions of the generators on. */
const STRETCHES_SINCE_VERSION = 2;
const DIFFERS_SINCE_VERSION = 2;
const SMALL_SINCE_VERSION = 2;
const ABOVE_SINCE_VERSION = 2;

/** The column, its text no longer than a check allows. */
function narrowColumn(column: ColumnShape, rules: Rules): ColumnShape {
  const most = rules.get(column.name)?.maxLength;
  const type = baseOf(column.type);
  if (most === undefined || type.kind !== "base" || (type.length ?? most + 1) <= most) return column;
  return { ...column, type: { ...type, length: most } };
}

const COUNTED: FieldSpec = { kind: "generator", name: "sequence", options: {} };

function isCounted(spec: FieldSpec): boolean {
  return spec === COUNTED;
}

function leastOf(rule: ColumnRule | undefined): number {
  if (rule?.min === undefined) return 1;
  return Math.max(1, Math.ceil(Number(rule.min.value)) + (rule.min.inclusive ? 0 : 1));
}

/** Fields of the file that the table has no column for, or none to write into. */
function checkWritten({ draft, mistakes, unable }: FieldSite): void {
  const { factory, table, entity } = draft;
  if (table.partitions?.[0]?.bounds.length === 0)
    unable(draft, `${tableKey(table)} has no partitions to put rows into`);
  const names = table.columns.map(({ name }) => name);
  for (const [name, { source }] of factory?.fields ?? []) {
    const column = table.columns.find((each) => each.name === name);
    if (column?.generated === true) mistakes.push(`${source}  ${entity}.${name} is computed by PostgreSQL itself`);
    if (column === undefined) mistakes.push(`${source}  ${tableKey(table)} has no column ${unknown(name, names)}`);
  }
  for (const name of (factory?.unique ?? []).flat()) {
    if (!names.includes(name))
      mistakes.push(`${factory?.source}  unique: ${tableKey(table)} has no column ${unknown(name, names)}`);
  }
}

function unknown(name: string, known: readonly string[]): string {
  const meant = didYouMean(name, known);
  return meant === undefined
    ? `${JSON.stringify(name)} (it has ${known.join(", ")})`
    : `${JSON.stringify(name)}; did you mean ${JSON.stringify(meant)}?`;
}

interface Planned extends Inference, Pick<FieldPlan, "inCases" | "written"> {
  nullShare?: number;
  /** Its values are given: cases have to look at them. */
  decided?: Decided;
}

function planColumn(
  column: ColumnShape,
  written: readonly ColumnShape[],
  isNatural: boolean,
  site: FieldSite,
): Planned | undefined {
  const { draft, rules, unable } = site;
  const link = draft.links.find(({ columns }) => columns.includes(column.name));
  const field = draft.factory?.fields.get(column.name);
  if (link !== undefined) return planReference(column, link, site);
  if (field?.spec.kind === "reference" && column.nullable) {
    return { ...field, spec: { kind: "constant", value: null }, decided: "whole" }; // what it refers to is left out
  }
  if (field !== undefined) {
    const guard = guardOf(field.spec, column, rules.common.get(column.name) ?? {});
    return { ...field, ...guard, decided: "whole", written: true };
  }
  if (isCountedColumn(column, site)) return { ...countedSpec(column, site), decided: "whole" };
  const inferring = { written, version: site.version, decided: columnsDecided(written, site) };
  const alike = inferField(column, { ...inferring, rules: rules.common });
  const found =
    rules.cases.length === 0
      ? alike
      : inferInCases(column, alike, {
          ...inferring,
          cases: rules.cases,
          isWritten: isNatural || !columnsInCases(rules).has(column.name),
        });
  if (found !== undefined && isPossible(found.spec)) return found;
  unable(draft, `pgrove cannot make ${column.name}, a ${column.type.name}, by itself: give it a field`);
  return undefined;
}

/** The next number; one that may not be another counted one of the row is made beside that. */
function countedSpec(column: ColumnShape, site: FieldSite): Pick<Planned, "spec" | "source"> {
  const { differs = [] } = site.rules.common.get(column.name) ?? {};
  const other = site.draft.table.columns.find(
    (each) => differs.includes(each.name) && each.sequence === null && isCountedColumn(each, site),
  );
  const isFree = column.sequence === null && other !== undefined && !other.name.includes('"');
  if (!isFree) return { spec: COUNTED, source: "the column's key" };
  const options = { value: `"${other.name}" + 1` };
  return { spec: { kind: "generator", name: "expression", options }, source: "a check constraint" };
}

/** Bounds that leave nothing are none of a generator's. */
function isPossible(spec: FieldSpec): boolean {
  const options = spec.kind === "generator" ? findGenerator(spec.name)?.options : undefined;
  return spec.kind !== "generator" || (options !== undefined && v.is(options, spec.options));
}

/** Those that the file, a foreign key or a sequence gives their values. */
function columnsDecided(written: readonly ColumnShape[], site: FieldSite): ReadonlySet<string> {
  const { factory, links } = site.draft;
  const isDecided = (column: ColumnShape) =>
    factory?.fields.has(column.name) === true ||
    links.some(({ columns }) => columns.includes(column.name)) ||
    isCountedColumn(column, site);
  return new Set(written.filter(isDecided).map(({ name }) => name));
}

function planReference(column: ColumnShape, link: Link, { draft, matched, rules }: FieldSite): Planned {
  const field = draft.factory?.fields.get(column.name);
  const usual = link.columns.some((name) => matched.has(name)) ? { distribution: "each" } : {};
  const written = field?.spec.kind === "reference" ? field.spec.options : usual;
  const match = link.match === undefined ? {} : { match: link.match };
  const isSelf = link.entity === draft.entity;
  const inCases = column.nullable ? referInCases(column, rules.cases) : undefined;
  const isRequired = rules.common.get(column.name)?.present === true;
  return {
    ...(inCases === undefined ? {} : { inCases }),
    decided: inCases === undefined ? "whole" : "reference",
    spec: {
      kind: "reference",
      entity: link.entity ?? tableKey(link.table),
      column: link.references[link.columns.indexOf(column.name)] ?? "",
      options: { ...written, ...match },
    },
    source: field?.source ?? `the foreign key ${link.key?.name ?? ""}`,
    nullShare: field?.nullShare ?? (isSelf && column.nullable && !isRequired ? ROOTS : 0),
  };
}

/** The share of rows of a tree that hang on none. */
const ROOTS = 0.2;

const WHOLE_NUMBERS: ReadonlySet<string> = new Set(["int2", "int4", "int8"]);

/**
 * Keys that are numbered: a sequence's, and whole numbers that may not repeat. Those of an entity that is made per its
 * parent need to differ only among the parent's own.
 */
function isCountedColumn(column: ColumnShape, { draft, rules, version }: FieldSite): boolean {
  const { table, links, factory } = draft;
  const per = factory?.per;
  if (!WHOLE_NUMBERS.has(baseOf(column.type).name)) return false;
  if (column.identity !== null || column.sequence !== null) return true;
  const linked = new Set(per === undefined ? [] : links.flatMap(({ columns }) => columns));
  const keys = [
    table.primaryKey,
    ...table.uniques.map(({ columns }) => columns),
    ...(table.apart ?? []).map(({ columns }) => columns),
  ];
  const { max, oneOf, multiple, after } = rules.common.get(column.name) ?? {};
  // One that is above another counted one is made beside that.
  const isAbove =
    version >= ABOVE_SINCE_VERSION && after?.strict === true && keys.some((key) => key.includes(after.column));
  const isBounded = max !== undefined || oneOf !== undefined || multiple !== undefined || isAbove;
  const own = keys.filter((key) => key.includes(column.name));
  // Of a smallint there are soon too many: where other columns are part of the key, they make the difference with it.
  const isSmall =
    version >= SMALL_SINCE_VERSION && baseOf(column.type).name === "int2" && own.every((key) => key.length > 1);
  return !isBounded && !isSmall && own.some((key) => !key.some((name) => linked.has(name)));
}

/** A space of values is wide enough from here on. */
const WIDE = 100_000_000n;

/** Whether so many values of the field differ that it can be unique by itself, whatever the number of rows. */
function hasRoom({ distinct, spec: own, column }: PlannedField): boolean {
  const spec = distinct ?? own;
  if (spec.kind !== "generator") return false;
  const space = findGenerator(spec.name)?.space(spec.options, baseOf(column.type));
  return space === undefined || space >= WIDE;
}
