/** Tables of tests, as readTables gives them, from as few words as possible. */
import type { ColumnShape, ForeignKey, TableShape, TypeShape } from "../../../../src/seed/entity.ts";
import { tableKey } from "../../../../src/seed/entity.ts";

export function typeOf(name: string, more: Partial<TypeShape> = {}): TypeShape {
  return { name, kind: "base", labels: [], checks: [], notNull: false, ...more };
}

export function column(name: string, type: string | TypeShape, more: Partial<ColumnShape> = {}): ColumnShape {
  return {
    ...{ name, type: typeof type === "string" ? typeOf(type) : type, nullable: false, default: null },
    ...{ identity: null, generated: false, sequence: null },
    ...more,
  };
}

/** `user_id>users.id` */
export function reference(written: string, more: Partial<ForeignKey> = {}): ForeignKey {
  const [own = "", other = ""] = written.split(">");
  const targets = other.split(",");
  const table = targets[0]?.split(".")[0] ?? "";
  return {
    ...{ name: `${own}_fkey`, columns: own.split(","), table: `public.${table}` },
    ...{ references: targets.map((target) => target.split(".").at(-1) ?? ""), deferrable: false, validated: true },
    ...more,
  };
}

export function table(name: string, columns: readonly ColumnShape[], more: Partial<TableShape> = {}): TableShape {
  return {
    ...{ schema: "public", name, kind: "table" as const, columns, estimatedRows: -1 },
    ...{
      primaryKey: columns.some((each) => each.name === "id") ? ["id"] : [],
      uniques: [],
      foreignKeys: [],
      checks: [],
    },
    ...more,
  };
}

export function tablesOf(...tables: TableShape[]): ReadonlyMap<string, TableShape> {
  return new Map(tables.map((each) => [tableKey(each), each]));
}

/** An identity column. */
export const id = column("id", "int8", { identity: "always", sequence: "public.id_seq" });
