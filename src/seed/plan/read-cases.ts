/**
 * A condition over a row as the ways in which it can be met: each says something of some columns. NOT is moved inward, OR
 * and what stands for it (CASE, num_nonnulls, sums of conditions) gives a way for each of its parts.
 */
import type { Node } from "../../sql/parser.ts";
import { type ColumnRule, compareValues, contradicts, joinRules, memberOf, type Rules } from "../rules.ts";
import {
  columnOf,
  constantOf,
  elementsOfArray,
  isNullConstant,
  lastName,
  memberAt,
  withoutCasts,
} from "./check-nodes.ts";
import { measuredColumn } from "./check-patterns.ts";
import { readComparison } from "./read-comparison.ts";

/** One way to meet a condition. */
export interface CheckCase {
  rules: Rules;
  /** All of it was understood. */
  certain: boolean;
}

/** More ways than these are not kept apart. */
const MOST_CASES = 64;

const ALWAYS: CheckCase = { rules: new Map(), certain: true };
const UNKNOWN: CheckCase = { rules: new Map(), certain: false };

/** The ways to make the condition true, or false where it is negated. */
export function readCases(node: Node, negated = false): CheckCase[] {
  const bare = withoutCasts(node);
  if ("BoolExpr" in bare) return readBoolean(bare.BoolExpr.boolop, bare.BoolExpr.args ?? [], negated);
  if ("NullTest" in bare) {
    return readPresence(bare.NullTest.arg, (bare.NullTest.nulltesttype === "IS_NOT_NULL") !== negated);
  }
  if ("BooleanTest" in bare) {
    const { arg, booltesttype = "" } = bare.BooleanTest;
    if (arg === undefined || /UNKNOWN/.test(booltesttype)) return [UNKNOWN];
    return readCases(arg, (/FALSE$/.test(booltesttype) !== /NOT/.test(booltesttype)) !== negated);
  }
  if ("CaseExpr" in bare)
    return readChain(bare.CaseExpr.args ?? [], bare.CaseExpr.defresult, bare.CaseExpr.arg, negated);
  if ("CoalesceExpr" in bare) return readCases(bare.CoalesceExpr.args?.[0] ?? bare, negated);
  if ("A_Const" in bare) return (constantOf(bare) === "true") !== negated ? [ALWAYS] : [];
  const column = columnOf(bare);
  if (column !== undefined) return [say(column, { oneOf: [negated ? "false" : "true"] })];
  return "A_Expr" in bare ? readExpression(bare, negated) : readLeaf(bare, negated);
}

function say(column: string, rule: ColumnRule): CheckCase {
  return { rules: new Map([[column, rule]]), certain: true };
}

function readLeaf(node: Node, negated: boolean): CheckCase[] {
  const rules = readComparison(node, negated);
  return rules === undefined ? [UNKNOWN] : [{ rules, certain: true }];
}

function readBoolean(operator: string | undefined, args: readonly Node[], negated: boolean): CheckCase[] {
  const [first] = args;
  if (operator === "NOT_EXPR") return first === undefined ? [UNKNOWN] : readCases(first, !negated);
  const parts = args.map((arg) => readCases(arg, negated));
  return (operator === "AND_EXPR") !== negated ? allOf(parts) : anyOf(parts);
}

/** Ways to meet all conditions at once, without those that contradict themselves. */
export function allOf(parts: readonly (readonly CheckCase[])[]): CheckCase[] {
  let ways: CheckCase[] = [ALWAYS];
  for (const part of parts) {
    const joined = ways.flatMap((way) =>
      part
        .filter((each) => [...each.rules].every(([name, rule]) => !contradicts(way.rules.get(name) ?? {}, rule)))
        .map((each) => ({ rules: joinRules([way.rules, each.rules]), certain: way.certain && each.certain })),
    );
    ways = thin(joined);
  }
  return ways;
}

/** So many of them at most, from all along the list. */
function thin(ways: readonly CheckCase[]): CheckCase[] {
  if (ways.length <= MOST_CASES) return [...ways];
  return Array.from({ length: MOST_CASES }, (_, at) => ways[Math.floor((at * ways.length) / MOST_CASES)] ?? ALWAYS);
}

/**
 * Ways to meet one of several conditions. Lists of one column are one list; what only says that a column is NULL comes
 * last; what was not understood is left out where anything was.
 */
export function anyOf(parts: readonly (readonly CheckCase[])[]): CheckCase[] {
  const all = parts.flat();
  const known = all.filter(({ certain }) => certain);
  const ways = known.length > 0 ? known : all;
  const lists = ways.map(({ rules }) => (rules.size === 1 ? [...rules][0] : undefined));
  const column = lists[0]?.[0];
  const isList = lists.every((entry) => entry?.[0] === column && isOnlyList(entry?.[1]));
  if (column !== undefined && isList && lists.length > 1) {
    return [say(column, { oneOf: lists.flatMap((entry) => entry?.[1].oneOf ?? []) })];
  }
  const needed = ways.filter((way) => !isAbsence(way) || !ways.some((each) => isMetByAbsence(each, way)));
  return thin([...needed.filter((way) => !isAbsence(way)), ...needed.filter(isAbsence)]);
}

