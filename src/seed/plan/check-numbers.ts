/** What checks say of numbers: remainders, digits behind the point, the greatest of several, sums and products. */
import type { Node } from "../../sql/parser.ts";
import type { ColumnRule, Rules } from "../rules.ts";
import { callOf, columnOf, constantOf, lastName, withoutCasts } from "./check-nodes.ts";

/** What a comparison with a constant says of the values compared. */
export function ruleOf(operator: string, value: string): ColumnRule | undefined {
  if (operator === "=") return { oneOf: [value] };
  if (operator === ">" || operator === ">=") return { min: { value, inclusive: operator === ">=" } };
  if (operator === "<" || operator === "<=") return { max: { value, inclusive: operator === "<=" } };
  if (operator !== "<>") return undefined;
  return value === "" ? { minLength: 1 } : { noneOf: [value] };
}

function say(column: string | undefined, rule: ColumnRule | undefined): Rules | undefined {
  return column === undefined || rule === undefined ? undefined : new Map([[column, rule]]);
}

/** `x % 5 = 0`, `mod(x, 2) <> 0` */
export function readRest(left: Node, operator: string, rest: number): Rules | undefined {
  const bare = withoutCasts(left);
  const call = callOf(left);
  const isSign = "A_Expr" in bare && lastName(bare.A_Expr.name) === "%";
  const [number, divisor] = isSign ? [bare.A_Expr.lexpr, bare.A_Expr.rexpr] : call?.name === "mod" ? call.args : [];
  const of = Number(divisor === undefined ? undefined : constantOf(divisor));
  if (!(of > 0) || !(rest >= 0)) return undefined;
  if (operator === "=") return say(columnOf(number), { multiple: { of, rest } });
  const isOther = operator === "<>" && Number.isInteger(of) && of > 1;
  return isOther ? say(columnOf(number), { multiple: { of, rest: (rest + 1) % of } }) : undefined;
}

/** `greatest(a, b) <= 9`, `least(a, b) > 0`: all of them; the other way round the first is enough. */
export function readExtreme(left: Node, operator: string, value: string): Rules | undefined {
  const bare = withoutCasts(left);
  if (!("MinMaxExpr" in bare)) return undefined;
  const columns = (bare.MinMaxExpr.args ?? []).map((arg) => columnOf(arg));
  const known = columns.filter((column) => column !== undefined);
  const rule = /^[<>]/.test(operator) && operator !== "<>" ? ruleOf(operator, value) : undefined;
  if (rule === undefined || known.length !== columns.length) return undefined;
  const isAll = operator.startsWith("<") === (bare.MinMaxExpr.op === "IS_GREATEST");
  return new Map((isAll ? known : known.slice(0, 1)).map((column) => [column, rule]));
}

/** Digits behind the point that numbers are made with where nothing is said. */
const USUAL_SCALE = 2;

/** The `floor(n)` of `n = floor(n)`, `round(price, 1)`: the column, and how fine its numbers are. */
export function readRounded(node: Node): { column: string; rule: ColumnRule } | undefined {
  const call = callOf(node);
  const [number, digits] = call?.args ?? [];
  const column = columnOf(number);
  if (column === undefined || !ROUNDINGS.has(call?.name ?? "")) return undefined;
  const scale = Number(digits === undefined ? 0 : constantOf(digits));
  return Number.isInteger(scale) ? { column, rule: scaleRule(scale) } : undefined;
}

const ROUNDINGS: ReadonlySet<string> = new Set(["floor", "ceil", "ceiling", "round", "trunc"]);

/** `scale(price) <= 2` */
export function readScale(left: Node, operator: string, value: number): Rules | undefined {
  const call = callOf(left);
  if (call?.name !== "scale" || !Number.isInteger(value)) return undefined;
  const most = operator === "<" ? value - 1 : operator === "<=" || operator === "=" ? value : undefined;
  return most === undefined || most < 0 ? undefined : say(columnOf(call.args[0]), scaleRule(most));
}

/** So many digits at most: nothing has to be said of what has them anyway. */
function scaleRule(digits: number): ColumnRule {
  return digits >= USUAL_SCALE ? {} : { multiple: { of: Number(`1e${-digits}`), rest: 0 } };
}

/** `a * b <= 100`, of numbers above 0: each is at most the root. */
export function readProductBound(left: Node, operator: string, value: string): Rules | undefined {
  const columns = operandsOf(left, "*");
  if (columns === undefined || columns.length < 2 || !/^\d+(\.\d+)?$/.test(value) || !/^<=?$/.test(operator))
    return undefined;
  const root = Math.floor(Number(value) ** (1 / columns.length) + 1e-9);
  const max = { value: String(root), inclusive: operator === "<=" };
  return new Map(columns.map((column) => [column, { min: { value: "0", inclusive: true }, max }]));
}

/** `a + b <= 100`, `a + b = 100`: each has its share, or the last is what is left. */
export function readSumBound(left: Node, operator: string, value: string): Rules | undefined {
  const columns = operandsOf(left, "+");
  const [first, ...others] = columns ?? [];
  if (first === undefined || others.length === 0 || !/^\d+(\.\d+)?$/.test(value)) return undefined;
  const share = { value: String(Math.floor(Number(value) / (others.length + 1))), inclusive: true };
  if (operator === "<=" || operator === "<") {
    const bound = operator === "<" ? { ...share, inclusive: false } : share;
    return new Map([first, ...others].map((column) => [column, { max: bound }]));
  }
  if (operator === ">=" || operator === ">") return say(first, { min: { value, inclusive: operator === ">=" } });
  if (operator !== "=") return undefined;
  const rest = `(${[value, ...others.map((name) => `"${name}"`)].join(" - ")})`;
  return new Map<string, ColumnRule>([
    [first, { equals: rest }],
    ...others.map((name) => [name, { max: share }] as const),
  ]);
}

/** The columns that are added, or multiplied; undefined where there is anything else. */
function operandsOf(node: Node, sign: string): string[] | undefined {
  const column = columnOf(node);
  if (column !== undefined) return column.includes('"') ? undefined : [column];
  const bare = withoutCasts(node);
  if (!("A_Expr" in bare) || lastName(bare.A_Expr.name) !== sign || !bare.A_Expr.lexpr || !bare.A_Expr.rexpr)
    return undefined;
  const [left, right] = [operandsOf(bare.A_Expr.lexpr, sign), operandsOf(bare.A_Expr.rexpr, sign)];
  return left === undefined || right === undefined ? undefined : [...left, ...right];
}

const NUMBER_TYPES: ReadonlySet<string> = new Set(["int2", "int4", "int8", "numeric", "float4", "float8"]);

/** `(code)::integer`: its text is one of a number. */
export function isNumericCast(node: Node): boolean {
  return "TypeCast" in node && NUMBER_TYPES.has(lastName(node.TypeCast.typeName?.names));
}
