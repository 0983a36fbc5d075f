/** One comparison of a check as rules for the columns that it is about. */
import type { Node } from "../../sql/parser.ts";
import { type ColumnRule, coordinateOf, elementsOf, type Rules } from "../rules.ts";
import {
  clockRule,
  pastYear,
  readAge,
  readExtracted,
  readLastDay,
  readSamePeriod,
  readTruncation,
} from "./check-calendar.ts";
import { readInside, readNetworkPart } from "./check-networks.ts";
import {
  callOf,
  columnOf,
  constantOf,
  elementsOfArray,
  formulaOf,
  lastName,
  longAgo,
  nameOfValue,
  withoutCasts,
  writtenOf,
} from "./check-nodes.ts";
import {
  isNumericCast,
  readExtreme,
  readProductBound,
  readRest,
  readRounded,
  readScale,
  readSumBound,
  ruleOf,
} from "./check-numbers.ts";
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
  readRemoved,
  readTextPart,
} from "./check-patterns.ts";
import { readRangeOf, readWidth } from "./check-ranges.ts";
import { readOffset, readSpan } from "./check-spans.ts";

const MIRRORED: Readonly<Record<string, string>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>" };
const OPPOSITE: Readonly<Record<string, string>> = { "<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "<>", "<>": "=" };

function say(column: string | undefined, rule: ColumnRule | undefined): Rules | undefined {
  return column === undefined || rule === undefined ? undefined : new Map([[column, rule]]);
}

interface Said {
  column: string;
  rule: ColumnRule;
}

function sayOf(read: Said | undefined): Rules | undefined {
  return read && say(read.column, read.rule);
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
  if (pattern !== undefined) return say(nameOfValue(lexpr), pattern) ?? readLetteredPattern(lexpr, pattern);
  if (operator === "@>" && !negated && isJson(rexpr)) return say(columnOf(lexpr), { oneOf: [constantOf(rexpr) ?? ""] });
  const elements =
    operator === "<@" && !negated ? (readElements(lexpr, rexpr) ?? sayOf(readRangeOf(lexpr, rexpr))) : undefined;
  if (elements !== undefined) return elements;
  const inside = negated ? undefined : readInside(lexpr, operator, rexpr);
  if (inside !== undefined) return sayOf(inside);
  const keys = readKeys(lexpr, operator, rexpr);
  if (keys !== undefined) return negated ? undefined : keys;
  const meant = negated ? OPPOSITE[operator] : operator;
  return meant === undefined ? undefined : compare(lexpr, meant, rexpr);
}

/** `'{"v": 1}'::jsonb` */
function isJson(node: Node): boolean {
  const isCast = "TypeCast" in node && lastName(node.TypeCast.typeName?.names) === "jsonb";
  return isCast && constantOf(node) !== undefined;
}

/** A function whose answer is the condition. */
function readCall(node: Node, negated: boolean): Rules | undefined {
  const name = callOf(node)?.name ?? "";
  const contained = name === "starts_with" || name === "regexp_like" ? readContained(node) : undefined;
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
  if (extracted !== undefined) return sayOf(extracted);
  const measured = isAny && !negated ? measuredColumn(left) : undefined;
  if (measured !== undefined) return say(measured, lengthRule("=", Number(known[0])));
  if (!isAny && !(kind === "AEXPR_OP_ALL" && operator === "<>")) return undefined;
  const lettered = letteredColumn(left);
  if (lettered !== undefined && isAny && !negated) return say(lettered.column, { oneOf: known });
  return say(nameOfValue(left), isAny !== negated ? { oneOf: known } : { noneOf: known });
}

/** `'{a,b}'::text[]`, `string_to_array('a,b', ',')` */
function literalsOf(node: Node): readonly string[] | undefined {
  const call = callOf(node);
  const [list, sign, ...more] = call?.name === "string_to_array" ? call.args.map(constantOf) : [];
  if (list !== undefined && sign !== undefined && more.length === 0) return list.split(sign);
  const text = "TypeCast" in node ? constantOf(node) : undefined;
  const inside = text === undefined ? undefined : /^\{([^"\\{}]+)\}$/.exec(text)?.[1];
  return inside?.split(",");
}

function compare(left: Node, operator: string, right: Node): Rules | undefined {
  const long = operator.startsWith("<") ? (longAgo(right) ?? pastYear(right)) : undefined;
  const value = long ?? constantOf(right);
  if (value !== undefined) return compareConstant(left, operator, value) ?? readLength(left, operator, right);
  const mirrored = MIRRORED[operator];
  if (constantOf(left) !== undefined && mirrored !== undefined) return compare(right, mirrored, left);
  return readUnchanged(left, operator, right) ?? compareColumns(left, operator, right);
}

/** What is compared with a length of time, or a number of days. */
function readLength(left: Node, operator: string, right: Node): Rules | undefined {
  return sayOf(readAge(left, operator, right) ?? readWidth(left, operator, right) ?? readSpan(left, operator, right));
}

function compareConstant(left: Node, operator: string, value: string): Rules | undefined {
  const column = nameOfValue(left);
  if (column !== undefined) {
    const rule = clockRule(left, operator, value) ?? ruleOf(operator, value);
    return say(column, rule && isNumericCast(left) ? { ...rule, numeric: true } : rule);
  }
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
  if (/^jsonb?_array_length$/.test(call?.name ?? "")) return say(nameOfValue(call?.args[0]), { json: "array" });
  if (call?.name === "jsonb_typeof" || call?.name === "json_typeof") {
    return operator === "=" ? say(nameOfValue(call.args[0]), { json: value }) : undefined;
  }
  const read =
    readExtracted(left, operator, [size]) ??
    readNetworkPart(left, operator, size) ??
    readTextPart(left, operator, value);
  if (read !== undefined) return sayOf(read);
  const coordinate = readCoordinate(left);
  if (coordinate !== undefined) return say(coordinate, ruleOf(operator, value));
  return (
    readRest(left, operator, size) ??
    readScale(left, operator, size) ??
    readExtreme(left, operator, value) ??
    readSumBound(left, operator, value) ??
    readProductBound(left, operator, value)
  );
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

/** `code = upper(code)`: a column that is what a function makes of it. */
function readUnchanged(left: Node, operator: string, right: Node): Rules | undefined {
  if (operator !== "=") return undefined;
  for (const [made, column] of [
    [left, columnOf(right)],
    [right, columnOf(left)],
  ] as const) {
    if (column !== undefined && lettersOf(made)?.column === column) return sayOf(lettersOf(made));
    const read =
      readTruncation(made, made === left ? right : left) ?? (column === undefined ? undefined : readKept(made, column));
    if (read !== undefined) return sayOf(read);
  }
  return undefined;
}

function readKept(made: Node, column: string): Said | undefined {
  if (capitalizedColumn(made) === column) return { column, rule: { patterns: [CAPITALIZED] } };
  if (measuredColumn(made) === column) return { column, rule: {} }; // trim(name) = name
  const last = readLastDay(made, column);
  if (last !== undefined) return last;
  return [readRounded(made), readRemoved(made)].find((read) => read?.column === column);
}

function lettersOf(made: Node): Said | undefined {
  const lettered = letteredColumn(made);
  return lettered && { column: lettered.column, rule: { letters: lettered.letters } };
}

/** `a < b`: b hangs on a. `a <> b`, `total = price * quantity`, `ends <= starts + '7 days'`. */
function compareColumns(left: Node, operator: string, right: Node): Rules | undefined {
  const near = operator === "=" ? readSamePeriod(left, right) : undefined;
  if (near !== undefined) return near;
  const [one, other] = [columnOf(left), columnOf(right)];
  const mirrored = MIRRORED[operator];
  if (one === undefined) {
    return other === undefined || mirrored === undefined
      ? sayOf(readSpan(left, operator, right))
      : compareColumns(right, mirrored, left);
  }
  if (other === undefined)
    return (
      readFormula(one, operator, right) ?? readComputed(one, operator, right) ?? sayOf(readOffset(one, operator, right))
    );
  if (one === other) return say(one, {}); // n = n: it is not NaN
  if (operator === "<>") return say(one, { differs: [other] });
  if (operator === "=") return say(one, { equals: formulaOf(right) ?? "" });
  const [later, earlier] = operator.startsWith(">") ? [one, other] : [other, one];
  return say(later, { after: { column: earlier, strict: !operator.endsWith("=") } });
}

function readFormula(column: string, operator: string, right: Node): Rules | undefined {
  const formula = operator === "=" ? formulaOf(right) : undefined;
  return formula === undefined || formula.includes(`"${column}"`) ? undefined : say(column, { equals: formula });
}

/** `slug = my_slug(title)`, `code = upper(btrim(code))`: what only PostgreSQL can compute. */
function readComputed(column: string, operator: string, right: Node): Rules | undefined {
  const computed = operator === "=" ? writtenOf(right) : undefined;
  return computed === undefined || computed.columns.length === 0 ? undefined : say(column, { computed });
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
