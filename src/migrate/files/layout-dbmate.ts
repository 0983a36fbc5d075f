/** dbmate's files: `NNN_name.sql` with a section for each direction, `-- migrate:up` and `-- migrate:down`. */

import { blankQuoted } from "../../sql/blank-quoted.ts";
import { countLineBreaks } from "../../sql/source-place.ts";
import type { Finding } from "../migration.ts";
import { type FileLayout, fileFinding, makeScript, type NumberedFile, type Reading } from "./layout.ts";
import { findNearMiss, proposeOneFile } from "./near-miss.ts";
import { findForeignTurn, findLookalikes, isInsideQuotes, type Lookalike, refuseLookalike } from "./section-marks.ts";

const NAME = /^(\d+)_?(.*)\.sql$/s;
/** At the very beginning of a line, as dbmate has it; only \n ends one for it. */
const MARKER = /(?<![^\n])--[ \t]*migrate:(up|down)(?=[ \t\r\n]|$)([^\n]*)(?:\n|$)/g;

export const dbmate: FileLayout = {
  readName(name) {
    const [, digits, title = ""] = NAME.exec(name) ?? [];
    return digits === undefined ? undefined : { digits, name: title };
  },
  findWrongName: (file) => findNearMiss(file, { pattern: "NUMBER_name.sql", propose: proposeOneFile }),
  read(files) {
    const readings = files.map(readFile);
    return {
      migrations: readings.flatMap(({ migrations }) => migrations),
      findings: [...readings.flatMap(({ findings }) => findings), ...findTextOrder(files)],
    };
  },
};

interface Section {
  direction: "up" | "down";
  /** Of the marker's line. */
  line: number;
  start: number;
  /** Of the SQL behind it. */
  body: number;
  transaction: boolean;
}

function readFile(file: NumberedFile): Reading {
  const { text, digits, name } = file;
  const sections = findSections(text);
  const findings = checkSections(file, sections);
  const scriptOf = (section: Section, end: number) =>
    makeScript(file, { start: section.body, end, transaction: section.transaction });
  const up = sections.find(({ direction }) => direction === "up");
  const down = sections.find(({ direction }) => direction === "down");
  if (up === undefined || findings.some(({ level }) => level === "error")) return { migrations: [], findings };
  const migration = {
    ...{ version: BigInt(digits), digits, name, up: scriptOf(up, down?.start ?? text.length) },
    ...(down === undefined ? {} : { down: scriptOf(down, text.length) }),
  };
  return { migrations: [migration], findings };
}

/** dbmate takes the first mark of each direction, be it quoted or not; a later one counts here unless it is quoted. */
function findSections(text: string): Section[] {
  const sections: Section[] = [];
  for (const marker of text.matchAll(MARKER)) {
    const direction = marker[1] === "down" ? "down" : "up";
    const isLater = sections.some((each) => each.direction === direction);
    if (isLater && isInsideQuotes(text, sections.at(-1)?.body ?? 0, marker.index)) continue;
    sections.push({
      direction,
      line: 1 + countLineBreaks(text.slice(0, marker.index)),
      start: marker.index,
      body: marker.index + marker[0].length,
      transaction: !/(?:^|\s)transaction:false(?:\s|$)/.test(marker[2] ?? ""),
    });
  }
  return sections;
}

function checkSections(numbered: NumberedFile, sections: readonly Section[]): Finding[] {
  const { shown: file, text } = numbered;
  const [first, second, third] = sections;
  const error = (line: number, message: string, hint?: string) => [
    fileFinding("error", { rule: "sections", file, line, message, ...(hint === undefined ? {} : { hint }) }),
  ];
  const quoted = sections.find(({ start }, index) => isInsideQuotes(text, sections[index - 1]?.body ?? 0, start));
  if (quoted !== undefined) {
    const message = `-- migrate:${quoted.direction} stands inside a string, a body or a comment`;
    return error(quoted.line, message, "dbmate takes it as a mark all the same: close that before, or reword it");
  }
  const stray = findStray(text, sections);
  if (stray !== undefined) return [refuseLookalike(numbered, stray, HOW_WRITTEN)];
  if (!sections.some(({ direction }) => direction === "up")) {
    return error(1, "has no section -- migrate:up", "begin the line with it, in front of the SQL to run");
  }
  if (first?.direction === "down") return error(first.line, "-- migrate:down stands before -- migrate:up");
  const extra = second?.direction === "up" ? second : third;
  if (extra !== undefined) {
    const hint = "make a file of each pair, with a number of its own";
    return error(extra.line, `there is a second -- migrate:${extra.direction}`, hint);
  }
  const before = blankQuoted(text.slice(0, first?.start));
  if (before.trim() !== "") {
    return error(1 + countLineBreaks(before.slice(0, before.search(/\S/))), "there is SQL before -- migrate:up");
  }
  if (second !== undefined) return [];
  const message = "has no section -- migrate:down, without which dbmate refuses the file";
  return [fileFinding("warning", { rule: "sections", file, message })];
}

const HOW_WRITTEN = "write it as the first thing on its line: -- migrate:down; or reword the comment";

/** A comment that looks like a mark and is none; where there is no way back, one that looks like another tool's. */
function findStray(text: string, sections: readonly Section[]): Lookalike | undefined {
  const marks = sections.map(({ start, body }) => ({ start, end: body }));
  const hasDown = sections.some(({ direction }) => direction === "down");
  return findLookalikes(text, marks)[0] ?? (hasDown ? undefined : findForeignTurn(text, "up"));
}

/** dbmate runs files in the order of their names as text; the numbers may say otherwise. */
function findTextOrder(files: readonly NumberedFile[]): Finding[] {
  const byText = files.toSorted((a, b) => (a.fileName < b.fileName ? -1 : 1));
  const at = byText.findIndex((file, index) => BigInt(file.digits) < BigInt(byText[index - 1]?.digits ?? 0));
  const [sooner, later] = [byText[at], byText[at - 1]];
  if (sooner === undefined || later === undefined) return [];
  return [
    fileFinding("warning", {
      ...{ rule: "text_order", file: sooner.shown },
      message: `is run before ${later.shown}, by their numbers; dbmate runs it after that one, by their names`,
      hint: "write all numbers with the same number of digits",
    }),
  ];
}
