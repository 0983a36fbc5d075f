/** goose's files: `NNN_name.sql`, divided by annotations such as `-- +goose Up` and `-- +goose Down`. */

import type { Finding } from "../model.ts";
import {
  type FileLayout,
  type FolderFile,
  fileFinding,
  findNearMiss,
  makeScript,
  type NumberedFile,
  proposeOneFile,
  type Reading,
} from "./layout.ts";

const NAME = /^(\d+)_(.*)\.sql$/s;
const GO_FILE = /^\d+_.*(?<!_test)\.go$/;
const ANNOTATION = /^--[ \t]*\+goose[ \t]+(.*)$/i;

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
  /** What follows `+goose`. */
  annotation?: string;
}

/** What has been seen so far, line by line. */
interface Sections {
  up?: Line;
  down?: Line;
  /** A statement that is begun and not ended. */
  begun?: Line;
  transaction: boolean;
}

/** A mistake in the annotations. */
interface Mistake {
  line: number;
  message: string;
  hint?: string;
}

function readFile(file: NumberedFile): Reading {
  const { text, digits, name, shown } = file;
  const sections: Sections = { transaction: true };
  const mistake = BigInt(digits) === 0n ? zeroVersion() : findMistake(text, sections);
  if (mistake !== undefined) {
    return { migrations: [], findings: [fileFinding("error", { rule: "sections", file: shown, ...mistake })] };
  }
  const { up, down, transaction } = sections;
  const migration = {
    ...{ version: BigInt(digits), digits, name },
    up: makeScript(file, { start: up?.end ?? 0, end: down?.start ?? text.length, transaction }),
    ...(down === undefined ? {} : { down: makeScript(file, { start: down.end, end: text.length, transaction }) }),
  };
  return { migrations: [migration], findings: [] };
}

function zeroVersion(): Mistake {
  return { line: 1, message: "goose has no version 0", hint: "number it from 1" };
}

function findMistake(text: string, sections: Sections): Mistake | undefined {
  for (const line of linesOf(text)) {
    const said = line.annotation === undefined ? checkPlace(line, sections) : readAnnotation(line, sections);
    if (said !== undefined) return { line: line.number, ...said };
  }
  const { up, begun } = sections;
  if (up === undefined) return { line: 1, message: "there is no -- +goose Up", hint: "begin the file with it" };
  return begun === undefined
    ? undefined
    : { line: begun.number, message: "-- +goose StatementBegin has no -- +goose StatementEnd" };
}

function* linesOf(text: string): Iterable<Line> {
  for (let start = 0, number = 1; start < text.length; number++) {
    const lineBreak = text.indexOf("\n", start);
    const end = lineBreak < 0 ? text.length : lineBreak + 1;
    const line = { number, start, end, text: text.slice(start, end) };
    const annotation = ANNOTATION.exec(line.text.trimEnd())?.[1];
    yield annotation === undefined ? line : { ...line, annotation };
    start = end;
  }
}

function checkPlace({ text }: Line, { up }: Sections): Omit<Mistake, "line"> | undefined {
  const isBlank = up !== undefined || /^\s*(--|$)/.test(text);
  return isBlank ? undefined : { message: "there is SQL before -- +goose Up" };
}

/** Takes an annotation into account. The statements' own are only markers: PostgreSQL's grammar knows where one ends. */
function readAnnotation(line: Line, sections: Sections): Omit<Mistake, "line"> | undefined {
  const { annotation = "" } = line;
  const { up, down, begun } = sections;
  switch (annotation.toUpperCase().replace(/\s+/g, " ")) {
    case "UP":
      if (up !== undefined) return { message: "there is a second -- +goose Up" };
      sections.up = line;
      return undefined;
    case "DOWN":
      if (up === undefined) return { message: "-- +goose Down stands before -- +goose Up" };
      if (down !== undefined) return { message: "there is a second -- +goose Down" };
      if (begun !== undefined) return { message: "-- +goose Down stands inside a statement" };
      sections.down = line;
      return undefined;
    case "STATEMENTBEGIN":
      if (up === undefined || begun !== undefined) return { message: "-- +goose StatementBegin is out of place" };
      sections.begun = line;
      return undefined;
    case "STATEMENTEND":
      if (begun === undefined) return { message: "-- +goose StatementEnd has no -- +goose StatementBegin" };
      delete sections.begun;
      return undefined;
    case "NO TRANSACTION":
      sections.transaction = false;
      return undefined;
    case "ENVSUB OFF":
    case "ENVSUBST OFF":
      return undefined;
    default:
      return explainUnknown(annotation);
  }
}

function explainUnknown(annotation: string): Omit<Mistake, "line"> {
  if (/^ENVSUB(ST)?\s+ON$/i.test(annotation)) {
    return {
      message: "pgrove puts no environment variables into migrations: what runs must be what the file says",
      hint: "write the values into the SQL, or read them from a setting: current_setting('app.name')",
    };
  }
  return { message: `-- +goose ${annotation} is no annotation of goose's` };
}
