/** Sessions that cannot begin, because a library is to be loaded into each of them that is not there. */
import { failure, type PgroveError } from "../errors.ts";
import { quoteWord } from "../sys/shell-word.ts";
import { quoteIdentifier } from "./identifier.ts";
import type { Connection } from "./url.ts";

/**
 * `ALTER DATABASE … SET local_preload_libraries`, which its owner may do, locks the owner out, too. From another database it can be
 * taken back; a role's own setting is in the way there as well, until the connection brings one of its own.
 */
export function explainPreload(said: string, { database, user }: Connection, label: string): PgroveError {
  const setting = said.includes("$libdir/plugins/") ? "local_preload_libraries" : "session_preload_libraries";
  const shell = (conninfo: string, sql: string) => `pgrove shell -- -d ${quoteWord(conninfo)} -c ${quoteWord(sql)}`;
  const elsewhere = database === "postgres" ? "template1" : "postgres";
  return failure(
    "preload_failed",
    `no session can begin in ${database} on ${label}: ${said}`,
    [
      `${shell(elsewhere, `ALTER DATABASE ${quoteIdentifier(database)} RESET ${setting}`)}      takes the setting back`,
      `${shell(`dbname=${elsewhere} options=-c${setting}=`, `ALTER ROLE ${quoteIdentifier(user)} RESET ${setting}`)}      where it is the role's`,
    ].join("\n"),
  );
}
