/** diesel's table: a row for each applied version, as text, with the digits of the folder's name. */
import type { Companion } from "./companion.ts";
import { DBMATE_COMPANION } from "./companion-dbmate.ts";
import { parseVersions } from "./companion-json.ts";

export const DIESEL_COMPANION: Companion = {
  ...DBMATE_COMPANION, // it keeps the versions in the same way
  usualTable: "__diesel_schema_migrations",
  matches: ({ version, run_on }) => version === "S" && run_on === "D",
  create: (table) =>
    `create table ${table} (version varchar(50) primary key not null, run_on timestamp not null default current_timestamp)`,
  parseState: (value) => ({ kind: "diesel", versions: parseVersions(value) }),
};
