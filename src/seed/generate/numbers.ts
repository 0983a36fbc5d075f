/** Numbers between two ends, by several distributions: int and its widths, numeric, float, money. */
import * as v from "valibot";
import type { TypeShape } from "../entity.ts";
import { appendDecimal, appendInteger } from "./append.ts";
import { drawExponential, drawNormal, drawZipf } from "./distribution.ts";
import { MAX_SPACE } from "./mix.ts";
import { type CellSite, defineGenerator, type GeneratorDefinition, type OfRow } from "./site.ts";

const DISTRIBUTIONS = ["uniform", "normal", "zipf", "exponential"] as const;

const SHAPE = {
  distribution: v.optional(v.picklist(DISTRIBUTIONS), "uniform"),
  /** Of the normal and the exponential distribution. */
  mean: v.optional(v.number()),
  /** Of the normal distribution: a sixth of the span when left out. */
  deviation: v.optional(v.pipe(v.number(), v.minValue(0))),
  /** Zipf's: the greater, the more falls to the first values. */
  exponent: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(10)), 1),
};

const INT_OPTIONS = v.pipe(
  v.strictObject({
    min: v.optional(v.pipe(v.number(), v.safeInteger())),
    max: v.optional(v.pipe(v.number(), v.safeInteger())),
    /** Every so many, from min on. */
    step: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1)), 1),
    ...SHAPE,
    above: v.optional(v.string()),
  }),
  v.check(
    ({ min, max }) => min === undefined || max === undefined || min <= max,
    "needs a min that is not above its max",
  ),
);

const DECIMAL_OPTIONS = v.pipe(
  v.strictObject({
    min: v.optional(v.number()),
    max: v.optional(v.number()),
    scale: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(12))),
    step: v.optional(v.pipe(v.number(), v.gtValue(0))),
    ...SHAPE,
    above: v.optional(v.string()),
  }),
  v.check(
    ({ min, max }) => min === undefined || max === undefined || min <= max,
    "needs a min that is not above its max",
  ),
);

type Shape = Pick<v.InferOutput<typeof INT_OPTIONS>, "distribution" | "mean" | "deviation" | "exponent">;

interface Ends {
  min: number;
  max: number;
}

const LIMITS: Readonly<Record<string, Ends>> = {
  int2: { min: -32_768, max: 32_767 },
  int4: { min: -2_147_483_648, max: 2_147_483_647 },
  oid: { min: 0, max: 2_147_483_647 },
};

const WIDEST: Ends = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };

/** Where nothing is said, numbers are small; where they may not repeat, as many as there are. */
const USUAL_SPAN = 1_000;

function endsOf(
  options: { min?: number | undefined; max?: number | undefined },
  limits: Ends,
  distinct: boolean,
  usual?: Ends,
): Ends {
  if (usual !== undefined) return { min: options.min ?? usual.min, max: options.max ?? usual.max };
  const min = options.min ?? Math.min(1, options.max ?? 1);
  const widest = distinct ? Math.min(limits.max, 2_147_483_647) : Math.min(limits.max, min + USUAL_SPAN - 1);
  return { min, max: options.max ?? Math.max(min, widest) };
}

function spaceOf({ min, max }: Ends, step = 1): number {
  return Math.min(Math.floor((max - min) / step) + 1, MAX_SPACE);
}

/** Every so many numbers from the least on. */
function drawSteps(site: CellSite, ends: Ends, step: number): OfRow<number> {
  const index = site.pick(spaceOf(ends, step));
  return (row) => ends.min + step * index(row);
}

/** Whole numbers between the ends, by chance of the shape, or each once where they may not repeat. */
function drawWhole(site: CellSite, { min, max }: Ends, shape: Shape, unit = 1): OfRow<number> {
  const space = spaceOf({ min, max });
  const mean = shape.mean === undefined ? undefined : shape.mean / unit;
  if (site.distinct || shape.distribution === "uniform" || space === 1) {
    const index = site.pick(space);
    return (row) => min + index(row);
  }
  if (shape.distribution === "zipf") {
    const rank = drawZipf(site.key, space, shape.exponent);
    return (row) => min + rank(row);
  }
  if (shape.distribution === "normal") {
    const deviation = shape.deviation === undefined ? (max - min) / 6 : shape.deviation / unit;
    const real = drawNormal(site.key, min - 0.5, max + 0.499, mean ?? (min + max) / 2, deviation);
    return (row) => Math.round(real(row));
  }
  const centre = mean ?? min + (max - min) / 5;
  if (centre <= min) throw site.mistake(`an exponential distribution needs a mean above its min (${min * unit})`);
  const real = drawExponential(site.key, min, max + 1, centre);
  return (row) => Math.min(max, Math.floor(real(row)));
}

/** With `above` the numbers are so much more than another field of the row; counted in parts of one. */
function aboveField(
  site: CellSite,
  { above }: { above?: string | undefined },
  parts: number,
  more: OfRow<number>,
): OfRow<number> {
  if (above === undefined) return more;
  const other = site.fieldText(above);
  return (row) => Math.round(Number(other(row) ?? 0) * parts) + more(row);
}

