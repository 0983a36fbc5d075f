/** PostgreSQL's syntax trees of check constraints, looked at for columns, constants and calls. */
import type { Node } from "../../sql/parser.ts";
import { memberOf } from "../rules.ts";

/** The column that the node is, through casts. */
export function columnOf(node: Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  const bare = withoutCasts(node);
  return "ColumnRef" in bare && bare.ColumnRef.fields?.length === 1 ? lastName(bare.ColumnRef.fields) : undefined;
}

/** The column and key of `data ->> 'kind'`, through casts. */
export function memberAt(node: Node | undefined): { column: string; key: string } | undefined {
  const bare = node && withoutCasts(node);
  if (bare === undefined || !("A_Expr" in bare) || !/^->>?$/.test(lastName(bare.A_Expr.name))) return undefined;
  const { lexpr, rexpr } = bare.A_Expr;
  const column = columnOf(lexpr);
  const isKey = rexpr !== undefined && "A_Const" in withoutCasts(rexpr) && !isInteger(withoutCasts(rexpr));
  const key = isKey ? constantOf(rexpr) : undefined;
  return column === undefined || key === undefined ? undefined : { column, key };
}

function isInteger(node: Node): boolean {
  return "A_Const" in node && node.A_Const.ival !== undefined;
}

/** The name under which rules for the value stand: a column's, or that of a member of its JSON. */
export function nameOfValue(node: Node | undefined): string | undefined {
  const member = memberAt(node);
  return columnOf(node) ?? (member && memberOf(member.column, member.key));
}

/** A constant as text; what is 0, false or empty has no member in the tree. */
export function constantOf(node: Node): string | undefined {
  const bare = withoutCasts(node);
  if (!("A_Const" in bare)) return negativeOf(bare) ?? presentOf(bare);
  const { ival, fval, sval, boolval, isnull } = bare.A_Const;
  if (isnull === true) return undefined;
  if (ival !== undefined) return String(ival.ival ?? 0);
  if (fval !== undefined) return fval.fval ?? "0";
  if (boolval !== undefined) return String(boolval.boolval ?? false);
  return sval?.sval ?? "";
}

export function isNullConstant(node: Node | undefined): boolean {
  if (node === undefined) return false;
  const bare = withoutCasts(node);
  return "A_Const" in bare && bare.A_Const.isnull === true;
}

/** `- 5`, which PostgreSQL prints so behind a bracket. */
function negativeOf(node: Node): string | undefined {
  if (!("A_Expr" in node) || node.A_Expr.lexpr !== undefined || node.A_Expr.rexpr === undefined) return undefined;
  const value = lastName(node.A_Expr.name) === "-" ? constantOf(node.A_Expr.rexpr) : undefined;
  return value === undefined || !/^\d/.test(value) ? undefined : `-${value}`;
}

const PRESENT: ReadonlySet<string> = new Set([
  "now",
  "clock_timestamp",
  "statement_timestamp",
  "transaction_timestamp",
]);

/** `now()`, CURRENT_DATE, and an interval before or behind it: "now", "now+30d". */
function presentOf(node: Node): string | undefined {
  if ("SQLValueFunction" in node) return "now";
  if ("FuncCall" in node) return PRESENT.has(lastName(node.FuncCall.funcname)) ? "now" : undefined;
  if (!("A_Expr" in node)) return undefined;
  const { lexpr, rexpr } = node.A_Expr;
  const sign = lastName(node.A_Expr.name);
  if (lexpr === undefined || rexpr === undefined || (sign !== "+" && sign !== "-")) return undefined;
  const span = lengthOfTime(rexpr);
  return constantOf(lexpr) === "now" && span !== undefined ? `now${sign}${span}` : undefined;
}

const UNITS: Readonly<Record<string, number>> = { year: 365, mon: 30, month: 30, week: 7, day: 1 };

const LONGEST: Readonly<Record<string, number>> = { ...UNITS, year: 366, mon: 31, month: 31 };

/** `now() - '18 years'` as a time that is that long ago by every calendar; undefined for all but intervals before the present. */
export function longAgo(node: Node): string | undefined {
  const bare = withoutCasts(node);
  if (!("A_Expr" in bare) || lastName(bare.A_Expr.name) !== "-" || !bare.A_Expr.lexpr || !bare.A_Expr.rexpr)
    return undefined;
  const span = lengthOfTime(bare.A_Expr.rexpr, LONGEST);
  return span !== undefined && constantOf(bare.A_Expr.lexpr) === "now" ? `now-${span}` : undefined;
}

/** Such an interval that is never shorter. */
export function longestLength(node: Node): string | undefined {
  return lengthOfTime(node, LONGEST);
}

/** A constant interval or number of days as factories write it: "7d", "3600s". */
export function lengthOfTime(node: Node, units = UNITS): string | undefined {
  const bare = withoutCasts(node);
  if (!("A_Const" in bare)) return undefined;
  const { ival, sval } = bare.A_Const;
  if (ival !== undefined) return `${ival.ival ?? 0}d`;
  const seconds = secondsOf(sval?.sval ?? "", units) ?? 0;
  if (seconds === 0) return undefined;
  return seconds % 86_400 === 0 ? `${seconds / 86_400}d` : `${seconds}s`;
}

