/** Hands SQL to the psql of a target's toolbox. */

import { failure } from "../errors.ts";
import { MAY_WRITE_SQL } from "../postgres/own-settings.ts";
import { parseVersion, type Version } from "../postgres/version.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { openPsql, runPsql } from "../sql/psql.ts";
import type { Work } from "../work/work.ts";
import { filterSql } from "./filter-sql.ts";
import { type LeftOut, settingsUnknownTo } from "./left-out.ts";
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
  { skipping, searchPath, options, told }: FeedChoice = {},
): Promise<void> {
  const sealed = knowsRestrict(await readPsqlVersion(work, live));
  const unknown = leftOut.settings.length === 0 ? [] : settingsUnknownTo(await readServerMajor(work));
  const settings = leftOut.settings.filter((name) => unknown.includes(name));
  const leaving = {
    ...{ restrict: restricted, options: leftOut.options.length > 0, settings, superfluous, skipping },
    emptyPath: searchPath !== undefined,
  };
  await runPsql(openPsql(live, work.tools, work.operation, options), {
    name: "the dump",
    source: filterSql(sql, leaving, told),
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

async function readPsqlVersion(work: Work, live: LiveTarget): Promise<Version | undefined> {
  const command = live.toolbox.command("psql", ["--version"], work.operation.run);
  return parseVersion((await work.tools.runner.capture(command, { abort: work.operation.abort })).stdout);
}

/** The minor releases of August 2025 brought `\restrict`. */
const FIRST_WITH_RESTRICT: Readonly<Record<number, number>> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 };

function knowsRestrict(version: Version | undefined): boolean {
  if (version === undefined) return false;
  return version.major >= 18 || version.minor >= (FIRST_WITH_RESTRICT[version.major] ?? Number.POSITIVE_INFINITY);
}
