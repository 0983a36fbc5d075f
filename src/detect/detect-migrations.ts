/** Finds a repository's migrations, and which tool they are written for. */
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Layout } from "../config/schema-migrations.ts";
import { loadTextFile } from "../config/text-file.ts";
import { isNumberedSql, layoutOfName, layoutOfText } from "../repo/migration-layout.ts";
import { quoteWord } from "../sys/shell-word.ts";
import type { FoundEntry } from "./detect-entries.ts";

export type DetectedMigrations =
  | { dir: string; layout: Layout }
  /** Another tool's: its name, and its commands, run from the repository's root. */
  | { tool: string; command: { up: string; down?: string; status?: string } };

/** SQL files before other tools' folders, near the root before deep; undefined when there are none. */
export async function findMigrations(
  root: string,
  entries: readonly FoundEntry[],
): Promise<DetectedMigrations | undefined> {
  const folders = entries.filter(({ name, isFolder }) => isFolder && (name === "migrations" || name === "migrate"));
  for (const { path } of folders) {
    const layout = await findLayout(join(root, path));
    if (layout !== undefined) return { dir: path, layout };
  }
  return findPrisma(entries) ?? findAlembic(entries);
}

/** That of the first file that shows one. */
async function findLayout(folder: string): Promise<Layout | undefined> {
  const names = (await readdir(folder).catch(() => [])).sort();
  const named = names.map(layoutOfName).find((layout) => layout !== undefined);
  if (named !== undefined) return named;
  for (const name of names.filter(isNumberedSql)) {
    const layout = layoutOfText(await loadTextFile(join(folder, name), "the migration").catch(() => ""));
    if (layout !== undefined) return layout;
  }
  return undefined;
}

function findPrisma(entries: readonly FoundEntry[]): DetectedMigrations | undefined {
  const models = entries.find(({ name, isFolder }) => !isFolder && name === "schema.prisma");
  if (models === undefined) return undefined;
  const option = models.path === "prisma/schema.prisma" ? "" : ` --schema ${quoteWord(models.path)}`;
  const command = {
    up: `npx prisma migrate deploy${option}`,
    status: `npx prisma migrate status${option}`,
  };
  return { tool: "prisma", command };
}

function findAlembic(entries: readonly FoundEntry[]): DetectedMigrations | undefined {
  const ini = entries.find(({ name, isFolder }) => !isFolder && name === "alembic.ini");
  if (ini === undefined) return undefined;
  const folder = dirname(ini.path);
  const enter = folder === "." ? "" : `cd ${quoteWord(folder)} && `;
  const command = {
    up: `${enter}alembic upgrade head`,
    down: `${enter}alembic downgrade -1`,
    status: `${enter}alembic current`,
  };
  return { tool: "alembic", command };
}
