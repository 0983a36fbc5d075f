import { quoteIdentifier } from "../postgres/identifier.ts";
import type { TableShape } from "./model.ts";

/** The table as SQL names it. */
export function quoteTable({ schema, name }: Pick<TableShape, "schema" | "name">): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** Names as the list of columns in SQL. */
export function quoteColumns(names: readonly string[]): string {
  return names.map(quoteIdentifier).join(", ");
}
