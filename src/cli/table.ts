/** Columns for people. */
import { visibleOnOneLine } from "../sys/visible-text.ts";

export interface TableOptions {
  /** Columns whose cells stand on the right, such as sizes; counted from 0. */
  right?: readonly number[];
  /** Left of every line. */
  indent?: string;
  /** The terminal's width, where there is one, and what can be done without. */
  fit?: Fit;
}

/** How a table is made to fit: no line of it is ever wrapped. */
export interface Fit {
  /** Undefined where nobody looks: a pipe gets everything. */
  columns: number | undefined;
  /** Headings of columns that go first, the least missed before the others. */
  drop: readonly string[];
}

const GAP = "  ";

/** Rows with aligned columns, counted in terminal cells, so that wide letters and colours keep the columns straight. */
export function formatTable(cells: readonly (readonly string[])[], options: TableOptions = {}): string {
  const rows = cells.map((row) => row.map(visibleOnOneLine));
  const widths = measure(rows);
  const right = new Set(options.right);
  const { indent = "", fit } = options;
  const shown = fit?.columns === undefined ? [...widths.keys()] : chooseColumns(rows[0] ?? [], widths, indent, fit);
  return rows
    .map((row) => {
      const aligned = shown.map((column) => {
        const cell = row[column] ?? "";
        const gap = " ".repeat((widths[column] ?? 0) - Bun.stringWidth(cell));
        return right.has(column) ? gap + cell : cell + gap;
      });
      const line = (indent + aligned.join(GAP)).trimEnd();
      return fit?.columns === undefined ? line : cutLine(line, fit.columns);
    })
    .join("\n");
}

/** The columns' widths in terminal cells. */
function measure(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, Bun.stringWidth(cell));
    });
  }
  return widths;
}

/** Those that are left when as many are dropped as it takes. */
function chooseColumns(head: readonly string[], widths: readonly number[], indent: string, fit: Fit): number[] {
  let shown = [...widths.keys()];
  const width = () =>
    shown.reduce((sum, column) => sum + (widths[column] ?? 0) + GAP.length, indent.length - GAP.length);
  for (const heading of fit.drop) {
    if (width() <= (fit.columns ?? 0)) break;
    shown = shown.filter((column) => head[column] !== heading);
  }
  return shown;
}

/** What is still too long ends with `…`. */
function cutLine(line: string, columns: number): string {
  return Bun.stringWidth(line) <= columns ? line : Bun.sliceAnsi(line, 0, columns, { ellipsis: "…" });
}

/** Names and what they stand for, one below the other: the form of `status`, `dumps show`. */
export function formatFields(fields: readonly (readonly [string, string | undefined])[]): string {
  return formatTable(
    fields.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    { indent: "  " },
  );
}
