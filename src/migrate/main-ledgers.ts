/** What other tools' ledgers in a database say: so it is seen when a tool has migrated another one than it was to. */
import { failure, PgroveError } from "../errors.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { inDatabase } from "../unit/marks.ts";

/** The tables in which the tools remember what they have applied. */
const LEDGERS = [
  "schema_migrations",
  "schema_migration",
  "_prisma_migrations",
  "alembic_version",
  "knex_migrations",
  "django_migrations",
  "flyway_schema_history",
  "databasechangelog",
  "goose_db_version",
  "gorp_migrations",
  "SequelizeMeta",
  "__drizzle_migrations",
  "migrations",
  "typeorm_migrations",
  "mikro_orm_migrations",
  "kysely_migration",
  "pgmigrations",
  "atlas_schema_revisions",
  "doctrine_migration_versions",
  "migration_versions",
  "phinxlog",
  "__diesel_schema_migrations",
  "_sqlx_migrations",
  "seaql_migrations",
  "refinery_schema_history",
  "__EFMigrationsHistory",
  "schema_version",
  "pgrove_migrations",
];

/** A digest of each ledger's rows, by its name with its schema. */
export type LedgerDigests = ReadonlyMap<string, string>;

/** Those of one schema, or of the whole database. */
async function digestLedgers(sql: Sql, schema: string | undefined): Promise<LedgerDigests> {
  const tables = await sql<{ schema: string; name: string }[]>`
    select n.nspname as schema, c.relname as name from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and c.relname in ${sql(LEDGERS)} and n.nspname = coalesce(${schema ?? null}, n.nspname)
    order by 1, 2`;
  const digests = new Map<string, string>();
  for (const each of tables) {
    const table = `${quoteIdentifier(each.schema)}.${quoteIdentifier(each.name)}`;
    const [row] = await sql.unsafe<{ digest: string }[]>(
      `select count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as digest from ${table} t`,
    );
    digests.set(table, row?.digest ?? "");
  }
  return digests;
}

/** The ledgers that are not as they were. */
function changedLedgers(before: LedgerDigests, after: LedgerDigests): string[] {
  return [...after.keys()].filter((table) => before.get(table) !== after.get(table));
}

/** What is watched while a tool migrates a worktree's database. */
export interface Watched {
  own: LiveTarget;
  main: LiveTarget;
  now: Date;
}

/** Runs the tool. Throws (exit 1) when not the worktree's ledger has moved but main's. */
export async function watchingMain(watched: Watched, command: string, run: () => Promise<void>): Promise<void> {
  const before = await digestBoth(watched);
  await run();
  const after = await digestBoth(watched);
  const [own, main] = [changedLedgers(before.own, after.own), changedLedgers(before.main, after.main)];
  if (own.length > 0 || main.length === 0) return;
  const { label } = watched.own.target;
  throw failure(
    "main_migrated",
    `${command} has migrated MAIN's database ${watched.main.database}, not that of ${label}: ${main.join(", ")} changed there`,
    "name the variable that it reads in env.set of pgrove.yaml; then look at main: pgrove migrate status main",
  );
}

async function digestBoth({ own, main, now }: Watched): Promise<{ own: LedgerDigests; main: LedgerDigests }> {
  const digest = (live: LiveTarget) => inDatabase(live, now, (sql) => digestLedgers(sql, live.target.schema));
  const [owns, mains] = await Promise.all([digest(own), digest(main)]);
  return { own: owns, main: mains };
}

/** Main with its server open; undefined when it does not run, and so cannot be migrated by mistake. */
export async function openIfRunning(open: () => Promise<LiveTarget>): Promise<LiveTarget | undefined> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof PgroveError) return undefined;
    throw error;
  }
}
