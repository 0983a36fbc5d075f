/** What the expressions of unique indexes and generated columns are computed from, and what makes their values differ. */

import { quoteIdentifier } from "../../postgres/identifier.ts";
import type { Node, SqlParser } from "../../sql/parser.ts";
import type { TableShape } from "../entity.ts";
import { callOf, columnOf, constantOf, lastName, withoutCasts } from "./check-nodes.ts";
import { readCondition } from "./infer-checks.ts";
import type { CheckCase } from "./read-cases.ts";

/**
 * How a column has to differ for what is computed from it to differ: as it is; as letters, since other characters may be
 * taken out or the text be cut; in days, months or years; or by a member of its JSON.
 */
export type Differing =
  | { by: "value" | "letters" }
  | { by: "span"; days: number }
  | { by: "member"; path: readonly string[] };

/** One column of a key. */
export interface KeyColumn {
  name: string;
  differing: Differing;
  /** Where it is NULL the key has a value all the same. */
  covered?: boolean;
}

const AS_IT_IS: Differing = { by: "value" };

/** Columns, or what is computed from columns, that must differ together. */
export interface TableKey {
  /** Its columns by their names alone, which is how files of the first version have it. */
  columns: readonly string[];
  /** Its columns, expressions and generated columns being what they are computed from. */
  sources: readonly KeyColumn[];
  /** Of an exclusion: the column of a range that overlaps with no other one, or the two columns that it is made of. */
  stretch?: readonly string[];
  /** Of a partial index: the ways in which a row is one of those that it is about. */
  where?: readonly CheckCase[];
}

/** All keys of a table. The parser is asked for only where there are expressions. */
export async function readTableKeys(table: TableShape, loadParser: () => Promise<SqlParser>): Promise<TableKey[]> {
  const isGenerated = (name: string) =>
    table.columns.some((each) => each.name === name && each.expression !== undefined);
  const plain = (columns: readonly string[]): TableKey => ({
    columns,
    sources: columns.map((name) => ({ name, differing: AS_IT_IS })),
  });
  const keys: TableKey[] = [];
  for (const columns of [table.primaryKey, ...table.uniques.map((each) => each.columns)]) {
    const elements = columns.some(isGenerated) ? columns.map((name) => quoteIdentifier(name)) : undefined;
    keys.push(
      elements === undefined ? plain(columns) : { columns, sources: readSources(await loadParser(), table, elements) },
    );
  }
  for (const { columns, elements, overlapping = [], predicate } of table.apart ?? []) {
    if (elements === undefined) {
      keys.push(plain(columns));
      continue;
    }
    const parser = await loadParser();
    const where = predicate === undefined ? {} : { where: readCondition(parser, predicate) };
    keys.push({ columns, ...readApart(parser, table, elements, overlapping), ...where });
  }
  return keys;
}

function readApart(
  parser: SqlParser,
  table: TableShape,
  elements: readonly string[],
  overlapping: readonly string[],
): Omit<TableKey, "columns"> {
  const sources = readSources(parser, table, elements);
  const [element] = overlapping;
  const stretch = element === undefined ? [] : readSources(parser, table, [element]).map(({ name }) => name);
  return stretch.length === 1 || stretch.length === 2 ? { sources, stretch } : { sources };
}

/** The sources of a key's elements, as SQL has them. */
function readSources(parser: SqlParser, table: TableShape, elements: readonly string[]): KeyColumn[] {
  const found = elements.flatMap((element) => readElement(parser, table, element));
  return found.filter((each, at) => found.findIndex(({ name }) => name === each.name) === at);
}

function readElement(parser: SqlParser, table: TableShape, element: string): KeyColumn[] {
  const [statement] = parser.parse(`select ${element}`);
  const node = statement?.node;
  const target = node !== undefined && "SelectStmt" in node ? node.SelectStmt.targetList?.[0] : undefined;
  const value = target !== undefined && "ResTarget" in target ? target.ResTarget.val : undefined;
  return value === undefined ? [] : sourcesOf(parser, table, value);
}

