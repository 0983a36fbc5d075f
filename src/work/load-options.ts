/** libpq's options for the programs that load: limits that are meant for others would end their work, or refuse it. */
import type { Sql, Toolbox } from "../postgres/toolbox.ts";

const LIFTED = [
  ...["default_transaction_read_only", "idle_in_transaction_session_timeout", "idle_session_timeout"],
  ...["lock_timeout", "statement_timeout", "transaction_timeout"],
];

/**
 * What the login's sessions have to be told besides; undefined where that is nothing: a pooler takes no options. `searchPath`
 * is that of the load, where it has one of its own.
 */
export async function readLoadOptions(
  control: Sql,
  { user }: Pick<Toolbox, "user">,
  searchPath?: string,
): Promise<string | undefined> {
  // The control session may be another role's: what the login has of its own is looked up.
  const rows = await control<{ name: string }[]>`
    select name from pg_settings p where name in ${control(LIFTED)}
       and (reset_val not in ('0', 'off')
            or exists (select from pg_db_role_setting s join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) c
                        where r.rolname = ${user} and s.setdatabase = 0 and split_part(c, '=', 1) = p.name))
     order by name`;
  const options = rows.map(({ name }) => `-c ${name}=0`);
  if (searchPath !== undefined) options.push(`-c search_path=${escapeOption(searchPath)}`);
  return options.length === 0 ? undefined : options.join(" ");
}

/** https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS */
function escapeOption(value: string): string {
  return value.replace(/[\\\s]/g, "\\$&");
}
