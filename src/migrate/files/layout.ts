/** What the layouts of migration files have in common: names with numbers, scripts, and what is wrong with either. */
import type { Script } from "../../sql/script.ts";
import { countLineBreaks } from "../../sql/source-place.ts";
import type { Direction, Finding, Migration } from "../migration.ts";

/** A file in a folder of migrations. */
export interface FolderFile {
  /** Absolute. */
  path: string;
  /** Relative to the worktree's root, with slashes. */
  shown: string;
  /** The last part of the path; of a migration that is a folder the last two: "2026-01-15-143022_users/up.sql". */
  fileName: string;
}

/** Whether a file says by its folder which migration it is. */
export function isInFolder({ fileName }: Pick<FolderFile, "fileName">): boolean {
  return fileName.includes("/");
}

/** What a file's name says. */
export interface NumberedName {
  digits: string;
  name: string;
  /** Of a layout that has a file for each direction. */
  direction?: Direction;
}

export interface NumberedFile extends FolderFile, NumberedName {
  text: string;
}

/** What was read, and what was wrong with it. */
export interface Reading {
  migrations: Migration[];
  findings: Finding[];
}

/** How one tool names and divides its files. */
export interface FileLayout {
  /** Each migration is a folder, which has the number and the name. */
  inFolders?: true;
  /** Undefined when a file of that name is no migration. */
  readName(name: string): NumberedName | undefined;
  /** What is wrong with a file that is no migration, but may have been meant to be one. */
  findWrongName(file: FolderFile): Finding | undefined;
  read(files: readonly NumberedFile[]): Reading;
}

/** A finding about a whole file, or a line of it. */
export function fileFinding(
  level: Finding["level"],
  {
    rule,
    file,
    line = 1,
    message,
    hint,
  }: { rule: string; file: string; line?: number; message: string; hint?: string },
): Finding {
  return { rule, level, file, line, column: 1, message, ...(hint === undefined ? {} : { hint }) };
}

/** A part of a file's text. */
interface Part {
  start: number;
  end: number;
  transaction: boolean;
  /** Where in the file a statement ends that is to be given a semicolon; rising. */
  ends?: readonly number[];
}

/** A part of a file's text as a script. */
export function makeScript({ shown, text }: Pick<NumberedFile, "shown" | "text">, part: Part): Script {
  const written = text.slice(part.start, part.end);
  const line = 1 + (part.start === 0 ? 0 : countLineBreaks(text.slice(0, part.start)));
  const transaction = part.transaction && !forbidsTransaction(written);
  return { file: shown, sql: endStatements(text, part), line, transaction, checksum: checksumOf(written) };
}

function endStatements(text: string, { start, end, ends }: Part): string {
  if (ends === undefined) return text.slice(start, end);
  const own = ends.filter((each) => each > start && each < end);
  return [start, ...own].map((from, index) => text.slice(from, own[index] ?? end)).join(";");
}

/** SHA-256 as hex. The same on every system: git may have changed the line ends. */
export function checksumOf(sql: string): string {
  const text = sql.includes("\r") ? sql.replaceAll("\r\n", "\n") : sql;
  return Bun.SHA256.hash(text, "hex");
}

const LEADING_COMMENTS = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)*/;

/**
 * The line that says so: pgrove's own, and those of sqlx, graphile-migrate, tern, atlas, goose and dbmate, so that a file
 * that comes from there means the same here.
 */
const NO_TRANSACTION =
  /^--(?:!?\s*(?:pgrove:)?no-transaction|--\s*tern: disable-tx\s*-*|\s*atlas:txmode none|\s*\+goose NO TRANSACTION|\s*migrate:(?:up|down)\s.*\btransaction:false\b.*)\s*$/im;

/** Whether the comments at the top say that the script is not to be run in a transaction. */
function forbidsTransaction(sql: string): boolean {
  const comments = sql.includes("--") ? (LEADING_COMMENTS.exec(sql)?.[0] ?? "") : "";
  return comments !== "" && NO_TRANSACTION.test(comments);
}