/** It only says that columns are NULL. */
function isAbsence({ rules }: CheckCase): boolean {
  return rules.size > 0 && [...rules.values()].every(({ present }) => present === false);
}

/** A comparison is met by NULL as well: `a IS NULL OR a > 3` says no more than `a > 3`. */
function isMetByAbsence({ rules }: CheckCase, absence: CheckCase): boolean {
  return [...rules].every(([column, { present }]) => present === undefined && absence.rules.has(column));
}

function isOnlyList(rule: ColumnRule | undefined): boolean {
  return rule?.oneOf !== undefined && Object.keys(rule).length === 1;
}

function readPresence(arg: Node | undefined, present: boolean): CheckCase[] {
  const column = columnOf(arg) ?? (arg && measuredColumn(arg));
  if (column !== undefined) return [say(column, { present })];
  const member = memberAt(arg);
  if (member !== undefined) {
    const own = say(memberOf(member.column, member.key), { present });
    return [present ? { ...own, rules: joinRules([own.rules, say(member.column, { present }).rules]) } : own];
  }
  const bare = arg === undefined ? undefined : withoutCasts(arg);
  if (bare === undefined) return [UNKNOWN];
  if ("CoalesceExpr" in bare) {
    const parts = (bare.CoalesceExpr.args ?? []).map((each) => readPresence(each, present));
    return present ? anyOf(parts) : allOf(parts);
  }
  // nullif(a, '') IS NOT NULL
  if ("A_Expr" in bare && bare.A_Expr.kind === "AEXPR_NULLIF" && bare.A_Expr.lexpr && bare.A_Expr.rexpr) {
    const { lexpr, rexpr } = bare.A_Expr;
    const same = readCases(equal(lexpr, rexpr), present);
    return present ? allOf([readPresence(lexpr, true), same]) : anyOf([readPresence(lexpr, false), same]);
  }
  // (a, b) IS NOT NULL means that none of them is NULL, IS NULL that all are.
  if ("RowExpr" in bare) return allOf((bare.RowExpr.args ?? []).map((each) => readPresence(each, present)));
  return [UNKNOWN];
}

/** CASE WHEN … THEN … ELSE … END as a condition; `of` is what CASE x WHEN compares. */
function readChain(
  args: readonly Node[],
  otherwise: Node | undefined,
  of: Node | undefined,
  negated: boolean,
): CheckCase[] {
  const before: CheckCase[][] = [];
  const ways: CheckCase[][] = [];
  for (const arg of args) {
    if (!("CaseWhen" in arg) || arg.CaseWhen.expr === undefined || arg.CaseWhen.result === undefined) return [UNKNOWN];
    const { expr, result } = arg.CaseWhen;
    const condition = of === undefined ? expr : equal(of, expr);
    ways.push(allOf([...before, readCases(condition), readCases(result, negated)]));
    before.push(readCases(condition, true));
  }
  const last = otherwise === undefined || isNullConstant(otherwise) ? [ALWAYS] : readCases(otherwise, negated);
  return anyOf([...ways, allOf([...before, last])]);
}

function equal(lexpr: Node, rexpr: Node): Node {
  return { A_Expr: { kind: "AEXPR_OP", name: [{ String: { sval: "=" } }], lexpr, rexpr } };
}

function readExpression(node: Extract<Node, { A_Expr: unknown }>, negated: boolean): CheckCase[] {
  const { kind, lexpr, rexpr } = node.A_Expr;
  const operator = lastName(node.A_Expr.name);
  if (lexpr === undefined || rexpr === undefined) return [UNKNOWN];
  if (kind === "AEXPR_DISTINCT" || kind === "AEXPR_NOT_DISTINCT") {
    return readDistinct(lexpr, rexpr, (kind === "AEXPR_DISTINCT") !== negated);
  }
  const filled = readFilled(node, operator, negated);
  if (filled !== undefined) return filled;
  const sum = operator in COMPARED ? readSum(lexpr, operator, rexpr, negated) : undefined;
  if (sum !== undefined) return sum;
  if ((operator === "=" || operator === "<>") && areConditions(lexpr, rexpr)) {
    const same = (operator === "=") !== negated;
    return anyOf([
      allOf([readCases(lexpr), readCases(rexpr, !same)]),
      allOf([readCases(lexpr, true), readCases(rexpr, same)]),
    ]);
  }
  return readLeaf(node, negated);
}

