/** Values that hold others: arrays, ranges and multiranges, JSON. */
import * as v from "valibot";
import { durationMs } from "../../config/duration.ts";
import type { TypeShape } from "../entity.ts";
import { findTypeGenerator } from "./by-type.ts";
import { DAY_MS, HOUR_MS, SECOND_MS } from "./calendar.ts";
import { appendText } from "./copy-text.ts";
import { drawBelow, mixKeys } from "./mix.ts";
import {
  type Cell,
  type CellSite,
  defineGenerator,
  type GeneratorDefinition,
  NO_OPTIONS,
  type OfRow,
  type PartCell,
} from "./site.ts";

const PART = v.union([v.string(), v.number(), v.boolean(), v.record(v.string(), v.unknown())]);

const SIZE = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000));

const ARRAY_OPTIONS = v.pipe(
  v.strictObject({ of: v.optional(PART), min: v.optional(SIZE, 1), max: v.optional(SIZE, 3) }),
  v.check(({ min, max }) => min <= max, "needs a min that is not above its max"),
);

/** An element as array literals have it: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function quoteElement(text: string | null): string {
  if (text === null) return "NULL";
  return /^-?\d+(\.\d+)?$/.test(text) ? text : `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

function partFor(site: CellSite, written: unknown, part: string, type: TypeShape | undefined) {
  const found = type === undefined ? undefined : findTypeGenerator(type);
  const use = written ?? (found === undefined ? undefined : { [found.name]: found.options });
  if (use === undefined)
    throw site.mistake(
      `it does not say what it is made of, and ${site.type.name} does not tell`,
      "name a generator: {of: words}",
    );
  return site.partCell(use, part, type);
}

function compileArray({ of, min, max }: v.InferOutput<typeof ARRAY_OPTIONS>, site: CellSite): Cell {
  if (site.distinct) throw site.mistake("arrays that may not repeat cannot be made", "leave the column out of the key");
  const isJson = JSON_TYPES.has(site.type.name);
  const elements = Array.from({ length: max }, (_, index) => {
    const cell = partFor(site, of, `element ${index}`, isJson ? site.type : site.type.of);
    const text = site.cellText(cell);
    return (row: number) => (isJson ? showJson(text(row), cell.json) : quoteElement(text(row)));
  });
  const size = mixKeys(site.key, 1);
  const [opening, closing] = isJson ? ["[", "]"] : ["{", "}"];
  return {
    write(row, out) {
      const count = min + drawBelow(size, row, max - min + 1);
      const shown = elements.slice(0, count).map((element) => element(row));
      appendText(out, opening + shown.join(",") + closing);
    },
  };
}

/** A row literal: https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX */
function compileComposite(site: CellSite): Cell {
  const parts = (site.type.attributes ?? []).map((type, index) =>
    site.cellText(partFor(site, undefined, `attribute ${index}`, type)),
  );
  const quote = (text: string | null) => (text === null ? "" : `"${text.replace(/[\\"]/g, "\\$&")}"`);
  return { write: (row, out) => appendText(out, `(${parts.map((part) => quote(part(row))).join(",")})`) };
}

/** A range's two ends as text, the lower one first. */
type Ends = OfRow<readonly [string, string]>;

type RangeOptions = v.InferOutput<typeof RANGE_OPTIONS>;

const WIDTH = v.union([
  v.pipe(v.number(), v.gtValue(0)),
  v.pipe(
    v.string(),
    v.check((written) => durationMs(written) !== undefined, "must be a number or a length of time: 30, 2h, 7d"),
  ),
]);
type Width = v.InferOutput<typeof WIDTH>;

const RANGE_OPTIONS = v.strictObject({
  of: v.optional(PART),
  /** How far apart the two ends are at most, and at least: a number, or a length of time. */
  within: v.optional(WIDTH),
  at_least: v.optional(WIDTH),
});

function compileRange({ of, within, at_least: least }: RangeOptions, site: CellSite): Cell {
  const isMulti = site.type.of?.kind === "range";
  const subtype = isMulti ? site.type.of?.of : site.type.of;
  const ends = site.distinct
    ? disjointEnds(site, subtype, { least, most: least && within })
    : drawnEnds(site, of, subtype, { within: within ?? doubled(least), least });
  return {
    write(row, out) {
      const [low, high] = ends(row);
      const range = `["${low}","${high}"${low === high ? "]" : ")"}`;
      appendText(out, isMulti ? `{${range}}` : range);
    },
  };
}

