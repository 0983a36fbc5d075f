/** What running SQL seed files works with. */

import { schemaSearchPath } from "../../postgres/schema.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import type { PsqlAccess } from "../../sql/psql.ts";
import type { Script } from "../../sql/script.ts";
import type { ScriptShape } from "../../sql/script-shape.ts";
import type { AppliedFile, SeedLedger } from "../ledger.ts";
import type { SeedFile } from "./sql-files.ts";

export interface SqlSeedSession {
  /** In the target, and in its schema. */
  sql: Sql;
  psql: PsqlAccess;
  ledger: SeedLedger;
  /** The schema that names without one mean, where the session's login does not find it by itself. */
  schema: string | undefined;
  facts: Pick<AppliedFile, "by" | "run">;
  /** Called before each file. */
  begun(file: string): void;
}

/** A seed file, and how it is to be run. */
export interface ShapedFile {
  file: SeedFile;
  script: Script;
  shape: ScriptShape;
}

/** The SQL that takes back what a file did to its session. */
export function restoration(schema: string | undefined): string {
  const path = schema === undefined ? "" : `set search_path to ${schemaSearchPath(schema)};`;
  return `reset session authorization;reset role;reset all;${path}`;
}
