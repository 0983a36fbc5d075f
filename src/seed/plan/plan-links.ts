/** What each entity's columns refer to: an entity of the run, rows that are there already, or a parent to be added. */
import * as v from "valibot";
import { didYouMean } from "../../config/suggest.ts";
import { type ColumnShape, type ForeignKey, type TableShape, tableKey } from "../entity.ts";
import { type Factories, type Factory, type FactoryField, findFactory, listNames } from "../factory/factory.ts";
import { REFERENCE_OPTIONS } from "../generate/references.ts";
import { constantDefault, constantExpression } from "./plan-cases.ts";
import { type Draft, draftOfTable, findTable, type Tables } from "./plan-entities.ts";
import type { ExistingRows } from "./plan-keys.ts";

/** One column, or the columns of one foreign key, that refer to a row elsewhere. */
export interface Link {
  columns: readonly string[];
  /** The columns that are referred to, in the same order. */
  references: readonly string[];
  table: TableShape;
  /** The entity of the run whose rows are meant; undefined for rows that are there already. */
  entity: string | undefined;
  /** The constraint that holds it, where there is one. */
  key?: ForeignKey;
  /** Of a key that shares columns with another one: its columns there, by those of the row that have the same values. */
  match?: Readonly<Record<string, string>>;
}

export interface LinkedDraft extends Draft {
  links: readonly Link[];
}

export interface Surroundings {
  factories: Factories;
  tables: Tables;
  existing: ExistingRows;
  /** The version of the generators. */
  version: number;
  /** Tables that the run leaves out, by `tableKey`: rows that they have may be referred to. */
  left: ReadonlySet<string>;
  /** Columns that a check wants to be there, though they may be NULL. */
  wanted(table: TableShape): Promise<ReadonlySet<string>>;
  /** Everything that is wrong, for one error. */
  mistakes: string[];
  /** Told of entities that cannot have rows, and why. */
  unable(draft: Draft, why: string): void;
}

/** A link whose rows are not found yet. */
interface WantedLink extends Omit<Link, "entity"> {
  /** The entity that the file names, where it names one. */
  factory?: Factory;
  /** It is written in the file. */
  written: boolean;
}

/** Finds the links of every draft. Parents that are needed and have no rows become drafts, too, behind the others. */
export async function linkDrafts(drafts: readonly Draft[], surroundings: Surroundings): Promise<LinkedDraft[]> {
  const run = [...drafts];
  const linked: LinkedDraft[] = [];
  // The list grows while it is read: parents have parents.
  for (const draft of run) linked.push({ ...draft, links: await linkDraft(draft, run, surroundings) });
  return linked;
}

async function linkDraft(draft: Draft, run: Draft[], surroundings: Surroundings): Promise<Link[]> {
  const links: Link[] = [];
  const written = writtenLinks(draft, surroundings);
  const inferred = keysOf(draft, surroundings.version).map((key) => wantedLinkOf(key, surroundings.tables));
  for (const wanted of [...written, ...inferred]) {
    const open = wanted === undefined || wanted.written ? wanted : await openPart(draft, wanted, links, surroundings);
    const link = open === undefined ? undefined : await resolveLink(draft, open, run, surroundings);
    if (link !== undefined) links.push(link);
  }
  return links;
}

/**
 * The widest keys first: what they say of a column holds for the narrower ones, too. Keys of several columns to the table
 * itself come last: what they share with other keys, such as the tenant, cannot come from rows of the same table.
 */
function keysOf({ table }: Draft, version: number): ForeignKey[] {
  const mayBeNull = ({ columns }: ForeignKey) =>
    version >= REQUIRED_FIRST && table.columns.some(({ name, nullable }) => nullable && columns.includes(name));
  const isOwn = ({ table: other, columns }: ForeignKey) => other === tableKey(table) && columns.length > 1;
  return [...table.foreignKeys].sort(
    (a, b) =>
      Number(isOwn(a)) - Number(isOwn(b)) ||
      b.columns.length - a.columns.length ||
      Number(mayBeNull(a)) - Number(mayBeNull(b)),
  );
}

/** From this version of the generators on keys that may not be NULL go before others of their width. */
const REQUIRED_FIRST = 2;

function wantedLinkOf(key: ForeignKey, tables: Tables): WantedLink | undefined {
  const table = tables.get(key.table);
  const { columns, references } = key;
  return table === undefined ? undefined : { columns, references, table, key, written: false };
}

/** A reference in the file, and where it leads. */
interface WrittenTarget {
  field: FactoryField;
  column: string;
  table: TableShape;
  factory?: Factory;
}

/** References in the file; those that are columns of one foreign key, with its other columns that the file leaves open. */
function writtenLinks(draft: Draft, surroundings: Surroundings): WantedLink[] {
  const open = new Map<string, WrittenTarget>();
  for (const [name, field] of draft.factory?.fields ?? []) {
    if (field.spec.kind !== "reference") continue;
    const target = findTarget(field.spec.entity, field.spec.column, field.source, surroundings);
    if (target !== undefined) open.set(name, { field, column: field.spec.column, ...target });
  }
  const found: WantedLink[] = [];
  for (const key of keysOf(draft, surroundings.version)) {
    const isMeant = (column: string, at: number) => {
      const target = open.get(column);
      return target !== undefined && tableKey(target.table) === key.table && target.column === key.references[at];
    };
    const first = open.get(key.columns.find(isMeant) ?? "");
    if (first === undefined) continue;
    const places = key.columns.flatMap((column, at) =>
      isMeant(column, at) || draft.factory?.fields.has(column) === false ? [at] : [],
    );
    const pick = (names: readonly string[]) => places.flatMap((at) => names[at] ?? []);
    found.push({ ...linkToTarget(first), columns: pick(key.columns), references: pick(key.references), key });
    for (const column of key.columns) open.delete(column);
  }
  for (const [name, target] of open) {
    found.push({ ...linkToTarget(target), columns: [name], references: [target.column] });
  }
  return found;
}

