/** SQL on its way to psql, without what the server or the psql does not take, and what is not wanted. */

import { failure } from "../errors.ts";
import { SqlLexer } from "../sql/lexer.ts";
import type { Place } from "../sql/listener.ts";
import { HeldBytes } from "./held-bytes.ts";
import { blank, findLeftOut, settingOf } from "./left-out.ts";
import { OwnDatabase } from "./own-database.ts";
import { setsNoPath } from "./search-path.ts";
import { Superfluous } from "./superfluous.ts";
import { isSkipped, type Skipping, wantOf } from "./wants.ts";

export interface Leaving {
  /** `\restrict` and `\unrestrict`. */
  restrict: boolean;
  /** The columns' options that are left out. */
  options: boolean;
  /** The settings that the server does not know. */
  settings: readonly string[];
  /** What a new database does not need. */
  superfluous: boolean;
  /** What is not wanted. */
  skipping?: Skipping | undefined;
  /** That no schema is searched. */
  emptyPath: boolean;
}

/**
 * The SQL with those statements, parts of statements and commands blanked; rows and strings that read the same stay. The
 * statement that is being read is held back until it has ended. `told` is given each as it is read.
 */
export async function* filterSql(
  source: AsyncIterable<Uint8Array>,
  leaving: Leaving,
  told: (text: string) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  const held = new HeldBytes();
  const superfluous = new Superfluous();
  const own = new OwnDatabase();
  const parts: Place[] = [];
  const lexer = new SqlLexer({
    comment: (line) => superfluous.comment(line),
    unclear: () => undefined, // the scan refuses it
    command: (line, _whole, place) => {
      if (leaving.restrict && /^\\(?:un)?restrict\b/.test(line)) parts.push(place);
      else if (leaving.superfluous && own.enters(line)) parts.push(place);
    },
    statement: (text, place) => {
      told(text);
      const isSuperfluous = leaving.superfluous && (own.takes(text) || superfluous.includes(text));
      const bytes = held.at(place);
      if (bytes === undefined) {
        requireTaken(text, leaving);
        return;
      }
      if (isSuperfluous || isLeft(text, bytes, leaving)) parts.push(place);
      if (!leaving.options) return;
      for (const { start, end } of findLeftOut(bytes).parts) {
        parts.push({ start: place.start + start, end: place.start + end });
      }
    },
  });
  const blankParts = () => {
    held.change((bytes, from) => blank(bytes, parts, from));
    parts.length = 0;
  };
  for await (const chunk of source) {
    held.add(new Uint8Array(chunk));
    lexer.add(chunk);
    blankParts();
    const ready = held.release(lexer.settled);
    if (ready.length > 0) yield ready;
  }
  lexer.finish();
  blankParts();
  yield held.rest;
}

/** Throws (exit 1) where a statement that goes is too long to be held: a part of it has been handed on. */
function requireTaken(text: string, { skipping }: Leaving): void {
  const want = wantOf(text, () => text);
  if (skipping === undefined || want === undefined || !isSkipped(want, skipping)) return;
  throw failure(
    "dump_unsafe",
    `a statement that is to be left out is too long for that\n  ${text.slice(0, 120)}`,
    "take it out of the dump, or make that again in custom format (pg_dump -Fc)",
  );
}

function isLeft(text: string, bytes: Buffer, { settings, skipping, emptyPath }: Leaving): boolean {
  const setting = settingOf(text);
  if (setting !== undefined && settings.includes(setting)) return true;
  if (emptyPath && setsNoPath(text, bytes)) return true;
  if (skipping === undefined) return false;
  const want = wantOf(text, () => bytes.toString("utf8"));
  return want !== undefined && isSkipped(want, skipping);
}
