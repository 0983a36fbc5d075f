/** What goose and dbmate are told by variables, which they read from the environment and from the `.env` where they are started. */
import { normalize } from "node:path";
import type { Environment } from "../config/env-vars.ts";
import type { Layout } from "../config/schema-migrations.ts";

const DIRS = ["GOOSE_MIGRATION_DIR", "DBMATE_MIGRATIONS_DIR"] as const;
const TABLES: Partial<Record<Layout, string>> = { goose: "GOOSE_TABLE", dbmate: "DBMATE_MIGRATIONS_TABLE" };

/** A variable and what it says. */
export interface Told {
  variable: string;
  value: string;
}

/** The folders of migrations that the variables name, below the folder that they count in. */
export function toldDirs(variables: Environment): Told[] {
  return DIRS.flatMap((variable) => {
    const written = variables[variable] ?? "";
    const value = normalize(written).replace(/(.)\/$/, "$1");
    return written === "" || /^(?:\.\.|\/)/.test(value) ? [] : [{ variable, value }];
  });
}

/** The table in which a layout's own tool is told to remember what is applied. */
export function toldTable(variables: Environment, layout: Layout): Told | undefined {
  const variable = TABLES[layout];
  const value = variable && variables[variable];
  return variable && value ? { variable, value } : undefined;
}

/** Whether the variables say anything to these tools. */
export function tellsTools(variables: Environment): boolean {
  return [...DIRS, ...Object.values(TABLES)].some((name) => (variables[name] ?? "") !== "");
}
