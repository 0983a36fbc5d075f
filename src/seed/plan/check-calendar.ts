/** What checks say of days: `date_trunc('month', x) = x`, `extract(dow from x) <> 0`, as rules for a column of times. */
import type { Node } from "../../sql/parser.ts";
import { type ColumnRule, PERIOD_NAMES, type Period, WEEKDAYS } from "../rules.ts";
import { callOf, columnOf, constantOf } from "./check-nodes.ts";

/** The steps of a time that need no calendar. */
const STEPS: Readonly<Record<string, string>> = { second: "1s", minute: "1m", hour: "1h", day: "1d" };

/** `date_trunc('month', x) = x`: the column, and where its times lie. */
export function readTruncation(left: Node, right: Node): { column: string; rule: ColumnRule } | undefined {
  const call = callOf(left);
  const [unit, time] = call?.name === "date_trunc" ? (call.args ?? []) : [];
  const column = columnOf(time);
  if (unit === undefined || column === undefined || columnOf(right) !== column) return undefined;
  const word = constantOf(unit) ?? "";
  const step = Object.hasOwn(STEPS, word) ? STEPS[word] : undefined;
  if (step !== undefined) return { column, rule: { step } };
  return isPeriod(word) ? { column, rule: { starts: word } } : undefined;
}

function isPeriod(word: string): word is Period {
  return PERIOD_NAMES.some((name) => name === word);
}

/** The days' numbers as `extract` gives them, by what is extracted; Monday is the first of WEEKDAYS. */
const NUMBERINGS: Readonly<Record<string, readonly number[]>> = {
  dow: [1, 2, 3, 4, 5, 6, 0],
  isodow: [1, 2, 3, 4, 5, 6, 7],
};

const MEETS: Readonly<Record<string, (one: number, other: number) => boolean>> = {
  "=": (one, other) => one === other,
  "<>": (one, other) => one !== other,
  "<": (one, other) => one < other,
  "<=": (one, other) => one <= other,
  ">": (one, other) => one > other,
  ">=": (one, other) => one >= other,
};

/** `extract(isodow from x) < 6`, `extract(day from x) = 1`, and the same lists with `= ANY` taken one by one. */
export function readExtracted(
  left: Node,
  operator: string,
  values: readonly number[],
): { column: string; rule: ColumnRule } | undefined {
  const call = callOf(left);
  const [part, time] = call?.name === "extract" || call?.name === "date_part" ? (call.args ?? []) : [];
  const column = columnOf(time);
  if (part === undefined || column === undefined) return undefined;
  const word = constantOf(part) ?? "";
  if (word === "day" && operator === "=" && values.every((value) => value === 1)) {
    return { column, rule: { starts: "month" } };
  }
  const numbers = NUMBERINGS[word];
  const meets = MEETS[operator];
  if (numbers === undefined || meets === undefined) return undefined;
  const days = WEEKDAYS.filter((_day, at) => values.some((value) => meets(numbers[at] ?? 0, value)));
  return days.length === 0 ? undefined : { column, rule: { days } };
}
