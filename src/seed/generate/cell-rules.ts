/** What is done to a field's values behind their generator: NULLs, letters of one case, and what checks leave. */
import type { CaseField, CasePlan, FieldPlan } from "../entity.ts";
import { meetsRule } from "../rules.ts";
import { appendNull, appendText, decodeCopyText } from "./copy-text.ts";
import { drawBelow, drawFraction } from "./mix.ts";
import type { Cell, OfRow } from "./site.ts";

/** NULL in that share of the rows. */
export function withNulls(cell: Cell, nullShare: number, key: number): Cell {
  if (nullShare <= 0) return cell;
  return {
    ...cell,
    write(row, out) {
      if (drawFraction(key, row) < nullShare) appendNull(out);
      else cell.write(row, out);
    },
  };
}

/** The cell with its letters in one case, and another one's value where its own would break a rule. */
export function withRule(
  cell: Cell,
  { letters, otherwise }: Pick<FieldPlan, "letters" | "otherwise">,
  instead?: Cell,
): Cell {
  if (letters === undefined && (otherwise === undefined || instead === undefined)) return cell;
  return {
    ...cell,
    write(row, out) {
      const start = out.length;
      cell.write(row, out);
      const text = decodeCopyText(out.bytes.subarray(start, out.length));
      if (text === null) return;
      const shown = letters === undefined ? text : letters === "lower" ? text.toLowerCase() : text.toUpperCase();
      const breaks = otherwise !== undefined && !meetsRule(otherwise.unless, shown);
      if (!breaks && shown === text) return;
      out.length = start;
      if (breaks && instead !== undefined) instead.write(row, out);
      else appendText(out, shown);
    },
  };
}

/** Which of the cases a row is of: by chance one of those whose tests the fields that are decided elsewhere meet. */
export function chooseCase(
  cases: readonly CasePlan[],
  { key, firstRow, textOf }: { key: number; firstRow: number; textOf(column: string): OfRow<string | null> },
): OfRow<number> {
  const tests = cases.map(({ tests }) => [...tests].map(([column, rule]) => ({ text: textOf(column), rule })));
  const all = cases.map((_, at) => at);
  const isTested = tests.some((each) => each.length > 0);
  const later = all.filter((at) => cases[at]?.afterFirst === false);
  const open = (row: number, among: readonly number[]) =>
    isTested ? among.filter((at) => tests[at]?.every(({ text, rule }) => meetsRule(rule, text(row)))) : among;
  return (row) => {
    const among = open(row, row === firstRow && later.length > 0 ? later : all);
    const chosen = among.length === 0 ? all : among;
    return chosen[drawBelow(key, row, chosen.length)] ?? 0;
  };
}

/** The cell of a field in each case. */
export interface CaseCells {
  inCases: readonly CaseField[];
  cells: readonly Cell[];
  caseOf: OfRow<number>;
}

/** The field's value in the row's case. */
export function inRowsCase({ inCases, cells, caseOf }: CaseCells): Cell {
  const isNull = inCases.map(({ presence }) => presence === "null");
  const [first] = cells;
  const everyInstant = cells.every(({ instant }, at) => isNull[at] || instant !== undefined);
  return {
    write(row, out) {
      const at = caseOf(row);
      const cell = cells[at] ?? first;
      if (isNull[at] || cell === undefined) appendNull(out);
      else cell.write(row, out);
    },
    ...(everyInstant ? { instant: (row) => (cells[caseOf(row)] ?? first)?.instant?.(row) ?? 0 } : {}),
  };
}
