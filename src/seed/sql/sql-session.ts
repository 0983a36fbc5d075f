/** What running SQL seed files works with. */

import type { Sql } from "../../postgres/toolbox.ts";
import type { PsqlAccess } from "../../sql/psql.ts";
import type { Script } from "../../sql/script.ts";
import type { ScriptShape } from "../../sql/script-shape.ts";
import type { AppliedFile, SeedLedger } from "../seed-ledger.ts";
import type { SeedFile } from "./sql-files.ts";

export interface SqlSeedSession {
  /** In the target, and in its schema. */
  sql: Sql;
  psql: PsqlAccess;
  ledger: SeedLedger;
  /** What leads a session into the target's schema, where its login does not find it by itself. */
  entry: string;
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
export function restoration({ entry }: Pick<SqlSeedSession, "entry">): string {
  return `reset session authorization;reset role;reset all;${entry}`;
}
