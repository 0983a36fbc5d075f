/** Which settings a login may change, which depends on the server's version. */
import type { Queries } from "./schema.ts";

/** The server's version as a number: 170004 of 17.4. */
export async function readVersionNumber(sql: Queries): Promise<number> {
  const [row] = await sql<{ number: number }[]>`select current_setting('server_version_num')::int as number`;
  return row?.number ?? 0;
}

const FIRST_WITH_PARAMETER_PRIVILEGES = 150_000;

/**
 * A condition on pg_settings, named `p`: only a superuser changes it, or whoever was allowed to, and the role was not. Left
 * out, it is the session's.
 */
export function isForbiddenSetting(sql: Queries, version: number, role?: string) {
  const asked = role === undefined ? sql`current_user` : sql`${role}::name`;
  const allowed =
    version >= FIRST_WITH_PARAMETER_PRIVILEGES ? sql`has_parameter_privilege(${asked}, p.name, 'SET')` : sql`false`;
  return sql`p.context in ('superuser', 'superuser-backend') and not ${allowed}`;
}
