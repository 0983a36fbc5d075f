/** What variables say to a layout's own tool about its files and its table: it counts where pgrove.yaml does not say it. */
import { join, relative } from "node:path";
import { readEnvFile } from "../config/env-file.ts";
import type { Environment } from "../config/env-vars.ts";
import { type Told, tellsTools, toldDirs, toldTable } from "../repo/tool-variables.ts";
import { folderOf } from "./files/folder.ts";
import type { MigrationFiles, MigrationSource } from "./files/read-migrations.ts";
import { parseTableName } from "./ledger/table-name.ts";
import type { MigrationSettings } from "./settings.ts";

/** What pgrove.yaml says of the migrations, and what they are. */
export interface SetMigrations {
  settings: Pick<MigrationSettings, "command" | "table">;
  root: string;
  source: Pick<MigrationSource, "dirs">;
  files(): Promise<Pick<MigrationFiles, "layout">>;
}

/** What the environment says, and behind it the `.env` of the folder: as goose and dbmate read them. */
export async function readToolVariables(environment: Environment, folder: string): Promise<Environment> {
  const inFile = await readEnvFile(join(folder, ".env")).catch(() => ({})); // one that is damaged is told elsewhere
  const given = Object.entries(environment).filter(([, value]) => value !== undefined);
  return { ...inFile, ...Object.fromEntries(given) };
}

/**
 * The table of `migrations.table`, else the one that the layout's own tool is told by a variable. What a variable says
 * otherwise than pgrove.yaml is said.
 */
export async function tableByVariables(
  { settings, files, source, root }: SetMigrations,
  variables: Environment,
  note: (text: string) => void,
): Promise<string | undefined> {
  if (settings.command !== undefined || !tellsTools(variables)) return settings.table;
  const { layout } = await files();
  const folders = source.dirs.map((dir) => relative(root, folderOf(dir).folder));
  const [dir] = toldDirs(variables).filter(({ variable }) => variable.toLowerCase().startsWith(layout));
  if (dir !== undefined && !folders.includes(dir.value)) {
    note(`${sayTold(dir)}; pgrove runs those of ${folders.join(", ")} (migrations.dir)`);
  }
  const table = toldTable(variables, layout);
  if (table === undefined || settings.table === undefined) return table?.value ?? settings.table;
  const [told, set] = [parseTableName(table.value), parseTableName(settings.table)];
  if (told.name !== set.name || told.schema !== set.schema) {
    note(`${sayTold(table)}; pgrove keeps ${settings.table} (migrations.table)`);
  }
  return settings.table;
}

function sayTold({ variable, value }: Told): string {
  return `${variable} says ${value}`;
}
