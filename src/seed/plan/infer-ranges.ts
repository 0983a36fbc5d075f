/** Numbers and times between the ends that a column's checks, its type and its name leave. */

import type { TypeShape } from "../entity.ts";
import type { Bound, ColumnRule } from "../rules.ts";
import type { Wanted } from "./infer-names.ts";

interface Span {
  min: number;
  max: number;
}

/** How wide a span is where one end alone is given. */
const USUAL_SPAN = 1_000;

const FLOATS: ReadonlySet<string> = new Set(["float4", "float8"]);
const WHOLE: ReadonlySet<string> = new Set(["int2", "int4", "int8", "oid"]);

/** A generator of numbers for the type, its ends as the name wants them, within what is allowed. */
export function numberWithin(type: TypeShape, rule: ColumnRule, wanted?: Wanted): Wanted {
  const whole = WHOLE.has(type.name);
  const huge = hugeWithin(type, rule);
  if (huge !== undefined) return huge;
  const isFine = !whole && (type.scale ?? 0) > FINEST_SCALE;
  const scale = whole ? 0 : isFine ? FINE_SCALE : (type.scale ?? 2);
  const limit = limitOf(type, scale);
  const { min = 1, max = USUAL_SPAN, ...shape } = wanted?.options ?? {};
  const least = Number(min) > limit ? 0 : Number(min); // numeric(3, 3) ends below 1
  const usual = { min: Math.max(least, -limit), max: Math.min(Number(max), limit) };
  const span = narrow(usual, readBounds(rule, 10 ** -Math.max(scale, 0)), limit);
  const name = whole ? "int" : FLOATS.has(type.name) ? "float" : "numeric";
  const own = name === "numeric" && (isFine || type.scale === undefined) ? { scale } : {};
  const steps = rule.multiple === undefined ? {} : alignTo(rule.multiple, span, scale);
  return { name, options: { ...span, ...own, ...shape, ...steps } };
}

/** With more digits behind the point no number of the usual size is exact: so many are made then. */
const FINEST_SCALE = 12;
const FINE_SCALE = 6;

/** Numbers from here on are not told apart by what counts for the others. */
const HUGE = 1e15;
const HUGE_VALUES = 100;
const GREATEST_INT8 = 2n ** 63n - 1n;

/** Some numbers beyond a bound that is too great to be counted from; undefined where there is none. */
function hugeWithin(type: TypeShape, { min, max }: ColumnRule): Wanted | undefined {
  const isHuge = (bound: Bound | undefined) => bound !== undefined && Math.abs(Number(bound.value)) >= HUGE;
  const isLow = isHuge(min) && Number(min?.value) > 0;
  const isHigh = isHuge(max) && Number(max?.value) < 0;
  const bound = isLow ? min : isHigh ? max : undefined;
  if (bound === undefined || !Number.isFinite(Number(bound.value))) return undefined;
  const start = wholeOf(bound.value);
  const other = isLow ? max : min;
  const end = type.name === "int8" ? (isLow ? GREATEST_INT8 : -GREATEST_INT8) : undefined;
  const limit = other !== undefined && isHuge(other) ? wholeOf(other.value) : end;
  const step = (limit === undefined ? start : limit - start) / BigInt(HUGE_VALUES + 1);
  const values = Array.from({ length: HUGE_VALUES }, (_, at) => String(start + step * BigInt(at + 1)));
  return step === 0n ? undefined : { name: "one_of", options: { values } };
}

/** The digits as they are written, else the number that is meant. */
function wholeOf(written: string): bigint {
  return /^-?\d+$/.test(written) ? BigInt(written) : BigInt(Math.trunc(Number(written)));
}

/** The least number of the span that the check leaves, and how far it is from there to the next. */
function alignTo({ of, rest }: NonNullable<ColumnRule["multiple"]>, { min, max }: Span, scale: number) {
  const unit = 10 ** scale;
  const [every, beyond] = [of, rest].map((value) => Math.round(value * unit)) as [number, number];
  const least = Math.ceil((Math.ceil(min * unit) - beyond) / every) * every + beyond;
  return { min: least / unit, max: Math.max(max, least / unit), step: every / unit };
}

/** The greatest number that the type holds. */
function limitOf(type: TypeShape, scale: number): number {
  if (type.name === "int2") return 32_767;
  if (type.name === "int8") return Number.MAX_SAFE_INTEGER;
  if (WHOLE.has(type.name)) return 2_147_483_647;
  if (type.precision === undefined) return Number.MAX_SAFE_INTEGER;
  return 10 ** (type.precision - (type.scale ?? scale)) - 10 ** -scale;
}

function readBounds({ min, max }: ColumnRule, step: number): Partial<Span> {
  const read = (bound: Bound | undefined, inward: number) => {
    if (bound === undefined || !Number.isFinite(Number(bound.value))) return undefined;
    return Number(bound.value) + (bound.inclusive ? 0 : inward);
  };
  const [least, most] = [read(min, step), read(max, -step)];
  return { ...(least === undefined ? {} : { min: least }), ...(most === undefined ? {} : { max: most }) };
}

