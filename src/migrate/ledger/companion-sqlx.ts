/**
 * sqlx's table: a row for each version, with the checksum of its file, which sqlx compares. A row without success is one
 * that has failed half-way, behind which sqlx does nothing more.
 */
import { objectAt, stringAt } from "../../sys/untyped.ts";
import type { Companion } from "./companion.ts";

/** What is only half taken back still counts. */
const APPLIED = "(l.success or l.failed_direction = 'down')";

/** The rows of the ledger as sqlx writes them. */
const ROWS = `select l.version, replace(l.name, '_', ' '), l.applied_at, ${APPLIED},
       decode(coalesce(l.up_checksum, ''), 'hex'), coalesce(l.duration_ms * 1e6, 0)::bigint`;

const COLUMNS = "(version, description, installed_on, success, checksum, execution_time)";

export const SQLX_COMPANION: Companion = {
  usualTable: "_sqlx_migrations",
  matches: ({ version, success, checksum }) => version === "N" && success === "B" && checksum === "U",
  create: (table) =>
    `create table ${table} (version bigint primary key, description text not null,
  installed_on timestamptz not null default now(), success boolean not null, checksum bytea not null,
  execution_time bigint not null)`,
  selectState: (table) =>
    `(select json_agg(json_build_object('version', version::text, 'success', success, 'checksum', encode(checksum, 'hex'))
                      order by version) from ${table})`,
  parseState: (value) => {
    const rows = Array.isArray(value) ? value : [];
    const found = rows.map((row) => ({
      digits: stringAt(row, "version") ?? "",
      isDone: objectAt(row, "success") === true,
      checksum: stringAt(row, "checksum") ?? "",
    }));
    const versions = found.flatMap(({ digits, isDone, checksum }) =>
      isDone ? [{ version: BigInt(digits), digits, checksum }] : [],
    );
    const failed = found.find(({ isDone }) => !isDone);
    return { kind: "sqlx", versions, ...(failed === undefined ? {} : { doubt: BigInt(failed.digits) }) };
  },
  recordUp: ({ ledger, companion }, { version }) =>
    `delete from ${companion} where version = ${version};
insert into ${companion} ${COLUMNS} ${ROWS} from ${ledger} l where l.version = ${version}`,
  recordDown: ({ companion }, version) => `delete from ${companion} where version = ${version}`,
  refill: ({ ledger, companion }) =>
    `delete from ${companion} c where not exists (
  select from ${ledger} l where l.version = c.version and c.success = ${APPLIED});
insert into ${companion} ${COLUMNS} ${ROWS} from ${ledger} l
 where not exists (select from ${companion} c where c.version = l.version)
 order by l.version`,
};
