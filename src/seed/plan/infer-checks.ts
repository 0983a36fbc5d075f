/** What check constraints demand of a column's values, as far as they can be read. */
import type { Node, SqlParser } from "../../sql/parser.ts";

export interface Bound {
  /** A number, or a time in ISO's order, as SQL has it. */
  value: string;
  inclusive: boolean;
}

export interface ColumnRule {
  min?: Bound;
  max?: Bound;
  /** The only values that it may have. */
  oneOf?: readonly string[];
  minLength?: number;
  maxLength?: number;
  /** A regular expression that the value matches. */
  pattern?: string;
  /** Another column of the row, which it may not lie before. */
  after?: { column: string; strict: boolean };
}

/** Rules by the column's name; a domain's stand under "value". */
export type Rules = ReadonlyMap<string, ColumnRule>;

/** The name under which the rules for a column's elements stand, where it is an array. */
export function elementsOf(column: string): string {
  return `${column}[]`;
}

/** Reads check constraints as PostgreSQL prints them. What cannot be read demands nothing. */
export function readChecks(parser: SqlParser, expressions: readonly string[]): Rules {
  const rules = new Map<string, ColumnRule>();
  for (const expression of expressions) {
    for (const [column, rule] of readExpression(parser, expression)) {
      rules.set(column, mergeRules(rules.get(column) ?? {}, rule));
    }
  }
  return rules;
}

function readExpression(parser: SqlParser, expression: string): Rules {
  const [statement] = parser.parse(`select 1 where ${expression}`);
  const node = statement?.node;
  const where = node !== undefined && "SelectStmt" in node ? node.SelectStmt.whereClause : undefined;
  return where === undefined ? new Map() : readNode(where);
}

function readNode(node: Node): Rules {
  if ("BoolExpr" in node) {
    const { boolop, args = [] } = node.BoolExpr;
    if (boolop === "AND_EXPR") return combine(args.map(readNode));
    if (boolop === "OR_EXPR") return readAlternatives(args);
    const column = boolop === "NOT_EXPR" && args[0] !== undefined ? columnOf(args[0]) : undefined;
    return column === undefined ? new Map() : new Map([[column, { oneOf: ["false"] }]]);
  }
  if ("A_Expr" in node) {
    const { kind, lexpr, rexpr } = node.A_Expr;
    const operator = lastName(node.A_Expr.name);
    if (lexpr === undefined || rexpr === undefined) return new Map();
    if (kind === "AEXPR_OP_ANY") return operator === "=" ? readAny(lexpr, rexpr) : new Map();
    return kind === "AEXPR_OP" ? readComparison(lexpr, operator, rexpr) : new Map();
  }
  const column = columnOf(node);
  return column === undefined ? new Map() : new Map([[column, { oneOf: ["true"] }]]);
}

function combine(all: readonly Rules[]): Rules {
  const merged = new Map<string, ColumnRule>();
  for (const [column, rule] of all.flatMap((rules) => [...rules])) {
    merged.set(column, mergeRules(merged.get(column) ?? {}, rule));
  }
  return merged;
}

/** `a IS NULL OR …` demands what the rest does of values that are there; `a = 1 OR a = 2` is a list. */
function readAlternatives(args: readonly Node[]): Rules {
  const rest = args.filter((arg) => !("NullTest" in arg && arg.NullTest.nulltesttype === "IS_NULL"));
  const read = rest.map(readNode);
  const [first = new Map<string, ColumnRule>(), ...others] = read;
  if (others.length === 0) return first;
  const lists = read.map((rules) => (rules.size === 1 ? [...rules][0] : undefined));
  const column = lists[0]?.[0];
  const values = lists.flatMap((entry) => (entry?.[0] === column ? (entry?.[1].oneOf ?? []) : []));
  const whole = lists.every((entry) => entry?.[0] === column && entry?.[1].oneOf !== undefined);
  return column !== undefined && whole ? new Map([[column, { oneOf: values }]]) : first;
}

function readAny(left: Node, right: Node): Rules {
  const column = columnOf(left);
  const list = withoutCasts(right);
  const elements = "A_ArrayExpr" in list ? (list.A_ArrayExpr.elements ?? []) : [];
  const oneOf = elements.map(constantOf).filter((value) => value !== undefined);
  const readable = column !== undefined && oneOf.length > 0 && oneOf.length === elements.length;
  return readable ? new Map([[column, { oneOf }]]) : new Map();
}

const MIRRORED: Readonly<Record<string, string>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=" };

function readComparison(left: Node, operator: string, right: Node): Rules {
  const value = constantOf(right);
  if (value === undefined) {
    const mirrored = MIRRORED[operator];
    if (mirrored !== undefined && constantOf(left) !== undefined) return readComparison(right, mirrored, left);
    return readOrder(columnOf(left), operator, columnOf(right));
  }
  const column = columnOf(left);
  if (column !== undefined) return new Map([[column, ruleOf(operator, value)]]);
  const measured = measuredColumn(left);
  return measured === undefined ? new Map() : new Map([[measured, lengthRuleOf(operator, Number(value))]]);
}