function linkToTarget({ table, factory, field }: WrittenTarget): Omit<WantedLink, "columns" | "references"> {
  const match = field.spec.kind === "reference" ? v.safeParse(REFERENCE_OPTIONS, field.spec.options) : undefined;
  const matching = match?.success === true ? match.output.match : undefined;
  return {
    ...{ table, written: true },
    ...(factory === undefined ? {} : { factory }),
    ...(matching === undefined ? {} : { match: matching }),
  };
}

function findTarget(
  name: string,
  column: string,
  source: string,
  { factories, tables, mistakes }: Surroundings,
): { table: TableShape; factory?: Factory } | undefined {
  const factory = findFactory(factories, name);
  const table = findTable(tables, factory?.table ?? name);
  if (table === undefined) {
    const meant = didYouMean(name, [...listNames(factories), ...tables.keys()]);
    const help = meant === undefined ? "" : `; did you mean ${JSON.stringify(meant)}?`;
    mistakes.push(`${source}  there is no entity or table ${JSON.stringify(name)}${help}`);
    return undefined;
  }
  if (!table.columns.some((each) => each.name === column)) {
    const names = table.columns.map((each) => each.name);
    const meant = didYouMean(column, names);
    const help = meant === undefined ? ` (it has ${names.join(", ")})` : `; did you mean ${JSON.stringify(meant)}?`;
    mistakes.push(`${source}  ${name} has no column ${JSON.stringify(column)}${help}`);
    return undefined;
  }
  return factory === undefined ? { table } : { table, factory };
}

/**
 * What is to be filled here of a foreign key that the file does not mention: all of its columns, or, where others of
 * them are decided elsewhere, the rest, which has to match those. Undefined when nothing is left open.
 */
async function openPart(
  draft: Draft,
  wanted: WantedLink,
  links: readonly Link[],
  surroundings: Surroundings,
): Promise<WantedLink | undefined> {
  const fixed = new Set<string>(); // one value for all rows: of the rows that have it one is taken
  for (const [at, name] of wanted.columns.entries()) {
    const column = draft.table.columns.find((each) => each.name === name);
    if (column?.generated === true) {
      if (constantExpression(column) === undefined) return undefined;
      fixed.add(name);
    } else if (await isLeftToDefault(draft, column, wanted, at, surroundings)) {
      const isOne = surroundings.version >= LINKS_BEFORE_DEFAULTS && column && constantDefault(column) !== undefined;
      if (!isOne) return undefined;
      fixed.add(name);
    }
  }
  const isTaken = (name: string) =>
    draft.factory?.fields.has(name) === true || links.some((link) => link.columns.includes(name));
  const open = wanted.columns.flatMap((name, at) => (isTaken(name) || fixed.has(name) ? [] : [at]));
  if (open.length === 0) return undefined;
  if (open.length === wanted.columns.length) return wanted;
  const pick = (names: readonly string[]) => open.flatMap((at) => names[at] ?? []);
  const taken = wanted.columns.flatMap((name, at) => (isTaken(name) ? [[wanted.references[at] ?? "", name]] : []));
  return {
    ...wanted,
    columns: pick(wanted.columns),
    references: pick(wanted.references),
    ...(taken.length === 0 ? {} : { match: Object.fromEntries(taken) }),
  };
}

/** A key goes before a sequence that would count past its rows, and before a default that no row has. */
async function isLeftToDefault(
  { table }: Draft,
  column: ColumnShape | undefined,
  wanted: WantedLink,
  at: number,
  { existing, version }: Surroundings,
): Promise<boolean> {
  if (column === undefined || column.default === null || column.sequence !== null) return false;
  if (table.primaryKey.includes(column.name)) return false;
  if (version < LINKS_BEFORE_DEFAULTS || constantDefault(column) === undefined) return true;
  return await existing.holds(wanted.table, wanted.references[at] ?? "", column.default);
}

/** From this version of the generators on. */
const LINKS_BEFORE_DEFAULTS = 2;

async function resolveLink(
  draft: Draft,
  { written, factory, ...link }: WantedLink,
  run: Draft[],
  { factories, tables, existing, left, wanted, unable }: Surroundings,
): Promise<Link | undefined> {
  const fitting = run.filter((each) => (factory === undefined ? each.table === link.table : each.factory === factory));
  const found =
    fitting.find((each) => each === draft) ?? fitting.find(({ table, entity }) => entity === table.name) ?? fitting[0];
  if (found !== undefined) return { ...link, entity: found.entity };
  if (await existing.hasRows(link.table)) return { ...link, entity: undefined };
  const nullable = draft.table.columns.filter(({ name, nullable }) => link.columns.includes(name) && nullable);
  const isLeft = left.has(tableKey(link.table));
  const asked = nullable.length === 0 || isLeft ? undefined : await wanted(draft.table);
  if (nullable.length > 0 && !written && !nullable.some(({ name }) => asked?.has(name))) return undefined;
  if (isLeft && nullable.length > 0 && written) return undefined;
  if (isLeft) {
    unable(draft, `it needs rows of ${link.table.name}, which is left out`);
    return undefined;
  }
  const parent =
    factory === undefined
      ? draftOfTable(link.table, factories, tables, false)
      : { entity: factory.entity, table: link.table, factory, chosen: false };
  run.push(parent);
  return { ...link, entity: parent.entity };
}
