/** Which tool a file of migrations is written for, by its name and what stands in it. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Layout } from "../config/schema-migrations.ts";

/** golang-migrate's names say enough; undefined of any other name. */
export function layoutOfName(name: string): Layout | undefined {
  return /^[0-9]+_.*\.(?:up|down)\.sql$/s.test(name) ? "golang-migrate" : undefined;
}

/** Whether a file may be dbmate's, goose's or sqlx's, which only its text tells, or its neighbours. */
export function isNumberedSql(name: string): boolean {
  return /^\d+[^/]*\.sql$/s.test(name);
}

/** Whether a folder has the name of one of diesel's migrations, which its files leave out. */
export function isNumberedFolder(name: string): boolean {
  return /^\d/.test(name);
}

/** What diesel's folders hold. */
export function isFolderScript(name: string): boolean {
  return name === "up.sql" || name === "down.sql";
}

/**
 * Whether the Rust package that a folder of migrations belongs to, at or above it and not above `root`, uses sqlx: its files
 * have the names of other tools' files, and no marks.
 */
export function usesSqlx(folder: string, root: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    const text = readManifest(join(at, "Cargo.toml"));
    if (text !== undefined && DEPENDS_ON_SQLX.test(text)) return true;
    if (at === root || at === dirname(at)) return false;
  }
}

const DEPENDS_ON_SQLX = /^\s*sqlx(?:-core|-cli)?\s*(?:=|\.)|^\s*\[.*dependencies\.sqlx\]/m;

function readManifest(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** The tool whose marks divide the text, also where they are not written as it takes them; undefined without any. */
export function layoutOfText(text: string): Layout | undefined {
  if (/^\s*--\s*migrate:(?:up|down)\b/im.test(text)) return "dbmate";
  return /^\s*--\s*\+\s*goose\b/im.test(text) ? "goose" : undefined;
}