/** Where only the least is said, the most is twice that. */
function doubled(least: Width | undefined): Width | undefined {
  return typeof least === "string" ? `${(2 * (durationMs(least) ?? 0)) / SECOND_MS}s` : least && 2 * least;
}

interface Apart {
  within: Width | undefined;
  least: Width | undefined;
}

function drawnEnds(site: CellSite, of: unknown, subtype: TypeShape | undefined, { within, least }: Apart): Ends {
  if (within !== undefined) return endsApart(site, of, subtype, { within, least });
  const [one, other] = ["one", "other"].map((part) => {
    const cell = partFor(site, of, part, subtype);
    const text = site.cellText(cell);
    const order = cell.instant ?? ((row: number) => Number(text(row)));
    return { text: (row: number) => text(row) ?? "", order };
  });
  if (one === undefined || other === undefined) throw site.mistake("a range has two ends");
  return (row) => {
    const inOrder = one.order(row) <= other.order(row);
    return inOrder ? [one.text(row), other.text(row)] : [other.text(row), one.text(row)];
  };
}

/** The lower end, and one that is so far behind it. */
function endsApart(
  site: CellSite,
  of: unknown,
  subtype: TypeShape | undefined,
  { within, least }: Apart & { within: Width },
): Ends {
  const cell = partFor(site, of, "one", subtype);
  const text = site.cellText(cell);
  const { instant } = cell;
  const unit = instant === undefined ? 1 : subtype?.name === "date" ? DAY_MS : SECOND_MS;
  const units = Math.floor(lengthOf(within, instant !== undefined) / unit);
  const first = least === undefined ? 1 : Math.min(units, Math.ceil(lengthOf(least, instant !== undefined) / unit));
  const beyond = (row: number) => (units === 0 ? 0 : (first + drawBelow(site.key, row, units - first + 1)) * unit);
  return (row) => {
    const low = text(row) ?? "";
    if (instant === undefined) return [low, String(Number(low) + beyond(row))];
    return [showInstant(instant(row), subtype), showInstant(instant(row) + beyond(row), subtype)];
  };
}

/** In milliseconds for times, of which a number says days. */
function lengthOf(width: Width, ofTime: boolean): number {
  return typeof width === "number" ? width * (ofTime ? DAY_MS : 1) : (durationMs(width) ?? 0);
}

function showInstant(ms: number, subtype: TypeShape | undefined): string {
  const iso = new Date(ms).toISOString();
  return subtype?.name === "date" ? iso.slice(0, 10) : subtype?.name === "timestamp" ? iso.slice(0, -1) : iso;
}

/** How wide a row's own piece is, so that no two rows' ranges meet. */
const PIECES: Readonly<Record<string, number>> = { date: 7 * DAY_MS, timestamp: HOUR_MS, timestamptz: HOUR_MS };
const NUMBER_PIECE = 10;

interface Pieces {
  /** So many units lie between two ranges. */
  gap?: number;
  /** How wide each range is at least, and at most. */
  least?: Width | undefined;
  most?: Width | undefined;
}

/** Ranges that never overlap: what a unique range is wanted for, most of all by exclusion constraints. */
function disjointEnds(site: CellSite, subtype: TypeShape | undefined, { gap = 0, least, most }: Pieces): Ends {
  const piece = PIECES[subtype?.name ?? ""];
  const ofTime = piece !== undefined;
  const unit = !ofTime ? 1 : piece === HOUR_MS ? 60_000 : DAY_MS;
  const added = least === undefined ? 0 : Math.max(0, Math.ceil(lengthOf(least, ofTime) / unit) - 1);
  const whole = (piece ?? NUMBER_PIECE) / unit + added;
  const free = whole - gap - added;
  const longest = most === undefined ? free : Math.floor(lengthOf(most, ofTime) / unit) - added;
  const choices = Math.max(1, Math.min(free, longest));
  const width = (row: number) => (1 + added + drawBelow(site.key, row, choices)) * unit;
  if (!ofTime) return (row) => [String(row * whole), String(row * whole + width(row))];
  const first = Math.floor(site.nowMs / DAY_MS) * DAY_MS;
  const show = (ms: number) => {
    const iso = new Date(ms).toISOString();
    return subtype?.name === "date" ? iso.slice(0, 10) : subtype?.name === "timestamp" ? iso.slice(0, 19) : iso;
  };
  return (row) => {
    const low = first + row * whole * unit;
    return [show(low), show(low + width(row))];
  };
}

