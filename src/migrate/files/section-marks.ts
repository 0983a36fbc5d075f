/**
 * Comments that divide a file, and those that only look so. What stands behind a mark that the file's own tool does not
 * see runs with the part before it: a DROP on the way up.
 */

import { blankQuoted, isLeftOpen } from "../../sql/blank-quoted.ts";
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
/** In a comment of several lines a mark may have one of its own. Each run of signs is taken whole: rulers are long. */
const OPENING = String.raw`(?:(?<!-)--+(?!-)${SPACE}|/\*[\s*]*(?![\s*]))`;
/** How marks are set off: `-- ==== DOWN ====`, `-- [down]`. */
const FRAME = String.raw`[-+@#*!:=~_.<>()\[\]{}]*${SPACE}`;
const ENDING = String.raw`${SPACE}[-+@#*!:;=~_.<>()\[\]{}]*${SPACE}(?:\*/)?${SPACE}$`;
const GOOSE = "go+s+e";
const TOOLS = `(?:${GOOSE}|dbmate|migrat(?:e|ions?))`;
const BACK = "down(?:grade)?|rollback|revert|undo";
/** goose's with anything behind it: all of its marks have a meaning; `+migrate` is sql-migrate's. */
const SIGNED = String.raw`\+${SPACE}(?:${GOOSE}(?:\b${SPACE}:?${SPACE}(?<goose>\w*)|(?<glued>up|down)\b)|migrate${SPACE}:?${SPACE}(?<plus>up|down)\b)`;
/** `migrate:downgrade`, `migration:down` and `dbmate-down` mean to turn, too. */
const JOINED = String.raw`${TOOLS}[:;,._-](?<joined>up(?:grade)?|${BACK})\b`;
/** Without either sign it may be a sentence: only alone on its line. A plus in front of one word is some tool's sign. */
const ALONE = String.raw`(?:${FRAME}${TOOLS}[^\S\n:]*:?|\+${SPACE}[a-z]\w*:?)${SPACE}(?<alone>up|${BACK})${ENDING}`;
const LOOKALIKE = new RegExp(`${OPENING}(?:${SIGNED}|${JOINED}|${ALONE})[^\\n]*`, "gim");

/** The tools' words and signs: without them a text needs no closer look. */
const WORDS = new RegExp(String.raw`${GOOSE}|dbmate|migrat|\+${SPACE}[a-z]\w*:?${SPACE}(?:up|${BACK})\b`, "i");

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
    const { goose, glued, plus, joined, alone } = match.groups ?? {};
    return [
      {
        ...{ start: match.index, text: shorten(match[0]) },
        direction: directionOf(goose ?? glued ?? plus ?? joined ?? alone),
      },
    ];
  });
}

function directionOf(word = ""): Direction | undefined {
  if (/^up/i.test(word)) return "up";
  return new RegExp(`^(?:${BACK})`, "i").test(word) ? "down" : undefined;
}

/**
 * Marks of tools that have both directions in one file and are none of pgrove's layouts: node-pg-migrate, rambler, micrate,
 * MyBatis, Play's evolutions, tern, and what node-sqlite and others take.
 */
const FOREIGN = new RegExp(
  `${OPENING}(?:${[
    String.raw`(?:\+${SPACE}micrate|rambler)${SPACE}:?${SPACE}(?<named>up|down)\b`,
    String.raw`${FRAME}(?<first>up(?:grade)?|${BACK})(?:[ \t]+(?:migration|script|sql))?${ENDING}`,
    String.raw`(?://${SPACE})?@(?<undo>undo|down|up)\b`,
    String.raw`-*${SPACE}!(?<play>ups|downs)\b`,
    "(?<tern>create above */ *drop below)",
  ].join("|")})[^\\n]*`,
  "gim",
);

/**
 * Where a file, or part of one, that is of one direction goes over to the other by a mark that pgrove's own layouts do not have,
 * with SQL behind it: what a comment only tells about runs nowhere.
 */
export function findForeignTurn(text: string, direction: Direction): Lookalike | undefined {
  if (!mayComment(text)) return undefined;
  const other = direction === "up" ? "down" : "up";
  for (const match of text.matchAll(FOREIGN)) {
    const { named, first, undo, play, tern } = match.groups ?? {};
    const turnsTo = directionOf(named ?? first ?? undo ?? play ?? (tern && "down"));
    if (turnsTo !== other || isInsideQuotes(text, 0, match.index)) continue;
    const behind = text.slice(match.index + match[0].length);
    if (isEmpty(behind)) return undefined;
    // Such words head a comment about the way back more often than the way back.
    if (SPOKEN.test(first ?? "") && (TOLD.test(behind) || isEmpty(text.slice(0, match.index)))) continue;
    return { start: match.index, text: shorten(match[0]), direction: turnsTo };
  }
  return undefined;
}

const SPOKEN = /^(?:rollback|revert|undo)/i;
/** The next line is a comment with words. */
const TOLD = /^\s*--[^\n]*\w/;

/** Whether there is nothing to run in it. */
function isEmpty(sql: string): boolean {
  return /^[\s;]*$/.test(blankQuoted(sql));
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
