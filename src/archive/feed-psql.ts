/** Hands SQL to the psql of a target's toolbox. */

import { failure } from "../errors.ts";
import { MAY_WRITE_SQL } from "../postgres/own-settings.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { exactSql } from "../sql/exact.ts";
import { openPsql, runPsql } from "../sql/psql.ts";
import { psqlKnowsRestrict } from "../sql/psql-version.ts";
import type { Work } from "../work/work.ts";
import { filterSql } from "./filter-sql.ts";
import { type LeftOut, settingsUnknownTo } from "./left-out.ts";
import { mapRoles } from "./map-roles.ts";
import type { RoleMap } from "./role-names.ts";
import type { Skipping } from "./wants.ts";

/** What the SQL is known to hold: nothing else of it is looked for. */
export interface SqlContents {
  /** `\restrict` and `\unrestrict`. */
  restricted: boolean;
  leftOut: LeftOut;
  /** What a new database does not need. */
  superfluous: boolean;
}

/** How SQL is loaded. */
export interface FeedChoice {
  /** What is not taken of it; what there is to skip was found by a scan. */
  skipping?: Skipping;
  /** The search_path in place of an empty one. */
  searchPath?: string | undefined;
  /** Who takes the place of roles that the SQL names. */
  roleMap?: RoleMap | undefined;
  /** libpq's options for the session. */
  options?: string | undefined;
  /** Given each statement as it is read. */
  told?: (text: string) => void;
}

/**
 * Runs SQL that was scanned, or is scanned on its way, in a database of the target's server, without what is left out. A
 * psql that can is told to obey no command of its own in it, however it reads it. Throws (exit 1) at the first error.
 */
export async function feedPsql(
  work: Work,
  live: LiveTarget,
  sql: AsyncIterable<Uint8Array>,
  { restricted, leftOut, superfluous }: SqlContents,
  { skipping, searchPath, roleMap, options, told }: FeedChoice = {},
): Promise<void> {
  const { runner } = work.tools;
  const sealed = await psqlKnowsRestrict(live.toolbox, { runner, ...work.operation });
  const unknown = leftOut.settings.length === 0 ? [] : settingsUnknownTo(await readServerMajor(work));
  const settings = leftOut.settings.filter((name) => unknown.includes(name));
  const leaving = {
    ...{ restrict: restricted, options: leftOut.options.length > 0, settings, superfluous, skipping },
    emptyPath: searchPath !== undefined,
  };
  const filtered = filterSql(sql, leaving, told);
  await runPsql(openPsql(live, work.tools, work.operation, options), {
    name: "the dump",
    source: exactUnless(sealed, roleMap === undefined ? filtered : mapRoles(filtered, roleMap)),
    args: ["-q", "--echo-errors", "-c", MAY_WRITE_SQL],
    checked: { sealed },
    phrase: (line) => line,
    explain: (said, cause) => cause ?? failure("restore_incomplete", said.join("\n")),
  });
}

/** The major version of the server that the work is done on. */
export async function readServerMajor({ control }: Work): Promise<number> {
  const [row] = await control<{ major: number }[]>`
    select current_setting('server_version_num')::int / 10000 as major`;
  if (row === undefined) throw new Error("the server did not say its version");
  return row.major;
}

/** Where psql cannot be told to obey no command, it reads only what no setting of the session makes it read otherwise. */
function exactUnless(sealed: boolean, sql: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (sealed) return sql;
  return exactSql(sql, (what) =>
    failure(
      "dump_unsafe",
      `the dump cannot be checked: psql may read a part of it otherwise than pgrove\n  ${what}`,
      "install the newest minor release of PostgreSQL's programs; or make it again in custom format (pg_dump -Fc)",
    ),
  );
}
