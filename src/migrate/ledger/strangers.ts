/** Tools that pgrove does not speak with, by the table in which they remember what they have applied. */
import type { ColumnCategories } from "./companion.ts";

interface Stranger {
  tool: string;
  table: string;
  /** Where the table's name may be anybody's. */
  columns?: readonly string[];
}

const KNOWN: readonly Stranger[] = [
  { tool: "alembic", table: "alembic_version" },
  { tool: "prisma", table: "_prisma_migrations" },
  { tool: "flyway", table: "flyway_schema_history" },
  { tool: "liquibase", table: "databasechangelog" },
  { tool: "knex", table: "knex_migrations" },
  { tool: "refinery", table: "refinery_schema_history" },
  { tool: "django", table: "django_migrations" },
  { tool: "sequelize", table: "SequelizeMeta" },
  { tool: "node-pg-migrate", table: "pgmigrations" },
  { tool: "sql-migrate", table: "gorp_migrations" },
  { tool: "doctrine", table: "doctrine_migration_versions" },
  { tool: "phinx", table: "phinxlog" },
  { tool: "yoyo", table: "_yoyo_migration" },
  { tool: "entity framework", table: "__EFMigrationsHistory" },
  { tool: "laravel", table: "migrations", columns: ["migration", "batch"] },
  { tool: "typeorm", table: "migrations", columns: ["timestamp", "name"] },
];

/** The names of their tables. */
export const STRANGERS: readonly string[] = [...new Set(KNOWN.map(({ table }) => table))];

/** The tool whose table that is; undefined where it is none of theirs. */
export function strangerOf(name: string, found: ColumnCategories): string | undefined {
  return KNOWN.find(({ table, columns = [] }) => table === name && columns.every((each) => Object.hasOwn(found, each)))
    ?.tool;
}
