/** Finds a repository's migrations, and which tool they are written for. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readEnvFile } from "../config/env-file.ts";
import type { Environment } from "../config/env-vars.ts";
import type { Layout } from "../config/schema-migrations.ts";
import { loadTextFile } from "../config/text-file.ts";
import { isNumberedFolder, isNumberedSql, layoutOfName, layoutOfText, usesSqlx } from "../repo/migration-layout.ts";
import { toolOfName } from "../repo/migration-tools.ts";
import { toldDirs, toldTable } from "../repo/tool-variables.ts";
import { quoteWord } from "../sys/shell-word.ts";
import type { FoundEntry } from "./detect-entries.ts";
import { isOfAnother } from "./detect-readers.ts";

export type DetectedMigrations =
  /** SQL files; with the table that the layout's own tool is told to remember them in, where it is told one. */
  | { dir: string; layout: Layout; table?: string }
  /** Another tool's: its name, and its commands, run from the repository's root. */
  | { tool: string; command: { up: string; down?: string; status?: string; history?: string; create?: string } }
  /** Probably a tool's whose commands are not known: its name, and a file of it, relative to the root. */
  | { foreign: string; file: string };

const FOLDERS = new Set(["migrations", "migrate", "migration", "changelog", "changelogs"]);
/** Where sqlc's users keep theirs. */
const SQL_FOLDERS = new Set([...FOLDERS, "schema"]);

/** SQL files before other tools' folders, near the root before deep; undefined when there are none. */
export async function findMigrations(
  root: string,
  entries: readonly FoundEntry[],
): Promise<DetectedMigrations | undefined> {
  const told = await readToolVariables(root, entries);
  const within = (names: ReadonlySet<string>) => entries.filter(({ name, isFolder }) => isFolder && names.has(name));
  for (const dir of [...toldDirs(told).map(({ value }) => value), ...within(SQL_FOLDERS).map(({ path }) => path)]) {
    const layout = await findLayout(join(root, dir), root);
    if (layout === undefined) continue;
    const table = toldTable(told, layout)?.value;
    return { dir, layout, ...(table === undefined ? {} : { table }) };
  }
  return (
    (await findPrisma(root, entries)) ??
    findAlembic(entries) ??
    (await findDrizzle(root, entries)) ??
    findForeign(entries, within(FOLDERS))
  );
}

/** What the root's env files say to goose and dbmate, which read them by themselves. */
async function readToolVariables(root: string, entries: readonly FoundEntry[]): Promise<Environment> {
  const files = entries.filter(({ path, name, isFolder }) => !isFolder && path === name && /^\.env(\.|$)/.test(name));
  const told: Record<string, string> = {};
  for (const { path } of files) Object.assign(told, await readEnvFile(join(root, path)).catch(() => ({})));
  return told;
}

/** The first file in a folder of migrations, or below it, that looks like one of another tool's. */
function findForeign(entries: readonly FoundEntry[], folders: readonly FoundEntry[]): DetectedMigrations | undefined {
  for (const { path, name, isFolder } of entries) {
    const foreign = isFolder ? undefined : toolOfName(name);
    const isIn = folders.some((folder) => path.startsWith(`${folder.path}/`));
    if (foreign !== undefined && isIn) return { foreign, file: path };
  }
  return undefined;
}

/** That of the first file that shows one. */
async function findLayout(folder: string, root: string): Promise<Layout | undefined> {
  const names = (await readdir(folder).catch(() => [])).sort();
  if (names.some((name) => isNumberedFolder(name) && existsSync(join(folder, name, "up.sql")))) return "diesel";
  const isRust = usesSqlx(folder, root);
  const named = names.map(layoutOfName).find((layout) => layout !== undefined);
  if (named !== undefined) return isRust ? "sqlx" : named;
  for (const name of names.filter(isNumberedSql)) {
    const layout = layoutOfText(await loadTextFile(join(folder, name), "the migration").catch(() => ""));
    if (layout !== undefined) return layout;
  }
  return isRust && names.some(isNumberedSql) ? "sqlx" : undefined;
}

/** The first file of that name whose tool does not work on another kind of server. */
async function findSettings(
  root: string,
  entries: readonly FoundEntry[],
  name: RegExp,
  kindOf = (text: string) => text,
): Promise<FoundEntry | undefined> {
  for (const entry of entries) {
    if (entry.isFolder || !name.test(entry.name)) continue;
    const text = await loadTextFile(join(root, entry.path), "the configuration").catch(() => "");
    if (!isOfAnother(kindOf(text))) return entry;
  }
  return undefined;
}

async function findPrisma(root: string, entries: readonly FoundEntry[]): Promise<DetectedMigrations | undefined> {
  const providers = (text: string) => (text.match(/^\s*provider\s*=.*$/gm) ?? []).join("\n");
  const models = await findSettings(root, entries, /^schema\.prisma$/, providers);
  if (models === undefined) return undefined;
  const option = models.path === "prisma/schema.prisma" ? "" : ` --schema ${quoteWord(models.path)}`;
  const command = {
    up: `npx prisma migrate deploy${option}`,
    status: `npx prisma migrate status${option}`,
  };
  return { tool: "prisma", command };
}

async function findDrizzle(root: string, entries: readonly FoundEntry[]): Promise<DetectedMigrations | undefined> {
  const settings = await findSettings(root, entries, /^drizzle\.config\.[cm]?[jt]s$/);
  if (settings === undefined) return undefined;
  const folder = dirname(settings.path);
  const enter = folder === "." ? "" : `cd ${quoteWord(folder)} && `;
  return { tool: "drizzle", command: { up: `${enter}npx drizzle-kit migrate` } };
}

function findAlembic(entries: readonly FoundEntry[]): DetectedMigrations | undefined {
  const ini = entries.find(({ name, isFolder }) => !isFolder && name === "alembic.ini");
  if (ini === undefined) return undefined;
  const folder = dirname(ini.path);
  const enter = folder === "." ? "" : `cd ${quoteWord(folder)} && `;
  const command = {
    up: `${enter}alembic upgrade {target}`,
    down: `${enter}alembic downgrade {target}`,
    status: `${enter}alembic current`,
    history: `${enter}alembic history`,
    create: `${enter}alembic revision -m`,
  };
  return { tool: "alembic", command };
}