/** What both spans allow; where that is nothing, what the bounds do. */
function narrow(usual: Span, bounds: Partial<Span>, limit: number): Span {
  const min = Math.max(usual.min, bounds.min ?? usual.min);
  const max = Math.min(usual.max, bounds.max ?? usual.max);
  if (min <= max) return { min, max };
  const least = bounds.min ?? (bounds.max ?? 0) - USUAL_SPAN;
  return { min: least, max: bounds.max ?? Math.min(limit, least + USUAL_SPAN) };
}

const DAY_MS = 86_400_000;
const SECOND_MS = 1_000;

/** A generator of times whose ends are those of the bounds, where there are any, else as wanted. */
export function timeWithin(type: TypeShape, rule: ColumnRule, wanted?: Wanted): Wanted {
  const { name, options } = timeBetween(type, rule, wanted);
  const { step, starts, days, parts } = rule;
  const steps = step === undefined || (step === "1d" && type.name === "date") ? {} : { step };
  return {
    name,
    options: { ...options, ...steps, ...(starts && { starts }), ...(days && { days }), ...(parts && { only: parts }) },
  };
}

function timeBetween(type: TypeShape, { min, max }: ColumnRule, wanted: Wanted | undefined): Wanted {
  const step = type.name === "date" ? DAY_MS : SECOND_MS;
  const from = readTime(min, step);
  const to = readTime(max, -step);
  const usual = wanted?.options ?? { from: "-365d", to: "now" };
  if (from === undefined && to === undefined)
    return { name: "time", options: aroundNow(usual, min, lastDay(max, type)) };
  const fallback = to === undefined ? "now" : new Date(to.getTime() - 365 * DAY_MS).toISOString();
  const ends = { from: from?.toISOString() ?? fallback, to: to?.toISOString() ?? "now" };
  return { name: "time", options: ends };
}

/** `day < CURRENT_DATE`: yesterday at the latest. */
function lastDay(max: Bound | undefined, { name }: TypeShape): Bound | undefined {
  return name === "date" && max?.value === "now" && !max.inclusive ? { value: "now-1d", inclusive: true } : max;
}

/** How far from a bound that moves with the clock: rows of a file whose `now` is older are to stay within it for long. */
const MARGIN_DAYS = 30;
const YEAR_DAYS = 365;

/** The usual span, moved to where bounds that hang on the present, `now` or `now+30d`, leave it. */
function aroundNow(usual: NonNullable<Wanted["options"]>, min: Bound | undefined, max: Bound | undefined) {
  const [least, most] = [min, max].map((bound) => (bound === undefined ? undefined : daysFromNow(bound.value)));
  const [from, to] = [daysFromNow(usual.from), daysFromNow(usual.to)];
  if (from === undefined || to === undefined || (least === undefined && most === undefined)) return usual;
  const isFuture = least !== undefined && least > -2 * MARGIN_DAYS;
  const lowest = least === undefined ? from : Math.max(from, least + (isFuture ? YEAR_DAYS : MARGIN_DAYS));
  const highest = Math.min(Math.max(to, isFuture ? lowest + YEAR_DAYS : to), most ?? Number.POSITIVE_INFINITY);
  if (lowest === from && highest === to) return usual;
  const first = lowest <= highest ? lowest : Math.max(highest - YEAR_DAYS, least ?? Number.NEGATIVE_INFINITY);
  return { ...usual, from: showDays(first), to: showDays(highest) };
}

/** "now", "+365d" or "now-30d" in days; undefined for anything else. */
function daysFromNow(written: unknown): number | undefined {
  const [, sign, amount, unit] = /^(?:now)?(?:([+-])(\d+)([ds]))?$/.exec(String(written)) ?? [];
  if (amount === undefined) return written === "now" ? 0 : undefined;
  const days = unit === "d" ? Number(amount) : Number(amount) / 86_400;
  return sign === "-" ? -days : days;
}

function showDays(days: number): string {
  if (days === 0) return "now";
  const seconds = Math.round(Math.abs(days) * 86_400);
  const size = seconds % 86_400 === 0 ? `${seconds / 86_400}d` : `${seconds}s`;
  return `${days < 0 ? "-" : "+"}${size}`;
}

/** A time as PostgreSQL prints it, UTC where it names no zone; undefined for what is none, such as infinity. */
function readTime(bound: Bound | undefined, inwardMs: number): Date | undefined {
  const [, day, time = "00:00:00", zone = "+00"] =
    /^(\d{4}-\d{2}-\d{2})(?: (\d{2}:\d{2}:\d{2})(?:\.\d+)?)?([+-]\d{2}(?::\d{2})?)?$/.exec(bound?.value ?? "") ?? [];
  if (bound === undefined || day === undefined) return undefined;
  const at = Date.parse(`${day}T${time}${zone.length === 3 ? `${zone}:00` : zone}`);
  return Number.isNaN(at) ? undefined : new Date(at + (bound.inclusive ? 0 : inwardMs));
}
