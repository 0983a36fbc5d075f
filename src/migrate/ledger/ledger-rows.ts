/** The rows of the ledger and of its history, from JSON. */
import type { Queries } from "../../postgres/schema.ts";
import type { Direction, LedgerRow } from "../migration.ts";

/** What a row of the ledger is as JSON: the version as text, since a number of JavaScript holds 53 bits. */
interface JsonRow {
  version: string;
  digits: string;
  name: string;
  up_checksum: string | null;
  down_checksum: string | null;
  down_script: string | null;
  down_transaction: boolean;
  applied_at: string;
  applied_by: string;
  duration_ms: number | null;
  git_commit: string | null;
  origin: LedgerRow["origin"];
  success: boolean;
  failed_direction: Direction | null;
  failed_statement: number | null;
  error: string | null;
}

/** An expression: the ledger's rows as one JSON value, rising by version. */
export function selectRows(table: string, downScripts: boolean): string {
  const script = downScripts ? "down_script" : "null::text as down_script";
  return `(select json_agg(r) from (
    select m.version::text, digits, name, up_checksum, down_checksum, ${script}, down_transaction, applied_at, applied_by,
           duration_ms, git_commit, origin, success, failed_direction, failed_statement, error from ${table} m order by m.version) r)`;
}

/** The rows of such a value; none of null. */
export function parseLedgerRows(value: unknown): LedgerRow[] {
  if (!isRows(value)) return [];
  return value.map((row) => ({
    version: BigInt(row.version),
    ...{ digits: row.digits, name: row.name, upChecksum: row.up_checksum, downChecksum: row.down_checksum },
    ...{ downScript: row.down_script, downTransaction: row.down_transaction },
    ...{ appliedAt: new Date(row.applied_at), appliedBy: row.applied_by, durationMs: row.duration_ms },
    ...{ gitCommit: row.git_commit, origin: row.origin, success: row.success },
    failed:
      row.success || row.failed_direction === null
        ? null
        : { direction: row.failed_direction, statement: row.failed_statement ?? 1, error: row.error ?? "" },
  }));
}

/** The table's constraints give the rest of the form. */
function isRows(value: unknown): value is JsonRow[] {
  return Array.isArray(value);
}

/** What an entry of the history tells: a migration that was run, or that the ledger was told something. */
export type HistoryAction = Direction | "adopt" | "release" | "force" | "baseline" | "renumber";

export interface HistoryEntry {
  /** Null: that nothing is applied. */
  version: bigint | null;
  digits: string;
  name: string;
  action: HistoryAction;
  at: Date;
  by: string;
  durationMs: number | null;
  gitCommit: string | null;
  success: boolean;
  error: string | null;
}

type HistoryRow = Omit<HistoryEntry, "version" | "at"> & { version: string | null; at: string };

/** The newest entries of the history. */
export async function selectHistory(sql: Queries, history: string, limit: number): Promise<HistoryEntry[]> {
  const [row] = await sql.unsafe<{ entries: HistoryRow[] | null }[]>(
    `select json_agg(json_build_object('version', version::text, 'digits', digits, 'name', name, 'action', action, 'at', at,
        'by', by, 'durationMs', duration_ms, 'gitCommit', git_commit, 'success', success, 'error', error) order by id desc)
       as entries from (select * from ${history} order by id desc limit ${limit}) newest`,
  );
  return (row?.entries ?? []).map((entry) => ({
    ...entry,
    version: entry.version === null ? null : BigInt(entry.version),
    at: new Date(entry.at),
  }));
}
