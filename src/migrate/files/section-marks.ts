/**
 * Comments that divide a file, and those that only look so. What stands behind a mark that the file's own tool does not
 * see runs with the part before it: a DROP on the way up.
 */

import { isLeftOpen } from "../../sql/blank-quoted.ts";
import { countLineBreaks } from "../../sql/source-place.ts";
import type { Direction, Finding } from "../migration.ts";
import { fileFinding, type NumberedFile } from "./layout.ts";

/** Whether what begins before a position is still open there: a string, a quoted name, a body, a comment. */
export function isInsideQuotes(text: string, from: number, at: number): boolean {
  return isLeftOpen(text.slice(from, at));
}

/** A comment that means to divide the file, whether or not a tool takes it so. */
export interface Lookalike {
  start: number;
  /** As it is written, for a message. */
  text: string;
  direction: Direction | undefined;
}

const SPACE = String.raw`[^\S\n]*`;
const OPENING = String.raw`(?:--+|/\*+)${SPACE}`;
/** goose's with anything behind it: all of its marks have a meaning; `+migrate` is sql-migrate's. */
const SIGNED = String.raw`\+${SPACE}(?:goose\b${SPACE}:?${SPACE}(?<goose>\w*)|migrate${SPACE}:?${SPACE}(?<plus>up|down)\b)`;
/** `migrate:downgrade`, `migration:down` and `dbmate-down` mean to turn, too. */
const JOINED = String.raw`(?:goose|dbmate|migrat(?:e|ions?))[:._-](?<joined>up|down)(?:grade)?\b`;
/** Without either sign it may be a sentence: only alone on its line. */
const ALONE = String.raw`(?:goose|dbmate|migrat(?:e|ions?))[^\S\n:]*:?${SPACE}(?<alone>up|down)[ \t.:;-]*(?:\*/)?${SPACE}$`;
const LOOKALIKE = new RegExp(`${OPENING}(?:${SIGNED}|${JOINED}|${ALONE})[^\\n]*`, "gim");

/** The tools' words: without them a text needs no closer look. */
const WORDS = /goose|dbmate|migrat/i;

/** Looked for first: a plain search takes next to nothing, in a thousand files too. */
function mayComment(text: string): boolean {
  return text.includes("--") || text.includes("/*");
}

/** A mark that was taken as one: where its comment begins, and where what it stands for does. */
export interface Mark {
  start: number;
  end: number;
}

/** Every comment that looks like a mark, is not quoted, and is none of those that were taken as one. */
export function findLookalikes(text: string, marks: readonly Mark[] = []): Lookalike[] {
  if (!mayComment(text) || !WORDS.test(text)) return [];
  return [...text.matchAll(LOOKALIKE)].flatMap((match) => {
    if (marks.some(({ start }) => start === match.index)) return [];
    const from = marks.findLast(({ end }) => end <= match.index)?.end ?? 0;
    if (isInsideQuotes(text, from, match.index)) return [];
    const { goose, plus, joined, alone } = match.groups ?? {};
    const word = (goose ?? plus ?? joined ?? alone)?.toLowerCase();
    const direction = word === "up" || word === "down" ? word : undefined;
    return [{ start: match.index, text: shorten(match[0]), direction }];
  });
}

/**
 * Marks of tools that have both directions in one file and are none of pgrove's layouts: node-pg-migrate, rambler, micrate,
 * MyBatis, Play's evolutions, tern, and what node-sqlite and others take.
 */
const FOREIGN = new RegExp(
  `${OPENING}(?:${[
    String.raw`(?:\+${SPACE}micrate|rambler)${SPACE}:?${SPACE}(?<named>up|down)\b`,
    String.raw`(?<first>up|down)(?:[ \t]+migration)?[ \t:-]*(?:\*/)?${SPACE}$`,
    String.raw`(?://${SPACE})?@(?<undo>undo|down|up)\b`,
    String.raw`-*${SPACE}!(?<play>ups|downs)\b`,
    "(?<tern>create above */ *drop below)",
  ].join("|")})[^\\n]*`,
  "gim",
);

/** Where a file of one direction goes over to the other one by a mark that pgrove's own layouts do not have. */
export function findForeignTurn(text: string, direction: Direction): Lookalike | undefined {
  if (!mayComment(text)) return undefined;
  const other = direction === "up" ? "down" : "up";
  for (const match of text.matchAll(FOREIGN)) {
    const { named, first, undo, play, tern } = match.groups ?? {};
    const word = (named ?? first ?? undo ?? play ?? (tern && "down"))?.toLowerCase() ?? "";
    const turnsTo = word.startsWith("up") ? "up" : "down";
    if (turnsTo !== other || isInsideQuotes(text, 0, match.index)) continue;
    return { start: match.index, text: shorten(match[0]), direction: turnsTo };
  }
  return undefined;
}

const LONGEST_SHOWN = 80;

/** A line, for a message. */
export function shorten(line: string): string {
  return line.trim().replace(/\s+/g, " ").slice(0, LONGEST_SHOWN);
}

/** A finding about what looks like a mark and is taken for none. */
export function refuseLookalike(
  { shown: file, text }: NumberedFile,
  { start, ...seen }: Lookalike,
  hint: string,
): Finding {
  return fileFinding("error", {
    ...{ rule: "sections", file, line: 1 + countLineBreaks(text.slice(0, start)), hint },
    message: `${seen.text} looks like a mark and is none here: what stands behind it would run with what stands before it`,
  });
}
