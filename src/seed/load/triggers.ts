import { refusal } from "../../errors.ts";
import { codeOf } from "../../postgres/connect.ts";
import type { Queries } from "../../postgres/schema.ts";

/**
 * Lets the rest of the transaction fire no triggers and check no foreign keys. Throws (exit 5) when the role may not:
 * https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SESSION-REPLICATION-ROLE
 */
export async function skipTriggers(sql: Queries): Promise<void> {
  try {
    await sql.unsafe("set local session_replication_role = replica");
  } catch (error) {
    if (codeOf(error) !== "42501") throw error;
    throw refusal(
      "triggers_needed",
      "this role may not switch triggers off, which only a superuser may, or who was granted it",
      "leave --skip-triggers away; or: GRANT SET ON PARAMETER session_replication_role TO …",
    );
  }
}
