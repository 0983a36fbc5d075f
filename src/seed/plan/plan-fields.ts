/** What each column of an entity is filled with: by the file, a foreign key, a sequence of keys, or the schema. */
import { didYouMean } from "../../config/suggest.ts";
import { type ColumnShape, type FieldPlan, type FieldSpec, tableKey } from "../entity.ts";
import { findGenerator } from "../generate/catalogue.ts";
import { baseOf } from "../schema/schema-types.ts";
import { type Inference, inferField, isTelling } from "./infer.ts";
import type { ColumnRule, Rules } from "./infer-checks.ts";
import type { Link, LinkedDraft } from "./plan-links.ts";
import { markUnique } from "./plan-unique.ts";

/** An entity with its fields, but not yet its number of rows. */
export interface FieldDraft extends LinkedDraft {
  fields: readonly FieldPlan[];
  /** Columns of whole numbers that go on behind the highest one there is, with the least number that they may have. */
  counted: ReadonlyMap<string, number>;
}

export interface FieldSite {
  draft: LinkedDraft;
  /** Columns that other entities refer to: their values must be known. */
  referenced: ReadonlySet<string>;
  /** Columns that rows elsewhere have to agree with: each of the rows that they refer to must be found. */
  matched: ReadonlySet<string>;
  rules: Rules;
  mistakes: string[];
}

/** Plans the fields. What is wrong goes to the mistakes. */
export function planFields(site: FieldSite): FieldDraft {
  const { draft } = site;
  checkWritten(site);
  const written = chooseColumns(site);
  const counted = new Map<string, number>();
  const planned = written.flatMap((column) => {
    const found = planColumn(column, written, site);
    if (found === undefined) return [];
    const { spec, source, nullShare = 0 } = found;
    if (isCounted(spec)) counted.set(column.name, leastOf(site.rules.get(column.name)));
    return [{ column: narrowColumn(column, site.rules), spec, source, unique: isCounted(spec), nullShare }];
  });
  const fields = markUnique(planned, { ...draft, hasRoom });
  return { ...draft, fields, counted };
}

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
function checkWritten({ draft: { factory, table, entity }, mistakes }: FieldSite): void {
  if (table.partitions?.[0]?.bounds.length === 0)
    mistakes.push(`${entity}: ${tableKey(table)} has no partitions to put rows into`);
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

/** The columns that are written; the others take their default, or NULL. */
function chooseColumns({ draft, referenced, rules }: FieldSite): ColumnShape[] {
  const { table, factory, links } = draft;
  const isWritten = (column: ColumnShape) => {
    const { name } = column;
    if (column.generated) return false;
    if (factory?.fields.has(name) === true || links.some(({ columns }) => columns.includes(name))) return true;
    if (referenced.has(name) || table.primaryKey.includes(name)) return true;
    if (column.default !== null || column.identity !== null) return false;
    return !column.nullable || isTelling(column);
  };
  const chosen = table.columns.filter(isWritten);
  // What a written column may not lie before has to be known, whatever its default.
  const earlier = new Set(chosen.map(({ name }) => rules.get(name)?.after?.column));
  return table.columns.filter((column) => chosen.includes(column) || (earlier.has(column.name) && !column.generated));
}

interface Planned extends Inference {
  nullShare?: number;
}

function planColumn(column: ColumnShape, written: readonly ColumnShape[], site: FieldSite): Planned | undefined {
  const { draft, rules, mistakes } = site;
  const link = draft.links.find(({ columns }) => columns.includes(column.name));
  const field = draft.factory?.fields.get(column.name);
  if (link !== undefined) return planReference(column, link, site);
  if (field !== undefined) return field;
  if (isCountedColumn(column, site)) return { spec: COUNTED, source: "the column's key" };
  const found = inferField(column, { written, rules });
  if (found === undefined) {
    const place = draft.factory === undefined ? "" : `${draft.factory.source}  `;
    mistakes.push(
      `${place}${draft.entity}.${column.name}: pgrove cannot make a ${column.type.name} by itself: give it a field`,
    );
  }
  return found;
}

function planReference(column: ColumnShape, link: Link, { draft, matched }: FieldSite): Planned {
  const field = draft.factory?.fields.get(column.name);
  const usual = matched.has(column.name) ? { distribution: "each" } : {};
  const written = field?.spec.kind === "reference" ? field.spec.options : usual;
  const match = link.match === undefined ? {} : { match: link.match };
  const isSelf = link.entity === draft.entity;
  return {
    spec: {
      kind: "reference",
      entity: link.entity ?? tableKey(link.table),
      column: link.references[link.columns.indexOf(column.name)] ?? "",
      options: { ...written, ...match },
    },
    source: field?.source ?? `the foreign key ${link.key?.name ?? ""}`,
    nullShare: field?.nullShare ?? (isSelf && column.nullable ? ROOTS : 0),
  };
}

/** The share of rows of a tree that hang on none. */
const ROOTS = 0.2;

const WHOLE_NUMBERS: ReadonlySet<string> = new Set(["int2", "int4", "int8"]);

/**
 * Keys that are numbered: a sequence's, and whole numbers that may not repeat. Those of an entity that is made per its
 * parent need to differ only among the parent's own.
 */
function isCountedColumn(column: ColumnShape, { draft: { table, links, factory }, rules }: FieldSite): boolean {
  const per = factory?.per;
  if (!WHOLE_NUMBERS.has(baseOf(column.type).name)) return false;
  if (column.identity !== null || column.sequence !== null) return true;
  const linked = new Set(per === undefined ? [] : links.flatMap(({ columns }) => columns));
  const keys = [table.primaryKey, ...table.uniques.map(({ columns }) => columns), ...(table.apart ?? [])];
  const isBounded = rules.get(column.name)?.max !== undefined || rules.get(column.name)?.oneOf !== undefined;
  return !isBounded && keys.some((key) => key.includes(column.name) && !key.some((name) => linked.has(name)));
}

/** A space of values is wide enough from here on. */
const WIDE = 100_000_000n;

/** Whether so many values of the field differ that it can be unique by itself, whatever the number of rows. */
function hasRoom({ spec, column }: FieldPlan): boolean {
  if (spec.kind !== "generator") return false;
  const space = findGenerator(spec.name)?.space(spec.options, baseOf(column.type));
  return space === undefined || space >= WIDE;
}