/** An interval as PostgreSQL prints it in seconds, months and years being taken for 30 and 365 days. */
export function secondsOf(interval: string, units = UNITS): number | undefined {
  let seconds = 0;
  let rest = interval;
  for (const [whole, amount, unit = ""] of rest.matchAll(/(\d+) (year|mon|month|week|day)s?/g)) {
    seconds += Number(amount) * (units[unit] ?? 0) * 86_400;
    rest = rest.replace(whole, "");
  }
  const [clock, hours = 0, minutes = 0, part = 0] = /(\d+):(\d{2}):(\d{2})/.exec(rest) ?? [];
  seconds += Number(hours) * 3600 + Number(minutes) * 60 + Number(part);
  return rest.replace(clock ?? "", "").trim() === "" ? seconds : undefined;
}

export function withoutCasts(node: Node): Node {
  if ("CollateClause" in node && node.CollateClause.arg !== undefined) return withoutCasts(node.CollateClause.arg);
  return "TypeCast" in node && node.TypeCast.arg !== undefined ? withoutCasts(node.TypeCast.arg) : node;
}

/** The last part of a name: of "pg_catalog"."=" the sign. */
export function lastName(names: readonly Node[] | undefined): string {
  const last = names?.at(-1);
  return last !== undefined && "String" in last ? (last.String.sval ?? "") : "";
}

/** A function's name and arguments, through casts. */
export function callOf(node: Node): { name: string; args: readonly Node[] } | undefined {
  const bare = withoutCasts(node);
  if (!("FuncCall" in bare)) return undefined;
  return { name: lastName(bare.FuncCall.funcname), args: bare.FuncCall.args ?? [] };
}

const SOURCES = new WeakMap<Node, string>();

/** Remembers of what stands on either side of an equals sign how it is written. `text` is what was parsed. */
export function rememberSides(root: Node, text: string): void {
  const bytes = Buffer.from(text);
  walkNodes(root, (node) => {
    if (!("A_Expr" in node) || lastName(node.A_Expr.name) !== "=" || node.A_Expr.location === undefined) return;
    const { location, lexpr, rexpr } = node.A_Expr;
    const [left, right] = [sideOf(bytes.subarray(0, location), -1), sideOf(bytes.subarray(location + 1), 1)];
    if (lexpr !== undefined) SOURCES.set(lexpr, left);
    if (rexpr !== undefined) SOURCES.set(rexpr, right);
  });
}

/** The text from a sign to where the brackets around it end. PostgreSQL puts all that has a sign into brackets. */
function sideOf(bytes: Uint8Array, step: 1 | -1): string {
  const text = new TextDecoder().decode(bytes);
  const signs = step === 1 ? [...text] : [...text].reverse();
  const closing = step === 1 ? ")" : "(";
  let [depth, end, quote] = [0, 0, ""];
  for (const sign of signs) {
    if (quote !== "") quote = sign === quote ? "" : quote;
    else if (sign === "'" || sign === '"') quote = sign;
    else if (sign === "(" || sign === ")") depth += sign === closing ? -1 : 1;
    if (depth < 0) break;
    end++;
  }
  const side = signs.slice(0, end);
  return (step === 1 ? side : side.reverse()).join("").trim();
}

/** How a side of an equals sign is written, and the columns in it. */
export function writtenOf(node: Node): { expression: string; columns: readonly string[] } | undefined {
  const expression = SOURCES.get(node);
  const columns = new Set<string>();
  walkNodes(node, (each) => {
    const name = "ColumnRef" in each ? lastName(each.ColumnRef.fields) : "";
    if (name !== "") columns.add(name);
  });
  return expression === undefined ? undefined : { expression, columns: [...columns] };
}

/** Tells of the node and of all nodes in it. */
function walkNodes(node: unknown, tell: (node: Node) => void): void {
  if (typeof node !== "object" || node === null) return;
  if (!Array.isArray(node)) tell(node as Node);
  for (const inner of Object.values(node)) walkNodes(inner, tell);
}

/** The elements of `ARRAY[…]`, through casts; undefined for anything else. */
export function elementsOfArray(node: Node): readonly Node[] | undefined {
  const bare = withoutCasts(node);
  return "A_ArrayExpr" in bare ? (bare.A_ArrayExpr.elements ?? []) : undefined;
}

const ARITHMETIC: ReadonlySet<string> = new Set(["+", "-", "*", "/"]);

/** Arithmetic over columns in the language of `expression`; undefined where it holds anything else. */
export function formulaOf(node: Node): string | undefined {
  const column = columnOf(node);
  if (column !== undefined) return column.includes('"') ? undefined : `"${column}"`;
  const constant = constantOf(node);
  if (constant !== undefined) return /^-?\d+(\.\d+)?$/.test(constant) ? constant : undefined;
  const bare = withoutCasts(node);
  if ("CoalesceExpr" in bare) {
    const parts = (bare.CoalesceExpr.args ?? []).map(formulaOf);
    return parts.every((part) => part !== undefined) ? `coalesce(${parts.join(", ")})` : undefined;
  }
  if ("FuncCall" in bare) {
    const [number, digits = "0"] = (bare.FuncCall.args ?? []).map(formulaOf);
    const isRound = lastName(bare.FuncCall.funcname) === "round" && /^\d+$/.test(digits);
    return isRound && number !== undefined ? `round(${number}, ${digits})` : undefined;
  }
  if (!("A_Expr" in bare) || bare.A_Expr.lexpr === undefined || bare.A_Expr.rexpr === undefined) return undefined;
  const sign = lastName(bare.A_Expr.name);
  const [left, right] = [formulaOf(bare.A_Expr.lexpr), formulaOf(bare.A_Expr.rexpr)];
  return ARITHMETIC.has(sign) && left !== undefined && right !== undefined ? `(${left} ${sign} ${right})` : undefined;
}
