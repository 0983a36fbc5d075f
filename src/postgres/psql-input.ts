/**
 * How input for psql ends early. At the end of its input psql runs what it has of a statement, and commits the rows that
 * a COPY has so far. So the unfinished is taken back first, by words of psql's own: they need no second session, and come
 * behind everything that was sent, however long that is on its way.
 */

import type { Command } from "../sys/process.ts";
import type { PgTool, ToolOptions } from "./toolbox.ts";

/** More columns than a table can have. */
const TOO_MANY = 1601;

/** What may stand between the columns of COPY's rows: every ASCII character but these. */
const DELIMITERS = Array.from({ length: 127 }, (_, code) => String.fromCharCode(code)).filter(
  (character) => !/[\0\r\n\\.a-z0-9"]/.test(character),
);

/** A row that COPY refuses, whatever its table and its delimiter. */
export const IMPOSSIBLE_ROW = DELIMITERS.map((delimiter) => delimiter.repeat(TOO_MANY)).join("");

/**
 * A statement is dropped (`\r`), and nothing that follows is run (`\if false`); what ends within quotes or a comment is no
 * statement for the server anyway. A COPY fails by its rows, also when one of them ends within quotes.
 */
const TAKE_BACK = `\n\\r\n\\if false\n${IMPOSSIBLE_ROW}\n"\n${IMPOSSIBLE_ROW}\n`;

/** What a program's command says about input that ends early: only psql acts on half of it. */
export function takingBack(tool: PgTool, { input }: ToolOptions): Pick<Command, "takeBack"> {
  return tool === "psql" && input === true ? { takeBack: TAKE_BACK } : {};
}
