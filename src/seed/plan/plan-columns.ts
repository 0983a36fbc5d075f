/** Which columns of a table are written: the others are left to their default, or to NULL. */
import type { ColumnShape } from "../entity.ts";
import type { TableRules } from "../rules.ts";
import { isTelling } from "./infer.ts";
import type { TableKey } from "./key-sources.ts";
import { columnsInCases, constantDefault, isDefaultRight } from "./plan-cases.ts";
import type { LinkedDraft } from "./plan-links.ts";

export interface ColumnSite {
  draft: LinkedDraft;
  /** Columns that other entities refer to: their values must be known. */
  referenced: ReadonlySet<string>;
  rules: TableRules;
  keys: readonly TableKey[];
  /** The version of the generators. */
  version: number;
}

/** From these versions of the generators on. */
const LEFT_SINCE_VERSION = 2;
const KEYS_SINCE_VERSION = 2;

/** The columns that are written; the others take their default, or NULL. Natural are those that no check asks for. */
export function chooseColumns(site: ColumnSite): { written: ColumnShape[]; natural: ColumnShape[] } {
  const { draft, referenced, rules } = site;
  const { table, factory, links } = draft;
  // One value for all rows is none for a column that is a key by itself.
  const keys = new Set(
    site.keys.flatMap(({ sources, where }) =>
      sources.length === 1 && where === undefined ? sources.map(({ name }) => name) : [],
    ),
  );
  const isNatural = (column: ColumnShape) => {
    const { name } = column;
    if (column.generated) return false;
    if (factory?.fields.has(name) === true || links.some(({ columns }) => columns.includes(name))) return true;
    if (referenced.has(name) || table.primaryKey.includes(name)) return true;
    if (site.version >= KEYS_SINCE_VERSION && keys.has(name) && constantDefault(column) !== undefined) return true;
    if (column.default !== null || column.identity !== null) return false;
    return !column.nullable || isTelling(column);
  };
  const telling = table.columns.filter(isNatural);
  const different = columnsOfAlikes(site, telling);
  const natural = table.columns.filter((column) => telling.includes(column) || different.has(column.name));
  const inCases = columnsInCases(rules);
  const isAsked = (column: ColumnShape) => {
    if (column.generated) return false;
    const hasDefault = column.default !== null || column.identity !== null;
    if (inCases.has(column.name)) return !(hasDefault && isDefaultRight(column, rules));
    return rules.common.get(column.name)?.present === true && !hasDefault;
  };
  const chosen = table.columns.filter((column) => natural.includes(column) || isAsked(column));
  // What a written column hangs on has to be known, whatever its default.
  const needed = new Set(chosen.flatMap(({ name }) => columnsNeededBy(site, name)));
  const written = table.columns.filter(
    (column) => chosen.includes(column) || (needed.has(column.name) && !column.generated),
  );
  return { written, natural };
}

/** Those of keys that are the same in all rows where their columns are NULL: NULLS NOT DISTINCT, coalesce(a, 0). */
function columnsOfAlikes(
  { keys, draft: { table }, version }: ColumnSite,
  written: readonly ColumnShape[],
): Set<string> {
  if (version < KEYS_SINCE_VERSION) return new Set();
  const isWritten = (name: string) => written.some((each) => each.name === name);
  const isLeftNull = (name: string) => {
    const column = table.columns.find((each) => each.name === name);
    return column?.nullable === true && column.default === null && !column.generated;
  };
  const alike = keys.filter(({ columns, sources, where = [] }) => {
    const isNullAlike = table.uniques.some((each) => !each.nullsDistinct && each.columns === columns);
    const asks = where.some(({ rules }) => sources.some(({ name }) => rules.has(name)));
    const isAlike = sources.every(({ name, covered }) => isLeftNull(name) && (isNullAlike || covered === true));
    return sources.length > 0 && !asks && isAlike && !sources.some(({ name }) => isWritten(name));
  });
  return new Set(alike.flatMap(({ sources }) => sources.map(({ name }) => name)));
}

/** The columns that a check compares the column with, or computes it from. */
function columnsNeededBy({ rules: { common, cases }, draft, version }: ColumnSite, column: string): string[] {
  const isLeft = (name: string) => {
    const { nullable = false, default: fallback = null } = draft.table.columns.find((each) => each.name === name) ?? {};
    return version >= LEFT_SINCE_VERSION && nullable && fallback === null; // a comparison with NULL is met
  };
  return [common, ...cases].flatMap((rules) => {
    const { after, equals = "", computed, near } = rules.get(column) ?? {};
    const named = [
      ...[...equals.matchAll(/"([^"]+)"/g)].flatMap(([, name]) => name ?? []),
      ...(computed?.columns ?? []),
      ...(near?.equal === true ? [near.column] : []),
    ];
    return after === undefined || isLeft(after.column) ? named : [after.column, ...named];
  });
}

/** Columns of foreign keys that refer to nothing, as there is nothing to refer to: they are NULL. */
export function unlinkedColumns({ table, links, factory }: LinkedDraft): ReadonlySet<string> {
  const linked = new Set(links.flatMap(({ columns }) => columns));
  const isOpen = (name: string) => !linked.has(name) && factory?.fields.has(name) !== true;
  return new Set(table.foreignKeys.flatMap(({ columns }) => columns).filter(isOpen));
}
