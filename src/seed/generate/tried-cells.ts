/** Cells of rows that PostgreSQL refused as they were planned: of each attempt another value, until one is taken. */
import { PgroveError } from "../../errors.ts";
import type { FieldPlan, FieldSpec, Tries } from "../entity.ts";
import { drawBelow, drawFraction, hashText } from "./mix.ts";
import type { Cell } from "./site.ts";

/** So many ways of trying: attempts that are a multiple of it apart are of one way, and draw other values. */
export const WAYS = 256;

/** The share of columns that a way leaves as they were planned. */
const KEPT = 0.4;

/** What the field is made of by itself, in each of its cases. */
export function ownSpecs({ spec, inCases = [] }: FieldPlan): FieldSpec[] {
  if (inCases.length === 0) return [spec];
  return inCases.map((each) => (each.presence === "null" ? { kind: "constant", value: null } : (each.spec ?? spec)));
}

/** What an attempt makes of the field; undefined where it leaves it. The first way of all draws all columns anew. */
export function chooseTried(field: string, specs: readonly FieldSpec[], attempt: number): FieldSpec | undefined {
  const way = attempt % WAYS;
  if (way === 0) return specs[0];
  if (drawFraction(hashText(`${field} kept`), way) < KEPT) return undefined;
  return specs[drawBelow(hashText(`${field} way`), way, specs.length)];
}

/** The cell with what the rows' attempts make of it. `make` is asked once for each attempt, with undefined for no other. */
export function triedCell(
  usual: Cell,
  { attempts, firstRow }: Pick<Tries, "attempts"> & { firstRow: number },
  make: (attempt: number) => Cell | undefined,
): Cell {
  const made = new Map<number, Cell>();
  let busy = false; // a column that is made of one which is made of it
  const cellOf = (row: number): Cell => {
    const attempt = attempts[row - firstRow] ?? 0;
    if (attempt === 0 || busy) return usual;
    const known = made.get(attempt) ?? makeFitting(make, attempt) ?? usual;
    made.set(attempt, known);
    return known;
  };
  return {
    write(row, out) {
      const cell = cellOf(row);
      if (cell === usual) return usual.write(row, out);
      busy = true;
      try {
        cell.write(row, out);
      } finally {
        busy = false;
      }
    },
    ...(usual.instant === undefined ? {} : { instant: (row) => (cellOf(row).instant ?? usual.instant)?.(row) ?? 0 }),
  };
}

/** What does not go with the column is not tried. */
function makeFitting(make: (attempt: number) => Cell | undefined, attempt: number): Cell | undefined {
  try {
    return make(attempt);
  } catch (error) {
    if (error instanceof PgroveError) return undefined;
    throw error;
  }
}
