/**
 * PostgreSQL's own parser, that of PostgreSQL 18, as WebAssembly (libpg-query). Its bytes are part of the binary: the
 * package by itself reads them from the folder that it was built in.
 */
import type { Node, ParseResult } from "libpg-query";
import createModule, { type PgQueryModule } from "libpg-query/wasm/libpg-query.js";
import wasmPath from "libpg-query/wasm/libpg-query.wasm" with { type: "file" };
import { once } from "../sys/once.ts";

export type { Node };

/** One statement of a script. Positions count UTF-16 units of the script, as JavaScript does. */
export interface ParsedStatement {
  node: Node;
  /** Where its first word begins, behind white space and comments. */
  start: number;
  /** Behind its last character; its semicolon is not part of it. */
  end: number;
}

/** What PostgreSQL's grammar does not accept. */
export class SqlSyntaxError extends Error {
  /** Where in the script, in UTF-16 units. */
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.name = "SqlSyntaxError";
    this.position = position;
  }
}

export interface SqlParser {
  /** The statements of a script. Throws SqlSyntaxError. psql's own commands and COPY data are not SQL. */
  parse(script: string): ParsedStatement[];
  /** What PL/pgSQL makes of `CREATE FUNCTION …` or `DO …`, as its plpgsql_funcs; undefined when it makes nothing of it. */
  parsePlpgsql(statement: string): unknown;
}

/** The parser, loaded once: about 20 ms. */
export const loadParser: () => Promise<SqlParser> = once(async () => {
  const module = await createModule({ locateFile: () => wasmPath });
  return {
    parse: (script: string) => parseScript(module, script),
    parsePlpgsql: (statement: string) => parseFunction(module, statement),
  };
});

function parseScript(module: PgQueryModule, script: string): ParsedStatement[] {
  if (script.trim() === "") return [];
  const result = withText(module, script, (text) => module._wasm_parse_query_raw(text));
  try {
    // struct { char *parse_tree; char *stderr_buffer; PgQueryError *error }
    const error = module.getValue(result + 8, "i32");
    if (error !== 0) throw readError(module, error, script);
    const tree: ParseResult = JSON.parse(module.UTF8ToString(module.getValue(result, "i32")));
    const offsets = new ByteOffsets(script);
    return (tree.stmts ?? []).flatMap(({ stmt, stmt_location: location = 0, stmt_len: length }) => {
      if (stmt === undefined) return [];
      const start = skipBlank(script, offsets.toUnits(location));
      const end = length === undefined ? script.trimEnd().length : offsets.toUnits(location + length);
      return [{ node: stmt, start, end }];
    });
  } finally {
    module._wasm_free_parse_result(result);
  }
}

/** struct PgQueryError { char *message, *funcname, *filename; int lineno, cursorpos }, whose position counts characters. */
function readError(module: PgQueryModule, error: number, script: string): SqlSyntaxError {
  const message = module.UTF8ToString(module.getValue(error, "i32"));
  const character = Math.max(0, module.getValue(error + 16, "i32") - 1);
  return new SqlSyntaxError(message, unitsOfCharacters(script, character));
}

function parseFunction(module: PgQueryModule, statement: string): unknown {
  const result = withText(module, statement, (text) => module._wasm_parse_plpgsql(text));
  try {
    const text = module.UTF8ToString(result);
    if (!text.startsWith("{")) return undefined;
    const parsed: { plpgsql_funcs?: unknown } = JSON.parse(text);
    return parsed.plpgsql_funcs;
  } finally {
    module._wasm_free_string(result);
  }
}

function withText(module: PgQueryModule, text: string, body: (pointer: number) => number): number {
  const bytes = module.lengthBytesUTF8(text) + 1;
  const pointer = module._malloc(bytes);
  try {
    module.stringToUTF8(text, pointer, bytes);
    return body(pointer);
  } finally {
    module._free(pointer);
  }
}

/** Positions in a text's UTF-8, asked for in rising order, as positions in the text. */
class ByteOffsets {
  private bytes = 0;
  private units = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toUnits(byte: number): number {
    while (this.bytes < byte && this.units < this.text.length) {
      const point = this.text.codePointAt(this.units) ?? 0;
      this.bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
      this.units += point < 0x10000 ? 1 : 2;
    }
    return this.units;
  }
}

/** A position that PostgreSQL counts in characters, from 0, as one in a JavaScript string. */
export function unitsOfCharacters(text: string, characters: number): number {
  let units = 0;
  for (let left = characters; left > 0 && units < text.length; left--) {
    units += (text.codePointAt(units) ?? 0) < 0x10000 ? 1 : 2;
  }
  return units;
}

const BLANK = /(?:\s+|--[^\r\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/)*/y;

function skipBlank(script: string, from: number): number {
  BLANK.lastIndex = from;
  return from + (BLANK.exec(script)?.[0].length ?? 0);
}
