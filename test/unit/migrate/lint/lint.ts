/** Lints scripts given as text. */
import type { LintLevel } from "../../../../src/config/schema-migrations.ts";
import { lintMigrations } from "../../../../src/migrate/lint/lint.ts";
import type { Finding } from "../../../../src/migrate/migration.ts";
import type { Script } from "../../../../src/sql/script.ts";

export interface LintOptions {
  direction?: "up" | "down";
  transaction?: boolean;
  levels?: Record<string, LintLevel>;
  ignore?: string[];
  /** Ups of the same change. */
  ups?: string[];
  /** Ups of earlier migrations. */
  before?: string[];
  line?: number;
}

export function scriptOf(sql: string, { transaction = true, line = 1 }: LintOptions = {}): Script {
  return { file: "migrations/7_x.up.sql", sql, line, transaction, checksum: "" };
}

/** The findings in one script. */
export async function lint(sql: string, options: LintOptions = {}): Promise<Finding[]> {
  const { direction = "up", levels = {}, ignore = [], ups = [], before = [] } = options;
  const earlier = ups.map((up) => ({ script: { ...scriptOf(up), file: "earlier" }, direction: "up" as const }));
  const files = [...earlier, { script: scriptOf(sql, options), direction }];
  const all = before.map((sql, index) => ({ version: BigInt(index), digits: `${index}`, name: "", up: scriptOf(sql) }));
  const found = await lintMigrations(files, { enabled: true, ignore, levels }, all);
  return found.filter(({ file }) => file !== "earlier");
}

export async function rulesOf(sql: string, options: LintOptions = {}): Promise<string[]> {
  return (await lint(sql, options)).map(({ rule }) => rule);
}
