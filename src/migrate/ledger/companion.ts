/**
 * The table of another migration tool that is kept true beside pgrove's ledger, so that both tools can take turns on one
 * database. Which tool's it is, its columns say.
 */
import type { Layout } from "../../config/schema-migrations.ts";

/** A table's columns by name, with PostgreSQL's category of their types: N number, B boolean, S text, D time, U bytea. */
export type ColumnCategories = Readonly<Record<string, string>>;

/** The two tables that have to agree, quoted and qualified. */
export interface CompanionTables {
  ledger: string;
  companion: string;
}

/** What another tool says is applied. */
export type CompanionState =
  | { kind: "golang-migrate"; version: bigint | null; dirty: boolean }
  | {
      kind: Exclude<Layout, "golang-migrate">;
      versions: readonly AppliedVersion[];
      /** The version at which sqlx has failed half-way. */
      doubt?: bigint;
    };

export interface AppliedVersion {
  version: bigint;
  /** As the table writes it. */
  digits: string;
  /** Of the up script, where the table has it. */
  checksum?: string;
}

/** One tool's table. The SQL has no transaction of its own, and ends without a semicolon. */
export interface Companion {
  /** The name that the tool gives it. */
  usualTable: string;
  matches(columns: ColumnCategories): boolean;
  create(table: string): string;
  /** The row that the tool puts into a new table, where it puts one. */
  begin?(table: string): string;
  /** An expression: the state as one JSON value. */
  selectState(table: string): string;
  parseState(value: unknown): CompanionState;
  recordUp(tables: CompanionTables, step: AppliedVersion): string;
  recordDown(tables: CompanionTables, version: bigint): string;
  /** Makes it say what the ledger says, whatever it said before: also that something is in doubt. */
  refill(tables: CompanionTables): string;
}
