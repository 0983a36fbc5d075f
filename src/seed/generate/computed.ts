/** Values made from others of the row: templates and expressions. */
import * as v from "valibot";
import type { ByteSink } from "../entity.ts";
import { appendInteger } from "./append.ts";
import { appendBytes, appendNull, appendText, encodeCopyText } from "./copy-text.ts";
import { ExpressionMistake, type Lookup, readExpression, textOf, type Value } from "./expression.ts";
import { type Cell, type CellSite, defineGenerator, type GeneratorDefinition, type OfRow } from "./site.ts";
import { slugText } from "./word-table.ts";

const FILTERS: Readonly<Record<string, (text: string) => string>> = {
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  slug: slugText,
};

const PLACEHOLDER = /\{\{|\}\}|\{\s*([A-Za-z_][\w.]*)\s*((?:\|\s*\w+\s*)*)\}|[{}]/g;

interface Piece {
  literal?: string;
  name?: string;
  filters: readonly string[];
}

const BRACES: Readonly<Record<string, string>> = { "{{": "{", "}}": "}" };

/** "{first_name|lower}.{row}" in pieces; a brace of its own is undefined. */
function readPieces(pattern: string): Piece[] | undefined {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of pattern.matchAll(PLACEHOLDER)) {
    const [whole, name, filters = ""] = match;
    if (match.index > at) pieces.push({ literal: pattern.slice(at, match.index), filters: [] });
    at = match.index + whole.length;
    const brace = BRACES[whole];
    if (brace !== undefined) pieces.push({ literal: brace, filters: [] });
    else if (name === undefined) return undefined;
    else
      pieces.push({
        name,
        filters: filters
          .split("|")
          .map((filter) => filter.trim())
          .filter((filter) => filter !== ""),
      });
  }
  if (at < pattern.length) pieces.push({ literal: pattern.slice(at), filters: [] });
  return pieces;
}

const PATTERN = v.pipe(
  v.string(),
  v.check((pattern) => readPieces(pattern) !== undefined, "has a brace of its own: write {{ or }} for one"),
  v.check(
    (pattern) =>
      (readPieces(pattern) ?? []).every(({ filters }) => filters.every((filter) => Object.hasOwn(FILTERS, filter))),
    "has an unknown filter: there are lower, upper and slug",
  ),
);

type Append = (row: number, out: ByteSink) => void;

function appendPiece(site: CellSite, { literal, name = "", filters }: Piece, index: number): Append {
  if (literal !== undefined) {
    const bytes = encodeCopyText(literal);
    return (_, out) => appendBytes(out, bytes);
  }
  if (name === "row") return (row, out) => appendInteger(out, row + 1);
  if (name === "entity" && filters.length === 0) {
    const bytes = encodeCopyText(site.entity.entity);
    return (_, out) => appendBytes(out, bytes);
  }
  if (hasField(site, name)) return appendFiltered(site.fieldText(name), filters);
  const part = site.partCell(name, `${name} ${index}`);
  return filters.length === 0 ? part.write : appendFiltered(site.cellText(part), filters);
}

function appendFiltered(text: OfRow<string | null>, filters: readonly string[]): Append {
  const applied = filters.flatMap((filter) => FILTERS[filter] ?? []);
  return (row, out) =>
    appendText(
      out,
      applied.reduce((value, filter) => filter(value), text(row) ?? ""),
    );
}

function hasField(site: CellSite, name: string): boolean {
  return name !== site.field && site.findField(name) !== undefined;
}

/** A template's values differ when the row's number is in it, or another field whose values do. */
function differs(site: CellSite, pieces: readonly Piece[]): boolean {
  return pieces.some(({ name }) => name === "row" || (name !== undefined && site.findField(name)?.unique === true));
}

function compileTemplate(pattern: string, site: CellSite): Cell {
  const pieces = readPieces(pattern) ?? [];
  if (site.distinct && !differs(site, pieces)) {
    throw site.mistake(
      `its values may not repeat, and nothing in the template ${JSON.stringify(pattern)} makes them differ`,
      "put {row} into the template",
    );
  }
  const appends = pieces.map((piece, index) => appendPiece(site, piece, index));
  return {
    write(row, out) {
      for (const append of appends) append(row, out);
    },
  };
}

const NUMBER_TYPES: ReadonlySet<string> = new Set(["int2", "int4", "int8", "numeric", "float4", "float8", "oid"]);
const WHOLE_TYPES: ReadonlySet<string> = new Set(["int2", "int4", "int8", "oid"]);

/** A field's text as a value of the language, by its column's type. */
function readValue(text: string | null, type: string): Value {
  if (text === null) return null;
  if (NUMBER_TYPES.has(type)) return Number(text);
  return type === "bool" ? text.startsWith("t") : text;
}

function lookupIn(site: CellSite): Lookup {
  return (name) => {
    if (name === "row") return (row) => row + 1;
    if (name === "entity") return () => site.entity.entity;
    const field = site.findField(name);
    if (field === undefined || name === site.field) {
      const known = site.entity.fields.map(({ column }) => column.name).filter((each) => each !== site.field);
      throw site.mistake(
        `its expression names ${name}, which is no other field of ${site.entity.entity}`,
        `fields: ${known.join(", ")}`,
      );
    }
    const text = site.fieldText(name);
    return (row) => readValue(text(row), field.column.type.name);
  };
}

function compileExpression(written: string, site: CellSite): Cell {
  const evaluate = readOrExplain(written, site);
  const isWhole = WHOLE_TYPES.has(site.type.name);
  return {
    write(row, out) {
      const value = evaluate(row);
      if (value === null) return appendNull(out);
      appendText(out, textOf(isWhole && typeof value === "number" ? Math.round(value) : value));
    },
  };
}

function readOrExplain(written: string, site: CellSite): OfRow<Value> {
  try {
    return readExpression(written, lookupIn(site));
  } catch (error) {
    if (!(error instanceof ExpressionMistake)) throw error;
    throw site.mistake(`its expression cannot be read: ${error.message}`);
  }
}

export const COMPUTED: readonly GeneratorDefinition[] = [
  defineGenerator({
    name: "template",
    about: "text with {placeholders}: generators, fields of the row, {row} and {entity}, filters as in {name|slug}",
    options: v.strictObject({ pattern: PATTERN }),
    shorthand: "pattern",
    compile: ({ pattern }, site) => compileTemplate(pattern, site),
  }),
  defineGenerator({
    name: "expression",
    about: "computed from the row's other fields: price * quantity, lower(name) || row, total > 100 ? 'big' : 'small'",
    options: v.strictObject({ value: v.string() }),
    shorthand: "value",
    compile: ({ value }, site) => compileExpression(value, site),
  }),
];
