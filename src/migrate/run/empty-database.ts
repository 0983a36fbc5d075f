import type { Queries } from "../../postgres/schema.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** Whether nothing but the ledger's own tables is there, so that a backup would save nothing. In `schema`, where it is given. */
export async function isEmptyDatabase(sql: Queries, { place }: Ledger, schema: string | undefined): Promise<boolean> {
  const own = ["pgrove_migrations", "pgrove_migration_history", place.companion.tableName];
  const [row] = await sql<{ empty: boolean }[]>`
    select not exists (
      select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'm', 'S', 'v', 'f') and n.nspname !~ '^pg_'
         and n.nspname not in ('information_schema', 'pgrove')
         and n.nspname = coalesce(${schema ?? null}, n.nspname) and c.relname not in ${sql(own)}) as empty`;
  return row?.empty ?? false;
}