function requireFitting(site: CellSite, { min, max }: Ends, limits: Ends): void {
  if (min > max) throw site.mistake(`its min (${min}) is above its max (${max})`);
  if (min < limits.min || max > limits.max) {
    throw site.mistake(
      `${site.type.name} holds ${limits.min} to ${limits.max}, and ${min} to ${max} is wanted`,
      "choose min and max within what the column holds",
    );
  }
}

const NUMBER_TYPES = ["int2", "int4", "int8", "numeric", "float4", "float8", "money", "oid"] as const;

function defineWhole(name: string, about: string, own: Ends, usual?: Ends): GeneratorDefinition {
  const limitsOf = (type: TypeShape): Ends => {
    const column = LIMITS[type.name] ?? (type.precision === undefined ? WIDEST : decimalLimits(type, 0));
    return { min: Math.max(own.min, column.min), max: Math.min(own.max, column.max) };
  };
  return defineGenerator({
    ...{ name, about, options: INT_OPTIONS, fits: NUMBER_TYPES },
    space: (options, type) => spaceOf(endsOf(options, limitsOf(type), true, usual), options.step),
    compile(options, site) {
      const limits = limitsOf(site.type);
      const ends = endsOf(options, limits, site.distinct, usual);
      requireFitting(site, ends, limits);
      const own = options.step > 1 ? drawSteps(site, ends, options.step) : drawWhole(site, ends, options);
      const value = aboveField(site, options, 1, own);
      return { write: (row, out) => appendInteger(out, value(row)) };
    },
  });
}

/** Digits that a number can have without losing its last ones. */
const EXACT_DIGITS = 15;

function scaleOf(options: { scale?: number | undefined }, type: TypeShape): number {
  return options.scale ?? type.scale ?? (type.precision === undefined ? 2 : 0);
}

/** In units of 10^-scale. */
function decimalLimits(type: TypeShape, scale: number): Ends {
  if (type.precision === undefined) return WIDEST;
  const digits = Math.min(EXACT_DIGITS, type.precision - (type.scale ?? 0) + scale);
  return { min: 1 - 10 ** digits, max: 10 ** digits - 1 };
}

/** In units of 10^-scale, too. */
function unitsOfStep({ step }: { step?: number | undefined }, scale: number): number {
  return step === undefined ? 1 : Math.max(1, Math.round(step * 10 ** scale));
}

function decimalEnds(options: v.InferOutput<typeof DECIMAL_OPTIONS>, type: TypeShape, distinct: boolean): Ends {
  const scale = scaleOf(options, type);
  const unit = 10 ** scale;
  const limits = decimalLimits(type, scale);
  const min =
    options.min === undefined
      ? Math.min(0, Math.floor((options.max ?? 0) * unit))
      : Math.ceil(options.min * unit - 1e-6);
  const widest = distinct ? Math.min(limits.max, MAX_SPACE / 2) : Math.min(limits.max, min + USUAL_SPAN * unit);
  return { min, max: options.max === undefined ? Math.max(min, widest) : Math.floor(options.max * unit + 1e-6) };
}

function defineDecimal(name: string, about: string, usual: { scale?: number }): GeneratorDefinition {
  const complete = (options: v.InferOutput<typeof DECIMAL_OPTIONS>, type: TypeShape) =>
    options.scale === undefined && type.scale === undefined ? { ...options, ...usual } : options;
  return defineGenerator({
    ...{ name, about, options: DECIMAL_OPTIONS, fits: NUMBER_TYPES },
    space(options, type) {
      const whole = complete(options, type);
      return spaceOf(decimalEnds(whole, type, true), unitsOfStep(whole, scaleOf(whole, type)));
    },
    compile(written, site) {
      const options = complete(written, site.type);
      const scale = scaleOf(options, site.type);
      const ends = decimalEnds(options, site.type, site.distinct);
      requireFitting(site, ends, decimalLimits(site.type, scale));
      const step = unitsOfStep(options, scale);
      const own = step > 1 ? drawSteps(site, ends, step) : drawWhole(site, ends, options, 10 ** -scale);
      const units = aboveField(site, options, 10 ** scale, own);
      return { write: (row, out) => appendDecimal(out, units(row), scale) };
    },
  });
}

const PORTS: Ends = { min: 1_024, max: 65_535 };

export const NUMBERS: readonly GeneratorDefinition[] = [
  defineWhole(
    "int",
    "whole numbers from min to max, or every `step`; distribution uniform, normal, zipf or exponential; with `above` so much more than that field",
    WIDEST,
  ),
  defineWhole("smallint", "the same within 16 bits", { min: -32_768, max: 32_767 }),
  defineWhole("bigint", "the same, as far as numbers are exact (2^53)", WIDEST),
  defineWhole("port", "ports, from 1024 to 65535 unless min and max are given", { min: 0, max: 65_535 }, PORTS),
  defineDecimal("numeric", "decimal fractions from min to max, or every `step`, with `scale` digits", {}),
  defineDecimal("float", "the same with four digits behind the point", { scale: 4 }),
  defineDecimal("price", "amounts of money: numeric with two digits", { scale: 2 }),
];
