/** Columns for people. */
import { visibleOnOneLine } from "../sys/visible-text.ts";

export interface TableOptions {
  /** Columns whose cells stand on the right, such as sizes; counted from 0. */
  right?: readonly number[];
  /** Left of every line. */
  indent?: string;
}

/** Rows with aligned columns, counted in terminal cells, so that wide letters and colours keep the columns straight. */
export function formatTable(cells: readonly (readonly string[])[], options: TableOptions = {}): string {
  const rows = cells.map((row) => row.map(visibleOnOneLine));
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, Bun.stringWidth(cell));
    });
  }
  const right = new Set(options.right);
  return rows
    .map((row) => {
      const aligned = row.map((cell, column) => {
        const gap = " ".repeat((widths[column] ?? 0) - Bun.stringWidth(cell));
        return right.has(column) ? gap + cell : cell + gap;
      });
      return ((options.indent ?? "") + aligned.join("  ")).trimEnd();
    })
    .join("\n");
}

/** Names and what they stand for, one below the other: the form of `status`, `dumps show`. */
export function formatFields(fields: readonly (readonly [string, string | undefined])[]): string {
  return formatTable(
    fields.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    { indent: "  " },
  );
}
