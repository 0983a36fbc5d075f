/** What checks say of days: `date_trunc('month', x) = x`, `extract(dow from x) <> 0`, as rules for a column of times. */
import { quoteIdentifier } from "../../postgres/identifier.ts";
import type { Node } from "../../sql/parser.ts";
import { type ColumnRule, PERIOD_NAMES, type Period, type Rules, type TimeParts, WEEKDAYS } from "../rules.ts";
import {
  callOf,
  columnOf,
  constantOf,
  lastName,
  lengthOfTime,
  longestLength,
  withoutCasts,
  writtenOf,
} from "./check-nodes.ts";

/** The steps of a time that need no calendar. */
const STEPS: Readonly<Record<string, string>> = { second: "1s", minute: "1m", hour: "1h", day: "1d" };

/** `date_trunc('month', x) = x`: the column, and where its times lie. */
export function readTruncation(left: Node, right: Node): { column: string; rule: ColumnRule } | undefined {
  const call = callOf(left);
  const [unit, time] = call?.name === "date_trunc" ? (call.args ?? []) : [];
  const own = (node: Node | undefined) => node && (columnOf(node) ?? columnAtUtc(node));
  const column = own(time);
  if (unit === undefined || column === undefined || own(right) !== column) return undefined;
  const word = constantOf(unit) ?? "";
  const step = Object.hasOwn(STEPS, word) ? STEPS[word] : undefined;
  if (step !== undefined) return { column, rule: { step } };
  return isPeriod(word) ? { column, rule: { starts: word } } : undefined;
}

/** How far apart two times are at most that are mostly the same in such a period. */
const NEAR: Readonly<Record<string, string>> = {
  ...{ second: "1s", minute: "20s", hour: "15m", day: "1h", week: "1d", month: "2d", quarter: "7d", year: "30d" },
};

/** `starts::date = ends::date`, `date_trunc('month', a) = date_trunc('month', b)`: each is near the other one. */
export function readSamePeriod(left: Node, right: Node): Rules | undefined {
  const [one, other] = [periodOf(left), periodOf(right)];
  const within = one === undefined || one.unit !== other?.unit ? undefined : NEAR[one.unit];
  if (one === undefined || other === undefined || within === undefined || one.column === other.column) return undefined;
  return new Map<string, ColumnRule>([
    [one.column, { near: { column: other.column, within, ...(isCast(left) && isCast(right) ? { equal: true } : {}) } }],
    [other.column, { near: { column: one.column, within } }],
  ]);
}

function isCast(node: Node): boolean {
  return "TypeCast" in node;
}

function periodOf(node: Node): { column: string; unit: string } | undefined {
  const call = callOf(node);
  const [unit, time] = call?.name === "date_trunc" ? (call.args ?? []) : [];
  const ofDay = call === undefined && "TypeCast" in node && lastName(node.TypeCast.typeName?.names) === "date";
  const bare = ofDay ? withoutCasts(node) : time;
  const column = bare && (columnOf(bare) ?? columnAtUtc(bare));
  const word = ofDay ? "day" : unit && constantOf(unit);
  return column === undefined || word === undefined ? undefined : { column, unit: word };
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
  if (part === undefined || time === undefined) return undefined;
  const word = constantOf(part) ?? "";
  const [years] = values;
  const born = agedColumn(time);
  if (born !== undefined && word === "year" && years !== undefined) return readYearsOfAge(born, operator, years);
  const eve = word === "day" && operator === "=" && values.every((value) => value === 1) ? dayBefore(time) : undefined;
  if (eve !== undefined) return { column: eve, rule: lastOfMonth(eve) };
  const column = columnOf(time) ?? columnAtUtc(time);
  if (column === undefined) return undefined;
  if (word === "year") return sayOf(column, yearRule(operator, values));
  if (operator === "=" && years === 0 && (word === "milliseconds" || word === "microseconds")) {
    return { column, rule: { parts: { second: [0] } } };
  }
  if (word === "day" && operator === "=" && values.every((value) => value === 1)) {
    return { column, rule: { starts: "month" } };
  }
  const numbers = NUMBERINGS[word];
  const meets = MEETS[operator];
  if (meets === undefined) return undefined;
  if (numbers === undefined)
    return sayOf(
      column,
      partRule(word, (number) => values.some((each) => meets(number, each))),
    );
  const days = WEEKDAYS.filter((_day, at) => values.some((value) => meets(numbers[at] ?? 0, value)));
  return days.length === 0 ? undefined : { column, rule: { days } };
}

/** The `day` of `day + 1`. */
function dayBefore(node: Node): string | undefined {
  const bare = withoutCasts(node);
  if (!("A_Expr" in bare) || lastName(bare.A_Expr.name) !== "+" || bare.A_Expr.rexpr === undefined) return undefined;
  return lengthOfTime(bare.A_Expr.rexpr) === "1d" ? columnOf(bare.A_Expr.lexpr) : undefined;
}