const STRETCH_OPTIONS = v.strictObject({
  of: v.optional(v.string()),
  at_least: v.optional(WIDTH),
  within: v.optional(WIDTH),
});

/** Where the row's own stretch begins, or, beside the field that is its beginning, where it ends. */
function compileStretch(
  { of, at_least: least, within: most }: v.InferOutput<typeof STRETCH_OPTIONS>,
  site: CellSite,
): Cell {
  const first = of === undefined ? site.key : mixKeys(site.key, 1);
  const ends = disjointEnds({ ...site, key: first }, site.type, { gap: 1, least, most });
  return { write: (row, out) => appendText(out, ends(row)[of === undefined ? 0 : 1]) };
}

/** What a json column holds of which nothing is said. */
const USUAL_JSON = { label: "title", level: { int: { min: 1, max: 10 } }, active: "bool" };

function compileJson(fields: Readonly<Record<string, unknown>>, site: CellSite): Cell {
  const parts = Object.entries(fields).map(([name, written]) => {
    const cell = site.partCell(isObjectShape(written) ? { json: written } : written, name, JSON_TEXT);
    const text = site.cellText(cell);
    return (row: number) => `${JSON.stringify(name)}: ${showJson(text(row), cell.json)}`;
  });
  return {
    write(row, out) {
      const members = parts.map((part) => part(row));
      appendText(out, `{${[...members, ...(site.distinct ? [`"row": ${row + 1}`] : [])].join(", ")}}`);
    },
  };
}

const JSON_TYPES: ReadonlySet<string> = new Set(["json", "jsonb"]);

/** What members of an object are made for: any text, and arrays as JSON has them. */
const JSON_TEXT: TypeShape = { name: "json", kind: "base", labels: [], checks: [], notNull: false };

/** A value as it stands in JSON. PostgreSQL's t and f are true and false there. */
function showJson(text: string | null, kind: PartCell["json"]): string {
  if (text === null) return "null";
  if (kind === "text") return JSON.stringify(text);
  return text === "t" ? "true" : text === "f" ? "false" : text;
}

/** An object in an object: several keys, where a generator would have one. */
function isObjectShape(written: unknown): boolean {
  return typeof written === "object" && written !== null && Object.keys(written).length > 1;
}

export const COMPOSED: readonly GeneratorDefinition[] = [
  defineGenerator({
    name: "array",
    about: "arrays of `of`, with min to max elements (1 to 3); JSON's arrays within JSON",
    options: ARRAY_OPTIONS,
    shorthand: "of",
    compile: compileArray,
  }),
  defineGenerator({
    name: "range",
    about:
      "ranges and multiranges between two values of `of`, `within` so far of each other, `at_least` so far apart; where they may not repeat, they do not overlap either",
    options: RANGE_OPTIONS,
    shorthand: "of",
    compile: compileRange,
  }),
  defineGenerator({
    name: "stretch",
    about:
      "where the row's own stretch of time or numbers begins, which meets no other one; with `of`, the field that is its beginning, where it ends; `at_least` and `within` say how long it is",
    options: STRETCH_OPTIONS,
    shorthand: "of",
    fits: ["int4", "int8", "numeric", ...Object.keys(PIECES)],
    compile: compileStretch,
  }),
  defineGenerator({
    name: "composite",
    about: "rows of a composite type, each attribute by its type",
    options: NO_OPTIONS,
    compile: (_, site) => compileComposite(site),
  }),
  defineGenerator({
    name: "json",
    about: "objects: {fields: {city: city, stars: {int: {max: 5}}}}",
    options: v.strictObject({ fields: v.optional(v.record(v.string(), PART), USUAL_JSON) }),
    shorthand: "fields",
    fits: ["json", "jsonb"],
    compile: ({ fields }, site) => compileJson(fields, site),
  }),
];
