/** goose's files: `NNN_name.sql`, divided by annotations such as `-- +goose Up` and `-- +goose Down`. */

import { blankQuoted, blankRows } from "../../sql/blank-quoted.ts";
import type { Finding } from "../migration.ts";
import {
  type FileLayout,
  type FolderFile,
  fileFinding,
  makeScript,
  type NumberedFile,
  type Reading,
} from "./layout.ts";
import { findNearMiss, proposeOneFile } from "./near-miss.ts";
import { findForeignTurn, findLookalikes, isInsideQuotes, refuseLookalike, shorten } from "./section-marks.ts";

const NAME = /^(\d+)_(.*)\.sql$/s;
const GO_FILE = /^\d+_.*(?<!_test)\.go$/;
/** goose looks at every line that begins so, and refuses what it does not know. */
const ANNOTATION_LINE = /^\s*--.*\+goose/;
const HOW_WRITTEN = "write it as the first thing on its line, as in -- +goose Down; or reword the comment";

export const goose: FileLayout = {
  readName(name) {
    const [, digits, title = ""] = NAME.exec(name) ?? [];
    return digits === undefined ? undefined : { digits, name: title };
  },
  findWrongName: (file) =>
    findGoMigration(file) ?? findNearMiss(file, { pattern: "NUMBER_name.sql", propose: proposeOneFile }),
  read(files) {
    const readings = files.map(readFile);
    return {
      migrations: readings.flatMap(({ migrations }) => migrations),
      findings: readings.flatMap(({ findings }) => findings),
    };
  },
};

function findGoMigration({ fileName, shown }: FolderFile): Finding | undefined {
  if (!GO_FILE.test(fileName)) return undefined;
  return fileFinding("error", {
    ...{ rule: "go_migration", file: shown },
    message: "is a migration in Go, which only goose can run",
    hint: "write it in SQL; or let pgrove call your goose program: migrations.command in pgrove.yaml",
  });
}

interface Line {
  /** From 1. */
  number: number;
  start: number;
  end: number;
  text: string;
}

/** What has been seen so far, line by line. */
interface Sections {
  up?: Line;
  down?: Line;
  /** A statement that is begun and not ended. */
  begun?: Line;
  transaction: boolean;
  /** The annotations' lines. */
  marks: Line[];
  /** Where a statement ends that has no semicolon. */
  ends: number[];
}

/** A mistake in the annotations. */
interface Mistake {
  line: number;
  message: string;
  hint?: string;
}

function readFile(file: NumberedFile): Reading {
  const { text, digits, name } = file;
  const sections: Sections = { transaction: true, marks: [], ends: [] };
  const mistake = BigInt(digits) === 0n ? zeroVersion() : findMistake(text, sections);
  const stray = findStray(file, sections); // behind a mistake the annotations are not known
  const isFirst = stray !== undefined && (mistake === undefined || stray.line < mistake.line);
  const finding = mistake === undefined || isFirst ? stray : findingOf(file, mistake);
  if (finding !== undefined) return { migrations: [], findings: [finding] };
  const { up, down, transaction, ends } = sections;
  if (up === undefined) return { migrations: [], findings: [findingOf(file, missingUp())] };
  const migration = {
    ...{ version: BigInt(digits), digits, name },
    up: makeScript(file, { start: up.end, end: down?.start ?? text.length, transaction, ends }),
    ...(down === undefined ? {} : { down: makeScript(file, { start: down.end, end: text.length, transaction, ends }) }),
  };
  return { migrations: [migration], findings: [] };
}

function findingOf({ shown: file }: NumberedFile, mistake: Mistake): Finding {
  return fileFinding("error", { rule: "sections", file, ...mistake });
}

function zeroVersion(): Mistake {
  return { line: 1, message: "goose has no version 0", hint: "number it from 1" };
}

function missingUp(): Mistake {
  return { line: 1, message: "there is no -- +goose Up", hint: "begin the file with it" };
}

/** A comment that looks like an annotation and is none; where there is no way back, one that looks like another tool's. */
function findStray(file: NumberedFile, { marks, down }: Sections): Finding | undefined {
  const stray =
    findLookalikes(file.text, marks)[0] ?? (down === undefined ? findForeignTurn(file.text, "up") : undefined);
  return stray === undefined ? undefined : refuseLookalike(file, stray, HOW_WRITTEN);
}

