/** An error of PostgreSQL's at its place in a migration: file, line, column, a caret, and all that PostgreSQL says. */
import { EXIT, messageOf, PgroveError } from "../../errors.ts";
import { codeOf } from "../../postgres/connect.ts";
import { errorField } from "../../postgres/error-field.ts";
import { unitsOfCharacters } from "../../sql/parser.ts";
import { filePlaceAt, pointAt } from "../../sql/source-place.ts";
import { describeMigration, type Step } from "../migration.ts";
import { adviseOn } from "./advice.ts";
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
  return new PgroveError({
    code: "migration_failed",
    message: lines.join("\n"),
    hint: [...adviseOn(error), hint].join("\n"),
    exit: EXIT.failed,
    cause: error,
    place: position === undefined ? { file: step.script.file } : filePlaceAt(step.script, position),
  });
}

/** What PostgreSQL says of an open end: the rest of all that it was sent, which is ours behind the script's end. */
const OPEN_END = /^unterminated /;

/**
 * The error as it would be if the script had been sent alone: behind an open quote the rest of our own SQL is part of what
 * PostgreSQL complains of. Resolves with the error itself where nothing is left open.
 */
export async function asOfScriptAlone(error: unknown, sent: SentScript): Promise<unknown> {
  if (codeOf(error) !== "42601") return error;
  const [{ loadParser, SqlSyntaxError }, { isLeftOpen }] = await Promise.all([
    import("../../sql/parser.ts"),
    import("../../sql/blank-quoted.ts"),
  ]);
  const written = sent.text.slice(sent.offset, sent.end);
  if (!OPEN_END.test(messageOf(error)) && !isLeftOpen(written)) return error;
  try {
    (await loadParser()).parse(written);
    return error;
  } catch (alone) {
    if (!(alone instanceof SqlSyntaxError)) throw alone;
    const before = sent.text.slice(0, sent.offset) + written.slice(0, alone.position);
    const position = String([...before].length + 1);
    const message = alone.message.split("\n")[0] ?? "";
    return Object.assign(new Error(message), { code: "42601", severity: "ERROR", position });
  }
}

/** Whether it is what stands behind the script that failed: a mistake of syntax there is an open end of the script. */
export function liesBehind(error: unknown, { text }: SentScript): boolean {
  if (codeOf(error) === "42601") return false;
  return Number(errorField(error, "position")) > [...text].length + SEPARATOR.length;
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
