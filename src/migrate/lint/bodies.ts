/** The SQL inside DO blocks and functions, as far as it stands there as text. */

import type { DefElem } from "libpg-query";
import { findPart, partsOf, visitParts } from "../../sql/nodes.ts";
import type { Node, ParsedStatement, SqlParser } from "../../sql/parser.ts";
import { SqlSyntaxError } from "../../sql/parser.ts";
import { objectAt } from "../../sys/untyped.ts";

/** A statement of a body. */
export interface BodyStatement {
  node: Node;
  /** Where it stands in the whole script, in UTF-16 units; the body's beginning where that cannot be told. */
  start: number;
  /** The text that the node's locations count in, when it stands in the script as it is. */
  text: string | undefined;
}

export interface Body {
  kind: "do" | "function";
  statements: readonly BodyStatement[];
}

/** The statements in the body of a DO block or a function; undefined of other statements. */
export function readBody(parser: SqlParser, script: string, { node, start, end }: ParsedStatement): Body | undefined {
  const block = findPart(node, "DoStmt");
  const definition = findPart(node, "CreateFunctionStmt");
  const options = partsOf(block?.args ?? definition?.options, "DefElem");
  if (block === undefined && definition === undefined) return undefined;
  const kind = block === undefined ? "function" : "do";
  const whole: BodyPlace = { script, start, end };
  const language = textOf(options, "language")?.toLowerCase() ?? (block === undefined ? "sql" : "plpgsql");
  if (definition?.sql_body !== undefined) return { kind, statements: atomicStatements(definition.sql_body, start) };
  const body = textOf(options, "as");
  if (body === undefined || !["sql", "plpgsql"].includes(language)) return { kind, statements: [] };
  if (language === "sql") return { kind, statements: parseAt(parser, body, whole) };
  const pieces = plpgsqlPieces(parser, script.slice(start, end));
  const bodyStart = Math.max(start, script.indexOf(body, start));
  const statements = pieces.flatMap(({ sql, line }) =>
    parseAt(parser, sql, { ...whole, start: startOfLine(script, bodyStart, line) }),
  );
  return { kind, statements };
}

interface BodyPlace {
  script: string;
  start: number;
  end: number;
}

/** Parses SQL that stands somewhere behind the place's start; what does not parse is left to PostgreSQL. */
function parseAt(parser: SqlParser, sql: string, { script, start, end }: BodyPlace): BodyStatement[] {
  const found = script.indexOf(sql, start);
  const inside = found >= 0 && found < end;
  try {
    return parser.parse(sql).map((statement) => ({
      node: statement.node,
      start: inside ? found + statement.start : start,
      text: inside ? sql : undefined,
    }));
  } catch (error) {
    if (error instanceof SqlSyntaxError) return [];
    throw error;
  }
}

/** `BEGIN ATOMIC … END`: its nodes are part of the script's own tree. */
function atomicStatements(body: Node, start: number): BodyStatement[] {
  const lists = partsOf(findPart(body, "List")?.items, "List");
  const nodes = lists.length > 0 ? lists.flatMap(({ items }) => items ?? []) : [body];
  return nodes.map((node) => ({ node, start, text: undefined }));
}

/** A text option of CREATE FUNCTION or DO: `LANGUAGE plpgsql`, `AS '…'`. */
function textOf(options: readonly DefElem[], name: string): string | undefined {
  const argument = options.find(({ defname }) => defname === name)?.arg;
  const items = findPart(argument, "List")?.items;
  return findPart(items === undefined ? argument : items[0], "String")?.sval;
}

interface Piece {
  sql: string;
  /** In the body, from 1. */
  line: number;
}

/** Where a statement of PL/pgSQL has its SQL. */
const QUERY_KEYS: Readonly<Record<string, string>> = {
  PLpgSQL_stmt_execsql: "sqlstmt",
  PLpgSQL_stmt_dynexecute: "query",
  PLpgSQL_stmt_return_query: "query",
  PLpgSQL_stmt_fors: "query",
};

/** Statements of PL/pgSQL that are SQL, and EXECUTE of a constant string. */
function plpgsqlPieces(parser: SqlParser, statement: string): Piece[] {
  const pieces: Piece[] = [];
  visitKeys(parser.parsePlpgsql(statement), (key, value) => {
    const place = Object.hasOwn(QUERY_KEYS, key) ? QUERY_KEYS[key] : undefined;
    if (place === undefined) return;
    const query = textAt(value, [place, "PLpgSQL_expr", "query"]);
    const line = Number(textAt(value, ["lineno"]) ?? 1);
    const sql = key === "PLpgSQL_stmt_dynexecute" ? constantOf(parser, query) : query;
    if (sql !== undefined) pieces.push({ sql, line });
  });
  return pieces;
}

/** The text of an expression that is nothing but a string. */
function constantOf(parser: SqlParser, expression: string | undefined): string | undefined {
  if (expression === undefined || !/^\s*([eE]?'|\$)/.test(expression)) return undefined;
  try {
    let text: string | undefined;
    const select = findPart(parser.parse(`select ${expression}`)[0]?.node, "SelectStmt");
    visitParts(partsOf(select?.targetList, "ResTarget")[0]?.val, "A_Const", ({ sval }) => {
      text = sval?.sval;
    });
    return text;
  } catch (error) {
    if (error instanceof SqlSyntaxError) return undefined;
    throw error;
  }
}

function visitKeys(tree: unknown, visit: (key: string, value: unknown) => void): void {
  if (typeof tree !== "object" || tree === null) return;
  for (const [key, value] of Object.entries(tree)) {
    visit(key, value);
    visitKeys(value, visit);
  }
}

/** The text or number at the end of a path of keys. */
function textAt(tree: unknown, path: readonly string[]): string | undefined {
  let value = tree;
  for (const key of path) value = objectAt(value, key);
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** Where a line of a text begins that itself begins at `from`; its first line is 1. */
function startOfLine(script: string, from: number, line: number): number {
  let at = from;
  for (let left = line - 1; left > 0; left--) {
    const next = script.indexOf("\n", at);
    if (next < 0) return at;
    at = next + 1;
  }
  return at;
}