/** `coalesce(a, 0) > 0`: a comparison that the default meets says nothing of NULL, and else that there is none. */
function readFilled(
  { A_Expr: expression }: Extract<Node, { A_Expr: unknown }>,
  operator: string,
  negated: boolean,
): CheckCase[] | undefined {
  const { lexpr, rexpr } = expression;
  const bare = lexpr && withoutCasts(lexpr);
  if (bare === undefined || rexpr === undefined || !("CoalesceExpr" in bare)) return undefined;
  const [first, second, ...more] = bare.CoalesceExpr.args ?? [];
  const [value, other] = [second && constantOf(second), constantOf(rexpr)];
  if (first === undefined || value === undefined || other === undefined || more.length > 0) return undefined;
  const order = compareValues(value, other);
  const isMet = COMPARED[operator]?.(order, 0);
  if (isMet === undefined) return undefined;
  const compared = readCases({ A_Expr: { ...expression, lexpr: first } }, negated);
  return isMet !== negated ? compared : allOf([readPresence(first, true), compared]);
}

/** Both are true or false: one of them is seen to be, and the other one may be a column that is. */
function areConditions(one: Node, other: Node): boolean {
  const may = (node: Node) => isCondition(node) || columnOf(node) !== undefined;
  return (isCondition(one) && may(other)) || (may(one) && isCondition(other));
}

function isCondition(node: Node): boolean {
  const bare = withoutCasts(node);
  if ("A_Expr" in bare) return lastName(bare.A_Expr.name) in COMPARED || bare.A_Expr.kind !== "AEXPR_OP";
  return "NullTest" in bare || "BoolExpr" in bare || "BooleanTest" in bare || isTruth(bare);
}

function isTruth(node: Node): boolean {
  return "A_Const" in node && node.A_Const.boolval !== undefined;
}

/** IS DISTINCT FROM a constant: NULL is a value as any other. */
function readDistinct(left: Node, right: Node, distinct: boolean): CheckCase[] {
  const [column, other] = columnOf(left) === undefined ? [columnOf(right), left] : [columnOf(left), right];
  if (column === undefined) return [UNKNOWN];
  if (isNullConstant(other)) return [say(column, { present: distinct })];
  const constant = constantOf(other);
  if (constant !== undefined)
    return [say(column, distinct ? { noneOf: [constant] } : { oneOf: [constant], present: true })];
  const second = columnOf(other);
  return second !== undefined && distinct ? [say(column, { differs: [second] })] : [UNKNOWN];
}

const COMPARED: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  "=": (left, right) => left === right,
  "<>": (left, right) => left !== right,
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
};

const MOST_COUNTED = 8;

/** `num_nonnulls(a, b) = 1`, `(a IS NULL)::int + (b IS NULL)::int <= 1`: so many of the conditions hold. */
function readSum(left: Node, operator: string, right: Node, negated: boolean): CheckCase[] | undefined {
  const conditions = countedConditions(left);
  const wanted = Number(constantOf(right) ?? Number.NaN);
  const compare = COMPARED[operator];
  if (conditions === undefined || compare === undefined || Number.isNaN(wanted)) return undefined;
  if (conditions.length > MOST_COUNTED) return undefined;
  const sets = Array.from({ length: 2 ** conditions.length }, (_, bits) =>
    conditions.map((_, at) => ((bits >> at) & 1) === 1),
  );
  const meant = sets.filter((set) => compare(set.filter(Boolean).length, wanted) !== negated);
  return anyOf(meant.map((set) => allOf(set.map((holds, at) => conditions[at]?.(!holds) ?? [UNKNOWN]))));
}

type Condition = (negated: boolean) => CheckCase[];

/** What a sum counts, each as what makes it 1 or, negated, 0. */
function countedConditions(node: Node): Condition[] | undefined {
  const bare = withoutCasts(node);
  if ("FuncCall" in bare) {
    const name = lastName(bare.FuncCall.funcname);
    if (name !== "num_nonnulls" && name !== "num_nulls") return undefined;
    const args = (bare.FuncCall.args ?? []).flatMap((arg) => elementsOfArray(arg) ?? [arg]);
    return args.map((arg) => (negated) => readPresence(arg, (name === "num_nonnulls") !== negated));
  }
  if ("A_Expr" in bare && lastName(bare.A_Expr.name) === "+" && bare.A_Expr.lexpr && bare.A_Expr.rexpr) {
    const [left, right] = [countedConditions(bare.A_Expr.lexpr), countedConditions(bare.A_Expr.rexpr)];
    return left === undefined || right === undefined ? undefined : [...left, ...right];
  }
  if ("CaseExpr" in bare) return countedChoice(bare.CaseExpr.args ?? [], bare.CaseExpr.defresult);
  const isCast = "TypeCast" in node && /^int/.test(lastName(node.TypeCast.typeName?.names));
  return isCast && isCondition(bare) ? [(negated) => readCases(bare, negated)] : undefined;
}

/** `CASE WHEN a IS NULL THEN 0 ELSE 1 END` */
function countedChoice(args: readonly Node[], otherwise: Node | undefined): Condition[] | undefined {
  const [first] = args;
  if (args.length !== 1 || first === undefined || !("CaseWhen" in first)) return undefined;
  const { expr, result } = first.CaseWhen;
  const values = [result, otherwise].map((each) => (each === undefined ? "0" : constantOf(each)));
  if (expr === undefined || values.toSorted().join() !== "0,1") return undefined;
  return [(negated) => readCases(expr, (values[0] === "1") === negated)];
}
