/** Values for PostgreSQL's less usual types: bytes, bits, geometry, xml, text search, and others. */
import * as v from "valibot";
import type { TypeShape } from "../entity.ts";
import { appendText } from "./copy-text.ts";
import { drawBits, mixKeys } from "./mix.ts";
import { type Cell, type CellSite, defineGenerator, type GeneratorDefinition, NO_OPTIONS } from "./site.ts";
import { NOUNS } from "./words-work.ts";

/** Bits of a part of a row; part 0 never repeats between rows. */
type Draw = (part: number) => number;

function drawsOf(site: CellSite): (row: number) => Draw {
  return (row) => (part) => drawBits(part === 0 ? site.key : mixKeys(site.key, part), row);
}

/** A coordinate from 0 to 999.999 out of some bits. */
function coordinate(bits: number): string {
  return ((bits % 1_000_000) / 1_000).toFixed(3);
}

function pointOf(draw: Draw, part: number): string {
  return `(${coordinate(draw(part))},${coordinate(draw(part + 1))})`;
}

function noun(bits: number): string {
  return NOUNS[bits % NOUNS.length] ?? "word";
}

function hexOf(draw: Draw, bytes: number): string {
  const words = Array.from({ length: Math.ceil(bytes / 4) }, (_, part) => draw(part).toString(16).padStart(8, "0"));
  return words.join("").slice(0, bytes * 2);
}

function bitsOf(draw: Draw, count: number): string {
  const words = Array.from({ length: Math.ceil(count / 32) }, (_, part) => draw(part).toString(2).padStart(32, "0"));
  return words.join("").slice(-count);
}

/** Unequal numbers for the three coefficients of a line, the first of them not 0. */
function lineOf(draw: Draw): string {
  return `{${1 + (draw(0) % 100)},${1 + (draw(1) % 100)},${draw(2) % 100}}`;
}

/** Texts by the generator's name, which is the type's. */
const SHAPES: Readonly<Record<string, { about: string; make(draw: Draw): string }>> = {
  line: { about: "lines of the plane", make: lineOf },
  lseg: { about: "line segments", make: (draw) => `[${pointOf(draw, 0)},${pointOf(draw, 2)}]` },
  box: { about: "boxes", make: (draw) => `(${pointOf(draw, 0)},${pointOf(draw, 2)})` },
  path: { about: "open paths", make: (draw) => `[${pointOf(draw, 0)},${pointOf(draw, 2)},${pointOf(draw, 4)}]` },
  polygon: { about: "triangles", make: (draw) => `(${pointOf(draw, 0)},${pointOf(draw, 2)},${pointOf(draw, 4)})` },
  circle: { about: "circles", make: (draw) => `<${pointOf(draw, 0)},${1 + (draw(2) % 100)}>` },
  xml: {
    about: "a small element",
    make: (draw) => `<${noun(draw(1))} number="${draw(0)}">${noun(draw(2))}</${noun(draw(1))}>`,
  },
  tsvector: {
    about: "some words to search",
    make: (draw) => `'${noun(draw(1))}':1 '${noun(draw(2))}':2 'n${draw(0)}':3`,
  },
  tsquery: { about: "two words to search for", make: (draw) => `'${noun(draw(1))}' & 'n${draw(0)}'` },
  macaddr8: { about: "hardware addresses of eight bytes", make: (draw) => `02${hexOf(draw, 7)}` },
  pg_lsn: { about: "places in the write-ahead log", make: (draw) => `0/${draw(0).toString(16).toUpperCase()}` },
  ltree: { about: "labels from a root to a leaf", make: (draw) => `top.${noun(draw(1))}.n${draw(0)}` },
};

/** The side of a row's own square, in which its box or circle lies where they may not meet. */
const SQUARE = 10;
const SQUARES_A_LINE = 1_000;

const APART: Readonly<Record<string, (x: number, y: number, size: number) => string>> = {
  box: (x, y, size) => `(${x + size},${y + size}),(${x},${y})`,
  circle: (x, y, size) => `<(${x + SQUARE / 2},${y + SQUARE / 2}),${size / 2}>`,
};

