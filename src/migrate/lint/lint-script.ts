/** One script as the lint reads it: its statements, those inside bodies included, each with what gives it its place. */

import { blankQuoted } from "../../sql/blank-quoted.ts";
import { parseScript, type ScriptStatement } from "../../sql/parse-script.ts";
import { type Node, type SqlParser, SqlSyntaxError } from "../../sql/parser.ts";
import { readBody } from "./bodies.ts";

export interface LintStatement extends ScriptStatement {
  /** What stands in the body of a DO block or a function. */
  body:
    | { kind: "do" | "function"; statements: readonly { node: Node; start: number; text: string | undefined }[] }
    | undefined;
}

export interface LintScript {
  statements: readonly LintStatement[];
  syntaxError?: { message: string; position: number };
}

/** The script's statements; what psql alone understands is left out. */
export function readScript(parser: SqlParser, sql: string): LintScript {
  try {
    return { statements: withBodies(parser, sql, parseScript(parser, sql)) };
  } catch (error) {
    if (!(error instanceof SqlSyntaxError)) throw error;
    const plain = blankPsql(sql);
    if (plain !== sql) return readScript(parser, plain);
    return { statements: [], syntaxError: { message: error.message, position: error.position } };
  }
}

function withBodies(parser: SqlParser, sql: string, statements: readonly ScriptStatement[]): LintStatement[] {
  return statements.map((statement) => ({ ...statement, body: readBody(parser, sql, statement) }));
}

const COPY_FROM_STDIN = /\bcopy\b[^;]*\bfrom\s+(?:stdin|pstdin)\b[^;]*;[^\n]*\n/gi;
const COPY_END = /^\\\.[ \t]*\r?$/m;

/** The script with psql's own commands, and the rows behind COPY … FROM STDIN, as spaces. */
function blankPsql(sql: string): string {
  let plain = sql;
  // Each COPY is looked for anew: rows may look like anything.
  const pattern = new RegExp(COPY_FROM_STDIN);
  for (let found = pattern.exec(blankQuoted(plain)); found !== null; found = pattern.exec(blankQuoted(plain))) {
    const from = found.index + found[0].length;
    const end = COPY_END.exec(plain.slice(from));
    const to = end === null ? plain.length : from + end.index + end[0].length;
    plain = plain.slice(0, from) + spaces(plain.slice(from, to)) + plain.slice(to);
    pattern.lastIndex = to;
  }
  const quiet = blankQuoted(plain);
  // \gexec and the like end a statement that has no semicolon.
  return plain.replace(/\\[^\n]*/g, (command, at: number) =>
    quiet[at] === "\\" ? `;${spaces(command.slice(1))}` : command,
  );
}

function spaces(text: string): string {
  return text.replace(/[^\n]/g, " ");
}
