/** Migrations and ledger rows as plain data, for tests of what is planned from them. */
import type { MigrationFiles } from "../../../src/migrate/files/read-migrations.ts";
import type { LedgerRow, Migration } from "../../../src/migrate/migration.ts";
import type { Script } from "../../../src/sql/script.ts";

/** A script whose checksum is its text: two are the same when their text is. */
export function script(file: string, sql: string): Script {
  return { file, sql, line: 1, transaction: true, checksum: `sum of ${sql}` };
}

/** Migration `version` with the directions that are named: "ud", "u". */
export function migration(version: number, directions: "ud" | "u", name = `m${version}`): Migration {
  const digits = String(version).padStart(3, "0");
  const up = script(`${digits}_${name}.up.sql`, `up ${version}`);
  const down = script(`${digits}_${name}.down.sql`, `down ${version}`);
  return { version: BigInt(version), digits, name, up, ...(directions === "ud" ? { down } : {}) };
}

export function filesOf(...migrations: readonly Migration[]): MigrationFiles {
  return { layout: "golang-migrate", dirs: ["/migrations"], root: "/", migrations, findings: [] };
}

/** The ledger's row of a migration that was applied as its file is now. */
export function rowOf({ version, digits, name, up, down }: Migration, more: Partial<LedgerRow> = {}): LedgerRow {
  return {
    ...{ version, digits, name, upChecksum: up?.checksum ?? null, downChecksum: down?.checksum ?? null },
    ...{ downScript: down?.sql ?? null, downTransaction: true, appliedAt: new Date(0), appliedBy: "ann@laptop" },
    ...{ durationMs: 1, gitCommit: null, origin: "run", success: true, failed: null },
    ...more,
  };
}
