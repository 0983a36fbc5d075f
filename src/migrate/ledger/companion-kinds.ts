/** The tools whose tables pgrove knows, and keeps true. */
import { LAYOUTS, type Layout } from "../../config/schema-migrations.ts";
import type { ColumnCategories, Companion } from "./companion.ts";
import { DBMATE_COMPANION } from "./companion-dbmate.ts";
import { DIESEL_COMPANION } from "./companion-diesel.ts";
import { GOLANG_MIGRATE_COMPANION } from "./companion-golang-migrate.ts";
import { GOOSE_COMPANION } from "./companion-goose.ts";
import { SQLX_COMPANION } from "./companion-sqlx.ts";

export const COMPANIONS: Readonly<Record<Layout, Companion>> = {
  "golang-migrate": GOLANG_MIGRATE_COMPANION,
  dbmate: DBMATE_COMPANION,
  goose: GOOSE_COMPANION,
  diesel: DIESEL_COMPANION,
  sqlx: SQLX_COMPANION,
};

/** Whose table has such columns; undefined when it is none that pgrove knows. */
export function findCompanionKind(columns: ColumnCategories): Layout | undefined {
  return LAYOUTS.find((kind) => COMPANIONS[kind].matches(columns));
}
