/** Points in time between two ages, shaped by growth, weekdays or office hours, and lengths of time. */
import * as v from "valibot";
import { durationMs } from "../../config/duration.ts";
import type { ByteSink, TypeShape } from "../entity.ts";
import { PERIOD_NAMES, WEEKDAYS } from "../rules.ts";
import { appendByte, appendDigits, appendInteger } from "./append.ts";
import { appendDate, appendTimeOfDay, DAY_MS, HOUR_MS, readInstant, SECOND_MS } from "./calendar.ts";
import { drawBelow, drawFraction, mixKeys } from "./mix.ts";
import { type Beats, beatsOfDays, PERIODS } from "./periods.ts";
import { type CellSite, defineGenerator, type GeneratorDefinition, type OfRow } from "./site.ts";
import { type Moments, momentsWithin, TIME_PARTS_OPTION } from "./time-parts.ts";

const SHAPES = ["uniform", "growth", "office", "weekday"] as const;

const INSTANT = v.pipe(
  v.string(),
  v.check((written) => readInstant(written, 0) !== undefined, "must be a time: now, -90d, now+2h or 2025-03-01"),
);

const LENGTH = v.pipe(
  v.string(),
  v.check((written) => durationMs(written) !== undefined, "must be a length of time: 30s, 5m, 2h, 7d"),
);

const TIME_OPTIONS = v.strictObject({
  from: v.optional(INSTANT, "-1y"),
  to: v.optional(INSTANT, "now"),
  shape: v.optional(v.picklist(SHAPES), "uniform"),
  /** Another field of the row, which this time does not lie before. */
  after: v.optional(v.string()),
  /** How long after it at most. */
  within: v.optional(LENGTH),
  /** How long after it at least. */
  at_least: v.optional(LENGTH, "0s"),
  /** Times are so far apart from each other, or several times so far. */
  step: v.optional(LENGTH),
  /** Each lies at the beginning of one. */
  starts: v.optional(v.picklist(PERIOD_NAMES)),
  /** Each is the beginning of one of these days. */
  days: v.optional(v.pipe(v.array(v.picklist(WEEKDAYS)), v.minLength(1))),
  /** Of a time's parts only these: {month: [6, 7], hour: [9, 10]}. */
  only: v.optional(TIME_PARTS_OPTION),
});

type TimeOptions = v.InferOutput<typeof TIME_OPTIONS>;

interface Span {
  fromMs: number;
  toMs: number;
  /** Times are whole multiples of it. */
  stepMs: number;
}

/** Office hours, from 0 to 1 by the hour; weekends and nights are seldom. */
const OFFICE_HOURS = Array.from({ length: 24 }, (_, hour) =>
  hour >= 9 && hour < 17 ? 1 : hour === 8 || hour === 17 ? 0.5 : hour >= 18 && hour < 23 ? 0.1 : 0.02,
);
const WEEKEND_SHARE = { uniform: 1, growth: 1, weekday: 0.2, office: 0.05 } as const;

function likelihood(shape: TimeOptions["shape"], instantMs: number): number {
  const weekday = (((Math.floor(instantMs / DAY_MS) + 4) % 7) + 7) % 7;
  const share = weekday === 0 || weekday === 6 ? WEEKEND_SHARE[shape] : 1;
  if (shape !== "office") return share;
  const hour = Math.floor((instantMs - Math.floor(instantMs / DAY_MS) * DAY_MS) / HOUR_MS);
  return share * (OFFICE_HOURS[hour] ?? 1);
}

const TRIES = 24;

function drawInstant(site: CellSite, { fromMs, toMs, stepMs }: Span, shape: TimeOptions["shape"]): OfRow<number> {
  const steps = Math.floor((toMs - fromMs) / stepMs) + 1;
  if (site.distinct || shape === "uniform") {
    const step = site.pick(steps);
    return (row) => fromMs + step(row) * stepMs;
  }
  if (shape === "growth") return (row) => fromMs + Math.floor(Math.sqrt(drawFraction(site.key, row)) * steps) * stepMs;
  const keys = Array.from({ length: TRIES }, (_, attempt) => mixKeys(site.key, attempt + 1));
  const doubts = mixKeys(site.key, TRIES + 1);
  return (row) => {
    let instant = fromMs;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const key = keys[attempt] ?? 0;
      instant = fromMs + drawBelow(key, row, steps) * stepMs;
      if (drawFraction(key ^ doubts, row) < likelihood(shape, instant)) break;
    }
    return instant;
  };
}

