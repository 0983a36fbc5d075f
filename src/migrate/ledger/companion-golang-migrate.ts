/**
 * golang-migrate's table: one row, the version that was migrated to last, and whether that failed half-way ("dirty").
 * No row, or the version -1: nothing is applied.
 */
import { objectAt } from "../../sys/untyped.ts";
import type { Companion } from "./companion.ts";

const NOTHING = -1n;

export const GOLANG_MIGRATE_COMPANION: Companion = {
  usualTable: "schema_migrations",
  matches: ({ version, dirty }) => version === "N" && dirty === "B",
  create: (table) => `create table ${table} (version bigint not null primary key, dirty boolean not null)`,
  selectState: (table) =>
    `(select json_build_object('version', version::text, 'dirty', dirty) from ${table} order by version desc limit 1)`,
  parseState: (value) => {
    const [version, dirty] = [objectAt(value, "version"), objectAt(value, "dirty")];
    const number = typeof version === "string" ? BigInt(version) : NOTHING;
    return { kind: "golang-migrate", version: number <= NOTHING ? null : number, dirty: dirty === true };
  },
  recordUp: ({ ledger, companion }) => moveToNewest(ledger, companion),
  recordDown: ({ ledger, companion }) => moveToNewest(ledger, companion),
  // As the tool itself does: while the last one is taken back, the version is -1, and dirty.
  refill: ({ ledger, companion }) =>
    `delete from ${companion};
insert into ${companion} (version, dirty)
  select coalesce(max(version) filter (where success or failed_direction = 'up'), ${NOTHING}), not bool_and(success)
    from ${ledger} having count(*) > 0`,
};

function moveToNewest(ledger: string, companion: string): string {
  return `delete from ${companion};
insert into ${companion} (version, dirty)
  select version, false from ${ledger} where success order by version desc limit 1`;
}
