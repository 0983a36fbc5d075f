/** One comparison of a check as rules for the columns that it is about. */
import type { Node } from "../../sql/parser.ts";
import { type ColumnRule, coordinateOf, elementsOf, type Rules } from "../rules.ts";
import { readExtracted, readTruncation } from "./check-calendar.ts";
import {
  callOf,
  columnOf,
  constantOf,
  elementsOfArray,
  formulaOf,
  lastName,
  lengthOfTime,
  withoutCasts,
} from "./check-nodes.ts";
import {
  CAPITALIZED,
  capitalizedColumn,
  countedColumn,
  itemsRule,
  lengthRule,
  letteredColumn,
  measuredColumn,
  readContained,
  readPart,
  readPattern,
} from "./check-patterns.ts";

const MIRRORED: Readonly<Record<string, string>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>" };
const OPPOSITE: Readonly<Record<string, string>> = { "<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "<>", "<>": "=" };

function say(column: string | undefined, rule: ColumnRule | undefined): Rules | undefined {
  return column === undefined || rule === undefined ? undefined : new Map([[column, rule]]);
}

/** What the comparison demands, or its opposite does; undefined where it is not understood. */
export function readComparison(node: Node, negated: boolean): Rules | undefined {
  if (!("A_Expr" in node)) return readCall(node, negated);
  const { kind, lexpr, rexpr } = node.A_Expr;
  if (lexpr === undefined || rexpr === undefined) return undefined;
  const operator = lastName(node.A_Expr.name);
  if (kind === "AEXPR_OP_ANY" || kind === "AEXPR_OP_ALL") return readList(kind, lexpr, operator, rexpr, negated);
  if (kind !== "AEXPR_OP") return undefined;
  const pattern = readPattern(operator, rexpr, negated);
  if (pattern !== undefined) return say(columnOf(lexpr), pattern) ?? readLetteredPattern(lexpr, pattern);
  const elements = operator === "<@" && !negated ? readElements(lexpr, rexpr) : undefined;
  if (elements !== undefined) return elements;
  const keys = readKeys(lexpr, operator, rexpr);
  if (keys !== undefined) return negated ? undefined : keys;
  const meant = negated ? OPPOSITE[operator] : operator;
  return meant === undefined ? undefined : compare(lexpr, meant, rexpr);
}

/** A function whose answer is the condition. */
function readCall(node: Node, negated: boolean): Rules | undefined {
  const contained = callOf(node)?.name === "starts_with" ? readContained(node) : undefined;
  if (contained === undefined) return undefined;
  const { column, regex } = contained;
  return say(column, negated ? { antipatterns: [regex] } : { patterns: [regex] });
}

/** `lower(email) ~ '…'` */
function readLetteredPattern(left: Node, pattern: ColumnRule): Rules | undefined {
  const lettered = letteredColumn(left);
  return lettered === undefined ? undefined : say(lettered.column, { ...pattern, letters: lettered.letters });
}

/** `a = ANY (ARRAY[…])`, `a <> ALL (ARRAY[…])` */
function readList(kind: string, left: Node, operator: string, right: Node, negated: boolean): Rules | undefined {
  const mirrored = MIRRORED[operator];
  const [bound, array] = [constantOf(left), columnOf(right)];
  if (bound !== undefined && array !== undefined && mirrored !== undefined && kind === "AEXPR_OP_ALL" && !negated) {
    return say(elementsOf(array), ruleOf(mirrored, bound)); // 0 <= ALL (rgb)
  }
  const elements = elementsOfArray(right) ?? literalsOf(right);
  const values = elements?.map((each) => (typeof each === "string" ? each : constantOf(each)));
  const known = values?.filter((value) => value !== undefined);
  if (known === undefined || known.length === 0 || known.length !== values?.length) return undefined;
  const isAny = kind === "AEXPR_OP_ANY" && operator === "=";
  const extracted = isAny && !negated ? readExtracted(left, operator, known.map(Number)) : undefined;
  if (extracted !== undefined) return say(extracted.column, extracted.rule);
  if (!isAny && !(kind === "AEXPR_OP_ALL" && operator === "<>")) return undefined;
  return say(columnOf(left), isAny !== negated ? { oneOf: known } : { noneOf: known });
}

/** `'{a,b}'::text[]` */
function literalsOf(node: Node): readonly string[] | undefined {
  const text = "TypeCast" in node ? constantOf(node) : undefined;
  const inside = text === undefined ? undefined : /^\{([^"\\{}]+)\}$/.exec(text)?.[1];
  return inside?.split(",");
}

function compare(left: Node, operator: string, right: Node): Rules | undefined {
  const value = constantOf(right);
  if (value !== undefined) return compareConstant(left, operator, value) ?? readSpan(left, operator, right);
  const mirrored = MIRRORED[operator];
  if (constantOf(left) !== undefined && mirrored !== undefined) return compare(right, mirrored, left);
  return readLetters(left, operator, right) ?? compareColumns(left, operator, right);
}

function compareConstant(left: Node, operator: string, value: string): Rules | undefined {
  const column = columnOf(left);
  if (column !== undefined) return say(column, ruleOf(operator, value));
  const size = Number(value);
  const measured = measuredColumn(left);
  if (measured !== undefined)
    return say(
      measured,
      lengthRule(operator, size) ?? (value === "" && operator === "<>" ? { minLength: 1 } : undefined),
    );
  const counted = countedColumn(left);
  if (counted !== undefined) return say(counted, itemsRule(operator, size));
  const lettered = letteredColumn(left);
  if (lettered !== undefined) return say(lettered.column, ruleOf(operator, value));
  const contained = readContained(left);
  if (contained !== undefined && ((operator === ">" && size >= 0) || (operator === "<>" && size === 0))) {
    return say(contained.column, { patterns: [size > 0 ? `.{${size}}${contained.regex}` : contained.regex] });
  }
  if (contained !== undefined && operator === "=" && value === "0")
    return say(contained.column, { antipatterns: [contained.regex] });
  const part = operator === "=" ? readPart(left, value) : undefined;
  if (part !== undefined) return say(part.column, { patterns: [part.regex] });
  const call = callOf(left);
  if (/^jsonb?_array_length$/.test(call?.name ?? "")) return say(columnOf(call?.args[0]), { json: "array" });
  if (call?.name === "jsonb_typeof" || call?.name === "json_typeof") {
    return operator === "=" ? say(columnOf(call.args[0]), { json: value }) : undefined;
  }
  const extracted = readExtracted(left, operator, [size]);
  if (extracted !== undefined) return say(extracted.column, extracted.rule);
  const coordinate = readCoordinate(left);
  if (coordinate !== undefined) return say(coordinate, ruleOf(operator, value));
  return readRest(left, operator, size) ?? readExtreme(left, operator, value) ?? readSumBound(left, operator, value);
}

/** `place[0]`, of a point. */
function readCoordinate(node: Node): string | undefined {
  const bare = withoutCasts(node);
  if (!("A_Indirection" in bare)) return undefined;
  const [step, ...more] = bare.A_Indirection.indirection ?? [];
  const index = step !== undefined && "A_Indices" in step ? step.A_Indices.uidx : undefined;
  const column = columnOf(bare.A_Indirection.arg);
  const place = index === undefined ? undefined : Number(constantOf(index));
  const isCoordinate = more.length === 0 && (place === 0 || place === 1);
  return column === undefined || place === undefined || !isCoordinate ? undefined : coordinateOf(column, place);
}

/** `x % 5 = 0`, `mod(x, 2) <> 0` */
function readRest(left: Node, operator: string, rest: number): Rules | undefined {
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
function readExtreme(left: Node, operator: string, value: string): Rules | undefined {
  const bare = withoutCasts(left);
  if (!("MinMaxExpr" in bare)) return undefined;
  const columns = (bare.MinMaxExpr.args ?? []).map((arg) => columnOf(arg));
  const known = columns.filter((column) => column !== undefined);
  const rule = /^[<>]/.test(operator) && operator !== "<>" ? ruleOf(operator, value) : undefined;
  if (rule === undefined || known.length !== columns.length) return undefined;
  const isAll = operator.startsWith("<") === (bare.MinMaxExpr.op === "IS_GREATEST");
  return new Map((isAll ? known : known.slice(0, 1)).map((column) => [column, rule]));
}

function ruleOf(operator: string, value: string): ColumnRule | undefined {
  if (operator === "=") return { oneOf: [value] };
  if (operator === ">" || operator === ">=") return { min: { value, inclusive: operator === ">=" } };
  if (operator === "<" || operator === "<=") return { max: { value, inclusive: operator === "<=" } };
  if (operator !== "<>") return undefined;
  return value === "" ? { minLength: 1 } : { noneOf: [value] };
}

/** `code = upper(code)` */
function readLetters(left: Node, operator: string, right: Node): Rules | undefined {
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    const lettered = letteredColumn(one);
    if (operator === "=" && lettered !== undefined && columnOf(other) === lettered.column) {
      return say(lettered.column, { letters: lettered.letters });
    }
    const truncated = operator === "=" ? readTruncation(one, other) : undefined;
    if (truncated !== undefined) return say(truncated.column, truncated.rule);
    const capitals = operator === "=" ? capitalizedColumn(one) : undefined;
    if (capitals !== undefined && columnOf(other) === capitals) return say(capitals, { patterns: [CAPITALIZED] });
    const trimmed = measuredColumn(one);
    if (operator === "=" && trimmed !== undefined && columnOf(other) === trimmed) return say(trimmed, {});
  }
  return undefined;
}

/** `a < b`: b hangs on a. `a <> b`, `total = price * quantity`, `ends <= starts + '7 days'`. */
function compareColumns(left: Node, operator: string, right: Node): Rules | undefined {
  const [one, other] = [columnOf(left), columnOf(right)];
  const mirrored = MIRRORED[operator];
  if (one === undefined) {
    return other === undefined || mirrored === undefined
      ? readSpan(left, operator, right)
      : compareColumns(right, mirrored, left);
  }
  if (other === undefined) return readFormula(one, operator, right) ?? readOffset(one, operator, right);
  if (operator === "<>") return say(one, { differs: [other] });
  if (operator === "=") return say(one, { equals: formulaOf(right) ?? "" });
  const [later, earlier] = operator.startsWith(">") ? [one, other] : [other, one];
  return say(later, { after: { column: earlier, strict: !operator.endsWith("=") } });
}

function readFormula(column: string, operator: string, right: Node): Rules | undefined {
  const formula = operator === "=" ? formulaOf(right) : undefined;
  return formula === undefined || formula.includes(`"${column}"`) ? undefined : say(column, { equals: formula });
}

/** `ends <= starts + '7 days'` */
function readOffset(column: string, operator: string, right: Node): Rules | undefined {
  const bare = withoutCasts(right);
  if (!operator.startsWith("<") || !("A_Expr" in bare) || lastName(bare.A_Expr.name) !== "+") return undefined;
  const { lexpr, rexpr } = bare.A_Expr;
  const [earlier, within] = [columnOf(lexpr), rexpr === undefined ? undefined : lengthOfTime(rexpr)];
  if (earlier === undefined || within === undefined) return undefined;
  return say(column, { after: { column: earlier, strict: false, within } });
}

/** `ends - starts <= '7 days'` */
function readSpan(left: Node, operator: string, right: Node): Rules | undefined {
  const bare = withoutCasts(left);
  const within = lengthOfTime(right);
  if (!operator.startsWith("<") || within === undefined || !("A_Expr" in bare)) return undefined;
  const [later, earlier] = [columnOf(bare.A_Expr.lexpr), columnOf(bare.A_Expr.rexpr)];
  if (lastName(bare.A_Expr.name) !== "-" || later === undefined || earlier === undefined) return undefined;
  return say(later, { after: { column: earlier, strict: false, within } });
}

/** `a + b <= 100`, `a + b = 100`: each has its share, or the last is what is left. */
function readSumBound(left: Node, operator: string, value: string): Rules | undefined {
  const columns = summed(left);
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

function summed(node: Node): string[] | undefined {
  const column = columnOf(node);
  if (column !== undefined) return column.includes('"') ? undefined : [column];
  const bare = withoutCasts(node);
  if (!("A_Expr" in bare) || lastName(bare.A_Expr.name) !== "+" || !bare.A_Expr.lexpr || !bare.A_Expr.rexpr)
    return undefined;
  const [left, right] = [summed(bare.A_Expr.lexpr), summed(bare.A_Expr.rexpr)];
  return left === undefined || right === undefined ? undefined : [...left, ...right];
}

/** `events <@ ARRAY['a', 'b']`: the array's elements are some of those. */
function readElements(left: Node, right: Node): Rules | undefined {
  const column = columnOf(left);
  const elements = elementsOfArray(right)?.map(constantOf) ?? literalsOf(right);
  const oneOf = elements?.filter((each) => each !== undefined);
  if (column === undefined || oneOf === undefined || oneOf.length === 0 || oneOf.length !== elements?.length)
    return undefined;
  return say(elementsOf(column), { oneOf });
}

/** `settings ? 'theme'`, `settings ?& ARRAY['a', 'b']` */
function readKeys(left: Node, operator: string, right: Node): Rules | undefined {
  if (operator !== "?" && operator !== "?&") return undefined;
  const elements = operator === "?" ? [right] : (elementsOfArray(right) ?? []);
  const keys = elements.map(constantOf).filter((key) => key !== undefined);
  return keys.length === 0 || keys.length < elements.length
    ? undefined
    : say(columnOf(left), { json: "object", jsonKeys: keys });
}
