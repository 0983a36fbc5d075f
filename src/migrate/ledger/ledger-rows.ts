/** The rows of the ledger and of its history, from JSON. */
import type { Queries } from "../../postgres/schema.ts";
import type { Direction, LedgerRow } from "../migration.ts";

/** What a row of the ledger is as JSON, without the columns' names; the version as text, since a number of JavaScript holds 53 bits. */
type JsonRow = readonly [
  version: string,
  digits: string,
  name: string,
  upChecksum: string | null,
  downChecksum: string | null,
  downScript: string | null,
  downTransaction: boolean,
  appliedAt: string,
  appliedBy: string,
  durationMs: number | null,
  gitCommit: string | null,
  origin: LedgerRow["origin"],
  success: boolean,
  failedDirection: Direction | null,
  failedStatement: number | null,
  error: string | null,
];

/** An expression: the ledger's rows as one JSON value, rising by version. */
export function selectRows(table: string, downScripts: boolean): string {
  const script = downScripts ? "down_script" : "null::text";
  return `(select json_agg(json_build_array(m.version::text, digits, name, up_checksum, down_checksum, ${script}, down_transaction,
      applied_at, applied_by, duration_ms, git_commit, origin, success, failed_direction, failed_statement, error)
    order by m.version) from ${table} m)`;
}

/** The rows of such a value; none of null. */
export function parseLedgerRows(value: unknown): LedgerRow[] {
  return isRows(value) ? value.map(parseRow) : [];
}

function parseRow([version, digits, name, upChecksum, downChecksum, ...rest]: JsonRow): LedgerRow {
  const [downScript, downTransaction, appliedAt, appliedBy, durationMs, gitCommit, origin, success, ...failed] = rest;
  const [direction, statement, error] = failed;
  return {
    ...{ version: BigInt(version), digits, name, upChecksum, downChecksum, downScript, downTransaction },
    ...{ appliedAt: new Date(appliedAt), appliedBy, durationMs, gitCommit, origin, success },
    failed: success || direction === null ? null : { direction, statement: statement ?? 1, error: error ?? "" },
  };
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