const END_OF_MONTH = /date_trunc\('month'.*'1 mon(?: -1 days'::interval|'::interval.*- ('1 day'::interval|1))/s;

/** `day = (date_trunc('month', day) + '1 month' - '1 day')::date` */
export function readLastDay(made: Node, column: string): { column: string; rule: ColumnRule } | undefined {
  const { expression = "", columns = [] } = writtenOf(made) ?? {};
  const isOwn = columns.length === 1 && columns[0] === column;
  return isOwn && END_OF_MONTH.test(expression) ? { column, rule: lastOfMonth(column) } : undefined;
}

/** The last day of a month: PostgreSQL computes it of the first one. */
function lastOfMonth(column: string): ColumnRule {
  const expression = `(date_trunc('month', ${quoteIdentifier(column)}) + interval '1 month' - interval '1 day')::date`;
  return { starts: "month", computed: { expression, columns: [column] } };
}

function sayOf(column: string, rule: ColumnRule | undefined): { column: string; rule: ColumnRule } | undefined {
  return rule === undefined ? undefined : { column, rule };
}

/** `t AT TIME ZONE 'UTC'` */
function columnAtUtc(node: Node): string | undefined {
  const call = callOf(node);
  const [zone, time] = call?.name === "timezone" ? (call.args ?? []) : [];
  return zone !== undefined && /^(?:utc|gmt)$/i.test(constantOf(zone) ?? "") ? columnOf(time) : undefined;
}

/** `age(born)` */
function agedColumn(node: Node): string | undefined {
  const call = callOf(node);
  const args = call?.name === "age" ? call.args : [];
  const [first] = args;
  if (args.length === 2 && first !== undefined && constantOf(first) !== "now") return undefined;
  return columnOf(args.at(-1));
}

/** `age(born) >= '18 years'` */
export function readAge(left: Node, operator: string, right: Node): { column: string; rule: ColumnRule } | undefined {
  const column = agedColumn(left);
  if (column === undefined) return undefined;
  const span = operator.startsWith(">") ? longestLength(right) : lengthOfTime(right);
  return span === undefined ? undefined : sayOf(column, ageRule(operator, span));
}

function readYearsOfAge(column: string, operator: string, years: number) {
  // Of 18 years and a day no more than 18 are counted.
  const whole = operator === ">" || operator === "<=" ? years + 1 : years;
  return sayOf(column, ageRule(operator, `${whole * (operator.startsWith(">") ? 366 : 365)}d`));
}

function ageRule(operator: string, span: string): ColumnRule | undefined {
  const bound = { value: `now-${span}`, inclusive: operator.endsWith("=") };
  return /^>=?$/.test(operator) ? { max: bound } : /^<=?$/.test(operator) ? { min: bound } : undefined;
}

/** Of the years from one to another. A day of each end is left out: a session's time zone says in which year that is. */
function yearRule(operator: string, values: readonly number[]): ColumnRule | undefined {
  const [year = 0] = values.toSorted((one, other) => one - other);
  if (!values.every(Number.isInteger) || year < 1 || year > 9_998) return undefined;
  const first = (of: number) => ({ min: { value: `${showYear(of)}-01-02`, inclusive: true } });
  const last = (of: number) => ({ max: { value: `${showYear(of)}-12-31`, inclusive: false } });
  if (operator === "=") return { ...first(year), ...last(year) };
  if (operator === ">" || operator === ">=") return first(operator === ">" ? year + 1 : year);
  return operator === "<" || operator === "<=" ? last(operator === "<" ? year - 1 : year) : undefined;
}

function showYear(year: number): string {
  return String(year).padStart(4, "0");
}

const RANGES = { month: [1, 12], day: [1, 31], hour: [0, 23], minute: [0, 59], second: [0, 59] } as const;
const MONTHS_A_QUARTER = 3;

/** The numbers of a part that meet the condition: `extract(hour from t) BETWEEN 9 AND 17`. */
function partRule(word: string, meets: (number: number) => boolean): ColumnRule | undefined {
  const numbersOf = ([first, last]: readonly [number, number]) =>
    Array.from({ length: last - first + 1 }, (_, at) => first + at);
  const ofQuarter = word === "quarter";
  if (!ofQuarter && !isPart(word)) return undefined;
  const part = isPart(word) ? word : "month";
  const numbers = numbersOf(RANGES[part]).filter((number) =>
    meets(ofQuarter ? Math.ceil(number / MONTHS_A_QUARTER) : number),
  );
  const parts: TimeParts = { [part]: numbers };
  return numbers.length === 0 ? undefined : { parts };
}

function isPart(word: string): word is keyof typeof RANGES {
  return Object.hasOwn(RANGES, word);
}

/** `t::time BETWEEN '08:00' AND '18:00'`, of a column that has days, too: whole hours that lie within. */
export function clockRule(left: Node, operator: string, value: string): ColumnRule | undefined {
  const [, hours, minutes, seconds] = /^(\d{2}):(\d{2}):(\d{2})$/.exec(value) ?? [];
  const isClock = "TypeCast" in left && /^time(?:tz)?$/.test(lastName(left.TypeCast.typeName?.names));
  if (!isClock || hours === undefined || !/^[<>]=?$/.test(operator)) return undefined;
  const isWhole = minutes === "00" && seconds === "00";
  const first = Number(hours) + (isWhole ? 0 : 1);
  return partRule("hour", (hour) => (operator.startsWith(">") ? hour >= first : hour < Number(hours)));
}

/** A year that has been by now, and so is no later than any present one. */
const PAST_YEAR = 2025;

/** `extract(year from now()) + 1`, as a bound that stays within it: years only grow. */
export function pastYear(node: Node): string | undefined {
  const call = callOf(node);
  const [part, time] = call?.name === "extract" || call?.name === "date_part" ? (call.args ?? []) : [];
  if (part !== undefined && time !== undefined) {
    return constantOf(part) === "year" && constantOf(time) === "now" ? String(PAST_YEAR) : undefined;
  }
  const bare = withoutCasts(node);
  if (!("A_Expr" in bare) || !bare.A_Expr.lexpr || !bare.A_Expr.rexpr) return undefined;
  const [year, step] = [pastYear(bare.A_Expr.lexpr), constantOf(bare.A_Expr.rexpr)];
  const sign = lastName(bare.A_Expr.name);
  if (year === undefined || step === undefined || (sign !== "+" && sign !== "-")) return undefined;
  return String(Number(year) + (sign === "+" ? Number(step) : -Number(step)));
}
