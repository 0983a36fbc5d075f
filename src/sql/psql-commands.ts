/** Which of psql's own commands a file of ours may hold: none that reach beyond the database. */

import { EXIT, type FilePlace, PgroveError, showFilePlace } from "../errors.ts";
import { SqlLexer } from "./lexer.ts";
import type { Script } from "./script.ts";
import { placeOf } from "./source-place.ts";

/** What cannot hurt. `\gset` and `\if` are not among it: with them a text could bring in further commands unseen. */
const HARMLESS = new Set([
  ".",
  "set",
  "unset",
  "echo",
  "qecho",
  "warn",
  "gexec",
  "timing",
  "x",
  "restrict",
  "unrestrict",
]);

/** Variables by which psql would go on behind an error, commit by other rules, or take lines of the script for answers. */
const SPECIAL = "ON_ERROR_STOP|ON_ERROR_ROLLBACK|AUTOCOMMIT|SINGLELINE|SINGLESTEP";
/** A variable's name in any other writing, such as quoted, could be one of them. */
const PLAIN_SET = new RegExp(`^\\\\(?:un)?set(?:\\s*$|\\s+(?!(?:${SPECIAL})(?:\\s|$))[A-Za-z_][A-Za-z0-9_]*(?:\\s|$))`);

const TRANSACTION = /^(?:BEGIN|START TRANSACTION|COMMIT|END|ROLLBACK(?! TO\b)|ABORT|PREPARE TRANSACTION)\b/i;
/** Another encoding than ours, in which a backslash could be half of a letter for psql and none for us. */
const OTHER_ENCODING =
  /\bclient_encoding\b(?!'?\s*(?:=|,|\bto\b)\s*E?'?UTF-?8)|\bset\s+(?:session\s+|local\s+)?names\b/i;

const MOST_SHOWN = 120;
const USUAL_HINT = `write it in SQL; of psql's own commands these are run: ${[...HARMLESS].map((name) => `\\${name}`).join(" ")}`;

const INSTEAD: Readonly<Record<string, string>> = {
  copy: "put the rows into the file: COPY table FROM STDIN; then the rows, then \\. on a line of its own",
  i: "put the other file's SQL into this one, or into a migration of its own",
  ir: "put the other file's SQL into this one, or into a migration of its own",
  gset: "let SQL do it: a DO block has variables",
  if: "let SQL do it: a DO block has IF",
};

/** What the script is, for messages. */
export interface PsqlSubject {
  /** "a migration", "a seed file" */
  noun: string;
  /** "7 add_users" */
  label: string;
  /** It is to be one transaction of ours. */
  inTransaction: boolean;
}

/**
 * Throws (exit 3) with file and line when the script holds a psql command that could read or write files, run programs
 * or go to another database; and, when it is to be one transaction of ours, when it ends that itself.
 */
export function requireHarmless(script: Script, { noun, label, inTransaction }: PsqlSubject): void {
  const refuse = (piece: string, why: string, hint: string): PgroveError =>
    refuseAt({ file: script.file, line: lineOf(script, piece) }, `${piece.slice(0, MOST_SHOWN)}\n${why}`, hint);
  const encoding = OTHER_ENCODING.exec(script.sql)?.[0];
  if (encoding !== undefined) {
    throw refuse(encoding, `${noun} is run in UTF-8`, "write the file in UTF-8, and leave the encoding out");
  }
  let restricts: string | undefined;
  const lexer = new SqlLexer({
    comment: () => undefined,
    command: (line) => {
      const isRestricted = leavesRestricted(line);
      if (isRestricted !== undefined) restricts = isRestricted ? line : undefined;
      const name = /^\\([a-z!?]+|\.)/i.exec(line)?.[1] ?? line;
      if (HARMLESS.has(name) && isPlain(name, line)) return;
      throw refuse(line, `${noun} may not reach beyond its database`, INSTEAD[name] ?? USUAL_HINT);
    },
    unclear: (what) => {
      const why = `psql may read a part of it otherwise than pgrove: ${what}`;
      throw refuseAt(
        { file: script.file },
        why,
        "say it in other words: E'' for a backslash, a new line behind COPY … FROM stdin;",
      );
    },
    statement: (text) => {
      if (!inTransaction || !TRANSACTION.test(text)) return;
      const why = `${label} is run by psql as one transaction, which this would end`;
      throw refuse(text, why, "leave it out; or write -- pgrove:no-transaction as the first line");
    },
  });
  lexer.add(Buffer.from(script.sql));
  lexer.finish();
  if (restricts !== undefined) throw refuse(restricts, "there is no \\unrestrict behind it", "leave it out");
}

/** Every quote is closed: psql would look for its end on the rest of the line, where what follows the command is told. */
const CLOSED = /^(?:[^'"]|'[^']*'|"[^"]*")*$/;

function isPlain(name: string, line: string): boolean {
  if (/[`\\]/.test(line.slice(1)) || !CLOSED.test(line)) return false;
  return (name !== "set" && name !== "unset") || PLAIN_SET.test(line);
}

const OPEN_ENDS = {
  quoted: ["a quote, a body or a comment is still open at its end", "close it"],
  rows: ["the rows of its last COPY have no end", "put \\. on a line of its own behind them"],
} as const;

/**
 * Throws (exit 3) when the script ends within something quoted or within the rows of a COPY: what psql is told behind it
 * would be taken for a part of that.
 */
export function requireEnd(script: Script): void {
  const none = () => undefined;
  const lexer = new SqlLexer({ statement: none, comment: none, command: none, unclear: none });
  lexer.add(Buffer.from(`${script.sql}\n`)); // which ends a comment
  lexer.finish();
  if (lexer.end === "commands") return;
  const [why, hint] = OPEN_ENDS[lexer.end];
  throw refuseAt({ file: script.file }, why, hint);
}

function refuseAt(place: FilePlace, said: string, hint: string): PgroveError {
  return new PgroveError({
    code: "config",
    message: `${showFilePlace(place)}: ${said}`,
    hint,
    exit: EXIT.config,
    place,
  });
}

/** The line (in the file) of a piece of the script; of a statement, whose blanks the lexer has changed, by its first word. */
function lineOf({ sql, line }: Script, piece: string): number {
  const whole = sql.indexOf(piece);
  const at = whole < 0 ? sql.indexOf(piece.split(" ")[0] ?? piece) : whole;
  return placeOf({ sql, line }, Math.max(at, 0)).line;
}

/**
 * The script with its last statement ended. A semicolon more than needed must not be added: an empty statement behind the
 * rows of a COPY is for psql 17 the end of everything, and it says nothing.
 */
export function endStatement(sql: string): string {
  const last = sql.replace(/(?:\s|--[^\r\n]*)*$/, "");
  const isEnded = last === "" || last.endsWith(";") || /(?:^|\n)[ \t]*\\[^\n]*$/.test(last);
  return isEnded ? sql : `${sql}\n;`;
}

/** Whether psql obeys no command behind this one; undefined where it changes nothing of that. */
export function leavesRestricted(line: string): boolean | undefined {
  const found = /^\\(un)?restrict\b/.exec(line);
  return found === null ? undefined : found[1] === undefined;
}