function sourcesOf(parser: SqlParser, table: TableShape, node: Node): KeyColumn[] {
  const within = (inner: Node) => sourcesOf(parser, table, inner);
  if ("TypeCast" in node && node.TypeCast.arg !== undefined) {
    const sources = within(node.TypeCast.arg);
    return lastName(node.TypeCast.typeName?.names) === "date" ? bySpan(sources, 1) : sources;
  }
  const name = columnOf(node);
  if (name !== undefined) {
    const column = table.columns.find((each) => each.name === name);
    return column?.expression === undefined
      ? [{ name, differing: AS_IT_IS }]
      : readElement(parser, table, column.expression);
  }
  const member = memberOf(node);
  if (member !== undefined) return [member];
  const call = callOf(node);
  if (call !== undefined) return ofCall(call.name, call.args, within);
  if ("A_Expr" in node)
    return [node.A_Expr.lexpr, node.A_Expr.rexpr].flatMap((each) => (each === undefined ? [] : within(each)));
  if ("CoalesceExpr" in node) return cover((node.CoalesceExpr.args ?? []).flatMap(within));
  if ("CaseExpr" in node) {
    const { args = [], defresult } = node.CaseExpr;
    const results = args.map((each) => ("CaseWhen" in each ? each.CaseWhen.result : undefined));
    return cover([...results, defresult].flatMap((each) => (each === undefined ? [] : within(each))));
  }
  return [];
}

function cover(sources: readonly KeyColumn[]): KeyColumn[] {
  return sources.map((each) => ({ ...each, covered: true }));
}

/** Functions that leave different texts different, or nearly always so. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...["lower", "upper", "btrim", "ltrim", "rtrim", "initcap", "unaccent", "normalize", "casefold", "reverse", "concat"],
  ...["concat_ws", "md5", "sha224", "sha256", "sha384", "sha512", "digest", "encode", "convert_to", "replace", "abs"],
  ...[
    "to_hex",
    "to_char",
    "coalesce",
    "timezone",
    "hashtext",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "tstzrange",
  ],
  ...["daterange", "jsonb_build_object", "jsonb_build_array", "array_to_string", "greatest", "least"],
]);

const SPANS: Readonly<Record<string, number>> = { day: 1, week: 8, month: 31, quarter: 93, year: 366 };

function ofCall(name: string, args: readonly Node[], within: (node: Node) => KeyColumn[]): KeyColumn[] {
  const sources = args.flatMap(within);
  if (name === "date") return bySpan(sources, 1);
  if (name === "date_trunc" || name === "date_part" || name === "extract") {
    const [unit] = args;
    return bySpan(sources, SPANS[(unit === undefined ? undefined : constantOf(unit)) ?? ""] ?? 0);
  }
  if (name.startsWith("concat")) return cover(sources);
  if (HARMLESS.has(name) || name.endsWith("unaccent")) return sources;
  return sources.map((each) => (each.differing.by === "value" ? { ...each, differing: { by: "letters" } } : each));
}

/** Times that are the same within so many days differ by more than that. */
function bySpan(sources: readonly KeyColumn[], days: number): KeyColumn[] {
  if (days === 0) return [...sources];
  return sources.map((each) => ({ ...each, differing: { by: "span", days } }));
}

/** `data ->> 'key'`, `data #>> '{a,b}'`, `(data -> 'a') ->> 'b'` */
function memberOf(node: Node): KeyColumn | undefined {
  const bare = withoutCasts(node);
  if (!("A_Expr" in bare) || bare.A_Expr.lexpr === undefined || bare.A_Expr.rexpr === undefined) return undefined;
  const operator = lastName(bare.A_Expr.name);
  const key = constantOf(bare.A_Expr.rexpr);
  if (key === undefined || !["->", "->>", "#>", "#>>"].includes(operator)) return undefined;
  const path = operator.startsWith("#") ? key.replace(/^\{|\}$/g, "").split(",") : [key];
  const outer = memberOf(bare.A_Expr.lexpr);
  if (outer?.differing.by === "member")
    return { ...outer, differing: { by: "member", path: [...outer.differing.path, ...path] } };
  const name = columnOf(bare.A_Expr.lexpr);
  return name === undefined ? undefined : { name, differing: { by: "member", path } };
}
