/** A database, a folder of migrations, and pgrove's own functions on both, as the commands call them. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readMigrations, requireValid } from "../../../src/migrate/files/read-migrations.ts";
import type { AppliedStep } from "../../../src/migrate/run/apply.ts";
import { planWish } from "../../../src/migrate/run/apply.ts";
import { type MigrateRequest, runMigrations } from "../../../src/migrate/run/run-migrations.ts";
import type { HowFar } from "../../../src/migrate/run/target-words.ts";
import type { Sql } from "../../../src/postgres/toolbox.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { type Bench, makeBench, openLive, uniqueName } from "../database.ts";
import type { TestServer } from "../engine/server.ts";
import { patiently } from "../patience.ts";

export interface MigrationBench extends Bench {
  server: TestServer;
  database: string;
  live: LiveTarget;
  /** Replaces the migration files: name → text. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** As the server's own user, or as another login. */
  migrate(wish: HowFar, more?: Partial<MigrateRequest>, as?: LiveTarget): Promise<AppliedStep[]>;
  /** Rows as psql prints them: "1|f". */
  query(sql: string): Promise<string>;
  /** What the ledger says: "1 run true". */
  ledger(): Promise<string[]>;
  connect(): Promise<Sql>;
}

export const HEAD: HowFar = { kind: "head" };
export const down = (count: number): HowFar => ({ kind: "steps", direction: "down", count });

export async function makeMigrationBench(server: TestServer): Promise<MigrationBench> {
  const bench = await makeBench();
  const database = uniqueName("migrate");
  await server.createDatabase(database);
  const live = await openLive(server, database, bench);
  const dir = join(bench.folder, "migrations");
  const connect = () => live.toolbox.connect(database, newRunId(new Date()));
  const query = (sql: string) => server.psql(database, sql);
  return {
    ...{ ...bench, server, database, live, query, connect },
    write: async (files) => {
      await rm(dir, { recursive: true, force: true });
      await mkdir(dir, { recursive: true });
      for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
    },
    migrate: async (wish, more = {}, as = live) => {
      const files = requireValid(await readMigrations({ dirs: [dir], root: bench.folder }));
      const request = { files, wish, allowOutOfOrder: false };
      const sql = await as.toolbox.connect(database, newRunId(new Date()));
      const { ledger } = await planWish(sql, as.target.schema, request).finally(() => sql.end());
      return await runMigrations(bench.tools, as, {
        ...{ ...request, operation: "migrate up", place: ledger.place, lockWaitMs: patiently(20_000) },
        settings: { lockTimeoutMs: 5_000, statementTimeoutMs: 0 },
        facts: { by: "ann@laptop", gitCommit: null },
        ...more,
      });
    },
    ledger: async () => {
      const there = await query("select to_regclass('pgrove.migrations') is not null");
      if (there !== "t") return [];
      const rows = await query("select version, origin, success from pgrove.migrations order by version");
      return rows === "" ? [] : rows.split("\n");
    },
  };
}