/** What the times lie on, beside steps of one length; undefined where nothing is said. */
function beatsOf({ starts, days }: TimeOptions): Beats | undefined {
  if (starts !== undefined) return PERIODS[starts];
  return days === undefined ? undefined : beatsOfDays(days);
}

/** The numbers of the first beat within the span, and of the last; at least one. */
function beatsWithin(beats: Beats, { fromMs, toMs }: Span): { first: number; count: number } {
  const first = beats.before(fromMs - 1) + 1;
  return { first, count: Math.max(1, beats.before(toMs) - first + 1) };
}

/** The moments that `only` leaves; undefined where nothing is said. */
function momentsOf(options: TimeOptions, { fromMs, toMs, stepMs }: Span, type: TypeShape): Moments | undefined {
  const { only } = options;
  if (only === undefined) return undefined;
  const beats = beatsOf(options);
  const isWanted = (dayMs: number) => beats === undefined || beats.at(beats.before(dayMs)) === dayMs;
  const parts = Object.fromEntries(Object.entries(only).filter(([, numbers]) => numbers !== undefined));
  const clockOnly = type.name === "time" || type.name === "timetz";
  return momentsWithin(parts, { fromMs, toMs, stepMs: beats === undefined ? stepMs : DAY_MS, clockOnly, isWanted });
}

function drawMoment(site: CellSite, { count, at }: Moments): OfRow<number> {
  if (count === 0) throw site.mistake("`only` leaves no time from `from` to `to`");
  const index = site.pick(count);
  return (row) => at(index(row));
}

/** By chance within the span. */
function drawFree(site: CellSite, span: Span, options: TimeOptions): OfRow<number> {
  const moments = momentsOf(options, span, site.type);
  if (moments !== undefined) return drawMoment(site, moments);
  const beats = beatsOf(options);
  return beats === undefined ? drawInstant(site, span, options.shape) : drawBeat(site, beats, span);
}

/** The first beat that is not before the instant. */
function onNext(beats: Beats | undefined, instant: OfRow<number>): OfRow<number> {
  return beats === undefined ? instant : (row) => beats.at(beats.before(instant(row) - 1) + 1);
}

function drawBeat(site: CellSite, beats: Beats, span: Span): OfRow<number> {
  const { first, count } = beatsWithin(beats, span);
  const index = site.pick(count);
  return (row) => beats.at(first + index(row));
}

interface Distance {
  leastMs: number;
  withinMs: number;
}

/** A time of the same row, or a little later; the later end never lies before it. */
function drawAfter(site: CellSite, span: Span, after: string, { leastMs, withinMs }: Distance): OfRow<number> {
  const first = instantOf(site, after);
  return (row) => {
    const earliest = first(row) + leastMs;
    const from = Math.ceil(Math.max(span.fromMs, earliest) / span.stepMs) * span.stepMs;
    const latest = Math.max(from, Math.min(span.toMs, earliest + withinMs - leastMs));
    return from + drawBelow(site.key, row, Math.floor((latest - from) / span.stepMs) + 1) * span.stepMs;
  };
}

function instantOf(site: CellSite, name: string): OfRow<number> {
  const { instant } = site.fieldCell(name);
  if (instant !== undefined) return instant;
  const text = site.fieldText(name);
  return (row) => {
    const parsed = readInstant((text(row) ?? "now").replace(" ", "T").replace(/([+-]\d{2})$/, "$1:00"), site.nowMs);
    if (parsed === undefined) throw site.mistake(`it comes after ${name}, which is no time: ${text(row)}`);
    return parsed;
  };
}

/** What a type keeps: days, or milliseconds. */
function stepOf({ step }: TimeOptions, type: TypeShape, written: string): number {
  return Math.max(keptOf(type, written), durationMs(step ?? "") ?? 0);
}

function keptOf(type: TypeShape, written: string): number {
  return type.name === "date" || (written === "date" && !TIME_TYPES.has(type.name)) ? DAY_MS : 1;
}

const TIME_TYPES: ReadonlySet<string> = new Set(["timestamp", "timestamptz", "time", "timetz"]);

