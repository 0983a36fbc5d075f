/** What is applied in a database: pgrove's ledger, and what the other tool's table beside it says. */
import { failure } from "../../errors.ts";
import { codeOf } from "../../postgres/connect.ts";
import type { Queries } from "../../postgres/schema.ts";
import type { LedgerRow } from "../migration.ts";
import type { CompanionState } from "./companion.ts";
import { COMPANIONS } from "./companion-kinds.ts";
import { type FoundPlace, findLedgerPlace, type LedgerPlace, type LedgerWhere } from "./ledger-place.ts";
import type { HistoryEntry } from "./ledger-rows.ts";
import { parseLedgerRows, selectHistory, selectRows } from "./ledger-rows.ts";

export interface Ledger {
  place: LedgerPlace;
  exists: boolean;
  /** Its schema is there, be the ledger in it or not. */
  schemaExists: boolean;
  /** Rising by version. */
  rows: readonly LedgerRow[];
  /** Undefined where the table is not there. */
  companion: CompanionState | undefined;
}

/**
 * Reads the ledger of the connected database; writes nothing. One round trip, and a second one where there is something
 * to read. The rows' down scripts are left out unless `downScripts` asks for them.
 */
export async function readLedger(sql: Queries, where: LedgerWhere & { downScripts?: boolean }): Promise<Ledger> {
  const found = await findLedgerPlace(sql, where);
  const { place, schemaExists, ledgerExists: exists } = found;
  if (!exists && !found.companionExists) return { place, exists, schemaExists, rows: [], companion: undefined };
  return { place, exists, schemaExists, ...(await readTables(sql, found, where.downScripts ?? false)) };
}

async function readTables(
  sql: Queries,
  { place, ledgerExists, companionExists }: FoundPlace,
  downScripts: boolean,
): Promise<Pick<Ledger, "rows" | "companion">> {
  const { kind, table } = place.companion;
  const rows = ledgerExists ? selectRows(place.table, downScripts) : "null";
  const state = companionExists ? COMPANIONS[kind].selectState(table) : "null";
  // One row of JSON: postgres.js gives rows with holes in them when a result breaks off half-way.
  const [row] = await sql.unsafe<{ found: { rows: unknown; state: unknown } }[]>(
    `select json_build_object('rows', ${rows}, 'state', ${state}) as found`,
  );
  return {
    rows: parseLedgerRows(row?.found.rows),
    companion: companionExists ? COMPANIONS[kind].parseState(row?.found.state) : undefined,
  };
}

/** What the other tool's table says now. */
export async function readCompanion(sql: Queries, place: LedgerPlace): Promise<CompanionState | undefined> {
  const found = { place, schemaExists: true, ledgerExists: false, companionExists: true };
  return (await readTables(sql, found, false)).companion;
}

/**
 * What was done to the ledger, newest first, at most `limit` entries; nothing where there is no ledger. Throws (exit 1)
 * when it may not be read.
 */
export async function readHistory(sql: Queries, ledger: Ledger, limit: number): Promise<HistoryEntry[]> {
  if (!ledger.exists) return [];
  const { history } = ledger.place;
  try {
    return await selectHistory(sql, history, limit);
  } catch (error) {
    if (codeOf(error) !== "42501") throw error;
    throw failure(
      "not_allowed",
      `the user may not read ${history}, the history of the migrations`,
      `let its owner run: GRANT SELECT ON ${history} TO …`,
      error,
    );
  }
}