function ruleOf(operator: string, value: string): ColumnRule {
  if (operator === "=") return { oneOf: [value] };
  if (operator === ">" || operator === ">=") return { min: { value, inclusive: operator === ">=" } };
  if (operator === "<" || operator === "<=") return { max: { value, inclusive: operator === "<=" } };
  if (operator === "~" || operator === "~*") return { pattern: value };
  return operator === "<>" && value === "" ? { minLength: 1 } : {};
}

function lengthRuleOf(operator: string, length: number): ColumnRule {
  if (!Number.isInteger(length)) return {};
  if (operator === "=") return { minLength: length, maxLength: length };
  if (operator === ">" || operator === ">=") return { minLength: operator === ">" ? length + 1 : length };
  if (operator === "<" || operator === "<=") return { maxLength: operator === "<" ? length - 1 : length };
  return {};
}

/** `a < b`: b hangs on a. */
function readOrder(left: string | undefined, operator: string, right: string | undefined): Rules {
  if (left === undefined || right === undefined) return new Map();
  if (operator === ">" || operator === ">=")
    return new Map([[left, { after: { column: right, strict: operator === ">" } }]]);
  if (operator === "<" || operator === "<=")
    return new Map([[right, { after: { column: left, strict: operator === "<" } }]]);
  return new Map();
}

const LENGTHS: ReadonlySet<string> = new Set(["length", "char_length", "character_length", "octet_length"]);
const TRIMS: ReadonlySet<string> = new Set(["btrim", "ltrim", "rtrim"]);

/** The column whose length is taken, trimmed or not. */
function measuredColumn(node: Node): string | undefined {
  const call = withoutCasts(node);
  if (!("FuncCall" in call)) return undefined;
  const name = lastName(call.FuncCall.funcname);
  const argument = call.FuncCall.args?.[0];
  if (argument === undefined || !(LENGTHS.has(name) || TRIMS.has(name))) return undefined;
  return columnOf(argument) ?? measuredColumn(argument);
}

function columnOf(node: Node): string | undefined {
  const bare = withoutCasts(node);
  return "ColumnRef" in bare && bare.ColumnRef.fields?.length === 1 ? lastName(bare.ColumnRef.fields) : undefined;
}

/** A constant as text; what is 0, false or empty has no member in the tree. */
function constantOf(node: Node): string | undefined {
  const bare = withoutCasts(node);
  if (!("A_Const" in bare)) return undefined;
  const { ival, fval, sval, boolval, isnull } = bare.A_Const;
  if (isnull === true) return undefined;
  if (ival !== undefined) return String(ival.ival ?? 0);
  if (fval !== undefined) return fval.fval ?? "0";
  if (boolval !== undefined) return String(boolval.boolval ?? false);
  return sval?.sval ?? "";
}

function withoutCasts(node: Node): Node {
  return "TypeCast" in node && node.TypeCast.arg !== undefined ? withoutCasts(node.TypeCast.arg) : node;
}

function lastName(names: readonly Node[] | undefined): string {
  const last = names?.at(-1);
  return last !== undefined && "String" in last ? (last.String.sval ?? "") : "";
}

/** Both rules at once. */
export function mergeRules(one: ColumnRule, other: ColumnRule): ColumnRule {
  const min = chooseBound(one.min, other.min, 1);
  const max = chooseBound(one.max, other.max, -1);
  const common =
    one.oneOf === undefined ? other.oneOf : one.oneOf.filter((value) => other.oneOf?.includes(value) ?? true);
  const least = Math.max(one.minLength ?? 0, other.minLength ?? 0);
  const most = Math.min(one.maxLength ?? Number.POSITIVE_INFINITY, other.maxLength ?? Number.POSITIVE_INFINITY);
  return {
    ...one,
    ...other,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(common === undefined ? {} : { oneOf: common }),
    ...(least === 0 ? {} : { minLength: least }),
    ...(Number.isFinite(most) ? { maxLength: most } : {}),
  };
}

/** The narrower bound: the greater of two lower ones (`sign` 1), the lesser of two upper ones (-1). */
function chooseBound(one: Bound | undefined, other: Bound | undefined, sign: 1 | -1): Bound | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const order = compareValues(one.value, other.value) * sign;
  if (order !== 0) return order > 0 ? one : other;
  return one.inclusive ? other : one;
}

/** Numbers by their value, else by their letters, which is right for times in ISO's order. */
export function compareValues(one: string, other: string): number {
  const difference = Number(one) - Number(other);
  if (!Number.isNaN(difference)) return Math.sign(difference);
  return one < other ? -1 : one > other ? 1 : 0;
}