function writerOf(type: TypeShape, daysOnly: boolean): (out: ByteSink, instantMs: number) => void {
  if (daysOnly) return appendDate;
  if (type.name === "time") return appendTimeOfDay;
  const zoned = type.name !== "timestamp";
  return (out, instantMs) => {
    if (type.name !== "timetz") {
      appendDate(out, instantMs);
      appendByte(out, 32);
    }
    appendTimeOfDay(out, instantMs);
    if (zoned) appendZone(out);
  };
}

function appendZone(out: ByteSink): void {
  appendByte(out, 43);
  appendDigits(out, 0, 2);
}

function spanOf({ from, to }: TimeOptions, nowMs: number, stepMs: number): Span {
  const [fromMs = nowMs, toMs = nowMs] = [readInstant(from, nowMs), readInstant(to, nowMs)];
  return { fromMs: Math.ceil(fromMs / stepMs) * stepMs, toMs: Math.floor(toMs / stepMs) * stepMs, stepMs };
}

function defineTime(name: string, about: string): GeneratorDefinition {
  return defineGenerator({
    ...{ name, about, options: TIME_OPTIONS, fits: [...TIME_TYPES, "date"] },
    space(options, type, nowMs) {
      const span = spanOf(options, nowMs, stepOf(options, type, name));
      const { fromMs, toMs, stepMs } = span;
      const beats = beatsOf(options);
      const moments = momentsOf(options, span, type);
      if (moments !== undefined) return moments.count;
      if (beats !== undefined) return beatsWithin(beats, span).count;
      return Math.max(0, Math.floor((toMs - fromMs) / stepMs) + 1);
    },
    compile(options, site) {
      const stepMs = stepOf(options, site.type, name);
      const span = spanOf(options, site.nowMs, stepMs);
      if (options.after === undefined && span.fromMs > span.toMs) {
        throw site.mistake(`its time from ${options.from} is after its time to ${options.to}`);
      }
      const append = writerOf(site.type, keptOf(site.type, name) === DAY_MS);
      const distance: Distance = {
        leastMs: durationMs(options.at_least) ?? 0,
        withinMs: durationMs(options.within ?? "") ?? Number.POSITIVE_INFINITY,
      };
      if (options.after !== undefined && site.distinct) throw site.mistake("a time `after` another cannot be unique");
      if (options.after !== undefined && options.only) throw site.mistake("`only` and `after` do not go together");
      const instant =
        options.after === undefined
          ? drawFree(site, span, options)
          : onNext(beatsOf(options), drawAfter(site, span, options.after, distance));
      return { instant, write: (row, out) => append(out, instant(row)) };
    },
  });
}

const INTERVAL_OPTIONS = v.pipe(
  v.strictObject({ min: v.optional(LENGTH, "1s"), max: v.optional(LENGTH, "1h") }),
  v.check(({ min, max }) => (durationMs(min) ?? 0) <= (durationMs(max) ?? 0), "needs a min that is not above its max"),
);

function intervalSeconds({ min, max }: v.InferOutput<typeof INTERVAL_OPTIONS>): { first: number; count: number } {
  const first = Math.ceil((durationMs(min) ?? 0) / SECOND_MS);
  return { first, count: Math.max(1, Math.floor((durationMs(max) ?? 0) / SECOND_MS) - first + 1) };
}

export const TIMES: readonly GeneratorDefinition[] = [
  defineTime(
    "time",
    "times from `from` to `to`, such as -90d to now; shape uniform, growth, office or weekday; starts: month, or days: [mon, fri]; only: {month: [6, 7], hour: [9, 10]}",
  ),
  defineTime("timestamp", "the same under another name"),
  defineTime("date", "the same in whole days"),
  defineGenerator({
    name: "interval",
    about: "lengths of time from min to max, in whole seconds",
    options: INTERVAL_OPTIONS,
    fits: ["interval"],
    space: (options) => intervalSeconds(options).count,
    compile(options, site) {
      const { first, count } = intervalSeconds(options);
      const index = site.pick(count);
      return {
        write(row, out) {
          const seconds = first + index(row);
          const minutes = Math.floor(seconds / 60);
          const hours = Math.floor(minutes / 60);
          if (hours < 10) appendByte(out, 48);
          appendInteger(out, hours);
          appendByte(out, 58);
          appendDigits(out, minutes % 60, 2);
          appendByte(out, 58);
          appendDigits(out, seconds % 60, 2);
        },
      };
    },
  }),
];
