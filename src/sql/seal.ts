/**
 * A script for a psql that obeys no command in it, but for those that were found harmless: around each of them it is told so
 * by a key that nobody else knows. However the rest of the script is read, psql does no more than hand it to the server.
 */
import { SqlLexer } from "./lexer.ts";
import type { Place } from "./listener.ts";
import { countLineBreaks } from "./source-place.ts";

interface Found extends Place {
  line: string;
}

/** The end of a COPY's rows is no command where psql reads rows. */
const ROWS_END = /^\\\.$/;
const RESTRICTS = /^\\(?:un)?restrict\b/;

export interface SealedScript {
  sql: string;
  /** The line of the script that a line of the sealed one is, both from 1. */
  lineOf(line: number): number;
}

/**
 * The script with each of its commands on a line of its own, since `\unrestrict` takes all of its line for the key. Its own
 * `\restrict` and `\unrestrict` are taken out: psql would take the one for an error, and the other for the wrong key.
 */
export function sealScript(sql: string, key: string): SealedScript {
  const bytes = Buffer.from(sql);
  const found: Found[] = [];
  const lexer = new SqlLexer({
    statement: () => undefined,
    comment: () => undefined,
    unclear: () => undefined, // who has found the commands harmless refuses it
    command: (line, _whole, place) => found.push({ ...place, line }),
  });
  lexer.add(bytes);
  lexer.finish();
  let text = "";
  let from = 0;
  const added: number[] = [];
  let lines = 1;
  for (const { start, end, line } of found) {
    const before = bytes.toString("utf8", from, start);
    const command = sealCommand(line, key);
    lines += countLineBreaks(before);
    for (let each = countLineBreaks(command); each > 0; each--) added.push(++lines);
    text += before + command;
    from = end;
  }
  return {
    sql: text + bytes.toString("utf8", from),
    lineOf: (line) => line - added.filter((each) => each <= line).length,
  };
}

function sealCommand(line: string, key: string): string {
  if (RESTRICTS.test(line)) return "";
  return ROWS_END.test(line) ? line : `\n\\unrestrict ${key}\n${line} \\restrict ${key}`;
}
