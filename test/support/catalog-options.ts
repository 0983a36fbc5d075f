/**
 * Option lists (of relations, their TOAST tables, columns) in the fingerprint of a database. A minor release may keep a
 * value of its own in them. What a dump promises is what pg_dump writes: an option that PostgreSQL does not document and
 * that this server's pg_dump leaves out is noted and not compared. All others are.
 */
import { eachStatement } from "../../src/sql/each-statement.ts";

/** The options that PostgreSQL 18 and older document: CREATE TABLE, CREATE VIEW, ALTER TABLE … ALTER COLUMN … SET. */
const DOCUMENTED = new Set([
  ...["n_distinct", "n_distinct_inherited"],
  ...["fillfactor", "toast_tuple_target", "parallel_workers", "user_catalog_table"],
  ...["vacuum_index_cleanup", "vacuum_truncate", "vacuum_max_eager_freeze_failure_rate"],
  ...["autovacuum_enabled", "autovacuum_vacuum_threshold", "autovacuum_vacuum_max_threshold"],
  ...["autovacuum_vacuum_scale_factor", "autovacuum_vacuum_insert_threshold"],
  ...["autovacuum_vacuum_insert_scale_factor", "autovacuum_analyze_threshold", "autovacuum_analyze_scale_factor"],
  ...["autovacuum_vacuum_cost_delay", "autovacuum_vacuum_cost_limit", "autovacuum_freeze_min_age"],
  ...["autovacuum_freeze_max_age", "autovacuum_freeze_table_age", "autovacuum_multixact_freeze_min_age"],
  ...["autovacuum_multixact_freeze_max_age", "autovacuum_multixact_freeze_table_age", "log_autovacuum_min_duration"],
  ...["check_option", "security_barrier", "security_invoker"],
]);

/** Where `catalog.sql` puts option lists, by the kind of object. */
const LISTS: Readonly<Record<string, readonly string[]>> = { relation: ["options", "toast"], column: ["options"] };

/** The options in the lines of a fingerprint that PostgreSQL does not document. */
export function undocumentedOptions(lines: readonly string[]): string[] {
  const found = new Set<string>();
  for (const line of lines) {
    const [kind, , def]: [string, string, Record<string, unknown>] = JSON.parse(line);
    for (const option of (LISTS[kind] ?? []).flatMap((list) => def[list] ?? [])) {
      const name = String(option).replace(/=.*/s, "");
      if (!DOCUMENTED.has(name)) found.add(name);
    }
  }
  return [...found].sort();
}

/** Those of the options that pg_dump does not write, by the text of its dump. What only looks like one does not count. */
export function unwrittenOptions(names: readonly string[], dump: string): string[] {
  const written = new Set<string>();
  eachStatement(Buffer.from(dump), (text) => {
    const bare = text.replaceAll(/"(?:[^"]|"")*"/g, '""');
    for (const [, name = ""] of bare.matchAll(/[(,.]\s*(\w+)\s*=/g)) written.add(name);
  });
  return names.filter((name) => !written.has(name));
}
