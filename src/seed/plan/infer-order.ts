/** Columns of a row that a check puts into an order, `starts_on < ends_on`: each is given its own slice of the span. */
import type { ColumnRule, Rules } from "../rules.ts";
import { secondsOf } from "./check-nodes.ts";
import type { Wanted } from "./infer-names.ts";

/** The slice with that index, from 0, of so many. */
export interface Slice {
  index: number;
  count: number;
}

/** The place of a column among those that it must not lie before; undefined where no check says anything of it. */
export function findSlice(column: string, rules: Rules): Slice | undefined {
  const below = countBelow(column, rules, new Set());
  const above = countAbove(column, rules, new Set());
  return below + above === 0 ? undefined : { index: below, count: below + above + 1 };
}

function countBelow(column: string, rules: Rules, seen: Set<string>): number {
  const earlier = rules.get(column)?.after?.column;
  if (earlier === undefined || seen.has(earlier)) return 0;
  return 1 + countBelow(earlier, rules, seen.add(earlier));
}

function countAbove(column: string, rules: Rules, seen: Set<string>): number {
  const later = [...rules].filter(([name, rule]) => rule.after?.column === column && !seen.has(name));
  return Math.max(0, ...later.map(([name]) => 1 + countAbove(name, rules, new Set([...seen, name]))));
}

/** The slice of a generator of numbers, without the last one of them, so that neighbours never touch. */
export function sliceNumbers({ name, options = {} }: Wanted, { index, count }: Slice): Wanted {
  const [min, max] = [Number(options.min), Number(options.max)];
  const width = Math.floor((max - min) / count);
  const from = min + index * width;
  return { name, options: { ...options, min: from, max: Math.max(from, from + width - 1) } };
}

/** The columns that a check puts into one order with this one, the lowest first. */
export function findChain(column: string, rules: Rules): string[] {
  const below: string[] = [];
  for (let name = rules.get(column)?.after?.column; name !== undefined && !below.includes(name); ) {
    below.unshift(name);
    name = rules.get(name)?.after?.column;
  }
  const above: string[] = [];
  const next = (name: string) => [...rules].find(([, rule]) => rule.after?.column === name)?.[0];
  for (let name = next(column); name !== undefined && !above.includes(name) && name !== column; name = next(name))
    above.push(name);
  return [...below.filter((name) => name !== column), column, ...above];
}

/**
 * The slice of one of several generators of numbers in that order: of the span that all of them leave, within its own
 * ends. Undefined where nothing is left of it.
 */
export function sliceShared(chain: readonly Wanted[], index: number): Wanted | undefined {
  const own = chain[index];
  if (own === undefined) return undefined;
  const ends = chain.map(({ options = {} }) => ({ min: Number(options.min), max: Number(options.max) }));
  const lows = ends.map((_, at) => Math.max(...ends.slice(0, at + 1).map(({ min }) => min)));
  const highs = ends.map((_, at) => Math.min(...ends.slice(at).map(({ max }) => max)));
  const [lowest, highest] = [lows[0] ?? 0, highs.at(-1) ?? 0];
  const isWhole = own.name === "int";
  const width = isWhole ? Math.floor((highest - lowest + 1) / chain.length) : (highest - lowest) / chain.length;
  const step = isWhole ? 1 : width / 10;
  const min = Math.max(lowest + index * width, lows[index] ?? lowest);
  const max = Math.min(
    index === chain.length - 1 ? highest : lowest + (index + 1) * width - step,
    highs[index] ?? highest,
  );
  if (width <= 0 || min > max) return undefined;
  const { distribution: _, ...options } = own.options ?? {};
  const round = (value: number) => (isWhole ? value : Math.round(value * 100) / 100);
  return { name: own.name, options: { ...options, min: round(min), max: round(max) } };
}

const LAST_SECOND = 86_399;
/** Any day: of its times only the time of the day is written. */
const SOME_DAY_MS = Date.UTC(2025, 0, 1);

/** Times of the day in an order, `closes > opens`, or within bounds; undefined where no check says anything of them. */
export function timeOfDayWithin(column: string, rules: Rules, written: readonly string[]): Wanted | undefined {
  const chain = findChain(column, rules).filter((name) => written.includes(name));
  const { min, max } = rules.get(column) ?? {};
  if (chain.length < 2 && min === undefined && max === undefined) return undefined;
  const slice = sliceShared(
    chain.map((name) => ({ name: "int", options: secondsWithin(rules.get(name) ?? {}) })),
    chain.indexOf(column),
  );
  const at = (seconds: unknown) => new Date(SOME_DAY_MS + Number(seconds) * 1_000).toISOString();
  return slice && { name: "time", options: { from: at(slice.options?.min), to: at(slice.options?.max) } };
}

const HOUR_SECONDS = 3_600;
const LAST_HOUR = 23;

function secondsWithin({ min, max, parts = {} }: ColumnRule): { min: number; max: number } {
  const [least, most] = [min, max].map((bound) => (bound === undefined ? undefined : secondsOf(bound.value)));
  const { hour: hours = [0, LAST_HOUR] } = parts;
  const last = Math.min(LAST_SECOND, Math.max(...hours) * HOUR_SECONDS + HOUR_SECONDS - 1);
  return {
    min: Math.max(Math.min(...hours) * HOUR_SECONDS, (least ?? 0) + (min?.inclusive === false ? 1 : 0)),
    max: most === undefined ? last : Math.min(last, most - (max?.inclusive === false ? 1 : 0)),
  };
}

const SPAN_DAYS = 360;

/** The slice of the last year, with a day between neighbours. Times within fixed ends are left as they are. */
export function sliceTimes(wanted: Wanted, { index, count }: Slice): Wanted {
  if (wanted.options?.to !== "now" || !String(wanted.options.from).startsWith("-")) return wanted;
  const width = Math.floor(SPAN_DAYS / count);
  const from = SPAN_DAYS - index * width;
  return { name: wanted.name, options: { from: `-${from}d`, to: `-${from - width + 1}d` } };
}