/** Boxes and circles that never overlap: what a unique one is wanted for, by exclusion constraints. */
function writeApart(name: string, draws: (row: number) => Draw): Cell["write"] | undefined {
  const make = APART[name];
  if (make === undefined) return undefined;
  return (row, out) => {
    const line = Math.floor(row / SQUARES_A_LINE);
    const size = 1 + (draws(row)(0) % (SQUARE - 2));
    appendText(out, make((row - line * SQUARES_A_LINE) * SQUARE, line * SQUARE, size));
  };
}

const shapes = Object.entries(SHAPES).map(([name, { about, make }]) =>
  defineGenerator({
    ...{ name, about, options: NO_OPTIONS, fits: [name] },
    compile(_, site) {
      const draws = drawsOf(site);
      const apart = site.distinct ? writeApart(name, draws) : undefined;
      return { write: apart ?? ((row, out) => appendText(out, make(draws(row)))) };
    },
  }),
);

const BOUNDS = v.optional(v.strictObject({ min: v.optional(v.number()), max: v.optional(v.number()) }), {});

/** So far from the one bound that is given the other one lies; without any the coordinates are those of other shapes. */
const SPAN = 1_000;
const STEPS = 1_000_000;

/** A number strictly between the bounds. */
function between({ min, max }: { min?: number | undefined; max?: number | undefined }, bits: number): string {
  if (min === undefined && max === undefined) return coordinate(bits);
  const from = min ?? (max ?? 0) - SPAN;
  const to = max ?? from + SPAN;
  return String(from + ((to - from) * (1 + (bits % STEPS))) / (STEPS + 1));
}

const BYTES = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000));

/** A bit without a length holds one; a varbit any, of which eight are made. */
function countBits(type: TypeShape): number {
  return type.length ?? (type.name === "bit" ? 1 : 8);
}

export const SPECIAL: readonly GeneratorDefinition[] = [
  defineGenerator({
    name: "point",
    about: "points of the plane, their coordinates between bounds ({x: {min: -180, max: 180}})",
    options: v.strictObject({ x: BOUNDS, y: BOUNDS }),
    fits: ["point"],
    compile({ x, y }, site) {
      const draws = drawsOf(site);
      return {
        write(row, out) {
          const draw = draws(row);
          appendText(out, `(${between(x, draw(0))},${between(y, draw(1))})`);
        },
      };
    },
  }),
  ...shapes,
  defineGenerator({
    name: "hstore",
    about: "two keys and their values, and those that are named in `keys`",
    options: v.strictObject({ keys: v.optional(v.array(v.pipe(v.string(), v.regex(/^[^"\\]+$/)))) }),
    fits: ["hstore"],
    compile({ keys = [] }, site) {
      const draws = drawsOf(site);
      return {
        write(row, out) {
          const draw = draws(row);
          const named = keys.map((key, at) => `"${key}"=>"${noun(draw(3 + at))}"`);
          const pairs = [...named, `"${noun(draw(1))}"=>"${draw(0)}"`, `"size"=>"${draw(2) % 100}"`];
          appendText(out, pairs.join(", "));
        },
      };
    },
  }),
  defineGenerator({
    name: "bytes",
    about: "so many bytes, in hexadecimal (16)",
    options: v.strictObject({ count: v.optional(BYTES, 16) }),
    shorthand: "count",
    fits: ["bytea"],
    space: ({ count }) => (count < 4 ? 256 ** count : undefined),
    compile({ count }, site) {
      const draws = drawsOf(site);
      const prefix = site.type.name === "bytea" ? "\\x" : "";
      if (count < 4 && site.distinct) {
        const index = site.pick(256 ** count);
        return {
          write: (row, out) =>
            appendText(
              out,
              prefix +
                index(row)
                  .toString(16)
                  .padStart(count * 2, "0"),
            ),
        };
      }
      return { write: (row, out) => appendText(out, prefix + hexOf(draws(row), count)) };
    },
  }),
  defineGenerator({
    name: "bits",
    about: "as many bits as the column has",
    options: NO_OPTIONS,
    fits: ["bit", "varbit"],
    space: (_, type) => (countBits(type) < 32 ? 2 ** countBits(type) : undefined),
    compile(_, site) {
      const count = countBits(site.type);
      const draws = drawsOf(site);
      if (count >= 32) return { write: (row, out) => appendText(out, bitsOf(draws(row), count)) };
      const index = site.pick(2 ** count);
      return { write: (row, out) => appendText(out, index(row).toString(2).padStart(count, "0")) };
    },
  }),
];
