/** Whether PostgreSQL's programs inside a container may log in by its socket: some servers let in who comes by TCP only. */
import type { Sql } from "./toolbox.ts";

/** Methods by which any user of the container's, root above all, may log in with what pgrove has. */
const OPEN = ["trust", "md5", "scram-sha-256", "password"];

/** What `POSTGRES_INITDB_ARGS` says of it: `--auth-local=peer`, `--auth=reject`, `-A peer`; the socket is open by itself. */
export function closesSocket(initdbArguments = ""): boolean {
  const words = initdbArguments.trim().split(/\s+/);
  const methodOf = (names: readonly string[]) =>
    words.flatMap((word, at) => {
      const [name = "", value] = word.split("=");
      return names.includes(name) ? [value ?? words[at + 1] ?? ""] : [];
    })[0];
  const method = methodOf(["--auth-local"]) ?? methodOf(["--auth", "-A"]);
  return method !== undefined && !OPEN.includes(method);
}

/** The same as the server has it in `pg_hba.conf`, where the session may read that. */
export async function findsSocketClosed(sql: Sql, user: string, database: string): Promise<boolean> {
  try {
    const [rule] = await sql<{ auth_method: string }[]>`
      select auth_method from pg_hba_file_rules
       where type = 'local' and error is null
         and (database && array['all', ${database}]) and (user_name && array['all', ${user}])
       order by line_number limit 1`;
    return rule === undefined || !OPEN.includes(rule.auth_method);
  } catch {
    return false; // not for this role to see: the socket is what programs use by themselves
  }
}
