/** Columns of other rows: which row it is, and its value, computed anew from that row's number. */
import * as v from "valibot";
import { type EntityPlan, type FieldPlan, type SeedPlan, tableKey } from "../entity.ts";
import { appendNull, appendText } from "./copy-text.ts";
import { drawZipf } from "./distribution.ts";
import { locateChildren, type ParentPlace } from "./fan-out.ts";
import { drawBelow } from "./mix.ts";
import type { Cell, CellSite, OfRow } from "./site.ts";

export type ReferencePlan = Extract<FieldPlan["spec"], { kind: "reference" }>;

/** What a reference can be told. */
export const REFERENCE_OPTIONS = v.strictObject({
  distribution: v.optional(v.picklist(["uniform", "zipf", "each"]), "uniform"),
  exponent: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(10)), 1),
  /** Only rows whose column equals a field of this row: {tenant_id: tenant_id}. */
  match: v.optional(v.record(v.string(), v.string())),
});

export type ReferenceOptions = v.InferOutput<typeof REFERENCE_OPTIONS>;

/** Rows to refer to: how many, and what a column of one of them holds. */
export interface ReferencedRows {
  count: number;
  /** The first row's number: 0 of keys that are there already. */
  first: number;
  cell(column: string): Cell;
}

/** The entity or the existing rows that a reference is to. Undefined when there are none. */
export function findReferenced(
  plan: SeedPlan,
  spec: ReferencePlan,
  cellOf: (entity: EntityPlan, column: string) => Cell,
): ReferencedRows | undefined {
  const rows = findAll(plan, spec, cellOf);
  return rows === undefined || spec.among === undefined ? rows : rowsAmong(rows, spec.among);
}

/** Some of the rows, as if there were no others. */
function rowsAmong(rows: ReferencedRows, among: readonly number[]): ReferencedRows {
  const there = (row: number) => rows.first + (among[row] ?? 0);
  return {
    ...{ count: among.length, first: 0 },
    cell(name) {
      const { write, instant } = rows.cell(name);
      return {
        write: (row, out) => write(there(row), out),
        ...(instant === undefined ? {} : { instant: (row) => instant(there(row)) }),
      };
    },
  };
}

function findAll(
  plan: SeedPlan,
  { entity, column }: ReferencePlan,
  cellOf: (entity: EntityPlan, column: string) => Cell,
): ReferencedRows | undefined {
  const planned = plan.entities.find((each) => each.entity === entity);
  if (planned !== undefined && planned.rows > 0) {
    return { count: planned.rows, first: planned.firstRow, cell: (name) => cellOf(planned, name) };
  }
  const table = planned === undefined ? entity : tableKey(planned.table);
  const keys = plan.existing.get(`${table}.${column}`);
  if (keys === undefined || keys.length === 0) return undefined;
  return {
    ...{ count: keys.length, first: 0 },
    cell: (name) => existingCell(plan.existing.get(`${table}.${name}`) ?? []),
  };
}

function existingCell(keys: readonly string[]): Cell {
  return { write: (row, out) => appendText(out, keys[row] ?? "") };
}

/** Where the rows of an entity that is made per another one hang; undefined when it is not. */
export function placeBelowParent(plan: SeedPlan, entity: EntityPlan): ParentPlace | undefined {
  const { per } = entity;
  const parent = per === undefined ? undefined : plan.entities.find((each) => each.entity === per.entity);
  if (per === undefined || parent === undefined) return undefined;
  return locateChildren(plan.seed, entity.entity, per.fanOut, entity, parent);
}

/** A cell that holds the column of the chosen row; no row (undefined) is NULL. */
export function cellOfChosen(cell: Cell, choose: OfRow<number | undefined>): Cell {
  const { instant } = cell;
  return {
    write(row, out) {
      const chosen = choose(row);
      if (chosen === undefined) appendNull(out);
      else cell.write(chosen, out);
    },
    ...(instant === undefined ? {} : { instant: (row) => instant(choose(row) ?? row) }),
  };
}

/**
 * Earlier rows of the same run; the first one, having none, refers to itself where it must refer to something, or to the
 * next one, where it may not be itself. Where each must be referred to once, each refers to itself, or all of them in a ring.
 */
export function chooseEarlier(site: CellSite, nullable: boolean, differs: boolean): OfRow<number | undefined> {
  const { firstRow: first, rows } = site.entity;
  if (site.distinct && !nullable) return differs ? (row) => first + ((row - first + 1) % rows) : (row) => row;
  return (row) => {
    if (row === first && !nullable && differs) return row + 1; // which one statement loads with it
    if (row === first) return nullable ? undefined : row;
    return site.distinct ? row - 1 : first + drawBelow(site.key, row, row - first);
  };
}

/** The same among rows that agree with this one in other columns; the first of them refers to nothing, or to itself. */
export function chooseEarlierMatching(
  site: CellSite,
  columns: readonly string[],
  nullable: boolean,
): OfRow<number | undefined> {
  const first = site.entity.firstRow;
  const texts = columns.map((column) => site.fieldText(column));
  const groups = new Map<string, number[]>();
  const before: { rows: readonly number[]; count: number }[] = [];
  return (row) => {
    for (let next = first + before.length; next <= row; next++) {
      const key = JSON.stringify(texts.map((text) => text(next)));
      const rows = groups.get(key) ?? [];
      groups.set(key, rows);
      before.push({ rows, count: rows.push(next) - 1 });
    }
    const { rows, count } = before[row - first] ?? { rows: [], count: 0 };
    return rows[count === 0 ? -1 : drawBelow(site.key, row, count)] ?? (nullable ? undefined : row);
  };
}

/** Any of the rows: each as likely as the others, by Zipf's law, or one after the other so that none is left out; each once where the column wants that. */
export function chooseAny(
  site: CellSite,
  rows: ReferencedRows,
  { distribution, exponent }: ReferenceOptions,
): OfRow<number> {
  const { firstRow } = site.entity;
  if (distribution === "each" && !site.distinct) return (row) => rows.first + ((row - firstRow) % rows.count);
  const index =
    distribution === "zipf" && !site.distinct ? drawZipf(site.key, rows.count, exponent) : site.pick(rows.count);
  return (row) => rows.first + index(row);
}

/** One of the rows that agree with this row in other columns, such as the tenant. Where there is none: NULL, if it may be. */
export function chooseMatching(
  site: CellSite,
  rows: ReferencedRows,
  match: Readonly<Record<string, string>>,
  nullable: boolean,
): OfRow<number | undefined> {
  const pairs = Object.entries(match);
  const theirs = pairs.map(([column]) => site.cellText(rows.cell(column)));
  const own = pairs.map(([, field]) => site.fieldText(field));
  let byValues: Map<string, number[]> | undefined;
  const keyOf = (texts: readonly OfRow<string | null>[], row: number) => JSON.stringify(texts.map((text) => text(row)));
  return (row) => {
    byValues ??= groupRows(rows, (each) => keyOf(theirs, each));
    const candidates = byValues.get(keyOf(own, row)) ?? [];
    const chosen = candidates[drawBelow(site.key, row, candidates.length)];
    if (chosen === undefined && !nullable) {
      const wanted = pairs.map(([column], index) => `${column} = ${own[index]?.(row)}`).join(", ");
      throw site.mistake(`no row to refer to has ${wanted}`, "make more rows of what it refers to");
    }
    return chosen;
  };
}

/** Rows by what a key says of them. */
export function groupRows(rows: ReferencedRows, keyOf: OfRow<string>): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (let row = rows.first; row < rows.first + rows.count; row++) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}
