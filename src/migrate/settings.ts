/** How migrations are run here: what the command line, the environment and pgrove.yaml say, in that order. */
import * as v from "valibot";
import type { Config } from "../config/config-schema.ts";
import type { Environment } from "../config/env-vars.ts";
import { type BACKUPS, migrations } from "../config/schema-migrations.ts";

export type MigrationSettings = Config["migrations"];
export type BackupKind = (typeof BACKUPS)[number];

/** The settings without a pgrove.yaml: the usual ones. */
export function usualSettings(): MigrationSettings {
  return v.parse(migrations, {});
}

/** What was asked for on the command line. */
export interface BackupWish {
  /** The kind after --backup. */
  kind?: BackupKind;
  /** --skip-backup */
  skip: boolean;
}

/** What is to be saved before migrating. SKIP_BACKUP counts less than --backup, and more than pgrove.yaml. */
export function chooseBackup(
  wish: BackupWish,
  environment: Environment,
  configured: { ofEnvironment?: BackupKind | undefined; usual: BackupKind },
): BackupKind {
  if (wish.skip) return "none";
  if (wish.kind !== undefined) return wish.kind;
  if (isYes(environment.SKIP_BACKUP)) return "none";
  return configured.ofEnvironment ?? configured.usual;
}

/** Whether DB_AUTO_MIGRATE says that a deployment is not to migrate by itself. */
export function forbidsMigrating(environment: Environment): boolean {
  return /^(0|false|no|off)$/i.test(environment.DB_AUTO_MIGRATE?.trim() ?? "");
}

function isYes(value: string | undefined): boolean {
  return /^(1|true|yes|on)$/i.test(value?.trim() ?? "");
}
