/** An error of PostgreSQL's at its place in a migration: file, line, column, a caret, and all that PostgreSQL says. */
import { failure, messageOf } from "../../errors.ts";
import { codeOf } from "../../postgres/connect.ts";
import { errorField } from "../../postgres/error-field.ts";
import { unitsOfCharacters } from "../../sql/parser.ts";
import { pointAt } from "../../sql/source-place.ts";
import { describeMigration, type Step } from "../migration.ts";
import { isServerError } from "./server-error.ts";

/** What was sent, and where the script lies in it. */
export interface SentScript {
  step: Step;
  /** The whole text that PostgreSQL was given. */
  text: string;
  /** Where the script's part begins in that text, and where in the script: both in UTF-16 units. */
  offset: number;
  begins: number;
  /** Behind the script's part of that text. */
  end: number;
  /** Where the statement that failed begins in the script, where that is known. */
  statement?: number;
}

/** What stands behind a script when it is sent. What an open end lacks, PostgreSQL misses there. */
const SEPARATOR = "\n;\n";

/**
 * The error in words, `after` and `hint` being what became of the database and what to type. Anything but an error that
 * PostgreSQL has answered with stays as it is. The fields: https://www.postgresql.org/docs/current/protocol-error-fields.html
 */
export function explainScriptError(error: unknown, sent: SentScript, after: string, hint: string): unknown {
  if (!isServerError(error)) return error;
  const { step } = sent;
  const what = `${step.script.file}: ${describeMigration(step)}`;
  const head = `${errorField(error, "severity") ?? "ERROR"}: ${messageOf(error)} (${codeOf(error)})`;
  const position = positionIn(error, sent) ?? sent.statement;
  const place = position === undefined ? `${what}: ${head}` : pointAt(step.script, position, head);
  const lines = [place, ...furtherWords(error), after];
  return failure("migration_failed", lines.join("\n"), [...advice(error), hint].join("\n"), error);
}

/** Where in the script, in UTF-16 units; undefined where PostgreSQL names no place, or one outside of the script. */
function positionIn(error: unknown, { text, offset, begins, end }: SentScript): number | undefined {
  const characters = Number(errorField(error, "position"));
  if (!Number.isInteger(characters) || characters < 1) return undefined;
  const units = unitsOfCharacters(text, characters - 1);
  if (units < offset || [...text].length + SEPARATOR.length < characters) return undefined;
  return Math.min(units, end) - offset + begins;
}

function furtherWords(error: unknown): string[] {
  const named = [
    ["detail", "DETAIL"],
    ["hint", "HINT"],
    ["internal_query", "QUERY"],
    ["where", "CONTEXT"],
  ] as const;
  return named.flatMap(([name, label]) => {
    const value = errorField(error, name);
    return value === undefined ? [] : [`${label}: ${value}`];
  });
}

/** What to change for the errors that our own settings cause. */
function advice(error: unknown): string[] {
  switch (codeOf(error)) {
    case "55P03":
      return ["somebody holds a lock for longer than migrations.lock_timeout (default 5s): pgrove status"];
    case "57014":
      return ["--statement-timeout 10m    gives each statement more time; 0 gives it all"];
    case "25006":
      return ["the database can only be read: name the primary server, not a replica"];
    default:
      return [];
  }
}
