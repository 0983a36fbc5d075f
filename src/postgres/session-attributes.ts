/** `target_session_attrs`: which of several servers a URL means. */
import { missingError } from "../errors.ts";
import type { Sql } from "./toolbox.ts";
import type { Connection } from "./url.ts";

/** Whether a standby is wanted first, and any server where there is none. */
export function standbyIsPreferred({ parameters }: Connection): boolean {
  return parameters.target_session_attrs === "prefer-standby";
}

/** Throws (exit 4, code session_attributes) when the session's server is not of the kind asked for. */
export async function requireSessionAttributes(sql: Sql, wanted: string | undefined, label: string): Promise<void> {
  if (wanted === undefined || wanted === "any") return;
  const [row] = await sql<{ standby: boolean; readonly: boolean }[]>`
    select pg_catalog.pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'on' as readonly`;
  const { standby = false, readonly = false } = row ?? {};
  const fits: Record<string, boolean> = {
    "read-write": !standby && !readonly,
    "read-only": standby || readonly,
    primary: !standby,
    standby,
  };
  if (fits[wanted] ?? true) return;
  const what = `${standby ? "a standby" : "a primary"}${readonly && !standby ? " that is read-only" : ""}`;
  throw missingError(
    "session_attributes",
    `the ${label} is ${what}, and target_session_attrs asks for ${wanted}`,
    "name the other server's host in the URL, or leave target_session_attrs out",
  );
}
