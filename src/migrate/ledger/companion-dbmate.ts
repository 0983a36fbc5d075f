/** dbmate's table: a row for each applied version, as text, with the digits that the file's name has. */
import { quoteLiteral } from "../../postgres/identifier.ts";
import type { Companion } from "./companion.ts";
import { parseVersions } from "./companion-json.ts";

export const DBMATE_COMPANION: Companion = {
  usualTable: "schema_migrations",
  matches: ({ version, dirty, run_on }) => version === "S" && dirty === undefined && run_on === undefined,
  create: (table) => `create table ${table} (version varchar not null primary key)`,
  selectState: (table) => `(select json_agg(version order by version) from ${table})`,
  parseState: (value) => ({ kind: "dbmate", versions: parseVersions(value) }),
  recordUp: ({ companion }, { digits }) =>
    `insert into ${companion} (version) values (${quoteLiteral(digits)}) on conflict do nothing`,
  // Leading zeros count for nothing: a version without a file may have lost them.
  recordDown: ({ companion }, version) =>
    `delete from ${companion} where ltrim(version, '0') = ltrim('${version}', '0')`,
  refill: ({ ledger, companion }) =>
    `delete from ${companion} c where version ~ '^[0-9]+$' and not exists (select from ${ledger} l where ${SAME} and ${APPLIED});
insert into ${companion} (version)
  select digits from ${ledger} l where ${APPLIED} and not exists (select from ${companion} c where ${SAME})`,
};

const SAME = "ltrim(c.version, '0') = ltrim(l.version::text, '0')";

/** What is only half taken back still counts: dbmate has no word for doubt. */
const APPLIED = "(l.success or l.failed_direction = 'down')";