function findMistake(text: string, sections: Sections): Mistake | undefined {
  for (const line of linesOf(text)) {
    const said = ANNOTATION_LINE.test(line.text) ? checkAnnotation(text, line, sections) : checkPlace(line, sections);
    if (said !== undefined) return { line: line.number, ...said };
  }
  const { begun } = sections;
  return begun === undefined
    ? undefined
    : { line: begun.number, message: "-- +goose StatementBegin has no -- +goose StatementEnd" };
}

function* linesOf(text: string): Iterable<Line> {
  for (let start = 0, number = 1; start < text.length; number++) {
    const lineBreak = text.indexOf("\n", start);
    const end = lineBreak < 0 ? text.length : lineBreak + 1;
    yield { number, start, end, text: text.slice(start, end) };
    start = end;
  }
}

function checkPlace({ text }: Line, { up }: Sections): Omit<Mistake, "line"> | undefined {
  const isBlank = up !== undefined || /^\s*(--|$)/.test(text);
  return isBlank ? undefined : { message: "there is SQL before -- +goose Up" };
}

function checkAnnotation(text: string, line: Line, sections: Sections): Omit<Mistake, "line"> | undefined {
  const shown = shorten(line.text);
  const annotation = extractAnnotation(line.text);
  if (annotation === undefined) return { message: `${shown} is no annotation that goose takes`, hint: HOW_WRITTEN };
  const from = sections.marks.at(-1)?.end ?? 0;
  if (isInsideQuotes(text, from, line.start)) {
    return { message: `${shown} stands inside a string, a body or a comment`, hint: "close that before, or reword it" };
  }
  const said = readAnnotation(text, line, annotation, sections);
  sections.marks.push(line);
  return said;
}

/**
 * What stands on an annotation's line beside its signs, as goose's own parser takes it: at the very beginning of the line,
 * with `+goose` once and whatever room between. Undefined of what goose refuses.
 */
function extractAnnotation(line: string): string | undefined {
  if (!line.startsWith("--")) return undefined;
  const command = line.replaceAll("--", "").replace("+goose", "");
  return command.includes("+goose") ? undefined : command.trim() || undefined;
}

/** Takes an annotation into account. Those of a statement count only where it has no semicolon of its own. */
function readAnnotation(
  text: string,
  line: Line,
  annotation: string,
  sections: Sections,
): Omit<Mistake, "line"> | undefined {
  const { up, down, begun } = sections;
  switch (annotation.toUpperCase()) {
    case "UP":
      if (up !== undefined) return { message: "there is a second -- +goose Up", hint: ONE_PAIR };
      sections.up = line;
      return undefined;
    case "DOWN":
      if (up === undefined) return { message: "-- +goose Down stands before -- +goose Up" };
      if (down !== undefined) return { message: "there is a second -- +goose Down", hint: ONE_PAIR };
      if (begun !== undefined) return { message: "-- +goose Down stands inside a statement" };
      sections.down = line;
      return undefined;
    case "STATEMENTBEGIN":
      if (up === undefined || begun !== undefined) return { message: "-- +goose StatementBegin is out of place" };
      sections.begun = line;
      return undefined;
    case "STATEMENTEND":
      if (begun === undefined) return { message: "-- +goose StatementEnd has no -- +goose StatementBegin" };
      if (!isEnded(text.slice(begun.end, line.start))) sections.ends.push(line.start);
      delete sections.begun;
      return undefined;
    case "NO TRANSACTION":
      sections.transaction = false;
      return undefined;
    case "ENVSUB OFF":
      return undefined;
    default:
      return explainUnknown(annotation);
  }
}

const ONE_PAIR = "make a file of each pair";

/** Whether a statement has its semicolon; neither psql's commands nor the rows of COPY may have one. */
function isEnded(statement: string): boolean {
  const code = blankQuoted(blankRows(statement)).trimEnd();
  return code === "" || code.endsWith(";") || /(?:^|\n)[ \t]*\\[^\n]*$/.test(code);
}

function explainUnknown(annotation: string): Omit<Mistake, "line"> {
  if (/^ENVSUB(ST)?\s+ON$/i.test(annotation)) {
    return {
      message: "pgrove puts no environment variables into migrations: what runs must be what the file says",
      hint: "write the values into the SQL, or read them from a setting: current_setting('app.name')",
    };
  }
  return { message: `-- +goose ${annotation} is no annotation of goose's`, hint: HOW_WRITTEN };
}
