/** Ledgers and migration files for tests, without a folder. */
import postgres from "postgres";
import type { Layout } from "../../src/config/schema-migrations.ts";
import type { MigrationFiles } from "../../src/migrate/files/read-migrations.ts";
import { adoptLedger } from "../../src/migrate/ledger/adopt.ts";
import { currentRows, findForeignChanges } from "../../src/migrate/ledger/foreign-changes.ts";
import { type Ledger, readLedger } from "../../src/migrate/ledger/ledger.ts";
import type { LedgerWhere } from "../../src/migrate/ledger/ledger-place.ts";
import type { Direction, Migration, Step } from "../../src/migrate/migration.ts";
import type { Sql } from "../../src/postgres/toolbox.ts";
import type { Script } from "../../src/sql/script.ts";
import type { TestServer } from "./engine/server.ts";

export const FACTS = { by: "ann@test", gitCommit: "0123abc" };

/** A session as pgrove opens them. */
export function openSql(
  server: Pick<TestServer, "port" | "user" | "password">,
  database: string,
  user = server.user,
  password = server.password,
): Sql {
  const login = { host: "127.0.0.1", port: server.port ?? 0, user, pass: password, database };
  return postgres({ ...login, max: 1, prepare: false, fetch_types: false, onnotice: () => undefined });
}

/** A script whose checksum is as good as any. */
export function script(sql: string, file = "made.sql"): Script {
  const checksum = Bun.CryptoHasher.hash("sha256", sql, "hex");
  return { file, sql, line: 1, transaction: true, checksum };
}

/** Migrations named by their digits: "7", "007_add_users". Each makes and drops a table of its own. */
export function filesOf(names: readonly string[], layout: Layout = "golang-migrate"): MigrationFiles {
  const migrations = names.map((each): Migration => {
    const [, digits = each, name = ""] = /^(\d+)_?(.*)$/.exec(each) ?? [];
    const version = BigInt(digits);
    return {
      ...{ version, digits, name },
      up: script(`create table t${version} ()`, `migrations/${each}.up.sql`),
      down: script(`drop table t${version}`, `migrations/${each}.down.sql`),
    };
  });
  return { layout, dirs: [], root: "/", migrations, findings: [] };
}

/** A step that runs one of the files. */
export function stepOf(files: MigrationFiles, version: bigint, direction: Direction = "up"): Step {
  const migration = files.migrations.find((each) => each.version === version);
  const chosen = migration?.[direction];
  if (migration === undefined || chosen === undefined) throw new Error(`no ${direction} of ${version}`);
  const { digits, name, down } = migration;
  const kept = down === undefined ? {} : { down };
  return { direction, version, name, digits, script: chosen, fromStatement: 1, ...kept };
}

/** The ledger as a run finds it once it has taken over what others did. */
export async function openLedger(sql: Sql, files: MigrationFiles, where: Partial<LedgerWhere> = {}): Promise<Ledger> {
  const ledger = await readLedger(sql, { layout: files.layout, ...where });
  return await adoptLedger(sql, ledger, findForeignChanges(ledger, files));
}

/** The versions that count as applied now. */
export async function appliedVersions(
  sql: Sql,
  files: MigrationFiles,
  where: Partial<LedgerWhere> = {},
): Promise<number[]> {
  const ledger = await readLedger(sql, { layout: files.layout, ...where });
  const rows = currentRows(ledger, findForeignChanges(ledger, files));
  return rows.filter(({ success }) => success).map(({ version }) => Number(version));
}
