/** The statements of scripts of any size: the parser's memory, WebAssembly's, ends at some tens of megabytes of SQL. */

import { blankQuoted } from "./blank-quoted.ts";
import { type ParsedStatement, type SqlParser, SqlSyntaxError } from "./parser.ts";

/** In UTF-16 units. One piece is parsed in about 0.2 s. */
const PIECE_LENGTH = 1_000_000;

export interface ScriptStatement extends ParsedStatement {
  /** From where on in the script the locations in the node count, in bytes. */
  base: number;
}

/** As `parser.parse`, piece by piece where the script is long. Throws SqlSyntaxError. */
export function parseScript(parser: SqlParser, sql: string, pieceLength = PIECE_LENGTH): ScriptStatement[] {
  if (sql.length <= pieceLength) return parser.parse(sql).map((each) => ({ ...each, base: 0 }));
  const blanked = blankQuoted(sql);
  const pieces: ScriptStatement[][] = [];
  for (let from = 0; from < sql.length; ) {
    const piece = parsePiece(parser, sql, from, blanked, pieceLength);
    pieces.push(piece.statements);
    from = piece.end;
  }
  return pieces.flat();
}

/** The statements from a place on up to a semicolon that ends one: not each does, in the body of a function it may be none. */
function parsePiece(parser: SqlParser, sql: string, from: number, blanked: string, pieceLength: number) {
  for (let length = pieceLength; ; length *= 2) {
    const semicolon = blanked.indexOf(";", from + length);
    const end = semicolon < 0 ? sql.length : semicolon + 1;
    const text = sql.slice(from, end);
    try {
      return { statements: parser.parse(text).map((each) => moveBy(each, from)), end };
    } catch (error) {
      if (!(error instanceof SqlSyntaxError)) throw error;
      const isCutOff = end < sql.length && error.position >= text.length - 1;
      if (!isCutOff) throw new SqlSyntaxError(error.message, error.position + from);
    }
  }
}

function moveBy({ node, start, end }: ParsedStatement, by: number): ScriptStatement {
  return { node, start: start + by, end: end + by, base: by };
}
