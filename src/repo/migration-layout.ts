/** Which tool a file of migrations is written for, by its name and what stands in it. */
import type { Layout } from "../config/schema-migrations.ts";

/** golang-migrate's names say enough; undefined of any other name. */
export function layoutOfName(name: string): Layout | undefined {
  return /^[0-9]+_.*\.(?:up|down)\.sql$/s.test(name) ? "golang-migrate" : undefined;
}

/** Whether a file may be dbmate's or goose's, which only its text tells. */
export function isNumberedSql(name: string): boolean {
  return /^\d+.*\.sql$/s.test(name);
}

/** The tool whose marks divide the text, also where they are not written as it takes them; undefined without any. */
export function layoutOfText(text: string): Layout | undefined {
  if (/^\s*--\s*migrate:(?:up|down)\b/im.test(text)) return "dbmate";
  return /^\s*--\s*\+\s*goose\b/im.test(text) ? "goose" : undefined;
}
